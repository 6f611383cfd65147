"""``bench/NAME.h5`` and the predictions of its parts: what a benchmark found, image by image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS
from feraug.store.header import BENCH, PREDICTIONS, Header, Provenance, write_header
from feraug.store.reading import EACH, ArtifactReader, FactsShape, is_shaped, open_artifact
from feraug.store.writing import new_artifact

TEST_COLUMNS: Final[Mapping[str, str]] = {
    "row": "int64",
    "labels": "uint8",
    "duplicate_group": "int32",
    "copy_in_train": "bool",
    "near_copy_in_train": "bool",
    "near_copy_group": "int32",
    "person": "int32",
    "person_in_train": "bool",
}
"""What is known of each test image, below ``test``; dtype.

Near copies are there if they were looked for, people if the names of the pictures told them.
"""

_CLASSES: Final = len(EMOTIONS)


@dataclass(frozen=True)
class Predictions:
    """One repeat of an arm: probabilities float32 (T, 7) of the test images, and how it was trained.

    ``validation_accuracy`` float32 (E,) after each epoch; ``validation_probabilities`` float32 (V, 7) of the
    validation images by the chosen one, None in files of earlier versions; ``facts`` has ``arm``, ``repeat``,
    ``chosen_epoch``, ``steps`` and ``seconds``.
    """

    header: Header
    probabilities: NDArray[np.float32]
    validation_accuracy: NDArray[np.float32]
    validation_probabilities: NDArray[np.float32] | None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The small facts of the header."""
        return self.header.extra


@dataclass(frozen=True)
class BenchArrays:
    """A benchmark in memory: ``probabilities`` float32 (R, T, 7) by arm, and the columns of the test images.

    The header's ``extra`` holds the table as JSON under ``table``.
    """

    header: Header
    probabilities: Mapping[str, NDArray[np.float32]]
    test: Mapping[str, NDArray[Any]]


_NUMBER: Final[FactsShape] = (float, int)
_INTERVAL: Final[Mapping[str, FactsShape]] = dict.fromkeys(("mean", "low", "high", "p"), _NUMBER)
_OF_REPEATS: Final = ("accuracy", "macro_f1", "balanced_accuracy")
_ARM: Final[FactsShape] = {
    **{name: [_NUMBER] for name in _OF_REPEATS},
    "per_class": {emotion: {"correct": [int], "total": int} for emotion in EMOTIONS},
    "confusion": [[int]],
}
_DIFFERENCE: Final[FactsShape] = {
    **dict.fromkeys(("accuracy", "macro_f1", "balanced_accuracy"), _INTERVAL),
    "accuracy_p_holm": _NUMBER,
    "per_class": {EACH: {**_INTERVAL, "p_holm": _NUMBER}},
    "mcnemar": [_NUMBER],
}
_FACTS: Final[Mapping[str, FactsShape]] = {
    "steps": int, "reduced": bool, "arms": [str],
    "table": {"images": {EACH: int}, "arms": {EACH: _ARM}, "differences": {EACH: _DIFFERENCE}},
}  # fmt: skip


def write_predictions(
    path: Path,
    probabilities: NDArray[np.float32],
    validation_accuracy: NDArray[np.float32],
    validation_probabilities: NDArray[np.float32],
    provenance: Provenance,
    facts: Mapping[str, Any],
) -> None:
    """Write one repeat of an arm atomically."""
    with new_artifact(path) as artifact:
        write_header(artifact.file, PREDICTIONS, provenance, facts)
        artifact.file.create_dataset("probabilities", data=probabilities)
        artifact.file.create_dataset("validation_accuracy", data=validation_accuracy)
        artifact.file.create_dataset("validation_probabilities", data=validation_probabilities)


def read_predictions(path: Path) -> Predictions:
    """Read one repeat of an arm; raises :class:`~feraug.errors.ArtifactError` when it is damaged."""
    with open_artifact(path, PREDICTIONS) as reader:
        reader.facts({"arm": str, "repeat": int, "chosen_epoch": int, "steps": int, "seconds": float})
        of_validation = "validation_probabilities"
        return Predictions(
            reader.header,
            _probabilities(reader, "probabilities", (None, _CLASSES)),
            reader.array("validation_accuracy", "float32", (None,)),
            _probabilities(reader, of_validation, (None, _CLASSES)) if reader.has(of_validation) else None,
        )


def write_bench(
    path: Path,
    probabilities: Mapping[str, NDArray[np.float32]],
    test: Mapping[str, NDArray[Any]],
    provenance: Provenance,
    facts: Mapping[str, Any],
) -> None:
    """Write a benchmark atomically."""
    with new_artifact(path) as artifact:
        write_header(artifact.file, BENCH, provenance, facts)
        for arm, values in probabilities.items():
            artifact.file.create_dataset(f"arms/{arm}/probabilities", data=values)
        for name, values in test.items():
            artifact.file.create_dataset(f"test/{name}", data=np.asarray(values, TEST_COLUMNS[name]))


def read_bench(path: Path) -> BenchArrays:
    """Read a benchmark; raises :class:`~feraug.errors.ArtifactError` when it is damaged."""
    with open_artifact(path, BENCH) as reader:
        reader.facts(_FACTS)
        table, arms = reader.header.extra["table"], reader.header.extra["arms"]
        if not is_shaped(table.get("conclusions", []), [str]):
            raise reader.damaged("attribute 'facts' has unusable conclusions")
        if not arms or sorted(arms) != sorted(table["arms"]):
            raise reader.damaged("attribute 'facts' has no table of its arms")
        labels = reader.array("test/labels", "uint8", (None,))
        reader.within("test/labels", labels, 0, _CLASSES - 1)
        test = {
            name: reader.array(f"test/{name}", dtype, (len(labels),))
            for name, dtype in TEST_COLUMNS.items()
            if reader.has(f"test/{name}")
        }
        shape = (None, len(labels), _CLASSES)
        found = {str(arm): _probabilities(reader, f"arms/{arm}/probabilities", shape) for arm in arms}
        for name, difference in table["differences"].items():
            if not {*name.split(" - ")} <= {*arms} or not {*difference["per_class"]} <= {*EMOTIONS}:
                raise reader.damaged(f"attribute 'facts' has a difference '{name}' of no two arms")
        for arm, values in found.items():
            figures = [table["arms"][arm][name] for name in _OF_REPEATS]
            figures += [counts["correct"] for counts in table["arms"][arm]["per_class"].values()]
            if not len(values) or any(len(each) != len(values) for each in figures):
                raise reader.damaged(f"attribute 'facts' lacks figures of the repeats of '{arm}'")
        return BenchArrays(reader.header, found, test)


def _probabilities(reader: ArtifactReader, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    values = reader.array(name, "float32", shape)
    if not (np.isfinite(values).all() and (values >= 0).all() and (abs(values.sum(-1) - 1) < 0.01).all()):
        raise reader.damaged(f"'{name}' holds values that are no probabilities")
    return values
