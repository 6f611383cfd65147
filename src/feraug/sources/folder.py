"""Folders of pictures: ``split/emotion/*.png`` or ``emotion/*.jpg``, any size and mode."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, emotion_words, suggestion, typed_name
from feraug.errors import SourceError, UsageError
from feraug.images import SIDE, to_face
from feraug.sources.csv_text import file_name, printable, reason
from feraug.sources.folder_names import (
    EXPECTED,
    csv_in,
    refuse_emotions,
    refuse_split,
    refuse_wrapped,
    split_of,
    what_is_there,
)
from feraug.sources.pictures import (
    CONVERT,
    EXTENSIONS,
    NOT_READ,
    OTHER_FORMATS,
    PIXEL_LIMIT,
    UnreadablePicture,
    is_litter,
    is_plain_file,
    pictures_digest,
    read_picture,
)
from feraug.sources.records import NO_SPLIT, FaceRecords, Skipped
from feraug.words import plural

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PIXEL_LIMIT", "PictureFolder", "list_pictures"]

BATCH_PICTURES: Final = 1000
"""Most pictures that :meth:`PictureFolder.batches` yields at once."""


class Picture(NamedTuple):
    """A file that counts as a picture: its name below the folder (with ``/``), label and split codes."""

    name: str
    label: int
    split: int


@dataclass(frozen=True)
class Listing:
    """All files below a folder: the pictures in reading order, and what was passed over."""

    pictures: list[Picture]
    skipped: Skipped


class PictureFolder:
    """A folder tree of pictures as a :class:`~feraug.sources.records.Source`.

    Split folders go by any spelling that :func:`parse_split` takes, emotion folders by a word for the emotion
    or by what ``meanings`` says of their name.  Numbers mean nothing by themselves: every data set has its
    own.  Pictures may lie deeper inside an emotion folder.  Symbolic links to files and to the split and
    emotion folders are followed, deeper ones to folders are not, so that loops do no harm.

    One picture of thousands that cannot be read is no reason to stop: such files are counted in
    :attr:`skipped` by cause, with names.  Hidden files and the litter of file managers do not count.
    """

    kind: Final = "folder"

    def __init__(
        self,
        path: str | Path,
        *,
        without: Path | None = None,
        meanings: Mapping[str, str | None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.without = without
        self.meanings = dict(meanings or {})
        self.scaled = self.cropped = 0
        """Pictures read so far that were not 48x48, and that were not square."""
        self._skipped = Skipped()

    @property
    def skipped(self) -> Skipped:
        """The files passed over; complete once :meth:`batches` is exhausted."""
        return self._skipped

    def digests(self) -> Mapping[str, str]:
        """One SHA-256 for the whole tree, by the folder's name; see :func:`pictures_digest`."""
        listing = list_pictures(self.path, self.without, self.meanings)
        digest = pictures_digest(self.path, (picture.name for picture in listing.pictures))
        return {self.path.resolve().name or str(self.path): digest}

    def batches(self) -> Iterator[FaceRecords]:
        """Yield all readable pictures, sorted by name, at most :data:`BATCH_PICTURES` at a time.

        Raises :class:`SourceError` when the folder has not the expected shape or nothing readable.
        """
        listing = list_pictures(self.path, self.without, self.meanings)
        self._skipped, self.scaled, self.cropped = listing.skipped, 0, 0
        found = 0
        for start in range(0, len(listing.pictures), BATCH_PICTURES):
            batch = self._read(listing.pictures[start : start + BATCH_PICTURES])
            found += len(batch)
            if len(batch):
                yield batch
        if not found:
            raise SourceError(self._nothing_left())

    def _read(self, pictures: list[Picture]) -> FaceRecords:
        faces, read = [], []
        for picture in pictures:
            try:
                faces.append(read_picture(self.path / picture.name, self._face))
            except UnreadablePicture as error:
                self._skipped.add(error.cause, f"{printable(picture.name, 200)}: {error}")
                continue
            read.append(picture)
        images = np.stack(faces) if faces else np.empty((0, SIDE, SIDE), np.uint8)
        labels = np.array([picture.label for picture in read], np.uint8)
        split = np.array([picture.split for picture in read], np.uint8)
        return FaceRecords(images, labels, split, [picture.name for picture in read])

    def _face(self, image: Image.Image) -> NDArray[np.uint8]:
        size = image.size
        face = to_face(image)
        self.scaled += size != (SIDE, SIDE)
        self.cropped += size[0] != size[1]
        return face

    def _nothing_left(self) -> str:
        name = file_name(self.path)
        if not self._skipped.total:
            return f"{name} holds no pictures; {EXPECTED}"
        first = self._skipped.examples[0]
        return f"{name}: none of its {plural(self._skipped.total, 'file')} can be used; first, {first}"


