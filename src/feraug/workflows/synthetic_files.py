"""Which synthetic sets a command works on, and whether their images may be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import SPLITS, UNLABELLED
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError, UsageError
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import sha256_file
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import SyntheticArrays, read_synthetic
from feraug.store.workspace import Workspace


@dataclass(frozen=True)
class SyntheticFile:
    """A synthetic set, its place, and the SHA-256 of its file."""

    path: Path
    digest: str
    arrays: SyntheticArrays

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Whether each image (N,) has an emotion, and can be trained on."""
        return np.asarray(self.arrays.labels != UNLABELLED)

    @property
    def from_noise(self) -> NDArray[np.bool_]:
        """Whether each image (N,) was made from noise, not from another image."""
        return self.arrays.origin_row < 0


def find_synthetic(workspace: Workspace, given: Sequence[Path | str] = ()) -> list[Path]:
    """The files that were named (paths, or names in ``synthetic/``), or all there are.

    Of all, a set that another was filtered from is left out in favour of its child.  Raises
    :class:`MissingArtifactError` when there is none, :class:`UsageError` when one is named twice.
    """
    if given:
        paths = [_named(workspace, name) for name in given]
        resolved = [path.resolve() for path in paths]
        twice = [path for path in paths if resolved.count(path.resolve()) > 1]
        if twice:
            raise UsageError(f"--synthetic: {twice[0]} is named twice")
        return paths
    found = workspace.synthetic_sets()
    if not found:
        raise MissingArtifactError(
            f"{workspace.root / 'synthetic'}: no synthetic images yet; "
            "make some with 'feraug synth --pair neutral:happy -n 5000'"
        )
    if len(found) == 1:
        return found
    digests = {path: sha256_file(path) for path in found}
    parents = {digest for path in found for digest in read_artifact_header(path).provenance.inputs.values()}
    return [path for path in found if digests[path] not in parents]


def read_synthetic_files(
    workspace: Workspace, given: Sequence[Path | str], dataset: DatasetArrays, digest: str
) -> list[SyntheticFile]:
    """The sets of :func:`find_synthetic`, each found to come from training images alone.

    ``digest`` is the SHA-256 of the dataset's file.  Raises :class:`ArtifactError` for a set with
    an image of another origin.
    """
    files = []
    for path in find_synthetic(workspace, given):
        file = SyntheticFile(path, sha256_file(path), read_synthetic(path))
        _check_origins(file, dataset, digest, workspace)
        _check_models(file, digest, workspace)
        files.append(file)
    return files


def _named(workspace: Workspace, name: Path | str) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    candidate = workspace.synthetic(path.stem) if path.parent == Path() else path
    if candidate.is_file():
        return candidate
    there = ", ".join(path.stem for path in workspace.synthetic_sets()) or "none"
    raise MissingArtifactError(f"{name}: no such synthetic set (there: {there}); 'feraug synth' makes them")


def _check_origins(file: SyntheticFile, dataset: DatasetArrays, digest: str, workspace: Workspace) -> None:
    """Refuse images made from anything but rows of ``train``, be it by way of other synthetic sets."""
    arrays = file.arrays
    for number, source in enumerate(arrays.sources):
        rows = arrays.origin_row[(arrays.origin_source == number) & (arrays.origin_row >= 0)]
        if not len(rows):
            continue
        if source != digest:
            _check_chain(file, source, dataset, digest, workspace)
            continue
        if rows.max() >= len(dataset.labels):
            raise ArtifactError(f"{file.path}: damaged (origin row {rows.max()} of {len(dataset.labels)})")
        foreign = rows[dataset.split[rows] != SPLITS.index("train")]
        if len(foreign):
            split = SPLITS[int(dataset.split[foreign[0]])]
            raise ArtifactError(
                f"{file.path}: {len(foreign):,} images were made from images outside 'train' "
                f"(the first from row {int(foreign[0])}, in '{split}')",
                "training on them would let the test set leak; make them from 'train' with 'feraug synth'",
            )


def _check_chain(
    file: SyntheticFile, source: str, dataset: DatasetArrays, digest: str, workspace: Workspace
) -> None:
    for path in workspace.synthetic_sets():
        if path.resolve() != file.path.resolve() and sha256_file(path) == source:
            _check_origins(SyntheticFile(path, source, read_synthetic(path)), dataset, digest, workspace)
            return
    raise ArtifactError(
        f"{file.path}: images were made from an artifact (SHA-256 {source[:12]}…) that is neither this "
        "dataset nor a synthetic set of the workspace",
        "so nobody knows whether test images are in it; make them again from this dataset",
    )


def _check_models(file: SyntheticFile, digest: str, workspace: Workspace) -> None:
    """Refuse images by a model of the workspace that was trained on another dataset."""
    wanted = set(file.arrays.header.provenance.inputs.values())
    for path in workspace.models():
        try:
            header = read_artifact_header(path)
        except FeraugError:
            continue
        if sha256_file(path) in wanted and digest not in header.provenance.inputs.values():
            raise ArtifactError(
                f"{file.path}: its model {path.stem} was trained on another dataset, "
                "whose training images may be test images here",
                "train it on this dataset",
            )
