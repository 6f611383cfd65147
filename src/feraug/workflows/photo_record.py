"""``photos.json``: what a folder of translated photos says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from feraug.errors import ArtifactError
from feraug.sources.photos import RECORD
from feraug.store.header import json_values
from feraug.store.reading import FactsShape, is_shaped

_MAYBE: Final[FactsShape] = (float, int, None)


@dataclass(frozen=True)
class GroupResult:
    """What became of a group of photos."""

    name: str
    photos: int
    faces: int
    without_face: tuple[str, ...]
    skipped: Mapping[str, str]
    """Why photos could not be read, by name."""
    change: float | None
    """Mean |translated - real|, in grey levels; None without a face, as all that follow."""
    loss: float | None
    """Mean |recovered - real|, in grey levels."""
    called_before: float | None
    """Share of the real faces that the classifier calls the target emotion; None without a classifier."""
    called_after: float | None
    """The same of the translated ones."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**vars(self), "without_face": list(self.without_face), "skipped": dict(self.skipped)}


@dataclass(frozen=True)
class RobustnessRow:
    """A degradation at a strength (or ``clean``, at 0), and what became of the degraded faces.

    Shares have ``mean`` and a 95 % interval, ``low`` to ``high``; None without a classifier.
    """

    name: str
    strength: float
    amount: str
    change: float
    """Mean |translated - degraded|, in grey levels."""
    degraded: dict[str, float] | None
    """Share of the degraded faces that the classifier calls the target emotion."""
    translated: dict[str, float] | None
    """The same of these faces, translated."""
    translated_first: dict[str, float] | None
    """The yardstick: of the clean faces, translated and degraded afterwards.  What is missing there the
    classifier does not see through the degradation; what is missing beyond it the translator lost."""


@dataclass(frozen=True)
class PhotosRecord:
    """What a folder says of its groups, degradations, files, and how it came about."""

    groups: tuple[GroupResult, ...]
    degradations: tuple[RobustnessRow, ...]
    files: frozenset[str]
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    command: str


def photo_folders(root: Path) -> list[Path]:
    """The folders of translated photos in the workspace at ``root``, sorted by name."""
    records = root.glob(f"photos/*/{RECORD}")
    return sorted(record.parent for record in records if not record.parent.name.startswith("."))


def read_record(folder: Path) -> PhotosRecord:
    """The record of a folder; :class:`ArtifactError` where there is none that ``feraug synth`` wrote."""
    try:
        record = json_values((folder / RECORD).read_text(encoding="utf-8"))
        config, inputs = dict(record["config"]), dict(record["inputs"])
        names = {"inputs": [*inputs.values()], "files": record["files"]}
        if not is_shaped(names, {"inputs": [str], "files": [str]}):
            raise ValueError("its inputs are no digests, or its files no names")
        return PhotosRecord(
            tuple(_group(values) for values in record["groups"]),
            tuple(_degradation(values) for values in record.get("degradations", [])),
            frozenset(record["files"]),
            {"degrade": [], "seed": 0, **config},  # which folders of earlier versions lack
            inputs,
            str(record["command"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ArtifactError(
            f"{folder / RECORD}: not what 'feraug synth --photos' writes", "make the folder again"
        ) from problem


def _group(values: Mapping[str, Any]) -> GroupResult:
    numbers = dict.fromkeys(("photos", "faces"), int)
    maybe = dict.fromkeys(("change", "loss", "called_before", "called_after"), _MAYBE)
    if not is_shaped(values, {"name": str, "without_face": [str], "skipped": dict, **numbers, **maybe}):
        raise ValueError("not a group of photos")
    return GroupResult(**{**values, "without_face": tuple(values["without_face"])})


def _degradation(values: Mapping[str, Any]) -> RobustnessRow:
    share: FactsShape = ({"mean": float, "low": float, "high": float}, None)
    shares = dict.fromkeys(("degraded", "translated", "translated_first"), share)
    if not is_shaped(values, {"name": str, "strength": float, "amount": str, "change": float, **shares}):
        raise ValueError("not a degradation")
    return RobustnessRow(**values)
