"""Pictures of a comparison: the same faces under every model, the figures, the judge's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.plots.titles import fitted, fold, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Images = NDArray[np.uint8]
Points = NDArray[np.floating[Any]]

_GAP: Final = 3  # white pixels between faces
_PANELS: Final = 3  # in a row
_COLOURS: Final = ("0.7", "#0072b2", "#d55e00")
"""Faces of a, faces of b, translations: told apart by the colour-blind, too."""


def faces_figure(columns: Mapping[str, Images], title: str) -> Figure:
    """Faces (n, 48, 48) of every column below its name, a row the same person."""
    from matplotlib.figure import Figure

    rows, side = len(next(iter(columns.values()))), next(iter(columns.values())).shape[1] + _GAP
    canvas = np.full((rows * side - _GAP, len(columns) * side - _GAP), 255, np.uint8)
    for column, images in enumerate(columns.values()):
        for row, face in enumerate(images):
            canvas[row * side :, column * side :][: side - _GAP, : side - _GAP] = face
    width = 1.15 * len(columns) + 0.3
    across = max(width, 3.6)
    figure = Figure(figsize=(across, width * rows / len(columns) + 1.0), layout="constrained")
    axes = figure.subplots()
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    for column, name in enumerate(columns):
        axes.text(column * side + (side - _GAP) / 2, -4, fold(name), ha="center", va="bottom", fontsize=8)
    axes.set_axis_off()
    figure.suptitle(plain(fitted(title, across, 10)), fontsize=10)
    return figure


def figures_figure(panels: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """A panel a measure: ``title``, ``rows`` of name and mean, low, high (or None), a ``floor`` or None."""
    from matplotlib.figure import Figure

    lines = -(-len(panels) // _PANELS)
    height = max(len(panel["rows"]) for panel in panels)
    figure = Figure(figsize=(11, lines * (1.1 + 0.28 * height) + 0.4), layout="constrained")
    axes = figure.subplots(lines, _PANELS, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes, panels, strict=False):
        _intervals(axis, panel)
    figure.suptitle(plain(title), fontsize=11)
    return figure


def features_figure(
    a: Points, b: Points, made: Mapping[str, Points], names: tuple[str, str], *, judge: str
) -> Figure:
    """Real faces of ``names`` and each model's translations, on two axes: points (n, 2) each."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    columns = min(_PANELS, len(made))
    lines = -(-len(made) // columns)
    width = 3.9 * columns + 0.4
    figure = Figure(figsize=(width, 3.7 * lines + 0.8), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axis in axes[len(made) :]:
        axis.set_axis_off()
    for number, (axis, (name, points)) in enumerate(zip(axes, made.items(), strict=False)):
        labels = (f"real {names[0]}", f"real {names[1]}", "translated")
        for cloud, colour, label in zip((a, b, points), _COLOURS, labels, strict=True):
            axis.scatter(cloud[:, 0], cloud[:, 1], s=7, color=colour, label=label, alpha=0.7, linewidths=0)
        axis.set_title(plain(name), fontsize=10)
        if number == 0:
            axis.legend(fontsize=8, frameon=False)
        axis.xaxis.set_major_locator(MaxNLocator(4))
    title = f"features of {judge}, on the two directions in which the real faces differ most"
    figure.suptitle(plain(fitted(title, width, 10)), fontsize=10)
    return figure


def _intervals(axis: Axes, panel: Mapping[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    names = list(panel["rows"])
    if panel["floor"] is not None:
        axis.axvspan(panel["floor"]["low"], panel["floor"]["high"], color="0.87", linewidth=0)
        axis.axvline(panel["floor"]["mean"], color="0.6", linewidth=0.8)
    for place, name in enumerate(names):
        found = panel["rows"][name]
        if found is not None:
            reach = [
                [max(0.0, found["mean"] - found["low"])],
                [max(0.0, found["high"] - found["mean"])],
            ]
            colour = "0.35" if name in panel["real"] else _COLOURS[1]
            axis.errorbar(
                [found["mean"]], [place], xerr=reach, fmt="o", capsize=3, color=colour, markersize=4
            )
    axis.set_yticks(range(len(names)), [plain(name) for name in names], fontsize=8)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="x", labelsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.set_title(panel["title"], fontsize=10)
