"""``feraug bench``: the same classifier with and without synthetic images, several seeds each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from feraug.config import ARMS, SYNTHETIC_ARMS, BenchConfig
from feraug.store.atomic import remove
from feraug.store.header import BENCH, Header, Provenance
from feraug.store.workspace import Workspace
from feraug.training import alone
from feraug.workflows.bench_gathered import (
    drawn_files,
    finished,
    gathered,
    interrupted_result,
    kept_of_validation,
    on_validation,
)
from feraug.workflows.bench_inputs import BenchInputs, done_without_its_files, read_inputs, with_earlier
from feraug.workflows.bench_outcome import BenchPlan, BenchResult
from feraug.workflows.bench_parts import Part, read_part, run_part
from feraug.workflows.classifier_run import ClassifierRun, steps_per_epoch, total_steps
from feraug.workflows.devices import children, end_children, launched, on_first_process
from feraug.workflows.events import Note, Notify, ignore
from feraug.workflows.existing import check_ending, existing_header, there_or_held
from feraug.workflows.model_files import completed
from feraug.workflows.train_classifier import time_steps
from feraug.workflows.train_options import TrainOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric

TIMED_STEPS = 3
"""Steps that are timed to tell how long a benchmark will take."""


def bench(
    config: BenchConfig,
    workspace: Workspace,
    *,
    synthetic: Sequence[Path | str] = (),
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    test: bool = True,
    notify: Notify = ignore,
) -> BenchResult:
    """Train every arm ``repeats`` times, or what is missing of it; writes ``bench/NAME.h5``.

    Without ``test`` it writes no such file, and gives accuracies on validation alone: to choose by.

    Each finished repeat is a file in ``bench/NAME/``, so that more repeats and arms can be added
    and a run that was stopped goes on.  Several processes share the trainings out.  Raises
    :class:`ArtifactError` for synthetic images of an origin outside ``train``,
    :class:`~feraug.errors.ConfigConflictError` when NAME was made with another config, and as
    :func:`feraug.workflows.train.train`.
    """
    options = options or TrainOptions()
    name = config.classifier.name if name is None else name
    path = workspace.bench(name)
    with (
        ExitStack() as held,
        launched(
            options.device,
            devices=options.devices,
            nodes=options.nodes,
            precision=config.classifier.precision,
        ) as fabric,
    ):
        if not options.overwrite:
            done = None if synthetic else done_without_its_files(config, path, workspace, dataset)
            if done is not None:
                kept = None if test else kept_of_validation(done, path, None)
                return kept or finished(done.json(), path, draws=fabric.is_global_zero)
            config, synthetic = with_earlier(config, path, synthetic, workspace)
        given = read_inputs(config, workspace, synthetic, dataset, test=test)
        provenance = given.provenance(config, options.command)

        def look() -> Header | None:
            return _existing(path, provenance, overwrite=options.overwrite)

        def enough(there: Header) -> bool:
            return _is_all(there, provenance)

        check_ending(path, ("-confusion",))
        header = on_first_process(fabric, lambda: there_or_held(look, path, held, enough))
        parts = _parts(config, path, given)
        if header is not None and _is_all(header, provenance):
            if not test:
                kept = kept_of_validation(config, path, given.cautions)
                return kept or on_validation(config, path, parts, given, already_done=True)
            return finished(config.json(), path, draws=fabric.is_global_zero)
        if options.overwrite:
            on_first_process(fabric, lambda: _forget(path))
        # One answer for all: processes that saw different files would leave a part to nobody.
        numbers = on_first_process(fabric, lambda: _cleared(parts, config, given))
        missing = [parts[number] for number in numbers]
        if fabric.is_global_zero and missing:
            notify(Note(_plan(config, path, given, len(missing), fabric).text))
            for sentence in given.cautions:
                notify(Note(sentence))
        for part in missing[fabric.global_rank :: fabric.world_size]:
            if not run_part(
                part, config, given.training, given.validation, given.test.images, given.files, alone(fabric),
                workspace=workspace, options=options, notify=notify,
            ):  # fmt: skip
                end_children(fabric)  # or they would train on, alone and without the lock
                return interrupted_result(config, path)
        if not fabric.is_global_zero:
            return interrupted_result(config, path)  # the first process tells the result
        if not _all_come(parts, fabric):
            return interrupted_result(config, path)
        if not test:
            return on_validation(config, path, parts, given)
        return gathered(config, path, parts, given, provenance)


def plan(
    config: BenchConfig,
    workspace: Workspace,
    *,
    synthetic: Sequence[Path | str] = (),
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    test: bool = True,
    notify: Notify = ignore,
) -> BenchPlan:
    """Time a few steps, and tell how long :func:`bench` would take; writes nothing."""
    options = options or TrainOptions()
    path = workspace.bench(config.classifier.name if name is None else name)
    with launched(options.device, precision=config.classifier.precision) as fabric:
        if not options.overwrite:
            config, synthetic = with_earlier(config, path, synthetic, workspace)
        given = read_inputs(config, workspace, synthetic, dataset, test=test)
        provenance = given.provenance(config, options.command)
        _existing(path, provenance, overwrite=options.overwrite)
        parts = _parts(config, path, given)
        missing = [part for part in parts if options.overwrite or _is_missing(part, config, given)]
        return _plan(config, path, given, len(missing), fabric, notify, options.devices * options.nodes)


_EXTENDS = ("repeats", "arms")
"""Settings by which a later run may go beyond an earlier one, and use what it did."""


def _existing(path: Path, wanted: Provenance, *, overwrite: bool) -> Header | None:
    return existing_header(path, BENCH, wanted, overwrite=overwrite, normalised=completed, extends=_EXTENDS)


def _parts(config: BenchConfig, path: Path, given: BenchInputs) -> list[Part]:
    """All repeats of all arms, the first repeat of every arm before the second of any."""
    folder = path.with_suffix("")
    parts = []
    for repeat in range(config.repeats):
        for arm in config.trained_arms:
            inputs = given.inputs(synthetic=arm in SYNTHETIC_ARMS)
            parts.append(
                Part(arm, repeat, folder / f"{arm}-{repeat}.h5", config.json_of_arm(arm, repeat), inputs)
            )
    return parts


def _cleared(parts: Sequence[Part], config: BenchConfig, given: BenchInputs) -> list[int]:
    """The numbers of the parts to train; deletes the file of one that is done but lacks its classifier.

    What waits for the part's file then waits for the classifier.
    """
    for part in parts:
        if _lacks_classifier(part, config):
            remove([part.path])
    return [number for number, part in enumerate(parts) if _is_missing(part, config, given)]


def _is_missing(part: Part, config: BenchConfig, given: BenchInputs) -> bool:
    """Whether a repeat is still to be done, or done again for its classifier."""
    return _lacks_classifier(part, config) or read_part(part, len(given.test)) is None


def _lacks_classifier(part: Part, config: BenchConfig) -> bool:
    """Whether ``reverse`` wants the classifier of this part, and it is gone."""
    wanted = "reverse" in config.arms and (part.arm, part.repeat) == ("real", 0)
    return wanted and not part.classifier.is_file()


def _plan(
    config: BenchConfig, path: Path, given: BenchInputs, parts: int, fabric: Fabric, notify: Notify = ignore,
    processes: int = 1,
) -> BenchPlan:  # fmt: skip
    """What is to be done, and how long that takes in this or another number of processes."""
    images = len(given.training)
    steps = total_steps(config.classifier, images)
    run = ClassifierRun(config.classifier, given.training, given.validation, alone(fabric))
    per_step, per_look = time_steps(run, TIMED_STEPS, notify)
    looks = -(-steps // steps_per_epoch(config.classifier, images)) + len(given.test) / len(given.validation)
    in_turn = -(-parts // max(processes, fabric.world_size))
    seconds = in_turn * (steps * per_step + looks * per_look)
    files = [file.path for file in given.files]
    reductions = config.reductions(images)
    return BenchPlan(path.resolve(), config.json(), files, parts, steps, per_step, seconds, reductions)


def _is_all(header: Header, wanted: Provenance) -> bool:
    there = header.provenance
    same_inputs = set(there.inputs.values()) == set(wanted.inputs.values())
    return same_inputs and completed(there.config) == wanted.config


def _forget(path: Path) -> None:
    """Delete an earlier benchmark of the name and its repeats: ``--overwrite``.

    All of it now, so that the same command without --overwrite goes on where this one was stopped.
    """
    for arm in ARMS:
        remove(path.with_suffix("").glob(f"{arm}-*.h5"))
    remove([path])
    remove(drawn_files(path))


def _all_come(parts: Sequence[Part], fabric: Fabric) -> bool:
    """Wait for the other processes' repeats; False when those were stopped before all were there.

    A process that fails takes all of them with it.
    """
    while any(not part.path.exists() for part in parts):
        others = children(fabric)
        here = len(others) + 1 == fabric.world_size  # what other machines do is not known
        if here and all(process.poll() is not None for process in others):
            return all(part.path.exists() for part in parts)
        time.sleep(0.5)
    return True
