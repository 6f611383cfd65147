"""The dataset that a command works on."""

from __future__ import annotations

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


def read_faces(path: Path) -> Faces:
    """Read a dataset; :class:`MissingArtifactError`, with the command that makes one, when there is none."""
    if not path.exists():
        raise MissingArtifactError(
            f"{path}: no dataset yet; make it with 'feraug prepare fer2013.csv' (or 'drawn')"
        )
    return Faces(read_dataset(path), sha256_file(path))
