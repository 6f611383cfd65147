"""SHA-256 of files: the provenance that every artifact carries."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_file(path: str | Path) -> str:
    """The SHA-256 of the file's bytes, as 64 hex digits; reads it in pieces, so any size will do.

    Raises :class:`OSError` when the file cannot be read.
    """
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
