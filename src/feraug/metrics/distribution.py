"""How well one set of points covers another: density and coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError

_ROWS = 1024  # of the distance matrix at a time


def density_and_coverage(
    real: NDArray[Any], fake: NDArray[Any], *, neighbours: int = 5
) -> tuple[float, float]:
    """Density and coverage of ``fake`` (M, D) with respect to ``real`` (N, D), features of images.

    Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models" (2020), equations
    3 and 4, with balls around real points that reach to their ``neighbours``-th nearest real one.
    Density (0 or more, about 1 for two samples of one distribution) says how deep fakes lie among
    real points; coverage (0 to 1, about 1 - 0.5 ** neighbours for two such samples) which share of
    the real points has a fake nearby.  Raises :class:`UsageError` for too few points or points of
    different length.
    """
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise UsageError(f"features must be (N, D) and (M, D), not {real.shape} and {fake.shape}")
    if len(real) <= neighbours or not len(fake):
        raise UsageError(f"{len(real)} real and {len(fake)} made images are too few for density and coverage")
    inside, covered = 0, 0
    for start in range(0, len(real), _ROWS):
        rows = real[start : start + _ROWS]
        # The nearest of a point's real neighbours is the point itself, at distance 0.
        radii = np.partition(_squared_distances(rows, real), neighbours, axis=1)[:, neighbours]
        hits = _squared_distances(rows, fake) <= radii[:, None]
        inside += int(hits.sum())
        covered += int(hits.any(axis=1).sum())
    return inside / (neighbours * len(fake)), covered / len(real)


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
