"""Parts of ``compare/NAME.h5`` that not every comparison has: groups, degraded faces, photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS
from feraug.store.reading import ArtifactReader, FactsShape, is_shaped

_LEVEL: Final[FactsShape] = {"name": str, "strength": (float, int), "amount": str}
_SHAPES: Final[Mapping[str, FactsShape]] = {
    "groups": dict,
    "levels": [_LEVEL],
    "photos": ({"detector": str, "groups": [{"name": str, "photos": int}]}, None),
}


@dataclass(frozen=True)
class GroupCodes:
    """The groups of an attribute, and which of them each face belongs to.

    ``source`` uint8 (n,) of the faces that were translated, ``real`` uint8 (m,) of the real ones of
    the target: positions in ``names``.
    """

    names: tuple[str, ...]
    source: NDArray[np.uint8]
    real: NDArray[np.uint8]


@dataclass(frozen=True)
class DegradedFaces:
    """What the judge calls degraded faces: of each set some, at every level.

    ``levels`` have ``name``, ``strength`` and ``amount``; ``source`` int64 (m,) and ``real`` int64
    (r,) are places in sets 0 and 1 (a model's are those of set 0); ``called`` has for each set the
    likeliest emotion's codes, uint8 (L, m), (L, r), then (L, m) of each model: degraded, then translated.
    """

    levels: tuple[Mapping[str, Any], ...]
    source: NDArray[np.int64]
    real: NDArray[np.int64]
    called: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class PhotoSets:
    """Faces of photos: ``groups`` (``name``, ``photos``), the group of each face uint8 (n,), and of each
    set (the faces as they are, then each model's) probabilities float32 (n, 7) and SSIM float32 (n,).
    """

    detector: str
    groups: tuple[Mapping[str, Any], ...]
    group: NDArray[np.uint8]
    probabilities: tuple[NDArray[np.float32], ...]
    ssim: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True)
class CompareParts:
    """What a comparison has beside its sets; a file without it has none of these."""

    groups: Mapping[str, GroupCodes] = field(default_factory=dict)
    degraded: DegradedFaces | None = None
    photos: PhotoSets | None = None

    def facts(self) -> dict[str, Any]:
        """What ``facts.parts`` says of it."""
        photos, degraded = self.photos, self.degraded
        return {
            "groups": {name: list(codes.names) for name, codes in self.groups.items()},
            "levels": [] if degraded is None else [dict(level) for level in degraded.levels],
            "photos": photos
            and {"detector": photos.detector, "groups": [dict(one) for one in photos.groups]},
        }


def write_parts(file: h5py.File, parts: CompareParts) -> None:
    """Write the arrays of the parts that are there."""
    for name, codes in parts.groups.items():
        file.create_dataset(f"groups/{name}/source", data=codes.source)
        file.create_dataset(f"groups/{name}/real", data=codes.real)
    if parts.degraded is not None:
        file.create_dataset("degraded/source", data=parts.degraded.source)
        file.create_dataset("degraded/real", data=parts.degraded.real)
        for number, called in enumerate(parts.degraded.called):
            file.create_dataset(f"degraded/{number}/called", data=called)
    if parts.photos is not None:
        file.create_dataset("photos/group", data=parts.photos.group)
        for number, (chances, ssim) in enumerate(
            zip(parts.photos.probabilities, parts.photos.ssim, strict=True)
        ):
            file.create_dataset(f"photos/{number}/probabilities", data=chances)
            file.create_dataset(f"photos/{number}/ssim", data=ssim)


def read_parts(reader: ArtifactReader, counts: Sequence[int]) -> CompareParts:
    """Read the parts of a comparison whose sets have these numbers of faces."""
    facts = reader.header.extra.get("parts")
    if facts is None:
        return CompareParts()
    if not is_shaped(facts, _SHAPES) or not all(is_shaped(one, [str]) for one in facts["groups"].values()):
        raise reader.damaged("attribute 'facts' has an unusable 'parts'")
    source, real, *made = counts
    if any(count != source for count in made):
        raise reader.damaged("the models translated other numbers of faces")
    models = len(made)
    groups = {}
    for name, known in facts["groups"].items():
        codes = [
            _codes(reader, f"groups/{name}/{end}", (count,), len(known))
            for end, count in (("source", source), ("real", real))
        ]
        groups[name] = GroupCodes(tuple(known), *codes)
    degraded = _degraded(reader, facts["levels"], source, real, models) if facts["levels"] else None
    photos = _photos(reader, facts["photos"], models) if facts["photos"] is not None else None
    return CompareParts(groups, degraded, photos)


def _degraded(
    reader: ArtifactReader, levels: list[Mapping[str, Any]], source: int, real: int, models: int
) -> DegradedFaces:
    places = []
    for name, count in (("degraded/source", source), ("degraded/real", real)):
        places.append(reader.array(name, "int64", (None,)))
        reader.within(name, places[-1], 0, count - 1)
        if not len(places[-1]):
            raise reader.damaged(f"'{name}' is empty")
    shapes = [(len(levels), len(places[int(number == 1)])) for number in range(2 + models)]
    called = tuple(
        _codes(reader, f"degraded/{number}/called", shape, len(EMOTIONS))
        for number, shape in enumerate(shapes)
    )
    return DegradedFaces(tuple(levels), places[0], places[1], called)


def _photos(reader: ArtifactReader, facts: Mapping[str, Any], models: int) -> PhotoSets:
    group = _codes(reader, "photos/group", (None,), len(facts["groups"]))
    numbers = range(1 + models)
    chances = tuple(
        reader.array(f"photos/{number}/probabilities", "float32", (len(group), len(EMOTIONS)))
        for number in numbers
    )
    ssim = tuple(reader.array(f"photos/{number}/ssim", "float32", (len(group),)) for number in numbers)
    if not all(np.isfinite(values).all() for values in (*chances, *ssim)):
        raise reader.damaged("'photos' holds values that are not finite")
    return PhotoSets(facts["detector"], tuple(facts["groups"]), group, chances, ssim)


def _codes(reader: ArtifactReader, name: str, shape: tuple[int | None, ...], known: int) -> NDArray[np.uint8]:
    codes = reader.array(name, "uint8", shape)
    reader.within(name, codes, 0, known - 1)
    return codes
