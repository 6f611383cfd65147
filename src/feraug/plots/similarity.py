"""Plots of similarities: distributions side by side, and the most and least similar pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Images = NDArray[np.uint8]

_BINS = 80
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442")
"""Okabe and Ito's, which the colour-blind can tell apart."""

_REAL = "0.75"


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
        figure.savefig(path, format=kind, dpi=120, metadata=_undated(kind))


def plot_pairs(rows: Sequence[PairRow], path: Path) -> None:
    """Rows of pairs as a PNG, whatever the ending of ``path``."""
    from matplotlib.figure import Figure

    columns = max(len(row.ssim) for row in rows)
    figure = Figure(figsize=(0.2 + 0.95 * columns, 2.45 * len(rows)), layout="constrained")
    for row, part in zip(rows, figure.subfigures(len(rows), 1, squeeze=False)[:, 0], strict=True):
        part.suptitle(row.title, x=0.01, ha="left", fontsize=10)
        grid = part.subplots(2, columns, squeeze=False)
        for axis in grid.ravel():
            axis.set_axis_off()
        for place, ssim in enumerate(row.ssim):
            for axis, face in zip(grid[:, place], (row.above[place], row.below[place]), strict=True):
                axis.imshow(face, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            grid[1, place].set_title(f"{ssim:.2f}", fontsize=8, y=-0.32)
    figure.savefig(path, format="png", dpi=100, metadata=_undated("png"))


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
    return f"{name.lstrip('_').replace('$', chr(92) + '$')} ({len(values):,})"


def _undated(kind: str) -> dict[str, Any]:
    return {"Date": None} if kind == "svg" else {"Software": None}
