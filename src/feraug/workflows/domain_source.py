"""Domain a out of another artifact: images of a dataset or synthetic set, or fresh faces from noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from feraug.config import TRANSLATORS, AnyGanConfig, NoiseConfig, TranslatorConfig
from feraug.data import FaceStream, Sampling, ShuffledFaces, to_float
from feraug.emotions import EMOTIONS, UNLABELLED, emotion_code
from feraug.errors import ArtifactError, UsageError
from feraug.images import SIDE
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import DATASET, MODEL
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.transfer import moved
from feraug.words import plural
from feraug.workflows.by_digest import to_go_on_with
from feraug.workflows.generators import FaceGenerator, load_generator
from feraug.workflows.model_files import config_of, find_model, purpose

MIN_DOMAIN_IMAGES = 8
"""Fewer training images of one emotion than this are refused."""


@dataclass(frozen=True)
class DomainSource:
    """Where faces of domain a come from beside, or instead of, the dataset.

    ``images`` uint8 (N, 48, 48), and the ``rows`` int64 (N,) they are in the artifact; no images of a
    noise generator, which makes them as they are needed.
    """

    path: Path
    digest: str
    emotion: str
    images: NDArray[np.uint8]
    rows: NDArray[np.int64]

    @property
    def makes_faces(self) -> bool:
        """Whether it is a noise generator."""
        return not len(self.rows)

    @property
    def file(self) -> tuple[Path, str]:
        """The file and its SHA-256."""
        return self.path, self.digest

    def stream(self, sampling: Sampling) -> FaceStream:
        """Its faces as an endless sequence."""
        if self.makes_faces:
            generator = load_generator(self.path, device=str(sampling.device))
            return NoiseFaces(generator, self.emotion, sampling.seed)
        return ShuffledFaces(self.images, sampling.device, seed=sampling.seed)

    def first(self, count: int) -> NDArray[np.uint8]:
        """Some of its faces, always the same ones, uint8 (count, 48, 48)."""
        if not self.makes_faces:
            return self.images[np.resize(np.arange(len(self.rows)), count)]
        return load_generator(self.path).generate(count, self.emotion)[0]


class NoiseFaces:
    """A frozen generator's faces of an emotion: at every place a new one."""

    def __init__(self, generator: FaceGenerator, emotion: str, seed: int) -> None:
        self._generator, self._class, self._seed = generator, generator.class_of(emotion), seed

    def at(self, places: NDArray[np.int64]) -> Tensor:
        """The faces at some places, in whole grey levels as real ones are."""
        images = self._generator.faces_at(places, np.full(len(places), self._class), self._seed)
        return to_float(moved(images, self._generator.device))


def images_of(path: Path, emotion: str) -> DomainSource:
    """The images of an emotion in a dataset (its train split) or a synthetic set.

    Of a set without a single label all images are taken for the emotion.  Raises
    :class:`ArtifactError` when there are none, and :class:`UsageError` for a model.
    """
    kind = read_artifact_header(path).encoding_type
    if kind == DATASET:
        dataset = read_dataset(path)
        images, rows = dataset.images, dataset.rows(split="train", emotion=emotion)
        labels = dataset.labels[dataset.rows(split="train")]
    elif kind == MODEL:
        raise UsageError(f"--source: {path} is a model; train with --source-model, or 'feraug synth' with it")
    else:
        synthetic = read_synthetic(path)
        images, labels = synthetic.images, synthetic.labels
        wanted = UNLABELLED if (labels == UNLABELLED).all() else emotion_code(emotion)
        rows = np.flatnonzero(labels == wanted)
    if not len(rows):
        names = ", ".join(EMOTIONS[code] for code in np.unique(labels) if code < len(EMOTIONS)) or "nothing"
        raise ArtifactError(f"{path}: no '{emotion}' images in it", f"it has {names}; give another --source")
    return DomainSource(path, sha256_file(path), emotion, images[rows], rows)


def generator_of(path: Path, emotion: str) -> DomainSource:
    """Fresh faces from a noise generator; :class:`UsageError` when it cannot make the emotion."""
    trained = config_of(path)
    if not isinstance(trained, NoiseConfig):
        raise UsageError(
            f"--source-model: {path} {purpose(trained)} and is no noise generator; "
            "name a generator, such as one of 'feraug train wgan-gp'"
        )
    if emotion not in trained.emotions:
        raise UsageError(f"--source-model: {path.name} makes {', '.join(trained.emotions)}, not {emotion}")
    nothing = np.empty((0, SIDE, SIDE), np.uint8)
    return DomainSource(path, sha256_file(path), emotion, nothing, np.empty(0, np.int64))


def training_source(
    config: AnyGanConfig,
    workspace: Workspace,
    *,
    source: Path | None,
    source_model: str | None,
    unfinished: Path,
) -> tuple[AnyGanConfig, DomainSource | None]:
    """The config, with its share of the source, and the source, if there is one.

    ``source`` names images, ``source_model`` a noise generator; with neither, a config that asks for
    a share goes on with what the ``unfinished`` model was made from, looked for by its digest.
    Raises :class:`UsageError` where that makes no sense.
    """
    if not isinstance(config, TranslatorConfig):
        refuse_source(config.model, source, source_model)
        return config, None
    given = _given(source, source_model)
    if len(given) > 1:
        raise UsageError(f"{', '.join(given)}: give one of them")
    emotion = config.domains.a
    if not given:
        if not config.source_share:
            return config, None
        found = _earlier_source(unfinished, workspace)
        if found is None:
            raise UsageError(
                "--source-share: of what? Name images with --source FILE, or a noise generator with "
                "--source-model FILE"
            )
        is_model = read_artifact_header(found).encoding_type == MODEL
        return config, _enough(generator_of(found, emotion) if is_model else images_of(found, emotion))
    config = replace(config, source_share=config.source_share or 1.0)
    if source is not None:
        return config, _enough(images_of(source, emotion))
    assert source_model is not None
    return config, generator_of(find_model(source_model, workspace, kind="wgan-gp"), emotion)


def refuse_source(model: str, source: Path | None, source_model: str | None) -> None:
    """Refuse a source for a model that is no translator."""
    given = _given(source, source_model)
    if given:
        raise UsageError(f"{given[0]}: {model} has no domain a; {', '.join(TRANSLATORS)} have")


def _given(source: Path | None, source_model: str | None) -> list[str]:
    options = {"--source": source, "--source-model": source_model}
    return [name for name, value in options.items() if value is not None]


def _enough(source: DomainSource) -> DomainSource:
    if not source.makes_faces and len(source.rows) < MIN_DOMAIN_IMAGES:
        raise ArtifactError(
            f"{source.path}: {plural(len(source.rows), 'image')} of '{source.emotion}'",
            f"a domain needs {MIN_DOMAIN_IMAGES} or more; give another --source",
        )
    return source


def _earlier_source(unfinished: Path, workspace: Workspace) -> Path | None:
    """What domain a of an unfinished model came from: that of its inputs which is no dataset of all faces."""
    if not unfinished.exists():
        return None
    beside = list(read_artifact_header(unfinished).provenance.beside_dataset.items())
    if not beside:
        return None
    name, digest = beside[0]
    return to_go_on_with(name, digest, workspace, "domain a came from", "--source or --source-model")
