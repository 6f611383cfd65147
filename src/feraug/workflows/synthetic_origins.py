"""Whether synthetic images may be trained on: all made from training images, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import SPLITS
from feraug.errors import ArtifactError, FeraugError
from feraug.images import fingerprints
from feraug.store.dataset import DatasetArrays
from feraug.store.header import MAKE_AGAIN, MODEL, SYNTHETIC, Header
from feraug.store.model import read_model
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.by_digest import artifacts_by_digest
from feraug.workflows.synthetic_sets import SyntheticSet, synthetic_sets


@dataclass(frozen=True)
class _Model:
    """A model that had a part in a set, and what it had it in: a set, or a model that learned from it."""

    path: Path
    header: Header
    user: SyntheticSet | _Model

    @property
    def sources(self) -> dict[str, str]:
        """What it learned from beside the dataset: SHA-256 by name."""
        return self.header.provenance.beside_dataset

    @property
    def role(self) -> str:
        """How an error begins that tells of it."""
        return f"{self.user.path}: {self.part}"

    @property
    def part(self) -> str:
        """What it is to the set or model that it had a part in, as the beginning of a sentence."""
        if isinstance(self.user, _Model):
            return f"it learned from faces by {self.path.stem}, which"
        return f"its model {self.path.stem}"


def training_sets(
    workspace: Workspace,
    given: Sequence[Path | str],
    dataset: DatasetArrays,
    digest: str,
    there: Mapping[str, Path] | None = None,
) -> list[SyntheticSet]:
    """The sets of :func:`synthetic_sets`, each found to come from training images alone.

    ``digest`` is the SHA-256 of the dataset's file, ``there`` what :func:`artifacts_by_digest` finds,
    where it is known already.  Followed are the sets that a set was made
    from, the models that made or filtered them, and what those models learned from in turn.  Raises
    :class:`ArtifactError` for an image of another origin among them.
    """
    sets = synthetic_sets(workspace, given)
    there = artifacts_by_digest(workspace) if there is None else there
    for each in sets:
        for one in _lineage(each, digest, there):
            if isinstance(one, SyntheticSet):
                _check_origins(one, dataset, digest)
            else:
                _check_model(one, dataset, digest)
    return sets


def cautions(
    workspace: Workspace,
    sets: Sequence[SyntheticSet],
    dataset: DatasetArrays,
    digest: str,
    there: Mapping[str, Path] | None = None,
) -> list[str]:
    """A sentence for each model, or source of one, that is not there, for each of other images, and for sets
    that share images.

    Of the first nobody knows what they were shown; the second were let in because it was nothing that is
    held out here, which says nothing about copies that differ in a pixel.  The third are no leak, but weigh
    twice.
    """
    there = artifacts_by_digest(workspace) if there is None else there
    behind = [one for each in sets for one in _lineage(each, digest, there)]
    sentences = [
        f"{one.path.name}: {what}; if it saw test images, so did these classifiers."
        for one in behind
        for what in _missing(one, there)
    ]
    for one in behind:
        if isinstance(one, _Model) and digest not in one.header.provenance.inputs.values():
            foreign, images = not_in_train(one.path, dataset)
            if foreign:
                sentences.append(
                    f"{one.user.path.name}: {one.part} was trained on {plural(images, 'image')}, of which "
                    f"{plural(foreign, 'is', 'are')} not in this dataset's 'train'; none of them is held out "
                    "here, pixel for pixel."
                )
    return list(dict.fromkeys([*sentences, *_shared(sets)]))


def filtered_by(one: SyntheticSet, digest: str, there: Mapping[str, Path]) -> frozenset[str]:
    """SHA-256 of the classifiers that chose a set's images, or those of a set that it was made from.

    ``digest`` is the dataset's, ``there`` what :func:`artifacts_by_digest` finds.
    """
    behind = (each for each in _lineage(one, digest, there) if isinstance(each, SyntheticSet))
    return frozenset(filter(None, map(_classifier_of, behind)))


def _classifier_of(one: SyntheticSet) -> str:
    """SHA-256 of the classifier by which a set was filtered; empty where it was not."""
    return str((one.arrays.header.extra.get("filter") or {}).get("classifier", ""))


def _shared(sets: Sequence[SyntheticSet]) -> Iterator[str]:
    """A sentence for each two sets that share images: two filters of one set, or a set and its parent."""
    known = [fingerprints(one.arrays.images) for one in sets]
    for number, one in enumerate(sets):
        for earlier in range(number):
            shared = int(np.isin(known[number], known[earlier]).sum())
            if shared:
                are = "is" if shared == 1 else "are"
                yield (
                    f"{one.path.name}: {shared:,} of its {plural(len(known[number]), 'image')} {are} in "
                    f"{sets[earlier].path.name}, too, and {are} trained on twice."
                )


def not_in_train(model: Path, dataset: DatasetArrays) -> tuple[int, int]:
    """How many of the images that a model has seen are not in a dataset's ``train``, and how many those are.

    By their fingerprints: the same images in a file of another digest are the same.  (0, 0) for a model
    that does not tell, or is a classifier.
    """
    seen = read_model(model, ("trained_on",)).arrays.get("trained_on/images")
    if seen is None:
        return 0, 0
    of_train = fingerprints(dataset.images[dataset.split == SPLITS.index("train")])
    return int((~np.isin(seen, of_train)).sum()), len(seen)


def _missing(one: SyntheticSet | _Model, there: Mapping[str, Path]) -> Iterator[str]:
    """What had a part in a set or a model and is not in the workspace, as half a sentence."""
    if isinstance(one, SyntheticSet):
        made_by = str(one.arrays.header.extra.get("model", ""))
        if made_by and made_by not in there:
            yield f"its model (SHA-256 {made_by[:12]}…) is not in the workspace"
        chosen_by = _classifier_of(one)
        if chosen_by and chosen_by not in there:
            yield f"the classifier that filtered it (SHA-256 {chosen_by[:12]}…) is not in the workspace"
        return
    for name, source in one.sources.items():
        if source not in there:
            yield f"it learned from {name} (SHA-256 {source[:12]}…), which is not in the workspace"


def _lineage(file: SyntheticSet, digest: str, there: Mapping[str, Path]) -> Iterator[SyntheticSet | _Model]:
    """A set, and all sets and models behind it that are in the workspace, each once.

    Raises :class:`ArtifactError` for images that were made from an artifact which is not there.
    """
    left: list[SyntheticSet | _Model] = [file]
    seen = {file.digest, digest}
    while left:
        one = left.pop()
        yield one
        if isinstance(one, SyntheticSet):
            made = one.arrays.header
            used = np.unique(one.arrays.origin_source[one.arrays.origin_row >= 0])
            parents = {one.arrays.sources[int(number)] for number in used}
            left += [_parent(one, source, there) for source in sorted(parents - seen)]
            seen |= parents
            # A filtered set names its parent among its inputs, and the model that made it in its facts.
            behind = {*made.provenance.inputs.values(), str(made.extra.get("model", ""))}
            kinds: tuple[str, ...] = (MODEL,)  # what else of the parent was left out is not in this set
        else:
            behind, kinds = set(one.sources.values()), (MODEL, SYNTHETIC)
        for source in sorted(behind & there.keys() - seen):
            header = _header(there[source])
            if header is None or header.encoding_type not in kinds:
                continue
            seen.add(source)
            model = header.encoding_type == MODEL
            left.append(_Model(there[source], header, one) if model else _set_at(there[source], source))


def _header(path: Path) -> Header | None:
    try:
        return read_artifact_header(path)
    except FeraugError:
        return None


def _set_at(path: Path, digest: str) -> SyntheticSet:
    return SyntheticSet(path, path.stem, digest, read_synthetic(path))


def _parent(file: SyntheticSet, source: str, there: Mapping[str, Path]) -> SyntheticSet:
    header = _header(there[source]) if source in there else None
    if header is None or header.encoding_type != SYNTHETIC:
        called = f"{there[source].name}, " if source in there else ""
        raise ArtifactError(
            f"{file.path}: images were made from an artifact ({called}SHA-256 {source[:12]}…) that is "
            "neither this dataset nor a synthetic set of the workspace",
            "so nobody knows whether test images are in it; make them again from this dataset, or name the "
            "sets to use with --synthetic",
        )
    return _set_at(there[source], source)


def _check_origins(file: SyntheticSet, dataset: DatasetArrays, digest: str) -> None:
    """Refuse images made from rows of the dataset outside ``train``."""
    arrays = file.arrays
    for number, source in enumerate(arrays.sources):
        rows = arrays.origin_row[(arrays.origin_source == number) & (arrays.origin_row >= 0)]
        if source != digest or not len(rows):
            continue
        if rows.max() >= len(dataset.labels):
            raise ArtifactError(
                f"{file.path}: damaged (origin row {rows.max()} of {len(dataset.labels)})", MAKE_AGAIN
            )
        foreign = rows[dataset.split[rows] != SPLITS.index("train")]
        if len(foreign):
            split = SPLITS[int(dataset.split[foreign[0]])]
            raise ArtifactError(
                f"{file.path}: {plural(len(foreign), 'image was', 'images were')} made from images outside "
                f"'train' (the first from row {int(foreign[0])}, in '{split}')",
                "training on them would let the test set leak; make them from 'train' with 'feraug synth'",
            )


def _check_model(model: _Model, dataset: DatasetArrays, digest: str) -> None:
    """Refuse a model that has seen images outside this dataset's ``train``.

    Its file tells, by the fingerprints of what it was trained on; without those (files of earlier
    versions, classifiers) it has to be of this very dataset.
    """
    seen = read_model(model.path, ("trained_on",)).arrays.get("trained_on/images")
    if seen is not None:
        _check_seen(model, seen, dataset)
    elif digest not in model.header.provenance.inputs.values():
        raise ArtifactError(
            f"{model.role} was trained on another dataset, whose training images may be test images here",
            "train it on this dataset",
        )


def _check_seen(model: _Model, seen: NDArray[np.int64], dataset: DatasetArrays) -> None:
    """Refuse a model that has seen held-out images of the dataset that are not in its ``train`` as well."""
    held_out = np.flatnonzero(dataset.split != SPLITS.index("train"))
    of_train = fingerprints(dataset.images[dataset.split == SPLITS.index("train")])
    found = fingerprints(dataset.images[held_out])
    leaking = held_out[np.isin(found, seen) & ~np.isin(found, of_train)]
    if len(leaking):
        split = SPLITS[int(dataset.split[leaking[0]])]
        raise ArtifactError(
            f"{model.role} was trained on {plural(len(leaking), 'image')} that this dataset holds out "
            f"(the first is row {int(leaking[0])}, in '{split}')",
            "train a model on this dataset's 'train'",
        )
