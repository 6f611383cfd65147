"""Whether a generator copies its training data: a test with three samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.words import plural

_ROWS: Final = 1024  # of the distance matrix at a time
_ITERATIONS: Final = 20

MIN_IN_CELL: Final = 20
"""Fewer made points than this in a cell say too little of it (the paper's tau)."""


@dataclass(frozen=True)
class CopyingTest:
    """The outcome of :func:`copying_test`."""

    statistic: float
    """C_T: about 0 for samples of the truth, below 0 for points nearer to the training points, above 0
    for underfitting.  Copies are nearer, and so are points that are only more typical than real ones
    are, a distribution of less spread: read it beside density, and beside a search for copies.
    """

    p_value: float
    """Chance of a statistic as low as this, or lower, for points as far from the training points as
    held-out ones are."""

    cells: int
    """Regions of the feature space that took part."""


def copying_test(
    train: NDArray[Any],
    held_out: NDArray[Any],
    made: NDArray[Any],
    *,
    cells: int = 1,
    seed: int = 0,
) -> CopyingTest:
    """Are ``made`` points nearer to the training points than held-out real ones are?

    Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative
    Models" (2020), the statistic C_T of section 4: k-means on ``train`` (L, D) cuts the space into
    ``cells``; in each the distances of ``held_out`` (N, D) and ``made`` (M, D) to the nearest
    training point of the cell are compared by the z-score of the Mann-Whitney U; C_T is their
    mean, weighted by the held-out points of the cell.  Cells with fewer than :data:`MIN_IN_CELL`
    made points, or without held-out or training ones, are left out.  One-sided p by the normal
    approximation: the z-scores are independent with variance 1 (ties are corrected for), and C_T
    is a weighted mean of them.

    With one cell only copying on the whole shows; with more, also that of a single region.  Held-out
    images must be no copies of training images, or copying becomes the norm.  Raises
    :class:`UsageError` for other shapes, and where no cell has enough points.
    """
    samples = [np.asarray(sample, np.float64) for sample in (train, held_out, made)]
    if any(sample.ndim != 2 or sample.shape[1] != samples[0].shape[1] for sample in samples):
        shapes = ", ".join(str(sample.shape) for sample in samples)
        raise UsageError(f"features must be (L, D), (N, D) and (M, D), not {shapes}")
    if not all(np.isfinite(sample).all() for sample in samples):
        raise UsageError("features must be finite numbers")
    if not 1 <= cells <= len(samples[0]):
        raise UsageError(f"{plural(cells, 'cell')} for {plural(len(samples[0]), 'training point')}")
    centres = _centres(samples[0], cells, seed)
    places = [_nearest(sample, centres)[1] for sample in samples]
    scores, weights = [], []
    for cell in range(cells):
        known, real, copies = (sample[place == cell] for sample, place in zip(samples, places, strict=True))
        if len(copies) >= MIN_IN_CELL and len(real) and len(known):
            scores.append(_z_score(_nearest(copies, known)[0], _nearest(real, known)[0]))
            weights.append(len(real))
    if not scores:
        raise UsageError(
            f"no cell has {MIN_IN_CELL} made images beside held-out and training ones; take fewer cells"
        )
    return _combined(np.array(scores), np.array(weights, float))


def _combined(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> CopyingTest:
    from scipy.special import ndtr

    weights = weights / weights.sum()
    statistic = float(scores @ weights)
    return CopyingTest(statistic, float(ndtr(statistic / np.sqrt((weights**2).sum()))), len(scores))


def _z_score(made: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    """Mann-Whitney's U of ``made`` over ``real``, standardised; below 0 where made distances are smaller."""
    from scipy.stats import rankdata

    m, n = len(made), len(real)
    both = np.concatenate([made, real])
    u = rankdata(both)[:m].sum() - m * (m + 1) / 2
    _, ties = np.unique(both, return_counts=True)
    total = m + n
    spread = m * n / 12 * (total + 1 - (ties.astype(float) ** 3 - ties).sum() / (total * (total - 1)))
    return float((u - m * n / 2) / np.sqrt(spread)) if spread > 0 else 0.0


def _centres(points: NDArray[np.float64], cells: int, seed: int) -> NDArray[np.float64]:
    """k-means by Lloyd's iteration from randomly chosen points; (cells, D)."""
    start = np.random.default_rng(seed).choice(len(points), cells, replace=False)
    centres = points[start].copy()
    for _ in range(_ITERATIONS):
        place = _nearest(points, centres)[1]
        for cell in np.unique(place):  # an empty cell stays where it is
            centres[cell] = points[place == cell].mean(0)
    return centres


def _nearest(
    points: NDArray[np.float64], among: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance (n,) to the nearest of ``among`` and its number (n,)."""
    distances, numbers = np.empty(len(points)), np.empty(len(points), np.int64)
    squares = (among**2).sum(1)
    for start in range(0, len(points), _ROWS):
        rows = points[start : start + _ROWS]
        products = squares[None] - 2.0 * rows @ among.T
        nearest = products.argmin(1)
        numbers[start : start + len(rows)] = nearest
        # From the difference itself, so that an exact copy is at distance 0.
        distances[start : start + len(rows)] = np.linalg.norm(rows - among[nearest], axis=1)
    return distances, numbers
