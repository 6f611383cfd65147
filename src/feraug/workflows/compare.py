"""``feraug compare``: the translators of a pair on the same faces and the same measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feraug.config import CompareConfig, to_json
from feraug.emotions import DomainPair
from feraug.store.atomic import remove
from feraug.store.compare import CompareArrays, read_compare, write_compare
from feraug.store.compare_parts import CompareParts
from feraug.store.digests import inputs_by_name
from feraug.store.header import COMPARE, Provenance
from feraug.store.workspace import Workspace
from feraug.workflows.compare_breakdown import breakdown
from feraug.workflows.compare_entrants import Entrant, check_independent, entrants
from feraug.workflows.compare_measures import measures, real_measures
from feraug.workflows.compare_notes import few, notes
from feraug.workflows.compare_parts import (
    PhotoMaterial,
    checked_groups,
    degraded_faces,
    group_codes,
    photo_sets,
)
from feraug.workflows.compare_pictures import earlier_pictures, picture_paths, write_pictures
from feraug.workflows.compare_yardsticks import judged, telling, yardsticks_of
from feraug.workflows.detectors import told_detector
from feraug.workflows.devices import choose_device
from feraug.workflows.distances import distances
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import check_ending, existing_header
from feraug.workflows.judges import Judge, load_judge
from feraug.workflows.photo_faces import faces_in_photos, photo_folder
from feraug.workflows.real_faces import Faces, read_faces
from feraug.workflows.ssim_measures import RealFaces


@dataclass(frozen=True)
class CompareOptions:
    """What may differ between runs of the same comparison."""

    device: str = "auto"
    overwrite: bool = False
    command: str = "feraug.compare"


@dataclass(frozen=True)
class CompareResult:
    """A comparison; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    found: CompareArrays = field(repr=False)
    pictures: tuple[Path, ...]

    @property
    def figures(self) -> Mapping[str, Any]:
        """The table as JSON values; see ``docs/compare.md``."""
        return self.found.table

    @property
    def by_group(self) -> list[dict[str, Any]]:
        """The figures of each group of drawn people and of photos, as JSON values; empty without groups."""
        found: list[dict[str, Any]] = breakdown(self.found)["by_group"]
        return found

    @property
    def by_degradation(self) -> dict[str, Any] | None:
        """Shares called the target of degraded faces, as JSON values; None where none were asked for."""
        found: dict[str, Any] | None = breakdown(self.found)["by_degradation"]
        return found

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values; what the judge says of each image stands in the file."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            **self.figures,
            **breakdown(self.found),
            "pictures": [str(path) for path in self.pictures],
        }


def compare(
    config: CompareConfig,
    workspace: Workspace,
    *,
    models: Sequence[str | Path] = (),
    judge: str | Path | None = None,
    dataset: Path | None = None,
    photos: Path | None = None,
    name: str | None = None,
    options: CompareOptions | None = None,
    notify: Notify = ignore,
) -> CompareResult:
    """Translate the same validation faces by every model, measure, and write ``compare/NAME.h5``.

    ``models`` names files, or models of the workspace; none: all translators of the pair.
    ``judge`` None: ``models/vgg19.h5``; ``photos``: a folder whose faces are translated, too, by groups;
    ``name`` None: the pair.  Raises
    :class:`~feraug.errors.MissingArtifactError` for what is missing, with the command that makes it,
    :class:`ArtifactError` for a judge that filtered for one of the models, and as
    :func:`existing_header` where ``compare/NAME.h5`` was made otherwise.
    """
    options = options or CompareOptions()
    pair = DomainPair.parse(config.pair)
    place = workspace.dataset_file(dataset)
    device = str(choose_device(options.device))
    faces = read_faces(place, workspace)
    referee = load_judge(workspace, judge, device)
    compared = entrants(workspace, pair, models, device)
    check_independent(referee, compared, workspace)
    path = workspace.compare(pair.slug if name is None else name)
    check_ending(path, ("-figures", "-features", "-degraded", "-degraded-faces"))
    files = [(place, faces.digest), (referee.classifier.path, referee.classifier.digest)]
    files += [(one.path, one.digest) for one in compared]
    settings, folder, detector = to_json(config), None, None
    if photos is not None:
        folder = checked_groups(photo_folder(photos, workspace))
        detector = told_detector(config.detector, notify)
        settings["detector"] = detector.name
        files.append((Path(folder.name), folder.digest))
    provenance = Provenance(settings, options.command, config.seed, inputs_by_name(*files))
    header = existing_header(
        path, COMPARE, provenance, overwrite=options.overwrite, normalised=_with_new_settings
    )
    if header is None:
        if len(compared) < len(models):
            notify(Note("a model that was named twice takes part once"))
        for one in compared:
            if one.again and not models:
                notify(Note(f"{', '.join(one.again)}: the same model as {one.path.stem}, takes part once"))
        photo_material = None
        if folder is not None and detector is not None:
            groups = faces_in_photos(folder, detector, config.min_face, notify)
            photo_material = PhotoMaterial(detector.name, groups)
        _measure(path, config, pair, faces, referee, compared, photo_material, provenance, device, notify)
    found = read_compare(path)
    pictures = picture_paths(path, found)
    if header is None or not all(picture.exists() for picture in pictures):
        write_pictures(path, found, faces.arrays, compared, pair)
        for picture in pictures:
            notify(Saved("picture", picture.resolve()))
    resolved = tuple(picture.resolve() for picture in pictures)
    return CompareResult(path.resolve(), header is not None, found, resolved)


