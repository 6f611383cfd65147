"""Plots of similarities: distributions side by side, and the most and least similar pairs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feraug.plots.titles import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Images = NDArray[np.uint8]

_BINS = 80
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442")
"""Okabe and Ito's, which the colour-blind can tell apart."""

_STYLES = ("-", "--", "-.", ":")
"""Sets beyond the colours are told apart by their strokes."""

_REAL = "0.75"
_GAP = 3  # white pixels between faces
_LEAST_COLUMNS = 6  # so that titles have room


@dataclass(frozen=True)
class Panel:
    """Distributions in one panel: of real images (grey, by name) and of synthetic sets (coloured)."""

    title: str
    real: Mapping[str, NDArray[np.float32]]
    sets: Mapping[str, NDArray[np.float32]]
    mark: float | None = None
    """Where to draw a line."""
    mark_text: str = ""
    """What the line means."""


@dataclass(frozen=True)
class PairRow:
    """Pairs of faces (n, 48, 48) one above the other, with their similarity (n,) below."""

    title: str
    above: Images
    below: Images
    ssim: NDArray[np.float32]


def plot_distributions(panels: Sequence[Panel], path: Path, kind: str) -> None:
    """Histograms, one panel below the other, as ``kind`` "png" or "svg", whatever the ending of ``path``."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = [panel for panel in panels if any(map(len, [*panel.real.values(), *panel.sets.values()]))]
    with rc_context({"svg.hashsalt": "feraug"}):  # so that the same figure gives the same bytes
        figure = Figure(figsize=(8, 0.6 + 2.5 * len(shown)), layout="constrained")
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        lowest = min(float(values.min()) for panel in shown for values in _all(panel))
        edges = np.linspace(min(0.0, lowest), 1.0, _BINS + 1).tolist()
        for panel, axis in zip(shown, axes, strict=True):
            _histograms(panel, axis, edges)
        axes[-1].set_xlabel("SSIM (1: the same picture)")
        _save(figure, path, kind)


def plot_pairs(rows: Sequence[PairRow], path: Path) -> None:
    """Rows of pairs as a PNG, whatever the ending of ``path``."""
    from matplotlib.figure import Figure

    columns = max(_LEAST_COLUMNS, *(len(row.ssim) for row in rows))
    figure = Figure(figsize=(0.9 * columns + 0.2, 2.25 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for row, axis in zip(rows, axes, strict=True):
        side = row.above.shape[1] + _GAP
        canvas = np.full((2 * side, columns * side), 255, np.uint8)
        for place, faces in enumerate(zip(row.above, row.below, strict=True)):
            for line, face in enumerate(faces):
                canvas[line * side :, place * side :][: side - _GAP, : side - _GAP] = face
        axis.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for place, ssim in enumerate(row.ssim):
            axis.text(
                (place + 0.5) * side - _GAP / 2, 2 * side, f"{ssim:.2f}", ha="center", va="top", fontsize=8
            )
        axis.set_title(row.title, loc="left", fontsize=10)
        axis.set_axis_off()
    _save(figure, path, "png")


def _histograms(panel: Panel, axis: Axes, edges: list[float]) -> None:
    for number, (name, values) in enumerate(panel.real.items()):
        if len(values):
            style: dict[str, Any] = (
                {"histtype": "stepfilled", "color": _REAL}
                if number == 0
                else {"histtype": "step", "color": "0.35", "linestyle": "--"}
            )
            axis.hist(values, edges, weights=_shares(values), label=_label(name, values), **style)
    for number, (name, values) in enumerate(panel.sets.items()):
        if len(values):
            colour = _COLOURS[number % len(_COLOURS)]
            axis.hist(
                values,
                edges,
                weights=_shares(values),
                histtype="step",
                color=colour,
                linestyle=_STYLES[number // len(_COLOURS) % len(_STYLES)],
                label=_label(name, values),
            )
    if panel.mark is not None:
        axis.axvline(panel.mark, color="black", linewidth=0.8, linestyle=":", label=panel.mark_text)
    axis.set_title(panel.title, loc="left", fontsize=10)
    axis.set_ylabel("share of pairs")
    axis.legend(fontsize=7, frameon=False)


def _all(panel: Panel) -> list[NDArray[np.float32]]:
    return [values for values in [*panel.real.values(), *panel.sets.values()] if len(values)]


def _shares(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.full(len(values), 1 / len(values))


def _label(name: str, values: NDArray[np.float32]) -> str:
    """A legend's line; matplotlib hides labels that begin with an underscore, and reads $ as mathematics."""
    return f"{plain(name.lstrip('_'))} ({len(values):,})"


def _save(figure: Figure, path: Path, kind: str) -> None:
    """Without a date, and without a word on names in letters that the font lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        undated = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(path, format=kind, dpi=110, metadata=undated)
