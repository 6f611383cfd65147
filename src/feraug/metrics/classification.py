"""How well classes were told: confusion, recall, F1, calibration; arrays in, numbers out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def confusion_matrix(
    labels: NDArray[np.integer], called: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """Counts int64 (classes, classes) of codes ``labels``, ``called`` (N,): row true, column predicted."""
    flat = labels.astype(np.int64) * classes + called.astype(np.int64)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def recalls(confusion: NDArray[np.integer] | Floats) -> Floats:
    """Recall of each class, float (..., K) of confusion matrices (..., K, K); NaN for absent classes."""
    counts = np.asarray(confusion, np.float64)
    totals = counts.sum(-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    found: Floats = np.divide(right, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    return found


def macro_f1(confusion: NDArray[np.integer] | Floats) -> Floats:
    """Mean over the classes present of F1 = 2 TP / (2 TP + FP + FN); float (...) of (..., K, K).

    A class is present when an image truly is of it.  One that is present and never called has 0.
    """
    counts = np.asarray(confusion, np.float64)
    truly, called = counts.sum(-1), counts.sum(-2)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    present = truly > 0
    f1 = np.divide(2.0 * right, truly + called, out=np.zeros(truly.shape), where=present)
    return np.asarray(f1.sum(-1) / np.maximum(present.sum(-1), 1))


def balanced_accuracy(confusion: NDArray[np.integer] | Floats) -> Floats:
    """Mean recall over the classes present, float (...) of (..., K, K)."""
    return np.asarray(np.nanmean(recalls(confusion), axis=-1))


def calibration_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], bins: int = 15
) -> float:
    """Expected calibration error, in [0, 1], of probabilities (N, K), rows of sum 1, for labels (N,), codes.

    Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3: over ``bins`` equal
    bins of confidence, |accuracy - mean confidence| weighed by the share of images.
    """
    confidence = probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == labels
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
