"""The search of :mod:`feraug.metrics.shortlist`, compiled by numba when first used.

References lie in tiles that stay in the cache.  A query has a first look at a tile: the cosine of a few
numbers with every reference, in loops along the references.  Only with a reference for which that
is high enough are all views of the query compared, at full length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.metrics.compiling import compiled

TILE: Final = 1024
"""References in a tile: what is read of them takes 390 kB."""

FIRST_STEP: Final = 4
"""Numbers of the first look in one go along a tile; each half has a multiple of it."""

VIEW_STEP: Final = 4
"""Views that are compared with a point in one go; there are a multiple of it."""

Float = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Hits:
    """k references that are alike to queries, by query, reference, and whether mirrored."""

    query: Rows
    reference: Rows
    mirrored: NDArray[np.bool_]
    view: Rows
    """(k,) The view of the query that is most like the reference."""
    compared: int
    """Pairs that passed the first look."""


@compiled(fast=True)
def _sum_along(numbers: Any, tile: Any, sums: Any) -> None:
    width = sums.shape[0]
    for k in range(0, numbers.shape[0], FIRST_STEP):
        a, b, c, d = numbers[k], numbers[k + 1], numbers[k + 2], numbers[k + 3]
        if k == 0:
            for j in range(width):
                sums[j] = a * tile[k, j] + b * tile[k + 1, j] + c * tile[k + 2, j] + d * tile[k + 3, j]
        else:
            for j in range(width):
                sums[j] += a * tile[k, j] + b * tile[k + 1, j] + c * tile[k + 2, j] + d * tile[k + 3, j]


@compiled(fast=True)
def _highest(views: Any, point: Any) -> Any:
    """The highest cosine of a point with any of the views, (a multiple of VIEW_STEP, numbers)."""
    best = np.float32(-2)
    for view in range(0, views.shape[0], VIEW_STEP):
        one, two, three, four = views[view], views[view + 1], views[view + 2], views[view + 3]
        a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for k in range(point.shape[0]):
            number = point[k]
            a += one[k] * number
            b += two[k] * number
            c += three[k] * number
            d += four[k] * number
        best = max(best, max(max(a, b), max(c, d)))
    return best


@compiled(fast=False)
def _enter(
    views: Any, point: Any, reference: int, floors: Any, counts: Any, i: int, hits: Any, keys: Any, which: Any
) -> None:
    """Put a reference, as it is and mirrored, among a query's most alike; the least alike makes room."""
    half, most = views.shape[0] // 2, hits.shape[1]
    for turned in range(2):
        best, best_view = floors[i], -1
        for view in range(turned * half, turned * half + half):
            cosine = np.float32(0)
            for k in range(point.shape[0]):
                cosine += views[view, k] * point[k]
            if cosine > best:
                best, best_view = cosine, view
        if best_view >= 0:
            place = counts[i]
            if place == most:
                place = 0
                for other in range(1, most):
                    if hits[i, other] < hits[i, place]:
                        place = other
            else:
                counts[i] += 1
            hits[i, place], keys[i, place] = best, 2 * reference + turned
            which[i, place] = best_view - turned * half
            if counts[i] == most:
                floors[i] = hits[i, 0]
                for other in range(1, most):
                    floors[i] = min(floors[i], hits[i, other])


@compiled(fast=True)
def _search(
    looks_even: Any, looks_odd: Any, tiles_even: Any, tiles_odd: Any, least_first: Any,
    views: Any, points: Any, floors: Any, counts: Any, hits: Any, keys: Any, which: Any,
) -> int:  # fmt: skip
    first, even, odd = np.empty(TILE, np.float32), np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    passed = np.empty(TILE + 1, np.int32)
    looked = 0
    for tile in range(tiles_even.shape[0]):
        start = tile * TILE
        width = min(TILE, points.shape[0] - start)
        for i in range(views.shape[0]):
            for look in range(looks_even.shape[1]):
                _sum_along(looks_even[i, look], tiles_even[tile], even)
                _sum_along(looks_odd[i, look], tiles_odd[tile], odd)
                if look == 0:
                    for j in range(TILE):
                        first[j] = even[j] + abs(odd[j])
                else:
                    for j in range(TILE):
                        first[j] = max(first[j], even[j] + abs(odd[j]))
            count = 0
            for j in range(width):  # without a branch, which the processor could not foretell
                passed[count] = j
                count += first[j] > least_first
            looked += count
            for c in range(count):
                reference = start + passed[c]
                if _highest(views[i], points[reference]) > floors[i]:
                    _enter(views[i], points[reference], reference, floors, counts, i, hits, keys, which)
    return looked


def most_alike(
    looks: Sequence[tuple[Float, Float]], tiles: Sequence[Float], least_first: float,
    views: Float, points: Float, least: float, most: int,
) -> Hits:  # fmt: skip
    """The references ``points`` (n, 64) that are alike to queries, seen in ``views`` (m, v, 64).

    ``looks`` has the halves (m, k) of the queries' numbers for each first look, ``tiles`` those of the
    references, (tiles, k, TILE).  Only where one of the looks has a cosine above ``least_first`` are views
    compared; where one is above ``least`` there is a hit, and the ``most`` best hits of each query stay.  A
    reference may be a hit twice, as it is and mirrored.
    """
    even, odd = (np.stack([look[part] for look in looks], axis=1) for part in (0, 1))
    mirrored_views = views.copy()
    mirrored_views[:, :, points.shape[1] // 2 :] *= -1
    both = np.concatenate([views, mirrored_views], axis=1)
    shape = (len(views), most)
    floors, counts = np.full(len(views), least, np.float32), np.zeros(len(views), np.int64)
    hits, keys, which = np.empty(shape, np.float32), np.empty(shape, np.int64), np.empty(shape, np.int64)
    first = np.float32(least_first)
    compared = _search(even, odd, tiles[0], tiles[1], first, both, points, floors, counts, hits, keys, which)
    query, place = np.nonzero(np.arange(most) < counts[:, None])
    key, view = keys[query, place], which[query, place]
    order = np.lexsort((key, query))
    reference, turned = np.divmod(key[order], 2)
    return Hits(query[order], reference, turned.astype(np.bool_), view[order], compared)
