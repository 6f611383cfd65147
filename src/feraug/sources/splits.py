"""Stratified splits and folds for sources that come without: image by image, or by groups of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import SPLITS
from feraug.errors import UsageError

DEFAULT_SHARES: Final = (0.8, 0.1, 0.1)
"""Shares of train, validation and test: FER2013's own, to the image."""

_GROUPS: Final = 1000
"""Stream of the random numbers that order groups of like size."""


def stratified_split(
    labels: NDArray[np.uint8], *, seed: int, shares: Sequence[float] = DEFAULT_SHARES
) -> NDArray[np.uint8]:
    """Draw a split code (of ``SPLITS``) for each label: uint8 (N,) for ``labels`` uint8 (N,).

    Each class is divided by itself, so that every split has the classes in the same proportions: exact
    numbers by the largest remainder (:func:`apportion`), which images go where by ``seed``.  A class is
    drawn independently of the others: more images of one do not move those of another.

    Raises :class:`UsageError` for a negative seed and for shares that are not three that sum to one.
    """
    _check_seed(seed)
    apportion(0, shares)
    split = np.zeros(len(labels), np.uint8)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        codes = np.repeat(np.arange(len(SPLITS), dtype=np.uint8), apportion(len(rows), shares))
        # PCG64 by name: numpy may change what default_rng() stands for
        draw = np.random.Generator(np.random.PCG64([seed, int(label)]))
        split[rows[draw.permutation(len(rows))]] = codes
    return split


def stratified_folds(labels: NDArray[np.uint8], *, seed: int, folds: int) -> NDArray[np.uint8]:
    """Draw a fold, from 0 on, for each label: uint8 (N,) for ``labels`` uint8 (N,).

    Each class is dealt out by itself, in an order drawn by ``seed``, and the next begins with the fold after
    its last: the images of a class differ by one at most between folds, and so do all.

    Raises :class:`UsageError` for a negative seed.
    """
    _check_seed(seed)
    fold, dealt = np.zeros(len(labels), np.uint8), 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        draw = np.random.Generator(np.random.PCG64([seed, int(label)]))
        fold[rows[draw.permutation(len(rows))]] = (dealt + np.arange(len(rows))) % folds
        dealt += len(rows)
    return fold


def grouped_split(
    labels: NDArray[np.uint8],
    groups: NDArray[np.integer],
    *,
    seed: int,
    shares: Sequence[float] = DEFAULT_SHARES,
) -> NDArray[np.uint8]:
    """Draw split codes uint8 (N,) for ``labels`` uint8 (N,), all images of one of ``groups`` (N,) alike.

    ``shares`` may be of any number of parts, such as those of equal folds, whose places are then the codes.

    For groups of many images, such as people.  Large groups first, those of up to twice the size by ``seed``,
    each goes where it brings every class nearest to its ``shares``: the sum, over splits and classes, of the
    squared distance of the share there from the one that is due, over the latter, becomes least (a greedy
    heuristic as that of scikit-learn's StratifiedGroupKFold, for parts of different sizes).  Every split
    that has a share gets a group, where there are enough.  Shares are met roughly where groups are few or
    large.

    Raises :class:`UsageError` for a negative seed and for shares that do not sum to one.
    """
    _check_seed(seed)
    _check_sum(shares)
    classes, of_class = np.unique(labels, return_inverse=True)
    names, of_group = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (of_group, of_class), 1)
    due, held = np.array(shares)[:, None], np.zeros((len(shares), len(classes)))
    given = np.flatnonzero(due[:, 0] > 0)
    part = counts / counts.sum(0)  # of each class
    # PCG64 by name, with a stream of its own: those of stratified_split are the classes
    mixed = np.random.Generator(np.random.PCG64([seed, _GROUPS])).permutation(len(names))
    doublings = np.floor(np.log2(counts[mixed].sum(1)))
    split_of = np.zeros(len(names), np.uint8)
    for place, group in enumerate(mixed[np.argsort(-doublings, kind="stable")]):
        left = len(names) - place
        empty = given[held[given].sum(1) == 0]
        open_ = empty if left <= len(empty) else given
        lacking = due[open_] - held[open_]
        growth = ((lacking - part[group]) ** 2 - lacking**2) / due[open_]
        # Rounded, so that floating point breaks no ties: the earlier part takes them.
        split_of[group] = open_[int(np.argmin(growth.sum(1).round(9)))]
        held[split_of[group]] += part[group]
    return split_of[of_group]


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise UsageError(f"a seed is a whole number from 0 on; got {seed}")


def _check_sum(shares: Sequence[float]) -> None:
    if not math.isclose(math.fsum(shares), 1, abs_tol=1e-6):
        raise UsageError(f"shares must sum to 1; {list(shares)} do not")


def apportion(total: int, shares: Sequence[float] = DEFAULT_SHARES) -> list[int]:
    """``total`` things in three parts by ``shares``: largest remainder, ties to the earlier part.

    A part with a share above zero gets at least one thing where there are enough to go round (from three
    on); the largest part gives it.  Raises :class:`UsageError` for shares that make no sense.
    """
    if len(shares) != len(SPLITS) or not all(0 <= share <= 1 for share in shares):
        raise UsageError(f"shares are three numbers 0-1 for {', '.join(SPLITS)}; got {list(shares)}")
    _check_sum(shares)
    # Rounded, so that floating point breaks no ties: 0.7 * 45 is a little less than 31.5.
    exact = [round(total * share, 6) for share in shares]
    parts = [math.floor(number) for number in exact]
    by_remainder = sorted(range(len(parts)), key=lambda part: (parts[part] - exact[part], part))
    for part in by_remainder[: total - sum(parts)]:
        parts[part] += 1
    if total >= len(parts):
        for part, share in enumerate(shares):
            if share > 0 and parts[part] == 0:
                parts[parts.index(max(parts))] -= 1
                parts[part] = 1
    return parts
