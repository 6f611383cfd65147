"""How far two sets of images lie apart as distributions: on features of them, and on their pixels.

Arrays in, numbers out.  Features are (N, D), such as the last layer but one of a classifier; the
distances then carry that classifier's name (FER-FD, FER-KID), for with other features they are
other numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.config.values import whole
from feraug.errors import UsageError
from feraug.words import plural

_ROWS = 1024  # of the distance matrix at a time


def frechet_distance(real: NDArray[Any], made: NDArray[Any]) -> float:
    """Squared Fréchet distance of two Gaussians fitted to features (N, D) and (M, D); 0 or more.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017), equation 6, with
    unbiased covariances: |m - n|^2 + tr(A + B - 2 (A B)^(1/2)).  With A = X'X and B = Y'Y the trace
    of the root is the sum of the singular values of X Y', which needs no root of a matrix and
    works for sets smaller than D.  The smaller the sets, the larger it comes out for the same two
    distributions: compare only figures of sets of one size.  Raises :class:`UsageError` for fewer
    than two images in a set.
    """
    real, made = _features(real, made, least=2)
    means = real.mean(0), made.mean(0)
    factors = [
        _triangle((features - mean) / np.sqrt(len(features) - 1))
        for features, mean in zip((real, made), means, strict=True)
    ]
    root = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    spread = sum(float((factor**2).sum()) for factor in factors)
    return max(0.0, float(((means[0] - means[1]) ** 2).sum() + spread - 2.0 * root))


def kernel_distance(
    real: NDArray[Any], made: NDArray[Any], *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Kernel distance of features (N, D) and (M, D): mean and standard deviation over subsets.

    Binkowski et al., "Demystifying MMD GANs" (2018), section 4: the unbiased squared maximum mean
    discrepancy (Gretton et al. 2012, equation 3) under the kernel (x.y / D + 1)^3, on
    ``subsets`` random subsets of ``size`` images of each set (of all, where a set has fewer).  Around
    0, so also below it, for two samples of one distribution, whatever their size.  The deviation says
    nothing (0) where both sets are taken whole each time.  Raises :class:`UsageError` for fewer than
    two images in a set, ``subsets`` below 1 or ``size`` below 2.
    """
    real, made = _features(real, made, least=2)
    subsets, size = whole("subsets", subsets, 1), whole("size", size, 2)
    random = np.random.default_rng(seed)
    values = []
    for _ in range(subsets):
        x, y = (
            features[random.choice(len(features), min(size, len(features)), replace=False)]
            for features in (real, made)
        )
        values.append(_unbiased_mmd(x, y))
    return float(np.mean(values)), float(np.std(values))


def density_and_coverage(
    real: NDArray[Any], made: NDArray[Any], *, neighbours: int = 5
) -> tuple[float, float]:
    """Density and coverage of ``made`` (M, D) with respect to ``real`` (N, D), features of images.

    Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models" (2020), equations
    3 and 4, with balls around real points that reach to their ``neighbours``-th nearest real one.
    Density (0 or more, about 1 for two samples of one distribution) says how deep fakes lie among
    real points; coverage (0 to 1) which share of the real points has a made one nearby: for two such
    samples about 1 - 0.5 ** neighbours where M = N, about 1 - (N / (N + M)) ** neighbours else.  Raises
    :class:`UsageError` for too few points, points of different length, and ``neighbours`` below 1.
    """
    real, made = _features(real, made, least=1)
    neighbours = whole("neighbours", neighbours, 1)
    if len(real) <= neighbours:
        few = plural(len(real), "real image is", "real images are")
        raise UsageError(f"{few} too few for density and coverage")
    inside, covered = 0, 0
    for start in range(0, len(real), _ROWS):
        rows = real[start : start + _ROWS]
        # The nearest of a point's real neighbours is the point itself, at distance 0.
        radii = np.partition(_squared_distances(rows, real), neighbours, axis=1)[:, neighbours]
        hits = _squared_distances(rows, made) <= radii[:, None]
        inside += int(hits.sum())
        covered += int(hits.any(axis=1).sum())
    return inside / (neighbours * len(made)), covered / len(real)


def histogram_distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """How many grey levels a pixel has to move, on average, to turn one histogram into the other.

    The earth mover's (first Wasserstein) distance of the grey levels of all pixels of ``a`` and
    of ``b``, uint8 of any shape: 0 for the same histogram, 255 for black against white.
    Raises :class:`UsageError` for another type and for no pixels.
    """
    if a.dtype != np.uint8 or b.dtype != np.uint8 or not a.size or not b.size:
        raise UsageError(
            f"pixels must be uint8 and there must be some, not {a.dtype} {a.shape}, {b.dtype} {b.shape}"
        )
    below = [np.cumsum(np.bincount(pixels.ravel(), minlength=256)) / pixels.size for pixels in (a, b)]
    return float(np.abs(below[0] - below[1]).sum())


def _features(
    real: NDArray[Any], made: NDArray[Any], *, least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64, checked."""
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1] or not real.shape[1]:
        raise UsageError(f"features must be (N, D) and (M, D), not {real.shape} and {made.shape}")
    if min(len(real), len(made)) < least:
        raise UsageError(
            f"{len(real)} real and {plural(len(made), 'made image')}: {least} of each are the least"
        )
    real, made = real.astype(np.float64), made.astype(np.float64)
    if not (np.isfinite(real).all() and np.isfinite(made).all()):
        raise UsageError("features must be finite numbers")
    return real, made


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A matrix of at most D rows with the same x'x."""
    return np.asarray(np.linalg.qr(x, mode="r")) if len(x) > x.shape[1] else x


def _unbiased_mmd(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    def kernel(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((p @ q.T / p.shape[1] + 1.0) ** 3)

    within = 0.0
    for points in (x, y):
        values, count = kernel(points, points), len(points)
        within += (values.sum() - np.trace(values)) / (count * (count - 1))
    return float(within - 2.0 * kernel(x, y).mean())


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
