"""SSIM of many pairs of 48x48 images on the CPU, compiled by numba when first used.

What depends on one image alone (window means and variances) is computed once an image; a pair only
needs its cross term, the window sums of the product of the two images.

*uniform*: 7x7 windows, sample covariance, as scikit-image's default.  All sums are of integers, and
the difference in which they would cancel, ``49 sum(xy) - sum(x) sum(y)``, is taken in integers, so
flat images are exact.  *gaussian*: 11x11 windows of a Gaussian with standard deviation 1.5 and
population covariance, as Wang et al. (2004), in float64: in float32 ``E[xy] - E[x]E[y]`` cancels.

Windows reach over no border: there are 42x42 and 38x38 of them.  Rows are padded to the width of vector
registers with windows that add nothing (a denominator of 1e30).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import SIDE
from feraug.metrics.compiling import compiled

C1: Final = (0.01 * 255) ** 2
"""The constant beside the means (Wang et al., equation 7): K1 = 0.01, a range of 255."""

C2: Final = (0.03 * 255) ** 2
"""The constant beside the variances (equation 10): K2 = 0.03, a range of 255."""

ABANDONED: Final = -2.0
"""Instead of an SSIM: it cannot reach what was needed.  SSIM itself is -1 or more."""

MARGIN: Final = 1e-4
"""By how much a bound must fall short before a pair is abandoned; errors of rounding are below 1e-6."""

_UNIFORM: Final = 42  # windows in a row, and rows of them
_UNIFORM_PADDED: Final = 48
_UNIFORM_BAND: Final = 7  # rows after which it is asked whether the rest can matter
_GAUSSIAN: Final = 38
_GAUSSIAN_PADDED: Final = 40
_GAUSSIAN_BAND: Final = 8
_NOTHING: Final = 1e30

TAPS: Final = (
    np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2) / np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2).sum()
)
"""The Gaussian's weights along one axis (its window is their outer product)."""

# Typed constants: a Python float would make float64 of everything that it meets.
_MEANS = np.float32(2 / 49**2)
_COVARIANCE = np.float32(2 / (48 * 49))
_C1, _C2 = np.float32(C1), np.float32(C2)
_N = np.int32(49)
_TAPS = TAPS.copy()


