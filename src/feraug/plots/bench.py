"""Plots of a benchmark: confusion matrices, and the differences by emotion with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from feraug.emotions import EMOTIONS
from feraug.plots.titles import fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = 3
"""Confusion matrices beside each other."""


def confusion_figure(figures: Mapping[str, Any], title: str) -> Figure:
    """A matrix an arm: share of each true emotion (row) that was called each emotion, over all repeats."""
    from matplotlib.figure import Figure

    arms = figures["arms"]
    across = min(COLUMNS, len(arms))
    down = -(-len(arms) // across)
    width = 4.4 * across + 0.4
    heading = fitted(title, width, 10)
    height = 5.0 * down + 0.5 + 0.2 * heading.count("\n")
    figure = Figure(figsize=(width, height), layout="constrained")
    places = list(figure.subplots(down, across, squeeze=False).flat)
    for axes, (arm, values) in zip(places, arms.items(), strict=False):
        counts = np.asarray(values["confusion"], np.float64)
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        for row, column in np.ndindex(shares.shape):
            shade = "white" if shares[row, column] > 0.5 else "black"
            text = f"{100 * shares[row, column]:.0f}" if counts[row].any() else ""
            axes.text(column, row, text, ha="center", va="center", color=shade)
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
        axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axes.set(title=f"{arm}: % of each row", xlabel="called", ylabel="true")
    for axes in places[len(arms) :]:
        axes.set_axis_off()
    figure.suptitle(heading, fontsize=10)
    return figure


def table_figure(figures: Mapping[str, Any], title: str) -> Figure:
    """The table by emotion: a panel for each difference, or one with the recall of a single arm."""
    from matplotlib.figure import Figure

    arms, differences = figures["arms"], figures["differences"]
    panels = max(1, len(differences))
    figure = Figure(figsize=(11.0, 3.7 * panels + 0.6), layout="constrained")
    places = figure.subplots(panels, 1, squeeze=False)[:, 0]
    figure.suptitle(title)
    if not differences:
        ((arm, values),) = list(arms.items())[:1]
        _recall_panel(places[0], arm, values)
        return figure
    reach = max(abs(end) for found in differences.values() for end in _ends(found)) or 1.0
    for axes, (difference, found) in zip(places, differences.items(), strict=True):
        _difference_panel(axes, difference, found, figures)
        axes.set_xlim(-1.05 * reach, 1.05 * reach)  # one scale for all, so that panels compare
    return figure


def _difference_panel(
    axes: Axes, difference: str, found: Mapping[str, Any], figures: Mapping[str, Any]
) -> None:
    """Points gained with their intervals; at the left correct of total in both arms, at the right p."""
    arm, _, base = difference.partition(" - ")
    rows = _rows(found)
    means = np.array([100 * row["mean"] for row in rows.values()])
    ends = [means - [100 * row["low"] for row in rows.values()]]
    ends.append([100 * row["high"] for row in rows.values()] - means)
    axes.errorbar(means, range(len(rows)), xerr=np.maximum(ends, 0.0), fmt="o", capsize=3)
    axes.axvline(0.0, color="grey", linewidth=0.8)
    names = [
        f"{name}   {_told(figures, base, name)}  →  {_told(figures, arm, name)}" if _told(figures, arm, name)
        else name
        for name in rows
    ]  # fmt: skip
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    right = axes.secondary_yaxis("right")
    words = [
        f"{100 * row['mean']:+.1f} [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]   "
        + ("p < 0.001" if row.get("p_holm", row["p"]) < 0.001 else f"p = {row.get('p_holm', row['p']):.3f}")
        for row in rows.values()
    ]
    right.set_yticks(range(len(rows)), words)
    right.tick_params(length=0)
    counts = [next(iter(figures["arms"][each]["per_class"].values())) for each in (arm, base)]
    one = min(len(count["correct"]) for count in counts) == 1
    interval = f"95 % interval{' of the images alone' if one else ''}"
    axes.set(title=f"{base}  →  {arm}", xlabel=f"points, {interval}; p of the emotions by Holm")


def _recall_panel(axes: Axes, arm: str, values: Mapping[str, Any]) -> None:
    counts = {name: count for name, count in values["per_class"].items() if count["total"]}
    recall = [100 * np.mean(count["correct"]) / count["total"] for count in counts.values()]
    axes.barh(range(len(counts)), recall)
    axes.set_yticks(range(len(counts)), [f"{name}   {_share(count)}" for name, count in counts.items()])
    axes.invert_yaxis()
    axes.set(title=arm, xlabel="recall, %", xlim=(0, 100))


_OVERALL: Final = {
    "accuracy": "all",
    "accuracy_unleaked": "no identical",
    "accuracy_without_near_copies": "no near copies",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced",
    "balanced_accuracy_unleaked": "balanced, no identical",
    "balanced_accuracy_without_near_copies": "balanced, no near copies",
}


def _rows(found: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """The emotions that have test images, then the measures of all images."""
    overall = {words: found[name] for name, words in _OVERALL.items() if name in found}
    return {**found["per_class"], **overall}


def _ends(found: Mapping[str, Any]) -> list[float]:
    return [100 * row[end] for row in _rows(found).values() for end in ("low", "high")]


def _told(figures: Mapping[str, Any], arm: str, name: str) -> str:
    """``57 % 282/491`` of an emotion or of all; empty for other measures."""
    per_class = figures["arms"][arm]["per_class"]
    if name == "all":
        correct = np.sum([count["correct"] for count in per_class.values()], axis=0)
        return _share({"correct": correct, "total": sum(count["total"] for count in per_class.values())})
    return _share(per_class[name]) if name in per_class else ""


def _share(count: Mapping[str, Any]) -> str:
    mean = float(np.mean(count["correct"]))
    shown = f"{mean:.1f}".removesuffix(".0")
    return f"{100 * mean / count['total']:.0f} % {shown}/{count['total']}"
