"""Distances of distributions: by hand, against loops and others' code, where the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.metrics.distribution import (
    density_and_coverage,
    frechet_distance,
    histogram_distance,
    kernel_distance,
)


def test_by_hand() -> None:
    # Radii to the nearest neighbour: 1, 1, 2.  The fake at 0.5 lies in two balls, that at 10 in none.
    real = np.array([[0.0], [1.0], [3.0]])
    density, coverage = density_and_coverage(real, np.array([[0.5], [10.0]]), neighbours=1)
    assert density == pytest.approx(2 / (1 * 2))
    assert coverage == pytest.approx(2 / 3)


def test_against_a_loop() -> None:
    random = np.random.default_rng(0)
    real, fake, k = random.normal(size=(60, 4)), random.normal(size=(40, 4)) + 0.5, 3
    radii = [sorted(np.linalg.norm(real - point, axis=1))[k] for point in real]
    near = np.array(
        [[np.linalg.norm(x - y) <= radius for y in fake] for x, radius in zip(real, radii, strict=True)]
    )
    density, coverage = density_and_coverage(real, fake, neighbours=k)
    assert density == pytest.approx(near.sum() / (k * len(fake)))
    assert coverage == pytest.approx(near.any(axis=1).mean())


def test_two_samples_of_one_gaussian() -> None:
    random = np.random.default_rng(1)
    density, coverage = density_and_coverage(random.normal(size=(2000, 16)), random.normal(size=(2000, 16)))
    assert density == pytest.approx(1.0, abs=0.05)
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.02)


def test_one_image_repeated_covers_nothing_and_noise_far_away_neither() -> None:
    real = np.random.default_rng(2).normal(size=(500, 8))
    _, coverage = density_and_coverage(real, np.repeat(real[:1], 500, axis=0))
    assert coverage < 0.05
    assert density_and_coverage(real, real + 100.0) == (0.0, 0.0)
    assert density_and_coverage(real, real)[1] == 1.0


@pytest.mark.parametrize(
    ("real", "fake"), [((5, 3), (9, 3)), ((9, 3), (0, 3)), ((9, 3), (9, 4)), ((9,), (9,))]
)
def test_what_cannot_be_measured(real: tuple[int, ...], fake: tuple[int, ...]) -> None:
    with pytest.raises(UsageError):
        density_and_coverage(np.zeros(real), np.zeros(fake))


def gaussian(seed: int, count: int, mean: float = 0.0, scale: float = 1.0, d: int = 8) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(mean, scale, (count, d))


def exact(count: int, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points whose sample mean and unbiased sample covariance are exactly these."""
    x = gaussian(0, count, d=len(mean))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return x @ np.linalg.cholesky(covariance).T + mean


def test_frechet_distance_of_gaussians_in_closed_form() -> None:
    # Commuting covariances: |m - n|^2 + sum of (sqrt a - sqrt b)^2 over the eigenvalues.
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    one = exact(50, np.array([1.0, 0.0, 0.0]), np.diag(a))
    other = exact(70, np.array([0.0, 2.0, 0.0]), np.diag(b))
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(one, one + 3.0) == pytest.approx(27.0)


@pytest.mark.parametrize(("n", "m"), [(200, 150), (5, 9), (2, 200)])
def test_frechet_distance_by_the_root_of_the_matrix(n: int, m: int) -> None:
    from scipy.linalg import sqrtm

    one, other = gaussian(1, n), gaussian(2, m, 0.5) @ np.diag(np.arange(1.0, 9.0))
    a, b = np.cov(one.T), np.cov(other.T)
    # The root of A B as that of the symmetric A^1/2 B A^1/2, which has the same trace.
    half = np.real(sqrtm(a))
    root = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ b @ half), 0)).sum()
    by_hand = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * root
    assert frechet_distance(one, other) == pytest.approx(by_hand, rel=1e-4)
    assert frechet_distance(other, one) == pytest.approx(frechet_distance(one, other))


