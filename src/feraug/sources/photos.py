"""Folders of photographs: sub-folders are groups of people."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import SourceError
from feraug.images import LONGEST_SIDE, to_photo
from feraug.sources.csv_text import file_name, reason
from feraug.sources.pictures import (
    EXTENSIONS,
    OTHER_FORMATS,
    UnreadablePicture,
    is_litter,
    is_plain_file,
    pictures_digest,
    read_picture,
)

MAX_PHOTOS: Final = 10_000
"""Most photos that are taken at once."""


@dataclass(frozen=True)
class PhotoGroup:
    """Photos that belong together: the name of their folder, and their names below the whole."""

    name: str
    photos: tuple[str, ...]


RECORD: Final = "photos.json"
"""What lies in a folder of pictures that feraug has made of photos."""


def photo_groups(root: Path, without: Path | None = None) -> list[PhotoGroup]:
    """The photos below a folder: each sub-folder, with all in it, is a group, and what lies beside them.

    A single picture file is a group of one.  Symbolic links to folders are not followed; the folder
    ``without``, and what feraug has made of photos, is not looked into.  Raises :class:`SourceError` when
    there is no photo, or too many.
    """
    if root.is_file():
        return [PhotoGroup(root.stem, (root.name,))]
    try:
        names = sorted(_photos_below(root, without))
    except OSError as error:
        raise SourceError(f"{file_name(root)} cannot be read: {reason(error)}") from None
    if not names:
        others = of_other_formats(root, without)
        told = f"; {others}" if others else ""
        raise SourceError(f"{file_name(root)} holds no photos ({', '.join(sorted(EXTENSIONS))}){told}")
    if len(names) > MAX_PHOTOS:
        raise SourceError(f"{file_name(root)} holds {len(names):,} photos; {MAX_PHOTOS:,} is the limit")
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[0] if "/" in name else "", []).append(name)
    own = root.resolve().name or "photos"
    while own in groups:
        own += "-others"
    return [PhotoGroup(name or own, tuple(photos)) for name, photos in groups.items()]


def of_other_formats(root: Path, without: Path | None = None) -> str:
    """How many pictures below ``root`` are of formats that are not read, in words; empty: none."""
    if root.is_file():
        return ""  # reading it says so
    endings = Counter(Path(name).suffix.lower() for name in _photos_below(root, without, OTHER_FORMATS))
    if not endings:
        return ""
    listed = ", ".join(f"{count:,} {ending}" for ending, count in sorted(endings.items()))
    return f"pictures of formats that are not read: {listed}; convert them to JPEG or PNG first"


def photos_digest(root: Path, groups: list[PhotoGroup]) -> str:
    """One SHA-256 for all photos, by :func:`~feraug.sources.pictures.pictures_digest`."""
    folder = root.parent if root.is_file() else root
    return pictures_digest(folder, (name for group in groups for name in group.photos))


def read_photo(path: Path) -> NDArray[np.uint8]:
    """A photo uint8 (H, W, 3), upright; raises :class:`~feraug.sources.pictures.UnreadablePicture`."""
    photo = read_picture(path, to_photo)
    if max(photo.shape[:2]) > LONGEST_SIDE:
        size = f"{photo.shape[1]}x{photo.shape[0]}"
        raise UnreadablePicture("picture too large", f"{size}: a side of more than {LONGEST_SIDE:,} pixels")
    return photo


def _photos_below(root: Path, without: Path | None, endings: Collection[str] = EXTENSIONS) -> list[str]:
    """Names of the files below ``root`` with these endings, from there on."""
    barred = None if without is None else without.resolve()

    def fail(error: OSError) -> None:
        raise error

    found = []
    for where, folders, files in os.walk(root, onerror=fail, followlinks=False):
        folders[:] = [
            name
            for name in folders
            if not is_litter(name)
            and Path(where, name).resolve() != barred
            and not Path(where, name, RECORD).is_file()
        ]
        below = Path(where).relative_to(root)
        for name in files:
            if not is_litter(name) and Path(name).suffix.lower() in endings:
                path = below / name
                if is_plain_file(root / path):
                    found.append(path.as_posix())
    return found
