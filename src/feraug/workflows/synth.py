"""``feraug synth``: real faces translated, or faces from noise, as a labelled set."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from feraug.config import STARGANS, TRANSLATORS, NoiseConfig, NoiseSynthConfig, SynthConfig
from feraug.emotions import PairSet
from feraug.errors import ConfigConflictError, UsageError
from feraug.plots import sheet, with_row_labels, write_png
from feraug.store.atomic import atomic_path, remove
from feraug.store.header import SYNTHETIC, Header, Provenance
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace, same_place
from feraug.training import gathered
from feraug.workflows.devices import launched, on_first_process
from feraug.workflows.events import Note, Notify, Progress, Saved, ignore
from feraug.workflows.existing import OTHERWISE, existing_header, there_or_held
from feraug.workflows.missing_translator import train_missing_translator
from feraug.workflows.model_files import config_of, find_model
from feraug.workflows.synth_job import SynthResult, completed_settings, faces_for, noise_job, translation_job
from feraug.workflows.synth_makers import Made, Maker, Translations
from feraug.workflows.train_options import TrainOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric

STRENGTHS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The rows, beside its own, of the sheet that goes with a set of another strength than 1."""

COLUMNS: Final = 12

__all__ = ["SynthOptions", "SynthResult", "makes_from_noise", "synthesise"]


@dataclass(frozen=True)
class SynthOptions:
    """What may differ between runs of the same synthesis."""

    device: str = "auto"
    overwrite: bool = False
    command: str = "feraug.synthesise"
    devices: int = 1
    nodes: int = 1
    train: float | None = None
    """Seconds for which to train a translator first where there is none for the pair; None: not at all."""


def makes_from_noise(model: str, workspace: Workspace, pair: str) -> bool:
    """Whether ``model`` names a generator of faces from noise and no translator for ``pair``.

    Raises as :func:`find_model`.
    """
    if model in TRANSLATORS or model in STARGANS:
        return False
    return isinstance(config_of(find_model(model, workspace, PairSet.parse(pair).only)), NoiseConfig)


def synthesise(
    config: SynthConfig | NoiseSynthConfig,
    workspace: Workspace,
    *,
    model: str | None = None,
    dataset: Path | None = None,
    source: Path | None = None,
    name: str | None = None,
    options: SynthOptions | None = None,
    notify: Notify = ignore,
) -> SynthResult:
    """Make ``config.count`` images; writes ``synthetic/NAME.h5``.

    With a :class:`SynthConfig` faces of the split's domain a are translated into b, or, by the config's
    ``source_share``, those of ``source``, a dataset or synthetic set (of several pairs in turn); with a
    :class:`NoiseSynthConfig` faces are made from noise.  ``model`` is a file or a name in
    ``models/``; None: the only translator for the pair.

    Raises :class:`MissingArtifactError` without a dataset or model, :class:`UsageError` when
    several models fit or the model is of another kind, pair or emotion; with ``options.train`` also as
    :func:`~feraug.workflows.missing_translator.train_missing_translator`.
    """
    options, source = options or SynthOptions(), workspace.source_file(source)
    if options.train is not None:
        _train_first(config, workspace, model, dataset, source, name, options, notify)
    if isinstance(config, SynthConfig):
        place, named = workspace.dataset_file(dataset), dataset is not None
        job = translation_job(config, workspace, model, place, source, named=named)
        if named and job.config["source_share"] == 1.0 and options.train is None:
            notify(Note("--dataset: all images are made of --source; --source-share S takes some of each"))
    else:
        if source is not None:
            raise UsageError("--source: faces from noise have none; say what to translate with --pair A:B")
        job = noise_job(config, workspace, model)
    path = workspace.synthetic(job.name if name is None else name)
    if source is not None and same_place(path, source):
        raise UsageError(f"--name: {path} is the set that is to be translated")
    result = replace(job.result, path=path.resolve())
    provenance = Provenance(job.config, options.command, config.seed, job.digests)
    with (
        ExitStack() as held,
        launched(options.device, devices=options.devices, nodes=options.nodes) as fabric,
    ):

        def existing() -> Header | None:
            look = partial(
                existing_header, path, SYNTHETIC, provenance,
                overwrite=options.overwrite, normalised=completed_settings,
            )  # fmt: skip
            return there_or_held(look, path, held)

        sheet_path = path.with_name(f"{path.stem}-strengths.png")
        if on_first_process(fabric, existing) is not None:
            # The sheet is made after the set, so an interrupt, or the user, may have taken it.
            if job.has_sheet and fabric.is_global_zero and not sheet_path.exists():
                _write_sheet(sheet_path, job.maker(fabric.device)[0], notify)
            return replace(result, already_done=True)
        if job.of_other_images:
            notify(Note(f"{job.result.model.name} was trained on other images than this dataset's 'train'"))
        maker, finished = job.maker(fabric.device)
        if not finished:
            notify(Note(f"{job.result.model.name} is not finished: its training was interrupted"))
        if fabric.is_global_zero:
            remove([sheet_path])  # of a set that this one replaces
        _write(path, config, maker, provenance, job.facts, fabric, notify)
        if job.has_sheet and fabric.is_global_zero:
            _write_sheet(sheet_path, maker, notify)
    return result


