"""The first section of the page: what each arm came to beside real faces alone, and where that differs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer2013.experiments import (
    Experiment,
    Record,
    best_of,
    difference,
    experiments,
    gain_over,
    in_points,
    mean,
    mean_percent,
    paired,
    told_p,
    unseen,
)
from fer2013.record import flags
from fer2013.steps import BOTH, CHOSEN_ON_VALIDATION, OTHERS_AGAIN, RESAMPLED, RUNS
from fer2013.tables import percent, scaled, table
from fer2013.trainings import FEW_REPEATS, UNSEEN
from feraug.metrics.significance import CrossedBootstrap, Difference, holm

READ_TOGETHER: Final = (
    "Above the rows of a classifier: what it comes to on real faces alone, in %. Below: differences from "
    "that in points, their 95 % intervals, and p, adjusted for all rows of the column (Holm); bold where "
    "that is below 0.05. "
    "Where trainings vary more than test images, intervals of two repeats hold the truth in "
    "[87 cases of 100](../bench.md), of three in 91. All rows of one classifier are differences from the "
    "same trainings on real faces (of the same machine): had those been lucky, every row would look worse."
)

BETWEEN: Final = (
    "Do classifiers differ in what they gain by the same addition? The gain of the second, which is better "
    "on real faces alone, less that of the first, in points. Of as many repeats of each as both have, so "
    "these are not always the differences of the rows above. p is adjusted for the rows of a column (Holm)."
)

ADDED: Final = {
    "oversampled": "nothing; rare emotions are shown more often",
    "class-weighted": "nothing; the loss of rare emotions weighs more",
    "mixup": "nothing; real faces are mixed in pairs",
    "randaugment": "nothing; real faces are distorted at random",
    "synthetic": "unfiltered translations, and no real face",
}
"""What an arm has beside real faces, where its benchmark's name does not say it; in words."""

ADDED_BY: Final = {
    "simple-neutral": "translations: those of *simple-long*, and other emotions made neutral",
    "simple-noise": "translations: those of *simple-long*; and neutral faces from noise",
    "simple-noise-sources": "translations of faces from noise, by the `stargan` of *simple-long*, unfiltered",
    "simple-runs": "translations: as those of *simple-long*, each repeat by another run of the translator",
    **dict.fromkeys(("simple-wider", "vgg19", "surreal"), "translations: those of *simple-long*"),
    **{
        name: f"translations: those of *simple-{name.split('-', 2)[2]}*; rare emotions are shown more often"
        for name in BOTH[:-1]
    },
    BOTH[-1]: "translations: those of *simple-again*, 436 an emotion; rare emotions are shown more often",
}
"""The same of benchmarks that are none of the ways among which validation chooses."""

BESIDE: Final = ("simple-long", "simple-few")
"""Ways that the section on Neutral shows beside others, chosen on validation or not."""


def chosen_way(records: Sequence[Record]) -> str:
    """A row for each arm: its differences to real faces, on all test images and on unseen ones.

    They are read together, so the p of a column are adjusted together (Holm).  Above the rows of a
    classifier stands what it comes to on real faces alone.
    """
    found: list[tuple[list[str], int, list[Difference | None]]] = []
    alone: dict[int, list[str]] = {}
    for one in experiments(records):
        if not one.whole:  # another question, with a section of its own
            continue
        chosen = {key for key in one.arms if key[0] not in CHOSEN_ON_VALIDATION or key[0] == one.classifier}
        among = one.ways
        chosen |= {best_of(among)} if among else set()
        chosen |= {key for key in among if key[0] in BESIDE}
        alone[len(found)] = [f"{scaled(one.scale)} **`{one.classifier}`, {trained(one)}: real faces alone**"]
        alone[len(found)] += [str(len(one.real)), *_of_real(one)]
        for key in sorted(chosen):
            # These have sections of their own.
            if key[1] in ("real", "logit-adjusted") or key[0] in (*RUNS[1:], *OTHERS_AGAIN, *RESAMPLED):
                continue
            if not (pairs := paired(one.arms[key], one.real)):
                continue
            best = ", chosen on validation" if among and key == best_of(among) else ""
            found.append(([f"{added(key)}{best}"], len(pairs), four(pairs, one.test)))
    if not found:
        return "Nothing can be said yet: no benchmark with `real` and another arm is there."
    judged = judged_rows([(repeats, each) for _, repeats, each in found])
    rows = []
    for place, ((arm, repeats, _), cells) in enumerate(zip(found, judged, strict=True)):
        rows += [alone[place]] if place in alone else []
        rows.append([*arm, str(repeats), *cells])
    heads = ["added to the real faces", "repeats", "accuracy", "accuracy, unseen"]
    heads += ["balanced accuracy", "balanced accuracy, unseen"]
    few = [FEW_REPEATS] if any(repeats == 1 for _, repeats, _ in found) else []
    least = 2 / (CrossedBootstrap.draws + 1) * sum(repeats > 1 for _, repeats, _ in found)
    draws = f"{CrossedBootstrap.draws:,} resamples"
    bound = f"No p can be less than {least:.3f}: so fine are {draws}, of so many rows."
    return "\n\n".join([" ".join([READ_TOGETHER, UNSEEN, bound, *few]), table(heads, rows)])


