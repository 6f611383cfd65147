"""The tables that ``feraug bench`` prints, within 80 columns."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from feraug.words import plural

if TYPE_CHECKING:
    from rich.table import Table

_MEASURES: Final = {
    "accuracy": "accuracy",
    "accuracy_unleaked": "no identical",
    "accuracy_without_near_copies": "no near ones",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced",
}

_NAME: Final = 14
"""Letters of an arm's name in a line: with more, five measures beside it are wider than 80 columns."""

_DIFFERENCES: Final = {
    **_MEASURES,
    "balanced_accuracy_unleaked": "balanced, no identical",
    "balanced_accuracy_without_near_copies": "balanced, no near ones",
}


def overall_table(figures: Mapping[str, Any]) -> Table:
    """Mean and standard deviation over the repeats, in percent: an arm a row, a measure a column."""
    from feraug.cli import console

    arms = figures["arms"]
    shown = [name for name in _MEASURES if name in next(iter(arms.values()))]
    heads = (_MEASURES[name].replace("no ", "no\n") for name in shown)  # two lines: for 80 columns
    table = console.new_table(None, "arm", *heads)
    counts = [f"{figures['images'][name]:,}" if name in figures["images"] else "" for name in shown]
    table.add_row("(test images)", *counts)
    for arm, values in arms.items():
        table.add_row(_broken(arm), *(_spread(values[name]) for name in shown))
    return table


def _broken(arm: str) -> str:
    """An arm's name, a long one in two lines."""
    return "\n+".join(arm.rsplit("+", 1)) if len(arm) > _NAME else arm


def validation_table(figures: Mapping[str, Any]) -> Table:
    """Accuracy and balanced accuracy on validation alone, in percent: an arm a row."""
    from feraug.cli import console

    heads = ("accuracy on\nvalidation, %", "balanced\naccuracy, %")
    names = ("validation_accuracy", "validation_balanced_accuracy")
    table = console.new_table(None, "arm", "repeats", *heads)
    for arm, values in figures["arms"].items():
        found = [values.get(name) for name in names]
        repeats = next((str(len(each)) for each in found if each), "")
        table.add_row(arm, repeats, *("" if each is None else _spread(each) for each in found))
    return table


def validation_line(figures: Mapping[str, Any]) -> str | None:
    """Accuracy on validation of the arms in a line; None for benchmarks that do not know it."""
    names = {"validation_accuracy": "", "validation_balanced_accuracy": "balanced "}
    told = []
    for arm, values in figures["arms"].items():
        known = [f"{what}{_spread(values[name])}" for name, what in names.items() if name in values]
        if known:
            told.append(f"{arm} {', '.join(known)}")
    return f"on validation, by the chosen epochs: {'; '.join(told)}" if told else None


def difference_table(figures: Mapping[str, Any]) -> Table:
    """The differences between arms with their intervals: a measure a row, the arms beside the first two."""
    from feraug.cli import console

    table = console.new_table(None, "difference", "measure", _interval_heading(figures), "p")
    for difference, values in figures["differences"].items():
        arm, _, base = difference.partition(" - ")
        measures = [name for name in _DIFFERENCES if name in values]
        for name, arms in zip_longest(measures, (arm, f"- {base}"), fillvalue=""):
            cells = (interval(values[name]), _p(values[name]["p"])) if name else ()
            table.add_row(arms, _DIFFERENCES.get(name, ""), *cells)
        table.add_section()
    return table


def class_table(figures: Mapping[str, Any], difference: str) -> Table:
    """Recall and correct of total by emotion for two arms, with the difference, its interval and p."""
    from feraug.cli import console

    arm, _, base = difference.partition(" - ")
    sides = [_broken(each) for each in (base, arm)]
    table = console.new_table(None, "emotion", *sides, _interval_heading(figures), "p, Holm")
    for emotion, found in figures["differences"][difference]["per_class"].items():
        cells = [recall(figures["arms"][each]["per_class"][emotion]) for each in (base, arm)]
        table.add_row(emotion, *cells, interval(found), _p(found["p_holm"]))
    table.add_section()
    found = figures["differences"][difference]
    overall = found["accuracy"]
    both = [recall(_all(figures["arms"][each])) for each in (base, arm)]
    table.add_row("all", *both, interval(overall), _p(found.get("accuracy_p_holm", overall["p"])))
    return table


