"""One repeat of an arm of a benchmark: trained, tested once, and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import BenchConfig, to_json
from feraug.data import LabelledFaces, on_device
from feraug.errors import ArtifactError, ConfigConflictError, FeraugError, StorageError
from feraug.store.atomic import atomic_path, remove
from feraug.store.bench import Predictions, read_predictions, write_predictions
from feraug.store.digests import sha256_file
from feraug.store.header import MODEL, OTHER_FILE, PREDICTIONS, Header, Provenance
from feraug.store.lock import HeldError
from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.workflows.bench_arms import material
from feraug.workflows.classifier_run import ClassifierRun
from feraug.workflows.classifiers import load_classifier, probabilities
from feraug.workflows.events import Note, Notify
from feraug.workflows.existing import existing_header, there_or_held
from feraug.workflows.model_files import completed
from feraug.workflows.synthetic_sets import SyntheticSet
from feraug.workflows.train_options import TrainOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric


CLASSIFIER: Final = "classifier.h5"
"""The classifier of the first repeat of ``real``, beside its predictions."""


@dataclass(frozen=True, eq=False)
class Part:
    """A repeat (from 0) of an arm, its file, and all that determines it."""

    arm: str
    repeat: int
    path: Path
    config: Mapping[str, Any]
    inputs: Mapping[str, str]

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished training lies; gone when the part is done."""
        return self.path.with_suffix(".checkpoint.h5")

    @property
    def classifier(self) -> Path:
        """Where the first repeat of ``real`` leaves its classifier."""
        return self.path.parent / CLASSIFIER

    def provenance(self, command: str) -> Provenance:
        """How the part comes about."""
        return Provenance(self.config, command, int(self.config["seed"]), self.inputs)


AGAIN: Final = "delete that file, and the same command trains this repeat again (--overwrite: all of them)"
"""What to do about a damaged file of one repeat."""

ANOTHER: Final = "name the same files with --synthetic, or use another --name (--overwrite: all repeats anew)"
"""What to do about a repeat that was trained otherwise."""


@contextmanager
def lost_alone(again: str) -> Iterator[None]:
    """Say of a damaged file of a benchmark how to lose it alone: --overwrite forgets every repeat."""
    try:
        yield
    except ArtifactError as problem:
        if problem.next_step == OTHER_FILE:
            raise
        raise ArtifactError(problem.what, again) from problem


def read_part(part: Part, images: int) -> Predictions | None:
    """The part of ``images`` test images if it is done, else None.

    Raises :class:`ConfigConflictError` when its file is of another config or other inputs, and
    :class:`ArtifactError` when it is damaged: one repeat is then lost, not the others.
    """
    if not part.path.is_file():
        return None
    try:
        header = _existing(part.path, PREDICTIONS, part.provenance(""))
        found = None if header is None else read_predictions(part.path)
    except ConfigConflictError as problem:
        raise ConfigConflictError(problem.what, ANOTHER) from problem
    except ArtifactError as problem:
        raise ArtifactError(problem.what, AGAIN) from problem
    if found is not None and len(found.probabilities) != images:
        what = f"{part.path}: damaged: {len(found.probabilities):,} test images instead of {images:,}"
        raise ArtifactError(what, AGAIN)
    return found


def _take_up(run: ClassifierRun, part: Part) -> None:
    """Go on from the checkpoint of a part, if there is one; raises as :func:`read_part`."""
    try:
        if _existing(part.checkpoint, MODEL, part.provenance("")) is not None:
            run.take_up(part.checkpoint)
    except ConfigConflictError as problem:
        raise ConfigConflictError(problem.what, ANOTHER) from problem
    except ArtifactError as problem:
        raise ArtifactError(problem.what, AGAIN) from problem


def _existing(path: Path, kind: str, wanted: Provenance) -> Header | None:
    return existing_header(path, kind, wanted, overwrite=False, normalised=completed)


