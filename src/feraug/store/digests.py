"""SHA-256 of files: the provenance that every artifact carries."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

_Read = TypeVar("_Read")

_SETTLED = 5.0
"""Seconds after which a file that has changed again has another time stamp, on any file system."""


def sha256_file(path: str | Path) -> str:
    """The SHA-256 of the file's bytes, as 64 hex digits; reads it in pieces, so any size will do.

    A process reads a file that has stayed as it was once.  Raises :class:`OSError` when the file cannot
    be read.
    """
    place = Path(path)
    stat = place.stat()
    if abs(time.time() - stat.st_mtime) < _SETTLED:
        return _digest(place)
    return _kept_digest(place.absolute(), stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


def read_with_digest(path: str | Path, read: Callable[[], _Read]) -> tuple[_Read, str]:
    """What ``read`` makes of the file, and the SHA-256 of the very bytes that it has read.

    Reads again where another process, a training for instance, has replaced the file meanwhile.
    """
    place = Path(path)
    while True:
        before = _state(place)
        found, digest = read(), sha256_file(place)
        if _state(place) == before:
            return found, digest


def _state(place: Path) -> tuple[int, ...] | None:
    """What tells a file from the one that replaces it; None where there is none."""
    try:
        stat = place.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=10_000)
def _kept_digest(place: Path, *_state: int) -> str:
    return _digest(place)


def _digest(place: Path) -> str:
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inputs_by_name(*files: tuple[Path, str]) -> dict[str, str]:
    """Digests of files by name, for an artifact's inputs; where names are the same, with the folder's."""
    inputs: dict[str, str] = {}
    for path, digest in files:
        name = path.name if path.name not in inputs else f"{path.resolve().parent.name}/{path.name}"
        while name in inputs:
            name += "'"
        inputs[name] = digest
    return inputs
