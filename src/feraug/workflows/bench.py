"""``feraug bench``: the same classifier with and without synthetic images, several seeds each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feraug.config import SYNTHETIC_ARMS, BenchConfig
from feraug.data import LabelledFaces
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, FeraugError
from feraug.plots.bench import confusion_figure, table_figure
from feraug.plots.files import write_figure
from feraug.store.bench import TEST_COLUMNS, read_bench, write_bench
from feraug.store.dataset import DatasetArrays
from feraug.store.header import BENCH, Header, Provenance
from feraug.store.lock import exclusive
from feraug.store.workspace import Workspace
from feraug.training import alone
from feraug.workflows.bench_outcome import BenchPlan, BenchResult
from feraug.workflows.bench_parts import Part, read_part, run_part
from feraug.workflows.bench_table import conclusions, table
from feraug.workflows.classifier_run import ClassifierRun, steps_per_epoch, total_steps
from feraug.workflows.classifiers import load_classifier
from feraug.workflows.devices import launched, on_first_process
from feraug.workflows.events import Note, Notify, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.real_faces import read_faces
from feraug.workflows.synthetic_origins import training_sets
from feraug.workflows.synthetic_sets import SyntheticSet
from feraug.workflows.train_classifier import splits_of, time_steps
from feraug.workflows.train_options import TrainOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric

TIMED_STEPS = 3
"""Steps that are timed to tell how long a benchmark will take."""


@dataclass(frozen=True)
class _Inputs:
    faces: DatasetArrays
    digest: str
    name: str
    files: list[SyntheticSet]
    training: LabelledFaces
    validation: LabelledFaces
    test: LabelledFaces
    test_rows: np.ndarray[Any, np.dtype[np.int64]]


def bench(
    config: BenchConfig,
    workspace: Workspace,
    *,
    synthetic: Sequence[Path | str] = (),
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> BenchResult:
    """Train every arm ``repeats`` times, or what is missing of it; writes ``bench/NAME.h5``.

    Each finished repeat is a file in ``bench/NAME/``, so that more repeats and arms can be added
    and a run that was stopped goes on.  Several processes share the trainings out.  Raises
    :class:`ArtifactError` for synthetic images of an origin outside ``train``,
    :class:`~feraug.errors.ConfigConflictError` when NAME was made with another config, and as
    :func:`feraug.workflows.train.train`.
    """
    options = options or TrainOptions()
    name = name or config.classifier.name
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
        given = _read(config, workspace, synthetic, dataset)
        provenance = _provenance(config, given, options.command)

        def begin() -> Header | None:
            held.enter_context(exclusive(path))
            return existing_header(path, BENCH, provenance, overwrite=options.overwrite, extends=_EXTENDS)

        header = on_first_process(fabric, begin)
        if header is not None and _is_all(header, provenance):
            return _finished(config, path)
        parts = _parts(config, path, given)
        if options.overwrite:
            on_first_process(fabric, lambda: _forget(parts))
        missing = [part for part in parts if read_part(part) is None]
        if fabric.is_global_zero and missing:
            notify(Note(_plan(config, path, given, len(missing), alone(fabric)).text))
        for part in missing[fabric.global_rank :: fabric.world_size]:
            if not run_part(
                part, config, given.training, given.validation, given.test.images, given.files, alone(fabric),
                workspace=workspace, options=options, notify=notify,
            ):  # fmt: skip
                return _interrupted(config, path)
        if not fabric.is_global_zero:
            return _interrupted(config, path)  # the first process tells the result
        _await(parts)
        return _gather(config, path, parts, given, provenance, workspace)


def plan(
    config: BenchConfig,
    workspace: Workspace,
    *,
    synthetic: Sequence[Path | str] = (),
    name: str | None = None,
    dataset: Path | None = None,
    options: TrainOptions | None = None,
    notify: Notify = ignore,
) -> BenchPlan:
    """Time a few steps, and tell how long :func:`bench` would take; writes nothing."""
    options = options or TrainOptions()
    path = workspace.bench(name or config.classifier.name)
    with launched(options.device, precision=config.classifier.precision) as fabric:
        given = _read(config, workspace, synthetic, dataset)
        parts = _parts(config, path, given)
        missing = [part for part in parts if options.overwrite or read_part(part) is None]
        return _plan(config, path, given, len(missing), alone(fabric), notify)


_EXTENDS = ("repeats", "arms")
"""Settings by which a later run may go beyond an earlier one, and use what it did."""


def _read(
    config: BenchConfig, workspace: Workspace, synthetic: Sequence[Path | str], dataset: Path | None
) -> _Inputs:
    source = dataset or workspace.dataset()
    found = read_faces(source)
    faces = found.arrays
    files = []
    if set(config.arms) & set(SYNTHETIC_ARMS):
        files = training_sets(workspace, synthetic, faces, found.digest)
    rows = faces.rows(split="test")
    if not len(rows):
        raise ArtifactError(
            f"{source}: no image in 'test', so there is nothing to report; 'feraug info' lists what is there"
        )
    training, validation = splits_of(faces, config.classifier)
    test = LabelledFaces(faces.images[rows], faces.labels[rows], np.ones(len(rows), np.float32))
    return _Inputs(faces, found.digest, source.name, files, training, validation, test, rows)


def _provenance(config: BenchConfig, given: _Inputs, command: str) -> Provenance:
    inputs = {given.name: given.digest} | {file.path.name: file.digest for file in given.files}
    return Provenance(config.json(), command, config.classifier.seed, inputs)


def _parts(config: BenchConfig, path: Path, given: _Inputs) -> list[Part]:
    """All repeats of all arms, the first repeat of every arm before the second of any."""
    folder = path.with_suffix("")
    parts = []
    for repeat in range(config.repeats):
        for arm in config.trained_arms:
            inputs = {given.name: given.digest}
            if arm in SYNTHETIC_ARMS:
                inputs |= {file.path.name: file.digest for file in given.files}
            parts.append(
                Part(arm, repeat, folder / f"{arm}-{repeat}.h5", config.json_of_arm(arm, repeat), inputs)
            )
    return parts


def _plan(
    config: BenchConfig, path: Path, given: _Inputs, parts: int, fabric: Fabric, notify: Notify = ignore
) -> BenchPlan:
    images = len(given.training)
    steps = total_steps(config.classifier, images)
    run = ClassifierRun(config.classifier, given.training, given.validation, fabric)
    per_step, per_look = time_steps(run, TIMED_STEPS, notify)
    looks = -(-steps // steps_per_epoch(config.classifier, images)) + len(given.test) / len(given.validation)
    seconds = parts * (steps * per_step + looks * per_look)
    files = [file.path for file in given.files]
    return BenchPlan(path.resolve(), config.json(), files, parts, steps, per_step, seconds)


def _is_all(header: Header, wanted: Provenance) -> bool:
    there = header.provenance
    return there.config == wanted.config and set(there.inputs.values()) == set(wanted.inputs.values())


def _forget(parts: Sequence[Part]) -> None:
    """Delete what an earlier benchmark of the name left: ``--overwrite``."""
    for part in parts:
        part.path.unlink(missing_ok=True)
        part.checkpoint.unlink(missing_ok=True)


def _await(parts: Sequence[Part]) -> None:
    """Wait for the other processes' repeats; a process that fails takes all of them with it."""
    while any(not part.path.exists() for part in parts):
        time.sleep(0.5)


