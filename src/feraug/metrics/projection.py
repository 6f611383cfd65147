"""Features on a sheet of paper: the plane in which they vary most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def principal_axes(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean (D,) of points (N, D), and the two directions (D, 2) of their largest variance.

    The sign is chosen so that the largest part of a direction is positive.
    """
    points = np.asarray(points, np.float64)
    mean = points.mean(0)
    directions = np.zeros((2, points.shape[1]))
    found = np.linalg.svd(points - mean, full_matrices=False)[2][:2]
    directions[: len(found)] = found
    largest = np.abs(directions).argmax(1)
    signs = np.where(directions[np.arange(2), largest] < 0, -1.0, 1.0)
    return mean, (directions * signs[:, None]).T
