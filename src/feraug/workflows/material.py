"""What a model is trained on: the dataset's training faces of its emotions, as batches."""

from __future__ import annotations

import numpy as np

from feraug.config import NoiseConfig, TranslatorConfig
from feraug.data import ClassBatches, PairBatches, Sampling
from feraug.errors import ArtifactError
from feraug.store.dataset import DatasetArrays
from feraug.training import Batches

MIN_DOMAIN_IMAGES = 8
"""Fewer training images of one emotion than this are refused."""


def training_batches(
    config: TranslatorConfig | NoiseConfig, faces: DatasetArrays, sampling: Sampling
) -> tuple[Batches, int]:
    """The batches of a model, and the number of faces in an epoch.

    Raises :class:`ArtifactError` when there are too few faces of an emotion.
    """
    if isinstance(config, TranslatorConfig):
        rows = [_training_rows(faces, emotion) for emotion in (config.domains.a, config.domains.b)]
        pairs = PairBatches(faces.images[rows[0]], faces.images[rows[1]], sampling)
        return pairs, max(map(len, rows))
    rows = [_training_rows(faces, emotion) for emotion in config.emotions]
    classes = np.repeat(np.arange(len(rows)), [len(chosen) for chosen in rows])
    images = faces.images[np.concatenate(rows)]
    batches = ClassBatches(
        images, classes, sampling, latent_size=config.latent_size, balanced=config.balanced
    )
    return batches, len(images)


def _training_rows(faces: DatasetArrays, emotion: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rows = faces.rows(split="train", emotion=emotion)
    if len(rows) < MIN_DOMAIN_IMAGES:
        raise ArtifactError(
            f"the dataset has {len(rows)} training images of '{emotion}', a domain needs "
            f"{MIN_DOMAIN_IMAGES} or more; 'feraug info' on the dataset lists what is there"
        )
    return rows
