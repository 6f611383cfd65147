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


def inputs_by_name(*files: tuple[Path, str]) -> dict[str, str]:
    """Digests of files by name, for an artifact's inputs; where names are the same, with the folder's."""
    inputs: dict[str, str] = {}
    for path, digest in files:
        name = path.name if path.name not in inputs else f"{path.resolve().parent.name}/{path.name}"
        while name in inputs:
            name += "'"
        inputs[name] = digest
    return inputs
