"""``feraug prepare``: foreign data in, ``dataset.h5`` with splits, votes and audit flags out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.config import PrepareConfig, to_json
from feraug.emotions import EMOTIONS, parse_meanings
from feraug.errors import ConfigConflictError, SourceError, UsageError
from feraug.metrics.near_copies import NearCopies, find_near_copies, near_copy_groups
from feraug.sources import open_source
from feraug.sources.csv_text import printable
from feraug.sources.ferplus import BY_VOTES, DROPPED, check_alignment, read_ferplus
from feraug.sources.records import Source
from feraug.store.dataset import DatasetWriter, read_dataset_columns, writing_dataset
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.header import DATASET, Provenance
from feraug.store.reading import read_artifact_header
from feraug.words import plural
from feraug.workflows.audit import (
    TRAIN,
    RowFacts,
    audit_summary,
    drop_sentences,
    empty_notes,
    held_out_counts,
    leaking_train_rows,
    near_copy_columns,
    no_near_copy_columns,
    repeats_within_split,
    split_table,
)
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.people import people_facts, people_note, person_pattern, tell_people
from feraug.workflows.source_rows import read_source
from feraug.workflows.split import beyond_share, complete_split


@dataclass(frozen=True)
class PrepareResult:
    """What was prepared; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    images: int
    splits: Mapping[str, Any]
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Path, counts per split and emotion, audit, and what was skipped and dropped."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "images": self.images,
            "splits": dict(self.splits),
            **self.facts,
        }


_KINDS = {"csv": "a CSV", "folder": "a folder", "drawn": "drawn"}


def prepare(
    source: str,
    config: PrepareConfig,
    path: Path,
    *,
    ferplus: Path | None = None,
    overwrite: bool = False,
    command: str = "feraug.prepare",
    notify: Notify = ignore,
) -> PrepareResult:
    """Read ``source`` (a CSV, a folder, ``drawn``, ``drawn:N``), audit it and write it to ``path``.

    Raises :class:`~feraug.errors.SourceError` for bad input and
    :class:`~feraug.errors.ConfigConflictError` when ``path`` was made with another config.
    """
    if config.labels in BY_VOTES and ferplus is None:
        raise UsageError(f"--labels {config.labels} needs the votes: add --ferplus fer2013new.csv")
    opened = open_source(
        source,
        meanings=parse_meanings(config.emotions),
        skip_bad_rows=config.skip_bad_rows,
        seed=config.seed,
        without=path.parent,
    )
    if config.person:
        person_pattern(config.person)
        if opened.kind != "folder":
            raise UsageError(
                f"--person: is for folders, whose pictures have names; {source} is {_KINDS[opened.kind]}"
            )
    files = [(Path(name), digest) for name, digest in opened.digests().items()]
    if ferplus is not None:
        if opened.kind != "csv":
            raise UsageError(f"--ferplus: is for fer2013.csv, row by row; {source} is {_KINDS[opened.kind]}")
        files.append((ferplus, _file_digest(ferplus)))
    inputs = inputs_by_name(*files)
    config = replace(config, source=_canonical_source(source, opened))
    all_different = opened.kind == "drawn" and config.near_copies
    if all_different:
        config = replace(config, near_copies=False)
    provenance = Provenance(to_json(config), command, config.seed, inputs)
    try:
        there = existing_header(path, DATASET, provenance, overwrite=overwrite, normalised=_completed)
    except ConfigConflictError as problem:
        kept = str(read_artifact_header(path).provenance.config.get("source", config.source))
        if kept == config.source:
            raise
        held = {"csv": "the faces of a CSV", "folder": "those of a folder"}.get(kept, kept)
        raise ConfigConflictError(
            f"{path} holds {held}, not {source}",
            "--workspace DIR or --name NAME writes elsewhere, --overwrite replaces it",
        ) from problem
    if there is not None:
        return _result(path, notify, already_done=True)
    with writing_dataset(path) as writer:
        rows, odd = read_source(opened, source, writer, notify)
        if ferplus is not None:
            rows = _with_votes(rows, ferplus, opened, source)  # before the split: FER+ knows the source's own
        if config.person:
            notify(Note(tell_people(rows, config.person)))
        rows.split = complete_split(
            rows,
            writer.images,
            config,
            strata=_voted(rows, config)[0],
            drawn=opened.kind == "drawn",
            notify=notify,
        )
        facts: dict[str, Any] = {"labels": config.labels}
        facts["skipped"] = {"total": opened.skipped.total, "causes": dict(opened.skipped.causes)}
        facts["skipped"]["examples"] = [printable(example, 400) for example in opened.skipped.examples]
        for text in odd:
            notify(Note(text))
        if opened.kind == "drawn" and _lacks_some(rows):
            notify(Note(_few_drawn(len(rows))))
        if all_different:
            notify(Note("near copies are not looked for: every drawn face is another person"))
        rows, columns, dropped = _audit_and_drop(rows, writer, config, notify)
        facts |= {"audit": dropped.pop("audit"), "dropped": dropped}
        writer.finish(columns, provenance, facts, names=rows.names)
    return _result(path, notify, already_done=False)


