"""``feraug export``: PNG folders that ImageFolder reads, or a FER2013-style CSV."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.config import ClassifierConfig
from feraug.emotions import EMOTIONS, FER2013_USAGES, SPLITS, UNLABELLED
from feraug.errors import ArtifactError, UsageError
from feraug.plots import write_png
from feraug.store.atomic import atomic_folder, atomic_path
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import DATASET, MODEL, SYNTHETIC, Header
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import at_home
from feraug.version import __version__
from feraug.words import plural
from feraug.workflows.events import Notify, Progress, ignore
from feraug.workflows.export_place import (
    CSV_HEADER,
    MARK,
    NO_LABEL,
    check_place,
    csv_mark,
    is_csv,
    listing_digest,
)
from feraug.workflows.export_result import ExportResult
from feraug.workflows.export_weights import WEIGHTS, export_weights
from feraug.workflows.model_files import config_of

__all__ = ["ExportResult", "export_artifact"]


@dataclass(frozen=True)
class _Faces:
    """What both formats need: images, labels, and the split of each (None: a synthetic set)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8] | None


def export_artifact(
    path: str | Path,
    destination: str | Path,
    *,
    weights: str | None = None,
    overwrite: bool = False,
    notify: Notify = ignore,
) -> ExportResult:
    """Write the images of a dataset or synthetic set, or the weights of a model, to ``destination``.

    A destination ending in ``.csv`` or ``.csv.gz`` gets FER2013's columns ``emotion,pixels,Usage``
    (synthetic images are Training); any other is a folder, with ``SPLIT/EMOTION/ROW.png`` for a
    dataset and ``EMOTION/ROW.png`` for a synthetic set.  It appears whole or not at all.
    A model goes to a ``.h5``: see :func:`feraug.workflows.export_weights.export_weights`.
    Where the same file was exported there before, and that export is unchanged, nothing is written.
    Raises :class:`ConfigConflictError` when something else stands there, unless it is an earlier export
    and ``overwrite`` is true, and :class:`UsageError` for a link, or a place above ``path``
    or the current folder.
    """
    path, destination = at_home(path), at_home(destination)
    if destination.name in ("", ".."):
        destination = destination.resolve()
    header = read_artifact_header(path)
    if header.encoding_type == MODEL:
        if isinstance(config_of(path), ClassifierConfig):
            raise ArtifactError(
                f"{path}: a classifier has neither images nor a generator",
                "export a dataset, a synthetic set or a model that makes faces",
            )
        if destination.suffix != ".h5":
            if weights is not None or destination.suffix.lower() == ".h5":
                raise UsageError(f"{destination}: the weights of a model go into a file NAME.h5")
            raise ArtifactError(
                f"{path}: a model holds no images",
                "make some with 'feraug synth', or export its weights to a file NAME.h5",
            )
        return export_weights(path, destination, weights=weights or WEIGHTS[0], overwrite=overwrite)
    if weights is not None:
        raise UsageError("--weights: is for models; this file holds images")
    check = partial(
        check_place, path, destination, set(header.provenance.inputs.values()), overwrite=overwrite
    )
    done = check()
    as_csv = is_csv(destination)
    mark = _mark_text(path, "file" if as_csv else "folder")
    faces = _read(path, header)
    if not done:
        write = _write_csv if as_csv else _write_folders
        write(faces, destination, check, notify, mark)
    return ExportResult(destination.resolve(), done, len(faces.images), "csv" if as_csv else "png")


def _read(path: Path, header: Header) -> _Faces:
    kind = header.encoding_type
    if kind == DATASET:
        dataset = read_dataset(path)
        return _Faces(dataset.images, dataset.labels, dataset.split)
    if kind == SYNTHETIC:
        synthetic = read_synthetic(path)
        return _Faces(synthetic.images, synthetic.labels, None)
    raise ArtifactError(f"{path}: an analysis holds no images", "export the dataset or the synthetic set")


def _write_csv(
    faces: _Faces, destination: Path, check: Callable[[], object], notify: Notify, mark: str
) -> None:
    unlabelled = np.flatnonzero(faces.labels == UNLABELLED)
    if len(unlabelled):
        have = plural(len(unlabelled), "image has", "images have")
        raise UsageError(f"{have} no label, and FER2013's CSV has no word for that; use a folder")
    with atomic_path(destination) as temporary:
        with _text_file(temporary, destination) as stream:
            stream.write(CSV_HEADER)
            for row, image in enumerate(faces.images):
                usage = FER2013_USAGES[0 if faces.split is None else faces.split[row]]
                stream.write(f"{faces.labels[row]},{' '.join(map(str, image.ravel().tolist()))},{usage}\n")
                notify(Progress("exporting", row + 1, len(faces.images), "images"))
        check()  # once more: what may have come there since is not ours either
        # Before the CSV itself is there: a mark of what never came is no harm, a CSV without one would stay.
        with atomic_path(csv_mark(destination)) as marked:
            marked.write_text(f"{sha256_file(temporary)} {mark}", "utf-8", "backslashreplace")


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


def _write_folders(
    faces: _Faces, destination: Path, check: Callable[[], object], notify: Notify, mark: str
) -> None:
    digits = max(5, len(str(len(faces.images))))
    with atomic_folder(destination) as folder:
        for row, image in enumerate(faces.images):
            label = int(faces.labels[row])
            emotion = NO_LABEL if label == UNLABELLED else EMOTIONS[label]
            place = folder if faces.split is None else folder / SPLITS[faces.split[row]]
            place = place / emotion
            place.mkdir(parents=True, exist_ok=True)
            write_png(image, place / f"{row:0{digits}}.png")
            notify(Progress("exporting", row + 1, len(faces.images), "images"))
        (folder / MARK).write_text(f"{listing_digest(folder)} {mark}", "utf-8", "backslashreplace")
        check()


def _mark_text(source: Path, place: str) -> str:
    """What a mark says after the digest of what was written."""
    holds = "that holds what it wrote and nothing else" if place == "folder" else "with this SHA-256"
    return (
        f"{sha256_file(source)}  feraug {__version__} exported {source.name} to this {place}.  "
        f"'feraug export --overwrite' replaces a {place} {holds}.\n"
    )