def between(records: Sequence[Record]) -> list[str]:
    """Whether classifiers differ in what the same change adds: each pair of them, the better one second."""
    every = [one for one in experiments(records) if one.whole and len(one.real) > 1]
    rows: list[list[str]] = []
    found: list[tuple[Difference, Difference]] = []
    for arm in ("real+synthetic", "oversampled"):
        for one, other in combinations(sorted(every, key=lambda each: mean(each.real, "accuracy")), 2):
            gains = [_gain(each, arm) for each in (one, other)]
            if one.scale != other.scale or one.test != other.test or min(map(len, gains)) < 2:
                continue
            if _sets(gains[0]) != _sets(gains[1]):
                continue
            names = " to ".join(f"`{each.classifier}`, {trained(each)}" for each in (one, other))
            rows.append([f"{scaled(one.scale)} {arm}: {names}", str(min(map(len, gains)))])
            found.append(
                (
                    gain_over(gains[1], gains[0], one.test),
                    gain_over(gains[1], gains[0], one.test, balanced=True),
                )
            )
    if not rows:
        return []
    for column in zip(*found, strict=True):
        adjusted = holm(np.array([each.p for each in column]))
        for row, each, p in zip(rows, column, adjusted, strict=True):
            row.append(_judged(each, p))
    heads = ["what is added; from one classifier to another", "repeats", "accuracy", "balanced accuracy"]
    return [BETWEEN, table(heads, rows)]


def _gain(one: Experiment, arm: str) -> list[tuple[Record, Record]]:
    """Pairs of the translations that all classifiers had, or of another arm, with real faces alone."""
    bench = "simple-long" if ("simple-long", arm) in one.arms else one.of_real[0]
    return paired(one.arms.get((bench, arm), []), one.real)


def _sets(gain: Sequence[tuple[Record, Record]]) -> set[str]:
    """SHA-256 of the synthetic sets of an arm: of its inputs all after the dataset."""
    return set(list(gain[0][0]["inputs"].values())[1:])


def added(key: tuple[str, str]) -> str:
    """What an arm of a benchmark has beside real faces, in words; behind it what the sections below say."""
    bench, arm = key
    if arm in ADDED:
        return f"{ADDED[arm]} (`{arm}`)"
    way = f"translations: {CHOSEN_ON_VALIDATION[bench]}" if bench in CHOSEN_ON_VALIDATION else arm
    return f"{ADDED_BY.get(bench, way)} (*{bench}*)"


def trained(one: Experiment) -> str:
    """The settings in which reduced trainings are smaller or shorter."""
    settings = one.real[0]["settings"] if one.real else next(iter(one.arms.values()))[0]["settings"]
    return f"width {settings.get('width', 1.0):g}, {settings['epochs']:g} epochs"


def _of_real(one: Experiment) -> list[str]:
    """Accuracy and balanced accuracy on real faces alone, in %, each on all test images and on unseen."""
    clean = unseen(one.test)
    cells = []
    for name in ("accuracy", "balanced_accuracy"):
        cells += [mean_percent(one.real, name) if one.real else ""]
        cells += [_mean_of_unseen(one, name, clean) if one.real and clean is not None else ""]
    return cells


def _mean_of_unseen(one: Experiment, name: str, clean: NDArray[np.bool_]) -> str:
    count = len(clean)
    labels = np.repeat(np.arange(len(one.test["totals"])), one.test["totals"])[clean]
    right = np.array([flags(each["right"], count)[clean] for each in one.real], np.float64)
    if name == "accuracy":
        return percent(float(right.mean()))
    return percent(float(np.mean([right[:, labels == code].mean() for code in np.unique(labels)])))


def four(pairs: Sequence[tuple[Record, Record]], test: Record) -> list[Difference | None]:
    """Of accuracy and of balanced accuracy, on all test images and on unseen ones (None: not known)."""
    known = unseen(test) is not None
    return [
        difference(pairs, test, balanced=balanced, without_copies=clean)[0] if known or not clean else None
        for balanced in (False, True)
        for clean in (False, True)
    ]


def judged_rows(found: Sequence[tuple[int, Sequence[Difference | None]]]) -> list[tuple[str, ...]]:
    """The cells of rows of so many repeats, each with its p, adjusted for all rows of its column (Holm)."""
    columns = []
    for column in zip(*(each for _, each in found), strict=True):
        # Of one repeat nothing is concluded, so it takes no part.
        p = [
            np.nan if repeats == 1 or one is None else one.p
            for (repeats, _), one in zip(found, column, strict=True)
        ]
        columns.append([_judged(*each) for each in zip(column, holm(np.array(p)), strict=True)])
    return list(zip(*columns, strict=True))


def _judged(found: Difference | None, p: float) -> str:
    """The difference and its adjusted p; bold where that says so."""
    if found is None:
        return ""
    middle = f"{100 * found.mean:+.1f}"
    shown = (found.low > 0 or found.high < 0) and p < 0.05
    points = in_points(found).replace(middle, f"**{middle}**", 1) if shown else in_points(found)
    return points if np.isnan(p) else f"{points}, {told_p(p)}"
