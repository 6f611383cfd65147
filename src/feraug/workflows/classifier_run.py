"""One training of a classifier from where it stands to its end, with checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from feraug.config import ClassifierConfig
from feraug.config.classifiers import BOTH_BALANCED
from feraug.data import LabelledBatches, LabelledFaces, Phase, Sampling, on_device
from feraug.errors import ArtifactError, InUseError, TrainingError, UsageError
from feraug.models.classifiers import build_classifier
from feraug.store.header import Provenance
from feraug.store.model import read_model, write_model
from feraug.training import ClassifierState, any_of, fit_classifier, read_every
from feraug.workflows.classifiers import probabilities
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.interrupts import stop_on_signal
from feraug.workflows.samples import clear_samples
from feraug.workflows.tensorboard_log import new_log

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class ClassifierRun:
    """Network, optimizer, training batches and validation faces, and the loop over them.

    ``epoch_images`` is the number of faces that make an epoch (None: all of ``training``).
    """

    def __init__(
        self,
        config: ClassifierConfig,
        training: LabelledFaces,
        validation: LabelledFaces,
        fabric: Fabric,
        *,
        epoch_images: int | None = None,
        phases: tuple[Phase, ...] = (),
    ) -> None:
        if config.balanced and config.class_weights:
            raise UsageError(BOTH_BALANCED)
        self.config, self.fabric = config, fabric
        sampling = Sampling(
            config.batch_size,
            config.seed,
            fabric.device,
            rank=fabric.global_rank,
            processes=fabric.world_size,
        )
        self.batches = LabelledBatches(training, config, sampling, phases)
        self.steps_per_epoch = steps_per_epoch(config, epoch_images or len(training))
        self.steps = total_steps(config, epoch_images or len(training))
        self._validation = on_device(validation.images, fabric.device)
        self._answers = validation.labels
        torch.manual_seed(config.seed)  # the initial weights, alike in every process
        self.state = ClassifierState.create(build_classifier(config), config, fabric)
        self.seconds = 0.0
        """Seconds of training so far, those of earlier runs included."""
        self.processes = fabric.world_size
        """Most processes that shared a batch; with several, batch norm and dropout are each one's own."""
        self.stopped = False
        """Whether the user asked to stop, be it after the last step."""

    def take_up(self, path: Path) -> None:
        """Go on from the checkpoint at ``path``; :class:`ArtifactError` when it does not fit.

        It may be that of a finished training, whose process ended before it used what it had trained.
        """
        saved = read_model(path)
        chosen = int(saved.header.extra.get("chosen_epoch", 0))
        try:
            self.state.from_arrays(saved.arrays, chosen_epoch=chosen, finished=saved.finished)
        except TrainingError as problem:
            raise ArtifactError(f"{path}: damaged ({problem})", "--overwrite starts anew") from problem
        self.seconds = float(saved.arrays.get("timing/seconds", np.zeros(())))
        self.processes = max(self.processes, int(saved.header.extra.get("processes", 1)))

    def evaluate(
        self, network: nn.Module, looked_at: Callable[[int], None] = lambda _: None
    ) -> Mapping[str, float]:
        """Accuracy and loss on the validation faces; ``looked_at`` is told how many are done."""
        found = probabilities(network, self._validation, self.config.crop, looked_at=looked_at)
        return scores(found, self._answers)

    def evaluate_some(self, network: nn.Module, count: int) -> float:
        """Classify up to ``count`` validation faces; the share of all that these are."""
        some = self._validation[:count]
        probabilities(network, some, self.config.crop)
        return len(some) / len(self._validation)

    def train(
        self,
        path: Path,
        provenance: Provenance,
        *,
        checkpoint_seconds: float = 300.0,
        log_dir: Path | None = None,
        task: str = "training",
        notify: Notify = ignore,
    ) -> bool:
        """Train to the end (True), or until the user asks to stop (False).

        The first process alone writes checkpoints to ``path``, each at least ``checkpoint_seconds``
        after the last, and one at the end; with ``log_dir`` TensorBoard events of the losses, too.
        """
        state, first = self.state, self.state.step
        writes = self.fabric.is_global_zero
        if first and writes:
            notify(Note(f"{task}: going on from step {first:,} of {self.steps:,}"))
        before, started = self.seconds, time.monotonic()
        saved_at = started
        log = new_log(log_dir, path.stem) if log_dir is not None and writes else None

        def looked_at(faces: int) -> None:  # with a large network this takes minutes
            if writes:
                done = min(state.step, self.steps - 1)  # the last step is done when it has been measured
                left = len(self._validation) - faces
                notify(Progress(task, done, self.steps, "steps", {"validation faces left": left}))

        evaluate, every = partial(self.evaluate, looked_at=looked_at), read_every(self.fabric.device)
        with stop_on_signal() as stop:
            for report in fit_classifier(
                state, self.batches, steps=self.steps, steps_per_epoch=self.steps_per_epoch,
                evaluate=evaluate, read_every=every,
            ):  # fmt: skip
                now = time.monotonic()
                self.seconds = before + now - started
                if writes:
                    speed = (report.step - first) / max(now - started, 1e-9) * self.config.batch_size
                    figures = {**report.terms, "images/s": speed}
                    notify(Progress(task, report.step, self.steps, "steps", figures))
                    if log is not None:
                        log.log_metrics(figures, report.step)
                if any_of(self.fabric, bool(stop)):
                    break
                if report.progress < 1.0 and now - saved_at >= checkpoint_seconds:
                    try:
                        self.save(path, provenance, notify=notify)
                    except InUseError as problem:
                        notify(Note(problem.goes_on))
                    saved_at = time.monotonic()
            # Within the block: a first signal that comes now must not take what was trained.
            self.seconds = before + time.monotonic() - started
            self.save(path, provenance, notify=notify)
            self.stopped = bool(stop)
        if log is not None:
            log.finalize("success")
        return state.step >= self.steps

    def save(self, path: Path, provenance: Provenance, *, notify: Notify = ignore) -> None:
        """Write the model file: a checkpoint, or of a finished training the chosen network alone."""
        if not self.fabric.is_global_zero:
            return
        finished = self.state.step >= self.steps
        arrays = self.state.to_arrays(finished=finished)
        arrays["timing/seconds"] = np.asarray(self.seconds, np.float64)
        facts = {
            "step": self.state.step,
            "steps": self.steps,
            "steps_per_epoch": self.steps_per_epoch,
            "finished": finished,
            "chosen_epoch": self.state.chosen_epoch,
            "processes": self.processes,
        }
        write_model(path, arrays, provenance, facts)
        clear_samples(path.with_suffix(""))  # of a translator that had this name: a classifier draws none
        notify(Saved("checkpoint", path))


def steps_per_epoch(config: ClassifierConfig, images: int) -> int:
    """Steps in a pass over ``images`` faces."""
    return -(-images // config.batch_size)


def total_steps(config: ClassifierConfig, images: int) -> int:
    """Steps of a training whose epochs are ``images`` faces."""
    return config.steps or max(1, round(config.epochs * steps_per_epoch(config, images)))


def scores(found: NDArray[np.float32], answers: NDArray[np.uint8]) -> dict[str, float]:
    """Accuracy and mean negative log-likelihood of probabilities (N, 7) for labels (N,)."""
    own = np.maximum(found[np.arange(len(answers)), answers], 1e-12)
    return {"accuracy": float((found.argmax(1) == answers).mean()), "loss": float(-np.log(own).mean())}
