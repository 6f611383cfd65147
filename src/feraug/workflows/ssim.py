"""``feraug ssim``: how similar synthetic faces are to real ones, and to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.config import SsimConfig, to_json
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.header import SSIM, Provenance
from feraug.store.ssim import SsimArrays, read_ssim, write_ssim
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.real_faces import Faces, read_faces
from feraug.workflows.ssim_measures import (
    LEAST_NEW,
    RealFaces,
    real_pairs,
    real_train,
    real_validation,
    set_similarity,
    threshold,
)
from feraug.workflows.ssim_pictures import picture_paths, write_pictures
from feraug.workflows.ssim_summary import summary
from feraug.workflows.synthetic_sets import SyntheticSet, synthetic_sets


@dataclass(frozen=True)
class SsimOptions:
    """What may differ between runs of the same analysis."""

    device: str | None = None
    """None: the CPU by compiled code; else a device that torch knows, or ``auto``: the NVIDIA GPU, if any."""
    overwrite: bool = False
    command: str = "feraug.ssim"

    def resolved(self) -> SsimOptions:
        """With ``auto`` decided."""
        if self.device != "auto":
            return self
        import torch

        return replace(self, device="cuda" if torch.cuda.is_available() else None)


@dataclass(frozen=True)
class SsimResult:
    """A similarity analysis; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    found: SsimArrays
    pictures: tuple[Path, ...]

    @property
    def figures(self) -> dict[str, Any]:
        """Quantiles and shares as JSON values; see ``docs/similarity.md``."""
        return summary(self.found)

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values; the pairs themselves stand in the file."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "variant": self.found.header.provenance.config["variant"],
            **self.figures,
            "pictures": [str(path) for path in self.pictures],
        }


def ssim(
    config: SsimConfig,
    workspace: Workspace,
    *,
    synthetic: Sequence[str | Path] = (),
    dataset: Path | None = None,
    name: str | None = None,
    options: SsimOptions | None = None,
    notify: Notify = ignore,
) -> SsimResult:
    """Compare synthetic sets with the dataset and write ``ssim/NAME.h5`` and its pictures.

    ``synthetic`` names files, or sets of the workspace; none: all of the workspace, filtered ones
    in place of what they were filtered from.  ``name`` None: the set's name, or ``all`` for several.
    Raises :class:`MissingArtifactError` without a dataset or synthetic images, and as
    :func:`existing_header` where ``ssim/NAME.h5`` was made otherwise.
    """
    options = (options or SsimOptions()).resolved()
    place = dataset or workspace.dataset()
    faces = read_faces(place)
    sets = synthetic_sets(workspace, synthetic)
    sources, source_files = _sources(workspace, sets, faces)
    path = workspace.ssim(name or (sets[0].name if len(sets) == 1 else "all"))
    inputs = inputs_by_name((place, faces.digest), *source_files, *((one.path, one.digest) for one in sets))
    provenance = Provenance(to_json(config), options.command, config.seed, inputs)
    header = existing_header(path, SSIM, provenance, overwrite=options.overwrite)
    if header is None:
        _measure(
            path, config, RealFaces(faces.arrays, faces.digest), sets, sources, provenance, options, notify
        )
    found = read_ssim(path)
    pictures = picture_paths(path, [one.name for one in sets])
    if header is None or not all(picture.exists() for picture in pictures):
        write_pictures(path, found, sets, faces.arrays, sources)
        for picture in pictures:
            notify(Saved("picture", picture.resolve()))
    return SsimResult(
        path.resolve(), header is not None, found, tuple(picture.resolve() for picture in pictures)
    )


def _measure(
    path: Path,
    config: SsimConfig,
    real: RealFaces,
    sets: Sequence[SyntheticSet],
    sources: Mapping[str, NDArray[np.uint8]],
    provenance: Provenance,
    options: SsimOptions,
    notify: Notify,
) -> None:
    for note in _notes(real, sets, sources):
        notify(Note(note))
    within, across = real_pairs(real, config)
    yardstick = {
        "train": real_train(real, config, options.device, _telling("real: train", notify)),
        "validation": real_validation(real, config, options.device, _telling("real: validation", notify)),
        "within": within,
        "across": across,
    }
    limit, limit_from = threshold(yardstick)
    found = tuple(
        set_similarity(one, real, sources, config, options.device, _telling(one.name, notify)) for one in sets
    )
    facts = {"threshold": limit, "threshold_from": limit_from}
    write_ssim(path, yardstick, found, provenance, facts)


def _sources(
    workspace: Workspace, sets: Sequence[SyntheticSet], faces: Faces
) -> tuple[dict[str, NDArray[np.uint8]], list[tuple[Path, str]]]:
    """Images that the sets were made from, by digest of their file; files read for that alone."""
    wanted = {digest for one in sets for digest in one.arrays.sources}
    here = {faces.digest: faces.arrays.images} | {one.digest: one.arrays.images for one in sets}
    images = {digest: here[digest] for digest in wanted & here.keys()}
    files: list[tuple[Path, str]] = []
    if wanted - images.keys():
        for path in workspace.synthetics():
            digest = sha256_file(path)
            if digest in wanted - images.keys():
                images[digest] = read_synthetic(path).images
                files.append((path, digest))
    return images, files


def _notes(
    real: RealFaces, sets: Sequence[SyntheticSet], sources: Mapping[str, NDArray[np.uint8]]
) -> list[str]:
    """What the user should know before trusting the figures."""
    notes = []
    if not real.arrays.near_copies_known and len(real.arrays.rows(split="validation")):
        notes.append(
            "near copies of training images were not looked for in this dataset: if validation has some, too "
            "few synthetic images count as such; 'feraug prepare' without --no-near-copies looks for them"
        )
    if len(threshold_rows := real.new_validation_rows()) < LEAST_NEW:
        notes.append(
            f"{len(threshold_rows)} new validation images are too few to say what a near copy is: "
            "training images and their nearest others serve"
        )
    for one in sets:
        unknown = [digest for digest in one.arrays.sources if digest not in sources]
        if unknown:
            notes.append(
                f"{one.name}: made from another dataset (SHA-256 {unknown[0][:12]}…), so its images are not "
                "compared with their sources; --dataset names the right one"
            )
        elif real.digest in one.arrays.sources:
            origins = one.arrays.origin_row[one.arrays.origin_row >= 0]
            outside = ~np.isin(origins, real.train)
            if outside.any():
                notes.append(f"{one.name}: {outside.sum():,} images were not made from training images")
    return notes


def _telling(task: str, notify: Notify) -> Callable[[int, int], None]:
    return lambda done, total: notify(Progress(task, done, total, "pairs"))
