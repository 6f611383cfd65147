"""Groups of rows that belong together: copies of one image, images of one person, or linked by a chain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.integer]


def linked(count: int, one: Rows, other: Rows) -> NDArray[np.int64]:
    """The group of each of ``count`` rows, int64 (count,), where ``one`` and ``other`` (L,) are linked pairs.

    Rows that are linked, also by a chain, share a number; numbers count from 0 in the order of the groups'
    first rows, rows without a link among them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    component = connected_components(links, directed=False)[1]
    # components have no order that is promised
    _, first, place = np.unique(component, return_index=True, return_inverse=True)
    number: NDArray[np.int64] = np.argsort(np.argsort(first))[place]
    return number


def twins(group: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Links (L,) that hold the rows of each ``group`` (N,) together; -1 is no group."""
    rows = np.flatnonzero(group >= 0)
    _, first, place = np.unique(group[rows], return_index=True, return_inverse=True)
    return rows, rows[first[place]]


def joined(*groupings: Rows) -> NDArray[np.int64]:
    """One grouping out of several (N,): rows that share a number in any of them, also by a chain.

    -1 is no group there; here, such a row has a number of its own.  Returns int64 (N,) as :func:`linked`.
    """
    links = [twins(group) for group in groupings]
    one, other = (np.concatenate(ends) for ends in zip(*links, strict=True))
    return linked(len(groupings[0]), one, other)