def run_part(
    part: Part,
    bench: BenchConfig,
    training: LabelledFaces,
    validation: LabelledFaces,
    test: NDArray[np.uint8],
    files: Sequence[SyntheticSet],
    fabric: Fabric,
    *,
    workspace: Workspace,
    options: TrainOptions,
    notify: Notify,
) -> bool:
    """Train a part from where it stands, test it, and write its file; False when the user stops it.

    The first repeat of ``real`` leaves its classifier in ``models/`` and beside the part; a model
    in ``models/`` of the same config and dataset is used instead of training it again.
    """
    first_real = part.arm == "real" and part.repeat == 0
    config = bench.of_arm(part.arm, part.repeat)
    plain = Provenance(to_json(config), options.command, config.seed, part.inputs)
    model = workspace.model(config.name)
    kept = part.classifier
    if first_real and _is_same(model, plain):
        notify(Note(f"real, repeat 1: uses {model}, which is of the same config and dataset"))
        _copy(model, kept)
    else:
        chosen = material(bench, part.arm, part.repeat, training, files)
        run = ClassifierRun(
            config, chosen.faces, validation, fabric, epoch_images=len(training), phases=chosen.phases
        )
        _take_up(run, part)
        task = f"{part.arm} {part.repeat + 1}/{bench.repeats}"
        if not run.train(
            part.checkpoint, part.provenance(options.command),
            checkpoint_seconds=options.checkpoint_seconds, task=task, notify=notify,
        ):  # fmt: skip
            return False
        if first_real:
            run.save(kept, plain)
            _offer(run, model, plain, notify)
        _write(part, run, validation.images, test, options)
        with suppress(StorageError):  # one that is in use goes when the benchmark is gathered
            remove([part.checkpoint])
        return not run.stopped
    classifier = load_classifier(kept, device=options.device)
    saved = read_model(kept, ("history", "timing"))
    write_predictions(
        part.path, classifier.probabilities(test),
        saved.arrays["history/validation_accuracy"].astype(np.float32),
        classifier.probabilities(validation.images),
        part.provenance(options.command),
        _facts(part, int(saved.header.extra["chosen_epoch"]), saved.step, float(saved.arrays["timing/seconds"])),  # noqa: E501
    )  # fmt: skip
    return True


def _write(
    part: Part,
    run: ClassifierRun,
    validation: NDArray[np.uint8],
    test: NDArray[np.uint8],
    options: TrainOptions,
) -> None:
    found, of_validation = (
        probabilities(run.state.chosen, on_device(images, run.fabric.device), run.config.crop)
        for images in (test, validation)
    )
    history = np.asarray(run.state.history["validation_accuracy"], np.float32)
    facts = _facts(part, run.state.chosen_epoch, run.steps, run.seconds)
    write_predictions(part.path, found, history, of_validation, part.provenance(options.command), facts)


def _facts(part: Part, chosen_epoch: int, steps: int, seconds: float) -> dict[str, Any]:
    return {
        "arm": part.arm,
        "repeat": part.repeat,
        "chosen_epoch": chosen_epoch,
        "steps": steps,
        "seconds": round(seconds, 1),
    }


def _is_same(model: Path, wanted: Provenance) -> bool:
    """Whether a finished model of this config and dataset is there already, trained as repeats are.

    Those have one process each; with several, batch norm and dropout are other ones.
    """
    try:
        header = _existing(model, MODEL, wanted)
    except FeraugError:
        return False
    if header is None or not header.extra.get("finished"):
        return False
    return bool(header.extra.get("processes", 1) == 1)


def _offer(run: ClassifierRun, model: Path, provenance: Provenance, notify: Notify) -> None:
    """Put the classifier into ``models/``, unless another is there or on its way."""
    with ExitStack() as held:
        try:
            there = there_or_held(partial(_existing, model, MODEL, provenance), model, held) is not None
        except ConfigConflictError:
            there = True
        except HeldError:
            notify(Note(f"{model}: another feraug process is writing it; this classifier is in bench/"))
            return
        except ArtifactError as problem:  # damaged, or no model: nothing of ours to replace
            notify(Note(f"{problem.what}; it stays, and this classifier is in bench/"))
            return
        if there:
            notify(Note(f"{model} is of another training and stays; this classifier is in bench/"))
        else:
            run.save(model, provenance, notify=notify)


def _copy(model: Path, place: Path) -> None:
    """The same bytes at ``place``."""
    if place.exists() and sha256_file(place) == sha256_file(model):
        return
    with atomic_path(place) as temporary:
        temporary.write_bytes(model.read_bytes())
