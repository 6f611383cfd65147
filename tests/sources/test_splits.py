"""The stratified split: exact numbers, a class by itself, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feraug.errors import UsageError
from feraug.sources.splits import apportion, stratified_split

SIZES = [4953, 547, 5121, 8989, 6077, 4002, 6198]
FER2013_CODES = np.random.default_rng(3).permutation(np.repeat(np.arange(7, dtype=np.uint8), SIZES))


def test_every_class_is_divided_by_the_largest_remainder() -> None:
    split = stratified_split(FER2013_CODES, seed=0)
    assert split.dtype == np.uint8 and split.shape == FER2013_CODES.shape
    for label, size in enumerate(SIZES):
        counts = np.bincount(split[np.equal(FER2013_CODES, label)], minlength=3)
        assert counts.sum() == size
        assert np.abs(counts - size * np.array([0.8, 0.1, 0.1])).max() < 1
    # 547 by 8:1:1 is 437.6, 54.7, 54.7: two left over for the two largest remainders
    assert np.bincount(split[FER2013_CODES == 1]).tolist() == [437, 55, 55]


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (0, [0, 0, 0]),
        (1, [1, 0, 0]),
        (2, [2, 0, 0]),
        (3, [1, 1, 1]),
        (4, [2, 1, 1]),
        (5, [3, 1, 1]),
        (10, [8, 1, 1]),
        (11, [9, 1, 1]),
        (14, [11, 2, 1]),
        (30, [24, 3, 3]),
        (1000, [800, 100, 100]),
    ],
)
def test_small_classes(total: int, parts: list[int]) -> None:
    assert apportion(total) == parts


def test_floating_point_breaks_no_tie() -> None:
    assert 0.7 * 45 < 31.5
    assert apportion(45, (0.7, 0.2, 0.1)) == [32, 9, 4]  # 31.5, 9, 4.5: the earlier part wins


@given(st.integers(0, 10_000), st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any))
def test_apportion(total: int, weights: list[int]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    parts = apportion(total, shares)
    assert sum(parts) == total and min(parts) >= 0
    for part, share in zip(parts, shares, strict=True):
        assert share > 0 or part == 0
        if total >= 3 and share > 0:
            assert part >= 1
        if all(total * share >= 1 for share in shares if share):  # nothing had to be raised to one
            assert abs(part - total * share) < 1 + 1e-4


@given(st.lists(st.integers(0, 6), max_size=200), st.integers(0, 2**40))
def test_classes_of_three_or_more_are_in_every_split(labels: list[int], seed: int) -> None:
    array = np.array(labels, np.uint8)
    split = stratified_split(array, seed=seed)
    for label in range(7):
        counts = np.bincount(split[array == label], minlength=3)
        assert counts.tolist() == apportion(labels.count(label))


def test_seeds() -> None:
    again = stratified_split(FER2013_CODES.copy(), seed=7)
    np.testing.assert_array_equal(stratified_split(FER2013_CODES, seed=7), again)
    assert (stratified_split(FER2013_CODES, seed=8) != again).mean() > 0.2
    # drawn at random: no part of the file is favoured
    halves = again.reshape(-1)[: len(again) // 2 * 2].reshape(2, -1)
    assert abs((halves[0] == 0).mean() - (halves[1] == 0).mean()) < 0.02


def test_the_stream_is_the_same_on_every_machine() -> None:
    """Frozen: another split for the same seed would move images from test to train between versions."""
    split = stratified_split(np.array([0] * 10 + [1] * 5, np.uint8), seed=0)
    assert split.tolist() == [0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 0, 0]


def test_a_class_is_drawn_independently_of_the_others() -> None:
    more = np.concatenate([FER2013_CODES, np.full(100, 6, np.uint8)])
    kept = np.not_equal(FER2013_CODES, 6)
    before, after = (
        stratified_split(FER2013_CODES, seed=1),
        stratified_split(more, seed=1)[: len(FER2013_CODES)],
    )
    np.testing.assert_array_equal(before[kept], after[kept])


@pytest.mark.parametrize("shares", [(0.8, 0.1), (0.8, 0.1, 0.2), (1.1, -0.1, 0.0), (float("nan"), 0.5, 0.5)])
def test_shares_that_make_no_sense(shares: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="shares"):
        stratified_split(FER2013_CODES, seed=0, shares=shares)


def test_shares_of_zero_and_negative_seeds() -> None:
    assert (stratified_split(FER2013_CODES, seed=0, shares=(1, 0, 0)) == 0).all()
    assert set(stratified_split(FER2013_CODES, seed=0, shares=(0.5, 0, 0.5)).tolist()) == {0, 2}
    with pytest.raises(UsageError, match="a seed is a whole number from 0 on; got -1"):
        stratified_split(FER2013_CODES, seed=-1)
