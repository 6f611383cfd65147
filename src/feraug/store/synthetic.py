"""``synthetic/NAME.h5``: generated faces, their labels, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, UNLABELLED
from feraug.images import SIDE
from feraug.store.header import SYNTHETIC, Header, Provenance, write_header
from feraug.store.reading import open_artifact
from feraug.store.writing import NewArtifact, new_artifact


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
        return SyntheticArrays(reader.header, images, labels, rows, sources, rounds)
