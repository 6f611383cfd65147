"""The near half of the audit: images that are altered copies of others, across splits and within them.

Three stages, each dearer for a pair than the one before, and for far fewer pairs.

1. *Shortlist*: low frequencies are compared, plain and mirrored (:mod:`feraug.metrics.shortlist`): of all
   pairs in a few numbers, then of those that are left in more of them and in several views.
2. *Coarse alignment* of each listed pair at half resolution (:mod:`feraug.metrics.alignment`).
3. *Verification* at full resolution: after undoing shift, zoom and shear, the normalised
   cross-correlation of the band-passed images has to reach :data:`MIN_SCORE`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from feraug.emotions import SPLITS
from feraug.images import SIDE
from feraug.metrics.alignment import Alignment, align, band_pass
from feraug.metrics.groups import linked, twins
from feraug.metrics.shortlist import QUERIES_AT_ONCE, Float, Images, ReferenceIndex, Rows, Shortlist

MIN_SCORE: Final = 0.90
"""Correlation after alignment from which on a pair counts as near copies.

Chosen on FER2013, where the best scores of the validation and test images have a valley just below:
83, 53, 36, 29, 11 images in the steps of 0.02 from 0.80 to 0.90, then 24, 26, 63, 209, 1,299.  By eye,
many pairs below 0.88 show different people and none of those looked at above 0.90 does; one of 198 random
pairs was another photograph, of the same person.  Of 2,200 planted copies 7 are lost.  ``docs/audit.md``
has the details.
"""

MIN_COARSE_SCORE: Final = 0.80
"""The same at half resolution, from which on a pair is verified at full resolution.

Lowered to 0.75 it added 2 pairs to 3,831 of FER2013.
"""

_PAIR_BLOCK: Final = 1024
_COARSE_ITERATIONS: Final = 4
_FINE_ITERATIONS: Final = 3
_TRAIN: Final = SPLITS.index("train")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CopyPairs:
    """k pairs of a query image and a reference image of which one is a near copy of the other.

    Sorted by query, the best match of each first; a pair appears once.
    """

    query: Rows
    """(k,) Row of the query image."""

    reference: Rows
    """(k,) Row of the reference image."""

    score: Float
    """(k,) Correlation after alignment, in [MIN_SCORE, 1]."""

    mirrored: npt.NDArray[np.bool_]
    """(k,) The query image has to be mirrored left to right to match."""

    shift: Float
    """(k, 2) Pixels (down, right) from the centre of the query image, mirrored if need be, to the same
    spot of the face in the reference image."""

    zoom: Float
    """(k,) Size of the face in the reference image over its size in the query image."""

    def __len__(self) -> int:
        return len(self.query)

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """The fields in order."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def take(self, rows: npt.NDArray[np.intp]) -> CopyPairs:
        """These pairs only, in this order."""
        return CopyPairs(*(column[rows] for column in self.columns()))


@dataclass(frozen=True)
class NearCopies:
    """Near copies across splits in a set of N images; rows are rows of that set."""

    near_copy_in_train: npt.NDArray[np.bool_]
    """(N,) True for a validation or test image of which ``train`` holds a near copy; false for train."""

    nearest: Rows
    """(N,) Row of the best matching near copy in ``train``, -1 where there is none."""

    pairs: CopyPairs
    """Near copies of validation and test images (query) in ``train`` (reference); of one image at most
    :data:`~feraug.metrics.shortlist.MOST_PARTNERS`."""

    leaks: dict[str, int]
    """Images with a near copy in ``train``: ``{"validation": n, "test": n}``."""


