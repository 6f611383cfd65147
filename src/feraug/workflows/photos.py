"""``feraug synth --photos``: the faces in photographs, translated and brought back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import PhotosConfig, differences, to_json
from feraug.emotions import DomainPair, PairSet, emotion_code
from feraug.errors import ArtifactError, ConfigConflictError, MissingArtifactError
from feraug.faces import FaceDetector, crop_face, face_detector, find_faces
from feraug.plots import sheet, write_png
from feraug.sources.photos import PhotoGroup, photo_groups, photos_digest, read_photo
from feraug.sources.pictures import UnreadablePicture
from feraug.store.atomic import atomic_folder
from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace, checked_name
from feraug.version import __version__
from feraug.workflows.classifiers import Classifier, load_classifier
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.model_files import find_model
from feraug.workflows.translators import Translator, load_translator, translator_for

RECORD: Final = "photos.json"
"""The file that marks a folder of translated photos, and says what is in it."""

COLUMNS: Final = 12
ENLARGE: Final = 2


@dataclass(frozen=True)
class GroupResult:
    """What became of a group of photos."""

    name: str
    photos: int
    faces: int
    without_face: tuple[str, ...]
    skipped: Mapping[str, str]
    """Why photos could not be read, by name."""
    change: float | None
    """Mean |translated - real|, in grey levels; None without a face, as all that follow."""
    loss: float | None
    """Mean |recovered - real|, in grey levels."""
    called_before: float | None
    """Share of the real faces that the classifier calls by the target emotion; None without a classifier."""
    called_after: float | None
    """The same of the translated ones."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**vars(self), "without_face": list(self.without_face), "skipped": dict(self.skipped)}


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
            "faces": self.faces,
            "groups": [group.as_json() for group in self.groups],
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
    and ``GROUP/PHOTO.png`` those of a photo.  ``classifier`` is asked what it calls them.  Raises
    :class:`MissingArtifactError` without the folder or a model, :class:`~feraug.errors.SourceError`
    when there is no photo in it, :class:`ArtifactError` when there is no face in any, and
    :class:`ConfigConflictError` when NAME was made otherwise.
    """
    pair = DomainPair.parse(config.pair)
    if not folder.exists():
        raise MissingArtifactError(f"--photos {folder}: no such folder; give one with photos in it")
    if model is None:
        chosen = translator_for(PairSet(pair.a, pair.b), workspace)
    else:
        chosen = find_model(model, workspace, pair)
    translator = load_translator(chosen, device=device)
    translator.generator(pair)
    judge = None if classifier is None else load_classifier(classifier, device=device)
    groups = photo_groups(folder)
    detector = face_detector(config.detector)
    path = workspace.root / "photos" / checked_name(name or _name(chosen, translator, pair))
    record: dict[str, Any] = {
        "feraug-version": __version__,
        "config": {**to_json(config), "pair": str(pair), "detector": detector.name},
        "command": command,
        "inputs": {
            folder.resolve().name or "photos": photos_digest(folder, groups),
            chosen.name: sha256_file(chosen),
            **({} if judge is None else {judge.path.name: judge.digest}),
        },
    }
    result = PhotosResult(path.resolve(), False, pair, chosen.resolve(), detector.name, detector.reason, ())
    if detector.reason:
        notify(Note(f"{detector.reason}; scikit-image's cascade serves, and finds fewer faces"))
    earlier = _earlier(path, record, overwrite=overwrite)
    if earlier is not None:
        return PhotosResult(**{**vars(result), "already_done": True, "groups": earlier})
    work = _Work(
        config, folder, translator, judge, detector, pair, notify, sum(len(g.photos) for g in groups)
    )
    found = [(group, work.faces_of(group)) for group in groups]
    if not any(len(faces.images) for _, faces in found):
        raise ArtifactError(
            f"--photos {folder}: {_nothing_found(found)}", "look at --min-face and the photos"
        )
    with atomic_folder(path) as place:
        results: list[GroupResult] = []
        files = [RECORD]
        for group, faces in found:
            results.append(work.write(group, faces, place, files))
        whole = {**record, "groups": [one.as_json() for one in results], "files": files}
        (place / RECORD).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return PhotosResult(**{**vars(result), "groups": tuple(results)})


@dataclass(frozen=True)
class _Faces:
    """The faces of a group: images uint8 (N, 48, 48), and the photo of each."""

    images: NDArray[np.uint8]
    photos: tuple[str, ...]
    without_face: tuple[str, ...]
    skipped: Mapping[str, str]


class _Work:
    def __init__(
        self,
        config: PhotosConfig,
        folder: Path,
        translator: Translator,
        judge: Classifier | None,
        detector: FaceDetector,
        pair: DomainPair,
        notify: Notify,
        total: int,
    ) -> None:
        self._config, self._translator, self._judge, self._detector = config, translator, judge, detector
        self._folder = folder.parent if folder.is_file() else folder
        self._pair, self._notify, self._total, self._done = pair, notify, total, 0

    def faces_of(self, group: PhotoGroup) -> _Faces:
        """Find and crop the faces of a group's photos."""
        images: list[NDArray[np.uint8]] = []
        photos: list[str] = []
        without, skipped = [], {}
        for name in group.photos:
            try:
                photo = read_photo(self._folder / name)
            except UnreadablePicture as problem:
                skipped[name] = str(problem)
                self._notify(Note(f"{name}: skipped, {problem}"))
            else:
                boxes = find_faces(photo, self._detector, least=self._config.min_face)
                images += [crop_face(photo, box, self._detector.framing) for box in boxes]
                photos += [name] * len(boxes)
                if not boxes:
                    without.append(name)
                    self._notify(Note(f"{name}: no face found"))
            self._done += 1
            self._notify(Progress("looking for faces", self._done, self._total, "photos"))
        stacked = np.stack(images) if images else np.empty((0, 48, 48), np.uint8)
        return _Faces(stacked, tuple(photos), tuple(without), skipped)

    def write(self, group: PhotoGroup, faces: _Faces, place: Path, files: list[str]) -> GroupResult:
        """Translate the faces of a group and write its pictures."""
        real = faces.images
        measures: list[float | None] = [None] * 4
        if len(real):
            translated = self._translator.translate(real, str(self._pair))
            recovered = self._translator.translate(translated, str(self._pair.reversed))
            measures = [_difference(real, translated), _difference(real, recovered)]
            measures += [self._called(images) for images in (real, translated)]
            three = np.stack([real, translated, recovered])
            self._picture(_wide(three), min(COLUMNS, len(real)), place, f"{group.name}.png", files)
            for name in dict.fromkeys(faces.photos):
                here = [number for number, photo in enumerate(faces.photos) if photo == name]
                inner = name.removeprefix(f"{group.name}/").replace("/", "-")
                columns = three[:, here].swapaxes(0, 1).reshape(-1, *real.shape[1:])
                self._picture(columns, 3, place, f"{group.name}/{inner}.png", files)
        return GroupResult(
            group.name, len(group.photos), len(real), faces.without_face, faces.skipped, *measures
        )

    def _picture(
        self, images: NDArray[np.uint8], columns: int, place: Path, name: str, files: list[str]
    ) -> None:
        (place / name).parent.mkdir(exist_ok=True)
        write_png(sheet(images, columns, enlarge=ENLARGE), place / name)
        files.append(name)

    def _called(self, images: NDArray[np.uint8]) -> float | None:
        if self._judge is None:
            return None
        called = self._judge.probabilities(images).argmax(1) == emotion_code(self._pair.b)
        return round(float(called.mean()), 4)


