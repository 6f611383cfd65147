"""``feraug synth --photos``: the faces in photographs, translated and brought back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import PhotosConfig, differences, to_json
from feraug.emotions import DomainPair, PairSet, emotion_code
from feraug.errors import ArtifactError, ConfigConflictError
from feraug.sources.photos import RECORD
from feraug.store.atomic import atomic_folder
from feraug.store.digests import inputs_by_name, read_with_digest
from feraug.store.workspace import Workspace, checked_name, name_after
from feraug.version import __version__
from feraug.workflows.classifiers import Classifier, load_classifier
from feraug.workflows.detectors import told_detector
from feraug.workflows.events import Note, Notify, ignore
from feraug.workflows.existing import check_folder
from feraug.workflows.export_place import is_litter
from feraug.workflows.filter_inputs import classifier_file
from feraug.workflows.model_files import find_model
from feraug.workflows.photo_faces import GroupFaces, faces_in_photos, photo_folder
from feraug.workflows.photo_pictures import COLUMNS, entries, free_name, wide, write_sheet_of
from feraug.workflows.photo_record import GroupResult, PhotosRecord, RobustnessRow, read_record
from feraug.workflows.robustness import robustness, write_sheet, write_table
from feraug.workflows.translators import Translator, load_translator, translator_for

DEGRADED: Final = "degraded"
"""Folder of the robustness sheet and table: no picture of a group can have their names."""


@dataclass(frozen=True)
class PhotosResult:
    """A folder of pictures; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    pair: DomainPair
    model: Path
    detector: str
    reason: str
    """Why not mediapipe's detector; empty where it was used."""
    groups: tuple[GroupResult, ...]
    degradations: tuple[RobustnessRow, ...] = ()
    """What became of degraded faces, the clean ones first; empty where none were asked for."""
    classifier: str | None = None
    """Name of the classifier that was asked what it calls the faces."""
    classifier_digest: str | None = None
    """SHA-256 of its file."""

    @property
    def faces(self) -> int:
        """Faces in all photos."""
        return sum(group.faces for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "pair": str(self.pair),
            "model": str(self.model),
            "detector": self.detector,
            "reason": self.reason,
            "classifier": self.classifier,
            "classifier_digest": self.classifier_digest,
            "faces": self.faces,
            "groups": [group.as_json() for group in self.groups],
            "degradations": [dict(vars(row)) for row in self.degradations],
        }


def translate_photos(
    config: PhotosConfig,
    folder: Path,
    workspace: Workspace,
    *,
    model: str | None = None,
    classifier: Path | None = None,
    name: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    command: str = "feraug.translate_photos",
    notify: Notify = ignore,
) -> PhotosResult:
    """Find the faces in ``folder`` (or a single picture), translate them; writes ``photos/NAME/``.

    There ``GROUP.png`` shows all faces of a group, real, translated and recovered below each other,
    and ``GROUP/PHOTO.png`` those of a photo; ``degraded/`` has a sheet and a table where degradations
    are asked for.  ``classifier`` is asked what it calls the faces.  Raises
    :class:`~feraug.errors.MissingArtifactError` without the folder or a model,
    :class:`~feraug.errors.SourceError` when there is no photo in it, :class:`ArtifactError` when
    there is no face in any, and :class:`ConfigConflictError` when NAME was made otherwise.
    """
    pair = DomainPair.parse(config.pair)
    photos = photo_folder(folder, workspace)
    if model is None:
        chosen = translator_for(PairSet(pair.a, pair.b), workspace)
    else:
        chosen = find_model(model, workspace, pair)
    translator, digest = read_with_digest(chosen, partial(load_translator, chosen, device=device))
    translator.generator(pair)
    if not translator.finished:
        notify(Note(f"{chosen.name} is not finished: its training was interrupted"))
    judge = None
    if classifier is not None:
        judge = load_classifier(classifier_file(classifier, workspace), device=device)
        if judge.caution is not None:
            notify(Note(judge.caution))
    detector = told_detector(config.detector, notify)
    path = workspace.root / "photos" / checked_name(_name(chosen, translator, pair) if name is None else name)
    record: dict[str, Any] = {
        "feraug-version": __version__,
        "config": {**to_json(config), "pair": str(pair), "detector": detector.name},
        "command": command,
        "inputs": inputs_by_name(
            (Path(photos.name), photos.digest),
            (chosen, digest),
            *([] if judge is None else [(judge.path, judge.digest)]),
        ),
    }
    result = PhotosResult(path.resolve(), False, pair, chosen.resolve(), detector.name, detector.reason, ())
    if judge is not None:
        result = replace(result, classifier=judge.path.stem, classifier_digest=judge.digest)
    earlier = _earlier(path, record, overwrite=overwrite)
    if earlier is not None:
        return replace(result, already_done=True, groups=earlier.groups, degradations=earlier.degradations)
    work = _Work(translator, judge, pair)
    found = faces_in_photos(photos, detector, config.min_face, notify)
    with atomic_folder(path) as place:
        files = [RECORD]
        groups = tuple(work.write(faces, place, files) for faces in found)
        degradations: tuple[RobustnessRow, ...] = ()
        if config.degrade:
            every = np.concatenate([faces.images for faces in found])
            degradations = work.degrade(every, config, place, files, notify)
        whole = {
            **record,
            "groups": [one.as_json() for one in groups],
            "degradations": [vars(row) for row in degradations],
            "files": files,
        }
        (place / RECORD).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return replace(result, groups=groups, degradations=degradations)


