"""What the classifier of each arm of a benchmark is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import SYNTHETIC_ARMS, BenchConfig, ClassifierConfig
from feraug.data import LabelledFaces, Phase
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, UsageError
from feraug.words import plural
from feraug.workflows.classifier_run import total_steps
from feraug.workflows.synthetic_sets import SyntheticSet
from feraug.workflows.train_classifier import class_weights

_CHOICE_STREAM: Final = 200
"""Stream of the random numbers that choose among synthetic images."""
_AGAIN_STREAM: Final = 201
"""Of those that draw real images again in their place."""

_TRANSLATIONS_ALONE: Final = ("real+synthetic", "real+resampled", "oversampled+synthetic")
"""Arms that leave labelled faces from noise out."""


_WITH_NOISE: Final = "use '--arm real+synthetic+noise', or translate with 'feraug synth --pair neutral:happy'"
"""What to do with faces from noise alone."""


@dataclass(frozen=True)
class Material:
    """What an arm is trained on: faces, of which the first ``real`` are real, and the phases of training.

    A real face that is there again counts again.
    """

    faces: LabelledFaces
    real: int
    phases: tuple[Phase, ...]


def material(
    bench: BenchConfig, arm: str, repeat: int, real: LabelledFaces, files: Sequence[SyntheticSet]
) -> Material:
    """The training set of a repeat (from 0) of an arm.

    Raises :class:`ArtifactError` when the files have no image of the kind that the arm wants, or its
    settings leave none.
    """
    config = bench.of_arm(arm, repeat)
    images, labels = _synthetic(arm, files)
    alone = arm == "synthetic"
    chosen = _chosen(bench, labels, real.labels, config.seed, fill=bench.use == "fill" and not alone)
    offered = len(labels)
    images, labels = images[chosen], labels[chosen]
    if offered and not len(labels) and not alone:
        ratio = "" if bench.ratio is None else f"--ratio {bench.ratio:g}"
        fill = "--use fill (up to the largest emotion's images)" if bench.use == "fill" else ""
        limits = " and ".join(filter(None, (ratio, fill)))
        what = f"the arm '{arm}' has no synthetic image: {limits} leaves none of {offered:,}"
        raise ArtifactError(what, "raise the ratio, or leave the arm or --use fill out")
    if alone and len(labels) < 2:
        few = f"the arm '{arm}' has {plural(len(labels), 'image')}"
        if offered >= 2:
            limit = "--per-class-cap 1" if bench.ratio is None else f"--ratio {bench.ratio:g}"
            raise ArtifactError(f"{few}: {limit} leaves no more of {offered:,}", "raise it")
        raise ArtifactError(f"{few}; 'feraug synth -n 5000' makes more")
    if arm == "real+resampled":
        images = real.images[_again(labels, real.labels, config.seed)]
    kept = 0 if alone else len(real)
    faces = LabelledFaces(
        np.concatenate([real.images[:kept], images]),
        np.concatenate([real.labels[:kept], labels]),
        np.ones(kept + len(labels), np.float32),
    )
    phases = _phases(bench, config, faces, kept, len(real))
    weights = faces.weights
    if config.class_weights:
        for phase in phases:  # by what it shows, so that the mean weight is 1 in each
            weights[phase.rows] = class_weights(faces.labels[phase.rows])
    if not alone:
        weights[kept:] *= np.float32(bench.synthetic_weight)
    return Material(faces, len(faces) if arm == "real+resampled" else kept, phases)


def _synthetic(arm: str, files: Sequence[SyntheticSet]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images and labels of all files that an arm may use."""
    images, labels = [np.zeros((0, 48, 48), np.uint8)], [np.zeros(0, np.uint8)]
    if arm not in SYNTHETIC_ARMS:
        return images[0], labels[0]
    for file in files:
        wanted = file.labelled & (~file.from_noise if arm in _TRANSLATIONS_ALONE else True)
        images.append(file.arrays.images[wanted])
        labels.append(file.arrays.labels[wanted])
    found = np.concatenate(labels)
    from_noise = any((file.labelled & file.from_noise).any() for file in files)
    if not len(found):
        if from_noise:
            raise ArtifactError(
                f"the arm '{arm}' takes translations alone, and the synthetic files hold faces from noise",
                "leave it out" if arm == "real+resampled" else _WITH_NOISE,
            )
        raise ArtifactError(
            f"the arm '{arm}' has no image: those in the synthetic files have no label",
            "label them with 'feraug filter NAME --emotion EMOTION', or name other files with --synthetic",
        )
    if arm == "real+synthetic+noise" and not from_noise:
        raise ArtifactError(
            f"the arm '{arm}' has no labelled face from noise in its files",
            "make some with 'feraug synth --model wgan-gp -n 5000' and 'feraug filter'",
        )
    return np.concatenate(images), found


def _chosen(
    bench: BenchConfig, labels: NDArray[np.uint8], real: NDArray[np.uint8], seed: int, *, fill: bool
) -> NDArray[np.int64]:
    """Rows of the synthetic images to use: within the cap, the ratio and the room to fill, at random."""
    random = np.random.default_rng((seed, _CHOICE_STREAM))
    counts = np.bincount(real, minlength=len(EMOTIONS))
    room = counts.max() - counts if fill else np.full(len(EMOTIONS), len(labels))
    groups = []
    for code in range(len(EMOTIONS)):
        here = random.permutation(np.flatnonzero(labels == code))
        groups.append(here[: min(room[code], bench.per_class_cap or len(here))])
    rows = np.concatenate(groups)
    limit = len(rows) if bench.ratio is None else round(bench.ratio * len(real))
    return np.sort(random.permutation(rows)[:limit]) if len(rows) > limit else np.sort(rows)


def _again(labels: NDArray[np.uint8], real: NDArray[np.uint8], seed: int) -> NDArray[np.int64]:
    """A real image of the same emotion in place of each synthetic one: each once, before any is twice.

    Raises :class:`ArtifactError` where there is none of an emotion.
    """
    rows = np.zeros(len(labels), np.int64)
    for code, emotion in enumerate(EMOTIONS):
        places, known = np.flatnonzero(labels == code), np.flatnonzero(real == code)
        if not len(places):
            continue
        if not len(known):
            raise ArtifactError(
                f"the arm 'real+resampled' has no real '{emotion}' face in 'train' to show again",
                "leave the arm out, or that emotion's synthetic images",
            )
        random = np.random.default_rng((seed, _AGAIN_STREAM, code))
        turns = [random.permutation(known) for _ in range(-(-len(places) // len(known)))]
        rows[places] = np.concatenate(turns)[: len(places)]
    return rows


def _phases(
    bench: BenchConfig, config: ClassifierConfig, faces: LabelledFaces, kept: int, real: int
) -> tuple[Phase, ...]:
    everything = np.arange(len(faces))
    if bench.use != "pretrain" or kept in (0, len(faces)):
        return (Phase(0, everything, config.balanced),)
    steps = total_steps(config, real)
    if steps < 2:
        raise UsageError("--use pretrain: one step cannot show synthetic images and then real ones")
    turn = min(max(round(bench.pretrain_share * steps), 1), steps - 1)  # some steps for either
    return (Phase(0, everything[kept:], config.balanced), Phase(turn, everything[:kept], config.balanced))
