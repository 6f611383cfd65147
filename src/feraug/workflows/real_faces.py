"""The dataset that a command works on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from feraug.errors import MissingArtifactError
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.digests import sha256_file


@dataclass(frozen=True)
class Faces:
    """A dataset, and the SHA-256 of its file."""

    arrays: DatasetArrays
    digest: str


def check_dataset(path: Path) -> None:
    """:class:`MissingArtifactError`, with the command that makes it, when there is no dataset at ``path``."""
    if not path.exists():
        named = "" if path.stem == "dataset" else f" --name {shlex.quote(path.stem)}"
        raise MissingArtifactError(
            f"{path}: no dataset yet; make it with 'feraug prepare fer2013.csv{named}' (or 'drawn')"
        )


def read_faces(path: Path) -> Faces:
    """Read a dataset; :class:`MissingArtifactError`, with the command that makes one, when there is none."""
    check_dataset(path)
    return Faces(read_dataset(path), sha256_file(path))
