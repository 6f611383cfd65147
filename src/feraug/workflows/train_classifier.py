"""``feraug train simple|vgg19|surreal``: a classifier, its epoch chosen on validation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from feraug.config import ClassifierConfig, to_json
from feraug.data import LabelledFaces
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, UsageError
from feraug.store.dataset import DatasetArrays
from feraug.store.header import MODEL, Header, Provenance
from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.training import fit_classifier
from feraug.words import plural
from feraug.workflows.classifier_run import ClassifierRun
from feraug.workflows.devices import launched, on_first_process
from feraug.workflows.events import Notify, Progress, ignore
from feraug.workflows.existing import existing_header, is_finished, there_or_held
from feraug.workflows.model_files import completed
from feraug.workflows.real_faces import lists_what_is_there, read_faces
from feraug.workflows.train_options import DRY_STEPS, DryRun, TrainOptions, foretell


@dataclass(frozen=True)
class ClassifierResult:
    """A trained classifier; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    interrupted: bool
    step: int
    steps: int
    seconds: float
    epochs: int
    chosen_epoch: int
    validation: tuple[float, ...]
    """Accuracy on validation after each epoch."""

    @property
    def accuracy(self) -> float:
        """Accuracy on validation of the chosen epoch: the best, so a little too good."""
        return max(self.validation, default=0.0)

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "interrupted": self.interrupted,
            "step": self.step,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "epochs": self.epochs,
            "chosen_epoch": self.chosen_epoch,
            "validation_accuracy": [round(value, 6) for value in self.validation],
        }


def train_classifier(
    config: ClassifierConfig,
    workspace: Workspace,
    *,
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> ClassifierResult:
    """Train a classifier on ``train``, or go on with its unfinished training; writes ``models/NAME.h5``.

    The epoch that did best on ``validation`` is kept; ``test`` is not looked at.  Raises as
    :func:`feraug.workflows.train.train`.
    """
    options = options or TrainOptions()
    if options.compile:
        raise UsageError("--compile: for generative models; classifiers are no faster by it")
    path, source = workspace.model(config.name if name is None else name), workspace.dataset_file(dataset)
    with (
        ExitStack() as held,
        launched(
            options.device,
            devices=options.devices,
            nodes=options.nodes,
            precision=config.precision,
            batch_size=config.batch_size,
        ) as fabric,
    ):
        faces = read_faces(source, workspace)
        provenance = Provenance(to_json(config), options.command, config.seed, {source.name: faces.digest})

        def look() -> Header | None:
            return existing_header(path, MODEL, provenance, overwrite=options.overwrite, normalised=completed)

        header = on_first_process(fabric, lambda: there_or_held(look, path, held, is_finished))
        if header is not None and header.extra.get("finished"):
            return _result(path, already_done=True)
        run = ClassifierRun(config, *splits_of(faces.arrays, config), fabric)
        if header is not None:
            run.take_up(path)
        finished = run.train(
            path,
            provenance,
            checkpoint_seconds=options.checkpoint_seconds,
            log_dir=options.log_dir,
            notify=notify,
        )
        fabric.barrier()
        return _result(path, interrupted=not finished)


def dry_run_classifier(
    config: ClassifierConfig,
    workspace: Workspace,
    *,
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> DryRun:
    """Time ten steps of a training and a look at validation, and write nothing."""
    options = options or TrainOptions()
    path = workspace.model(config.name if name is None else name)
    with launched(
        options.device,
        devices=options.devices,
        nodes=options.nodes,
        precision=config.precision,
        batch_size=config.batch_size,
    ) as fabric:
        source = workspace.dataset_file(dataset)
        faces = read_faces(source, workspace)
        provenance = Provenance(to_json(config), options.command, config.seed, {source.name: faces.digest})
        foretell(path, provenance, overwrite=options.overwrite, notify=notify)
        run = ClassifierRun(config, *splits_of(faces.arrays, config), fabric)
        per_step, per_epoch = time_steps(run, DRY_STEPS, notify)
    parameters = sum(parameter.numel() for parameter in run.state.network.parameters())
    return DryRun(
        path.resolve(),
        to_json(config),
        {"classifier": parameters},
        run.steps,
        per_step,
        run.steps * per_step + -(-run.steps // run.steps_per_epoch) * per_epoch,
    )


FACES_TIMED: Final = 64
"""Validation faces that a look is timed on."""


def time_steps(run: ClassifierRun, steps: int, notify: Notify = ignore) -> tuple[float, float]:
    """Seconds of a training step (of ``steps``, after one that warms up), and of a look at validation.

    The look is timed on a few faces: on a CPU all of them take a wide network minutes.  The run has then
    been trained a little and is not to be used.
    """
    times = [time.monotonic()]
    batches, never = run.batches, 10**9
    for report in fit_classifier(
        run.state, batches, steps=steps + 1, steps_per_epoch=never, evaluate=lambda network: {"accuracy": 0.0}
    ):
        times.append(time.monotonic())
        notify(Progress("timing", report.step, steps + 1, "steps"))
    started = time.monotonic()
    share = run.evaluate_some(run.state.network.eval(), FACES_TIMED)
    return (times[-1] - times[1]) / steps, (time.monotonic() - started) / share


def splits_of(faces: DatasetArrays, config: ClassifierConfig) -> tuple[LabelledFaces, LabelledFaces]:
    """The training faces, weighted as ``config`` says, and the validation faces of a dataset.

    Raises :class:`ArtifactError` when either has too few.
    """
    train, validation = faces.rows(split="train"), faces.rows(split="validation")
    for split, rows, least in (("train", train, 2), ("validation", validation, 1)):
        if len(rows) < least:
            share = (
                split == "validation"
                and "'feraug prepare SOURCE --validation-share 0.1 --overwrite' takes some of train"
            )
            raise ArtifactError(
                f"the dataset has {plural(len(rows), 'image')} in '{split}', "
                f"a classifier needs {least} or more; {share or lists_what_is_there(faces)}"
            )
    labels = faces.labels[train]
    weights = class_weights(labels) if config.class_weights else np.ones(len(train), np.float32)
    ones = np.ones(len(validation), np.float32)
    return (
        LabelledFaces(faces.images[train], labels, weights),
        LabelledFaces(faces.images[validation], faces.labels[validation], ones),
    )


def class_weights(labels: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Weights float32 (N,) that give each emotion present the same sum, with a mean of 1."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    present = np.count_nonzero(counts)
    by_class = len(labels) / (present * np.maximum(counts, 1))
    return np.asarray(by_class[labels], np.float32)


def _result(path: Path, *, already_done: bool = False, interrupted: bool = False) -> ClassifierResult:
    model = read_model(path, ("history", "timing"))
    history: Mapping[str, Any] = model.arrays
    accuracy = history.get("history/validation_accuracy", np.zeros(0))
    return ClassifierResult(
        path=path.resolve(),
        already_done=already_done,
        interrupted=interrupted,
        step=model.step,
        steps=model.steps,
        seconds=float(model.arrays.get("timing/seconds", np.zeros(()))),
        epochs=len(accuracy),
        chosen_epoch=int(model.header.extra.get("chosen_epoch", 0)),
        validation=tuple(float(value) for value in accuracy),
    )
