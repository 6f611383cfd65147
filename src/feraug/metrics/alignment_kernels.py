"""The iterations of :mod:`feraug.metrics.alignment`, pair by pair, compiled by numba when first used."""

from __future__ import annotations

from typing import Any

import numpy as np

from feraug.metrics.compiling import compiled


@compiled(fast=True)
def _sample(image: Any, side: int, warp: Any, y: Any, x: Any, out: Any) -> None:
    """The image, flat, at the displaced points, bilinear; outside, the nearest edge counts."""
    size, last = np.float32(side), np.float32(side - 1.001)
    middle, zero = np.float32((side - 1) / 2), np.float32(0)
    a, b, c = warp[0] * size, warp[1] * size + size / np.float32(2), warp[2] * size
    d, e, f = warp[3] * size, warp[4] * size, warp[5] * size + size / np.float32(2)
    for p in range(out.shape[0]):
        row = min(max(middle + a + b * y[p] + c * x[p], zero), last)
        col = min(max(middle + d + e * y[p] + f * x[p], zero), last)
        top, left = np.int32(row), np.int32(col)
        down, right = row - np.float32(top), col - np.float32(left)
        at = np.uint32(top * np.int32(side) + left)
        below = np.uint32(at + np.uint32(side))
        upper = image[at] + (image[np.uint32(at + np.uint32(1))] - image[at]) * right
        lower = image[below] + (image[np.uint32(below + np.uint32(1))] - image[below]) * right
        out[p] = upper + (lower - upper) * down


@compiled(fast=True)
def _standardise(values: Any) -> Any:
    """Give values mean 0 and sum of squares 1, in place; gives their norm before."""
    total, squares = np.float32(0), np.float32(0)
    for p in range(values.shape[0]):
        total += values[p]
    mean = total / np.float32(values.shape[0])
    for p in range(values.shape[0]):
        values[p] -= mean
        squares += values[p] * values[p]
    norm = np.sqrt(squares)
    scale = np.float32(1) / max(norm, np.float32(1e-6))
    for p in range(values.shape[0]):
        values[p] *= scale
    return norm


@compiled(fast=True)
def _dot(a: Any, b: Any) -> Any:
    total = np.float32(0)
    for p in range(a.shape[0]):
        total += a[p] * b[p]
    return total


@compiled(fast=True)
def _steepest_descent(face: Any, margin: int, scale: Any, y: Any, x: Any, steepest: Any) -> None:
    """Change of the standardised face with each of the six parameters, (6, pixels)."""
    inner = face.shape[0] - 2 * margin
    for r in range(inner):
        above, here, below = face[margin + r - 1], face[margin + r], face[margin + r + 1]
        for c in range(inner):
            p = r * inner + c
            down = (below[margin + c] - above[margin + c]) * scale
            right = (here[margin + c + 1] - here[margin + c - 1]) * scale
            steepest[0, p], steepest[1, p], steepest[2, p] = down, down * y[p], down * x[p]
            steepest[3, p], steepest[4, p], steepest[5, p] = right, right * y[p], right * x[p]


@compiled(fast=False)
def _inverse(steepest: Any, inverse: Any) -> None:
    """Inverse of the Hessian (6, 6) by Gauss and Jordan; it is positive definite, so without pivots."""
    count = steepest.shape[0]  # 6; written out, the loops would take seconds to compile
    hessian = np.empty((count, count), np.float64)
    for i in range(count):
        for j in range(i, count):
            hessian[i, j] = hessian[j, i] = _dot(steepest[i], steepest[j])
    trace = 0.0
    for i in range(count):
        trace += hessian[i, i]
    for i in range(count):
        # The ridge keeps pairs without structure in some direction from running away.
        hessian[i, i] += 1e-3 / 6 * trace + 1e-6
        for j in range(count):
            inverse[i, j] = 1.0 if i == j else 0.0
    for i in range(count):
        pivot = hessian[i, i]
        for j in range(count):
            hessian[i, j] /= pivot
            inverse[i, j] /= pivot
        for k in range(count):
            if k != i:
                factor = hessian[k, i]
                for j in range(count):
                    hessian[k, j] -= factor * hessian[i, j]
                    inverse[k, j] -= factor * inverse[i, j]


@compiled(fast=False)
def fit(
    first: Any, first_rows: Any, mirrored: Any, second: Any, second_rows: Any,
    margin: int, iterations: int, y: Any, x: Any, limits: Any, flat: float, warps: Any, scores: Any,
) -> None:  # fmt: skip
    """Fit rows of ``second``, flat (n, side * side), to rows of ``first`` (m, side, side).

    ``warps`` (k, 6) has the first guesses and gets the best warps, ``scores`` (k,) gets their scores.  ``y``
    and ``x`` are the compared pixels, ``margin`` from the border; ``flat`` is the lowest deviation that
    counts.
    """
    side, count = first.shape[1], warps.shape[1]
    inner = side - 2 * margin
    pixels = inner * inner
    face = np.empty((side, side), np.float32)
    template, warped = np.empty(pixels, np.float32), np.empty(pixels, np.float32)
    steepest, inverse = np.empty((6, pixels), np.float32), np.empty((6, 6), np.float64)
    slopes, warp = np.empty(6, np.float64), np.empty(6, np.float32)
    least_norm = np.float32(flat) * np.sqrt(np.float32(pixels))
    for pair in range(first_rows.shape[0]):
        image, turned = first[first_rows[pair]], mirrored[pair]
        for r in range(side):
            for c in range(side):
                face[r, c] = image[r, side - 1 - c] if turned else image[r, c]
        for r in range(inner):
            for c in range(inner):
                template[r * inner + c] = face[margin + r, margin + c]
        norm = _standardise(template)
        if norm < least_norm:
            scores[pair] = 0
            continue
        _steepest_descent(face, margin, np.float32(side / 2) / norm, y, x, steepest)
        _inverse(steepest, inverse)
        other = second[second_rows[pair]]
        for i in range(count):
            warp[i] = warps[pair, i]
        best = np.float32(-1)
        for iteration in range(iterations + 1):
            _sample(other, side, warp, y, x, warped)
            score = np.float32(0)
            if _standardise(warped) >= least_norm:
                score = _dot(warped, template)
            if score > best:
                best = score
                for i in range(count):
                    warps[pair, i] = warp[i]
            if iteration < iterations:
                for p in range(pixels):
                    warped[p] -= template[p]
                for i in range(count):
                    slopes[i] = _dot(steepest[i], warped)
                for i in range(count):
                    step = 0.0
                    for j in range(count):
                        step += inverse[i, j] * slopes[j]
                    warp[i] = min(max(np.float32(warp[i] - step), -limits[i]), limits[i])
        scores[pair] = best
