"""The dataset that a command works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from feraug.emotions import suggestion
from feraug.errors import MissingArtifactError
from feraug.quoting import quoted
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.digests import read_with_digest
from feraug.store.workspace import Workspace


@dataclass(frozen=True)
class Faces:
    """A dataset, and the SHA-256 of its file."""

    arrays: DatasetArrays
    digest: str


def check_dataset(path: Path, workspace: Workspace) -> None:
    """:class:`MissingArtifactError`, with what to do, when there is no dataset at ``path``."""
    if path.exists():
        return
    there = [one.stem for one in workspace.files("*.h5")]
    if path.parent.resolve() != workspace.root.resolve() or path.suffix != ".h5":
        near = suggestion(path.stem, there)
        raise MissingArtifactError(
            f"{path}: no such file{near}; check --dataset, or leave it out for the workspace's dataset.h5"
        )
    told = f" (there is {', '.join(there)}: --dataset NAME takes it)" if there else ""
    named = "" if path.stem == "dataset" else f" --name {quoted(path.stem)}"
    raise MissingArtifactError(
        f"{path}: no dataset yet{told}; make it with 'feraug prepare fer2013.csv{named}', or 'feraug prepare "
        f"drawn{named}' (no download)"
    )


def lists_what_is_there(faces: DatasetArrays) -> str:
    """What to do about faces that a dataset lacks: the command that tells what it has."""
    return f"'feraug info {quoted(str(faces.path))}' lists what is there"


def read_faces(path: Path, workspace: Workspace) -> Faces:
    """Read a dataset; :class:`MissingArtifactError`, with what to do, when there is none."""
    check_dataset(path, workspace)
    return Faces(*read_with_digest(path, partial(read_dataset, path)))