def find_near_copies(
    images: Images,
    split: npt.NDArray[np.uint8],
    *,
    exclude: npt.NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> NearCopies:
    """Validation and test images that are near copies of training images.

    ``images`` uint8 (N, 48, 48); ``split`` (N,) positions in :data:`~feraug.emotions.SPLITS`;
    ``exclude`` bool (N,) rows to leave out on both sides; ``progress(done, total)`` is called now and
    then with the number of images looked up.  An identical image is no near copy (that is the flag of
    :mod:`feraug.metrics.duplicates`), nor is a blank one; an image may have both an identical and a
    near copy.  Neither chance nor the order of the rows matters.

    Raises :class:`ValueError` when shapes or types are wrong.
    """
    count = len(images)
    if split.shape != (count,) or (exclude is not None and exclude.shape != (count,)):
        raise ValueError(f"split and exclude must have one entry for each of the {count} images")
    wanted = np.ones(count, np.bool_) if exclude is None else ~exclude
    queries = np.flatnonzero(wanted & (split != _TRAIN)).astype(np.int32)
    references = np.flatnonzero(wanted & (split == _TRAIN)).astype(np.int32)
    found = match_near_copies(images[queries], images[references], progress=progress)
    pairs = replace(found, query=queries[found.query], reference=references[found.reference])
    nearest = np.full(count, -1, np.int32)
    best = np.unique(pairs.query, return_index=True)[1]  # the first pair of each query is its best
    nearest[pairs.query[best]] = pairs.reference[best]
    near = nearest >= 0
    leaks = {name: int((near & (split == code)).sum()) for code, name in enumerate(SPLITS) if code != _TRAIN}
    return NearCopies(near_copy_in_train=near, nearest=nearest, pairs=pairs, leaks=leaks)


def near_copy_groups(
    images: Images,
    split: npt.NDArray[np.uint8],
    duplicate_group: npt.NDArray[np.integer],
    *,
    progress: Progress | None = None,
) -> Rows:
    """Which validation or test images are copies of others of the same split: not independent of them.

    ``images``, ``split`` and ``progress`` as in :func:`find_near_copies`; ``duplicate_group`` (N,) of
    :func:`~feraug.metrics.duplicates.find_duplicates`, -1 outside any.  Returns int32 (N,): images of one
    split that are identical, near copies, or linked by a chain of such, share a number, counted from 0 in the
    order of the rows; -1 for images without a copy, and for all of ``train``.

    Raises :class:`ValueError` when shapes or types are wrong.
    """
    if split.shape != (len(images),):
        raise ValueError(f"split must have one entry for each of the {len(images)} images")
    held_out = [np.flatnonzero(split == code) for code in range(len(SPLITS)) if code != _TRAIN]
    return linked_copies(images, held_out, duplicate_group, progress=progress)


def linked_copies(
    images: Images,
    parts: Sequence[npt.NDArray[np.integer]],
    duplicate_group: npt.NDArray[np.integer],
    *,
    progress: Progress | None = None,
) -> Rows:
    """Groups of copies within each of some disjoint ``parts``, rows (n,) of ``images`` each; int32 (N,).

    As :func:`near_copy_groups`, which has the splits as parts.  Time is proportional to the square of the
    largest part.
    """
    count = len(images)
    if duplicate_group.shape != (count,):
        raise ValueError(f"duplicate_group must have one entry for each of the {count} images")
    total, done = sum(map(len, parts)), 0
    links = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for part in parts:
        rows = part.astype(np.int64)
        faces = images if np.array_equal(rows, np.arange(count)) else images[rows]  # all: no second copy
        found = match_near_copies(
            faces, faces, progress=None if progress is None else partial(_further, progress, done, total)
        )
        links.append((rows[found.query], rows[found.reference]))
        same, first = twins(duplicate_group[rows])
        links.append((rows[same], rows[first]))
        done += len(rows)
    one, other = (np.concatenate(ends) for ends in zip(*links, strict=True))
    component = linked(count, one, other)
    several = np.bincount(component, minlength=1)[component] > 1
    group = np.full(count, -1, np.int32)
    group[several] = np.unique(component[several], return_inverse=True)[1]
    return group


def _further(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    """Progress of one part after others."""
    progress(before + done, total)


def match_near_copies(queries: Images, references: Images, *, progress: Progress | None = None) -> CopyPairs:
    """All pairs of a query and a reference image that are near copies but not identical.

    ``queries`` uint8 (m, 48, 48), ``references`` uint8 (n, 48, 48); works for any two sets, such as
    synthetic images against the training images.  Takes memory for about 2.9 kB an image beside a fixed
    50 MB (and numba's 140 MB), and time proportional to m times n; the first call compiles, for 4 s, and
    keeps that for later ones.

    Raises :class:`ValueError` when shapes or types are wrong.
    """
    for name, images in (("queries", queries), ("references", references)):
        if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"{name} must be uint8 (n, {SIDE}, {SIDE}); got {images.dtype} {images.shape}")
    found = [_no_pairs()]
    if len(queries) and len(references):
        index = ReferenceIndex(references)
        halves = _Halves(references)
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            block = queries[start : start + QUERIES_AT_ONCE]
            pairs = _verify(block, references, halves, index.shortlist(block))
            found.append(replace(pairs, query=pairs.query + np.int32(start)))
            if progress is not None:
                progress(start + len(block), len(queries))
    columns = zip(*(pairs.columns() for pairs in found), strict=True)
    return CopyPairs(*(np.concatenate(column) for column in columns))


class _Halves:
    """Images at half resolution, band-passed when first asked for; most never are."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._known = np.zeros(len(images), np.bool_)
        self._passed = np.zeros((len(images), SIDE // 2, SIDE // 2), np.float32)

    def with_rows(self, rows: Rows) -> Float:
        """All of them, (n, 24, 24), of which at least these rows are valid."""
        wanted = np.zeros(len(self._known), np.bool_)
        wanted[rows] = True
        new = np.flatnonzero(wanted & ~self._known)
        self._passed[new] = band_pass(self._images[new], half=True)
        self._known[new] = True
        return self._passed


def _verify(queries: Images, references: Images, halves: _Halves, listed: Shortlist) -> CopyPairs:
    """The near copies among the listed pairs; each pair once, by query, best first."""
    coarse = align(
        _Halves(queries).with_rows(listed.query),
        halves.with_rows(listed.reference),
        listed.warp,
        iterations=_COARSE_ITERATIONS,
        rows=(listed.query, listed.reference),
        mirrored=listed.mirrored,
    )
    listed = replace(listed, warp=coarse.warp).take(np.flatnonzero(coarse.score >= MIN_COARSE_SCORE))
    fine = _align_fully(queries, references, listed)
    identical = (queries[listed.query] == references[listed.reference]).all(axis=(1, 2))
    kept = np.flatnonzero((fine.score >= MIN_SCORE) & ~identical)
    return _best_of_each(_as_pairs(listed.take(kept), fine.score[kept], fine.warp[kept]))


def _align_fully(queries: Images, references: Images, listed: Shortlist) -> Alignment:
    """Align the listed pairs at full resolution, some at a time."""
    scores, warps = [np.zeros(0, np.float32)], [np.zeros((0, 6), np.float32)]
    for first in range(0, len(listed), _PAIR_BLOCK):
        part = listed.take(np.arange(first, min(first + _PAIR_BLOCK, len(listed))))
        (ours, our_rows), (theirs, their_rows) = (
            np.unique(rows, return_inverse=True) for rows in (part.query, part.reference)
        )
        aligned = align(
            band_pass(queries[ours]),
            band_pass(references[theirs]),
            part.warp,
            iterations=_FINE_ITERATIONS,
            rows=(our_rows.astype(np.int32), their_rows.astype(np.int32)),
            mirrored=part.mirrored,
        )
        scores.append(aligned.score)
        warps.append(aligned.warp)
    return Alignment(np.concatenate(scores), np.concatenate(warps))


def _as_pairs(listed: Shortlist, score: Float, warp: Float) -> CopyPairs:
    """Listed pairs with their alignment in plain words."""
    return CopyPairs(
        query=listed.query,
        reference=listed.reference,
        score=np.minimum(score, np.float32(1)),
        mirrored=listed.mirrored,
        shift=warp[:, [0, 3]] * np.float32(SIDE),
        # Displacement at the edge, in sides, over its distance from the centre, half a side; mean of two.
        zoom=1 + warp[:, 1] + warp[:, 5],
    )


def _no_pairs() -> CopyPairs:
    """An empty set of pairs, with the right types."""
    rows, row_pairs = np.zeros(0, np.int32), np.zeros((0, 2), np.float32)
    return CopyPairs(rows, rows, row_pairs[:, 0], np.zeros(0, np.bool_), row_pairs, row_pairs[:, 0])


def _best_of_each(pairs: CopyPairs) -> CopyPairs:
    """Each pair once (a symmetric face may match both ways), sorted by query, best first."""
    pairs = pairs.take(np.lexsort((-pairs.score, pairs.reference, pairs.query)))
    fresh = np.ones(len(pairs), np.bool_)
    fresh[1:] = (np.diff(pairs.query) != 0) | (np.diff(pairs.reference) != 0)
    pairs = pairs.take(np.flatnonzero(fresh))
    return pairs.take(np.lexsort((pairs.reference, -pairs.score, pairs.query)))
