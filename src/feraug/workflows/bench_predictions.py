"""Predictions of networks that feraug did not train, by the measures of ``feraug bench``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feraug.emotions import EMOTIONS
from feraug.errors import UsageError, one_line
from feraug.store.bench import TEST_COLUMNS
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.bench_conclusions import conclusions
from feraug.workflows.bench_table import table
from feraug.workflows.real_faces import read_faces

_CODES: Final = len(EMOTIONS)
_SUM: Final = 1e-2
"""How far the probabilities of an image may be from a sum of 1: those in half precision are."""


@dataclass(frozen=True)
class PredictionsResult:
    """What the predictions came to."""

    table: dict[str, Any]
    """``images``, ``unseen``, ``arms`` and ``differences``, as ``feraug bench --json`` has them."""
    conclusions: list[str]
    """What may be concluded, in sentences."""


def bench_predictions(
    predictions: Mapping[str, ArrayLike], workspace: Workspace, *, dataset: Path | None = None
) -> PredictionsResult:
    """Figures and differences of ``predictions`` by arm, for the test images of a dataset in their order.

    Each arm: codes int (R, T) in 0..6, or probabilities float (R, T, 7) in [0, 1]; row r of every arm is of
    the same seed.  Arms are compared with ``real``, or without it with the first.  Calibration errors are
    those of probabilities alone.  Raises :class:`UsageError` for anything else, and
    :class:`MissingArtifactError` where there is no dataset.
    """
    if not isinstance(predictions, Mapping):
        raise UsageError("predictions: give them by arm, such as {'real': …, 'mixed': …}")
    faces = read_faces(workspace.dataset_file(dataset), workspace).arrays
    rows = faces.rows(split="test")
    if not len(rows):
        raise UsageError("predictions: the dataset has no test images")
    if not predictions:
        raise UsageError("predictions: none; give them by arm, such as {'real': …, 'mixed': …}")
    found = {name: _probabilities(name, given, len(rows)) for name, given in predictions.items()}
    first, *others = found
    for name in others:
        if len(found[name]) != len(found[first]):
            trainings = plural(len(found[first]), "training")
            raise UsageError(
                f"predictions: {first!r} has {trainings}, {name!r} {len(found[name])}; "
                "row r of each is of the same seed, so give as many of each"
            )
    columns = {name: faces.columns[name] for name in TEST_COLUMNS if name in faces.columns}
    test = {name: values[rows] for name, values in {**columns, "labels": faces.labels}.items()}
    figures = table(found, test)
    for name, given in predictions.items():
        if np.ndim(given) == 2:
            figures["arms"][name].pop("calibration_error", None)
    return PredictionsResult(figures, conclusions(figures))


def _probabilities(name: str, given: ArrayLike, images: int) -> NDArray[np.float32]:
    """Probabilities float32 (R, T, 7) of codes or probabilities."""
    arm = f"predictions: {name!r}"
    try:
        values = np.asarray(given)
    except ValueError:  # rows of different lengths
        values = np.empty(0)
    except (TypeError, RuntimeError) as problem:  # a tensor on a GPU, with a gradient, in bfloat16
        raise UsageError(f"{arm}: no array ({one_line(str(problem))})") from problem
    if not isinstance(name, str) or not name or " - " in name:
        raise UsageError(f"{arm}: an arm is a name, without ' - '")
    whole = values.ndim == 2 and np.issubdtype(values.dtype, np.integer)
    if not whole and not (values.ndim == 3 and np.issubdtype(values.dtype, np.floating)):
        raise UsageError(
            f"{arm}: takes emotion codes (trainings, images), whole numbers, or probabilities "
            f"(trainings, images, {_CODES}), not {values.dtype} {values.shape}"
        )
    if not len(values):
        raise UsageError(f"{arm}: no training")
    if values.shape[1] != images:
        raise UsageError(
            f"{arm}: {plural(values.shape[1], 'image')}; the test split has {images:,}, in the order of "
            "open_dataset(…).select(split='test')"
        )
    if whole:
        if values.min() < 0 or values.max() >= _CODES:
            raise UsageError(f"{arm}: codes from 0 to {_CODES - 1}, in the order of EMOTIONS")
        certain: NDArray[np.float32] = np.eye(_CODES, dtype=np.float32)[values]
        return certain
    if values.shape[2] != _CODES:
        raise UsageError(f"{arm}: {_CODES} probabilities an image, in the order of EMOTIONS")
    if not np.isfinite(values).all() or values.min() < 0 or abs(values.sum(2) - 1).max() > _SUM:
        raise UsageError(f"{arm}: no probabilities; of logits take the softmax first")
    return values.astype(np.float32)