def _measure(
    path: Path,
    config: CompareConfig,
    pair: DomainPair,
    faces: Faces,
    referee: Judge,
    compared: Sequence[Entrant],
    photos: PhotoMaterial | None,
    provenance: Provenance,
    device: str,
    notify: Notify,
) -> None:
    arrays, judge = faces.arrays, referee.classifier
    for note in notes(faces, referee, compared):
        notify(Note(note))
    yardsticks = yardsticks_of(config, RealFaces(arrays, faces.digest), judge, device, notify)
    for note in few(yardsticks):
        notify(Note(note))
    sources, source_images = yardsticks.sources, yardsticks.source_images
    untouched = measures(yardsticks, source_images, sources, telling("near copies: sources", notify))
    beside = real_measures(yardsticks, telling(f"near copies: {pair.b}", notify))
    sets = [sources, yardsticks.held_out]
    table: list[dict[str, Any]] = []
    for number, one in enumerate(compared):
        notify(Progress("translating", number, len(compared), "models"))
        made = one.translator.translate(source_images, str(pair))
        sets.append(judged(judge, sources.rows, made, source_images, yardsticks.truth))
        found = measures(yardsticks, made, sets[-1], telling(f"near copies: {one.name}", notify))
        table.append(
            {
                "name": one.name,
                "model": one.translator.config.model,
                "sha256": one.digest,
                **found,
                "training": one.training,
            }
        )
        notify(Progress("translating", number + 1, len(compared), "models"))
    references, size = yardsticks.references, yardsticks.size
    floor = distances(references, references, size, config.seed)[1] if size else None
    figures = {
        "pair": str(pair),
        "faces": len(sources.rows),
        "real_faces": len(yardsticks.held_out.rows),
        "references": len(references),
        "subsample": size,
        "threshold": None if yardsticks.threshold is None else round(yardsticks.threshold, 6),
        "threshold_from": yardsticks.threshold_from,
        "threshold_images": yardsticks.threshold_images,
        "judge": referee.as_json(),
        "floor": floor,
        "untouched": untouched,
        "real": beside,
        "models": table,
    }
    parts = CompareParts(
        group_codes(arrays, sources.rows, yardsticks.held_out.rows),
        degraded_faces(config, pair, judge, compared, source_images, yardsticks.held_out_images, notify),
        None if photos is None else photo_sets(photos, pair, judge, compared),
    )
    remove(earlier_pictures(path))  # first: those that are there are not drawn again
    write_compare(path, tuple(sets), figures, provenance, parts)


def _with_new_settings(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a file, with what it lacks if an earlier version made it."""
    return {**to_json(CompareConfig()), **values}
