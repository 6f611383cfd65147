"""``feraug filter``: the images of a set that show a face with the emotion, and copy no real one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import CLASSIFIERS, FilterConfig, to_json
from feraug.emotions import EMOTIONS, UNLABELLED, emotion_code, suggestion
from feraug.errors import ArtifactError, MissingArtifactError, UsageError
from feraug.faces import FaceDetector, face_detector, face_scores
from feraug.metrics.nearest import nearest_by_ssim
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.header import SYNTHETIC, Header, Provenance
from feraug.store.synthetic import SyntheticArrays, read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import Classifier, load_classifier
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.existing import existing_header, there_or_held
from feraug.workflows.filter_stages import Scores, Stage, counted, dropped_at, limits_from
from feraug.workflows.real_faces import read_faces

FEW: Final = 50
"""With fewer real validation images than this a note says that the limits rest on few."""

_SCORED_AT_ONCE: Final = 2048


@dataclass(frozen=True)
class FilterResult:
    """A filtered set; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    parent: Path
    emotion: str
    images: int
    kept: int
    real_images: int
    stages: tuple[Stage, ...]
    detector: str
    reason: str
    """Why not mediapipe's detector; empty where it was used."""
    classifier: Path
    classifier_digest: str

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        paths = {name: str(getattr(self, name)) for name in ("path", "parent", "classifier")}
        return {**vars(self), **paths, "stages": [stage.as_json() for stage in self.stages]}


@dataclass(frozen=True)
class FilterOptions:
    """What may differ between runs of the same filter."""

    device: str = "auto"
    overwrite: bool = False
    command: str = "feraug.filter_synthetic"


def filter_synthetic(
    config: FilterConfig,
    file: str | Path,
    workspace: Workspace,
    *,
    classifier: Path | None = None,
    dataset: Path | None = None,
    name: str | None = None,
    options: FilterOptions | None = None,
    notify: Notify = ignore,
) -> FilterResult:
    """Score the images of ``file`` (a path, or a name in ``synthetic/``) and keep those that pass.

    Writes ``synthetic/NAME-filtered.h5`` with the kept images and all scores.  ``classifier`` None:
    ``models/simple.h5``.  Raises :class:`MissingArtifactError` without the set, a dataset or a
    classifier, and :class:`ArtifactError` when there are no real validation images of the emotion or
    no image passes.
    """
    options = options or FilterOptions()
    parent = _synthetic_file(file, workspace)
    synthetic = read_synthetic(parent)
    _check_labels(parent, synthetic, config.emotion)
    place = dataset or workspace.dataset()
    faces = read_faces(place)
    rows = faces.arrays.rows(split="validation", emotion=config.emotion)
    rows = rows[~faces.arrays.columns["blank"][rows]]
    if not len(rows):
        raise ArtifactError(
            f"{place}: no '{config.emotion}' images in its validation split", "limits come from these"
        )
    judge = load_classifier(_classifier_file(classifier, workspace), device=options.device)
    detector = face_detector(config.detector)
    files = [(parent, sha256_file(parent)), (place, faces.digest), (judge.path, judge.digest)]
    files += [(model, sha256_file(model)) for model in map(Path, detector.worker_arguments()[1:])]
    settings = {**to_json(config), "detector": detector.name}
    provenance = Provenance(settings, options.command, 0, inputs_by_name(*files))
    path = workspace.synthetic(name or f"{parent.stem}-filtered")
    if path.resolve() == parent.resolve():
        raise UsageError(f"--name: {path} is the set that is to be filtered")
    result = FilterResult(
        path.resolve(), False, parent.resolve(), config.emotion, len(synthetic.images), 0, len(rows), (),
        detector.name, detector.reason, judge.path.resolve(), judge.digest,
    )  # fmt: skip
    look = partial(existing_header, path, SYNTHETIC, provenance, overwrite=options.overwrite)
    with ExitStack() as held:
        if (header := there_or_held(look, path, held)) is not None:
            return _there(result, header)
        _tell(config, detector, len(rows), faces.arrays, notify)
        # A translation is like the face it was made from, of another emotion, and should be.
        alike = None if (synthetic.origin_row < 0).all() else config.emotion
        scorer = _Scorer(detector, judge, faces.arrays, alike, notify)
        real = scorer.scores(faces.arrays.images[rows], "real images")
        scores = scorer.scores(synthetic.images, "synthetic images")
        limits = limits_from(config, real, _independent(faces.arrays, rows))
        dropped = dropped_at(config, limits, scores, synthetic.labels)
        stages = counted(config, limits, dropped, dropped_at(config, limits, real, None))
        if limits.face is None:
            found = float((real.face > 0).mean())
            notify(Note(f"{detector.name} finds {found:.0%} of the real faces: the face stage only scores"))
        if not stages[-1].left:
            gone = ", ".join(f"{stage.name} {stage.dropped:,}" for stage in stages if stage.dropped)
            raise ArtifactError(
                f"{parent}: none of its {len(dropped):,} images passes as '{config.emotion}' "
                f"(went at: {gone})",
                "train the model for longer, or set the limits yourself (feraug filter --help)",
            )
        facts = {
            **_facts(synthetic, config.emotion),
            "parent": files[0][1],
            "filter": {
                "stages": [stage.as_json() for stage in stages],
                "real_images": len(rows),
                "detector": detector.name,
                "detector_reason": detector.reason,
                "classifier": judge.digest,
            },
        }
        _write(path, synthetic, scores, dropped, provenance, facts, config.emotion)
    return replace(result, kept=stages[-1].left, stages=stages)


