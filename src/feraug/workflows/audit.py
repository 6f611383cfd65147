"""The audit of a set of faces: exact and near copies, in one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import SPLITS
from feraug.metrics.duplicates import ExactAudit, find_duplicates
from feraug.metrics.near_copies import NearCopies
from feraug.sources.ferplus import BY_VOTES
from feraug.store.reading import is_shaped
from feraug.words import plural

TRAIN = SPLITS.index("train")


@dataclass
class RowFacts:
    """What ``prepare`` knows of each row while it works; one entry an image in every array."""

    labels: NDArray[np.uint8]
    source_labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    source_row: NDArray[np.int64]
    digests: NDArray[np.uint8]
    blank: NDArray[np.bool_]
    votes: NDArray[np.uint8] | None
    names: NDArray[np.object_] | None = None
    """Of pictures, below their folder."""
    person: NDArray[np.int32] | None = None
    """A number alike for the images of one person."""

    def __len__(self) -> int:
        return len(self.labels)

    def kept(self, mask: NDArray[np.bool_]) -> RowFacts:
        """The rows where ``mask`` is True."""
        columns: dict[str, Any] = {}
        for field in fields(self):
            rows = getattr(self, field.name)
            columns[field.name] = None if rows is None else rows[mask]
        return RowFacts(**columns)

    def audit(self) -> ExactAudit:
        """Exact copies among these rows."""
        return find_duplicates(self.digests, self.labels, self.split, self.blank)

    def person_in_train(self) -> NDArray[np.bool_]:
        """Validation and test images of people of whom ``train`` has images too, bool (N,)."""
        if self.person is None:
            return np.zeros(len(self), bool)
        train = self.split == TRAIN
        known: NDArray[np.bool_] = ~train & np.isin(self.person, self.person[train])
        return known

    def columns(self, exact: ExactAudit) -> dict[str, NDArray[Any]]:
        """The columns of ``dataset.h5``, but for those of the near copies."""
        columns: dict[str, NDArray[Any]] = {
            "labels": self.labels,
            "split": self.split,
            "source_row": self.source_row,
            "source_labels": self.source_labels,
            "blank": self.blank,
            "duplicate_group": exact.group,
            "copy_in_train": exact.copy_in_train,
        }
        if self.votes is not None:
            columns["ferplus"] = self.votes
        if self.person is not None:
            columns["person"] = self.person
            columns["person_in_train"] = self.person_in_train()
        return columns


def near_copy_columns(near: NearCopies | None) -> dict[str, NDArray[Any]]:
    """The near-copy columns of ``dataset.h5``; none where near copies were not looked for."""
    if near is None:
        return {}
    return {"near_copy_in_train": near.near_copy_in_train, "near_copy_row": near.nearest}


def no_near_copy_columns(count: int) -> dict[str, NDArray[Any]]:
    """The near-copy columns of ``count`` rows after every training row with a copy has gone."""
    return {"near_copy_in_train": np.zeros(count, bool), "near_copy_row": np.full(count, -1, np.int32)}


def audit_summary(exact: ExactAudit, near: NearCopies | None) -> dict[str, Any]:
    """The audit's counts as JSON values; ``near_copies`` is None where they were not looked for."""
    return {
        "blank": exact.blank_count,
        "duplicate_groups": exact.duplicate_groups,
        "redundant": exact.redundant,
        "conflicting_groups": exact.conflicting_groups,
        "leaks": dict(exact.leaks),
        "near_copies": None if near is None else dict(near.leaks),
    }


def held_out_counts(flags: NDArray[np.bool_], split: NDArray[np.uint8]) -> dict[str, int]:
    """How many images of each split but ``train`` have a flag (N,): ``{"validation": n, "test": n}``."""
    return {
        name: int(np.count_nonzero(flags & (split == code)))
        for code, name in enumerate(SPLITS)
        if code != TRAIN
    }


def repeats_within_split(rows: RowFacts) -> NDArray[np.bool_]:
    """Rows of which an identical image comes earlier in the same split."""
    exact = rows.audit()
    seen: set[tuple[int, int]] = set()
    repeats = np.zeros(len(rows), bool)
    for row in np.flatnonzero(exact.group >= 0):
        key = (int(exact.group[row]), int(rows.split[row]))
        repeats[row] = key in seen
        seen.add(key)
    return repeats


