"""Plots of a benchmark: confusion matrices, and the differences by emotion with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from feraug.emotions import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion_figure(figures: Mapping[str, Any], title: str) -> Figure:
    """A matrix an arm: share of each true emotion (row) that was called each emotion, over all repeats."""
    from matplotlib.figure import Figure

    arms = figures["arms"]
    figure = Figure(figsize=(4.6 * len(arms) + 0.4, 4.8), layout="constrained")
    for axes, (arm, values) in zip(
        figure.subplots(1, len(arms), squeeze=False)[0], arms.items(), strict=True
    ):
        counts = np.asarray(values["confusion"], np.float64)
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        for row, column in np.ndindex(shares.shape):
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", color=shade)
        axes.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
        axes.set_yticks(range(len(EMOTIONS)), EMOTIONS)
        axes.set(title=arm, xlabel="called", ylabel="true")
    figure.suptitle(title)
    return figure


def table_figure(figures: Mapping[str, Any], title: str) -> Figure:
    """Recall by emotion of every arm, and each arm's differences with their 95 % intervals."""
    from matplotlib.figure import Figure

    arms, differences = figures["arms"], figures["differences"]
    panels = 1 + len(differences)
    figure = Figure(figsize=(4.6 * panels + 0.6, 4.4), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    present = [name for name in EMOTIONS if next(iter(arms.values()))["per_class"][name]["total"]]
    places = np.arange(len(present))
    for number, (arm, values) in enumerate(arms.items()):
        counts = [values["per_class"][name] for name in present]
        recall = [100 * np.mean(count["correct"]) / count["total"] for count in counts]
        axes[0].barh(places + 0.8 * number / len(arms), recall, 0.8 / len(arms), label=arm, align="edge")
    axes[0].set_yticks(
        places + 0.4, [f"{name}\n{counts['total']}" for name, counts in zip(present, counts, strict=True)]
    )
    axes[0].set(xlabel="recall, %", xlim=(0, 100))
    axes[0].legend(loc="lower right", fontsize="small")
    for panel, (difference, values) in zip(axes[1:], differences.items(), strict=True):
        rows = {name: values["per_class"][name] for name in present} | {"accuracy": values["accuracy"]}
        means = np.array([100 * row["mean"] for row in rows.values()])
        reach = [
            means - [100 * row["low"] for row in rows.values()],
            [100 * row["high"] for row in rows.values()] - means,
        ]
        panel.errorbar(means, range(len(rows)), xerr=np.maximum(reach, 0.0), fmt="o", capsize=3)
        panel.axvline(0.0, color="grey", linewidth=0.8)
        panel.set_yticks(range(len(rows)), rows)
        panel.set(title=difference, xlabel="points, 95 % interval")
    for each in axes:
        each.invert_yaxis()
    figure.suptitle(title)
    return figure
