"""Picture files of strangers: which count, and how they are decoded without harm."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import to_face
from feraug.sources.csv_text import reason
from feraug.store.digests import sha256_file

if TYPE_CHECKING:
    from PIL import Image

PIXEL_LIMIT: Final = 50_000_000
"""Largest picture that is decoded, in pixels: what today's cameras make.  A few kilobytes of PNG can claim
billions (an image bomb); the size is known from the header, before anything is decoded."""

EXTENSIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".pgm", ".ppm", ".pbm", ".pnm"), "PPM"),
    ".png": "PNG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".jp2": "JPEG2000",
}
"""The file name extensions (lower case) taken for pictures, and Pillow's names of their formats."""


OTHER_FORMATS: Final = frozenset(
    {".heic", ".heif", ".avif", ".jxl", ".svg", ".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw"}
)
"""Endings of pictures that are not read; an iPhone's are ``.heic``."""

NOT_READ: Final = "format that is not read"
"""The cause under which they are passed over."""

CONVERT: Final = "convert it to JPEG or PNG first"


def pictures_digest(folder: Path, names: Iterable[str]) -> str:
    """One SHA-256 for pictures below ``folder``, whatever the order of their ``names``.

    It is that of the text ``sha256sum`` prints for them, sorted by name (as bytes): one line
    ``<sha256>  <name below the folder>`` each.  A file that cannot be read has dashes as its digest.
    """
    total = hashlib.sha256()
    for name in sorted(map(os.fsencode, names)):
        try:
            digest = sha256_file(folder / os.fsdecode(name))
        except OSError:
            digest = "-" * 64
        total.update(digest.encode() + b"  " + name + b"\n")
    return total.hexdigest()


_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx", "icon\r"})


class UnreadablePicture(Exception):
    """A picture that is passed over: the ``cause`` to count it under; the text says more."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


@cache
def _formats() -> tuple[str, ...]:
    """The decoders that may be started: Pillow's others include some that run other programs (EPS).

    A file whose extension lies about which of these it is, as is common, is read all the same.
    """
    from PIL import Image

    Image.init()
    return tuple(name for name in sorted(set(EXTENSIONS.values())) if name in Image.OPEN)


def read_picture(
    path: Path, convert: Callable[[Image.Image], NDArray[np.uint8]] = to_face
) -> NDArray[np.uint8]:
    """What ``convert`` makes of a picture file, as it stands: a face image (48, 48).

    Raises :class:`UnreadablePicture`, nothing else.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size == 0:
            raise UnreadablePicture("empty file", "the file has no bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's notes on odd files; what matters raises
            # Not by name: Pillow would map an uncompressed TIFF in the size that it has once it is turned.
            with path.open("rb") as stream, Image.open(stream, formats=_formats()) as image:
                width, height = image.size
                if width * height > PIXEL_LIMIT:
                    limit = f"more than {PIXEL_LIMIT // 1_000_000} million pixels"
                    raise UnreadablePicture("picture too large", f"{width}x{height} is {limit}")
                if image.format != "PNG":
                    return convert(image)
                image.verify()  # checksums, which decoding does not look at; the image is used up by it
            with path.open("rb") as stream, Image.open(stream, formats=_formats()) as image:
                return convert(image)
    except UnreadablePicture:
        raise
    except Image.DecompressionBombError:
        raise UnreadablePicture("picture too large", "it claims an absurd size") from None
    except UnidentifiedImageError:
        if path.suffix.lower() in OTHER_FORMATS:
            raise UnreadablePicture(NOT_READ, f"{path.suffix} is not read; {CONVERT}") from None
        raise UnreadablePicture("not a picture", "its content is no known picture format") from None
    except PermissionError as error:
        raise UnreadablePicture("unreadable file", reason(error)) from None
    except (Exception, MemoryError) as error:  # decoders of damaged data raise a dozen kinds
        raise UnreadablePicture("broken picture", reason(error)) from None


def is_plain_file(path: Path) -> bool:
    """Whether there is a file to open: opening a pipe would wait for its writer."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_litter(name: str) -> bool:
    """Whether a name is hidden, or left by a file manager."""
    return name.startswith(".") or name.lower() in _LITTER