def leaking_train_rows(rows: RowFacts, exact: ExactAudit, near: NearCopies | None) -> NDArray[np.bool_]:
    """Training rows of which ``validation`` or ``test`` holds an exact or near copy."""
    shared = np.unique(exact.group[exact.copy_in_train])
    leaking: NDArray[np.bool_] = (rows.split == TRAIN) & np.isin(exact.group, shared)
    if near is not None:
        leaking[near.pairs.reference] = True
    return leaking


def split_table(
    labels: NDArray[np.uint8], split: NDArray[np.uint8], emotions: tuple[str, ...]
) -> Mapping[str, Any]:
    """Images per split and emotion: ``{"train": {"angry": 3995, ...}, ...}``."""
    return {
        name: {
            emotion: int(np.count_nonzero((split == code) & (labels == label)))
            for label, emotion in enumerate(emotions)
        }
        for code, name in enumerate(SPLITS)
    }


_DROPS: Final = {
    "blank": "with all pixels equal",
    "duplicates": "identical to an earlier one of the same split",
    "leaks": "of train with a copy in validation or test",
}


def drop_sentences(facts: Mapping[str, Any]) -> list[str]:
    """What was dropped and by which option, from the facts of a dataset; not a word of what was not."""
    dropped, unlabelled = _counts(facts["dropped"]), _counts(facts["dropped"].get("ferplus"))
    sentences = []
    if unlabelled:
        causes = ", ".join(f"{count:,} {cause}" for cause, count in unlabelled.items())
        total = plural(sum(unlabelled.values()), "image")
        whose = facts["labels"] if facts.get("labels") in BY_VOTES else "ferplus"
        sentences.append(f"dropped by --labels {whose}: {total} without one of the seven emotions ({causes})")
    if beyond := dropped.get("train_share"):  # before the audit
        sentences.append(f"left out by --train-share: {plural(beyond, 'training image')}")
    return sentences + [
        f"dropped by --drop-{cause}: {plural(dropped[cause], 'image')} {text}"
        for cause, text in _DROPS.items()
        if cause in dropped
    ]


def dropped_after_audit(facts: Mapping[str, Any]) -> bool:
    """Whether the audit counts images that are no longer there; FER+ drops before it."""
    return bool(_DROPS.keys() & _counts(facts["dropped"]).keys())


def copies_within(facts: Mapping[str, Any]) -> Mapping[str, int] | None:
    """How many images of validation and of test have copies in the same split, of the facts of a dataset.

    None where nobody counted: near copies were not looked for, or the file is of an earlier build.
    """
    found = facts["audit"].get("copies_within")
    return found if is_shaped(found, {"validation": int, "test": int}) else None


def empty_notes(splits: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A sentence for each split without images, and for emotions that train lacks: what it means later."""
    notes = [_WITHOUT[name] for name, counts in splits.items() if not sum(counts.values())]
    if not sum(splits["validation"].values()) and sum(splits["train"].values()) >= _ENOUGH:
        notes[notes.index(_WITHOUT["validation"])] += _TAKEN_OUT
    missing = [emotion for emotion, count in splits["train"].items() if not count]
    if missing and len(missing) < len(splits["train"]):
        notes.append(f"no training images of {', '.join(missing)}: no --pair can have such an emotion")
    if any(splits["test"].values()):
        untested = [name for name, count in splits["test"].items() if not count and splits["train"][name]]
        if untested:
            notes.append(
                f"no test images of {', '.join(untested)}: that recall is not measured, and balanced "
                "accuracy is the mean of the others"
            )
    return notes


_ENOUGH: Final = 10
"""Training images of which a share of 0.1 is one."""

_TAKEN_OUT: Final = "; to take them out of train, prepare again with --validation-share 0.1 --overwrite added"
_WITHOUT: Final = {
    "train": "no training images: nothing can be trained or made from this dataset",
    "validation": "no validation images: classifiers, filter, compare and bench need some",
    "test": "no test images: no result can be measured on faces that training has not seen",
}


def _counts(found: object) -> dict[str, int]:
    """The counts that are not zero; a file that a stranger made may hold anything here."""
    if not isinstance(found, Mapping):
        return {}
    return {str(name): count for name, count in found.items() if isinstance(count, int) and count > 0}
