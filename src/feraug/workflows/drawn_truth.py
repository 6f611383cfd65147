"""What only drawn faces have: the right answer to a translation, and the groups of the people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from feraug.store.dataset import DatasetArrays


def truth_of(arrays: DatasetArrays, rows: NDArray[np.int64], target: str) -> NDArray[np.uint8] | None:
    """The people in some rows, drawn with the emotion ``target``; None for a dataset that was not drawn.

    None, too, where this version draws other faces than the one that made the dataset.
    """
    people = _people(arrays, rows)
    if people is None:
        return None
    from feraug.sources.drawn import draw

    return np.asarray(draw(arrays.header.provenance.seed, people, target), np.uint8)


def groups_of(
    arrays: DatasetArrays, rows: NDArray[np.int64]
) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, NDArray[np.uint8]]]:
    """The attributes that the people in some rows differ in: the groups of each, and codes uint8 (n,).

    Both are empty where :func:`truth_of` is None.
    """
    people = _people(arrays, rows)
    if people is None:
        return {}, {}
    from feraug.sources.drawn import GROUPS, group_columns

    return GROUPS, group_columns(arrays.header.provenance.seed, people)


def _people(arrays: DatasetArrays, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The numbers by which the people in some rows were drawn; None where this version draws others."""
    provenance = arrays.header.provenance
    if not str(provenance.config.get("source", "")).startswith("drawn"):
        return None
    from feraug.sources.drawn import draw

    people: NDArray[np.int64] = arrays.columns["source_row"][rows]
    if not np.array_equal(draw(provenance.seed, people[:4]), arrays.images[rows[:4]]):
        return None
    return people
