"""The grid that a face is drawn on, in face coordinates, and the few soft shapes that all is made of.

Faces are drawn one at a time on a grid of twice the final resolution: a face cannot depend on
what else is in the batch.  All arrays are float32; the numbers next to them are Python floats,
never numpy scalars, which would turn everything into float64 at half the speed.
"""

from __future__ import annotations

from math import cos, sin
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import SIDE
from feraug.sources.drawn.identity import FaceShape, Pose

Plane = NDArray[np.floating[Any]]
Window = tuple[slice, slice]

OVERSAMPLING: Final = 2
GRID: Final = SIDE * OVERSAMPLING
"""Side of the grid; the picture is the mean over squares of OVERSAMPLING x OVERSAMPLING."""

EQUATOR: Final = 0.25
"""v where the face is widest."""

_DEPTH: Final = 0.95
_PIVOT: Final = 0.45
"""v of the point that stays in its place when the head nods."""

_CENTRES: Final = (np.arange(GRID, dtype=np.float32) + np.float32(0.5)) / np.float32(OVERSAMPLING)


def _upsampling(coarse: int, fine: int) -> Plane:
    """Matrix (fine, coarse) that interpolates ``coarse`` values smoothly."""
    place = np.linspace(0.0, coarse - 1.0, fine)
    left = np.minimum(place.astype(np.int64), coarse - 2)
    t = place - left
    t = t * t * (3.0 - 2.0 * t)
    matrix = np.zeros((fine, coarse), np.float32)
    matrix[np.arange(fine), left] = 1.0 - t
    matrix[np.arange(fine), left + 1] = t
    return matrix


_UPSAMPLINGS: Final = {
    (coarse, fine): _upsampling(coarse, fine) for coarse in (4, 7, 12, 26) for fine in (SIDE, GRID)
}


def noise(random: np.random.Generator, coarse: int, fine: int = GRID) -> Plane:
    """Smooth noise (fine, fine) with ``coarse`` (4, 7, 12 or 26) knots a side, standard deviation about 0.6.

    ``fine`` is GRID or SIDE.
    """
    matrix = _UPSAMPLINGS[coarse, fine]
    knots = random.standard_normal((coarse, coarse), dtype=np.float32)
    field: Plane = matrix @ (knots @ matrix.T)
    return field


def averaged(plane: Plane) -> Plane:
    """Means over squares of OVERSAMPLING x OVERSAMPLING: float32 (48, 48)."""
    rows = plane[0::2] + plane[1::2]
    means: Plane = (rows[:, 0::2] + rows[:, 1::2]) * 0.25
    return means


def thinned(plane: Plane) -> Plane:
    """Every OVERSAMPLING-th value: float32 (48, 48).  Enough for coordinates, which are smooth."""
    return np.ascontiguousarray(plane[::OVERSAMPLING, ::OVERSAMPLING])


def bump(squared: Plane) -> Plane:
    """A soft hill of a squared distance: 1 at 0, and nothing from 1 on."""
    hill: Plane = 1.0 - squared
    np.maximum(hill, 0.0, out=hill)
    hill *= hill
    return hill


def inside(distance: Plane, softness: float) -> Plane:
    """1 where ``distance`` is positive, 0 where negative, with a ramp ``softness`` wide."""
    ramp: Plane = distance * (1.0 / softness)
    ramp += 0.5
    np.maximum(ramp, 0.0, out=ramp)
    np.minimum(ramp, 1.0, out=ramp)
    return ramp


def blend(target: Plane, window: Window, value: Plane | float, opacity: Plane) -> None:
    """Paint ``value`` over ``target[window]``."""
    part = target[window]
    part += (value - part) * opacity


def radius(u: Plane, v: Plane, shape: FaceShape, chin: float) -> Plane:
    """Squared distance from the middle of the face, 1 on its outline."""
    below = v - EQUATOR
    down = np.maximum(below, 0.0) * (1.0 / (chin - EQUATOR))
    up = np.minimum(below, 0.0) * (1.0 / (EQUATOR - shape.forehead))
    down2 = down * down
    wide = u * (1.0 + (1.0 / shape.jaw - 1.0) * down2)
    squared: Plane = wide * wide + down2 * down + up * up
    return squared


