"""Splits that ``prepare`` draws: for sources without any, and a validation split out of ``train``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import PrepareConfig
from feraug.emotions import SPLITS
from feraug.errors import UsageError
from feraug.metrics.near_copies import linked_copies
from feraug.sources.records import NO_SPLIT
from feraug.sources.splits import DEFAULT_SHARES, stratified_split
from feraug.words import plural
from feraug.workflows.audit import TRAIN, RowFacts
from feraug.workflows.events import Note, Notify, Progress

_LARGEST: Final = 0.05
"""Share of the images that a group of near copies may have: more in one split would leave others short."""


def complete_split(
    rows: RowFacts, images: NDArray[np.uint8], config: PrepareConfig, *, drawn: bool, notify: Notify
) -> NDArray[np.uint8]:
    """The splits of all rows, uint8 (N,), drawn where the source names none; copies stay together.

    Copies are identical images and, where ``config`` has them looked for, near copies, also by a chain.
    Blank images are none: they may be many, and would take a split with them.  ``drawn`` faces are different
    people.  Raises :class:`UsageError` for a ``validation_share`` that has no place.
    """
    missing, share = rows.split == NO_SPLIT, config.validation_share
    if missing.any():
        if share:
            raise UsageError("--validation-share: the source has no split, so all three are drawn (80/10/10)")
        if not drawn:
            notify(Note(_told(config)))
        together = _copies(rows, missing, images, config, drawn=drawn, notify=notify)
        split = _drawn(rows, missing, together, config.seed, DEFAULT_SHARES)
        return _beside_the_given(rows, missing, together, split)
    if share:
        if there := int(np.count_nonzero(rows.split == SPLITS.index("validation"))):
            held = plural(there, "validation image")
            raise UsageError(f"--validation-share: the source has {held}; leave it out")
        train = rows.split == TRAIN
        together = _copies(rows, train, images, config, drawn=drawn, notify=notify)
        return _drawn(rows, train, together, config.seed, (1.0 - share, share, 0.0))
    return rows.split


def _told(config: PrepareConfig) -> str:
    what = "copies and near copies" if config.near_copies else "identical ones"
    return (
        f"the source has no split: 80/10/10 at random, picture by picture ({what} together); where a person "
        "or a video has several pictures, make the folders train, validation and test yourself, or the test "
        "is of people in train"
    )


def _copies(
    rows: RowFacts,
    where: NDArray[np.bool_],
    images: NDArray[np.uint8],
    config: PrepareConfig,
    *,
    drawn: bool,
    notify: Notify,
) -> NDArray[np.int64]:
    """A number alike for copies among the rows ``where``, -1 for rows without, int64 (N,)."""
    exact = _identical(rows)
    if drawn or not config.near_copies:
        return exact
    found = linked_copies(
        images,
        [np.flatnonzero(where)],
        exact,
        progress=lambda done, total: notify(Progress("copies, for the split", done, total, "images")),
    ).astype(np.int64)
    largest = int(np.bincount(found[found >= 0]).max(initial=0))
    if largest <= max(2, _LARGEST * np.count_nonzero(where)):
        return found
    notify(
        Note(
            f"{largest:,} images are near copies of one another by a chain, too many for one split: only "
            "identical images stay together, and the audit counts the near copies between the splits"
        )
    )
    return exact


def _identical(rows: RowFacts) -> NDArray[np.int64]:
    """The number of the group of identical images, -1 for images without and for blank ones, int64 (N,)."""
    return np.where(rows.blank, -1, rows.audit().group.astype(np.int64))


def _drawn(
    rows: RowFacts, where: NDArray[np.bool_], together: NDArray[np.int64], seed: int, shares: Sequence[float]
) -> NDArray[np.uint8]:
    """The splits (N,), those of the rows ``where`` drawn anew: of a group the first, which others join."""
    first, place = _units(where, together)
    order = np.argsort(first)  # the draw goes through the units as their first images stand
    of_unit = np.empty(len(first), np.uint8)
    of_unit[order] = stratified_split(rows.labels[where][first[order]], seed=seed, shares=shares)
    split = rows.split.copy()
    split[where] = of_unit[place]
    return split


def _beside_the_given(
    rows: RowFacts, missing: NDArray[np.bool_], together: NDArray[np.int64], split: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The splits (N,), a group moved to the split in which the source itself has an identical image."""
    exact = _identical(rows)
    given, row = np.unique(exact[~missing], return_index=True)
    place = _units(missing, together)[1]
    of_rows = {int(group): int(rows.split[~missing][at]) for group, at in zip(given, row, strict=True)}
    of_unit = {
        int(unit): of_rows[int(group)]
        for unit, group in zip(place, exact[missing], strict=True)
        if group >= 0 and int(group) in of_rows
    }
    split = split.copy()
    split[missing] = [of_unit.get(int(unit), code) for unit, code in zip(place, split[missing], strict=True)]
    return split


def _units(where: NDArray[np.bool_], together: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Groups and single images among the rows ``where`` (n,): the first of each, and which a row is of."""
    alone = np.arange(len(together)) + int(together.max(initial=0)) + 1
    unit = np.where(together < 0, alone, together)[where]
    _, first, place = np.unique(unit, return_index=True, return_inverse=True)
    return first, place
