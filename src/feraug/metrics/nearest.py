"""The nearest image by SSIM, exactly, without computing every pair to its end.

An image x is compared with all of a reference set; ``best`` is the highest SSIM so far.  SSIM(x, y) is the
mean of S over the W windows of a pair.  The work on a pair stops after k windows when

    (S_1 + ... + S_k + (W - k)) / W < best,

for then SSIM(x, y) < best, whatever the other windows hold, and y is not the nearest.

*Proof.*  S = L C with L = (2 m n + C1) / (m^2 + n^2 + C1) and C = (2 c + C2) / (v + w + C2), where m and n
are the two windows' means, v and w their variances, c their covariance, and C1, C2 > 0.  Pixels are 0 or
more, so m, n >= 0; with 2 m n <= m^2 + n^2, 0 < L <= 1.  By Cauchy and Schwarz (with the window's weights)
c <= sqrt(v w), and 2 sqrt(v w) <= v + w, so C <= 1.  If C is positive S = L C <= 1, otherwise S <= 0; in
both cases S <= 1, and each of the W - k windows left adds at most 1 to the sum.  In floating
point the bound has to fall short by 1e-4 (``MARGIN`` in ``ssim_kernels``), a hundred times the rounding.

The sharper bound L (2 sqrt(v w) + C2) / (v + w + C2), of means and variances alone, needs no cross term, but
rules out next to nothing: over 100 validation and 6,000 training faces of FER2013 its median is 0.68, where
the nearest face has 0.36, so that 6 % of the pairs would be spared.

So that ``best`` is high from the start, each image is first compared with the references
that look most alike at low resolution.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.images import SIDE, checked_faces
from feraug.metrics.similarity import (
    ROWS_AT_ONCE,
    TILE,
    Images,
    all_pairs_ssim,
    check_variant,
)
from feraug.metrics.ssim_kernels import ABANDONED, Prepared, prepare, ssim_of_pairs
from feraug.metrics.threads import in_threads

Progress = Callable[[int, int], None]
Rows = NDArray[np.int64]

_GUESSES: Final = 16
"""References that each image is compared with first."""

_COARSE: Final = 4
"""Pixels along a side that make one at low resolution."""


@dataclass(frozen=True)
class Nearest:
    """The nearest reference of each of N images: ``row`` int64 (N,), ``ssim`` float32 (N,).

    Where no reference was allowed, row is -1 and ssim NaN.  ``work`` is the share of all windows
    of all pairs that had to be computed (1 when nothing was pruned).  ``mirrored`` bool (N,): whether it
    is the image's mirror image that is so near.
    """

    row: Rows
    ssim: NDArray[np.float32]
    work: float
    mirrored: NDArray[np.bool_]


def nearest_by_ssim(
    images: Images,
    references: Images,
    variant: str = "uniform",
    *,
    groups: Rows | None = None,
    reference_groups: Rows | None = None,
    mirrored: bool = False,
    device: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Nearest:
    """Of ``references`` (M) the one with the highest SSIM to each of ``images`` (N), uint8 (., 48, 48).

    The same as the maxima of :func:`all_pairs_ssim`, in less time (see above); of references that
    are equally near the first one.  ``groups`` int (N,) and ``reference_groups`` (M,), both or
    none: a reference of an image's own group (0 or more) does not count, such as the image itself,
    its copies, or what it was made from.  ``mirrored``: the mirror image of each image is compared as well,
    and counts where it is nearer; SSIM compares place by place, so the mirror image of a face is to it
    another face.  ``device`` as in :func:`all_pairs_ssim`; there every pair is computed.  ``progress`` is
    called with the number of pairs decided and that of all.  Raises :class:`UsageError` as
    :func:`all_pairs_ssim`, and for groups of another length or of one side alone.
    """
    images, references = checked_faces(images), checked_faces(references)
    check_variant(variant)
    if (groups is None) != (reference_groups is None):
        raise UsageError("groups and reference_groups: give both, or none")
    own = np.full(len(images), -1) if groups is None else np.asarray(groups, np.int64)
    theirs = np.full(len(references), -1) if reference_groups is None else np.asarray(reference_groups)
    if own.shape != (len(images),) or theirs.shape != (len(references),):
        raise UsageError("groups must have one entry an image")
    views = [images, np.ascontiguousarray(images[:, :, ::-1])] if mirrored else [images]
    found = _Best(own, theirs, len(views) * len(images) * len(references), progress)
    coarse = None if device is not None else _coarse(references)
    for number, view in enumerate(views):
        if coarse is None:
            _search_on_device(view, references, variant, str(device), found)
        else:
            for start in range(0, len(view), ROWS_AT_ONCE):
                prepared = prepare(view[start : start + ROWS_AT_ONCE], variant)
                _Search(prepared, start, references, variant, found).run(coarse, threads)
        if number == 0:
            plain, plain_row = found.ssim.copy(), found.row.copy()
    turned = found.ssim > plain
    found.row[~turned] = plain_row[~turned]  # a mirror image as near, of an earlier row, is no reason
    return found.nearest(turned, pruned=coarse is not None)


class _Best:
    """The nearest so far; several threads add to it."""

    def __init__(self, own: Rows, theirs: Rows, pairs: int, progress: Progress | None) -> None:
        """``own`` and ``theirs``: groups of the images and of the references; ``pairs`` of all there are."""
        self.own, self.theirs, self.pairs = own, theirs, pairs
        self.ssim = np.full(len(own), ABANDONED, np.float32)
        self.row = np.full(len(own), -1, np.int64)
        self.work = 0.0
        self._progress, self._decided = progress, 0
        self._lock = threading.Lock()

    def allowed(self, start: int, stop: int, references: Rows) -> NDArray[np.bool_]:
        """Which references (m,) may be the nearest of images ``start`` to ``stop``; bool (n, m)."""
        own, theirs = self.own[start:stop, None], self.theirs[references][None]
        return np.asarray((own < 0) | (own != theirs))

    def add(self, images: Rows, references: Rows, ssim: NDArray[np.float32], work: float) -> None:
        """Take in the SSIM (k,) of pairs; an image may stand in several."""
        hopeful = np.flatnonzero(
            (ssim >= self.ssim[images]) & (ssim > ABANDONED)
        )  # it only grows, so others need not wait
        images, references, ssim = images[hopeful], references[hopeful], ssim[hopeful]
        with self._lock:
            self.work += work
            if not len(images):
                return
            # The best of each image stands last: the highest SSIM and, of equal ones, the first row.
            order = np.lexsort((-references, ssim, images))
            last = np.append(np.flatnonzero(np.diff(images[order])), len(order) - 1)
            top = order[last]
            rows, values, candidates = images[top], ssim[top], references[top]
            better = (values > self.ssim[rows]) | (
                (values == self.ssim[rows]) & (candidates < self.row[rows])
            )
            self.ssim[rows[better]], self.row[rows[better]] = values[better], candidates[better]

    def tell(self, pairs: int) -> None:
        """Report ``pairs`` more as decided."""
        self._decided += pairs
        if self._progress is not None:
            self._progress(self._decided, self.pairs)

    def nearest(self, mirrored: NDArray[np.bool_], *, pruned: bool) -> Nearest:
        """The result; ``pruned``: of pairs that were given up the work was counted."""
        ssim = np.where(self.row >= 0, self.ssim, np.float32(np.nan))
        return Nearest(self.row, ssim, self.work / max(1, self.pairs) if pruned else 1.0, mirrored)


class _Search:
    """The search for up to :data:`ROWS_AT_ONCE` images."""

    def __init__(
        self, prepared: Prepared, start: int, references: Images, variant: str, found: _Best
    ) -> None:
        self._images, self._start, self._references = prepared, start, references
        self._variant, self._found = variant, found
        self._seen = np.full((len(prepared), 0), -1)

    def run(self, coarse: NDArray[np.float32], threads: int | None) -> None:
        """First the likely ones, then all others as far as needed; ``coarse`` of the references."""
        self._seen = _likely(_coarse(self._images.pixels), coarse)
        pieces = range(0, len(self._images), TILE)
        for _ in in_threads(self._guess, pieces, threads):
            pass
        tiles = range(0, len(self._references), TILE)
        for pairs in in_threads(self._tile, tiles, threads):
            self._found.tell(pairs)

    def _guess(self, first: int) -> None:
        """The likely references of a few images, to the end."""
        likely = self._seen[first : first + TILE]
        numbers = first + np.arange(len(likely))
        rows = np.unique(likely)
        allowed = self._found.allowed(self._start + first, self._start + first + len(likely), rows)
        ours, theirs = np.nonzero(allowed & (rows[None, :, None] == likely[:, None, :]).any(2))
        others = prepare(self._references[rows], self._variant)
        self._compare(numbers[ours], others, theirs, rows, np.full(len(ours), ABANDONED, np.float32))

    def _tile(self, first: int) -> int:
        """A few references with all images of this search; gives the number of pairs."""
        rows = np.arange(first, min(first + TILE, len(self._references)))
        allowed = self._found.allowed(self._start, self._start + len(self._images), rows)
        image, place = np.nonzero((self._seen >= rows[0]) & (self._seen <= rows[-1]))
        allowed[image, self._seen[image, place] - first] = False  # these were computed before
        ours, theirs = np.nonzero(allowed)
        others = prepare(self._references[rows], self._variant)
        self._compare(ours, others, theirs, rows, self._found.ssim[self._start + ours])
        return len(self._images) * len(rows)

    def _compare(
        self, ours: Rows, others: Prepared, theirs: Rows, rows: Rows, needed: NDArray[np.float32]
    ) -> None:
        """Pairs of images ``ours`` with ``others[theirs]``, which are the references ``rows[theirs]``."""
        if len(ours):
            ssim, work = ssim_of_pairs(self._images, others, ours, theirs, needed)
            self._found.add(self._start + ours, rows[theirs], ssim, work)


def _likely(images: NDArray[np.float32], references: NDArray[np.float32]) -> Rows:
    """For each coarse image the :data:`_GUESSES` references most like it, (n, guesses)."""
    count = min(_GUESSES, len(references))
    if count == len(references):
        return np.tile(np.arange(count), (len(images), 1))
    pieces = [
        np.argpartition(-(images[start : start + TILE] @ references.T), count - 1, axis=1)[:, :count]
        for start in range(0, len(images), TILE)
    ]
    return np.concatenate(pieces)


def _coarse(images: Images) -> NDArray[np.float32]:
    """Low resolution, mean 0, length 1: float32 (n, 144)."""
    side = SIDE // _COARSE
    small = images.reshape(len(images), side, _COARSE, side, _COARSE).mean((2, 4), dtype=np.float32)
    flat = small.reshape(len(images), side * side)
    flat = flat - flat.mean(1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))


def _search_on_device(images: Images, references: Images, variant: str, device: str, found: _Best) -> None:
    for rows, columns in _blocks(len(images), len(references)):
        ssim = all_pairs_ssim(images[rows], references[columns], variant, device=device)
        numbers = np.arange(columns.start, columns.stop)
        ours, theirs = np.nonzero(found.allowed(rows.start, rows.stop, numbers))
        if len(ours):
            found.add(rows.start + ours, numbers[theirs], ssim[ours, theirs], 0.0)
        found.tell(ssim.size)


def _blocks(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    for row in range(0, rows, ROWS_AT_ONCE):
        for column in range(0, columns, 4 * ROWS_AT_ONCE):
            yield (
                slice(row, min(row + ROWS_AT_ONCE, rows)),
                slice(column, min(column + 4 * ROWS_AT_ONCE, columns)),
            )
