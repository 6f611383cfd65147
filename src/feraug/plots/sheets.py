"""Sheets: many faces side by side in one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def sheet(images: NDArray[np.uint8], columns: int, *, enlarge: int = 1) -> NDArray[np.uint8]:
    """Faces uint8 (N, H, W) in rows of ``columns``, each pixel ``enlarge`` times as large.

    Returns uint8 (rows * H * enlarge, columns * W * enlarge); places left over are white.
    """
    count, height, width = images.shape
    rows = -(-count // columns)
    cells = np.full((rows * columns, height, width), 255, np.uint8)
    cells[:count] = images
    canvas = (
        cells.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    )
    return canvas.repeat(enlarge, axis=0).repeat(enlarge, axis=1)


def write_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a grey picture uint8 (H, W) as PNG, whatever the ending of ``path``."""
    from PIL import Image

    Image.fromarray(picture).save(path, format="PNG")
