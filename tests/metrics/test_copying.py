"""The three-sample test for copying: by hand, and on generators that copy, learn, or fail."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, mannwhitneyu

from feraug.errors import UsageError
from feraug.metrics.copying import copying_test


def points(seed: int, count: int, d: int = 4) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, d))


def test_by_hand() -> None:
    # Distances to the one training point: held out 1, 2, 3, made 20 times 1.5.
    train, held_out = np.zeros((1, 1)), np.array([[1.0], [-2.0], [3.0]])
    made = np.full((20, 1), 1.5)
    # U, the pairs in which made is farther: 20 of 60.  Ties of 20 reduce the spread.
    spread = 60 / 12 * (24 - (20**3 - 20) / (23 * 22))
    result = copying_test(train, held_out, made)
    assert result.statistic == pytest.approx((20 - 30) / np.sqrt(spread))
    assert result.cells == 1


def test_one_cell_as_scipy_has_it() -> None:
    train, held_out, made = points(0, 300), points(1, 80), points(2, 90) * 0.9
    nearest = [np.linalg.norm(x[:, None] - train[None], axis=2).min(1) for x in (made, held_out)]
    expected = mannwhitneyu(*nearest, alternative="less", method="asymptotic", use_continuity=False)
    assert copying_test(train, held_out, made).p_value == pytest.approx(expected.pvalue)


def test_a_copier_is_found_and_the_truth_is_not_accused() -> None:
    train, held_out = points(0, 500), points(1, 300)
    noise = np.random.default_rng(2).normal(size=(300, 4))
    copies = train[:300] + 0.05 * noise
    for cells in (1, 5):
        assert copying_test(train, held_out, copies, cells=cells).statistic < -5
        assert copying_test(train, held_out, copies, cells=cells).p_value < 1e-6
        assert copying_test(train, held_out, train[:300], cells=cells).p_value < 1e-6
        honest = copying_test(train, held_out, points(3, 300), cells=cells)
        assert abs(honest.statistic) < 3
        assert copying_test(train, held_out, 5 + noise, cells=1).statistic > 5  # far from everything


def test_copying_in_one_region_needs_cells() -> None:
    """Half of the space is copied, in the other half samples are too far away: on the whole it balances."""
    random = np.random.default_rng(0)
    shift = np.array([50.0, 0, 0, 0])
    train, held_out = (np.concatenate([points(s, 300), points(s + 1, 300) + shift]) for s in (10, 20))
    copied = train[:300] + 0.02 * random.normal(size=(300, 4))
    far = points(31, 300) * 2 + shift
    made = np.concatenate([copied, far])
    whole = copying_test(train, held_out, made, cells=1)
    parts = copying_test(train, held_out[:300], made[:300], cells=1)
    assert parts.statistic < -10 < whole.statistic


def test_p_values_of_the_truth_are_uniform() -> None:
    # The training set is one sample; averaged over many, p is uniform.
    values = [
        copying_test(
            points(3 * s, 100), points(3 * s + 1, 40), points(3 * s + 2, 60), cells=2, seed=s
        ).p_value
        for s in range(150)
    ]
    assert kstest(values, "uniform").pvalue > 0.01


def test_seeds_repeat_and_small_cells_are_left_out() -> None:
    train, held_out, made = points(0, 200), points(1, 100), points(2, 100)
    assert copying_test(train, held_out, made, cells=4) == copying_test(train, held_out, made, cells=4)
    with pytest.raises(UsageError, match="fewer cells"):
        copying_test(train, held_out, made[:19])
    assert copying_test(train, held_out, made[:20]).cells == 1


def test_one_point_is_told_as_one() -> None:
    with pytest.raises(UsageError, match=r"^2 cells for 1 training point$"):
        copying_test(points(0, 1), points(1, 9), points(2, 30), cells=2)


@pytest.mark.parametrize("cells", [0, 201])
def test_what_cannot_be_tested(cells: int) -> None:
    with pytest.raises(UsageError, match="cells"):
        copying_test(points(0, 200), points(1, 9), points(2, 30), cells=cells)
    with pytest.raises(UsageError, match="features"):
        copying_test(points(0, 200), points(1, 9, d=3), points(2, 30))
    with pytest.raises(UsageError, match="features"):
        copying_test(np.zeros(4), np.zeros(4), np.zeros(4))


def test_cells_count_by_their_held_out_points_wherever_k_means_begins() -> None:
    far = np.array([100.0, 0, 0, 0])
    train = [points(0, 50), points(1, 50) + far]
    held_out = [points(2, 30), points(3, 90) + far]
    made = [points(4, 80) * 0.8, points(5, 25) * 1.3 + far]
    one, other = (copying_test(*cell).statistic for cell in zip(train, held_out, made, strict=True))
    assert abs(one - other) > 1
    for seed in range(8):  # some of them begin with both centres on one side
        found = copying_test(*map(np.concatenate, (train, held_out, made)), cells=2, seed=seed)
        assert found.cells == 2
        assert found.statistic == pytest.approx((30 * one + 90 * other) / 120)


def test_another_seed_cuts_other_cells() -> None:
    train, held_out, made = points(0, 300), points(1, 200), points(2, 300)
    found = {copying_test(train, held_out, made, cells=4, seed=seed).statistic for seed in range(3)}
    assert len(found) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", range(3))
def test_features_that_are_no_numbers_are_refused(place: int, value: float) -> None:
    samples = [np.random.default_rng(seed).normal(size=(40, 3)) for seed in range(3)]
    copying_test(samples[0], samples[1], samples[2])
    samples[place][5, 1] = value
    with pytest.raises(UsageError, match="finite"):
        copying_test(samples[0], samples[1], samples[2])