def _write_sheet(path: Path, maker: Maker, notify: Notify) -> None:
    assert isinstance(maker, Translations)
    strengths = sorted({*STRENGTHS, maker.strength})
    faces = sheet(maker.by_strength(strengths, COLUMNS), COLUMNS, enlarge=2)
    with atomic_path(path) as temporary:
        write_png(with_row_labels(faces, [f"strength {one:g}" for one in strengths]), temporary)
    notify(Saved("sheet of strengths", path.resolve()))


def _train_first(
    config: SynthConfig | NoiseSynthConfig,
    workspace: Workspace,
    model: str | None,
    dataset: Path | None,
    source: Path | None,
    name: str | None,
    options: SynthOptions,
    notify: Notify,
) -> None:
    if not isinstance(config, SynthConfig):
        raise UsageError("--train: is for --pair; 'feraug train wgan-gp' trains what makes faces from noise")
    if options.devices > 1 or options.nodes > 1:
        raise UsageError("--train: on one device; for several train with 'feraug train --devices N' first")
    assert options.train is not None

    def check(kind: str) -> None:
        faces_for(config, kind, workspace.dataset_file(dataset), source, workspace)
        if name is not None and (path := workspace.synthetic(name)).exists() and not options.overwrite:
            raise ConfigConflictError(f"{path} was made by another model", OTHERWISE)

    train_missing_translator(
        config.pairs, workspace, model, options.train,
        dataset=dataset,
        check=check,
        options=TrainOptions(device=options.device, command=options.command),
        notify=notify,
    )  # fmt: skip


def _write(
    path: Path,
    config: SynthConfig | NoiseSynthConfig,
    maker: Maker,
    provenance: Provenance,
    facts: dict[str, Any],
    fabric: Fabric,
    notify: Notify,
) -> None:
    """Make the images in batches, each shared out over the processes; the first writes them."""
    size = config.batch_size * fabric.world_size
    batches = [np.arange(start, min(start + size, config.count)) for start in range(0, config.count, size)]
    if not fabric.is_global_zero:
        for places in batches:
            _made_together(maker, places, fabric)
        return
    with writing_synthetic(path, config.count, provenance, facts) as writer:
        for places in batches:
            made = _made_together(maker, places, fabric)
            writer.append(made.images, made.labels, rows=made.rows, source=made.sources, rounds=made.rounds)
            notify(Progress("making images", int(places[-1]) + 1, config.count, "images"))


def _made_together(maker: Maker, places: NDArray[np.int64], fabric: Fabric) -> Made:
    """The images at ``places``, of which each process makes a part; all get all of them."""
    if fabric.world_size == 1:
        return maker.make(places)
    share = -(-len(places) // fabric.world_size)
    padded = np.resize(places, share * fabric.world_size)  # repeats some, so that all parts are as long
    made = maker.make(padded[fabric.global_rank * share :][:share])

    def whole(part: NDArray[Any]) -> NDArray[Any]:
        tensor = torch.from_numpy(part.astype(np.int64) if part.dtype == np.uint16 else part)
        everywhere = gathered(fabric, tensor.to(fabric.device))
        return everywhere.cpu().numpy()[: len(places)].astype(part.dtype)

    return Made(*(whole(getattr(made, field.name)) for field in fields(made)))
