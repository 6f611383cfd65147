"""``feraug train MODEL``: a generative model, resumable to the bit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from feraug.config import AnyGanConfig, ClassifierConfig, TranslatorConfig, to_json
from feraug.errors import ArtifactError, UsageError
from feraug.store.digests import inputs_by_name
from feraug.store.header import MODEL, Header, Provenance
from feraug.store.model import WEIGHTS_ONLY, read_model
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace, same_place
from feraug.training import StepPlan, constant_then_linear, fit
from feraug.workflows.devices import launched, on_first_process
from feraug.workflows.domain_source import DomainSource, refuse_source, training_source
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.existing import existing_header, is_finished, there_or_held
from feraug.workflows.model_files import completed
from feraug.workflows.real_faces import Faces, read_faces
from feraug.workflows.train_classifier import ClassifierResult, dry_run_classifier, train_classifier
from feraug.workflows.train_options import DRY_STEPS, DryRun, TrainOptions, foretell
from feraug.workflows.training_run import TrainingRun

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class TrainResult:
    """A trained model; ``as_json`` is what ``--json`` prints."""

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


def train(
    config: AnyGanConfig | ClassifierConfig,
    workspace: Workspace,
    *,
    name: str | None = None,
    dataset: Path | None = None,
    source: Path | None = None,
    source_model: str | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> TrainResult | ClassifierResult:
    """Train a model, or go on with its unfinished training; writes ``models/NAME.h5``.

    ``source`` or ``source_model`` is what a translator's domain a comes from, by the config's
    ``source_share``: a dataset or synthetic set, or a generator of faces from noise.

    A classifier is trained by :func:`feraug.workflows.train_classifier.train_classifier`.

    Raises :class:`MissingArtifactError` without a dataset, :class:`~feraug.errors.ArtifactError`
    when there are too few faces of an emotion, :class:`~feraug.errors.TrainingError` when a loss
    is not finite, :class:`~feraug.errors.ConfigConflictError` when NAME was made with another
    config, and :class:`~feraug.errors.UsageError` for devices that cannot be had.
    """
    if isinstance(config, ClassifierConfig):
        refuse_source(config.model, source, source_model)
        return train_classifier(config, workspace, name=name, dataset=dataset, options=options, notify=notify)
    options = options or TrainOptions()
    name = config.name if name is None else name
    path, samples = workspace.model(name), workspace.samples(name)
    config, domain = training_source(
        config, workspace, source=workspace.source_file(source), source_model=source_model, unfinished=path
    )
    place = workspace.dataset_file(dataset)
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
        faces = read_faces(place, workspace)
        provenance = _provenance(config, place, faces, domain, path, options.command)

        def look() -> Header | None:
            return existing_header(path, MODEL, provenance, overwrite=options.overwrite, normalised=completed)

        header = on_first_process(fabric, lambda: there_or_held(look, path, held, is_finished))
        if header is not None and header.extra.get("finished"):
            return _finished(path, samples)
        if header is not None and header.extra.get(WEIGHTS_ONLY):
            raise ArtifactError(
                f"{path}: exported weights of an unfinished training, which cannot be resumed",
                "--overwrite trains from scratch, --name NAME into another file",
            )
        _warn_of_unfinished(domain, fabric, notify)
        run = TrainingRun(config, faces.arrays, fabric, domain)
        if header is not None:
            run.take_up(path)
        if options.compile:
            run.compile(notify)
        steps = run.train(
            path,
            samples,
            provenance,
            checkpoint_seconds=options.checkpoint_seconds,
            log_dir=options.log_dir,
            notify=notify,
        )
        fabric.barrier()  # the first process has saved
        return TrainResult(
            path=path.resolve(),
            samples=samples.resolve(),
            already_done=False,
            interrupted=run.state.step < steps,
            step=run.state.step,
            steps=steps,
            seconds=run.seconds,
            losses=_recent_means(run.state.history, run.steps_per_epoch),
        )


def _warn_of_unfinished(domain: DomainSource | None, fabric: Fabric, notify: Notify) -> None:
    """Say of a noise generator that is not finished: once it goes on, its file is another one."""
    if domain is None or not domain.makes_faces or not fabric.is_global_zero:
        return
    if not read_artifact_header(domain.path).extra.get("finished"):
        notify(
            Note(
                f"{domain.path.name} is not finished: its training was interrupted; once that goes on, this "
                "one cannot be continued"
            )
        )


def dry_run(
    config: AnyGanConfig | ClassifierConfig,
    workspace: Workspace,
    *,
    name: str | None = None,
    dataset: Path | None = None,
    source: Path | None = None,
    source_model: str | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> DryRun:
    """Time ten steps of a training, and write nothing."""
    if isinstance(config, ClassifierConfig):
        refuse_source(config.model, source, source_model)
        return dry_run_classifier(
            config, workspace, name=name, dataset=dataset, options=options, notify=notify
        )
    options = options or TrainOptions()
    path = workspace.model(config.name if name is None else name)
    config, domain = training_source(
        config, workspace, source=workspace.source_file(source), source_model=source_model, unfinished=path
    )
    with launched(
        options.device,
        devices=options.devices,
        nodes=options.nodes,
        precision=config.precision,
        batch_size=config.batch_size,
    ) as fabric:
        place = workspace.dataset_file(dataset)
        faces = read_faces(place, workspace)
        provenance = _provenance(config, place, faces, domain, path, options.command)
        foretell(path, provenance, overwrite=options.overwrite, notify=notify)
        _warn_of_unfinished(domain, fabric, notify)
        run = TrainingRun(config, faces.arrays, fabric, domain)
        if options.compile:
            run.compile(notify)
        plan, schedule = run.plan(), constant_then_linear(config.decay_from)
        times = [time.monotonic()]
        for report in fit(run.state, run.objective, run.batches, StepPlan(DRY_STEPS + 1), schedule=schedule):
            times.append(time.monotonic())
            notify(Progress("timing", report.step, DRY_STEPS + 1, "steps"))
    seconds_per_step = (times[-1] - times[1]) / DRY_STEPS  # the first step also warms up
    steps = plan.steps if isinstance(plan, StepPlan) else None
    parameters = {
        role: sum(parameter.numel() for parameter in network.parameters())
        for role, network in run.state.networks.items()
    }
    return DryRun(
        path.resolve(),
        to_json(config),
        parameters,
        steps,
        seconds_per_step,
        config.budget or (steps or 0) * seconds_per_step,
    )


def train_translator(config: TranslatorConfig, workspace: Workspace, **settings: Any) -> TrainResult:
    """:func:`train` for a translator."""
    result = train(config, workspace, **settings)
    assert isinstance(result, TrainResult)
    return result


def _provenance(
    config: AnyGanConfig, place: Path, faces: Faces, domain: DomainSource | None, path: Path, command: str
) -> Provenance:
    """How the model at ``path`` comes about; refuses a source that is the dataset itself, or the model."""
    if domain is not None and domain.digest == faces.digest:
        raise UsageError("--source: is the dataset itself; leave --source and --source-share out")
    if domain is not None and same_place(domain.path, path):
        raise UsageError(f"--name: {path} is the model that domain a is to come from")
    inputs = inputs_by_name((place, faces.digest), *([] if domain is None else [domain.file]))
    return Provenance(to_json(config), command, config.seed, inputs)


_KINDS: Final = (
    "adversarial",
    "class",
    "cycle",
    "identity",
    "change",
    "discriminator",
    "wasserstein",
    "mismatch",
    "penalty",
)
"""Loss terms in the order of a step; of each the real side before the fake one."""


def _recent_means(history: Mapping[str, list[float]], count: int) -> dict[str, float]:
    """Means of the last ``count`` steps, in one order, whether fresh or out of a file (which sorts names)."""

    def order(name: str) -> tuple[int, str]:
        kind = name.split("_")[0]
        place = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
        return place, name.replace("_real", "_0").replace("_fake", "_1")

    return {
        name: float(np.mean(history[name][-count:])) for name in sorted(history, key=order) if history[name]
    }


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
