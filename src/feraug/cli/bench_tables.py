"""The tables that ``feraug bench`` prints, within 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

_OVERALL = {
    "accuracy": "accuracy, all test images",
    "accuracy_unleaked": "without copies of train",
    "accuracy_without_near_copies": "without near copies too",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "calibration_error": "calibration error",
}


def overall_table(figures: Mapping[str, Any]) -> Table:
    """Means over the repeats by arm, with their spread."""
    from feraug.cli import console

    arms = figures["arms"]
    table = console.new_table(None, "mean over repeats (lowest to highest)", *arms)
    for name, words in _OVERALL.items():
        if name not in next(iter(arms.values())):
            continue
        label = f"{words} ({figures['images'][name]:,})" if name in figures["images"] else words
        table.add_row(label, *(_spread(arm[name]) for arm in arms.values()))
    for difference, values in figures["differences"].items():
        table.add_section()
        for name in ("accuracy", "accuracy_unleaked", "macro_f1"):
            if name in values:
                cells = [""] * (len(arms) - 1) + [_interval(values[name])]
                table.add_row(f"{difference}: {name.replace('_', ' ')}", *cells)
    return table


def class_table(figures: Mapping[str, Any], difference: str) -> Table:
    """Correct of total and recall by emotion for two arms, with the difference, its interval and p."""
    from feraug.cli import console

    arm, _, base = difference.partition(" - ")
    table = console.new_table(None, "emotion", base, arm, "difference (95 %)", "p, Holm")
    values = figures["differences"][difference]["per_class"]
    for emotion, found in values.items():
        cells = [_recall(figures["arms"][each]["per_class"][emotion]) for each in (base, arm)]
        p = "< 0.001" if found["p_holm"] < 0.001 else f"{found['p_holm']:.3f}"
        table.add_row(emotion, *cells, _interval(found), p)
    return table


def _recall(counts: Mapping[str, Any]) -> str:
    mean = sum(counts["correct"]) / len(counts["correct"])
    shown = f"{mean:.0f}" if len(counts["correct"]) == 1 else f"{mean:.1f}"
    return f"{mean / counts['total']:.0%} {shown}/{counts['total']}"


def _spread(values: list[float]) -> str:
    mean = f"{100 * sum(values) / len(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({100 * min(values):.1f}-{100 * max(values):.1f})"


def _interval(found: Mapping[str, float]) -> str:
    return f"{100 * found['mean']:+.1f} [{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"
