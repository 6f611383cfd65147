"""SSIM of all pairs of two blocks of images by torch, for GPUs; the one file here that imports it.

The same numbers as :mod:`feraug.metrics.ssim_kernels`: sums of integers for ``uniform``, float64 for
``gaussian``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feraug.errors import UsageError
from feraug.images import SIDE
from feraug.metrics.ssim_kernels import C1, C2, TAPS

_BLOCK: Final = {"uniform": (64, 256), "gaussian": (32, 256)}
"""Images of each set at once: some 600 MB on the device."""


def blocks(rows: int, columns: int, variant: str) -> Iterator[tuple[slice, slice]]:
    """Cut ``rows`` x ``columns`` pairs into blocks that fit on a device."""
    height, width = _BLOCK[variant]
    for row in range(0, rows, height):
        for column in range(0, columns, width):
            yield slice(row, min(row + height, rows)), slice(column, min(column + width, columns))


def block_ssim(a: NDArray[np.uint8], b: NDArray[np.uint8], variant: str, device: str) -> NDArray[np.float32]:
    """SSIM of each of ``a`` (n, 48, 48) with each of ``b`` (m, 48, 48), uint8; float32 (n, m).

    Raises :class:`UsageError` for a device that is not there.
    """
    try:
        one, two = (
            torch.from_numpy(np.require(images, requirements=("C", "W"))).to(device) for images in (a, b)
        )
        if one.device.type == "meta":  # has shapes, and no numbers
            raise RuntimeError("meta")
    except torch.cuda.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError) as problem:  # torch's words for a bad name, or no CUDA
        raise UsageError(f"--device '{device}': not available here; leave it out for the CPU") from problem
    with torch.no_grad():
        found = _uniform(one, two) if variant == "uniform" else _gaussian(one, two)
    return found.float().clamp(max=1.0).cpu().numpy()  # rounding may lead above it


def _uniform(a: Tensor, b: Tensor) -> Tensor:
    x, y = a[:, None].int(), b[None].int()
    sums = _box(x), _box(y)
    product = sums[0] * sums[1]
    covariance = (49 * _box(x * y) - product).float() / (48 * 49)
    variances = [
        (49 * _box(z * z) - total * total).float() / (48 * 49) for z, total in zip((x, y), sums, strict=True)
    ]
    means = [(total.float() / 49) ** 2 for total in sums]
    structure = (2 * covariance + C2) / (variances[0] + variances[1] + C2)
    luminance = (2 * product.float() / 49**2 + C1) / (means[0] + means[1] + C1)
    values = luminance * structure
    return (values if a.device.type == "mps" else values.double()).mean((-2, -1))  # which has no float64


def _box(x: Tensor) -> Tensor:
    """Sums over 7x7 windows, int32 (..., 48, 48) -> (..., 42, 42)."""
    rows = sum(x[..., start : start + SIDE - 6, :] for start in range(1, 7)) + x[..., : SIDE - 6, :]
    return sum(rows[..., start : start + SIDE - 6] for start in range(1, 7)) + rows[..., : SIDE - 6]


def _gaussian(a: Tensor, b: Tensor) -> Tensor:
    if a.device.type == "mps":
        raise UsageError("device 'mps': has no float64, which the gaussian variant needs; use the CPU")
    x, y = a[:, None].double(), b[None].double()
    band = np.zeros((SIDE - 10, SIDE))
    for row in range(SIDE - 10):
        band[row, row : row + 11] = TAPS
    weights = torch.from_numpy(band).to(a.device)

    def mean(z: Tensor) -> Tensor:
        """(..., 48, 48) -> (..., 38, 38)."""
        return weights @ z @ weights.T

    ux, uy = mean(x), mean(y)
    structure = (2 * (mean(x * y) - ux * uy) + C2) / (mean(x * x) - ux**2 + mean(y * y) - uy**2 + C2)
    luminance = (2 * ux * uy + C1) / (ux**2 + uy**2 + C1)
    return (luminance * structure).mean((-2, -1))
