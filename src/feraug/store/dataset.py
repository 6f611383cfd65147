"""``dataset.h5``: the real faces with labels, splits, votes and audit flags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, SPLITS
from feraug.images import SIDE
from feraug.store.header import DATASET, Header, Provenance, write_header
from feraug.store.reading import ArtifactReader, FactsShape, open_artifact
from feraug.store.writing import NewArtifact, new_artifact

CHUNK_ROWS: Final = 128

_IMAGES: Final = (None, SIDE, SIDE)

COLUMNS: Final[Mapping[str, tuple[str, tuple[int, ...]]]] = {
    "labels": ("uint8", ()),
    "split": ("uint8", ()),
    "source_row": ("int64", ()),
    "source_labels": ("uint8", ()),
    "ferplus": ("uint8", (10,)),
    "blank": ("bool", ()),
    "duplicate_group": ("int32", ()),
    "copy_in_train": ("bool", ()),
    "near_copy_in_train": ("bool", ()),
    "near_copy_row": ("int32", ()),
    "near_copy_group": ("int32", ()),
    "person": ("int32", ()),
    "person_in_train": ("bool", ()),
}
"""Columns beside ``images``: dtype and shape of one row."""

SOURCE_NAMES: Final = "source_names"
"""The names of the pictures that were read, bytes of UTF-8, a NUL behind each."""

REQUIRED_COLUMNS: Final = ("labels", "split", "source_row", "blank", "duplicate_group", "copy_in_train")

_LEAKS: Final = {"validation": int, "test": int}
FACTS: Final[Mapping[str, FactsShape]] = {
    "labels": str,
    "audit": {
        **dict.fromkeys(("blank", "duplicate_groups", "redundant", "conflicting_groups"), int),
        "leaks": _LEAKS,
        "near_copies": (None, _LEAKS),
    },
    "dropped": dict,
    "skipped": {"total": int, "causes": dict},
}
"""What ``facts`` must have."""


@dataclass(frozen=True)
class DatasetArrays:
    """A dataset in memory: ``images`` uint8 (N, 48, 48) and the columns of the file, one row an image."""

    header: Header
    images: NDArray[np.uint8]
    columns: Mapping[str, NDArray[Any]]
    path: Path
    """The file, for messages."""

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Emotion codes, uint8 (N,)."""
        return self.columns["labels"]

    @property
    def split(self) -> NDArray[np.uint8]:
        """Split codes, uint8 (N,)."""
        return self.columns["split"]

    @property
    def near_copies_known(self) -> bool:
        """Whether near copies of training images were looked for, or cannot be: drawn faces all differ."""
        drawn = str(self.header.provenance.config.get("source", "")).startswith("drawn")
        return drawn or "near_copy_in_train" in self.columns

    def rows(self, *, split: str | None = None, emotion: str | None = None) -> NDArray[np.int64]:
        """Row numbers of the images of a split and an emotion (None: any), ascending."""
        return rows_of(self.labels, self.split, split=split, emotion=emotion)


