"""Stratified splits: exact numbers, a class by itself, groups whole, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feraug.errors import UsageError
from feraug.sources.splits import (
    DEFAULT_SHARES,
    apportion,
    grouped_split,
    stratified_folds,
    stratified_split,
)

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


@pytest.mark.parametrize(
    ("people", "in_each"),
    [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (4, [2, 1, 1]), (10, [8, 1, 1]), (40, [32, 4, 4])],
)
def test_people_of_as_many_pictures(people: int, in_each: list[int]) -> None:
    labels = np.tile(np.arange(7, dtype=np.uint8), people)
    groups = np.repeat(np.arange(people), 7)
    split = grouped_split(labels, groups, seed=0)
    assert split.dtype == np.uint8 and split.shape == labels.shape
    assert np.bincount(split[::7], minlength=3).tolist() == in_each
    np.testing.assert_array_equal(split, np.repeat(split[::7], 7))


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=120), st.integers(0, 9)
)
def test_a_group_is_in_one_split_and_no_split_is_empty(images: list[tuple[int, int]], seed: int) -> None:
    labels, groups = (np.array(column, np.int64) for column in zip(*images, strict=True))
    split = grouped_split(labels.astype(np.uint8), groups, seed=seed)
    homes = [set(split[groups == group].tolist()) for group in np.unique(groups)]
    assert all(len(home) == 1 for home in homes)
    assert len(set().union(*homes)) == min(len(homes), 3)


def test_classes_of_uneven_groups_are_shared_out_as_evenly_as_they_allow() -> None:
    random = np.random.default_rng(5)
    sizes = random.integers(1, 40, 150)
    groups = np.repeat(np.arange(150), sizes)
    labels = random.choice(7, len(groups), p=[0.15, 0.02, 0.14, 0.25, 0.17, 0.11, 0.16]).astype(np.uint8)
    split = grouped_split(labels, groups, seed=0)
    totals = np.bincount(labels, minlength=7)
    off = [
        np.bincount(labels[split == code], minlength=7) / totals - share
        for code, share in enumerate(DEFAULT_SHARES)
    ]
    assert np.abs(off).max() < 0.01, "of 58 disgusted faces, one is 0.017"
    at_random = stratified_split(np.zeros(150, np.uint8), seed=0)[groups]
    worse = np.bincount(labels[at_random == 2], minlength=7) / totals - 0.1
    assert np.abs(worse).max() > 0.03
    mean = [sizes[np.unique(groups[split == code])].mean() for code in range(3)]
    assert min(mean) > 0.7 * max(mean), "no split is made of the people with few pictures"


def test_groups_of_all_sizes_go_by_the_seed() -> None:
    groups = np.repeat(np.arange(30), np.arange(10, 40))
    labels = (np.arange(len(groups)) % 7).astype(np.uint8)
    tried = {grouped_split(labels, groups, seed=seed).tobytes() for seed in range(4)}
    assert len(tried) == 4


def test_groups_by_seed_and_by_shares() -> None:
    labels, groups = FER2013_CODES[:3000], np.arange(3000) // 10
    split = grouped_split(labels, groups, seed=1)
    np.testing.assert_array_equal(grouped_split(labels, groups + 7, seed=1), split)
    assert (grouped_split(labels, groups, seed=2) != split).mean() > 0.2
    assert set(grouped_split(labels, groups, seed=0, shares=(0.9, 0.1, 0.0)).tolist()) == {0, 1}
    with pytest.raises(UsageError, match="a seed is a whole number"):
        grouped_split(labels, groups, seed=-1)
    with pytest.raises(UsageError, match="must sum to 1"):
        grouped_split(labels, groups, seed=0, shares=(0.9, 0.1, 0.1))
    # frozen, as that of single images
    one_class = np.zeros(10, np.uint8)
    assert grouped_split(one_class, np.arange(10), seed=0).tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 2]


@pytest.mark.parametrize("folds", [3, 10])
def test_folds_share_every_class_and_the_whole_evenly(folds: int) -> None:
    fold = stratified_folds(FER2013_CODES, seed=0, folds=folds)
    assert fold.dtype == np.uint8 and fold.shape == FER2013_CODES.shape
    for rows in (*(np.equal(FER2013_CODES, label) for label in range(7)), np.ones(len(fold), bool)):
        counts = np.bincount(fold[rows], minlength=folds)
        assert len(counts) == folds and counts.max() - counts.min() <= 1
    again = stratified_folds(FER2013_CODES.copy(), seed=0, folds=folds)
    np.testing.assert_array_equal(again, fold)
    assert (stratified_folds(FER2013_CODES, seed=1, folds=folds) != fold).mean() > 0.5
    assert abs(fold[: len(fold) // 2].mean() - fold[len(fold) // 2 :].mean()) < 0.1, "drawn at random"


def test_folds_are_the_same_on_every_machine() -> None:
    """Frozen, as splits are: the folds of two versions must not be put together otherwise."""
    fold = stratified_folds(np.array([0] * 10 + [1] * 5, np.uint8), seed=0, folds=3)
    assert fold.tolist() == [1, 0, 2, 1, 0, 2, 1, 0, 2, 0, 1, 1, 2, 0, 2]
    with pytest.raises(UsageError, match="a seed is a whole number"):
        stratified_folds(fold, seed=-1, folds=3)


def test_people_in_folds() -> None:
    sizes = np.random.default_rng(5).integers(5, 20, 60)
    groups = np.repeat(np.arange(60), sizes)
    labels = (np.arange(len(groups)) % 7).astype(np.uint8)
    fold = grouped_split(labels, groups, seed=0, shares=[0.2] * 5)
    assert all(len(set(fold[groups == group].tolist())) == 1 for group in range(60))
    shares = np.bincount(fold, minlength=5) / len(fold)
    assert len(shares) == 5 and np.abs(shares - 0.2).max() < 0.02
    assert (
        sorted(np.bincount(grouped_split(labels[:70], np.arange(70) // 7, seed=0, shares=[0.1] * 10)))
        == [7] * 10
    ), "ten people in ten folds: one in each"
