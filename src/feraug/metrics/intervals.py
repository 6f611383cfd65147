"""Figures of sets with an interval, and what two sets of real images would have come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError

Measure = Callable[[NDArray[Any], NDArray[Any]], float]

_LEVEL: Final = 0.95


@dataclass(frozen=True)
class Interval:
    """Mean over subsamples, and the range that holds 95 % of them."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class AgainstFloor:
    """A measure of made images, and of real images in their place: the floor."""

    made: Interval
    floor: Interval
    size: int
    """Images in each subsample, so that both were measured alike."""


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
    figure without a floor of its own size means nothing.  ``size`` None takes half of the smaller
    set: half-samples scatter about the whole about as much as the whole does about the truth (Shao
    and Wu 1989, the delete-d jackknife with d = n / 2).  Of ``size`` near M the interval is too
    narrow.  Raises :class:`UsageError` for sets that are too small.
    """
    most = min(len(real) // 2, len(made))
    size = most // 2 if size is None else size
    if not 1 <= size <= most:
        raise UsageError(
            f"subsamples of {size} from {len(real)} real and {len(made)} made images: 1 to {most} is possible"
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
