"""Slightly turned, scaled, shifted and mirrored views of faces, per image, on the device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from feraug.transfer import moved

VARY_STREAM = 30
"""Stream of the random numbers of :func:`vary`."""


def draw_views(random: np.random.Generator, count: int, mirrored: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Matrices float32 (count, 2, 3) of views, in the coordinates of ``affine_grid``.

    Turned by up to 8 degrees, scaled by up to 6 % and shifted by up to 2 pixels; ``mirrored``
    (count,) says which are also mirrored.
    """
    drawn = random.uniform(-1.0, 1.0, size=(count, 4))
    angle, scale = np.deg2rad(8.0) * drawn[:, 0], 1.0 + 0.06 * drawn[:, 1]
    shift = drawn[:, 2:] * 2.0 / 24.0
    return view_matrices(angle, scale, shift, mirrored)


def view_matrices(
    angle: NDArray[np.float64],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
    mirrored: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Matrices float32 (n, 2, 3) of ``affine_grid``: turned, scaled, shifted, and some mirrored.

    ``angle`` (n,) is in radians, ``shift`` (n, 2) in half sides.
    """
    mirror = np.where(mirrored, -1.0, 1.0)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    rows = [[mirror * cosine, -sine, shift[:, 0]], [mirror * sine, cosine, shift[:, 1]]]
    return np.asarray(rows, np.float32).transpose(2, 0, 1)


def warp(faces: Tensor, matrices: NDArray[np.float32], side: int | None = None) -> Tensor:
    """The views of faces (N, 1, 48, 48) that ``matrices`` (N, 2, 3) describe; the rim is reflected.

    They have ``side`` x ``side`` pixels (None: as many as the faces).
    """
    height, width = (side, side) if side is not None else faces.shape[2:]
    grid = sampling_grid(moved(matrices, faces.device), height, width)
    return functional.grid_sample(
        faces, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def sampling_grid(matrices: Tensor, height: int, width: int) -> Tensor:
    """What ``affine_grid`` makes of matrices (N, 2, 3), float (N, height, width, 2), in a sixth of its time.

    A place is the sum of what its column and its row give, so that no matrix is multiplied for each
    pixel; the two coordinates lie in planes of their own, as ``grid_sample`` reads them.
    """

    def steps(side: int) -> Tensor:
        return torch.linspace(-1.0, 1.0, side, device=matrices.device) * (side - 1) / side

    by_column, by_row = steps(width) * matrices[:, :, :1], steps(height) * matrices[:, :, 1:2]
    places = by_column[:, :, None, :] + by_row[:, :, :, None]
    places += matrices[:, :, 2, None, None]
    return places.permute(0, 2, 3, 1)


def vary(faces: Tensor, rounds: NDArray[np.int64], rows: NDArray[np.int64], seed: int) -> Tensor:
    """Differing views of faces (N, 1, 48, 48) that are used more than once.

    Round 0 leaves a face as it is, round 1 mirrors it; later rounds warp it as
    :func:`draw_views` says, mirrored in odd rounds.  A view is a function of (seed, row, round).
    """
    if not rounds.any():
        return faces
    views = [
        draw_views(
            np.random.default_rng((seed, VARY_STREAM, int(row), int(turn))), 1, np.array([turn % 2 == 1])
        )
        for turn, row in zip(rounds, rows, strict=True)
    ]
    warped = warp(faces, np.concatenate(views))
    # Resampling may blur by rounding: images that are not warped stay as they are, to the bit.
    untouched = moved(rounds == 0, faces.device)[:, None, None, None]
    mirrored = moved(rounds == 1, faces.device)[:, None, None, None]
    return torch.where(untouched, faces, torch.where(mirrored, faces.flip(3), warped))
