"""Lay one image over another: how well do two faces agree once a small re-crop is undone?

Images are first band-passed (:func:`band_pass`), which takes out brightness, lighting and fine
noise; contrast goes when correlations are normalised.  :func:`align` then moves, zooms and shears the
second image of each pair until it fits the first, by the inverse compositional form of Lucas and
Kanade's method (Baker and Matthews, "Lucas-Kanade 20 years on", 2004, section 3.2), for many pairs
at once.
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
_MARGIN: Final = SIDE // 12  # border, as a share of the side, that is not compared: a re-crop moves it out
_FLAT: Final = 0.5  # grey levels; a band-passed image with a lower deviation holds only noise
_LIMITS: Final = np.array([6.0, 5.0, 2.0, 6.0, 2.0, 5.0], np.float32) / SIDE  # largest warp, per parameter

Float = npt.NDArray[np.float32]


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
    both = np.concatenate([fine, coarse]).T
    out = np.empty((len(images), side, side), np.float32)
    for start in range(0, len(images), 1024):
        block = images[start : start + 1024].astype(np.float32)
        # One tall product for the rows of all images, then one for their columns: a product an image
        # would spend most of its time on calls.
        across = (block.reshape(-1, SIDE) @ both).reshape(len(block), SIDE, 2 * side)
        columns = np.ascontiguousarray(across.transpose(2, 0, 1))
        passed = columns[:side].reshape(-1, SIDE) @ fine.T
        passed -= columns[side:].reshape(-1, SIDE) @ coarse.T
        out[start : start + 1024] = passed.reshape(side, len(block), side).transpose(1, 2, 0)
    return out


def align(first: Float, second: Float, start: Float | None = None, *, iterations: int) -> Alignment:
    """Fit the second image of each pair to the first: band-passed images (k, side, side) each.

    ``start`` (k, 6) is a first guess of the warp, none at all by default.  The score is that of the
    best iteration, over the first image without its border (a twelfth of the side all round).  A pair
    with a flat image scores 0.
    """
    side = first.shape[1]
    margin = _MARGIN * side // SIDE
    inner = slice(margin, side - margin)
    template, deviation = _standardise(first[:, inner, inner])
    if not len(first):
        return Alignment(np.zeros(0, np.float32), np.zeros((0, 6), np.float32))
    y, x = _grid(side, margin)
    steepest = _steepest_descent(first, deviation, margin, y, x)
    hessian = steepest @ steepest.transpose(0, 2, 1)
    # The ridge keeps pairs without structure in some direction from running away.
    hessian += (1e-3 / 6 * np.trace(hessian, axis1=1, axis2=2)[:, None, None] + 1e-6) * np.eye(
        6, dtype=np.float32
    )
    solver = np.linalg.inv(hessian) @ steepest

    warp = np.zeros((len(first), 6), np.float32) if start is None else start.copy()
    best, best_warp = np.full(len(first), -1.0, np.float32), warp.copy()
    for iteration in range(iterations + 1):
        warped, warped_deviation = _standardise(_sample(second, warp, y, x))
        error = (warped - template).reshape(len(first), -1, 1)
        # Both have mean 0 and sum of squares 1, so |a - b|^2 = 2 - 2 ab.
        score = 1 - (error[:, :, 0] ** 2).sum(axis=1) / 2
        score[np.minimum(deviation, warped_deviation) < _FLAT] = 0
        better = score > best
        best[better], best_warp[better] = score[better], warp[better]
        if iteration < iterations:
            warp = np.clip(warp - (solver @ error)[:, :, 0], -_LIMITS, _LIMITS)
    return Alignment(best, best_warp)


def _blur(sigma: float, half: bool) -> Float:
    """Gaussian blur along one axis as a matrix: (48 or 24, 48), each row of sum 1."""
    at = np.arange(0.5, SIDE, 2) if half else np.arange(SIDE)
    weights = np.exp(-0.5 * ((at[:, None] - np.arange(SIDE)) / sigma) ** 2)
    weights[weights < 1e-6] = 0  # else float32 would hold denormal numbers, which multiply slowly
    blur: Float = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return blur


def _grid(side: int, margin: int) -> tuple[Float, Float]:
    """Coordinates y and x, (side - 2 margin,) squared, of the compared pixels; -1 to 1 from edge to edge."""
    at = ((np.arange(margin, side - margin) + 0.5) * 2 / side - 1).astype(np.float32)
    y, x = np.meshgrid(at, at, indexing="ij")
    return y, x


def _standardise(images: Float) -> tuple[Float, Float]:
    """Images with mean 0 and sum of squares 1, and their standard deviations (k,)."""
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norm = np.sqrt(np.einsum("kp,kp->k", flat, flat))
    deviation = norm / np.sqrt(np.float32(flat.shape[1]))
    return (flat / np.maximum(norm, 1e-6)[:, None]).reshape(images.shape), deviation


def _steepest_descent(first: Float, deviation: Float, margin: int, y: Float, x: Float) -> Float:
    """Change of the standardised first images with each of the six parameters: (k, 6, pixels)."""
    low, high = margin, first.shape[1] - margin
    # Central differences; times the side, because displacements are counted in sides.
    scale = (first.shape[1] / 2 / (np.maximum(deviation, 1e-6) * np.sqrt(np.float32(y.size))))[:, None, None]
    down = (first[:, low + 1 : high + 1, low:high] - first[:, low - 1 : high - 1, low:high]) * scale
    right = (first[:, low:high, low + 1 : high + 1] - first[:, low:high, low - 1 : high - 1]) * scale
    out = np.stack([down, down * y, down * x, right, right * y, right * x], axis=1)
    return out.reshape(len(first), 6, y.size)


def _sample(images: Float, warp: Float, y: Float, x: Float) -> Float:
    """The images (k, side, side) at the displaced grid points, bilinear; outside, the nearest edge counts."""
    side = images.shape[1]
    w = (warp * side)[:, :, None, None]
    row = np.clip((y * side + (side - 1)) / 2 + (w[:, 0] + w[:, 1] * y + w[:, 2] * x), 0, side - 1.001)
    col = np.clip((x * side + (side - 1)) / 2 + (w[:, 3] + w[:, 4] * y + w[:, 5] * x), 0, side - 1.001)
    top, left = row.astype(np.int32), col.astype(np.int32)
    row -= top
    col -= left
    at = top * side + left + (np.arange(len(images), dtype=np.int32) * (side * side))[:, None, None]
    flat = images.reshape(-1)
    upper = flat.take(at)
    upper += (flat.take(at + 1) - upper) * col
    lower = flat.take(at + side)
    lower += (flat.take(at + side + 1) - lower) * col
    sampled: Float = upper + (lower - upper) * row
    return sampled
