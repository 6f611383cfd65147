"""From predictions to the table of a benchmark: the figures of its arms, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import CONTROLS
from feraug.emotions import EMOTIONS
from feraug.metrics.classification import balanced_accuracy, calibration_error, confusion_matrix, macro_f1
from feraug.metrics.groups import joined
from feraug.metrics.significance import CrossedBootstrap, Difference, holm, mcnemar
from feraug.store.dataset import known_copies

Floats = NDArray[np.float64]
_CLASSES: Final = len(EMOTIONS)

_PEOPLE: Final = {"person", "person_in_train"}


def table(
    probabilities: Mapping[str, NDArray[np.float32]], test: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    """``arms`` and ``differences`` as JSON values, of probabilities (R, T, 7) by arm.

    ``test`` has ``labels``, ``duplicate_group`` (``near_copy_group`` where near copies were looked for),
    ``person`` where it is known, and the flags of the test images (T,).  Arms are compared with ``real``, or
    without it with the first, and those of :data:`CONTROLS` with their controls, too.

    ``images`` counts the test images, also where none is left and the arms have no such accuracy; without an
    audit of near copies it lacks them.  ``unseen`` counts, by emotion, those without any known copy in
    ``train``; ``people`` whom the test images show, and how many of them show people in ``train``.
    """
    base = "real" if "real" in probabilities else next(iter(probabilities))
    groups = _groups(test)
    subsets = {"accuracy": np.ones(len(groups), bool), "accuracy_unleaked": ~test["copy_in_train"]}
    if "near_copy_in_train" in test:
        subsets["accuracy_without_near_copies"] = ~known_copies(test)
    counts = {name: int(mask.sum()) for name, mask in subsets.items()}
    subsets = {name: mask for name, mask in subsets.items() if mask.any()}
    arms = {arm: _arm(found, test["labels"], subsets) for arm, found in probabilities.items()}
    for arm, values in probabilities.items():
        if arm != "logit-adjusted":  # whose probabilities are for other shares of the emotions than these
            errors = [calibration_error(row, test["labels"]) for row in values]
            arms[arm]["calibration_error"] = _rounded(errors)
    pairs = [(arm, base) for arm in probabilities if arm != base]
    pairs += [
        (arm, control)
        for arm, controls in CONTROLS.items()
        for control in controls
        if {arm, control} <= {*arms} - {base}
    ]
    differences = {
        f"{arm} - {other}": _differences(
            probabilities[arm], probabilities[other], test["labels"], groups, subsets
        )
        for arm, other in pairs
    }
    for name in ("accuracy", "balanced_accuracy"):
        adjusted = holm(np.array([found[name]["p"] for found in differences.values()]))
        for found, p in zip(differences.values(), adjusted, strict=True):
            found[f"{name}_p_holm"] = round(float(p), 6)
    unseen = np.bincount(test["labels"][~known_copies(test)], minlength=_CLASSES)
    return {
        **({"people": _people(test)} if test.keys() >= _PEOPLE else {}),
        "images": counts,
        "unseen": {emotion: int(count) for emotion, count in zip(EMOTIONS, unseen, strict=True)},
        "arms": arms,
        "differences": differences,
    }


def _arm(found: NDArray[np.float32], labels: NDArray[np.uint8], subsets: Mapping[str, Any]) -> dict[str, Any]:
    called = found.argmax(2)
    right = called == labels
    matrices = np.stack([confusion_matrix(labels, row, _CLASSES) for row in called])
    return {
        **{name: _rounded(right[:, mask].mean(1)) for name, mask in subsets.items()},
        "macro_f1": _rounded(macro_f1(matrices)),
        **{f"balanced_{name}": _balanced(labels[mask], called[:, mask]) for name, mask in subsets.items()},
        "per_class": {
            emotion: {
                "correct": [int(count) for count in matrices[:, code, code]],
                "total": int(np.count_nonzero(labels == code)),
            }
            for code, emotion in enumerate(EMOTIONS)
        },
        "confusion": matrices.sum(0).tolist(),
    }


def _differences(
    found: NDArray[np.float32],
    base: NDArray[np.float32],
    labels: NDArray[np.uint8],
    groups: NDArray[np.int64],
    subsets: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Any]:
    repeats = min(len(found), len(base))  # repeats are paired by seed
    called, base_called = found[:repeats].argmax(2), base[:repeats].argmax(2)
    right, base_right = called == labels, base_called == labels
    change = right.astype(np.float64) - base_right
    bootstrap = CrossedBootstrap()
    result: dict[str, Any] = {"changed": int(np.count_nonzero((change != 0).any(0)))}
    result |= {
        name: _json(bootstrap.mean_difference(change[:, mask], groups[mask]))
        for name, mask in subsets.items()
    }
    matrices = (_one_hot(labels, called), _one_hot(labels, base_called))
    result["macro_f1"] = _json(bootstrap.statistic_difference(macro_f1, matrices, groups))
    for name, mask in subsets.items():
        arms = matrices[0][:, mask], matrices[1][:, mask]
        balanced = bootstrap.statistic_difference(balanced_accuracy, arms, groups[mask], of_recalls=True)
        result[f"balanced_{name}"] = _json(balanced)
    per_class = {}
    for code, emotion in enumerate(EMOTIONS):
        here = labels == code
        if here.any():
            per_class[emotion] = _json(bootstrap.mean_difference(change[:, here], groups[here]))
    adjusted = holm(np.array([values["p"] for values in per_class.values()]))
    for values, p in zip(per_class.values(), adjusted, strict=True):
        values["p_holm"] = round(float(p), 6)
    result["per_class"] = per_class
    result["mcnemar"] = [
        round(mcnemar(mine, other), 6) for mine, other in zip(right, base_right, strict=True)
    ]
    return result


def _people(test: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    return {
        "total": len(np.unique(test["person"])),
        "in_train": int(np.count_nonzero(test["person_in_train"])),
    }


def _groups(test: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """A number (T,) alike for copies of one image and for images of one person, where that is known."""
    known = test.get("near_copy_group", test["duplicate_group"])  # identical images share a group in both
    if test.keys() >= _PEOPLE:
        known = joined(known, test["person"])
    alone = np.arange(len(known), dtype=np.int64) + int(known.max(initial=0)) + 1
    return np.where(known < 0, alone, known)


def _balanced(labels: NDArray[np.uint8], called: NDArray[np.int64]) -> list[float]:
    """Balanced accuracy of each repeat of ``called`` (R, T)."""
    return _rounded(balanced_accuracy(np.stack([confusion_matrix(labels, row, _CLASSES) for row in called])))


def _one_hot(labels: NDArray[np.uint8], called: NDArray[np.int64]) -> Floats:
    """Each image's own confusion matrix, float (R, T, 7, 7)."""
    matrices = np.zeros((*called.shape, _CLASSES, _CLASSES), np.float64)
    repeat, image = np.indices(called.shape)
    matrices[repeat, image, labels[image], called] = 1.0
    return matrices


def _json(difference: Difference) -> dict[str, float]:
    return {name: round(value, 6) for name, value in vars(difference).items()}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 6) for value in values]
