"""Figures over subsamples, beside the floor that real images have."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from feraug.errors import UsageError
from feraug.metrics.distribution import frechet_distance
from feraug.metrics.intervals import against_floor, mean_interval, share_interval


def gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(a.mean() - b.mean()))


def test_made_images_of_the_same_kind_lie_at_the_floor() -> None:
    random = np.random.default_rng(0)
    real, made = random.normal(size=(600, 5)), random.normal(size=(400, 5))
    found = against_floor(frechet_distance, real, made)
    assert found.size == 150  # half of what two disjoint real samples and the made ones allow
    assert found.made.low < found.floor.high and found.floor.low < found.made.high
    assert found.floor.low <= found.floor.mean <= found.floor.high
    assert (
        found.floor.mean > 0.05
    )  # 0 would be the truth: a small sample's bias, which is why there is a floor
    far = against_floor(frechet_distance, real, made + 1.0)
    assert far.made.low > far.floor.high


def test_the_samples_are_disjoint_and_of_one_size() -> None:
    seen = []

    def spy(a: np.ndarray, b: np.ndarray) -> float:
        seen.append((a, b))
        return 0.0

    real, made = np.arange(100), np.arange(1000, 1050)
    against_floor(spy, real, made, size=50, repeats=3)
    for number, (a, b) in enumerate(seen):
        assert len(set(a)) == len(set(b)) == 50
        assert (set(b) <= set(made)) == (number % 2 == 0)
        assert not set(a) & set(b) and set(a) <= set(real)
    assert len(seen) == 6


def test_the_interval_covers_the_scatter_of_the_whole() -> None:
    """Over many data sets, the figure of the whole scatters about as the intervals are wide."""
    wholes, widths = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        real, made = random.normal(size=400), random.normal(1.0, 1.0, size=200)
        found = against_floor(gap, real, made, repeats=40, seed=seed)
        widths.append(found.made.high - found.made.low)
        wholes.append(gap(real[:200], made))
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(wholes), rel=0.5)


def test_seeds_repeat() -> None:
    random = np.random.default_rng(1)
    real, made = random.normal(size=(80, 2)), random.normal(size=(60, 2))
    assert against_floor(gap, real, made, seed=3) == against_floor(gap, real, made, seed=3)
    assert against_floor(gap, real, made, seed=3) != against_floor(gap, real, made, seed=4)


@pytest.mark.parametrize(
    ("real", "made", "size", "repeats"),
    [(1, 9, None, 5), (9, 1, None, 5), (9, 9, 5, 5), (9, 9, 0, 5), (9, 9, 2, 0)],
)
def test_too_small(real: int, made: int, size: int | None, repeats: int) -> None:
    with pytest.raises(UsageError):
        against_floor(gap, np.zeros(real), np.zeros(made), size=size, repeats=repeats)


def test_one_made_image_is_told_as_one() -> None:
    with pytest.raises(
        UsageError, match=r"^subsamples of 2 from 9 real and 1 made image: 1 to 1 is possible$"
    ):
        against_floor(gap, np.zeros(9), np.zeros(1), size=2)


def test_shares_by_wilson() -> None:
    from scipy.stats import binomtest

    for hits, of in ((0, 10), (10, 10), (3, 7), (500, 1000)):
        found = share_interval(np.arange(of) < hits)
        expected = binomtest(hits, of).proportion_ci(method="wilson")
        assert found.mean == hits / of
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert share_interval(np.ones(1, bool)).as_json() == {"mean": 1.0, "low": 0.206549, "high": 1.0}


@pytest.mark.parametrize("count", [2, 3, 20])
def test_means_by_student_s_t(count: int) -> None:
    values = np.random.default_rng(count).normal(3.0, 2.0, count)
    found = mean_interval(values, -np.inf, np.inf)
    low, high = scipy.stats.t.interval(0.95, count - 1, values.mean(), scipy.stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((values.mean(), low, high))
    close = mean_interval(values, found.mean - 0.01, found.mean + 0.01)
    assert (close.low, close.high) == pytest.approx((found.mean - 0.01, found.mean + 0.01))


def test_the_mean_of_one_value_may_be_anything() -> None:
    assert mean_interval(np.array([4.0]), 0.0, 255.0).as_json() == {"mean": 4.0, "low": 0.0, "high": 255.0}


def test_the_interval_holds_95_of_100_subsamples() -> None:
    values = iter(range(2 * 41))  # made images have 0, 2, ... 80, real ones 1, 3, ... 81
    found = against_floor(lambda a, b: next(values), np.zeros(8), np.zeros(8), repeats=41)
    assert vars(found.made) == pytest.approx({"mean": 40.0, "low": 2.0, "high": 78.0})
    assert vars(found.floor) == pytest.approx({"mean": 41.0, "low": 3.0, "high": 79.0})