def _gather(
    config: BenchConfig, path: Path, parts: Sequence[Part], given: _Inputs, provenance: Provenance,
    workspace: Workspace,
) -> BenchResult:  # fmt: skip
    found = {part: read_part(part) for part in parts}
    lost = [part for part, predictions in found.items() if predictions is None]
    if lost:
        raise FeraugError(f"{lost[0].path}: gone while the benchmark ran; the same command makes it again")
    probabilities = {
        arm: np.stack([found[part].probabilities for part in parts if part.arm == arm])  # type: ignore[union-attr]
        for arm in config.trained_arms
    }
    columns = {"row": given.test_rows, **given.faces.columns}
    test = {
        name: values if name == "row" else values[given.test_rows]
        for name, values in columns.items()
        if name in TEST_COLUMNS
    }
    figures = table(probabilities, test)
    if "reverse" in config.arms:
        figures["reverse"] = _reverse(config, path, given, workspace)
    figures["conclusions"] = conclusions(figures)
    facts = {
        "arms": list(config.trained_arms),
        "steps": total_steps(config.classifier, len(given.training)),
        "reduced": config.reduced,
        "table": figures,
    }
    write_bench(path, probabilities, test, provenance, facts)
    _plot(path, facts, config)
    return _result(config, path, facts)


def _plot(path: Path, facts: Mapping[str, Any], config: BenchConfig) -> None:
    words = f"{config.classifier.model}, {config.repeats} repeat{'' if config.repeats == 1 else 's'}"
    title = words + (" (reduced)" if facts["reduced"] else "")
    for place, figure in zip(
        _plots(path),
        (table_figure(facts["table"], title), confusion_figure(facts["table"], title)),
        strict=True,
    ):
        write_figure(figure, place)


def _plots(path: Path) -> list[Path]:
    """The plots of a benchmark, as PNG; each has an SVG beside it."""
    folder = path.parent.parent / "plots"
    return [folder / f"bench-{path.stem}.png", folder / f"bench-{path.stem}-confusion.png"]


def _reverse(config: BenchConfig, path: Path, given: _Inputs, workspace: Workspace) -> dict[str, Any]:
    """The first classifier of ``real`` on the synthetic images: correct and total by emotion."""
    classifier = load_classifier(path.with_suffix("") / "classifier.h5")
    result: dict[str, Any] = {"classifier": classifier.digest, "per_class": {}}
    images = np.concatenate([file.arrays.images[file.labelled] for file in given.files])
    labels = np.concatenate([file.arrays.labels[file.labelled] for file in given.files])
    called = classifier.emotions(images)
    for code, emotion in enumerate(EMOTIONS):
        here = labels == code
        if here.any():
            correct = int((called[here] == code).sum())
            result["per_class"][emotion] = {"correct": correct, "total": int(here.sum())}
    return result


def _finished(config: BenchConfig, path: Path) -> BenchResult:
    return _result(config, path, read_bench(path).header.extra, already_done=True)


def _interrupted(config: BenchConfig, path: Path) -> BenchResult:
    facts = {"steps": 0, "reduced": config.reduced, "table": {"arms": {}, "differences": {}}}
    return _result(config, path, facts, interrupted=True)


def _result(
    config: BenchConfig, path: Path, facts: Any, *, already_done: bool = False, interrupted: bool = False
) -> BenchResult:
    figures = {name: value for name, value in facts["table"].items() if name != "conclusions"}
    return BenchResult(
        path=path.resolve(),
        already_done=already_done,
        interrupted=interrupted,
        classifier=config.classifier.model,
        repeats=config.repeats,
        steps=int(facts["steps"]),
        reduced=bool(facts["reduced"]),
        table=figures,
        conclusions=list(facts["table"].get("conclusions", [])),
        plots=[place.resolve() for place in _plots(path) if place.exists()],
    )