def _interval_heading(figures: Mapping[str, Any]) -> str:
    one = min(len(arm["accuracy"]) for arm in figures["arms"].values()) == 1
    return f"points [95 % CI{', images alone' if one else ''}]"


def recall_table(figures: Mapping[str, Any]) -> Table:
    """Recall and correct of total by emotion, an arm a column; for a benchmark of one arm."""
    from feraug.cli import console

    arms = figures["arms"]
    table = console.new_table(None, "emotion", *map(_broken, arms))
    for emotion, counts in next(iter(arms.values()))["per_class"].items():
        if counts["total"]:
            table.add_row(emotion, *(recall(arm["per_class"][emotion]) for arm in arms.values()))
    table.add_section()
    table.add_row("all", *(recall(_all(arm)) for arm in arms.values()))
    return table


def _all(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Correct, by repeat, and total of an arm's emotions together."""
    counts = list(arm["per_class"].values())
    correct = [sum(of_repeat) for of_repeat in zip(*(each["correct"] for each in counts), strict=True)]
    return {"correct": correct, "total": sum(each["total"] for each in counts)}


def recall(counts: Mapping[str, Any]) -> str:
    """``57 % 282/491``: the mean over repeats of what was right."""
    mean = sum(counts["correct"]) / len(counts["correct"])
    shown = f"{mean:.0f}" if len(counts["correct"]) == 1 else f"{mean:.1f}"
    return f"{mean / counts['total']:.0%} {shown}/{counts['total']}"


def interval(found: Mapping[str, float]) -> str:
    """``+1.2 [-0.3, +2.7]`` in points."""
    return f"{100 * found['mean']:+.1f} [{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"


def mcnemar_line(found: Mapping[str, Any]) -> str:
    """The exact test of each repeat."""
    return f"exact McNemar, repeat by repeat: p = {', '.join(_p(value) for value in found['mcnemar'])}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def spread_line(figures: Mapping[str, Any]) -> str | None:
    """What stands behind ± in :func:`overall_table`; None where every arm has one repeat."""
    several = any(
        len(arm.get("accuracy", arm.get("validation_accuracy", ()))) > 1 for arm in figures["arms"].values()
    )
    return "±: standard deviation over the repeats" if several else None


def _spread(values: list[float]) -> str:
    mean = f"{100 * statistics.fmean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ±{100 * statistics.stdev(values):.1f}"


def reverse_lines(figures: Mapping[str, Any]) -> list[str]:
    """What the classifier of ``real`` calls the synthetic images; empty without that arm."""
    reverse = figures.get("reverse")
    if reverse is None:
        return []
    lines = [f"reverse: the classifier of the first real repeat (SHA-256 {reverse['classifier'][:12]}…)"]
    for emotion, counts in reverse["per_class"].items():
        share = counts["correct"] / counts["total"]
        lines.append(f"  names {share:.1%} of {counts['total']:,} synthetic '{emotion}' so")
    lines += [f"  {name}: left out, as this classifier filtered it" for name in reverse.get("left_out", ())]
    return lines


def material_lines(figures: Mapping[str, Any]) -> list[str]:
    """The synthetic files with their digests, and how many images each arm was trained on."""
    lines = [
        f"synthetic: {file['name']} (SHA-256 {file['sha256'][:12]}…), {plural(file['images'], 'image')}"
        for file in figures.get("synthetic", [])
    ]
    for arm, values in figures["arms"].items() if lines else ():
        counts = values["training_images"]
        if counts["synthetic"]:
            synthetic = plural(counts["synthetic"], "synthetic image")
            lines.append(f"{arm}: {counts['real']:,} real and {synthetic}")
        elif arm == "real+resampled":
            lines.append(f"{arm}: {counts['real']:,} real images, some of them again")
    return lines
