"""What each stage of ``feraug filter`` lets through, of synthetic images and of real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import FilterConfig
from feraug.emotions import UNLABELLED, emotion_code

KEPT_OF_REAL: Final = 0.95
"""Share of real images that a limit taken from them lets through."""

STAGE_NAMES: Final = {
    "label": "right label",
    "face": "face found",
    "called": "right emotion",
    "confident": "confident",
    "not a copy": "not a copy",
    "best": "within --keep",
}
"""The stages in order, and what they are called in tables."""

STAGES: Final = tuple(STAGE_NAMES)
"""The code of a stage in ``filter/dropped_at`` is its position here, counted from 1."""


@dataclass(frozen=True)
class Scores:
    """Scores of N images: ``face`` float32 (N,), ``probabilities`` float32 (N, 7), and, where it was
    measured, ``similarity`` float32 (N,) with the nearest real training image of the emotion and
    ``nearest_row`` int64 (N,), its row in the dataset.
    """

    face: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    similarity: NDArray[np.float32] | None = None
    nearest_row: NDArray[np.int64] | None = None

    def columns(self) -> dict[str, NDArray[Any]]:
        """What was measured, by name."""
        return {name: values for name, values in vars(self).items() if values is not None}

    @classmethod
    def put_together(cls, parts: Sequence[tuple[NDArray[np.int64], Scores]]) -> Scores:
        """The scores of parts of a set, each with its places in it; what one part lacks is left out."""
        if len(parts) == 1:
            return parts[0][1]
        whole: dict[str, NDArray[Any]] = {}
        shared = set.intersection(*(set(scores.columns()) for _, scores in parts))
        for name in shared:
            values = [scores.columns()[name] for _, scores in parts]
            whole[name] = np.empty((sum(map(len, values)), *values[0].shape[1:]), values[0].dtype)
            for (places, _), found in zip(parts, values, strict=True):
                whole[name][places] = found
        return cls(**whole)


@dataclass(frozen=True)
class Limits:
    """The limits of a filter; None: the stage lets all through."""

    face: float | None
    confidence: float | None
    similarity: float | None


@dataclass(frozen=True)
class Stage:
    """How many images a stage dropped and left, and how many it would of the real ones."""

    name: str
    limit: float | None
    dropped: int
    left: int
    real_dropped: int
    real_left: int

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Stage:
        """The stage that :meth:`as_json` gave ``values`` of."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class OfEmotion:
    """What the stages let through of the images of one emotion, and how many real ones gave the limits."""

    stages: tuple[Stage, ...]
    real_images: int

    def as_json(self) -> dict[str, Any]:
        """Both as JSON values."""
        return {"stages": [stage.as_json() for stage in self.stages], "real_images": self.real_images}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OfEmotion:
        """What :meth:`as_json` gave ``values`` of."""
        return cls(tuple(map(Stage.from_json, values["stages"])), values["real_images"])


def summed(parts: Sequence[Sequence[Stage]]) -> tuple[Stage, ...]:
    """The stages of several emotions together, which have no limit in common."""
    counts = ("dropped", "left", "real_dropped", "real_left")
    return tuple(
        Stage(same[0].name, None, *(sum(getattr(stage, count) for stage in same) for count in counts))
        for same in zip(*parts, strict=True)
    )


def limits_from(config: FilterConfig, real: Scores, independent: NDArray[np.bool_]) -> Limits:
    """The limits of a config; those that it leaves open from the scores of real validation images.

    ``independent`` (M,) are those without a copy among the training images.  Where the detector finds
    fewer than 95 % of the real faces, there is no limit on the face score: it would say more of the
    detector than of the images.
    """
    code = emotion_code(config.emotion)
    face, confidence, similarity = config.min_face, config.min_confidence, config.max_similarity
    if face is None and (real.face > 0).mean() >= KEPT_OF_REAL:
        face = _low(real.face)
    called = real.probabilities.argmax(axis=1) == code
    if confidence is None and called.any():
        confidence = _low(real.probabilities[called, code])
    if similarity is None and real.similarity is not None and independent.any():
        similarity = -_low(-real.similarity[independent])
    return Limits(face, confidence, similarity)


def _low(values: NDArray[np.float32]) -> float:
    """The largest value that 95 % of ``values`` (n,) reach: so many may lie below as 5 % of n come to."""
    return float(np.sort(values)[int((1 - KEPT_OF_REAL) * len(values) + 1e-9)])  # 0.05 * 20 is 1


def dropped_at(
    config: FilterConfig, limits: Limits, scores: Scores, labels: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """The stage that drops each image, uint8 (N,): its number in :data:`STAGES` from 1, or 0 for the kept.

    ``labels`` (N,) None: all have the emotion.
    """
    code, count = emotion_code(config.emotion), len(scores.face)
    chances = scores.probabilities[:, code]
    passes: Mapping[str, NDArray[np.bool_] | None] = {
        "label": None if labels is None else (labels == code) | (labels == UNLABELLED),
        "face": None if limits.face is None else scores.face >= np.float32(limits.face),
        "called": scores.probabilities.argmax(axis=1) == code,
        "confident": None if limits.confidence is None else chances >= np.float32(limits.confidence),
        "not a copy": None
        if limits.similarity is None or scores.similarity is None
        else scores.similarity <= np.float32(limits.similarity),
    }
    stage = np.zeros(count, np.uint8)
    for name, passed in passes.items():
        if passed is not None:
            stage[(stage == 0) & ~passed] = STAGES.index(name) + 1
    if config.keep is not None and labels is not None:
        left = np.flatnonzero(stage == 0)
        order = left[np.argsort(-chances[left], kind="stable")]
        stage[order[config.keep :]] = STAGES.index("best") + 1
    return stage


def counted(
    config: FilterConfig, limits: Limits, dropped: NDArray[np.uint8], real_dropped: NDArray[np.uint8]
) -> tuple[Stage, ...]:
    """The stages with their counts."""
    values: dict[str, float | None] = {
        "face": limits.face, "confident": limits.confidence, "not a copy": limits.similarity,
        "best": config.keep,
    }  # fmt: skip
    stages, left, real_left = [], len(dropped), len(real_dropped)
    for number, name in enumerate(STAGES, 1):
        gone, real_gone = int((dropped == number).sum()), int((real_dropped == number).sum())
        left, real_left = left - gone, real_left - real_gone
        stages.append(Stage(name, values.get(name), gone, left, real_gone, real_left))
    return tuple(stages)