def list_pictures(
    root: Path, without: Path | None = None, meanings: Mapping[str, str | None] | None = None
) -> Listing:
    """Find all pictures below ``root`` and what their folders say of them, sorted by name.

    Raises :class:`SourceError` when the folders are not those of splits and emotions, and
    :class:`UsageError` for ``meanings`` of names that no folder has.
    """
    meanings = meanings or {}
    folders, loose = _children(root)
    if without is not None:  # the workspace, where it lies among the pictures: `feraug prepare .`
        folders = [name for name in folders if (root / name).resolve() != without.resolve()]
    listing = Listing([], Skipped())
    splits = {name: split_of(name) for name in folders}
    emotions: list[tuple[str, list[str], int]] = []
    if any(split is not None for split in splits.values()):
        for name in folders:
            split = splits[name]
            if split is None:
                refuse_split(root, name)
            else:
                inner, loose_inner = _children(root / name)
                emotions.append((f"{name}/", inner, split))
                loose += [f"{name}/{file}" for file in loose_inner]
    elif not folders:
        sort = ": sort the pictures into such folders first" * any(
            Path(name).suffix.lower() in EXTENSIONS for name in loose
        )
        way = csv_in(root) or f"; {EXPECTED}{sort}"
        raise SourceError(f"{file_name(root)} has no emotion folders{what_is_there(loose)}{way}")
    else:
        emotions.append(("", folders, NO_SPLIT))
    for prefix, names, _ in emotions:
        refuse_wrapped(root / prefix, names, meanings, whole=not prefix)
    there = {typed_name(name) for _, names, _ in emotions for name in names}
    if lacking := [name for name in meanings if name not in there]:
        near = suggestion(lacking[0], there)
        raise UsageError(f"--emotions: no folder is called '{printable(lacking[0])}'{near}; leave it out")
    for prefix, names, split in emotions:
        _add_emotions(listing, root, prefix, names, split, meanings)
    for name in loose:
        listing.skipped.add("not in an emotion folder", f"{printable(name, 200)}: not in an emotion folder")
    listing.pictures.sort()
    return listing


def _add_emotions(
    listing: Listing,
    root: Path,
    prefix: str,
    names: list[str],
    split: int,
    meanings: Mapping[str, str | None],
) -> None:
    """List the pictures of the emotion folders ``names``, which lie in ``root/prefix``."""
    known = {**emotion_words(), **meanings}
    if unknown := [name for name in names if typed_name(name) not in known]:
        refuse_emotions(root / prefix, names, unknown)
    for name in names:
        emotion = known[typed_name(name)]
        for file in _files_below(root, prefix + name):
            told = printable(file, 200)
            if (ending := Path(file).suffix.lower()) in OTHER_FORMATS:
                listing.skipped.add(NOT_READ, f"{told}: {ending} is not read; {CONVERT}")
            elif ending not in EXTENSIONS:
                listing.skipped.add("not a picture", f"{told}: not a picture's file name")
            elif not is_plain_file(root / file):
                listing.skipped.add("unreadable file", f"{told}: broken link, or no plain file")
            elif emotion is None:
                listing.skipped.add("left out by --emotions", f"{told}: left out by --emotions")
            else:
                listing.pictures.append(Picture(file, EMOTIONS.index(emotion), split))


def _children(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the folders and of the other entries in ``folder``, sorted, without hidden ones."""
    try:
        found = sorted((child.name, child.is_dir()) for child in folder.iterdir())
    except OSError as error:
        raise SourceError(f"{file_name(folder)} cannot be read: {reason(error)}") from None
    visible = [(name, is_dir) for name, is_dir in found if not is_litter(name)]
    return [name for name, is_dir in visible if is_dir], [name for name, is_dir in visible if not is_dir]


def _files_below(root: Path, folder: str) -> Iterator[str]:
    """The files in ``root/folder`` and deeper, named from ``root``."""

    def fail(error: OSError) -> None:
        raise SourceError(f"{file_name(Path(error.filename))} cannot be read: {reason(error)}") from None

    for where, folders, files in os.walk(root / folder, onerror=fail, followlinks=False):
        folders[:] = [name for name in folders if not is_litter(name)]
        below = Path(where).relative_to(root).as_posix()
        yield from (f"{below}/{name}" for name in files if not is_litter(name))