def _there(result: FilterResult, header: Header) -> FilterResult:
    read_synthetic(result.path)  # whole, and with the facts that follow
    stages = tuple(Stage.from_json(stage) for stage in header.extra["filter"]["stages"])
    return replace(result, already_done=True, kept=stages[-1].left, stages=stages)


class _Scorer:
    def __init__(
        self,
        detector: FaceDetector,
        judge: Classifier,
        dataset: DatasetArrays,
        emotion: str | None,
        notify: Notify,
    ) -> None:
        """``emotion``: that of the training images among which copies are looked for; None: of all."""
        self._detector, self._judge, self._notify = detector, judge, notify
        self._rows = dataset.rows(split="train", emotion=emotion)
        self._train = dataset.images[self._rows]

    def scores(self, images: NDArray[np.uint8], what: str) -> Scores:
        """All scores of images uint8 (N, 48, 48)."""
        face = np.empty(len(images), np.float32)
        probabilities = np.empty((len(images), len(EMOTIONS)), np.float32)
        for start in range(0, len(images), _SCORED_AT_ONCE):
            here = slice(start, start + _SCORED_AT_ONCE)
            face[here] = face_scores(images[here], self._detector)
            probabilities[here] = self._judge.probabilities(images[here])
            done = min(start + _SCORED_AT_ONCE, len(images))
            self._notify(Progress(f"looking at {what}", done, len(images), "images"))
        if not len(self._rows):
            return Scores(face, probabilities)

        def show(done: int, total: int) -> None:
            self._notify(Progress(f"comparing {what}", done, total, "pairs"))

        nearest = nearest_by_ssim(images, self._train, progress=show)
        return Scores(face, probabilities, nearest.ssim, self._rows[nearest.row])


def _synthetic_file(file: str | Path, workspace: Workspace) -> Path:
    path = Path(file)
    if not path.is_file() and path.parent == Path():
        path = workspace.synthetic(path.name)
    if not path.is_file():
        there = [path.stem for path in workspace.synthetics()]
        near = suggestion(Path(file).stem, there) or f" (there: {', '.join(there) or 'none'})"
        raise MissingArtifactError(f"{file}: no such synthetic set{near}; 'feraug synth' makes them")
    return path


def _check_labels(path: Path, synthetic: SyntheticArrays, emotion: str) -> None:
    """Refuse a set in which nothing was made as ``emotion``, before anything is looked at."""
    labels = set(synthetic.labels.tolist())
    if labels & {emotion_code(emotion), UNLABELLED}:
        return
    made = ", ".join(EMOTIONS[label] for label in sorted(labels))
    raise ArtifactError(
        f"{path}: nothing in it was made as '{emotion}'",
        f"what it holds was made as {made}: say so with --emotion",
    )


def _classifier_file(classifier: Path | None, workspace: Workspace) -> Path:
    """The file, or the one of this name in ``models/``; None: ``simple``."""
    path = classifier or workspace.model("simple")
    if path.exists():
        return path
    model = path.stem if path.stem in CLASSIFIERS else "simple"
    named = workspace.model(path.name) if len(path.parts) == 1 else path
    if named.exists():
        return named
    known = [*CLASSIFIERS, *(each.stem for each in workspace.models())]
    near = "" if path.stem in known else suggestion(path.stem, known)
    raise MissingArtifactError(f"{named}: no classifier yet{near}; train one with 'feraug train {model}'")


def _independent(dataset: DatasetArrays, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some rows have neither a copy nor a near copy in ``train``."""
    copies = np.zeros(len(rows), bool)
    for name in ("copy_in_train", "near_copy_in_train"):
        if name in dataset.columns:
            copies |= dataset.columns[name][rows]
    return ~copies


def _tell(
    config: FilterConfig, detector: FaceDetector, real: int, dataset: DatasetArrays, notify: Notify
) -> None:
    if detector.reason:
        notify(Note(f"{detector.reason}; scikit-image's cascade serves, and finds fewer faces"))
    if real < FEW:
        notify(Note(f"limits rest on {real} real '{config.emotion}' images of validation, which are few"))
    if config.max_similarity is None and not dataset.near_copies_known:
        notify(
            Note(
                "near copies of training images were not looked for in this dataset: validation's own, if it "
                "has some, raise the limit on similarity; 'feraug prepare' without --no-near-copies looks"
            )
        )


def _facts(synthetic: SyntheticArrays, emotion: str) -> dict[str, Any]:
    """What stays true of the images that are kept: sources and model."""
    known: Mapping[str, Any] = synthetic.header.extra
    kept = {name: known[name] for name in ("sources", "model") if name in known}
    return {**kept, "label": emotion}


def _write(
    path: Path,
    synthetic: SyntheticArrays,
    scores: Scores,
    dropped: NDArray[np.uint8],
    provenance: Provenance,
    facts: Mapping[str, Any],
    emotion: str,
) -> None:
    kept = np.flatnonzero(dropped == 0)
    with writing_synthetic(path, len(kept), provenance, facts) as writer:
        writer.append(
            synthetic.images[kept],
            np.full(len(kept), emotion_code(emotion), np.uint8),
            rows=synthetic.origin_row[kept],
            source=synthetic.origin_source[kept],
            rounds=synthetic.origin_round[kept],
        )
        writer.filtered(kept, {**scores.columns(), "dropped_at": dropped})
