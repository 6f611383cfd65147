"""Sections of the page about classifiers: what each arm came to, emotion by emotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fer2013.experiments import (
    Experiment,
    Record,
    best_of,
    difference,
    experiments,
    in_points,
    mean_percent,
    on_validation,
    paired,
    told_p,
    unseen,
)
from fer2013.record import flags
from fer2013.steps import CHOSEN_ON_VALIDATION
from fer2013.tables import made_by, of_kind, percent, scaled, table
from feraug.config import ARMS
from feraug.emotions import EMOTIONS
from feraug.metrics.significance import holm

ORDER: Final = tuple(ARMS)
"""The arms in the order of the tables, ``real`` first."""

UNSEEN: Final = "Unseen: test images with neither copy nor near copy in `train`."

FEW_REPEATS: Final = "One repeat: nothing may be concluded, for what another seed would give is unknown."


def side_by_side(records: Sequence[Record], benches: Sequence[str]) -> list[str]:
    """A table of the arms of these benchmarks beside ``real``, and one by emotion for each."""
    parts: list[str] = []
    for one in experiments(records):
        arms = one.only(benches)
        if arms:
            parts += _told(one, {one.of_real: one.real, **arms}) + _reverse(records, one, benches)
    return parts


def ways(records: Sequence[Record]) -> list[str]:
    """Accuracy on validation of every way, and on test of the best of them."""
    parts: list[str] = []
    for one in experiments(records):
        arms = one.ways
        if len(arms) < 2:
            continue
        rows = (
            [["real faces alone", str(len(one.real)), mean_percent(one.real, "validation_accuracy")]]
            if one.real
            else []
        )
        ranked = sorted(arms.items(), key=lambda arm: -on_validation(arm[1]))
        rows += [
            [CHOSEN_ON_VALIDATION[bench], str(len(found)), mean_percent(found, "validation_accuracy")]
            for (bench, _), found in ranked
        ]
        best = best_of(arms)
        few = (
            f"It is the best of {len(arms)}, so its figure on validation is optimistic. Each way's test "
            "figures lie in its file; those of others than the chosen one are shown for other questions "
            f"alone. Differences pair repeats of the same seed.{_other_trainings(arms)}"
        )
        chosen = f"Chosen on validation: {CHOSEN_ON_VALIDATION[best[0]]}."
        about = f"{scaled(one.scale)} `{one.classifier}`. {chosen} {few}"
        parts += [about, table(["way", "repeats", "accuracy on validation, %"], rows)]
        parts += _told(one, {one.of_real: one.real, best: arms[best]})
    return parts


def _other_trainings(arms: Mapping[tuple[str, str], list[Record]]) -> str:
    """Which ways had sets of the same names made by another training than most; nothing where none had."""
    files: dict[str, dict[str, list[str]]] = {}
    for (bench, _), found in arms.items():
        sets = list(found[0]["inputs"].items())[1:]  # after the dataset, whose faces are the same in all
        for name, digest in sets:
            files.setdefault(name, {}).setdefault(digest, []).append(bench)
    others: dict[str, None] = {}
    for users in files.values():
        most = max(users, key=lambda digest: len(users[digest]))
        others |= {bench: None for digest, benches in users.items() if digest != most for bench in benches}
    if not others:
        return ""
    named = ", ".join(f'"{CHOSEN_ON_VALIDATION[bench]}"' for bench in others)
    return f" {named}: translations by another training of the translator than the other ways had."


def _told(one: Experiment, arms: Mapping[tuple[str, str], list[Record]]) -> list[str]:
    rows, clean_rows, by_emotion, over = [], [], [], set()
    for key, found in sorted(arms.items(), key=lambda arm: (ORDER.index(arm[0][1]), arm[0][0])):
        if not found:
            continue
        row = [arm_name(key), str(len(found))]
        row += [mean_percent(found, name) for name in ("validation_accuracy", "accuracy")]
        row += [_unleaked(found, one.test), mean_percent(found, "macro_f1")]
        pairs = [] if key[1] == "real" else paired(found, one.real)
        if pairs:
            overall, what = difference(pairs, one.test)
            balanced, _ = difference(pairs, one.test, balanced=True)
            over.add(what)
            row += [
                in_points(overall),
                told_p(overall.p, len(pairs)),
                in_points(balanced),
                told_p(balanced.p, len(pairs)),
            ]
            by_emotion += _by_emotion(key, pairs, one.test)
        if unseen(one.test) is not None:
            clean_rows.append(_without_copies(key, found, pairs, one.test))
        rows.append([*row, *[""] * (10 - len(row))])
    every = [record for found in arms.values() for record in found]
    heads = [
        "trained on", "repeats", "validation, %", "test, %", "without copies, %", "macro F1, %",
        "test minus real, points", "p", "balanced accuracy minus real, points", "p",
    ]  # fmt: skip
    fewer = "" if one.whole else f", {one.test['train']:,} training faces"
    about = [f"{scaled(one.scale)} `{one.classifier}`{fewer}."]
    about += [f"Intervals (95 %) are over {' or '.join(sorted(over))}."] if over else []
    about += [FEW_REPEATS] if min(map(len, filter(None, arms.values()))) == 1 else []
    parts = [" ".join(about), made_by(every), table(heads, rows)]
    if clean_rows:
        heads = ["trained on", "unseen, %", "unseen minus real, points", "p"]
        heads += ["balanced accuracy, unseen, minus real, points", "p"]
        parts += [UNSEEN, table(heads, clean_rows)]
    return [*parts, *by_emotion]


def _without_copies(
    key: tuple[str, str], found: Sequence[Record], pairs: Sequence[tuple[Record, Record]], test: Record
) -> list[str]:
    """A row on the test images without a copy: accuracy, and what it and balanced accuracy differ by."""
    clean, count = unseen(test), sum(test["totals"])
    row = [
        arm_name(key),
        percent(float(np.mean([flags(one["right"], count)[clean].mean() for one in found]))),
    ]
    for balanced in (False, True):
        if pairs:
            left, _ = difference(pairs, test, balanced=balanced, without_copies=True)
            row += [in_points(left), told_p(left.p, len(pairs))]
    return row + [""] * (6 - len(row))


def _by_emotion(key: tuple[str, str], pairs: Sequence[tuple[Record, Record]], test: Record) -> list[str]:
    present = [name for name in EMOTIONS if pairs[0][0]["per_class"][name]["total"]]
    found = [difference(pairs, test, name)[0] for name in present]
    adjusted = holm(np.array([each.p for each in found]))
    rows = [
        [name, *(_counted([pair[side] for pair in pairs], name) for side in (1, 0)), in_points(each),
         told_p(p, len(pairs))]
        for name, each, p in zip(present, found, adjusted, strict=True)
    ]  # fmt: skip
    return [
        table(
            [arm_name(key), "real: correct / total", "correct / total", "difference, points", "p (Holm)"],
            rows,
        )
    ]


def beside(records: Sequence[Record], benches: Sequence[str]) -> list[str]:
    """What these uses of translations change beside *simple-long*, emotion by emotion."""
    parts: list[str] = []
    for one in experiments(records):
        base = one.arms.get(("simple-long", "real+synthetic"), [])
        rows = []
        for bench in benches:
            if pairs := paired(one.arms.get((bench, "real+synthetic"), []), base):
                cells = [difference(pairs, one.test, name)[0] for name in (None, *EMOTIONS)]
                rows.append([bench, str(len(pairs)), *map(in_points, cells)])
        if rows:
            parts += [
                f"{scaled(one.scale)} `{one.classifier}`: differences from *simple-long*, in points.",
                table(["real+synthetic", "repeats", "accuracy", *EMOTIONS], rows),
            ]
    return parts


def _reverse(records: Sequence[Record], one: Experiment, benches: Sequence[str]) -> list[str]:
    parts = dict[str, None]()  # of the first classifier, so more repeats say the same again
    for each in of_kind(records, "reverse"):
        if each["bench"] in benches and each["scale"] == one.scale and each["bench"] == one.of_real[0]:
            told = ", ".join(
                f"{emotion} {percent(counts['correct'] / counts['total'])} % of {counts['total']:,}"
                for emotion, counts in each["per_class"].items()
            )
            parts[f"Reverse: `{one.classifier}`, trained on real faces, calls synthetic ones so: {told}."] = (
                None
            )
    return list(parts)


def _unleaked(found: Sequence[Record], test: Record) -> str:
    """Mean accuracy without test images that have an exact copy in ``train``."""
    count = sum(test["totals"])
    clean = ~flags(test["copy_in_train"], count)
    return percent(float(np.mean([flags(one["right"], count)[clean].mean() for one in found])))


def _counted(found: Sequence[Record], emotion: str) -> str:
    counts = [one["per_class"][emotion] for one in found]
    return f"{sum(each['correct'] for each in counts):,} / {sum(each['total'] for each in counts):,}"


def arm_name(key: tuple[str, str]) -> str:
    """An arm, with its benchmark where another has the same arm."""
    bench, arm = key
    return (
        f"{arm}"
        if "-" not in bench or bench.endswith(("-controls", "-synthetic", "-noise"))
        else f"{arm} ({bench})"
    )
