"""How near images come to real ones: the likeness of each to its nearest, by SSIM.

A small adapter around :mod:`feraug.metrics.similarity`, imported when it is needed, so that all else
works where it is not there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.workflows.events import Notify, Progress

ROWS_AT_ONCE: Final = 256
"""Images that are compared with all real ones at a time."""

AllPairs = Callable[..., NDArray[np.float32]]


def all_pairs() -> AllPairs | None:
    """``all_pairs_ssim(a, b)``: uint8 (N, 48, 48), (M, 48, 48) -> float32 (N, M); None: it is not there."""
    try:
        module: Any = importlib.import_module("feraug.metrics.similarity")
    except ImportError:
        return None
    found: AllPairs = module.all_pairs_ssim
    return found


def nearest_real(
    compare: AllPairs, images: NDArray[np.uint8], real: NDArray[np.uint8], what: str, notify: Notify
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """SSIM with the nearest of ``real`` (M, 48, 48), float32 (N,), and which it is, int64 (N,).

    ``what`` is what the images are called while it is shown how far the work is.
    """
    similarity = np.empty(len(images), np.float32)
    nearest = np.empty(len(images), np.int64)
    for start in range(0, len(images), ROWS_AT_ONCE):
        here = slice(start, start + ROWS_AT_ONCE)
        pairs = compare(images[here], real)
        nearest[here] = pairs.argmax(axis=1)
        similarity[here] = pairs.max(axis=1)
        notify(Progress(f"comparing {what}", min(start + ROWS_AT_ONCE, len(images)), len(images), "images"))
    return similarity, nearest
