"""The synthetic sets that a command works on: those named, or all of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import UNLABELLED, suggestion
from feraug.errors import MissingArtifactError
from feraug.store.digests import sha256_file
from feraug.store.header import SYNTHETIC, Header
from feraug.store.reading import open_artifact
from feraug.store.synthetic import SyntheticArrays, read_synthetic
from feraug.store.workspace import Workspace, at_home


def up_to_times(rounds: int) -> str:
    """How often a source image was used, in words: ``once``, ``up to 2 times``."""
    return "once" if rounds == 1 else f"up to {rounds:,} times"


@dataclass(frozen=True)
class SyntheticSet:
    """A synthetic set, the SHA-256 of its file, and a name that no other of the same command has."""

    path: Path
    name: str
    digest: str
    arrays: SyntheticArrays

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether each image (N,) has an emotion."""
        return np.asarray(self.arrays.labels != UNLABELLED)

    @property
    def from_noise(self) -> NDArray[np.bool_]:
        """Whether each image (N,) was made from noise, not from another image."""
        return np.asarray(self.arrays.origin_row < 0)


def synthetic_sets(workspace: Workspace, given: Sequence[str | Path] = ()) -> list[SyntheticSet]:
    """Read the ``given`` sets (files, or names or kinds in ``synthetic/``), or :func:`default_paths`.

    A file that is given twice, under whatever name, is read once.  Raises
    :class:`MissingArtifactError`, with the command that makes one, where there is none.
    """
    paths = [_find(workspace, str(one)) for one in given] or default_paths(workspace)
    sets: dict[str, SyntheticSet] = {}
    for path in paths:
        digest = sha256_file(path) if path.is_file() else ""  # read_synthetic says what else it is
        if digest not in sets:
            name = _unused(path.stem, [one.name for one in sets.values()])
            sets[digest] = SyntheticSet(path, name, digest, read_synthetic(path))
    return list(sets.values())


def default_paths(workspace: Workspace) -> list[Path]:
    """Every synthetic set of the workspace, but for those that a filtered one stands in place of.

    A set is filtered from another if its inputs name that one's digest and its images were not
    made from it.
    """
    headers = {path: _header(path) for path in workspace.synthetics()}
    parents = {
        digest
        for header in headers.values()
        for digest in header.provenance.inputs.values()
        if digest not in header.extra.get("sources", ())
    }
    paths = [path for path in headers if sha256_file(path) not in parents]
    if not paths:
        raise MissingArtifactError(
            f"no synthetic images in {workspace.root / 'synthetic'}; "
            "make some with 'feraug synth --pair neutral:happy', or name a file with --synthetic"
        )
    return paths


def _header(path: Path) -> Header:
    with open_artifact(path, SYNTHETIC) as reader:
        return reader.header


def _find(workspace: Workspace, text: str) -> Path:
    """The file of this name, or ``synthetic/NAME.h5``, or a set by the kind of its noise generator."""
    path = at_home(text)
    if path.is_file() or path.is_symlink() or len(path.parts) != 1:
        return path
    named = workspace.synthetic_set(text)  # also where a folder of that name lies here, such as an export
    if named.exists():
        return named
    if path.exists():
        return path
    there = [path.stem for path in workspace.synthetics()]
    near = suggestion(named.stem, there)
    listed = (
        f"; there are {', '.join(there)}" if there else "; make it with 'feraug synth --pair neutral:happy'"
    )
    raise MissingArtifactError(f"--synthetic {text}: no such file, nor {named}{near or listed}")


def _unused(name: str, taken: list[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
