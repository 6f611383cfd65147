"""What a model is trained on: the dataset's training faces of its emotions, as batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feraug.config import AnyGanConfig, NoiseConfig, StarGANConfig, TranslatorConfig
from feraug.data import (
    ClassBatches,
    EmotionBatches,
    FaceStream,
    MixedFaces,
    PairBatches,
    Sampling,
    ShuffledFaces,
)
from feraug.data.streams import SOURCE_STREAM
from feraug.emotions import SPLITS
from feraug.errors import ArtifactError
from feraug.images import fingerprints
from feraug.quoting import quoted
from feraug.sources.drawn import BLOCK, CELLS
from feraug.store.dataset import DatasetArrays
from feraug.training import Batches
from feraug.words import plural
from feraug.workflows.domain_source import MIN_DOMAIN_IMAGES, DomainSource
from feraug.workflows.real_faces import lists_what_is_there


def training_batches(
    config: AnyGanConfig,
    faces: DatasetArrays,
    sampling: Sampling,
    source: DomainSource | None = None,
) -> tuple[Batches, int]:
    """The batches of a model, and the number of faces in an epoch.

    A translator's domain a is mixed from the dataset and ``source`` by the config's share.  Raises
    :class:`ArtifactError` when there are too few faces of an emotion.
    """
    if isinstance(config, TranslatorConfig):
        domain_a, count_a = _domain_a(config, faces, sampling, source)
        domain_b = faces.images[_training_rows(faces, config.domains.b)]
        return PairBatches(domain_a, domain_b, sampling), max(count_a, len(domain_b))
    rows = [_training_rows(faces, emotion, config) for emotion in config.emotions]
    classes = np.repeat(np.arange(len(rows)), [len(chosen) for chosen in rows])
    images = faces.images[np.concatenate(rows)]
    if isinstance(config, StarGANConfig):
        times = [config.neutral_times if emotion == "neutral" else 1 for emotion in config.emotions]
        stars = EmotionBatches(
            images, classes, sampling,
            balanced=config.balanced, times=times if config.neutral_times > 1 else None,
        )  # fmt: skip
        return stars, len(images)
    batches = ClassBatches(
        images, classes, sampling, latent_size=config.latent_size, balanced=config.balanced
    )
    return batches, len(images)


def trained_on(config: AnyGanConfig, faces: DatasetArrays, source: DomainSource | None) -> NDArray[np.int64]:
    """The fingerprints of all images that a model is trained on, sorted: to know test images by.

    With ``source_share`` 1 the dataset's faces of domain a count as well, which it is not shown.
    """
    emotions: tuple[str, ...]
    if isinstance(config, TranslatorConfig):
        emotions = (config.domains.a, config.domains.b)
    else:
        emotions = config.emotions
    rows = np.concatenate([faces.rows(split="train", emotion=emotion) for emotion in emotions])
    images = [faces.images[rows], *([] if source is None else [source.images])]
    return np.unique(np.concatenate([fingerprints(part) for part in images]))


def _domain_a(
    config: TranslatorConfig, faces: DatasetArrays, sampling: Sampling, source: DomainSource | None
) -> tuple[NDArray[np.uint8] | FaceStream, int]:
    """Domain a of a translator, and how many images it has; fresh faces from noise do not count."""
    if source is None:
        rows = _training_rows(faces, config.domains.a)
        return faces.images[rows], len(rows)
    second = source.stream(sampling)
    if config.source_share >= 1.0:
        return second, len(source.rows)
    images = faces.images[_training_rows(faces, config.domains.a)]
    first = ShuffledFaces(images, sampling.device, seed=sampling.seed, stream=SOURCE_STREAM + 1)
    seed = sampling.seed if config.critic_steps > 1 else None
    return MixedFaces(first, second, config.source_share, seed=seed), len(images) + len(source.rows)


def _training_rows(
    faces: DatasetArrays, emotion: str, of_several: StarGANConfig | NoiseConfig | None = None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """``of_several`` is the config of a model that could do without some of its emotions."""
    rows = faces.rows(split="train", emotion=emotion)
    if len(rows) >= MIN_DOMAIN_IMAGES:
        return rows
    enough = [
        f"--emotion {one}"
        for one in (() if of_several is None else of_several.emotions)
        if len(faces.rows(split="train", emotion=one)) >= MIN_DOMAIN_IMAGES
    ]
    told = lists_what_is_there(faces) + _more_drawn(faces, emotion)
    if of_several is not None and len(enough) > 1:
        told = f"leave it out: 'feraug train {of_several.model} {' '.join(enough)}'"
    number = plural(len(rows), "training image")
    raise ArtifactError(
        f"the dataset has {number} of '{emotion}', a domain needs {MIN_DOMAIN_IMAGES} or more",
        told,
    )


def _more_drawn(faces: DatasetArrays, emotion: str) -> str:
    """Of drawn faces, the command for as many as have enough of the emotion; nothing of others."""
    if not str(faces.header.provenance.config.get("source", "")).startswith("drawn:"):
        return ""
    each = CELLS[emotion][SPLITS.index("train")]
    blocks = -(-MIN_DOMAIN_IMAGES // each)
    name = "" if faces.path.stem == "dataset" else f" --name {quoted(faces.path.stem)}"
    place = f" --overwrite{name} -w {quoted(str(faces.path.parent))}"
    return f", 'feraug prepare drawn:{blocks * BLOCK}{place}' has {blocks * each}"
