"""One training from where it stands to its end, with checkpoints, sample grids and a log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from feraug.config import AnyGanConfig, TranslatorConfig
from feraug.data import Sampling
from feraug.errors import ArtifactError, InUseError, StorageError, TrainingError
from feraug.models import build_networks
from feraug.objectives import build_objective
from feraug.store.dataset import DatasetArrays
from feraug.store.header import Provenance
from feraug.store.model import read_model, write_model
from feraug.training import (
    BudgetPlan,
    Plan,
    StepPlan,
    StepReport,
    TrainState,
    any_of,
    cannot_compile,
    compile_networks,
    constant_then_linear,
    first_says,
    fit,
    read_every,
)
from feraug.workflows.domain_source import DomainSource
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.interrupts import stop_on_signal
from feraug.workflows.pace import busy_note, short_note
from feraug.workflows.samples import clear_samples, sample_grid
from feraug.workflows.tensorboard_log import new_log
from feraug.workflows.training_material import trained_on, training_batches

if TYPE_CHECKING:
    from lightning_fabric import Fabric


GRIDS_APART: Final = 100
"""Fewest steps between sample grids: epochs of a few dozen faces would leave hundreds, and spend on them."""


class TrainingRun:
    """Networks, optimizers and batches of a config, and the loop over them."""

    def __init__(
        self,
        config: AnyGanConfig,
        faces: DatasetArrays,
        fabric: Fabric,
        source: DomainSource | None = None,
    ) -> None:
        self.config, self.faces, self.fabric, self.source = config, faces, fabric, source
        sampling = Sampling(
            config.batch_size, config.seed, fabric.device, config.flip, config.augment,
            fabric.global_rank, fabric.world_size,
        )  # fmt: skip
        self.batches, images = training_batches(config, faces, sampling, source)
        self.steps_per_epoch = -(-images // config.batch_size)
        self.trained_on = trained_on(config, faces, source)
        self.objective = build_objective(config)
        torch.manual_seed(config.seed)  # the initial weights, alike in every process
        self.state = TrainState.create(build_networks(config), self.objective, config, fabric)
        self.seconds = 0.0
        """Seconds of training so far, those of earlier runs included."""
        self._compiled = False

    def plan(self) -> Plan:
        """How long to train."""
        if self.config.budget is not None:
            agree = lambda value: first_says(self.fabric, value)  # noqa: E731
            return BudgetPlan(self.config.budget, spent=self.seconds, agree=agree, compiles=self._compiled)
        return StepPlan(self.config.steps or max(1, round(self.config.epochs * self.steps_per_epoch)))

    def compile(self, notify: Notify = ignore) -> None:
        """Train with compiled networks from here on; a note, and as before, where that cannot be had."""
        problem = cannot_compile(self.fabric.device)
        if self.fabric.is_global_zero:
            found = "compiling the networks at the first step: about a minute, which no --budget counts"
            notify(Note(found if problem is None else f"--compile: trains without it here ({problem})"))
        if problem is not None:
            return
        # A penalty differentiates the discriminators' gradients again.
        without = self.objective.discriminator_roles if self.config.penalty_weight else ()
        compile_networks(network for role, network in self.state.networks.items() if role not in without)
        self._compiled = True

    def take_up(self, path: Path) -> None:
        """Go on from the checkpoint at ``path``; :class:`ArtifactError` when it does not fit."""
        saved = read_model(path)
        try:
            self.state.from_arrays(saved.arrays)
        except TrainingError as problem:
            raise ArtifactError(f"{path}: damaged ({problem}); --overwrite starts anew") from problem
        self.seconds = float(saved.arrays.get("timing/seconds", np.zeros(())))

    def train(
        self,
        path: Path,
        samples: Path,
        provenance: Provenance,
        *,
        checkpoint_seconds: float = 300.0,
        log_dir: Path | None = None,
        notify: Notify = ignore,
    ) -> int:
        """Train to the end, or until the user asks to stop; returns the number of steps in all.

        The first process alone writes: checkpoints to ``path``, sample grids to ``samples``.
        """
        writer = _Writer(self, path, samples, provenance, log_dir, notify)
        before, first_step = self.seconds, self.state.step
        started = saved_at = time.monotonic()
        spacing = max(self.steps_per_epoch, GRIDS_APART)
        plan, drawn = self.plan(), first_step // spacing
        steps = plan.steps_in_all(first_step, plan.progress(first_step))
        writer.begin(first_step, steps)
        writer.note(busy_note(self.fabric.device))
        schedule = constant_then_linear(self.config.decay_from)
        with stop_on_signal() as stop:
            for report in fit(
                self.state,
                self.objective,
                self.batches,
                plan,
                schedule=schedule,
                read_every=read_every(self.fabric.device),
            ):
                now = time.monotonic()
                self.seconds = before + now - started - plan.uncounted
                steps = plan.steps_in_all(report.step, report.progress)
                writer.tell(report, steps, (report.step - first_step) / max(now - started, 1e-9))
                if any_of(self.fabric, bool(stop)):
                    break
                if report.progress < 1.0 and report.step // spacing > drawn:
                    drawn = report.step // spacing
                    writer.sample(steps)
                if report.progress < 1.0 and now - saved_at >= checkpoint_seconds:
                    writer.checkpoint(steps)
                    saved_at = time.monotonic()
            # Within the block: a first signal that comes now must not take what was trained.
            self.seconds = before + time.monotonic() - started - plan.uncounted
            finished = self.state.step >= steps
            writer.save(steps, finished=finished)
        writer.last_sample()
        writer.close()
        if finished:
            writer.note(short_note(self.state.step, self.config.budget))
        return steps


class _Writer:
    """What leaves a run: files and events, in the first process alone."""

    def __init__(
        self,
        run: TrainingRun,
        path: Path,
        samples: Path,
        provenance: Provenance,
        log_dir: Path | None,
        notify: Notify,
    ) -> None:
        self._run, self._path, self._provenance, self._notify = run, path, provenance, notify
        self._active = run.fabric.is_global_zero
        self._fresh = run.state.step == 0
        self._grid = sample_grid(run.config, run.faces, samples, run.source)
        self._log = new_log(log_dir, path.stem) if log_dir is not None and self._active else None

    def begin(self, step: int, steps: int) -> None:
        """That an earlier run goes on."""
        if self._active and step:
            self._notify(Note(f"going on from step {step:,} of {steps:,}"))

    def note(self, text: str | None) -> None:
        """A sentence, if there is one."""
        if self._active and text is not None:
            self._notify(Note(text))

    def tell(self, report: StepReport, steps: int, steps_per_second: float) -> None:
        """Losses and speed."""
        if not self._active:
            return
        domains = 2 if isinstance(self._run.config, TranslatorConfig) else 1
        speed = {"images/s": steps_per_second * self._run.config.batch_size * domains}
        self._notify(Progress("training", report.step, steps, "steps", {**report.terms, **speed}))
        if self._log is not None:
            self._log.log_metrics({**report.terms, **speed}, report.step)

    def sample(self, steps: int) -> None:
        """A sample grid, never beside the file of a model that is to be replaced."""
        if self._fresh:
            self.save(steps, finished=False)
        self._draw()

    def last_sample(self) -> None:
        """The grid of the weights that are kept; without room for it they are there all the same."""
        try:
            self._draw()
        except StorageError as problem:
            self.note(f"the model is saved, its last samples are not: {problem}")

    def checkpoint(self, steps: int) -> None:
        """A checkpoint on the way; a file that another program has open is left as it is until the next."""
        try:
            self.save(steps, finished=False)
        except InUseError as problem:
            self.note(problem.goes_on)

    def save(self, steps: int, *, finished: bool) -> None:
        """What there is, into the file."""
        if not self._active:
            return
        run = self._run
        arrays = run.state.to_arrays() | {
            "timing/seconds": np.asarray(run.seconds, np.float64),
            "trained_on/images": run.trained_on,
        }
        facts: Mapping[str, Any] = {
            "step": run.state.step,
            "steps": steps,
            "steps_per_epoch": run.steps_per_epoch,
            "finished": finished,
        }
        write_model(self._path, arrays, self._provenance, facts)
        if self._fresh:  # of a model that is replaced now, the grids would be shown as this one's
            clear_samples(self._path.with_suffix(""))
            self._fresh = False
        self._notify(Saved("checkpoint", self._path))

    def _draw(self) -> None:
        if self._active:
            self._notify(Saved("samples", self._grid.write(self._run.state, self._run.state.step)))

    def close(self) -> None:
        """End the log."""
        if self._log is not None:
            self._log.finalize("success")
