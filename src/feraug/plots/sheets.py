"""Sheets: many faces side by side in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TEXT: Final = 20  # pixels: letters of a row of faces twice as large as they are
_GAP: Final = 10


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


def with_row_labels(picture: NDArray[np.uint8], labels: Sequence[str]) -> NDArray[np.uint8]:
    """A sheet uint8 (H, W) and, to the right of it, what each of its rows shows: uint8 (H, wider).

    The rows are equally high; the faces stay at the places that they had.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_TEXT)
    wide = max(int(np.ceil(font.getlength(label))) for label in labels)
    height = len(picture)
    margin = Image.new("L", (wide + 2 * _GAP, height), 255)
    draw = ImageDraw.Draw(margin)
    row = height / len(labels)
    for number, label in enumerate(labels):
        draw.text((_GAP, (number + 0.5) * row), label, fill=0, font=font, anchor="lm")
    return np.hstack([picture, np.asarray(margin)])


def write_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a grey picture uint8 (H, W) as PNG, whatever the ending of ``path``."""
    from PIL import Image

    Image.fromarray(picture).save(path, format="PNG")
