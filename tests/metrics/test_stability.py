"""Spread of losses and variety of images, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from feraug.errors import UsageError
from feraug.metrics.stability import loss_spread, pixel_variety


def test_spread_is_of_the_last_third_alone() -> None:
    assert loss_spread([9.0, 9.0, 9.0, 5.0, 5.0, 5.0, 1.0, 2.0, 3.0]) == pytest.approx(0.5)
    assert loss_spread(np.full(600, 3.0)) == 0.0
    assert loss_spread(np.zeros(9)) == 0.0
    assert loss_spread([1.0] * 5) is None


def test_the_noise_of_single_batches_counts_for_little_and_a_drift_in_full() -> None:
    random = np.random.default_rng(0)
    noisy = loss_spread(1 + 0.5 * random.standard_normal(60_000))
    drifting = loss_spread(np.r_[np.ones(40_000), np.linspace(0.5, 1.5, 20_000)])
    assert noisy is not None and drifting is not None
    assert noisy < 0.03 and drifting == pytest.approx(0.29, abs=0.02)


def test_a_loss_about_zero_is_measured_by_its_size() -> None:
    assert loss_spread([0.0, 0.0, 0.0, 0.0, -1.0, 1.0]) == pytest.approx(np.sqrt(2))


def test_variety() -> None:
    images = np.zeros((3, 4, 4), np.uint8)
    assert pixel_variety(images) == 0.0
    images[1] = 255
    assert pixel_variety(images) == pytest.approx(170.0)
    with pytest.raises(UsageError, match=r"^1 image has no variety"):
        pixel_variety(images[:1])
