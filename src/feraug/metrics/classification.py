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


def logit_adjusted(
    probabilities: NDArray[np.floating], counts: NDArray[np.integer], *, label_smoothing: float = 0.0
) -> NDArray[np.float32]:
    """Probabilities float32 (..., K) as if all classes had been equally frequent in training.

    ``probabilities`` (..., K) divided by each class's share of the training labels, of which ``counts`` (K,)
    are given, and normalised: the post-hoc logit adjustment of Menon et al., "Long-tail learning via logit
    adjustment" (ICLR 2021), section 4.1, with tau 1.  For probabilities that are right, the likeliest class
    has then the highest balanced accuracy that can be had.  Those of a network that was trained with
    ``label_smoothing`` e are (1 - e) p + e / K at best: p is recovered first, or e / K would be divided by a
    rare class's share, too.  A class without training labels keeps none.
    """
    found = np.asarray(probabilities, np.float64)
    found = np.maximum(found - label_smoothing / found.shape[-1], 0.0)  # (1 - e) is normalised away
    shares = np.maximum(counts, 1) / max(1, int(counts.sum()))
    found = np.where(counts > 0, found / shares, 0.0)
    total = found.sum(-1, keepdims=True)
    # All on a class that training had no label of: there is nothing to adjust.
    return np.where(total > 0, found / np.where(total > 0, total, 1.0), probabilities).astype(np.float32)


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
