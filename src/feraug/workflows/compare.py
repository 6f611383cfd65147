"""``feraug compare``: the translators of a pair on the same faces and the same measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.config import CompareConfig, SsimConfig, to_json
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError
from feraug.store.compare import CompareArrays, read_compare, write_compare
from feraug.store.header import COMPARE, Provenance
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import BATCH, Classifier
from feraug.workflows.compare_entrants import Entrant, Judge, check_independent, entrants, load_judge
from feraug.workflows.compare_measures import (
    Material,
    distances,
    judged,
    measures,
    real_measures,
    subsample,
)
from feraug.workflows.compare_pictures import picture_paths, write_pictures
from feraug.workflows.devices import choose_device
from feraug.workflows.drawn_truth import truth_of
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.real_faces import Faces, read_faces
from feraug.workflows.ssim_measures import LEAST_NEW, RealFaces, real_train, real_validation, threshold

_STREAM = 61  # of random draws; see docs/contributing.md


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
    found: CompareArrays
    pictures: tuple[Path, ...]

    @property
    def figures(self) -> Mapping[str, Any]:
        """The table as JSON values; see ``docs/compare.md``."""
        return self.found.table

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values; what the judge says of each image stands in the file."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            **self.figures,
            "pictures": [str(path) for path in self.pictures],
        }


def compare(
    config: CompareConfig,
    workspace: Workspace,
    *,
    models: Sequence[str | Path] = (),
    judge: str | Path | None = None,
    dataset: Path | None = None,
    name: str | None = None,
    options: CompareOptions | None = None,
    notify: Notify = ignore,
) -> CompareResult:
    """Translate the same validation faces by every model, measure, and write ``compare/NAME.h5``.

    ``models`` names files, or models of the workspace; none: all translators of the pair.
    ``judge`` None: ``models/vgg19.h5``; ``name`` None: the pair.  Raises
    :class:`~feraug.errors.MissingArtifactError` for what is missing, with the command that makes it,
    :class:`ArtifactError` for a judge that filtered for one of the models, and as
    :func:`existing_header` where ``compare/NAME.h5`` was made otherwise.
    """
    options = options or CompareOptions()
    pair = DomainPair.parse(config.pair)
    place = dataset or workspace.dataset()
    device = str(choose_device(options.device))
    faces = read_faces(place)
    referee = load_judge(workspace, judge, device)
    compared = entrants(workspace, pair, models, device)
    check_independent(referee, compared, workspace)
    path = workspace.compare(name or pair.slug)
    inputs = {place.name: faces.digest, referee.classifier.path.name: referee.classifier.digest}
    for one in compared:
        known = one.path.name in inputs
        inputs[f"{one.name} {one.digest[:8]}.h5" if known else one.path.name] = one.digest
    provenance = Provenance(to_json(config), options.command, config.seed, inputs)
    header = existing_header(path, COMPARE, provenance, overwrite=options.overwrite)
    if header is None:
        if len(compared) < len(models):
            notify(Note("a model that was named twice takes part once"))
        _measure(path, config, pair, faces, referee, compared, provenance, device, notify)
    found = read_compare(path)
    pictures = picture_paths(path)
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
    provenance: Provenance,
    device: str,
    notify: Notify,
) -> None:
    arrays, judge = faces.arrays, referee.classifier
    for note in _notes(faces, referee, compared):
        notify(Note(note))
    real = RealFaces(arrays, faces.digest)
    rows = {
        "source": _validation_rows(real, pair.a, config, notify),
        "real": _validation_rows(real, pair.b, config, notify),
        "train": _chosen(arrays.rows(split="train", emotion=pair.b), config.references, config.seed),
    }
    references = _features(judge, arrays.images[rows["train"]], _telling("judge: real faces", notify))
    sets = [judged(judge, rows[name], arrays.images[rows[name]], None) for name in ("source", "real")]
    queries = SsimConfig(queries=config.queries, seed=config.seed)
    on_gpu = device if device.startswith("cuda") else None
    validation = real_validation(real, queries, on_gpu, _telling("near copies: real faces", notify))
    nearest = {"validation": validation}
    if len(validation) < LEAST_NEW:
        nearest["train"] = real_train(real, queries, on_gpu, _telling("near copies: training faces", notify))
    material = Material(
        real=real,
        judge=judge,
        target=pair.b,
        sources=rows["source"],
        truth=truth_of(arrays, rows["source"], pair.b),
        references=references,
        held_out=sets[1].features,
        size=subsample(len(references), len(rows["source"]), len(rows["real"])),
        threshold=threshold(nearest)[0],
        queries=queries,
        device=on_gpu,
        seed=config.seed,
    )
    for note in _few(material):
        notify(Note(note))
    untouched = measures(material, material.source_images, sets[0], _telling("near copies: sources", notify))
    beside = real_measures(material, rows["real"], sets[1], _telling(f"near copies: {pair.b}", notify))
    table: list[dict[str, Any]] = []
    for number, one in enumerate(compared):
        notify(Progress("translating", number, len(compared), "models"))
        made = one.translator.translate(material.source_images, str(pair))
        sets.append(judged(judge, rows["source"], made, material.source_images))
        found = measures(material, made, sets[-1], _telling(f"near copies: {one.name}", notify))
        table.append(
            {
                "name": one.name,
                "model": one.translator.config.model,
                "sha256": one.digest,
                **found,
                "training": one.training(),
            }
        )
        notify(Progress("translating", number + 1, len(compared), "models"))
    figures = {
        "pair": str(pair),
        "faces": len(rows["source"]),
        "real_faces": len(rows["real"]),
        "references": len(references),
        "subsample": material.size,
        "threshold": None if material.threshold is None else round(material.threshold, 6),
        "judge": referee.as_json(),
        "floor": distances(material, references)[1] if material.size else None,
        "untouched": untouched,
        "real": beside,
        "models": table,
    }
    write_compare(path, tuple(sets), figures, provenance)


def _validation_rows(
    real: RealFaces, emotion: str, config: CompareConfig, notify: Notify
) -> NDArray[np.int64]:
    """Validation faces of an emotion of which ``train`` has no known copy: a model may have seen those."""
    rows = real.arrays.rows(split="validation", emotion=emotion)
    new = np.intersect1d(rows, real.new_validation_rows())
    if not len(new):
        raise ArtifactError(
            f"the dataset has no {emotion} face in 'validation' that is no copy of a training image",
            "'feraug info' on the dataset lists what is there",
        )
    if len(new) < len(rows):
        notify(
            Note(
                f"{len(rows) - len(new):,} of {len(rows):,} {emotion} validation faces are copies or near "
                "copies of training images and left out"
            )
        )
    return _chosen(new, config.images, config.seed)


def _chosen(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Up to ``most`` of the rows, in order; all for 0."""
    if not most or len(rows) <= most:
        return rows
    random = np.random.default_rng((seed, _STREAM, len(rows)))
    return np.sort(random.choice(rows, most, replace=False))


