"""Repeats of trainings of all machines put together, and the differences between them.

The interval of a difference is a crossed bootstrap over test images (copies and near copies together) and
repeats, as ``feraug bench`` makes it, because each repeat's file says which test images were right; with one
repeat it is over test images alone.  The page says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer2013.record import flags
from fer2013.steps import CHOSEN_ON_VALIDATION, RUNS
from fer2013.tables import of_kind, percent
from feraug.emotions import EMOTIONS
from feraug.metrics.classification import balanced_accuracy
from feraug.metrics.significance import CrossedBootstrap, Difference

Record = Mapping[str, Any]

OF_THE_ARM: Final = {
    "arm", "repeat", "seed", "balanced", "class_weights", "mixup", "randaugment", "use", "ratio",
    "per_class_cap", "synthetic_weight", "pretrain_share",
}  # fmt: skip
"""Settings in which the arms of one experiment differ."""


EACH_RUN: Final = ("simple-runs", "real+synthetic")
"""An arm put together of several benchmarks: each repeat has another run of the translator."""


@dataclass(frozen=True)
class Experiment:
    """Trainings of one classifier with the same settings on the same faces, by benchmark and arm."""

    scale: str
    classifier: str
    arms: Mapping[tuple[str, str], list[Record]]
    test: Record
    """What is known of the test images."""

    @property
    def whole(self) -> bool:
        """Whether it is of all training faces."""
        return "train" not in self.test

    @property
    def of_real(self) -> tuple[str, str]:
        """The arm of real faces alone: of the benchmark that is named after the classifier, or of another."""
        own = (self.classifier, "real")
        return own if own in self.arms else next((key for key in self.arms if key[1] == "real"), own)

    @property
    def real(self) -> list[Record]:
        """The repeats on real faces alone."""
        return self.arms.get(self.of_real, [])

    @property
    def ways(self) -> dict[tuple[str, str], list[Record]]:
        """The arms among which validation chooses."""
        return {
            key: found
            for key, found in self.only(tuple(CHOSEN_ON_VALIDATION)).items()
            if key[1] == "real+synthetic"
        }

    def only(self, benches: Sequence[str]) -> dict[tuple[str, str], list[Record]]:
        """The arms of these benchmarks."""
        return {key: found for key, found in self.arms.items() if key[0] in benches}


def experiments(records: Sequence[Record]) -> list[Experiment]:
    """All benchmarks' repeats, put together."""
    tests = {one["faces"]: one for one in of_kind(records, "test")}
    groups: dict[str, list[Record]] = {}
    for one in of_kind(records, "bench"):
        same = {name: value for name, value in one["settings"].items() if name not in OF_THE_ARM}
        groups.setdefault(json.dumps([one["scale"], one["faces"], same], sort_keys=True), []).append(one)
    found = []
    for group in groups.values():
        arms: dict[tuple[str, str], list[Record]] = {}
        for one in group:
            arms.setdefault((one["bench"], one["arm"]), []).append(one)
        if runs := _of_each_run(arms):
            arms[EACH_RUN] = runs
        first = group[0]
        found.append(Experiment(first["scale"], first["settings"]["model"], arms, tests[first["faces"]]))
    return sorted(found, key=lambda one: (one.scale, one.classifier))


def _of_each_run(arms: Mapping[tuple[str, str], Sequence[Record]]) -> list[Record]:
    """The repeat from seed 0 by the first run of the translator, from seed 1 by the second, and so on.

    Nothing that is drawn is common to two of them, so their spread has the translator's share too.  Empty
    where a run is missing.
    """
    found = [
        one
        for seed, bench in enumerate(RUNS)
        for one in arms.get((bench, "real+synthetic"), ())
        if one["seed"] == seed
    ]
    return found if len({one["seed"] for one in found}) == len(RUNS) else []


