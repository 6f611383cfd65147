"""The pictures of ``feraug synth --photos``: sheets of faces, and names that a file system takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.plots import sheet, write_png

_LONGEST: Final = 200
"""Bytes of a name that are kept: file systems take 255, endings and a number included."""

COLUMNS: Final = 12
ENLARGE: Final = 2


def write_sheet_of(images: NDArray[np.uint8], columns: int, place: Path, name: str, files: list[str]) -> None:
    """Write images (N, 48, 48) in rows of so many to ``place / name``, and note the name in ``files``."""
    (place / name).parent.mkdir(exist_ok=True)
    write_png(sheet(images, columns, enlarge=ENLARGE), place / name)
    files.append(name)


def wide(three: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (3, N, 48, 48) in the order of a sheet: twelve real ones, translated, recovered; and on."""
    count = three.shape[1]
    columns = min(COLUMNS, count)
    missing = -count % columns
    padded = np.concatenate([three, np.full((3, missing, *three.shape[2:]), 255, np.uint8)], axis=1)
    return padded.reshape(3, -1, columns, *three.shape[2:]).swapaxes(0, 1).reshape(-1, *three.shape[2:])


def entries(files: Sequence[str]) -> set[str]:
    """What the folder holds: its files, and the folders of those that lie deeper, in small letters.

    Names that differ in capitals alone are one on Windows and macOS.
    """
    return {file.partition("/")[0].casefold() for file in files}


def free_name(name: str, taken: Callable[[str], object]) -> str:
    """``name``, shortened to what file systems take, and numbered where that is taken already."""
    short = name.encode("utf-8", "surrogateescape")[:_LONGEST].decode("utf-8", "ignore")
    if short == name and not taken(name):
        return name
    return next(numbered for n in count(2) if not taken(numbered := f"{short}-{n}"))
