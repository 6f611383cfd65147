"""``feraug train cyclegan``: a translator between two emotions, resumable to the bit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from feraug.config import TranslatorConfig, to_json
from feraug.data import PairBatches
from feraug.errors import ArtifactError, MissingArtifactError, TrainingError
from feraug.models import build_translator
from feraug.objectives import build_objective
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import MODEL, Provenance
from feraug.store.lock import exclusive
from feraug.store.model import read_model, write_model
from feraug.store.workspace import Workspace
from feraug.training import StepReport, TrainState, constant_then_linear, fit
from feraug.workflows.devices import choose_device
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.interrupts import stop_on_signal
from feraug.workflows.samples import SampleGrid
from feraug.workflows.translators import translator_config

MIN_DOMAIN_IMAGES = 8
"""Fewer training images of one emotion than this are refused."""


@dataclass(frozen=True)
class TrainOptions:
    """What may differ between runs of the same training: it does not change the result."""

    device: str = "auto"
    checkpoint_seconds: float = 300.0
    overwrite: bool = False
    resume: bool = False
    command: str = "feraug.train_translator"


@dataclass(frozen=True)
class TrainResult:
    """A trained translator; ``as_json`` is what ``--json`` prints."""

    path: Path
    samples: Path
    already_done: bool
    interrupted: bool
    step: int
    steps: int
    seconds: float
    losses: Mapping[str, float]
    """Means of the unweighted terms over the last epoch, or what was done of it."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "samples": str(self.samples),
            "already_done": self.already_done,
            "interrupted": self.interrupted,
            "step": self.step,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "losses": {name: round(value, 6) for name, value in self.losses.items()},
        }


