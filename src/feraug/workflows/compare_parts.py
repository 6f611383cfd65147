"""What ``feraug compare`` measures beside the whole sets: groups, degraded faces, the faces of photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import CompareConfig
from feraug.data.degradations import levels
from feraug.emotions import DomainPair
from feraug.errors import UsageError
from feraug.metrics.similarity import paired_ssim
from feraug.store.compare_parts import DegradedFaces, GroupCodes, PhotoSets
from feraug.store.dataset import DatasetArrays
from feraug.workflows.classifiers import Classifier
from feraug.workflows.compare_entrants import Entrant
from feraug.workflows.drawn_truth import groups_of
from feraug.workflows.events import Notify, Progress
from feraug.workflows.photo_faces import GroupFaces, PhotoFolder

Images = NDArray[np.uint8]

MOST_GROUPS: Final = 32
"""Groups of photos in a comparison: their names have to fit into an attribute."""


@dataclass(frozen=True)
class PhotoMaterial:
    """The faces in photos, by groups, and the name of the detector that found them."""

    detector: str
    groups: Sequence[GroupFaces]


def group_codes(
    arrays: DatasetArrays, source: NDArray[np.int64], real: NDArray[np.int64]
) -> dict[str, GroupCodes]:
    """The groups of the dataset's faces in these rows, by attribute; none where nobody knows them."""
    names, codes = groups_of(arrays, source)
    _, others = groups_of(arrays, real)
    if not codes or not others:
        return {}
    return {name: GroupCodes(names[name], codes[name], others[name]) for name in codes}


def degraded_faces(
    config: CompareConfig,
    pair: DomainPair,
    judge: Classifier,
    compared: Sequence[Entrant],
    source: Images,
    real: Images,
    notify: Notify,
) -> DegradedFaces | None:
    """What the judge calls degraded sources, real faces, and translations of degraded sources.

    ``source`` and ``real`` uint8 (N, 48, 48); of each, evenly spread, ``config.degrade_images`` are taken.
    """
    wanted = levels(config.degrade)
    if not wanted:
        return None
    places = [_spread(len(images), config.degrade_images) for images in (source, real)]
    called: list[list[NDArray[np.uint8]]] = [[] for _ in range(2 + len(compared))]
    for number, level in enumerate(wanted):
        faces, others = (
            level.of(images[some], config.seed) for images, some in zip((source, real), places, strict=True)
        )
        made = (one.translator.translate(faces, str(pair)) for one in compared)
        for found, images in zip(called, (faces, others, *made), strict=True):
            found.append(judge.emotions(images))
        notify(Progress("degraded faces", number + 1, len(wanted), "levels"))
    facts = tuple({"name": one.name, "strength": one.strength, "amount": one.amount} for one in wanted)
    return DegradedFaces(facts, places[0], places[1], tuple(np.stack(found) for found in called))


def checked_groups(folder: PhotoFolder) -> PhotoFolder:
    """The same folder; :class:`UsageError` when it has more groups than a comparison takes."""
    if len(folder.groups) > MOST_GROUPS:
        raise UsageError(
            f"--photos {folder.path}: {len(folder.groups)} groups; {MOST_GROUPS} at most, so join some"
        )
    return folder


def photo_sets(
    found: PhotoMaterial, pair: DomainPair, judge: Classifier, compared: Sequence[Entrant]
) -> PhotoSets:
    """What the judge says of the faces in photos, and of each model's translations of them."""
    faces = np.concatenate([one.images for one in found.groups])
    numbers, counts = np.arange(len(found.groups)), [len(one.images) for one in found.groups]
    made = [one.translator.translate(faces, str(pair)) for one in compared]
    return PhotoSets(
        found.detector,
        tuple({"name": one.group.name, "photos": len(one.group.photos)} for one in found.groups),
        np.repeat(numbers, counts).astype(np.uint8),
        tuple(judge.probabilities(images) for images in (faces, *made)),
        (np.ones(len(faces), np.float32), *(paired_ssim(images, faces) for images in made)),
    )


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """Places of ``most`` of ``count``, evenly spread; all of them for 0."""
    if not most or count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.int64)
