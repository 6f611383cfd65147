"""Splits that ``prepare`` draws: for sources without any, and a validation split out of ``train``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from feraug.config import PrepareConfig, parse_fold
from feraug.emotions import SPLITS
from feraug.errors import UsageError
from feraug.metrics.groups import joined
from feraug.metrics.near_copies import linked_copies
from feraug.sources.records import NO_SPLIT
from feraug.sources.splits import DEFAULT_SHARES, grouped_split, stratified_folds, stratified_split
from feraug.words import plural
from feraug.workflows.audit import TRAIN, RowFacts
from feraug.workflows.events import Note, Notify, Progress

_LARGEST: Final = 0.05
"""Share of the images that a group of near copies may have: more in one split would leave others short."""

_MOST: Final = 0.5
"""Share of the images that people with identical ones in common may have."""

_FEW: Final = 8
"""So many may be in one group however few images there are."""

FaceReader = Callable[[], NDArray[np.uint8]]
"""Reads all images (N, 48, 48), where they are needed."""

Codes = NDArray[np.uint8]


class _Draw(Protocol):
    """How splits are drawn, into so many parts: a code for each label, or one for all of a group."""

    @property
    def parts(self) -> int: ...

    def of_each(self, labels: Codes) -> Codes: ...

    def of_groups(self, labels: Codes, groups: NDArray[np.int64]) -> Codes: ...


@dataclass(frozen=True)
class _ByShares:
    """Each split takes its share of every emotion."""

    seed: int
    shares: Sequence[float]

    @property
    def parts(self) -> int:
        return sum(share > 0 for share in self.shares)

    def of_each(self, labels: Codes) -> Codes:
        return stratified_split(labels, seed=self.seed, shares=self.shares)

    def of_groups(self, labels: Codes, groups: NDArray[np.int64]) -> Codes:
        return grouped_split(labels, groups, seed=self.seed, shares=self.shares)


@dataclass(frozen=True)
class _ByFold:
    """Of ``parts`` folds, the same for all, the one of this ``number`` is test, the next validation."""

    seed: int
    number: int
    parts: int

    def of_each(self, labels: Codes) -> Codes:
        return self._split_of_fold()[stratified_folds(labels, seed=self.seed, folds=self.parts)]

    def of_groups(self, labels: Codes, groups: NDArray[np.int64]) -> Codes:
        shares = [1 / self.parts] * self.parts
        return self._split_of_fold()[grouped_split(labels, groups, seed=self.seed, shares=shares)]

    def _split_of_fold(self) -> Codes:
        codes = np.full(self.parts, TRAIN, np.uint8)
        codes[self.number - 1] = SPLITS.index("test")
        codes[self.number % self.parts] = SPLITS.index("validation")
        return codes


def complete_split(
    rows: RowFacts,
    images: FaceReader,
    config: PrepareConfig,
    *,
    strata: NDArray[np.uint8],
    drawn: bool,
    notify: Notify,
) -> NDArray[np.uint8]:
    """The splits of all rows, uint8 (N,), drawn where the source names none; copies stay together.

    Copies are identical images and, where ``config`` has them looked for, near copies, also by a chain.
    Blank images are none: they may be many, and would take a split with them.  ``strata`` (N,) are the labels
    by which the draw is stratified.  Where ``rows`` tell people apart, each stays in one split.  ``drawn``
    faces, which are all different, need no word about people.

    Raises :class:`UsageError` for a ``fold``, ``validation_share`` or ``test_share`` that has no place, and
    for two shares that leave nothing to train on.
    """
    missing, given = rows.split == NO_SPLIT, (config.validation_share, config.test_share)
    if fold := parse_fold(config.fold):
        if not missing.all():
            raise UsageError(
                "--fold: the source has splits of its own; give pictures in emotion folders alone, without "
                "train and test, or a CSV without Usage"
            )
        notify(Note(_told_fold(rows, config, *fold)))
        together = _copies(rows, missing, images, config, notify)
        return _drawn(rows, strata, missing, together, _ByFold(config.seed, *fold), notify)
    if missing.any():
        shares = _shares(*(share or usual for share, usual in zip(given, DEFAULT_SHARES[1:], strict=True)))
        if not drawn:
            notify(Note(_told(rows, config, shares)))
        together = _copies(rows, missing, images, config, notify)
        return _drawn(rows, strata, missing, together, _ByShares(config.seed, shares), notify)
    if any(given):
        _refuse_held(rows, config)
        shares = _shares(*given)
        if not config.person and not drawn:
            what = " and ".join(name for name, share in zip(SPLITS[1:], given, strict=True) if share)
            verb = "are" if all(given) else "is"
            notify(Note(f"{what} {verb} drawn from train picture by picture; {_several(rows)}"))
        train = rows.split == TRAIN
        together = _copies(rows, train, images, config, notify)
        return _drawn(rows, strata, train, together, _ByShares(config.seed, shares), notify)
    return rows.split


def _shares(validation: float, test: float) -> tuple[float, float, float]:
    """Those of train, validation and test."""
    train = round(1.0 - validation - test, 9)  # 0.8, not 0.7999…
    if train <= 0.0:
        raise UsageError(
            f"--validation-share, --test-share: {validation:g} and {test:g} leave nothing to train on"
        )
    return train, validation, test


def _refuse_held(rows: RowFacts, config: PrepareConfig) -> None:
    """Raise where the source has images of a split that is to be drawn out of ``train``."""
    validation, test = (int(np.count_nonzero(rows.split == SPLITS.index(name))) for name in SPLITS[1:])
    if config.validation_share and validation:
        held = plural(validation, "validation image")
        way = "; leave it out" if test else " and no test image; call those 'test', or leave it out"
        raise UsageError(f"--validation-share: the source has {held}{way}")
    if config.test_share and test:
        raise UsageError(f"--test-share: the source has {plural(test, 'test image')}; leave it out")


def beyond_share(
    labels: NDArray[np.uint8], split: NDArray[np.uint8], share: float, seed: int
) -> NDArray[np.bool_]:
    """Training rows beyond a random ``share`` of each emotion: bool (N,) for ``labels`` and ``split`` (N,).

    A smaller share of the same rows and seed lies within a larger one.
    """
    train = np.flatnonzero(split == TRAIN)
    beyond = np.zeros(len(labels), bool)
    beyond[train] = stratified_split(labels[train], seed=seed, shares=(share, 1.0 - share, 0.0)) != 0
    return beyond


def _told(rows: RowFacts, config: PrepareConfig, shares: Sequence[float]) -> str:
    parts = "/".join(f"{100 * share:g}" for share in shares)
    if config.person:
        return (
            f"the source has no split: {parts} of each emotion, person by person, as nearly as placing large "
            "ones first gets"
        )
    return f"the source has no split: {parts} at random, {_one_by_one(rows, config)}"


def _told_fold(rows: RowFacts, config: PrepareConfig, number: int, count: int) -> str:
    how = (
        "person by person, as evenly as placing large ones first gets"
        if config.person
        else f"by emotion at random, {_one_by_one(rows, config)}"
    )
    return f"fold {number} of {count} is test, fold {number % count + 1} validation; drawn {how}"


def _one_by_one(rows: RowFacts, config: PrepareConfig) -> str:
    what = "copies and near copies" if config.near_copies else "identical ones"
    return f"picture by picture ({what} together); {_several(rows)}"


def _several(rows: RowFacts) -> str:
    """What people of several pictures mean for a draw, and how those stay together, if names tell."""
    way = "" if rows.names is None else " unless --person PATTERN keeps those together"
    return f"where a person or a video has several pictures, those drawn show people in train{way}"


def _copies(
    rows: RowFacts, where: NDArray[np.bool_], images: FaceReader, config: PrepareConfig, notify: Notify
) -> NDArray[np.int64]:
    """A number alike for copies among the rows ``where``, -1 for rows without, int64 (N,).

    Where people are told apart only identical ones: near copies of two people may fall into two splits, and
    the audit counts them.
    """
    exact = _identical(rows)
    if not config.near_copies or rows.person is not None:
        return exact
    found = linked_copies(
        images(),
        [np.flatnonzero(where)],
        exact,
        progress=lambda done, total: notify(Progress("copies, for the split", done, total, "images")),
    ).astype(np.int64)
    sizes = np.bincount(found[found >= 0], minlength=1)
    chained = (found >= 0) & (sizes[found] > max(_FEW, _LARGEST * np.count_nonzero(where)))
    numbers = np.where(exact < 0, -1, exact + len(found))  # other numbers than those that are found
    for group in np.unique(found[chained]):
        if len(np.unique(numbers[found == group])) == 1:  # all identical: they stay together
            chained &= found != group
    if chained.any():
        notify(
            Note(
                f"{np.count_nonzero(chained):,} images are near copies of one another by a chain, too many "
                "for one split: of these only identical ones stay together, and the audit counts the near "
                "copies between the splits"
            )
        )
    return np.where(chained, numbers, found)


def _identical(rows: RowFacts) -> NDArray[np.int64]:
    """The number of the group of identical images, -1 for images without and for blank ones, int64 (N,)."""
    return np.where(rows.blank, -1, rows.audit().group.astype(np.int64))


def _people(
    person: NDArray[np.int32], together: NDArray[np.int64], parts: int, notify: Notify
) -> NDArray[np.int64]:
    """What goes to one split: people, and those who share an identical image; a number alike for them (N,).

    Raises :class:`UsageError` for fewer people than ``parts``.
    """
    alone, units = joined(person), joined(together, person)
    people, left = len(np.unique(alone)), len(np.unique(units))
    if people < parts:
        what = "folds" if parts > len(SPLITS) else "splits"
        raise UsageError(
            f"--person: {plural(people, 'person', 'people')} for {parts} {what}; each takes one or more"
        )
    most, of_one = (np.bincount(each).max() / len(person) for each in (units, alone))
    if left < parts or most > _MOST >= of_one:  # a title card of a video, a placeholder of the web
        notify(
            Note(
                f"{people - left + 1} or more people have identical images in common, too many for one "
                "split: they are drawn apart, and the audit counts the copies between the splits"
            )
        )
        return alone
    return units


def _drawn(
    rows: RowFacts,
    strata: NDArray[np.uint8],
    where: NDArray[np.bool_],
    together: NDArray[np.int64],
    draw: _Draw,
    notify: Notify,
) -> NDArray[np.uint8]:
    """The splits (N,), those of the rows ``where`` drawn anew.

    Of a group the first row is drawn, which others join; people, of many rows each, are drawn as such.
    """
    split = rows.split.copy()
    if rows.person is not None:
        units = _people(rows.person[where], together[where], draw.parts, notify)
        split[where] = draw.of_groups(strata[where], units)
        return split
    alone = np.arange(len(together)) + int(together.max(initial=0)) + 1
    unit = np.where(together < 0, alone, together)[where]
    _, first, place = np.unique(unit, return_index=True, return_inverse=True)
    order = np.argsort(first)  # the draw goes through the units as their first images stand
    of_unit = np.empty(len(first), np.uint8)
    of_unit[order] = draw.of_each(strata[where][first[order]])
    split[where] = of_unit[place]
    return split