@dataclass(frozen=True)
class _Work:
    translator: Translator
    judge: Classifier | None
    pair: DomainPair

    def write(self, faces: GroupFaces, place: Path, files: list[str]) -> GroupResult:
        """Translate the faces of a group and write its pictures."""
        real, group = faces.images, faces.group
        measures: list[float | None] = [None] * 4
        if len(real):
            translated = self.translator.translate(real, str(self.pair))
            recovered = self.translator.translate(translated, str(self.pair.reversed))
            measures = [_difference(real, translated), _difference(real, recovered)]
            measures += [self._called(images) for images in (real, translated)]
            three = np.stack([real, translated, recovered])
            there = entries(files)
            folder = free_name(group.name, lambda name: {f"{name}.png".casefold(), name.casefold()} & there)
            write_sheet_of(wide(three), min(COLUMNS, len(real)), place, f"{folder}.png", files)
            for name in dict.fromkeys(faces.photos):
                here = [number for number, photo in enumerate(faces.photos) if photo == name]
                inner = name.removeprefix(f"{group.name}/").replace("/", "-")
                known = {file.casefold() for file in files}
                inner = free_name(inner, lambda name: f"{folder}/{name}.png".casefold() in known)  # noqa: B023
                columns = three[:, here].swapaxes(0, 1).reshape(-1, *real.shape[1:])
                write_sheet_of(columns, 3, place, f"{folder}/{inner}.png", files)
        return GroupResult(
            group.name, len(group.photos), len(real), faces.without_face, faces.skipped, *measures
        )

    def degrade(
        self, faces: NDArray[np.uint8], config: PhotosConfig, place: Path, files: list[str], notify: Notify
    ) -> tuple[RobustnessRow, ...]:
        """Translate degraded faces and write the sheet and the table of all groups together."""
        rows, shown = robustness(
            faces, config.degrade, self.translator, self.pair, self.judge, config.seed, notify
        )
        (place / DEGRADED).mkdir(exist_ok=True)
        write_sheet(shown, self.pair, place / DEGRADED / "sheet.png")
        write_table(rows, len(faces), place / DEGRADED / "table.csv")
        files += [f"{DEGRADED}/sheet.png", f"{DEGRADED}/table.csv"]
        return tuple(rows)

    def _called(self, images: NDArray[np.uint8]) -> float | None:
        if self.judge is None:
            return None
        called = self.judge.probabilities(images).argmax(1) == emotion_code(self.pair.b)
        return round(float(called.mean()), 4)


def _name(model: Path, translator: Translator, pair: DomainPair) -> str:
    """``cyclegan-neutral-happy``, or with the name that the user gave the model's file."""
    own = translator.config.model if model.stem == translator.config.name else model.stem
    return name_after(own, f"-{pair.slug}")


def _difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return round(float(np.abs(first.astype(np.int16) - second).mean()), 4)


def _earlier(path: Path, wanted: Mapping[str, Any], *, overwrite: bool) -> PhotosRecord | None:
    """What a folder that was made in the same way says of itself; None to make it anew.

    Raises :class:`ArtifactError` for a folder that is not feraug's or has other files in it, and
    :class:`ConfigConflictError` when it was made otherwise.
    """
    check_folder(path)
    if not path.exists() and not path.is_symlink():
        return None
    leave = "--name NAME leaves it alone"
    foreign = ArtifactError(f"{path}: not a folder of feraug's photos alone", leave)
    if path.is_symlink() or not path.is_dir():
        raise foreign
    try:
        record = read_record(path)
    except ArtifactError as problem:
        raise foreign from problem
    there = {
        one.relative_to(path).as_posix() for one in path.rglob("*") if not one.is_dir() or one.is_symlink()
    }
    others = sorted(one for one in there - record.files if not is_litter(one.rpartition("/")[2]))

    def replaceable() -> None:
        if others:
            raise ArtifactError(f"{path}: holds '{others[0]}', which feraug did not write", leave)

    if overwrite:
        replaceable()
        return None
    found = differences(record.config, wanted["config"])
    if sorted(record.inputs.values()) != sorted(wanted["inputs"].values()):
        found.append("made from other photos or by another model")
    if found:
        raise ConfigConflictError(
            f"{path} was made with other settings ({'; '.join(found)}); "
            "--overwrite replaces it, --name NAME writes another folder"
        )
    if record.files <= there:
        return record
    replaceable()
    return None
