"""Folders of pictures: ``split/emotion/*.png`` or ``emotion/*.jpg``, any size and mode."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, SPLITS, emotion_words, parse_split, suggestion, typed_name
from feraug.errors import SourceError, UsageError
from feraug.images import SIDE, to_face
from feraug.quoting import quoted
from feraug.sources.csv_text import file_name, printable, reason
from feraug.sources.pictures import (
    EXTENSIONS,
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

_EXPECTED: Final = f"expected train/happy/*.png or happy/*.png (emotions: {' '.join(EMOTIONS)})"


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
            return f"{name} holds no pictures; {_EXPECTED}"
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
    splits = {name: _split_of(name) for name in folders}
    emotions: list[tuple[str, list[str], int]] = []
    if any(split is not None for split in splits.values()):
        for name in folders:
            split = splits[name]
            if split is None:
                _refuse_split(root, name)
            else:
                inner, loose_inner = _children(root / name)
                emotions.append((f"{name}/", inner, split))
                loose += [f"{name}/{file}" for file in loose_inner]
    elif not folders:
        sort = ": sort the pictures into such folders first" * any(
            Path(name).suffix.lower() in EXTENSIONS for name in loose
        )
        raise SourceError(
            f"{file_name(root)} has no emotion folders{_what_is_there(loose)}; {_EXPECTED}{sort}"
        )
    else:
        emotions.append(("", folders, NO_SPLIT))
    for prefix, names, _ in emotions:
        _refuse_wrapped(root / prefix, names, meanings, whole=not prefix)
    there = {typed_name(name) for _, names, _ in emotions for name in names}
    if lacking := [name for name in meanings if name not in there]:
        near = suggestion(lacking[0], there)
        raise UsageError(f"--emotions: no folder is called '{printable(lacking[0])}'{near}")
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
        _refuse_emotions(root / prefix, names, unknown)
    for name in names:
        emotion = known[typed_name(name)]
        for file in _files_below(root, prefix + name):
            told = printable(file, 200)
            if Path(file).suffix.lower() not in EXTENSIONS:
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


def _split_of(name: str) -> int | None:
    try:
        return SPLITS.index(parse_split(name))
    except UsageError:
        return None


_MOST_EMOTIONS: Final = 20
"""More folders than that, none of which is called by an emotion, are no emotions: people, perhaps."""


def _what_is_there(names: list[str]) -> str:
    """``" (it holds a, b, c and 12 more)"``, or that there is nothing."""
    if not names:
        return " (it is empty)"
    more = f" and {len(names) - 4:,} more" if len(names) > 4 else ""
    return f" (it holds {', '.join(printable(name) for name in names[:4])}{more})"


def _refuse_split(where: Path, name: str) -> None:
    near = suggestion(name[:40].lower(), (*SPLITS, "training", "val", "PublicTest", "PrivateTest"))
    raise SourceError(
        f"{file_name(where / name)}: no split is called '{printable(name)}'{near}; rename it or move it away"
    )


def _refuse_wrapped(
    where: Path, names: list[str], meanings: Mapping[str, str | None], *, whole: bool
) -> None:
    """Raise where folders in place of emotions hold those: a download's outer folder, or splits' own names.

    ``whole``: ``where`` is the folder that was given.
    """
    known = emotion_words()
    inside = [
        name
        for name in names
        if typed_name(name) not in known and _holds_emotions(where / name, typed_name(name) in meanings)
    ]
    if not inside:
        return
    shown = [printable(name) for name in inside[:4]]
    if len(inside) > 1:
        named = ", ".join(shown) + " …" * (len(inside) > 4)
        raise SourceError(
            f"{file_name(where)}: {named} are no emotions, and hold folders of emotions or splits; if they "
            "are splits, rename them to train, validation and test"
        )
    inner = where / inside[0]
    if any(typed_name(name) in known for name in names):
        raise SourceError(
            f"{file_name(inner)} is no emotion: it holds folders of emotions or splits; move it away"
        )
    way = f"'feraug prepare {quoted(str(inner))}'" if whole else f"move what it holds up into {where.name}"
    raise SourceError(
        f"{file_name(where)} has no emotion folders, but {shown[0]} in it has some, or splits: {way}"
    )


def _holds_emotions(folder: Path, explained: bool) -> bool:
    """Whether there are folders of splits or emotions in it; numbers count unless the folder is explained.

    Within an emotion that --emotions explains, numbers may be people.
    """
    try:
        with os.scandir(folder) as entries:
            inner = [entry.name for entry in entries if entry.is_dir() and not is_litter(entry.name)]
    except OSError:
        return False  # that is told where its pictures are looked for
    known = emotion_words()
    return any(
        _split_of(name) is not None or typed_name(name) in known or (not explained and name.strip().isdigit())
        for name in inner
    )


def _refuse_emotions(where: Path, names: list[str], unknown: list[str]) -> None:
    """Raise what is wrong with folders that are not called by an emotion, all of them at once."""
    shown = [printable(name) for name in unknown[:8]]
    listed = ", ".join(f"'{name}'" for name in shown) + (" …" if len(unknown) > 8 else "")
    if comma := [name for name in shown if "," in name]:
        raise SourceError(
            f"{file_name(where)}: no emotion is called '{comma[0]}', and --emotions takes no commas in "
            "names; rename the folder"
        )
    if numbers := [name for name in shown if name.strip().isdigit()]:
        as_fer2013 = ",".join(f"{code}={emotion}" for code, emotion in enumerate(EMOTIONS))
        raise SourceError(
            f"{file_name(where)}: folders named by numbers ({', '.join(numbers)}) do not say which emotions "
            "they are: RAF-DB, AffectNet and FER2013 count differently; --emotions says it (for FER2013's "
            f'own numbers: --emotions "{as_fer2013}")'
        )
    near = [suggestion(name[:40].lower(), EMOTIONS) for name in unknown]
    asked = ",".join(f"{name}=EMOTION" for name in shown) + ",…" * (len(unknown) > 8)
    if len(unknown) == len(names) and not any(near):
        way = f', or names that --emotions explains ("{asked}")'
        if len(names) > _MOST_EMOTIONS:
            way = ": sort the pictures into such folders first"
        raise SourceError(
            f"{file_name(where)} has no emotion folders{_what_is_there(names)}; {_EXPECTED}{way}"
        )
    if len(unknown) > 1:
        raise SourceError(
            f"{file_name(where)}: no emotions are called {listed}; say what they are (none leaves one out): "
            f'--emotions "{asked}"'
        )
    name = shown[0]
    if name.lower() in ("contempt", "contemptuous"):
        raise SourceError(
            f"{file_name(where / name)}: contempt is none of the seven emotions; "
            f'--emotions "{name}=none" leaves it out'
        )
    raise SourceError(
        f"{file_name(where / name)}: no emotion is called {listed}{near[0]}; rename it, or say what it is: "
        f'--emotions "{name}=EMOTION" (none leaves it out)'
    )
