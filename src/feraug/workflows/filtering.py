"""``feraug filter``: the images of a set that show a face with its emotion, and copy no real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import FilterConfig, to_json
from feraug.emotions import ALL, emotion_code
from feraug.errors import ArtifactError, UsageError
from feraug.faces import FaceDetector, face_detector
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import inputs_by_name, read_with_digest, sha256_file
from feraug.store.header import SYNTHETIC, Header, Provenance
from feraug.store.synthetic import SyntheticArrays, read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace, name_after, same_place
from feraug.words import plural
from feraug.workflows.classifiers import load_classifier
from feraug.workflows.detectors import tell_of_cascade
from feraug.workflows.events import Note, Notify, ignore
from feraug.workflows.existing import existing_header, there_or_held
from feraug.workflows.filter_inputs import classifier_file, places_by_emotion, real_rows, synthetic_file
from feraug.workflows.filter_scores import Scorer, examined
from feraug.workflows.filter_stages import STAGE_NAMES, OfEmotion, Scores, Stage, summed
from feraug.workflows.real_faces import read_faces

FEW: Final = 50
"""With fewer real validation images than this a note says that the limits rest on few."""


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
    by_emotion: Mapping[str, OfEmotion] = field(default_factory=dict)
    """Where each image had to be what it was made as: the same of each emotion, and the limits."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        paths = {name: str(getattr(self, name)) for name in ("path", "parent", "classifier")}
        return {
            **vars(self),
            **paths,
            "stages": [stage.as_json() for stage in self.stages],
            "by_emotion": {emotion: found.as_json() for emotion, found in self.by_emotion.items()},
        }


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

    With the emotion ``all`` each image has to show what it was made as, by that emotion's limits.
    Writes the kept images and all scores to ``synthetic/``, without a ``name`` called after ``file``.
    ``classifier`` None: ``models/simple.h5``.  Raises :class:`MissingArtifactError` without the set, a
    dataset or a classifier, and :class:`ArtifactError` when there are no real validation images of the
    emotion or no image passes.
    """
    options = options or FilterOptions()
    parent = synthetic_file(file, workspace)
    synthetic, parent_digest = read_with_digest(parent, partial(read_synthetic, parent))
    of_emotion = places_by_emotion(parent, synthetic, config.emotion, str(file), notify)
    place = workspace.dataset_file(dataset)
    faces = read_faces(place, workspace)
    real = {emotion: real_rows(place, faces.arrays, emotion) for emotion in of_emotion}
    judge = load_classifier(classifier_file(classifier, workspace), device=options.device)
    if judge.caution is not None:
        notify(Note(judge.caution))
    if judge.inputs and faces.digest not in judge.inputs:
        notify(
            Note(
                f"{judge.path.name} was trained on another dataset, perhaps on the validation faces that the "
                "limits come from; 'feraug bench' refuses what a classifier of the workspace filters so"
            )
        )
    elif (doubt := judge.doubt(faces.arrays.labels[faces.arrays.rows(split="validation")])) is not None:
        notify(Note(doubt))
    detector = face_detector(config.detector)
    files = [(parent, parent_digest), (place, faces.digest), (judge.path, judge.digest)]
    files += [(model, sha256_file(model)) for model in map(Path, detector.worker_arguments()[1:])]
    settings = {**to_json(config), "detector": detector.name}
    provenance = Provenance(settings, options.command, 0, inputs_by_name(*files))
    path = workspace.synthetic(name_after(parent.stem, "-filtered") if name is None else name)
    if same_place(path, parent):
        raise UsageError(f"--name: {path} is the set that is to be filtered")
    result = FilterResult(
        path.resolve(), False, parent.resolve(), config.emotion, len(synthetic.images), 0,
        sum(map(len, real.values())), (), detector.name, detector.reason, judge.path.resolve(), judge.digest,
    )  # fmt: skip
    look = partial(existing_header, path, SYNTHETIC, provenance, overwrite=options.overwrite)
    with ExitStack() as held:
        if (header := there_or_held(look, path, held)) is not None:
            return _there(result, header)
        _tell(config, detector, real, faces.arrays, notify)
        dropped, scored, found = np.zeros(len(synthetic.images), np.uint8), [], {}
        for emotion, places in of_emotion.items():
            # A translation is like the face it was made from, of another emotion, and should be.
            alike = None if (synthetic.origin_row < 0).all() else emotion
            scorer = Scorer(detector, judge, faces.arrays, alike, notify)
            scores, dropped[places], found[emotion] = examined(
                replace(config, emotion=emotion), scorer, synthetic, places, faces.arrays, real[emotion],
                detector.name, notify,
            )  # fmt: skip
            scored.append((places, scores))
        by_emotion = found if config.emotion == ALL else {}
        stages = summed([one.stages for one in by_emotion.values()]) or found[config.emotion].stages
        _check_left(parent, config.emotion, stages, by_emotion, notify)
        facts = {
            **_facts(synthetic, config.emotion),
            "parent": files[0][1],
            "filter": {
                "stages": [stage.as_json() for stage in stages],
                "real_images": result.real_images,
                "detector": detector.name,
                "detector_reason": detector.reason,
                "classifier": judge.digest,
                **(
                    {"by_emotion": {name: one.as_json() for name, one in found.items()}} if by_emotion else {}
                ),
            },
        }
        _write(path, synthetic, Scores.put_together(scored), dropped, provenance, facts, config.emotion)
    return replace(result, kept=stages[-1].left, stages=stages, by_emotion=by_emotion)


def _there(result: FilterResult, header: Header) -> FilterResult:
    read_synthetic(result.path)  # whole, and with the facts that follow
    facts = header.extra["filter"]
    stages = tuple(map(Stage.from_json, facts["stages"]))
    by_emotion = {name: OfEmotion.from_json(one) for name, one in facts.get("by_emotion", {}).items()}
    return replace(result, already_done=True, kept=stages[-1].left, stages=stages, by_emotion=by_emotion)


def _check_left(
    parent: Path, emotion: str, stages: Sequence[Stage], by_emotion: Mapping[str, OfEmotion], notify: Notify
) -> None:
    """Refuse a filter that keeps nothing, and name the emotions of which it keeps nothing."""
    if not stages[-1].left:
        gone = ", ".join(f"{STAGE_NAMES[stage.name]} {stage.dropped:,}" for stage in stages if stage.dropped)
        images = stages[0].dropped + stages[0].left
        raise ArtifactError(
            f"{parent}: none of its {plural(images, 'image')} passes as "
            f"{'what it was made as' if emotion == ALL else repr(emotion)} (dropped by: {gone})",
            "train the model, or the classifier that calls them otherwise, for longer"
            if [stage.name for stage in stages if stage.dropped][-1:] == ["called"]  # which has no limit
            else "train the model for longer, or set the limits yourself (feraug filter --help)",
        )
    if nothing := [name for name, one in by_emotion.items() if not one.stages[-1].left]:
        notify(Note(f"no image passes as {', '.join(nothing)}"))


def _tell(
    config: FilterConfig,
    detector: FaceDetector,
    real: Mapping[str, NDArray[np.int64]],
    dataset: DatasetArrays,
    notify: Notify,
) -> None:
    tell_of_cascade(detector, notify)
    few = {emotion: len(rows) for emotion, rows in real.items() if len(rows) < FEW}
    if len(few) == 1:
        ((emotion, count),) = few.items()
        rest = plural(count, f"real '{emotion}' image")
        notify(Note(f"limits rest on {rest} of validation, which {'is' if count == 1 else 'are'} few"))
    elif few:
        listed = ", ".join(f"{emotion} {count}" for emotion, count in few.items())
        notify(Note(f"limits rest on few real images of validation: {listed}"))
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
    return kept if emotion == ALL else {**kept, "label": emotion}


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
    labels = synthetic.labels[kept] if emotion == ALL else np.full(len(kept), emotion_code(emotion), np.uint8)
    with writing_synthetic(path, len(kept), provenance, facts) as writer:
        writer.append(
            synthetic.images[kept],
            labels,
            rows=synthetic.origin_row[kept],
            source=synthetic.origin_source[kept],
            rounds=synthetic.origin_round[kept],
        )
        writer.filtered(kept, {**scores.columns(), "dropped_at": dropped})
