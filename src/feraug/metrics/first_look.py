"""The first look of the shortlist: a few numbers an image, that change least when it is moved or zoomed.

An image's point (64 numbers, see :mod:`feraug.metrics.shortlist`) changes with the view.  In some
directions that matters little beside how much images differ: those with the smallest *w* in *W a = w T a*,
where *T* are the second moments of the points and *W* is the covariance of an image's views about their
mean (as in linear discriminant analysis).  :data:`NUMBERS` such directions of the even frequencies, and as
many of the odd ones, so that mirroring still turns the sign of those, make the first look, each weighted
by *(1 - w)^2*.  A query looks twice: as the mean of the views that move it up, and of those that move it
down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from feraug.metrics.shortlist_kernels import TILE

NUMBERS: Final = 16
"""Directions of each half.  Where as much is lost, 4.6 % of FER2013's pairs pass; with 12 6.8 %, 8 14 %."""

_EVEN, _ODD = slice(1, 32), slice(32, 64)  # parts of a point; its first number, the mean, is always 0

Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FirstLook:
    """Directions in which references and queries are compared first."""

    even: Float
    """(31, 16) directions times weights, of the even half of a point but the mean."""

    odd: Float
    """(32, 16) the same of its odd half."""

    @classmethod
    def of(cls, points: Float, views: Float, prior: float) -> FirstLook:
        """The directions for references ``points`` (n, 64), of which ``views`` (k, v, 64) shows some.

        ``prior`` is the weight, from 0 to 1, of the assumption that a point may lie anywhere.
        """
        spread = views - views.mean(axis=1, keepdims=True)
        return cls(*(_directions(points[:, part], spread[:, :, part], prior) for part in (_EVEN, _ODD)))

    def numbers(self, points: Float) -> tuple[Float, Float]:
        """Unit vectors of points (n, 64), in two halves, (n, 16) each; blank images, all 0, stay so."""
        even, odd = points[:, _EVEN] @ self.even, points[:, _ODD] @ self.odd
        length = np.sqrt(np.einsum("nk,nk->n", even, even) + np.einsum("nk,nk->n", odd, odd))
        length = np.maximum(length, 1e-6)[:, None]
        return even / length, odd / length


def in_tiles(numbers: Float) -> Float:
    """References' numbers (n, k) as (tiles, k, TILE), the last tile filled up with zeros."""
    tiles = np.zeros((-(-len(numbers) // TILE), TILE, numbers.shape[1]), np.float32)
    tiles.reshape(-1, numbers.shape[1])[: len(numbers)] = numbers
    return np.ascontiguousarray(tiles.transpose(0, 2, 1))


def _directions(points: Float, spread: Float, prior: float) -> Float:
    """Directions (d, 16) times weights for points (n, d) whose views are ``spread`` (k, v, d)."""
    count, width = points.shape
    total = (1 - prior) * (points.T @ points).astype(np.float64) / count + prior * np.eye(width) / (2 * width)
    flat = spread.reshape(-1, width)
    within = (flat.T @ flat).astype(np.float64) / len(flat)
    whiten = np.linalg.inv(np.linalg.cholesky(total))
    shares, directions = np.linalg.eigh(whiten @ within @ whiten.T)  # ascending
    weights = np.clip(1 - shares[:NUMBERS], 0, 1) ** 2
    kept: Float = (whiten.T @ directions[:, :NUMBERS] * weights).astype(np.float32)
    return kept
