"""Where an export may go: never over anything but an earlier export."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Final

from feraug.emotions import EMOTIONS, SPLITS
from feraug.errors import ConfigConflictError, UsageError
from feraug.store.atomic import storage_error
from feraug.store.digests import sha256_file

MARK: Final = ".feraug-export"
"""The file that says what feraug wrote into the folder it is in, so that ``--overwrite`` may replace that.

It begins with :func:`listing_digest`: other people's pictures are called ``happy/000001.png``, too.  After
it, as in a CSV's mark, comes the SHA-256 of the file that was exported, which earlier versions did not note.
"""

CSV_ENDINGS: Final = (".csv", ".csv.gz")
CSV_HEADER: Final = "emotion,pixels,Usage\n"
NO_LABEL: Final = "unlabelled"

_NO_FOLDERS: Final = (".zip", ".tar", ".gz", ".tgz", ".png", ".jpg", ".npy", ".npz", ".json", ".h5")
"""Endings that promise a file of a kind that is not written; a folder of such a name would surprise."""

_FOLDERS: Final = f"(?:{'|'.join(SPLITS)})|(?:(?:{'|'.join(SPLITS)})/)?(?:{'|'.join(EMOTIONS)}|{NO_LABEL})"
_EXPORTED_FOLDER: Final = re.compile(_FOLDERS)
_EXPORTED_FILE: Final = re.compile(rf"(?:{_FOLDERS})/\d{{5,}}\.png|{re.escape(MARK)}")
_DIGEST: Final = 64
"""Characters of a SHA-256, with which a mark begins."""
_WITH_SOURCE: Final = re.compile(rb"[0-9a-f]{64} ([0-9a-f]{64}) ")
LITTER: Final = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave wherever they look."""


def is_litter(name: str) -> bool:
    """Whether a file manager has left it; macOS leaves a ``._NAME`` beside each file on others' disks."""
    return name in LITTER or name.startswith("._")


def is_csv(destination: Path) -> bool:
    """Whether a destination of this name becomes a CSV and not a folder."""
    return destination.name.lower().endswith(CSV_ENDINGS)


def csv_mark(path: Path) -> Path:
    """The file that has the SHA-256 of the CSV at ``path`` as feraug wrote it, before anything else.

    Other people's CSVs begin as exports do, FER2013 itself among them: nothing inside tells.
    """
    return path.with_name(f".{path.name}{MARK}")


def check_place(source: Path, destination: Path, inputs: Collection[str], *, overwrite: bool) -> bool:
    """Refuse a ``destination`` where an export of ``source`` would destroy something.

    True where that very export, of a file with the SHA-256 of ``source``, stands there as feraug left it
    and is not to be written anew.

    With ``overwrite`` an earlier export may stand there and nothing else: a folder with feraug's mark
    and feraug's files alone, or a CSV as feraug wrote it (:func:`csv_mark`) that is none of the files
    whose SHA-256 is in ``inputs``.  An empty folder is always welcome.  Raises :class:`UsageError` for
    a place that makes no sense and :class:`ConfigConflictError` for one that is taken.
    """
    try:
        return _check(source, destination, inputs, overwrite)
    except OSError as problem:
        raise storage_error(destination, problem) from problem


def _check(source: Path, destination: Path, inputs: Collection[str], overwrite: bool) -> bool:
    if destination.is_symlink():
        raise UsageError(f"{destination} is a symbolic link; name the place that it leads to, or another one")
    if destination.exists():
        _refuse_own_ground(source, destination)
    if not is_csv(destination) and destination.name.lower().endswith(_NO_FOLDERS):
        raise UsageError(
            f"{destination}: no such export; name a folder for PNGs, or a file NAME.csv or NAME.csv.gz"
        )
    if not destination.exists():
        return False
    if is_csv(destination) and not destination.is_file():
        what = "a folder" if destination.is_dir() else "no regular file"
        raise UsageError(f"{destination} is {what}; name a file for a CSV")
    if not is_csv(destination) and not destination.is_dir():
        raise UsageError(f"{destination} is a file; name a folder for PNGs, or a file NAME.csv")
    if destination.is_dir() and not any(destination.iterdir()):
        return False
    foreign = _foreign_csv(destination, inputs) if is_csv(destination) else _foreign_folder(destination)
    if foreign:
        raise ConfigConflictError(
            f"{destination} exists and {foreign}; choose another place, or clear it yourself"
        )
    if overwrite:
        return False
    if _exported_from(destination) == sha256_file(source):
        return True
    raise ConfigConflictError(f"{destination} exists already; --overwrite replaces it")


def _refuse_own_ground(source: Path, destination: Path) -> None:
    """Neither the source nor a folder that the source or the user's shell is in, by whatever name."""
    here = Path.cwd()
    grounds = {
        "the file to export": [source],
        "the current folder or one above it": [here, *here.parents],
        "a folder above the file to export": source.resolve().parents,
    }
    for what, places in grounds.items():
        if any(destination.samefile(place) for place in places):
            raise UsageError(f"{destination} is {what}; name a new folder or file for the export")


def _foreign_folder(folder: Path) -> str | None:
    """Why the folder is not an earlier export, or None when it is one."""
    if not (folder / MARK).is_file():
        return f"is no earlier export (it has no {MARK})"
    for root, folders, files in os.walk(folder, onerror=_raise):
        below = Path(root).relative_to(folder)
        for names, expected in ((folders, _EXPORTED_FOLDER), (files, _EXPORTED_FILE)):
            for name in names:
                path = (below / name).as_posix()
                if not expected.fullmatch(path) and not is_litter(name):
                    return f"holds '{path}', which feraug did not write"
    noted = (folder / MARK).read_bytes()[:_DIGEST].decode("ascii", "replace")
    if not re.fullmatch(rf"[0-9a-f]{{{_DIGEST}}}", noted):
        return "is an export of an earlier version, which did not note what it wrote"
    if noted != listing_digest(folder):
        return "is not as feraug left it: pictures were added, changed or removed"
    return None


def _exported_from(destination: Path) -> str | None:
    """The SHA-256 of what was exported there, as the mark has it; None in a mark of an earlier version."""
    mark = csv_mark(destination) if is_csv(destination) else destination / MARK
    noted = _WITH_SOURCE.match(mark.read_bytes())
    return noted[1].decode() if noted else None


def listing_digest(folder: Path) -> str:
    """SHA-256 of the names and sizes of all files below ``folder`` but the mark and file managers' litter."""
    found = sorted(
        f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n"
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARK and not is_litter(path.name)
    )
    return sha256("".join(found).encode("utf-8", "surrogateescape")).hexdigest()


def _raise(problem: OSError) -> None:
    raise problem


def _foreign_csv(path: Path, inputs: Collection[str]) -> str | None:
    """Why the file is not an earlier export, or None when it is one."""
    mark, digest = csv_mark(path), sha256_file(path)
    if not mark.is_file():
        return f"is no earlier export (there is no {mark.name} beside it)"
    if mark.read_bytes()[:_DIGEST] != digest.encode():
        return "is no earlier export, or was changed since"
    if digest in inputs:
        return "is the file that the data were made from"
    return None
