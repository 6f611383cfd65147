"""Figures of sets with an interval, and what two sets of real images would have come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.words import plural

Measure = Callable[[NDArray[Any], NDArray[Any]], float]

_LEVEL: Final = 0.95
_Z: Final = 1.959964


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; over subsamples, their mean and the range that holds 95 % of them."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """All fields as JSON values, rounded."""
        return {name: round(float(value), 6) for name, value in vars(self).items()}


@dataclass(frozen=True)
class AgainstFloor:
    """A measure of made images, and of real images in their place: the floor."""

    made: Interval
    floor: Interval
    size: int
    """Images in each subsample, so that both were measured alike."""


def share_interval(hits: NDArray[np.bool_]) -> Interval:
    """The share of hits (n,), n at least 1, with Wilson's 95 % interval (1927)."""
    n, p = len(hits), float(hits.mean())
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * float(np.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n)))
    return Interval(p, max(0.0, min(p, middle - reach)), min(1.0, max(p, middle + reach)))


def mean_interval(values: NDArray[Any], low: float, high: float) -> Interval:
    """The mean of values (n,), n at least 1, with its 95 % interval by Student's t.

    The interval ends at ``low`` and ``high``, what a value can be at least and at most; a single value says
    nothing of how others lie, and has all of that.
    """
    from scipy.special import stdtrit

    values = values.astype(np.float64)
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return Interval(mean, low, high)
    reach = float(stdtrit(n - 1, (1 + _LEVEL) / 2)) * float(values.std(ddof=1)) / np.sqrt(n)
    return Interval(mean, max(low, mean - reach), min(high, mean + reach))


def against_floor(
    measure: Measure,
    real: NDArray[Any],
    made: NDArray[Any],
    *,
    size: int | None = None,
    repeats: int = 20,
    seed: int = 0,
) -> AgainstFloor:
    """``measure(real, made)`` on subsamples, and ``measure(real, real)`` on disjoint ones of the same size.

    ``real`` (N, ...) and ``made`` (M, ...) are features or images.  In each repeat two disjoint
    subsamples of ``size`` are drawn from ``real`` without replacement, one from ``made``; the first
    is measured against each of the others.  Many distances depend on the size of the sets, so a
    figure without a floor of its own size means nothing.  ``size`` None takes half of ``made``, or a
    quarter of ``real`` where that is less (two come out of it): half-samples scatter about the whole
    about as much as the whole does about the truth (Shao and Wu 1989, the delete-d jackknife with
    d = n / 2).  Of ``size`` near M the interval is too narrow.  Raises :class:`UsageError` for sets that
    are too small.
    """
    most = min(len(real) // 2, len(made))
    size = most // 2 if size is None else size
    if not 1 <= size <= most:
        raise UsageError(
            f"subsamples of {size} from {len(real)} real and {plural(len(made), 'made image')}: "
            f"1 to {most} is possible"
        )
    if repeats < 1:
        raise UsageError(f"{repeats} repeats: one or more")
    random = np.random.default_rng(seed)
    made_values, floor_values = [], []
    for _ in range(repeats):
        order = random.permutation(len(real))
        first, second = real[order[:size]], real[order[size : 2 * size]]
        other = made[random.choice(len(made), size, replace=False)]
        made_values.append(float(measure(first, other)))
        floor_values.append(float(measure(first, second)))
    return AgainstFloor(_interval(made_values), _interval(floor_values), size)


def _interval(values: list[float]) -> Interval:
    low, high = np.quantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(float(np.mean(values)), float(low), float(high))
