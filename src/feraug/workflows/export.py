"""``feraug export``: PNG folders that ImageFolder reads, or a FER2013-style CSV."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, FER2013_USAGES, SPLITS, UNLABELLED
from feraug.errors import ArtifactError, ConfigConflictError, UsageError
from feraug.plots import write_png
from feraug.store.atomic import atomic_path, storage_error
from feraug.store.dataset import read_dataset
from feraug.store.header import DATASET, SYNTHETIC
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.workflows.events import Notify, Progress, ignore

CSV_ENDINGS: Final = (".csv", ".csv.gz")


@dataclass(frozen=True)
class ExportResult:
    """What was exported; ``as_json`` is what ``--json`` prints."""

    path: Path
    images: int
    format: str

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {"path": str(self.path), "images": self.images, "format": self.format}


@dataclass(frozen=True)
class _Faces:
    """What both formats need: images, labels, and the split of each (None: a synthetic set)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8] | None


def export_artifact(
    path: Path, destination: Path, *, overwrite: bool = False, notify: Notify = ignore
) -> ExportResult:
    """Write the images of a dataset or synthetic set to ``destination``.

    A destination ending in ``.csv`` or ``.csv.gz`` gets FER2013's columns ``emotion,pixels,Usage``
    (synthetic images are Training); any other is a folder, with ``SPLIT/EMOTION/ROW.png`` for a
    dataset and ``EMOTION/ROW.png`` for a synthetic set.  It appears whole or not at all.
    Raises :class:`ConfigConflictError` when it exists and ``overwrite`` is false.
    """
    faces = _read(path)
    as_csv = destination.name.lower().endswith(CSV_ENDINGS)
    if (
        destination.exists()
        and not overwrite
        and (as_csv or not destination.is_dir() or any(destination.iterdir()))
    ):
        raise ConfigConflictError(f"{destination} exists already; --overwrite replaces it")
    if as_csv:
        if destination.is_dir():
            raise UsageError(f"{destination} is a folder; name a file for a CSV")
        _write_csv(faces, destination, notify)
    else:
        _write_folders(faces, destination, notify)
    return ExportResult(destination.resolve(), len(faces.images), "csv" if as_csv else "png")


def _read(path: Path) -> _Faces:
    kind = read_artifact_header(path).encoding_type
    if kind == DATASET:
        dataset = read_dataset(path)
        return _Faces(dataset.images, dataset.labels, dataset.split)
    if kind == SYNTHETIC:
        synthetic = read_synthetic(path)
        return _Faces(synthetic.images, synthetic.labels, None)
    raise ArtifactError(f"{path}: a model holds no images; make some with 'feraug synth', then export those")


def _write_csv(faces: _Faces, destination: Path, notify: Notify) -> None:
    unlabelled = np.flatnonzero(faces.labels == UNLABELLED)
    if len(unlabelled):
        raise UsageError(
            f"{len(unlabelled)} images have no label, and FER2013's CSV has no word for that; use a folder"
        )
    with atomic_path(destination) as temporary, _text_file(temporary, destination) as stream:
        stream.write("emotion,pixels,Usage\n")
        for row, image in enumerate(faces.images):
            usage = FER2013_USAGES[0 if faces.split is None else faces.split[row]]
            stream.write(f"{faces.labels[row]},{' '.join(map(str, image.ravel().tolist()))},{usage}\n")
            notify(Progress("exporting", row + 1, len(faces.images), "images"))


@contextmanager
def _text_file(temporary: Path, destination: Path) -> Iterator[io.TextIOBase]:
    if destination.name.lower().endswith(".gz"):
        # No time stamp and no name inside: the same images give the same bytes.
        with (
            temporary.open("wb") as raw,
            gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
            io.TextIOWrapper(packed, "ascii", newline="") as stream,
        ):
            yield stream
    else:
        with temporary.open("w", encoding="ascii", newline="") as stream:
            yield stream


def _write_folders(faces: _Faces, destination: Path, notify: Notify) -> None:
    digits = max(5, len(str(len(faces.images))))
    with _atomic_folder(destination) as folder:
        for row, image in enumerate(faces.images):
            label = int(faces.labels[row])
            emotion = "unlabelled" if label == UNLABELLED else EMOTIONS[label]
            place = folder if faces.split is None else folder / SPLITS[faces.split[row]]
            place = place / emotion
            place.mkdir(parents=True, exist_ok=True)
            write_png(image, place / f"{row:0{digits}}.png")
            notify(Progress("exporting", row + 1, len(faces.images), "images"))


@contextmanager
def _atomic_folder(destination: Path) -> Iterator[Path]:
    """Fill a folder beside ``destination``, then put it in its place."""
    temporary = destination.parent / f".{destination.name}.{os.getpid()}.partial"
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if destination.is_dir() and not destination.is_symlink():
            shutil.rmtree(destination)
        elif destination.exists():
            destination.unlink()
        temporary.replace(destination)
    except OSError as problem:
        raise storage_error(destination, problem) from problem
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary)