def test_kernel_distance_against_loops() -> None:
    x, y = gaussian(3, 7, d=3), gaussian(4, 5, 0.7, d=3)

    def k(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
        return float((p @ q / 3 + 1) ** 3)

    xx = np.mean([k(x[i], x[j]) for i in range(7) for j in range(7) if i != j])
    yy = np.mean([k(y[i], y[j]) for i in range(5) for j in range(5) if i != j])
    xy = np.mean([k(p, q) for p in x for q in y])
    mean, spread = kernel_distance(x, y, subsets=3)  # of all, as there are fewer than 1,000
    assert mean == pytest.approx(xx + yy - 2 * xy)
    assert spread == pytest.approx(0.0, abs=1e-12)


def test_kernel_distance_is_unbiased_and_seeded() -> None:
    values = [kernel_distance(gaussian(2 * s, 60), gaussian(2 * s + 1, 60), subsets=1)[0] for s in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    assert min(values) < 0 < max(values)
    real, fake = gaussian(1, 500), gaussian(2, 400, 0.3)
    assert kernel_distance(real, fake, size=50, seed=4) == kernel_distance(real, fake, size=50, seed=4)
    mean, spread = kernel_distance(real, fake, size=50, subsets=400)
    assert mean == pytest.approx(kernel_distance(real, fake)[0], abs=4 * spread / 20)
    assert spread > 0


def test_kernel_and_frechet_distance_as_torchmetrics_computes_them() -> None:
    kid = pytest.importorskip("torchmetrics.image.kid")
    fid = pytest.importorskip("torchmetrics.image.fid")
    import torch

    one, other = gaussian(5, 300), gaussian(6, 300, 0.4, 1.5)
    a, b = torch.from_numpy(one), torch.from_numpy(other)
    assert kernel_distance(one, other)[0] == pytest.approx(float(kid.poly_mmd(a, b)), rel=1e-6)
    by_them = fid._compute_fid(a.mean(0), a.T.cov(), b.mean(0), b.T.cov())
    assert frechet_distance(one, other) == pytest.approx(float(by_them), rel=1e-6)


@pytest.mark.parametrize(
    ("measure", "real", "fake", "words"),
    [
        (density_and_coverage, (1, 3), (9, 3), "^1 real image is too few"),
        (density_and_coverage, (2, 3), (9, 3), "^2 real images are too few"),
        (frechet_distance, (9, 3), (1, 3), "^9 real and 1 made image: 2 of each"),
    ],
)
def test_one_image_is_told_as_one(
    measure: Any, real: tuple[int, int], fake: tuple[int, int], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        measure(np.zeros(real), np.zeros(fake))


def test_histograms_by_hand() -> None:
    black, white = np.zeros((2, 48, 48), np.uint8), np.full((3, 48, 48), 255, np.uint8)
    assert histogram_distance(black, white) == 255.0
    assert histogram_distance(black, black[:1]) == 0.0
    # A quarter of the pixels moves from 0 to 10, another from 0 to 20.
    assert histogram_distance(np.zeros(4, np.uint8), np.array([0, 0, 10, 20], np.uint8)) == pytest.approx(7.5)
    for wrong in (np.zeros(3), np.zeros(0, np.uint8)):
        with pytest.raises(UsageError):
            histogram_distance(black, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("real", "fake"), [((1, 3), (9, 3)), ((9, 3), (0, 3)), ((9, 3), (9, 4)), ((9,), (9,)), ((9, 0), (9, 0))]
)
def test_what_has_no_distance(measure: Any, real: tuple[int, ...], fake: tuple[int, ...]) -> None:
    with pytest.raises(UsageError):
        measure(np.zeros(real), np.zeros(fake))


def test_features_that_are_no_numbers() -> None:
    broken = gaussian(0, 9)
    broken[3, 2] = np.nan
    for measure in (frechet_distance, kernel_distance, density_and_coverage):
        with pytest.raises(UsageError, match="finite"):
            measure(gaussian(1, 9), broken)


def test_counts_that_make_no_sense_are_refused() -> None:
    features = gaussian(0, 20)
    with pytest.raises(UsageError, match="subsets: 0 is not a whole number from 1 on"):
        kernel_distance(features, features, subsets=0)
    with pytest.raises(UsageError, match="size: 1 is not a whole number from 2 on"):
        kernel_distance(features, features, size=1)
    with pytest.raises(UsageError, match="neighbours: 0 is not a whole number from 1 on"):
        density_and_coverage(features, features, neighbours=0)
