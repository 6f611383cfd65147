"""``feraug synth``: real faces translated, or faces from noise, as a labelled set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from feraug.config import NoiseConfig, NoiseSynthConfig, SynthConfig, TranslatorConfig, to_json
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, MissingArtifactError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import SYNTHETIC, Header, Provenance
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.devices import launched, on_first_process
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.generators import load_generator
from feraug.workflows.model_files import config_of, find_model
from feraug.workflows.synth_makers import FromNoise, Made, Maker, Translations
from feraug.workflows.translators import load_translator, translator_for_pair

if TYPE_CHECKING:
    from lightning_fabric import Fabric

MAX_ROUNDS = 2**16
"""How often a face can be used: a file has 16 bits for the round."""


@dataclass(frozen=True)
class SynthResult:
    """A synthetic set; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    model: Path
    pair: DomainPair | None
    """What was translated into what; None for faces from noise."""
    emotions: tuple[str, ...]
    """The labels of the images."""
    images: int
    sources: int
    """Different real faces that were translated; 0 for faces from noise."""

    @property
    def rounds(self) -> int:
        """How often each source was used, rounded up."""
        return -(-self.images // self.sources) if self.sources else 0

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "model": str(self.model),
            "pair": None if self.pair is None else str(self.pair),
            "label": self.emotions[0] if len(self.emotions) == 1 else None,
            "labels": list(self.emotions),
            "images": self.images,
            "sources": self.sources,
            "rounds": self.rounds,
        }


@dataclass(frozen=True)
class SynthOptions:
    """What may differ between runs of the same synthesis."""

    device: str = "auto"
    overwrite: bool = False
    command: str = "feraug.synthesise"
    devices: int = 1
    nodes: int = 1


def makes_from_noise(model: str, workspace: Workspace, pair: str) -> bool:
    """Whether ``model`` names a generator of faces from noise and no translator for ``pair``.

    Raises as :func:`find_model`.
    """
    return isinstance(config_of(find_model(model, workspace, DomainPair.parse(pair))), NoiseConfig)


def synthesise(
    config: SynthConfig | NoiseSynthConfig,
    workspace: Workspace,
    *,
    model: str | None = None,
    dataset: Path | None = None,
    name: str | None = None,
    options: SynthOptions | None = None,
    notify: Notify = ignore,
) -> SynthResult:
    """Make ``config.count`` images; writes ``synthetic/NAME.h5``.

    With a :class:`SynthConfig` faces of the split's domain a are translated into b, with a
    :class:`NoiseSynthConfig` faces are made from noise.  ``model`` is a file or a name in
    ``models/``; None: the only translator for the pair.  Raises :class:`MissingArtifactError`
    without a dataset or model, :class:`UsageError` when several models fit or the model is of
    another kind, pair or emotion.
    """
    options = options or SynthOptions()
    if isinstance(config, SynthConfig):
        job = _translation_job(config, workspace, model, dataset or workspace.dataset())
    else:
        job = _noise_job(config, workspace, model)
    path = workspace.synthetic(name or job.name)
    result = replace(job.result, path=path.resolve())
    provenance = Provenance(job.config, options.command, config.seed, job.digests)
    with launched(options.device, devices=options.devices, nodes=options.nodes) as fabric:

        def existing() -> Header | None:
            return existing_header(path, SYNTHETIC, provenance, overwrite=options.overwrite)

        if on_first_process(fabric, existing) is not None:
            return replace(result, already_done=True)
        maker, finished = job.maker(fabric.device)
        if not finished:
            notify(Note(f"{job.result.model.name} is not finished: its training was interrupted"))
        _write(path, config, maker, provenance, job.facts, fabric, notify)
    return result


@dataclass(frozen=True)
class _Job:
    """What is to be made, before anything is loaded onto a device."""

    name: str
    result: SynthResult
    config: dict[str, Any]
    digests: dict[str, str]
    facts: dict[str, Any]
    inputs: tuple[SynthConfig | NoiseSynthConfig, NDArray[np.uint8] | None, NDArray[np.int64] | None]

    def maker(self, device: torch.device) -> tuple[Maker, bool]:
        """The maker, and whether its model is finished."""
        config, faces, rows = self.inputs
        if isinstance(config, NoiseSynthConfig):
            generator = load_generator(self.result.model, device=str(device))
            return FromNoise(generator, config), generator.finished
        assert faces is not None
        assert rows is not None
        translator = load_translator(self.result.model, device=str(device))
        return Translations(translator, faces, rows, config), translator.finished