class Canvas:
    """A head in its pose: face coordinates of every grid point, and what has been drawn so far.

    ``u``, ``v`` face coordinates, ``aside`` |u|, ``r`` squared radius (1 on the face's outline),
    ``depth`` in face units, ``albedo`` reflectance, ``shadow`` a factor for folds and occlusion,
    all float32 (GRID, GRID).
    """

    def __init__(self, shape: FaceShape, pose: Pose, chin: float) -> None:
        self.shape, self.pose = shape, pose
        self._sin_yaw, self._cos_yaw = sin(pose.yaw), cos(pose.yaw)
        self._sin_pitch, self._cos_pitch = sin(pose.pitch), cos(pose.pitch)
        self._sin_roll, self._cos_roll = sin(pose.roll), cos(pose.roll)
        grid_scale = OVERSAMPLING * pose.scale
        self._column_0, self._row_0 = OVERSAMPLING * pose.centre_x, OVERSAMPLING * pose.eye_line
        self._down_x, self._down_y = grid_scale * self._sin_roll, grid_scale * self._cos_roll
        x = ((_CENTRES - pose.centre_x) * (1.0 / pose.scale))[None, :]
        y = ((_CENTRES - pose.eye_line) * (1.0 / pose.scale))[:, None]
        self.x: Plane = self._cos_roll * x + self._sin_roll * y
        self.y: Plane = self._cos_roll * y - self._sin_roll * x
        self.u, self.v = self._turn_back(self.x, self.y)
        self.aside: Plane = np.abs(self.u)
        self.r = radius(self.u, self.v, shape, chin)
        flat = np.minimum(self.r, 1.0)
        self.depth: Plane = _DEPTH * np.sqrt(1.0 - flat * (0.55 + 0.45 * flat))
        self.albedo: Plane = np.zeros((GRID, GRID), np.float32)
        self.shadow: Plane = np.ones((GRID, GRID), np.float32)

    def _turn_back(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Face coordinates of points of the picture: nearer parts of the head shift more when it turns.

        The rough depth of the resting face serves, so that an open mouth moves nothing else.
        """
        u, v = x, y
        for _ in range(2):
            rough = np.maximum(1.0 - radius(u, v, self.shape, self.shape.chin), 0.0)
            u = (x - (_DEPTH * self._sin_yaw) * rough) * (1.0 / self._cos_yaw)
            v = (y + (_DEPTH * self._sin_pitch) * rough - _PIVOT) * (1.0 / self._cos_pitch) + _PIVOT
        return u, v

    def _project(self, u: float, v: float) -> tuple[float, float, float, float]:
        """Grid column and row of a point of the face, and those of its mirror image."""
        shape = self.shape
        below = v - EQUATOR
        if below > 0.0:
            down = below / (shape.chin - EQUATOR)
            u_wide = u * (1.0 + (1.0 / shape.jaw - 1.0) * down * down)
            rough = 1.0 - u_wide * u_wide - down * down * down
        else:
            up = below / (EQUATOR - shape.forehead)
            rough = 1.0 - u * u - up * up
        rough = _DEPTH * max(rough, 0.0)
        x, shift = u * self._cos_yaw, rough * self._sin_yaw
        y = (v - _PIVOT) * self._cos_pitch - rough * self._sin_pitch + _PIVOT
        column, row = self._column_0 - self._down_x * y, self._row_0 + self._down_y * y
        right, left = shift + x, shift - x
        return (
            column + self._down_y * right,
            row + self._down_x * right,
            column + self._down_y * left,
            row + self._down_x * left,
        )

    def window(self, reach: float, top: float, bottom: float) -> Window:
        """The part of the grid that covers |u| <= ``reach``, ``top`` <= v <= ``bottom``, with a margin."""
        x1, y1, x2, y2 = self._project(reach, top)
        x3, y3, x4, y4 = self._project(reach, bottom)
        return _span(min(y1, y2), max(y3, y4)), _span(min(x2, x4), max(x1, x3))

    def spot(self, u: float, v: float, width: float, height: float) -> tuple[Window, Plane]:
        """The part of the grid around a point, and a soft hill (see :func:`bump`) of that size on it."""
        column, row, _, _ = self._project(u, v)
        roll = abs(self._sin_roll)
        reach_x = OVERSAMPLING * self.pose.scale * (width + roll * height)
        reach_y = OVERSAMPLING * self.pose.scale * (height + roll * width)
        at = _span(row - reach_y, row + reach_y), _span(column - reach_x, column + reach_x)
        a = (self.u[at] - u) * (1.0 / width)
        b = (self.v[at] - v) * (1.0 / height)
        a *= a
        b *= b
        a += b
        return at, bump(a)

    def pair(self, u: float, v: float, width: float, height: float) -> tuple[Window, Plane]:
        """As :meth:`spot`, but two hills: at ``u`` and at its mirror image."""
        at = self.window(u + width, v - height, v + height)
        a = (self.aside[at] - u) * (1.0 / width)
        b = (self.v[at] - v) * (1.0 / height)
        a *= a
        b *= b
        a += b
        return at, bump(a)

    def raise_depth(self, where: tuple[Window, Plane], by: float) -> None:
        """Add ``by`` times a hill from :meth:`spot` or :meth:`pair` to the depth."""
        at, hill = where
        self.depth[at] += by * hill

    def darken(self, where: tuple[Window, Plane], by: float) -> None:
        """Put a shadow of strength ``by`` in the shape of a hill from :meth:`spot` or :meth:`pair`."""
        at, hill = where
        self.shadow[at] *= 1.0 - by * hill


def _span(low: float, high: float) -> slice:
    margin = 3
    start = min(max(int(low) - margin, 0), GRID - 1)
    return slice(start, min(max(int(high) + margin, start + 1), GRID))
