"""Pictures of degraded faces: labelled sheets, and what share is called the target at each strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.plots.titles import fold, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Images = NDArray[np.uint8]

_GAP: Final = 3  # white pixels between faces
_ACROSS: Final = 5  # panels in a row
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, which the colour-blind can tell apart; with the line styles below for up to 16 models."""
_STYLES: Final = ("-", "--", ":")


def labelled_sheet(rows: Sequence[tuple[str, Images]], columns: Sequence[str], title: str) -> Figure:
    """Faces (n, 48, 48) in rows with a label each, below the names of the n columns."""
    from matplotlib.figure import Figure

    side = rows[0][1].shape[1] + _GAP
    canvas = np.full((len(rows) * side - _GAP, len(columns) * side - _GAP), 255, np.uint8)
    for row, (_, faces) in enumerate(rows):
        for column, face in enumerate(faces):
            canvas[row * side :, column * side :][: side - _GAP, : side - _GAP] = face
    width = 0.75 * len(columns) + 1.8
    figure = Figure(figsize=(max(width, 3.6), 0.75 * len(rows) + 0.9), layout="constrained")
    axes = figure.subplots()
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    middle = (side - _GAP) / 2
    axes.xaxis.tick_top()
    axes.set_xticks(side * np.arange(len(columns)) + middle, [fold(name) for name in columns], fontsize=7)
    axes.set_yticks(side * np.arange(len(rows)) + middle, [plain(label) for label, _ in rows], fontsize=8)
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    figure.suptitle(plain(title), fontsize=10)
    return figure


def robustness_figure(levels: Sequence[Mapping[str, Any]], names: Sequence[str], title: str) -> Figure:
    """A panel a degradation: the share called the target against the strength, a line a set.

    ``levels`` have ``name``, ``strength``, ``amount`` and ``shares``, with ``mean``, in the order of
    ``names``; the first is that of the clean faces and stands at strength 0 in every panel.  The
    first two sets are not models' and drawn in grey.
    """
    from matplotlib.figure import Figure

    clean, *rest = levels
    kinds = list(dict.fromkeys(level["name"] for level in rest))
    lines = -(-len(kinds) // _ACROSS)
    figure = Figure(figsize=(12, 2.3 * lines + 0.9), layout="constrained")
    axes = figure.subplots(lines, _ACROSS, squeeze=False, sharey=True).ravel()
    for axis in axes[len(kinds) :]:
        axis.set_axis_off()
    for axis, kind in zip(axes, kinds, strict=False):
        here = [clean, *(level for level in rest if level["name"] == kind)]
        for number, name in enumerate(names):
            colour = ("0.75", "0.4")[number] if number < 2 else _COLOURS[(number - 2) % len(_COLOURS)]
            style = "-" if number < 2 else _STYLES[(number - 2) // len(_COLOURS) % len(_STYLES)]
            shares = [100 * level["shares"][number]["mean"] for level in here]
            axis.plot(
                range(len(here)), shares, style, marker="o", markersize=3, color=colour,
                label=plain(name.lstrip("_")),  # one that begins so is left out of the legend
            )  # fmt: skip
        axis.set_xticks(range(len(here)), ["clean", *(level["amount"] for level in here[1:])], fontsize=7)
        axis.tick_params(axis="y", labelsize=8)
        axis.set_ylim(-4, 104)
        axis.set_title(kind, fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=min(6, len(labels)), fontsize=8, frameon=False
    )
    figure.suptitle(plain(title), fontsize=10)
    return figure