def _features(
    judge: Classifier, images: NDArray[np.uint8], tell: Callable[[int, int], None]
) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(images), BATCH):
        parts.append(judge.features(images[start : start + BATCH]))
        tell(min(start + BATCH, len(images)), len(images))
    return np.concatenate(parts) if parts else judge.features(images)


def _notes(faces: Faces, judge: Judge, compared: Sequence[Entrant]) -> list[str]:
    """What the user should know before trusting the figures."""
    notes = []
    if faces.digest not in judge.inputs:
        notes.append(
            "the judge was trained on another dataset; its accuracy is of that one's validation faces, and "
            "these may be among its training faces"
        )
    if not judge.classifier.finished:
        notes.append("the judge's training is not finished; the figures are of its best epoch so far")
    for one in compared:
        if faces.digest not in one.inputs:
            notes.append(
                f"{one.name}: was trained on another dataset, so these validation faces may be among its "
                "training faces"
            )
        if not one.translator.finished:
            notes.append(f"{one.name}: its training is not finished")
    return notes


def _few(material: Material) -> list[str]:
    notes = []
    if not material.size:
        notes.append(
            "too few real faces for distances of distributions: 12 in validation, 24 in train are least"
        )
    if material.threshold is None:
        notes.append("too few validation faces to say what a near copy is")
    return notes


def _telling(task: str, notify: Notify) -> Callable[[int, int], None]:
    unit = "faces" if task.startswith("judge") else "pairs"
    return lambda done, total: notify(Progress(task, done, total, unit))