def known_copies(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Which images (N,) have an identical image in ``train`` or, where those were looked for, a near copy."""
    copies = columns["copy_in_train"]
    return np.asarray(copies | columns.get("near_copy_in_train", copies), np.bool_)


def rows_of(
    labels: NDArray[np.uint8],
    splits: NDArray[np.uint8],
    *,
    split: str | None = None,
    emotion: str | None = None,
) -> NDArray[np.int64]:
    """Rows of codes ``labels`` and ``splits`` (N,) that are of a split and an emotion (None: any)."""
    chosen = np.ones(len(labels), bool)
    if split is not None:
        chosen &= splits == SPLITS.index(split)
    if emotion is not None:
        chosen &= labels == EMOTIONS.index(emotion)
    return np.flatnonzero(chosen)


class DatasetWriter:
    """Writes a dataset image by image in bounded memory; obtained from :func:`writing_dataset`."""

    def __init__(self, artifact: NewArtifact) -> None:
        self._artifact = artifact
        self._file = artifact.file
        self._images = self._file.create_dataset(
            "images", (0, SIDE, SIDE), "uint8", maxshape=(None, SIDE, SIDE), chunks=(CHUNK_ROWS, SIDE, SIDE)
        )

    def __len__(self) -> int:
        return int(self._images.shape[0])

    def append(self, images: NDArray[np.uint8]) -> None:
        """Add ``images`` uint8 (n, 48, 48) at the end."""
        start = len(self)
        self._images.resize(start + len(images), axis=0)
        self._images[start:] = images
        self._artifact.check()

    def images(self) -> NDArray[np.uint8]:
        """All images written so far, uint8 (N, 48, 48)."""
        return np.asarray(self._images[()])

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the images where ``mask`` bool (N,) is False; the others move up, in order."""
        end = 0
        for start in range(0, len(mask), 4096):
            kept = self._images[start : start + 4096][mask[start : start + 4096]]
            self._images[end : end + len(kept)] = kept
            end += len(kept)
        self._images.resize(end, axis=0)

    def finish(
        self,
        columns: Mapping[str, NDArray[Any]],
        provenance: Provenance,
        facts: Mapping[str, Any],
        *,
        names: Iterable[str] | None = None,
    ) -> None:
        """Write the columns (see :data:`COLUMNS`; one row an image), the pictures' names and the header."""
        for name, values in columns.items():
            dtype, row_shape = COLUMNS[name]
            if values.shape != (len(self), *row_shape):
                raise ValueError(f"column {name}: shape {values.shape} for {len(self)} images")
            self._file.create_dataset(name, data=np.asarray(values, dtype))
        if names is not None:
            self._file.create_dataset(SOURCE_NAMES, data=_as_bytes(names))
        write_header(self._file, DATASET, provenance, facts)


@contextmanager
def writing_dataset(path: Path) -> Iterator[DatasetWriter]:
    """Write a dataset atomically: the file appears at ``path`` when the block ends without an error."""
    with new_artifact(path) as artifact:
        yield DatasetWriter(artifact)


def read_dataset(path: Path) -> DatasetArrays:
    """Read a whole dataset.

    Raises :class:`~feraug.errors.ArtifactError` when it is damaged: a missing column, columns of
    differing length, a label or split code that does not exist.
    """
    with open_artifact(path, DATASET) as reader:
        reader.facts(FACTS)
        images = reader.array("images", "uint8", _IMAGES)
        return DatasetArrays(reader.header, images, _columns(reader, len(images)), path)


def read_dataset_columns(path: Path) -> tuple[Header, Mapping[str, NDArray[Any]]]:
    """The header and the columns of a dataset, without its images: some 30 bytes an image.

    Raises as :func:`read_dataset`; of the images it is checked that they are there.
    """
    with open_artifact(path, DATASET) as reader:
        reader.facts(FACTS)
        rows = int(reader.dataset("images", "uint8", _IMAGES).shape[0])
        return reader.header, _columns(reader, rows)


def read_source_names(path: Path) -> list[str] | None:
    """The names (N) that the source's pictures had below their folder; None where they had none.

    Raises as :func:`read_dataset`, and for as many names as there are not rows.
    """
    with open_artifact(path, DATASET) as reader:
        return _names(reader, int(reader.dataset("images", "uint8", _IMAGES).shape[0]))


def _names(reader: ArtifactReader, rows: int) -> list[str] | None:
    if not reader.has(SOURCE_NAMES):
        return None
    *names, rest = reader.array(SOURCE_NAMES, "uint8", (None,)).tobytes().split(b"\0")
    if rest or len(names) != rows or b"" in names:
        what = "names that are empty" if b"" in names else f"{len(names):,} names for {rows:,} images"
        raise reader.damaged(f"'{SOURCE_NAMES}' has {what}{', and more behind' if rest else ''}")
    try:
        return [name.decode("utf-8", "surrogatepass") for name in names]
    except UnicodeDecodeError:
        raise reader.damaged(f"'{SOURCE_NAMES}' has names that are no UTF-8") from None


def _as_bytes(names: Iterable[str]) -> NDArray[np.uint8]:
    """Names one after the other, each with a NUL behind it, which no name holds."""
    text = "".join(f"{name}\0" for name in names)
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _columns(reader: ArtifactReader, rows: int) -> dict[str, NDArray[Any]]:
    columns = {name: _column(reader, name, rows) for name in COLUMNS if _wanted(reader, name)}
    for name, (low, high) in _limits(rows).items():
        if name in columns:
            reader.within(name, columns[name], low, high)
    _names(reader, rows)  # checked with them, so that a file is whole or is not
    return columns


def _limits(rows: int) -> dict[str, tuple[int, int]]:
    """Lowest and highest value of the columns that are codes or row numbers."""
    codes = {"labels": (0, len(EMOTIONS) - 1), "source_labels": (0, len(EMOTIONS) - 1)}
    return codes | {
        "split": (0, len(SPLITS) - 1),
        "source_row": (0, 2**63 - 1),
        "duplicate_group": (-1, rows - 1),
        "near_copy_row": (-1, rows - 1),
        "near_copy_group": (-1, rows - 1),
        "person": (0, 2**31 - 1),
    }


def _wanted(reader: ArtifactReader, name: str) -> bool:
    return name in REQUIRED_COLUMNS or reader.has(name)


def _column(reader: ArtifactReader, name: str, rows: int) -> NDArray[Any]:
    dtype, row_shape = COLUMNS[name]
    return reader.array(name, dtype, (rows, *row_shape))
