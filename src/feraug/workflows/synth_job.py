"""What a synthesis is to make, before anything is loaded onto a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from feraug.config import (
    STARGANS,
    TRANSLATORS,
    NoiseConfig,
    NoiseSynthConfig,
    StarGANConfig,
    SynthConfig,
    TranslatorConfig,
    from_json,
    to_json,
)
from feraug.data import mixed_places
from feraug.emotions import DomainPair, PairSet
from feraug.errors import ArtifactError, FeraugError, UsageError
from feraug.quoting import quoted
from feraug.store.dataset import read_dataset
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace, name_after
from feraug.words import plural
from feraug.workflows.domain_source import DomainSource, images_of
from feraug.workflows.generators import load_generator
from feraug.workflows.model_files import config_of, find_model, purpose
from feraug.workflows.real_faces import check_dataset
from feraug.workflows.synth_makers import FromNoise, InTurn, Maker, MixedTranslations, Translations
from feraug.workflows.synthetic_origins import not_in_train
from feraug.workflows.translators import (
    Translator,
    check_translates,
    load_translator,
    translator_for,
    usual_kind,
)

MAX_ROUNDS = 2**16
"""How often a face can be used: a file has 16 bits for the round."""


@dataclass(frozen=True)
class SynthResult:
    """A synthetic set; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    model: Path
    pair: PairSet | None
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
class Origins:
    """The faces of one pair: of the dataset, of another artifact, or of both."""

    pair: DomainPair
    count: int
    """How many images are made of them."""
    sources: tuple[DomainSource, ...]
    share: float
    """Share of the images that are made of the second of two sources."""
    turn: tuple[int, int]
    """Which of how many pairs it is that take turns in using the same faces."""

    def counts(self) -> list[int]:
        """How many images come of each source."""
        if len(self.sources) == 1:
            return [self.count]
        of_second = int(mixed_places(np.arange(self.count), self.share)[0].sum())
        return [self.count - of_second, of_second]

    def maker(self, translator: Translator, config: SynthConfig) -> Maker:
        """What translates them."""
        first, *second = (
            Translations(translator, source.images, source.rows, self.pair, config, self.turn)
            for source in self.sources
        )
        return MixedTranslations(first, second[0], self.share) if second else first


@dataclass(frozen=True)
class SynthJob:
    """What is to be made, from what, under which name."""

    name: str
    result: SynthResult
    config: dict[str, Any]
    digests: dict[str, str]
    facts: dict[str, Any]
    settings: SynthConfig | NoiseSynthConfig
    origins: tuple[Origins, ...] = ()
    of_other_images: bool = False
    """Whether the model learned from images that are not in ``train`` of the dataset that it translates."""

    @property
    def has_sheet(self) -> bool:
        """Whether a sheet of strengths goes with the set: one of a strength that is not 1."""
        return (
            self.config.get("strength", 1.0) != 1.0
            and len(self.origins) == 1
            and len(self.origins[0].sources) == 1
        )

    def maker(self, device: torch.device) -> tuple[Maker, bool]:
        """The maker, and whether its model is finished.

        Raises :class:`ArtifactError` where another process has replaced the model since the job was made.
        """
        if isinstance(self.settings, NoiseSynthConfig):
            generator = load_generator(self.result.model, device=str(device))
            self._check_model()
            return FromNoise(generator, self.settings), generator.finished
        translator = load_translator(self.result.model, device=str(device))
        self._check_model()
        makers = [one.maker(translator, self.settings) for one in self.origins]
        return makers[0] if len(makers) == 1 else InTurn(makers), translator.finished

    def _check_model(self) -> None:
        if sha256_file(self.result.model) != self.facts["model"]:
            raise ArtifactError(
                f"{self.result.model}: replaced by another process, such as its training, in this moment",
                "the same command takes the one that is there now",
            )


def translation_job(
    config: SynthConfig,
    workspace: Workspace,
    model: str | None,
    dataset: Path,
    source: Path | None,
    *,
    named: bool = False,
) -> SynthJob:
    """Translations of the dataset's faces, of ``source``'s, or of both; raises as ``synthesise``.

    ``named``: whether the user has said which dataset.
    """
    pairs = config.pairs
    if source is None or named:
        check_dataset(dataset, workspace)  # before a model is trained for what is not there
    path = (
        translator_for(pairs, workspace)
        if model is None
        else find_model(model, workspace, pairs.only, kind=usual_kind(pairs))
    )
    trained = check_translates(path, config_of(path), pairs)
    config, origins = faces_for(config, trained.model, dataset, source, workspace)
    whence = "" if source is None else f"-from-{name_after(source.stem, most=48)}"
    digest = sha256_file(path)
    files = dict.fromkeys(each.file for one in origins for each in one.sources)
    return SynthJob(
        name=name_after(_stem(path, trained), f"-{pairs.slug}{whence}"),
        result=SynthResult(
            Path(),
            False,
            path.resolve(),
            pairs,
            tuple(emotion for emotion in pairs.targets if emotion in {one.pair.b for one in origins}),
            config.count,
            *_use(origins, config.count),
            None if source is None else source.resolve(),
            config.source_share,
        ),
        config=to_json(config),
        digests=inputs_by_name(*files, (path, digest)),
        facts={
            "sources": [found for _, found in files],
            "model": digest,
            **({"label": pairs.targets[0]} if len(pairs.targets) == 1 else {}),
        },
        settings=config,
        origins=origins,
        of_other_images=config.source_share < 1.0
        and origins[0].sources[0].digest not in read_artifact_header(path).provenance.inputs.values()
        and not_in_train(path, read_dataset(dataset))[0] > 0,
    )