def _translation_job(config: SynthConfig, workspace: Workspace, model: str | None, dataset: Path) -> _Job:
    pair = DomainPair.parse(config.pair)
    path = translator_for_pair(pair, workspace) if model is None else find_model(model, workspace, pair)
    if not dataset.exists():
        raise MissingArtifactError(
            f"{dataset}: no dataset yet; make it with 'feraug prepare fer2013.csv' (or 'drawn')"
        )
    trained = config_of(path)
    if not isinstance(trained, TranslatorConfig):
        raise UsageError(f"{path}: makes faces from noise; leave --pair out")
    if trained.domains not in (pair, pair.reversed):
        raise UsageError(
            f"{path.name}: this model translates {trained.domains} and {trained.domains.reversed}, not {pair}"
        )
    faces, rows = _sources(dataset, pair, config.split)
    if -(-config.count // len(rows)) > MAX_ROUNDS:
        raise UsageError(
            f"-n: {config.count:,} images from {len(rows):,} faces would use each "
            f"{-(-config.count // len(rows)):,} times; {MAX_ROUNDS:,} is the limit, "
            f"so use -n {MAX_ROUNDS * len(rows)} or fewer"
        )
    digests = {dataset.name: sha256_file(dataset), path.name: sha256_file(path)}
    return _Job(
        name=f"{_stem(path, trained)}-{pair.slug}",
        result=SynthResult(
            Path(), False, path.resolve(), pair, (pair.b,), config.count, min(config.count, len(rows))
        ),
        config=to_json(replace(config, pair=str(pair))),
        digests=digests,
        facts={"sources": [digests[dataset.name]], "model": digests[path.name], "label": pair.b},
        inputs=(config, faces, rows),
    )


def _noise_job(config: NoiseSynthConfig, workspace: Workspace, model: str | None) -> _Job:
    if model is None:
        raise UsageError("--model: which generator is to make faces from noise, such as wgan-gp?")
    path = find_model(model, workspace)
    trained = config_of(path)
    if not isinstance(trained, NoiseConfig):
        raise UsageError(f"{path}: a {trained.model} translates faces; say which with --pair A:B")
    unknown = [emotion for emotion in config.emotions if emotion not in trained.emotions]
    if unknown:
        raise UsageError(f"{path.name}: makes {', '.join(trained.emotions)}, not {unknown[0]}")
    emotions = config.emotions or trained.emotions
    digest = sha256_file(path)
    facts: dict[str, Any] = {"sources": [], "model": digest}
    if len(emotions) == 1:
        facts["label"] = emotions[0]
    return _Job(
        name=path.stem,
        result=SynthResult(Path(), False, path.resolve(), None, emotions, config.count, 0),
        config=to_json(replace(config, emotions=emotions)),
        digests={path.name: digest},
        facts=facts,
        inputs=(config, None, None),
    )


def _stem(path: Path, trained: TranslatorConfig) -> str:
    """The kind of model, or the name that the user gave the model's file."""
    return trained.model if path.stem == trained.name else path.stem


def _sources(dataset_path: Path, pair: DomainPair, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    dataset = read_dataset(dataset_path)
    rows = dataset.rows(split=split, emotion=pair.a)
    if not len(rows):
        raise ArtifactError(
            f"{dataset_path}: no '{pair.a}' images in its {split} split, so nothing to translate"
        )
    return dataset.images[rows], rows


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
            writer.append(made.images, made.labels, rows=made.rows, source=0, rounds=made.rounds)
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
        everywhere = fabric.all_gather(tensor.to(fabric.device))
        assert isinstance(everywhere, torch.Tensor)
        return everywhere.flatten(0, 1).cpu().numpy()[: len(places)].astype(part.dtype)

    return Made(whole(made.images), whole(made.labels), whole(made.rows), whole(made.rounds))
