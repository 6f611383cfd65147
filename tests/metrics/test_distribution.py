"""Density and coverage: by hand, against a loop, and on samples whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from feraug.errors import UsageError
from feraug.metrics.distribution import density_and_coverage


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
