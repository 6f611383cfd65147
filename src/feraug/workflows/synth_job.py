"""What a synthesis is to make, before anything is loaded onto a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from feraug.config import NoiseConfig, NoiseSynthConfig, SynthConfig, TranslatorConfig, from_json, to_json
from feraug.data import mixed_places
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace
from feraug.workflows.domain_source import DomainSource, images_of, inputs_by_name
from feraug.workflows.generators import load_generator
from feraug.workflows.model_files import config_of, find_model
from feraug.workflows.synth_makers import FromNoise, Maker, MixedTranslations, Translations
from feraug.workflows.translators import load_translator, translator_for_pair

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
    """Different faces that were translated; 0 for faces from noise."""
    rounds: int
    """How often each of them was used, rounded up."""
    source: Path | None = None
    """The artifact that they are from, beside or instead of the dataset."""
    source_share: float = 0.0

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
            "source": None if self.source is None else str(self.source),
            "source_share": self.source_share,
        }


@dataclass(frozen=True)
class SynthJob:
    """What is to be made, from what, under which name."""

    name: str
    result: SynthResult
    config: dict[str, Any]
    digests: dict[str, str]
    facts: dict[str, Any]
    settings: SynthConfig | NoiseSynthConfig
    origins: tuple[DomainSource, ...] = ()

    def maker(self, device: torch.device) -> tuple[Maker, bool]:
        """The maker, and whether its model is finished."""
        if isinstance(self.settings, NoiseSynthConfig):
            generator = load_generator(self.result.model, device=str(device))
            return FromNoise(generator, self.settings), generator.finished
        translator = load_translator(self.result.model, device=str(device))
        first, *second = (
            Translations(translator, origin.images, origin.rows, self.settings) for origin in self.origins
        )
        if second:
            return MixedTranslations(first, second[0], self.settings.source_share), translator.finished
        return first, translator.finished


def translation_job(
    config: SynthConfig, workspace: Workspace, model: str | None, dataset: Path, source: Path | None
) -> SynthJob:
    """Translations of the dataset's faces, of ``source``'s, or of both; raises as ``synthesise``."""
    pair = DomainPair.parse(config.pair)
    path = translator_for_pair(pair, workspace) if model is None else find_model(model, workspace, pair)
    if source is None and config.source_share:
        raise UsageError("--source-share: of what? Name the images with --source FILE")
    config = replace(config, pair=str(pair))
    if source is not None:
        config = replace(config, source_share=config.source_share or 1.0)
    if config.source_share < 1.0 and not dataset.exists():
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
    origins = [] if config.source_share >= 1.0 else [_dataset_faces(dataset, pair.a, config.split)]
    if source is not None:
        origins.append(images_of(source, pair.a))
    counts = _counts(config, len(origins))
    for origin, count in zip(origins, counts, strict=True):
        _check_rounds(config.count, count, len(origin.rows))
    name = f"{_stem(path, trained)}-{pair.slug}"
    digest = sha256_file(path)
    return SynthJob(
        name=name if source is None else f"{name}-from-{source.stem[:48]}",
        result=SynthResult(
            Path(),
            False,
            path.resolve(),
            pair,
            (pair.b,),
            config.count,
            sum(min(count, len(origin.rows)) for origin, count in zip(origins, counts, strict=True)),
            max(-(-count // len(origin.rows)) for origin, count in zip(origins, counts, strict=True)),
            None if source is None else source.resolve(),
            config.source_share,
        ),
        config=to_json(config),
        digests=inputs_by_name(*(origin.file for origin in origins), (path, digest)),
        facts={
            "sources": [origin.digest for origin in origins],
            "model": digest,
            "label": pair.b,
        },
        settings=config,
        origins=tuple(origins),
    )


def noise_job(config: NoiseSynthConfig, workspace: Workspace, model: str | None) -> SynthJob:
    """Faces from noise; raises as ``synthesise``."""
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
    return SynthJob(
        name=path.stem,
        result=SynthResult(Path(), False, path.resolve(), None, emotions, config.count, 0, 0),
        config=to_json(replace(config, emotions=emotions)),
        digests={path.name: digest},
        facts=facts,
        settings=config,
    )


def completed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a set of translations with the settings that its version did not have."""
    try:
        return to_json(from_json(SynthConfig, values)) if "pair" in values else values
    except FeraugError:
        return values  # of a kind that the comparison will tell


def _counts(config: SynthConfig, origins: int) -> list[int]:
    """How many images come of each origin."""
    if origins == 1:
        return [config.count]
    of_second = int(mixed_places(np.arange(config.count), config.source_share)[0].sum())
    return [config.count - of_second, of_second]


def _check_rounds(total: int, count: int, faces: int) -> None:
    rounds = -(-count // faces)
    if rounds > MAX_ROUNDS:
        most = MAX_ROUNDS * faces * total // count
        raise UsageError(
            f"-n: {count:,} images from {faces:,} faces would use each {rounds:,} times; "
            f"{MAX_ROUNDS:,} is the limit, so use -n {most} or fewer"
        )


def _stem(path: Path, trained: TranslatorConfig) -> str:
    """The kind of model, or the name that the user gave the model's file."""
    return trained.model if path.stem == trained.name else path.stem


def _dataset_faces(path: Path, emotion: str, split: str) -> DomainSource:
    dataset = read_dataset(path)
    rows = dataset.rows(split=split, emotion=emotion)
    if not len(rows):
        raise ArtifactError(f"{path}: no '{emotion}' images in its {split} split, so nothing to translate")
    return DomainSource(path, sha256_file(path), emotion, dataset.images[rows], rows)