def faces_for(
    config: SynthConfig, kind: str, dataset: Path, source: Path | None, workspace: Workspace
) -> tuple[SynthConfig, tuple[Origins, ...]]:
    """The config completed, and the faces that a model of this kind, of any weights, is to translate.

    All that can be told without the model: raises as ``synthesise``.
    """
    if source is None and config.source_share:
        raise UsageError("--source-share: of what? Name the images with --source FILE")
    if source is not None:
        config = replace(config, source_share=config.source_share or 1.0)
    if config.source_share < 1.0:
        check_dataset(dataset, workspace)
    if config.strength != 1.0 and kind in TRANSLATORS:
        raise UsageError(f"--strength: cannot be set for a {kind}; only {', '.join(STARGANS)} has it")
    origins = _origins(config, dataset, source)
    if any(len({each.digest for each in one.sources}) < len(one.sources) for one in origins):
        raise UsageError("--source: is the dataset itself; leave --source and --source-share out")
    _use(origins, config.count)
    return config, origins


def _origins(config: SynthConfig, dataset: Path, source: Path | None) -> tuple[Origins, ...]:
    """The faces of every pair, of whose images each gets as many, the first ones one more."""
    pairs = config.pairs.pairs
    real = config.source_share < 1.0
    of_dataset = _dataset_faces(dataset, {pair.a for pair in pairs}, config.split) if real else {}
    of_source = {} if source is None else {a: images_of(source, a) for a in {pair.a for pair in pairs}}
    origins = []
    for number, pair in enumerate(pairs):
        count = len(range(number, config.count, len(pairs)))
        if count:
            sources = tuple(found[pair.a] for found in (of_dataset, of_source) if found)
            alike = [one for one in pairs if one.a == pair.a]
            turn = (alike.index(pair), len(alike))
            origins.append(Origins(pair, count, sources, config.source_share, turn))
    return tuple(origins)


def _use(origins: tuple[Origins, ...], total: int) -> tuple[int, int]:
    """How many different faces are translated, and how often each, rounded up.

    Raises :class:`UsageError` for more often than a file can say.
    """
    wanted: dict[tuple[str, str], tuple[int, int]] = {}
    for one in origins:
        for source, count in zip(one.sources, one.counts(), strict=True):
            key = (source.digest, one.pair.a)
            wanted[key] = (wanted.get(key, (0, 0))[0] + count, len(source.rows))
    used = sum(min(count, faces) for count, faces in wanted.values())
    return used, max(_rounds(total, count, faces) for count, faces in wanted.values())


def noise_job(config: NoiseSynthConfig, workspace: Workspace, model: str | None) -> SynthJob:
    """Faces from noise; raises as ``synthesise``."""
    if model is None:
        raise UsageError("--model: which generator is to make faces from noise, such as wgan-gp?")
    path = find_model(model, workspace, kind="wgan-gp")
    trained = config_of(path)
    if not isinstance(trained, NoiseConfig):
        translates = isinstance(trained, TranslatorConfig | StarGANConfig)
        instead = "say which with --pair A:B" if translates else "name another with --model"
        raise UsageError(f"{path}: a {trained.model} {purpose(trained)}; {instead}")
    unknown = [emotion for emotion in config.emotions if emotion not in trained.emotions]
    if unknown:
        raise UsageError(f"{path.name}: makes {', '.join(trained.emotions)}, not {unknown[0]}")
    emotions = config.emotions or trained.emotions
    made = emotions[: config.count]
    digest = sha256_file(path)
    facts: dict[str, Any] = {"sources": [], "model": digest}
    if len(made) == 1:
        facts["label"] = made[0]
    return SynthJob(
        name=name_after(path.stem),
        result=SynthResult(Path(), False, path.resolve(), None, made, config.count, 0, 0),
        config=to_json(replace(config, emotions=emotions)),
        digests={path.name: digest},
        facts=facts,
        settings=config,
    )


def completed_settings(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a set of translations with the settings that its version did not have."""
    try:
        return to_json(from_json(SynthConfig, values)) if "pair" in values else values
    except FeraugError:
        return values  # of a kind that the comparison will tell


def _rounds(total: int, count: int, faces: int) -> int:
    rounds = -(-count // faces)
    if rounds > MAX_ROUNDS:
        most = MAX_ROUNDS * faces * total // count
        raise UsageError(
            f"-n: {count:,} images from {plural(faces, 'face')} would use each {rounds:,} times; "
            f"{MAX_ROUNDS:,} is the limit, so use -n {most} or fewer"
        )
    return rounds


def _stem(path: Path, trained: TranslatorConfig | StarGANConfig) -> str:
    """The kind of model, or the name that the user gave the model's file."""
    return trained.model if path.stem == trained.name else path.stem


def _dataset_faces(path: Path, emotions: set[str], split: str) -> dict[str, DomainSource]:
    dataset, digest = read_dataset(path), sha256_file(path)
    found = {}
    for emotion in emotions:
        rows = dataset.rows(split=split, emotion=emotion)
        if not len(rows):
            raise ArtifactError(
                f"{path}: no '{emotion}' images in its {split} split, so nothing to translate",
                f"choose another --pair; 'feraug info {quoted(str(path))}' lists what is there",
            )
        found[emotion] = DomainSource(path, digest, emotion, dataset.images[rows], rows)
    return found