def paired(found: Sequence[Record], real: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Repeats of an arm with those of ``real`` that have the same seed and were made on the same device."""
    bases = {(one["seed"], one["device"], one["versions"]["torch"]): one for one in real}
    pairs = {}
    for one in found:
        key = (one["seed"], one["device"], one["versions"]["torch"])
        if key in bases:
            pairs[key] = (one, bases[key])
    return list(pairs.values())


def best_of(arms: Mapping[tuple[str, str], list[Record]]) -> tuple[str, str]:
    """The arm that validation chooses."""
    return max(arms, key=lambda key: on_validation(arms[key]))


def on_validation(found: Sequence[Record]) -> float:
    """Mean accuracy on validation of the repeats."""
    return float(np.mean([one["validation_accuracy"] for one in found]))


def difference(
    pairs: Sequence[tuple[Record, Record]],
    test: Record,
    emotion: str | None = None,
    *,
    balanced: bool = False,
    without_copies: bool = False,
) -> tuple[Difference, str]:
    """Of the pairs' accuracies (of one emotion), first minus second, and what its interval is over.

    ``balanced``: of their balanced accuracies, the mean of the recalls: every emotion counts alike.
    ``without_copies``: on the test images that have none in ``train``, near copies among them.
    """
    answers = tuple((mine["right"], other["right"]) for mine, other in pairs)
    found = _difference(answers, json.dumps(test), emotion, balanced, without_copies)
    return found, "test images and repeats" if len(pairs) > 1 else "test images alone"


@cache  # the sections and the summary ask for the same ones
def _difference(
    answers: tuple[tuple[str, str], ...],
    known: str,
    emotion: str | None,
    balanced: bool,
    without_copies: bool,
) -> Difference:
    test = json.loads(known)
    totals, count = test["totals"], sum(test["totals"])
    right = np.array([[flags(one, count) for one in pair] for pair in answers], np.float64)
    labels, groups = np.repeat(np.arange(len(totals)), totals), _groups(test)
    chosen = np.ones(count, bool) if emotion is None else labels == EMOTIONS.index(emotion)
    if without_copies:
        clean = unseen(test)
        assert clean is not None, "the audit looked for near copies"
        chosen = chosen & clean
    right, labels, groups = right[:, :, chosen], labels[chosen], groups[chosen]
    if balanced:
        arms = _matrices(right[:, 0], labels), _matrices(right[:, 1], labels)
        return CrossedBootstrap().statistic_difference(balanced_accuracy, arms, groups, of_recalls=True)
    return CrossedBootstrap().mean_difference(right[:, 0] - right[:, 1], groups)


def gain_over(
    pairs: Sequence[tuple[Record, Record]],
    others: Sequence[tuple[Record, Record]],
    test: Record,
    *,
    balanced: bool = False,
) -> Difference:
    """How much more the first of ``pairs`` gains on its second than that of ``others`` does.

    Of two classifiers, on the same test images.  Their repeats have nothing in common and are put together as
    they come; of more repeats of one the rest is left out.  ``balanced``: of balanced accuracies; what an
    image adds to the spread is its distance from the mean of its emotion, since a resample with more or fewer
    images of one says nothing about it.
    """
    totals, count = np.array(test["totals"]), sum(test["totals"])
    gains = [
        np.array(
            [flags(mine["right"], count).astype(float) - flags(base["right"], count) for mine, base in some]
        )
        for some in (pairs, others)
    ]
    repeats = min(map(len, gains))
    more = gains[0][:repeats] - gains[1][:repeats]
    if balanced:
        labels, present = np.repeat(np.arange(len(totals)), totals), np.flatnonzero(totals)
        of_emotion = np.zeros((repeats, len(totals)))
        for code in present:
            of_emotion[:, code] = more[:, labels == code].mean(1)
        weights = count / (len(present) * totals[labels])
        more = of_emotion[:, present].mean(1, keepdims=True) + weights * (more - of_emotion[:, labels])
    return CrossedBootstrap().mean_difference(more, _groups(test))


def unseen(test: Record) -> NDArray[np.bool_] | None:
    """Which test images (T,) have neither copy nor near copy in ``train``; None where that is not known."""
    count = sum(test["totals"])
    if "near_copy_in_train" not in test:
        return None
    return ~(flags(test["copy_in_train"], count) | flags(test["near_copy_in_train"], count))


def _matrices(right: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Confusion matrices (R, T, 7, 7) of single images; what a wrong one was called is not on record."""
    called = np.where(right > 0, labels, (labels + 1) % len(EMOTIONS))
    eye = np.eye(len(EMOTIONS))
    return eye[labels][None, :, :, None] * eye[called][:, :, None, :]


def _groups(test: Record) -> NDArray[np.int64]:
    """A number (T,) for each test image, alike for copies of one another."""
    groups = np.arange(sum(test["totals"]), dtype=np.int64)
    for places in test.get("alike", test.get("identical", ())):  # of earlier builds: identical ones alone
        groups[places] = places[0]
    return groups


def mean(found: Sequence[Record], name: str) -> float:
    """Of a figure of the repeats."""
    return float(np.mean([one[name] for one in found]))


def mean_percent(found: Sequence[Record], name: str) -> str:
    """The same, in percent; empty where it is not known."""
    return "" if any(one[name] is None for one in found) else percent(mean(found, name))


def in_points(found: Difference) -> str:
    """A difference and its interval, in points."""
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def told_p(p: float, repeats: int = 2) -> str:
    """Of one repeat nothing: what another seed would give is unknown."""
    if repeats == 1:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
