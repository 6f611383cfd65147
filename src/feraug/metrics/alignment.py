"""Lay one image over another: how well do two faces agree once a small re-crop is undone?

Images are first band-passed (:func:`band_pass`), which takes out brightness, lighting and fine
noise; contrast goes when correlations are normalised.  :func:`align` then moves, zooms and shears the
second image of each pair until it fits the first, by the inverse compositional form of Lucas and
Kanade's method (Baker and Matthews, "Lucas-Kanade 20 years on", 2004, section 3.2), in
:mod:`feraug.metrics.alignment_kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from feraug.images import SIDE

FINE_SIGMA: Final = 1.0
"""Gaussian (pixels) that takes out what JPEG and resizing leave in the finest detail."""

COARSE_SIGMA: Final = 3.0
"""Gaussian (pixels) whose output is subtracted: shading and head shape, in which all faces are alike."""

_HALF_SIGMA: Final = 1.3  # the blur before every second pixel is dropped
_IMAGES_AT_ONCE: Final = 64  # when they are band-passed; 2 MB stay in the cache
_MARGIN: Final = SIDE // 12  # border, as a share of the side, that is not compared: a re-crop moves it out
_FLAT: Final = 0.5  # grey levels; a band-passed image with a lower deviation holds only noise
_LIMITS: Final = np.array([6.0, 5.0, 2.0, 6.0, 2.0, 5.0], np.float32) / SIDE  # largest warp, per parameter

Float = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Alignment:
    """How the second images of k pairs fit the first ones."""

    score: Float
    """(k,) Normalised cross-correlation of the band-passed images after alignment, in [-1, 1]."""

    warp: Float
    """(k, 6) Displacement of the point (y, x), both in [-1, 1] from the centre, in image sides:
    down = w0 + w1 y + w2 x, right = w3 + w4 y + w5 x."""


def band_pass(images: npt.NDArray[np.uint8], *, half: bool = False) -> Float:
    """Difference of two Gaussian blurs of images, uint8 (n, 48, 48): float32 (n, 48, 48) in grey levels.

    ``half`` gives (n, 24, 24), sampled between each two rows and columns.
    """
    fine, coarse = _blur(_HALF_SIGMA if half else FINE_SIGMA, half), _blur(COARSE_SIGMA, half)
    side = len(fine)
    across, down = (
        np.ascontiguousarray(np.concatenate([fine, coarse]).T),
        np.concatenate([fine, -coarse], axis=1),
    )
    out = np.empty((len(images), side, side), np.float32)
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        block = images[start : start + _IMAGES_AT_ONCE].astype(np.float32)
        rows = (block.reshape(-1, SIDE) @ across).reshape(len(block), SIDE, 2, side)
        both = rows.transpose(0, 2, 1, 3).reshape(
            len(block), 2 * SIDE, side
        )  # the fine ones above the coarse
        np.matmul(down, both, out=out[start : start + _IMAGES_AT_ONCE])
    return out


def align(
    first: Float,
    second: Float,
    start: Float | None = None,
    *,
    iterations: int,
    rows: tuple[Rows, Rows] | None = None,
    mirrored: npt.NDArray[np.bool_] | None = None,
) -> Alignment:
    """Fit the second image of each pair to the first: band-passed images (n, side, side) each.

    ``rows`` (k,) and (k,) are the pairs' images, by default those in the same place; ``mirrored`` (k,) says
    where the first image is to be mirrored left to right.  ``start`` (k, 6) is a first guess of the warp,
    none at all by default.  The score is that of the best iteration, over the first image without its
    border (a twelfth of the side all round).  A pair with a flat image scores 0.
    """
    from feraug.metrics.alignment_kernels import fit

    ours, theirs = (np.arange(len(first), dtype=np.int32),) * 2 if rows is None else rows
    side = first.shape[1]
    margin = _MARGIN * side // SIDE
    warp = np.zeros((len(ours), 6), np.float32) if start is None else start.astype(np.float32)
    score = np.zeros(len(ours), np.float32)
    turned = np.zeros(len(ours), np.bool_) if mirrored is None else mirrored
    y, x = _grid(side, margin)
    flat = second.reshape(len(second), -1)
    fit(first, ours, turned, flat, theirs, margin, iterations, y, x, _LIMITS, _FLAT, warp, score)
    return Alignment(score, warp)


def _blur(sigma: float, half: bool) -> Float:
    """Gaussian blur along one axis as a matrix: (48 or 24, 48), each row of sum 1."""
    at = np.arange(0.5, SIDE, 2) if half else np.arange(SIDE)
    weights = np.exp(-0.5 * ((at[:, None] - np.arange(SIDE)) / sigma) ** 2)
    weights[weights < 1e-6] = 0  # else float32 would hold denormal numbers, which multiply slowly
    blur: Float = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return blur


def _grid(side: int, margin: int) -> tuple[Float, Float]:
    """Coordinates y and x of the compared pixels, row by row; -1 to 1 from edge to edge."""
    at = ((np.arange(margin, side - margin) + 0.5) * 2 / side - 1).astype(np.float32)
    return np.repeat(at, len(at)), np.tile(at, len(at))
