"""Whether a training came to rest, and whether a generator still makes different things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.words import plural

BLOCKS: Final = 20
"""Of how many means the spread of a loss is taken, so that the noise of single batches does not count."""


def loss_spread(history: Sequence[float] | NDArray[Any]) -> float | None:
    """Relative spread of a loss over the last third of its history: standard deviation / mean size.

    The last third is cut into :data:`BLOCKS` blocks and their means are compared (a shorter one
    value by value); the mean size is that of the absolute values, for a critic's loss may cross 0.
    None for fewer than six values; 0 for a loss that stands still.
    """
    values = np.asarray(history, np.float64)
    if len(values) < 6:
        return None
    last = values[-(len(values) // 3) :]
    means = np.array([block.mean() for block in np.array_split(last, min(BLOCKS, len(last)))])
    size = float(np.abs(last).mean())
    return float(means.std(ddof=1)) / size if size > 0 else 0.0


def pixel_variety(images: NDArray[np.uint8]) -> float:
    """Mean difference of an image to the next one (the last to the first), in grey levels.

    ``images`` uint8 (N, H, W).  Translations whose variety is far below that of their sources
    have collapsed.  Raises :class:`UsageError` for fewer than two images.
    """
    if len(images) < 2:
        raise UsageError(f"{plural(len(images), 'image has', 'images have')} no variety; two or more do")
    here = images.astype(np.int16)
    return float(np.abs(here - np.roll(here, 1, axis=0)).mean())
