"""The small figures of the report: each readable at the width of a phone, drawn in a page's colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.plots.inline import INK, LINE, MUTED, SERIES, inline_svg, short, themed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]

WIDTH: Final = 4.6
"""Inches: 331 points, so that a point is about a pixel of a phone."""

_BINS: Final = 60
_FEW: Final = 500
"""Values below which half as many bins are enough."""

_STYLES: Final = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Interval:
    """A mean with its interval, as a row of :func:`intervals_plot`; None of them: a row without figures."""

    name: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    real: bool = False
    """Whether it is of real images, a yardstick and no result."""


def distribution_plot(splits: Mapping[str, Mapping[str, int]], prefix: str) -> str:
    """Images by emotion (rows) and split (stacked), as an ``<svg>``."""

    def draw(axes: Axes) -> None:
        emotions = list(next(iter(splits.values())))
        names = [short(emotion) for emotion in emotions]
        left = np.zeros(len(emotions))
        for colour, (split, counts) in zip(SERIES, splits.items(), strict=False):
            values = np.array([counts[emotion] for emotion in emotions], float)
            axes.barh(names, values, 0.72, left=left, color=colour, label=split)
            left += values
        for place, total in enumerate(left):
            axes.annotate(
                f"{int(total):,}",
                (total, place),
                (3, 0),
                textcoords="offset points",
                va="center",
                color=MUTED,
            )
        axes.set_xlim(0, 1.16 * max(1.0, float(left.max())))
        axes.invert_yaxis()
        _plain(axes)
        _legend(axes, 3, above=True)

    return _svg(draw, prefix, 2.9)


def curves_plot(
    title: str, lines: Mapping[str, tuple[Floats, Floats]], across: str, prefix: str, *, share: bool = False
) -> str:
    """Lines of (x, y) by name, as an ``<svg>``; ``share``: the values lie between 0 and 1."""

    def draw(axes: Axes) -> None:
        for number, (name, (x, y)) in enumerate(lines.items()):
            few: Any = {"marker": "o", "markersize": 3} if len(x) < 12 else {}
            axes.plot(x, y, _style(number), color=SERIES[number % len(SERIES)], label=short(name), **few)
        axes.set(title=short(title, 44), xlabel=across)
        if share:
            axes.set_ylim(0, 1)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(_few(whole=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        if len(lines) > 1 or next(iter(lines)) != title:
            _legend(axes, 2)

    return _svg(draw, prefix, 2.5 + 0.14 * (1 + len(lines)))


def intervals_plot(
    title: str,
    rows: Sequence[Interval],
    across: str,
    prefix: str,
    *,
    line: float | None = None,
    band: tuple[float, float] | None = None,
) -> str:
    """Means with intervals, a row each, as an ``<svg>``; ``line`` and ``band`` mark what is no change."""

    def draw(axes: Axes) -> None:
        if band is not None:
            axes.axvspan(*band, color=LINE, linewidth=0, alpha=0.6)
        if line is not None:
            axes.axvline(line, color=MUTED, linewidth=1.0)
        for place, row in enumerate(rows):
            if row.mean is None:
                continue
            low = row.mean if row.low is None else min(row.low, row.mean)
            high = row.mean if row.high is None else max(row.high, row.mean)
            colour = MUTED if row.real else SERIES[0]
            axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot([row.mean], [place], "o", color=colour, markersize=5.5)
        axes.set_yticks(range(len(rows)), [short(row.name, 24) for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set(title=short(title, 44), xlabel=across)
        _plain(axes)
        if line is not None:
            _not_too_near(axes, line)

    return _svg(draw, prefix, 1.0 + 0.25 * len(rows))


def histograms_plot(
    title: str,
    real: Mapping[str, Floats],
    sets: Mapping[str, Floats],
    across: str,
    prefix: str,
    *,
    mark: tuple[float, str] | None = None,
) -> str:
    """Shares of real images (filled, dashed) and of sets (lines) by value, as an ``<svg>``."""

    def draw(axes: Axes) -> None:
        there = {name: values for name, values in [*real.items(), *sets.items()] if len(values)}
        lowest = min(0.0, *(float(values.min()) for values in there.values()))
        fewest = min(len(values) for values in there.values())
        edges = np.linspace(lowest, 1.0, (_BINS if fewest >= _FEW else _BINS // 2) + 1)
        drawn = 0
        for name, values in there.items():
            heights = 100 * np.histogram(values, edges)[0] / len(values)
            label = f"{short(name)} ({len(values):,})"
            if name in real:
                filled = name == next(iter(real))
                axes.stairs(
                    heights, edges, fill=filled, color=LINE if filled else MUTED, label=label,
                    linestyle="-" if filled else "--", linewidth=1.2,
                )  # fmt: skip
            else:
                axes.stairs(
                    heights, edges, color=SERIES[drawn % len(SERIES)], label=label,
                    linestyle=_style(drawn), linewidth=1.5,
                )  # fmt: skip
                drawn += 1
        if mark is not None:
            axes.axvline(mark[0], color=INK, linewidth=1.0, linestyle=":", label=mark[1])
        axes.set(title=short(title, 44), xlabel=across, ylabel="% of pairs")
        _legend(axes, 1)

    return _svg(draw, prefix, 2.4 + 0.17 * (len(real) + len(sets)))


def stages_plot(names: Sequence[str], made: Sequence[float], real: Sequence[float], prefix: str) -> str:
    """Shares (0 to 1) left after each stage, of synthetic images beside real ones, as an ``<svg>``."""

    def draw(axes: Axes) -> None:
        places = np.arange(len(names), dtype=float)
        for offset, shares, colour, label in (
            (0.02, made, SERIES[0], "synthetic"),
            (0.40, real, SERIES[1], "real, of validation"),
        ):
            there = np.array([index for index, share in enumerate(shares) if np.isfinite(share)], int)
            values = 100 * np.asarray(shares, float)[there]
            axes.barh(places[there] + offset, values, 0.36, align="edge", color=colour, label=label)
        axes.set_yticks(places + 0.39, [short(name) for name in names])
        axes.set(xlim=(0, 100), xlabel="% left")
        axes.invert_yaxis()
        _plain(axes)
        _legend(axes, 2, above=True)

    return _svg(draw, prefix, 1.2 + 0.36 * len(names))


def _svg(draw: Any, prefix: str, height: float) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(themed()):
        figure: Figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.subplots())
        return inline_svg(figure, prefix)


def _plain(axes: Axes) -> None:
    """Rows of bars or points: lines across, none at the names."""
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(_few())


def _not_too_near(axes: Axes, line: float) -> None:
    """At least a unit on both sides of what is no change: less is none, and a finer scale would show some."""
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, line - 1.0), max(high, line + 1.0))


def _legend(axes: Axes, columns: int, *, above: bool = False) -> None:
    """Names of the lines outside of the axes, where they hide nothing."""
    where: Any = "outside upper left" if above else "outside lower left"
    figure: Any = axes.figure
    figure.legend(loc=where, ncols=columns, handlelength=1.4)


def _few(*, whole: bool = False) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=whole)


def _style(number: int) -> str:
    """Lines beyond the colours are told apart by their strokes."""
    return _STYLES[number // len(SERIES) % len(_STYLES)]
