"""Whether synthetic images may be trained on: all made from training images, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import SPLITS
from feraug.errors import ArtifactError, FeraugError
from feraug.images import fingerprints
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import sha256_file
from feraug.store.header import MODEL
from feraug.store.model import read_model
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
        for ancestor in _with_ancestors(each, digest, workspace):
            _check_origins(ancestor, dataset, digest)
            _check_models(ancestor, dataset, digest, workspace)
    return sets


def unknown_models(workspace: Workspace, sets: Sequence[SyntheticSet]) -> list[str]:
    """A sentence for each set whose model is not in the workspace, so that nobody knows what it was shown."""
    there = {sha256_file(path) for path in workspace.models()}
    return [
        f"{each.path.name}: its model (SHA-256 {model[:12]}…) is not in the workspace; if it was trained on "
        "test images, so are these classifiers."
        for each in sets
        if (model := str(each.arrays.header.extra.get("model", ""))) and model not in there
    ]


def _with_ancestors(file: SyntheticSet, digest: str, workspace: Workspace) -> Iterator[SyntheticSet]:
    """A set and all sets that its images were made from, each once."""
    left, seen = [file], {file.digest}
    while left:
        one = left.pop()
        yield one
        used = np.unique(one.arrays.origin_source[one.arrays.origin_row >= 0])
        for source in {one.arrays.sources[int(number)] for number in used} - seen - {digest}:
            seen.add(source)
            left.append(_parent(one, source, workspace))


def _parent(file: SyntheticSet, source: str, workspace: Workspace) -> SyntheticSet:
    for path in workspace.synthetics():
        if sha256_file(path) == source:
            return SyntheticSet(path, path.stem, source, read_synthetic(path))
    raise ArtifactError(
        f"{file.path}: images were made from an artifact (SHA-256 {source[:12]}…) that is neither this "
        "dataset nor a synthetic set of the workspace",
        "so nobody knows whether test images are in it; make them again from this dataset",
    )


def _check_origins(file: SyntheticSet, dataset: DatasetArrays, digest: str) -> None:
    """Refuse images made from rows of the dataset outside ``train``."""
    arrays = file.arrays
    for number, source in enumerate(arrays.sources):
        rows = arrays.origin_row[(arrays.origin_source == number) & (arrays.origin_row >= 0)]
        if source != digest or not len(rows):
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


def _check_models(file: SyntheticSet, dataset: DatasetArrays, digest: str, workspace: Workspace) -> None:
    """Refuse images by a model that has seen images outside this dataset's ``train``.

    Its file tells, by the fingerprints of what it was trained on; without those (files of earlier
    versions) it has to be of this very dataset.
    """
    made = file.arrays.header
    # A filtered set names its parent among its inputs, and the model that made the images in its facts.
    wanted = {*made.provenance.inputs.values(), made.extra.get("model")}
    for path in workspace.models():
        try:
            header = read_artifact_header(path)
        except FeraugError:
            continue
        if header.encoding_type != MODEL or sha256_file(path) not in wanted:
            continue
        seen = read_model(path, ("trained_on",)).arrays.get("trained_on/images")
        if seen is not None:
            _check_seen(file, path, seen, dataset)
        elif digest not in header.provenance.inputs.values():
            raise ArtifactError(
                f"{file.path}: its model {path.stem} was trained on another dataset, "
                "whose training images may be test images here",
                "train it on this dataset",
            )


def _check_seen(file: SyntheticSet, model: Path, seen: NDArray[np.int64], dataset: DatasetArrays) -> None:
    """Refuse a model that has seen held-out images of the dataset that are not in its ``train`` as well."""
    held_out = np.flatnonzero(dataset.split != SPLITS.index("train"))
    of_train = fingerprints(dataset.images[dataset.split == SPLITS.index("train")])
    found = fingerprints(dataset.images[held_out])
    leaking = held_out[np.isin(found, seen) & ~np.isin(found, of_train)]
    if len(leaking):
        split = SPLITS[int(dataset.split[leaking[0]])]
        raise ArtifactError(
            f"{file.path}: its model {model.stem} was trained on {len(leaking):,} images that this dataset "
            f"holds out (the first is row {int(leaking[0])}, in '{split}')",
            "train a model on this dataset's 'train'",
        )
