"""The right answer to a translation, which only drawn faces have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feraug.store.dataset import DatasetArrays


def truth_of(arrays: DatasetArrays, rows: NDArray[np.int64], target: str) -> NDArray[np.uint8] | None:
    """The people in some rows, drawn with the emotion ``target``; None for a dataset that was not drawn.

    None, too, where this version draws other faces than the one that made the dataset.
    """
    provenance = arrays.header.provenance
    if not str(provenance.config.get("source", "")).startswith("drawn"):
        return None
    from feraug.sources.drawn import draw

    source_rows = arrays.columns["source_row"][rows]
    if not np.array_equal(draw(provenance.seed, source_rows[:4]), arrays.images[rows[:4]]):
        return None
    return np.asarray(draw(provenance.seed, source_rows, target), np.uint8)
