"""Which emotion and which split each row has.

Rows come in blocks of :data:`BLOCK`.  Every block holds the same number of faces of every emotion
in every split (:data:`CELLS`): FER2013's training proportions, 80/10/10, rounded to whole faces.
Inside a block the faces of a cell are spread evenly, with some jitter, so that any beginning of
the rows has nearly the same proportions.  The first face of each cell comes early (see
:data:`_EARLY`): :data:`MINIMUM_COUNT` rows are enough to see every emotion in every split.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS

BLOCK: Final = 500
"""Rows of a block; multiples of it have the proportions of :data:`CELLS` exactly."""

CELLS: Final = {
    # emotion: (train, validation, test) of 500; FER2013's 28,709 training rows scaled down
    "angry": (56, 7, 7),  # 3,995
    "disgust": (6, 1, 1),  # 436
    "fear": (57, 7, 7),  # 4,097
    "happy": (100, 13, 13),  # 7,215
    "sad": (68, 8, 8),  # 4,830
    "surprise": (45, 5, 5),  # 3,171
    "neutral": (68, 9, 9),  # 4,965
}
"""Faces per emotion and split in every block."""

MINIMUM_COUNT: Final = 100
"""From so many faces on every emotion occurs in every split, whatever the seed."""

_EARLY: Final = 0.15
"""The first face of a cell lies in this first part of the block: 0.15 x 500 rows, plus at most one
row for each of the 21 cells, is 96, below :data:`MINIMUM_COUNT`."""

_SCHEDULE_STREAM: Final = 0x5C4ED


@lru_cache(maxsize=64)
def _block(seed: int, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Emotion codes and split codes of the rows of one block."""
    random = np.random.default_rng((seed, _SCHEDULE_STREAM, index))
    place, labels, splits = [], [], []
    for code, emotion in enumerate(EMOTIONS):
        for split, count in enumerate(CELLS[emotion]):
            place.append((np.arange(count) + _EARLY * random.random(count)) / count)
            labels.append(np.full(count, code, np.uint8))
            splits.append(np.full(count, split, np.uint8))
    order = np.argsort(np.concatenate(place) + 1e-3 * random.random(BLOCK), kind="stable")
    return np.concatenate(labels)[order], np.concatenate(splits)[order]


def row_labels(seed: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Codes of ``EMOTIONS``, uint8 (n,), of the given rows."""
    return _gather(seed, rows, 0)


def row_splits(seed: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Codes of ``SPLITS``, uint8 (n,), of the given rows."""
    return _gather(seed, rows, 1)


def _gather(seed: int, rows: NDArray[np.int64], which: int) -> NDArray[np.uint8]:
    codes = np.empty(len(rows), np.uint8)
    blocks, places = np.divmod(rows, BLOCK)
    for index in np.unique(blocks):
        inside = blocks == index
        codes[inside] = _block(seed, int(index))[which][places[inside]]
    return codes
