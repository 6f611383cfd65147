"""Pictures and plots for the report: as data URIs, and only as many as the page has room for."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import SIDE
from feraug.plots import sheet
from feraug.report import Picture, Plot

Images = NDArray[np.uint8]

FACES: Final = 8
"""Faces in a strip: on a phone each about as large as it is."""

_MOST_PIXELS: Final = 40_000_000
_WIDEST: Final = 800


class Room:
    """What a section may still put into the page, in bytes; what does not fit is counted and left out."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.left_out = 0

    def plot(self, svg: str, alt: str, caption: str = "") -> Iterator[Plot]:
        """The plot, if there is room for it."""
        if self._take(len(svg.encode())):
            yield Plot(svg, alt, caption)

    def strip(self, images: Images, alt: str) -> Iterator[Picture]:
        """Faces uint8 (n, 48, 48) side by side, if there is room for them."""
        if len(images):
            yield from self.picture(sheet(images, len(images)), alt)

    def picture(
        self, pixels: Images, alt: str, caption: str = "", *, sharp: bool = True
    ) -> Iterator[Picture]:
        """A grey picture uint8 (H, W) or a colour one (H, W, 3), if there is room for it."""
        packed = base64.b64encode(_png(pixels)).decode()
        if self._take(len(packed)):
            height, width = pixels.shape[:2]
            yield Picture(f"data:image/png;base64,{packed}", width, height, alt, caption, sharp)

    def _take(self, size: int) -> bool:
        if size > self.left:
            self.left_out += 1
            return False
        self.left -= size
        return True


def read_grid(path: Path, columns: int) -> Images:
    """The first ``columns`` faces of each row of a sample grid, each pixel of the network's one pixel.

    The rows' labels, to the right of the faces, are left out.  Raises what Pillow raises for a file that is
    no picture, and :class:`ValueError` for an absurd size.
    """
    faces = _read(path)[:, : columns * 2 * SIDE]
    doubled = faces[::2, ::2]
    return doubled if np.array_equal(doubled.repeat(2, 0).repeat(2, 1), faces) else faces


def read_picture(path: Path) -> Images:
    """A picture beside an artifact, in grey, not wider than a page; raises as :func:`read_grid`."""
    return _read(path, widest=_WIDEST)


def _read(path: Path, widest: int | None = None) -> Images:
    from PIL import Image

    with Image.open(path, formats=("PNG",)) as image:
        if image.width * image.height > _MOST_PIXELS:  # before a pixel of it is read
            raise ValueError(f"{image.width} x {image.height} pixels are too many")
        grey = image.convert("L")
    if widest is not None and grey.width > widest:
        grey = grey.resize(
            (widest, max(1, round(grey.height * widest / grey.width))), Image.Resampling.LANCZOS
        )
    return np.asarray(grey, np.uint8)


def _png(pixels: Images) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def some(rows: NDArray[np.int64], count: int = FACES) -> NDArray[np.int64]:
    """Up to ``count`` of the rows, evenly spaced, so that nobody chose them."""
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)]