def train_translator(
    config: TranslatorConfig,
    workspace: Workspace,
    *,
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> TrainResult:
    """Train a translator, or go on with its unfinished training; writes ``models/NAME.h5``.

    Raises :class:`MissingArtifactError` without a dataset, :class:`ArtifactError` when a domain
    has too few images, :class:`TrainingError` when a loss is not finite, and
    :class:`~feraug.errors.ConfigConflictError` when NAME was made with another config.
    """
    options = options or TrainOptions()
    name = name or config.name
    path = workspace.model(name)
    if options.resume:
        config = _unfinished_config(path)
    faces = _read_faces(dataset or workspace.dataset())
    inputs = {(dataset or workspace.dataset()).name: faces.digest}
    provenance = Provenance(to_json(config), options.command, config.seed, inputs)
    with exclusive(path):
        header = existing_header(path, MODEL, provenance, overwrite=options.overwrite)
        if header is not None and header.extra.get("finished"):
            return _finished(path, workspace.samples(name))
        domains = _domains(faces.arrays, config)
        run = _Run(config, path, workspace.samples(name), provenance, options, domains, notify)
        if header is not None:
            run.take_up(path)
        return run.train(faces.arrays)


@dataclass(frozen=True)
class _Faces:
    arrays: DatasetArrays
    digest: str


def _read_faces(path: Path) -> _Faces:
    if not path.exists():
        raise MissingArtifactError(
            f"{path}: no dataset yet; make it with 'feraug prepare fer2013.csv' (or 'drawn')"
        )
    return _Faces(read_dataset(path), sha256_file(path))


def _unfinished_config(path: Path) -> TranslatorConfig:
    if not path.exists():
        raise MissingArtifactError(f"{path}: nothing to resume; train without --resume")
    return translator_config(path, read_model(path, ()).header.provenance.config)


def _domains(faces: DatasetArrays, config: TranslatorConfig) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pair = config.domains
    rows = [faces.rows(split="train", emotion=emotion) for emotion in (pair.a, pair.b)]
    for emotion, chosen in zip((pair.a, pair.b), rows, strict=True):
        if len(chosen) < MIN_DOMAIN_IMAGES:
            raise ArtifactError(
                f"the dataset has {len(chosen)} training images of '{emotion}', a domain needs "
                f"{MIN_DOMAIN_IMAGES} or more; 'feraug info' on the dataset lists what is there"
            )
    return faces.images[rows[0]], faces.images[rows[1]]


class _Run:
    """One training from where it stands to its end, with checkpoints and sample grids."""

    def __init__(
        self,
        config: TranslatorConfig,
        path: Path,
        samples: Path,
        provenance: Provenance,
        options: TrainOptions,
        domains: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        notify: Notify,
    ) -> None:
        self.config, self.path, self.samples = config, path, samples
        self.provenance, self.options, self.notify = provenance, options, notify
        device = choose_device(options.device)
        self.steps_per_epoch = -(-max(map(len, domains)) // config.batch_size)
        self.steps = config.steps or max(1, round(config.epochs * self.steps_per_epoch))
        self.objective = build_objective(config)
        torch.manual_seed(config.seed)  # the initial weights
        self.state = TrainState.create(build_translator(config), self.objective, config, device)
        self.batches = PairBatches(
            *domains, batch_size=config.batch_size, flip=config.flip, seed=config.seed, device=device
        )
        self.seconds_before = 0.0

    def take_up(self, path: Path) -> None:
        """Go on from the checkpoint at ``path``."""
        saved = read_model(path)
        try:
            self.state.from_arrays(saved.arrays)
        except TrainingError as problem:
            raise ArtifactError(f"{path}: damaged ({problem}); --overwrite starts anew") from problem
        self.seconds_before = float(saved.arrays.get("timing/seconds", np.zeros(())))
        self.notify(Note(f"going on from step {self.state.step:,} of {self.steps:,}"))

    def train(self, faces: DatasetArrays) -> TrainResult:
        """Train to the last step, or until the user asks to stop."""
        grid = SampleGrid(faces, self.config.domains, self.samples)
        started = saved_at = time.monotonic()
        first_step = self.state.step
        schedule = constant_then_linear(self.config.decay_from)
        with stop_on_signal() as stop:
            for report in fit(self.state, self.objective, self.batches, steps=self.steps, schedule=schedule):
                now = time.monotonic()
                self._tell(report, (report.step - first_step) / max(now - started, 1e-9))
                if report.step % self.steps_per_epoch == 0 and report.step < self.steps:
                    self.notify(Saved("samples", grid.write(self.state, report.step)))
                if stop:
                    break
                if now - saved_at >= self.options.checkpoint_seconds and report.step < self.steps:
                    self._save(now - started)
                    saved_at = time.monotonic()
        # Outside the block a second Ctrl-C interrupts at once; the write is atomic either way.
        seconds = self._save(time.monotonic() - started)
        self.notify(Saved("samples", grid.write(self.state, self.state.step)))
        return TrainResult(
            path=self.path.resolve(),
            samples=self.samples.resolve(),
            already_done=False,
            interrupted=self.state.step < self.steps,
            step=self.state.step,
            steps=self.steps,
            seconds=seconds,
            losses=_recent_means(self.state.history, self.steps_per_epoch),
        )

    def _tell(self, report: StepReport, steps_per_second: float) -> None:
        figures = {**report.terms, "images/s": steps_per_second * self.config.batch_size * 2}
        self.notify(Progress("training", report.step, self.steps, "steps", figures))

    def _save(self, seconds: float) -> float:
        """Write the checkpoint; returns the seconds of training in all."""
        total = self.seconds_before + seconds
        arrays = self.state.to_arrays() | {"timing/seconds": np.asarray(total, np.float64)}
        facts = {
            "step": self.state.step,
            "steps": self.steps,
            "steps_per_epoch": self.steps_per_epoch,
            "finished": self.state.step >= self.steps,
        }
        write_model(self.path, arrays, self.provenance, facts)
        self.notify(Saved("checkpoint", self.path))
        return total


def _recent_means(history: Mapping[str, list[float]], count: int) -> dict[str, float]:
    return {name: float(np.mean(values[-count:])) for name, values in history.items() if values}


def _finished(path: Path, samples: Path) -> TrainResult:
    model = read_model(path, ("history", "timing"))
    history = {
        name.removeprefix("history/"): values.tolist()
        for name, values in model.arrays.items()
        if name.startswith("history/")
    }
    return TrainResult(
        path=path.resolve(),
        samples=samples.resolve(),
        already_done=True,
        interrupted=False,
        step=model.step,
        steps=model.steps,
        seconds=float(model.arrays.get("timing/seconds", np.zeros(()))),
        losses=_recent_means(history, int(model.header.extra.get("steps_per_epoch", 1))),
    )
