"""``synthetic/NAME.h5``: generated faces, their labels, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, UNLABELLED
from feraug.images import SIDE
from feraug.store.header import SYNTHETIC, Header, Provenance, write_header
from feraug.store.reading import ArtifactReader, FactsShape, is_shaped, open_artifact
from feraug.store.writing import NewArtifact, new_artifact

SCORES: Final[Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "face": ("float32", ()),
    "probabilities": ("float32", (len(EMOTIONS),)),
    "similarity": ("float32", ()),
    "nearest_row": ("int64", ()),
    "dropped_at": ("uint8", ()),
}
"""What ``filter/`` holds of every image of the parent: dtype and shape of one row."""

_FILTER_FACTS: Final[Mapping[str, FactsShape]] = {
    "parent": str,
    "filter": {"stages": list, "real_images": int, "detector": str, "classifier": str},
}
_OF_EMOTION: Final[Mapping[str, FactsShape]] = {"stages": list, "real_images": int}
_STAGE: Final[Mapping[str, FactsShape]] = {
    "name": str,
    "limit": (float, int, None),
    **dict.fromkeys(("dropped", "left", "real_dropped", "real_left"), int),
}
_REQUIRED_SCORES: Final = ("face", "probabilities", "dropped_at")


@dataclass(frozen=True)
class FilterArrays:
    """What a filter measured: of N kept images ``row`` int64 (N,), the row in the parent, and of all P images
    of the parent the columns of :data:`SCORES` that are there.
    """

    row: NDArray[np.int64]
    scores: Mapping[str, NDArray[Any]]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which images of the parent were kept, (P,)."""
        return np.asarray(self.scores["dropped_at"] == 0)


@dataclass(frozen=True)
class SyntheticArrays:
    """A synthetic set in memory.

    ``images`` uint8 (N, 48, 48); ``labels`` uint8 (N,), 255 where unlabelled; ``origin_row``
    int64 (N,), the row of the source artifact, -1 for faces made from noise; ``origin_source``
    uint8 (N,), position in ``sources``, the SHA-256 of the source artifacts; ``origin_round``
    uint16 (N,), how often that row had been used before (0: the image as it is).
    """

    header: Header
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    origin_row: NDArray[np.int64]
    origin_source: NDArray[np.uint8]
    origin_round: NDArray[np.uint16]
    filtered: FilterArrays | None = None
    """What a filter measured, in a set that it left."""

    @property
    def sources(self) -> list[str]:
        """SHA-256 of the source artifacts that ``origin_source`` counts."""
        return list(self.header.extra["sources"])


class SyntheticWriter:
    """Writes a synthetic set of known size batch by batch; obtained from :func:`writing_synthetic`."""

    def __init__(self, artifact: NewArtifact, count: int) -> None:
        self._artifact = artifact
        file = artifact.file
        self._images = file.create_dataset("images", (count, SIDE, SIDE), "uint8")
        self._labels = file.create_dataset("labels", (count,), "uint8")
        self._rows = file.create_dataset("origin/row", (count,), "int64")
        self._sources = file.create_dataset("origin/source", (count,), "uint8")
        self._rounds = file.create_dataset("origin/round", (count,), "uint16")
        self._filled = 0

    def append(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        *,
        rows: NDArray[np.int64],
        source: int | NDArray[np.uint8],
        rounds: NDArray[np.uint16],
    ) -> None:
        """Add uint8 (n, 48, 48) images with their labels (n,) and origins (n,), or one source for all."""
        here = slice(self._filled, self._filled + len(images))
        self._images[here] = images
        self._labels[here] = labels
        self._rows[here] = rows
        self._sources[here] = source
        self._rounds[here] = rounds
        self._filled = here.stop
        self._artifact.check()

    def filtered(self, rows: NDArray[np.int64], scores: Mapping[str, NDArray[Any]]) -> None:
        """Write the parent's row of each image (N,), and the :data:`SCORES` of all P images of the parent."""
        self._artifact.file.create_dataset("filter/row", data=rows.astype(np.int64))
        for name, values in scores.items():
            dtype, row_shape = SCORES[name]
            if values.shape[1:] != row_shape:
                raise ValueError(f"filter/{name}: shape {values.shape}")
            self._artifact.file.create_dataset(f"filter/{name}", data=np.asarray(values, dtype))
        self._artifact.check()


@contextmanager
def writing_synthetic(
    path: Path, count: int, provenance: Provenance, facts: Mapping[str, Any]
) -> Iterator[SyntheticWriter]:
    """Write ``count`` synthetic images atomically; ``facts['sources']`` lists the source digests."""
    with new_artifact(path) as artifact:
        write_header(artifact.file, SYNTHETIC, provenance, facts)
        writer = SyntheticWriter(artifact, count)
        yield writer
        if writer._filled != count:
            raise ValueError(f"{writer._filled} of {count} synthetic images were written")


def read_synthetic(path: Path) -> SyntheticArrays:
    """Read a whole synthetic set; raises :class:`~feraug.errors.ArtifactError` when it is damaged."""
    with open_artifact(path, SYNTHETIC) as reader:
        reader.facts({"sources": list})
        known = reader.header.extra["sources"]
        if not all(isinstance(digest, str) for digest in known):
            raise reader.damaged("attribute 'facts' has an unusable 'sources'")
        images = reader.array("images", "uint8", (None, SIDE, SIDE))
        count = len(images)
        labels = reader.array("labels", "uint8", (count,))
        if not np.isin(labels, (*range(len(EMOTIONS)), UNLABELLED)).all():
            raise reader.damaged("'labels' has a code that is neither an emotion nor 255")
        rows = reader.array("origin/row", "int64", (count,))
        reader.within("origin/row", rows, -1, 2**63 - 1)
        sources = reader.array("origin/source", "uint8", (count,))
        reader.within("origin/source", sources[rows >= 0], 0, len(known) - 1)
        rounds = reader.array("origin/round", "uint16", (count,))
        filtered = _filter_arrays(reader, count) if reader.has("filter") else None
        return SyntheticArrays(reader.header, images, labels, rows, sources, rounds, filtered)


def _filter_arrays(reader: ArtifactReader, count: int) -> FilterArrays:
    reader.facts(_FILTER_FACTS)
    whole = reader.header.extra["filter"]
    by_emotion = whole.get("by_emotion", {})
    if not isinstance(by_emotion, dict) or not all(
        is_shaped(one, _OF_EMOTION) for one in by_emotion.values()
    ):
        raise reader.damaged("attribute 'facts' has an unusable 'by_emotion' of the filter")
    for stage in (stage for one in (whole, *by_emotion.values()) for stage in one["stages"]):
        if not is_shaped(stage, _STAGE):
            raise reader.damaged("attribute 'facts' has an unusable stage of the filter")
    stages = reader.array("filter/dropped_at", "uint8", (None,))
    scores = {"dropped_at": stages}
    for name, (dtype, row_shape) in SCORES.items():
        if name in _REQUIRED_SCORES or reader.has(f"filter/{name}"):
            scores[name] = reader.array(f"filter/{name}", dtype, (len(stages), *row_shape))
    row = reader.array("filter/row", "int64", (count,))
    if not np.array_equal(row, np.flatnonzero(stages == 0)):
        raise reader.damaged("'filter/row' does not name the images that 'filter/dropped_at' leaves")
    return FilterArrays(row, scores)