def _name(model: Path, translator: Translator, pair: DomainPair) -> str:
    """``cyclegan-neutral-happy``, or with the name that the user gave the model's file."""
    own = translator.config.model if model.stem == translator.config.name else model.stem
    return f"{own}-{pair.slug}"


def _wide(three: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (3, N, 48, 48) in the order of a sheet: twelve real ones, translated, recovered; and on."""
    count = three.shape[1]
    columns = min(COLUMNS, count)
    missing = -count % columns
    padded = np.concatenate([three, np.full((3, missing, *three.shape[2:]), 255, np.uint8)], axis=1)
    return padded.reshape(3, -1, columns, *three.shape[2:]).swapaxes(0, 1).reshape(-1, *three.shape[2:])


def _difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return round(float(np.abs(first.astype(np.int16) - second).mean()), 4)


def _nothing_found(found: list[tuple[PhotoGroup, _Faces]]) -> str:
    photos = sum(len(group.photos) for group, _ in found)
    unread = sum(len(faces.skipped) for _, faces in found)
    return f"no face found in {photos - unread:,} photos ({unread:,} could not be read)"


def _earlier(path: Path, wanted: Mapping[str, Any], *, overwrite: bool) -> tuple[GroupResult, ...] | None:
    """The groups of a folder that was made in the same way; None to make it anew.

    Raises :class:`ArtifactError` for a folder that is not feraug's or has other files in it, and
    :class:`ConfigConflictError` when it was made otherwise.
    """
    if not path.exists() and not path.is_symlink():
        return None
    foreign = ArtifactError(f"{path}: not a folder of feraug's photos alone", "--name NAME leaves it alone")
    if path.is_symlink() or not path.is_dir():
        raise foreign
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        groups = tuple(_group(values) for values in record["groups"])
        files, config, inputs = set(record["files"]), dict(record["config"]), dict(record["inputs"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise foreign from problem
    there = {
        one.relative_to(path).as_posix() for one in path.rglob("*") if not one.is_dir() or one.is_symlink()
    }
    if overwrite:
        if there - files:
            raise foreign
        return None
    found = differences(config, wanted["config"])
    if sorted(inputs.values()) != sorted(wanted["inputs"].values()):
        found.append("made from other photos or by another model")
    if found:
        raise ConfigConflictError(
            f"{path} was made otherwise ({'; '.join(found)}); "
            "--overwrite replaces it, --name NAME leaves it alone"
        )
    return groups if files <= there else None


def _group(values: Mapping[str, Any]) -> GroupResult:
    return GroupResult(**{**values, "without_face": tuple(values["without_face"])})