@dataclass(frozen=True)
class Prepared:
    """n images and what SSIM needs of each alone.

    ``pixels`` uint8 (n, 48, 48); ``first`` window sums (int32) or means (float64); ``means`` the
    windows' squared means + C1 / 2, ``variances`` their variances + C2 / 2; (n, rows, padded) each.
    """

    pixels: NDArray[np.uint8]
    first: NDArray[Any]
    means: NDArray[Any]
    variances: NDArray[Any]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The four, as the kernels take them."""
        return self.pixels, self.first, self.means, self.variances


@compiled(fast=False)
def _prepare_uniform(pixels: Any, first: Any, means: Any, variances: Any) -> None:
    sums, squares = np.empty(SIDE, np.int64), np.empty(SIDE, np.int64)
    for i in range(pixels.shape[0]):
        for r in range(_UNIFORM):
            for c in range(SIDE):
                sums[c], squares[c] = 0, 0
                for y in range(7):
                    value = np.int64(pixels[i, r + y, c])
                    sums[c] += value
                    squares[c] += value * value
            for c in range(_UNIFORM):
                total, square = np.int64(0), np.int64(0)
                for x in range(7):
                    total += sums[c + x]
                    square += squares[c + x]
                first[i, r, c] = total
                means[i, r, c] = (total / 49.0) ** 2 + C1 / 2
                variances[i, r, c] = (49 * square - total * total) / (48.0 * 49.0) + C2 / 2


@compiled(fast=False)
def _prepare_gaussian(pixels: Any, first: Any, means: Any, variances: Any) -> None:
    sums, squares = np.empty(SIDE, np.float64), np.empty(SIDE, np.float64)
    for i in range(pixels.shape[0]):
        for r in range(_GAUSSIAN):
            for c in range(SIDE):
                sums[c], squares[c] = 0.0, 0.0
                for y in range(11):
                    value = np.float64(pixels[i, r + y, c])
                    sums[c] += _TAPS[y] * value
                    squares[c] += _TAPS[y] * value * value
            for c in range(_GAUSSIAN):
                mean, square = 0.0, 0.0
                for x in range(11):
                    mean += _TAPS[x] * sums[c + x]
                    square += _TAPS[x] * squares[c + x]
                first[i, r, c] = mean
                means[i, r, c] = mean * mean + C1 / 2
                variances[i, r, c] = square - mean * mean + C2 / 2


@compiled(fast=True)
def _uniform(
    pa: Any, sa: Any, ma: Any, va: Any, pb: Any, sb: Any, mb: Any, vb: Any,
    ia: Any, ib: Any, needed: Any, out: Any,
) -> int:  # fmt: skip
    columns = np.zeros((_UNIFORM, 64), np.int32)  # 6 columns more than there are stay 0
    rows_done = 0
    for k in range(ia.shape[0]):
        i, j = ia[k], ib[k]
        least = (needed[k] - MARGIN) * _UNIFORM * _UNIFORM
        total = 0.0
        done = 0
        while done < _UNIFORM:
            for r in range(done, done + _UNIFORM_BAND):
                if r == 0:
                    for c in range(SIDE):
                        value = np.int32(0)
                        for y in range(7):
                            value += np.int32(np.int32(pa[i, y, c]) * np.int32(pb[j, y, c]))
                        columns[0, c] = value
                else:  # the window moves down: a row comes, a row goes
                    for c in range(SIDE):
                        columns[r, c] = np.int32(
                            columns[r - 1, c]
                            + np.int32(pa[i, r + 6, c]) * np.int32(pb[j, r + 6, c])
                            - np.int32(pa[i, r - 1, c]) * np.int32(pb[j, r - 1, c])
                        )
            band = np.float32(0)
            for r in range(done, done + _UNIFORM_BAND):
                for c in range(_UNIFORM_PADDED):
                    cross = np.int32(
                        columns[r, c] + columns[r, c + 1] + columns[r, c + 2] + columns[r, c + 3]
                        + columns[r, c + 4] + columns[r, c + 5] + columns[r, c + 6]
                    )  # fmt: skip
                    product = np.int32(sa[i, r, c] * sb[j, r, c])
                    luminance = np.float32(product) * _MEANS + _C1
                    structure = np.float32(np.int32(_N * cross - product)) * _COVARIANCE + _C2
                    band += luminance * structure / (
                        (ma[i, r, c] + mb[j, r, c]) * (va[i, r, c] + vb[j, r, c])
                    )  # fmt: skip
            total += float(band)
            done += _UNIFORM_BAND
            # No window's SSIM exceeds 1, so the windows left cannot bring the sum further than this.
            if total + _UNIFORM * (_UNIFORM - done) < least:
                break
        rows_done += done
        if done == _UNIFORM:
            out[k] = min(total / (_UNIFORM * _UNIFORM), 1.0)  # float32 may round above it
        else:
            out[k] = ABANDONED
    return rows_done


@compiled(fast=True)
def _gaussian(
    pa: Any, sa: Any, ma: Any, va: Any, pb: Any, sb: Any, mb: Any, vb: Any,
    ia: Any, ib: Any, needed: Any, out: Any,
) -> int:  # fmt: skip
    products = np.empty((SIDE, SIDE), np.float64)
    columns = np.zeros((_GAUSSIAN, SIDE + 8), np.float64)
    rows_done = 0
    for k in range(ia.shape[0]):
        i, j = ia[k], ib[k]
        least = (needed[k] - MARGIN) * _GAUSSIAN * _GAUSSIAN
        for r in range(SIDE):
            for c in range(SIDE):
                products[r, c] = np.float64(np.int32(pa[i, r, c]) * np.int32(pb[j, r, c]))
        total = 0.0
        done = 0
        while done < _GAUSSIAN:
            stop = min(done + _GAUSSIAN_BAND, _GAUSSIAN)
            for r in range(done, stop):
                for c in range(SIDE):
                    columns[r, c] = (
                        _TAPS[5] * products[r + 5, c]
                        + _TAPS[4] * (products[r + 4, c] + products[r + 6, c])
                        + _TAPS[3] * (products[r + 3, c] + products[r + 7, c])
                        + _TAPS[2] * (products[r + 2, c] + products[r + 8, c])
                        + _TAPS[1] * (products[r + 1, c] + products[r + 9, c])
                        + _TAPS[0] * (products[r, c] + products[r + 10, c])
                    )
            for r in range(done, stop):
                for c in range(_GAUSSIAN_PADDED):
                    cross = (
                        _TAPS[5] * columns[r, c + 5]
                        + _TAPS[4] * (columns[r, c + 4] + columns[r, c + 6])
                        + _TAPS[3] * (columns[r, c + 3] + columns[r, c + 7])
                        + _TAPS[2] * (columns[r, c + 2] + columns[r, c + 8])
                        + _TAPS[1] * (columns[r, c + 1] + columns[r, c + 9])
                        + _TAPS[0] * (columns[r, c] + columns[r, c + 10])
                    )
                    product = sa[i, r, c] * sb[j, r, c]
                    total += (2.0 * product + C1) * (2.0 * (cross - product) + C2) / (
                        (ma[i, r, c] + mb[j, r, c]) * (va[i, r, c] + vb[j, r, c])
                    )  # fmt: skip
            done = stop
            if total + _GAUSSIAN * (_GAUSSIAN - done) < least:  # as above
                break
        rows_done += done
        if done == _GAUSSIAN:
            out[k] = total / (_GAUSSIAN * _GAUSSIAN)
        else:
            out[k] = ABANDONED
    return rows_done


_PREPARE: Final = {"uniform": _prepare_uniform, "gaussian": _prepare_gaussian}
_PAIRS: Final = {"uniform": _uniform, "gaussian": _gaussian}
_ROWS: Final = {"uniform": (_UNIFORM, _UNIFORM_PADDED), "gaussian": (_GAUSSIAN, _GAUSSIAN_PADDED)}


def prepare(images: NDArray[np.uint8], variant: str) -> Prepared:
    """Images uint8 (n, 48, 48) with their window means and variances: 26 or 39 kB an image."""
    rows, padded = _ROWS[variant]
    floats, sums = (np.float32, np.int32) if variant == "uniform" else (np.float64, np.float64)
    shape = (len(images), rows, padded)
    first, means, variances = np.zeros(shape, sums), np.full(shape, _NOTHING, floats), np.ones(shape, floats)
    pixels = np.ascontiguousarray(images)
    _PREPARE[variant](pixels, first, means, variances)
    return Prepared(pixels, first, means, variances)


def ssim_of_pairs(
    a: Prepared, b: Prepared, ia: NDArray[np.int64], ib: NDArray[np.int64], needed: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    """SSIM of images ``ia`` (k,) of ``a`` with images ``ib`` (k,) of ``b``, float32 (k,).

    Where it is certain to stay below ``needed`` (k,) the work may end early, with
    :data:`ABANDONED`.  Also gives how many whole pairs the windows that were computed come to.
    """
    variant = "uniform" if a.first.dtype == np.int32 else "gaussian"
    out = np.empty(len(ia), np.float32)
    rows = _PAIRS[variant](*(*a.arrays, *b.arrays, ia, ib, needed, out))
    return out, rows / _ROWS[variant][0]
