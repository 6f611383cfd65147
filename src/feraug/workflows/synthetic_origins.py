"""Whether synthetic images may be trained on: all made from training images, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from feraug.emotions import SPLITS
from feraug.errors import ArtifactError, FeraugError
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import sha256_file
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.synthetic_sets import SyntheticSet, synthetic_sets


def training_sets(
    workspace: Workspace, given: Sequence[Path | str], dataset: DatasetArrays, digest: str
) -> list[SyntheticSet]:
    """The sets of :func:`synthetic_sets`, each found to come from training images alone.

    ``digest`` is the SHA-256 of the dataset's file.  Raises :class:`ArtifactError` for a set with
    an image of another origin.
    """
    sets = synthetic_sets(workspace, given)
    for each in sets:
        _check_origins(each, dataset, digest, workspace)
        _check_models(each, digest, workspace)
    return sets


def _check_origins(file: SyntheticSet, dataset: DatasetArrays, digest: str, workspace: Workspace) -> None:
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
    file: SyntheticSet, source: str, dataset: DatasetArrays, digest: str, workspace: Workspace
) -> None:
    for path in workspace.synthetics():
        if path.resolve() != file.path.resolve() and sha256_file(path) == source:
            _check_origins(
                SyntheticSet(path, path.stem, source, read_synthetic(path)), dataset, digest, workspace
            )
            return
    raise ArtifactError(
        f"{file.path}: images were made from an artifact (SHA-256 {source[:12]}…) that is neither this "
        "dataset nor a synthetic set of the workspace",
        "so nobody knows whether test images are in it; make them again from this dataset",
    )


def _check_models(file: SyntheticSet, digest: str, workspace: Workspace) -> None:
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