def _completed(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of a dataset; those that an earlier build lacked at their defaults, which it followed."""
    return {**to_json(PrepareConfig()), **config}


def _canonical_source(text: str, opened: Source) -> str:
    """What the config says of the source: files are told apart by digest, drawn faces by number."""
    if opened.kind != "drawn":
        return opened.kind
    from feraug.sources.drawn import DEFAULT_COUNT

    return f"drawn:{int(text.partition(':')[2] or DEFAULT_COUNT)}"


def _file_digest(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as problem:
        raise SourceError(
            f"{path}: cannot be read ({problem.strerror or problem}); give the FER+ file fer2013new.csv"
        ) from problem


def _lacks_some(rows: RowFacts) -> bool:
    """Whether an emotion is missing from a split."""
    table = split_table(rows.labels, rows.split, EMOTIONS)
    return not all(count for counts in table.values() for count in counts.values())


def _few_drawn(count: int) -> str:
    """What is to be said of drawn faces that lack some, and how many have all."""
    from feraug.sources.drawn import MINIMUM_COUNT

    few = f"drawn:{count} is so few that some emotions are missing from some splits"
    return f"{few}; drawn:{MINIMUM_COUNT} has all"


def _with_votes(rows: RowFacts, ferplus: Path, source: Source, name: str) -> RowFacts:
    if source.skipped.total:
        raise SourceError(
            f"{name}: FER+ votes belong to rows by position, so no row may be skipped, but "
            f"{plural(source.skipped.total, 'was', 'were')} ({source.skipped.examples[0]}); mend them, "
            "or leave out --ferplus"
        )
    votes = read_ferplus(ferplus)
    check_alignment(votes, rows.split)
    rows.votes = votes.votes
    return rows


def _audit_and_drop(
    rows: RowFacts, writer: DatasetWriter, config: PrepareConfig, notify: Notify
) -> tuple[RowFacts, dict[str, NDArray[Any]], dict[str, Any]]:
    """Audit the data as read, then drop what was asked for.

    Returns the rows that stay, the columns to write, and the counts of audit and drops.
    """
    dropped: dict[str, int] = {}
    rows, by_votes = _relabelled(rows, writer, config)
    if config.train_share < 1.0:
        beyond = beyond_share(rows.labels, rows.split, config.train_share, config.seed)
        rows = _drop(rows, writer, beyond, "train_share", dropped)
    as_read = rows.audit()
    if config.drop_blank:
        rows = _drop(rows, writer, rows.blank, "blank", dropped)
    if config.drop_duplicates:
        rows = _drop(rows, writer, repeats_within_split(rows), "duplicates", dropped)
    near = _near_copies(rows, writer, notify) if config.near_copies else None
    near_columns = near_copy_columns(near)
    if config.drop_leaks:
        leaking = leaking_train_rows(rows, rows.audit(), near)
        if near is not None:
            leaking |= _further_leaks(rows, writer, near, leaking, notify)
        rows = _drop(rows, writer, leaking, "leaks", dropped)
        near_columns = no_near_copy_columns(len(rows)) if near else {}
    if not len(rows):
        told = "; ".join(
            drop_sentences({"labels": config.labels, "dropped": dropped | {"ferplus": by_votes}})
        )
        raise SourceError(f"no image is left ({told}); leave out one of these options")
    columns = rows.columns(rows.audit()) | near_columns
    audit = audit_summary(as_read, near)
    if near is not None:
        group = _near_copy_groups(rows, writer, columns["duplicate_group"], notify)
        columns["near_copy_group"] = group
        audit["copies_within"] = held_out_counts(group >= 0, rows.split)
    if rows.person is not None:
        audit["people"] = people_facts(rows)
        if known := people_note(audit):
            notify(Note(known))
    return rows, columns, {"audit": audit, **dropped, "ferplus": by_votes}


def _further_leaks(
    rows: RowFacts, writer: DatasetWriter, near: NearCopies, leaking: NDArray[np.bool_], notify: Notify
) -> NDArray[np.bool_]:
    """Training rows with a copy that the audit did not list: of one image it lists so many and no more."""
    found = np.zeros(len(rows), bool)
    while len(near.pairs):
        done = (rows.split != TRAIN) & ~near.near_copy_in_train
        near = _near_copies(rows, writer, notify, exclude=leaking | found | done)
        found[near.pairs.reference] = True
    return found


def _near_copies(
    rows: RowFacts, writer: DatasetWriter, notify: Notify, exclude: NDArray[np.bool_] | None = None
) -> NearCopies:
    return find_near_copies(
        writer.images(),
        rows.split,
        exclude=exclude,
        progress=lambda done, total: notify(Progress("near copies", done, total, "images")),
    )


def _near_copy_groups(
    rows: RowFacts, writer: DatasetWriter, duplicate_group: NDArray[np.int32], notify: Notify
) -> NDArray[np.int32]:
    return near_copy_groups(
        writer.images(),
        rows.split,
        duplicate_group,
        progress=lambda done, total: notify(Progress("copies within splits", done, total, "images")),
    )


def _voted(rows: RowFacts, config: PrepareConfig) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """The labels that ``config`` asks for, and of how many images the votes have none, by cause."""
    if config.labels not in BY_VOTES or rows.votes is None:
        return rows.labels, {}
    labels, causes = BY_VOTES[config.labels](rows.votes)
    return labels, dict(causes)


def _relabelled(
    rows: RowFacts, writer: DatasetWriter, config: PrepareConfig
) -> tuple[RowFacts, dict[str, int]]:
    labels, causes = _voted(rows, config)
    if not causes and labels is rows.labels:
        return rows, {}
    rows.labels = labels
    mask = labels != DROPPED
    writer.keep(mask)
    return rows.kept(mask), causes


def _drop(
    rows: RowFacts, writer: DatasetWriter, unwanted: NDArray[np.bool_], cause: str, report: dict[str, Any]
) -> RowFacts:
    report[cause] = int(unwanted.sum())
    writer.keep(~unwanted)
    return rows.kept(~unwanted)


def _result(path: Path, notify: Notify, *, already_done: bool) -> PrepareResult:
    header, columns = read_dataset_columns(path)  # the images stay on the disk, however many they are
    splits = split_table(columns["labels"], columns["split"], EMOTIONS)
    for text in empty_notes(splits):
        notify(Note(text))
    return PrepareResult(
        path=path.resolve(),
        already_done=already_done,
        images=len(columns["labels"]),
        splits=splits,
        facts=header.extra,
    )
