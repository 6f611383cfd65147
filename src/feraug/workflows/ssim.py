"""``feraug ssim``: how similar synthetic faces are to real ones, and to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feraug.config import SsimConfig, to_json
from feraug.store.atomic import remove
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.header import SSIM, Provenance
from feraug.store.ssim import SsimArrays, read_ssim, write_ssim
from feraug.store.synthetic import SyntheticArrays, read_synthetic
from feraug.store.workspace import Workspace, name_after
from feraug.words import plural
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import check_ending, existing_header
from feraug.workflows.real_faces import read_faces
from feraug.workflows.ssim_measures import (
    LEAST_NEW,
    RealFaces,
    from_source,
    lost_behind,
    real_pairs,
    real_train,
    real_validation,
    set_similarity,
    threshold,
)
from feraug.workflows.ssim_pictures import earlier_pictures, picture_paths, write_pictures
from feraug.workflows.ssim_summary import summary
from feraug.workflows.synthetic_sets import SyntheticSet, synthetic_sets

if TYPE_CHECKING:
    from feraug.workflows.judges import Judge


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
    found: SsimArrays = field(repr=False)
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
    judge: str | Path | None = None,
    name: str | None = None,
    options: SsimOptions | None = None,
    notify: Notify = ignore,
) -> SsimResult:
    """Compare synthetic sets with the dataset and write ``ssim/NAME.h5`` and its pictures.

    ``synthetic`` names files, or sets of the workspace; none: all of the workspace, filtered ones
    in place of what they were filtered from.  ``judge``: a classifier, a file or a name, on whose features
    distributions are compared; None: they are not.  ``name`` None: the set's name, or ``all`` for several.
    Raises :class:`MissingArtifactError` without a dataset, synthetic images or that judge,
    :class:`ArtifactError` for a judge that filtered one of the sets, and as :func:`existing_header` where
    ``ssim/NAME.h5`` was made otherwise.
    """
    options = (options or SsimOptions()).resolved()
    place = workspace.dataset_file(dataset)
    faces = read_faces(place, workspace)
    sets = synthetic_sets(workspace, synthetic)
    referee = None
    if judge is not None:  # judges need torch, which nothing else here imports
        from feraug.workflows.ssim_distribution import judge_of

        referee = judge_of(sets, workspace, judge, options.device or "cpu", faces.digest)
    behind, source_files = _sets_behind(workspace, sets, faces.digest)
    sources = {digest: arrays.images for digest, arrays in behind.items()} | {
        faces.digest: faces.arrays.images
    }
    usual = name_after(sets[0].name) if len(sets) == 1 else "all"
    path = workspace.ssim(usual if name is None else name)
    check_ending(path, ("-pairs",))
    judges = [] if referee is None else [(referee.classifier.path, referee.classifier.digest)]
    made = [(one.path, one.digest) for one in sets]
    inputs = inputs_by_name((place, faces.digest), *source_files, *made, *judges)
    provenance = Provenance(to_json(config), options.command, config.seed, inputs)
    header = existing_header(path, SSIM, provenance, overwrite=options.overwrite)
    if header is None:
        _measure(
            path, config, RealFaces(faces.arrays, faces.digest), sets, sources, behind, referee, provenance,
            options, notify,
        )  # fmt: skip
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
    behind: Mapping[str, SyntheticArrays],
    referee: Judge | None,
    provenance: Provenance,
    options: SsimOptions,
    notify: Notify,
) -> None:
    notes = _notes(real, sets, sources, behind)
    if referee is not None:
        from feraug.workflows.judges import judge_notes

        notes += judge_notes(real.arrays, real.digest, referee)
    for note in notes:
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
        set_similarity(one, real, sources, behind, config, options.device, _telling(one.name, notify))
        for one in sets
    )
    facts: dict[str, Any] = {"threshold": limit, "threshold_from": limit_from, "mirrored": True}
    distances = None
    if referee is not None:
        from feraug.workflows.ssim_distribution import distribution

        facts["judge"] = referee.as_json()
        told = _telling("distributions", notify, "emotions")
        distances = distribution(referee.classifier, real, sets, config, told)
    remove(earlier_pictures(path))  # first: those that are there are not drawn again
    write_ssim(path, yardstick, found, provenance, facts, distances)


def _sets_behind(
    workspace: Workspace, sets: Sequence[SyntheticSet], dataset: str
) -> tuple[dict[str, SyntheticArrays], list[tuple[Path, str]]]:
    """The sets by digest, and those that they were made from, directly or not; files read for that alone."""
    known = {one.digest: one.arrays for one in sets}
    files: list[tuple[Path, str]] = []
    wanted = {digest for one in sets for digest in one.arrays.sources} - {dataset, *known}
    if not wanted:
        return known, files
    there = {sha256_file(path): path for path in workspace.synthetics()}
    while found := sorted(wanted & there.keys() - known.keys()):
        for digest in found:
            known[digest] = read_synthetic(there[digest])
            files.append((there[digest], digest))
            wanted |= set(known[digest].sources)
    return known, files


def _notes(
    real: RealFaces,
    sets: Sequence[SyntheticSet],
    sources: Mapping[str, NDArray[np.uint8]],
    behind: Mapping[str, SyntheticArrays],
) -> list[str]:
    """What the user should know before trusting the figures."""
    notes = []
    if not real.arrays.near_copies_known and len(real.arrays.rows(split="validation")):
        notes.append(
            "near copies of training images were not looked for in this dataset: if validation has some, too "
            "few synthetic images count as such; 'feraug prepare' without --no-near-copies looks for them"
        )
    if len(threshold_rows := real.new_validation_rows()) < LEAST_NEW:
        few = plural(len(threshold_rows), "new validation image is", "new validation images are")
        notes.append(
            f"{few} too few to set the near-copy threshold: it is "
            "taken from training images and their nearest other ones"
        )
    for one in sets:
        for number, digest in enumerate(one.arrays.sources):
            of_it = int(((one.arrays.origin_source == number) & (one.arrays.origin_row >= 0)).sum())
            if digest not in sources and of_it:
                were = plural(of_it, "image was", "images were")
                notes.append(
                    f"{one.name}: {were} made from a file that is not here (SHA-256 "
                    f"{digest[:12]}…), so they are not compared with their sources, which count as near "
                    "copies where they are training images; if it is a dataset, name it with --dataset"
                )
        lost = sorted(lost_behind(one.arrays, real.digest, behind) - set(one.arrays.sources))
        if lost:
            notes.append(
                f"{one.name}: what its sources were made from is not here (SHA-256 {lost[0][:12]}…), so "
                "images that go back to training images count as near copies of those"
            )
        of_real = from_source(one, real.digest, len(real.arrays.images))
        outside = int((~np.isin(one.arrays.origin_row[of_real], real.train)).sum())
        if outside:
            were = plural(outside, "image was", "images were")
            notes.append(f"{one.name}: {were} not made from training images")
    return notes


def _telling(task: str, notify: Notify, what: str = "pairs") -> Callable[[int, int], None]:
    return lambda done, total: notify(Progress(task, done, total, what))
