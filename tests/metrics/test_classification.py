"""Confusion, recall, F1, balanced accuracy and calibration: by hand, and scikit-learn's own examples."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.metrics.classification import (
    balanced_accuracy,
    calibration_error,
    confusion_matrix,
    logit_adjusted,
    macro_f1,
    recalls,
)


def matrix(labels: list[int], called: list[int], classes: int) -> NDArray[np.int64]:
    return confusion_matrix(np.array(labels, np.uint8), np.array(called, np.uint8), classes)


def test_logit_adjustment_by_hand() -> None:
    found = logit_adjusted(np.array([[0.6, 0.3, 0.1], [0.0, 1.0, 0.0]], np.float32), np.array([60, 30, 10]))
    np.testing.assert_allclose(found, [[1 / 3] * 3, [0.0, 1.0, 0.0]], rtol=1e-6)
    absent = logit_adjusted(np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]], np.float32), np.array([2, 2, 0]))
    np.testing.assert_allclose(absent, [[2 / 3, 1 / 3, 0.0], [0.0, 0.0, 1.0]], rtol=1e-6)
    smoothed = logit_adjusted(np.array([[0.64, 0.28, 0.08]]), np.array([60, 30, 10]), label_smoothing=0.24)
    np.testing.assert_allclose(
        smoothed, [[(0.56 / 6) / (0.56 / 6 + 0.2 / 3), 0.2 / 3 / (0.56 / 6 + 0.2 / 3), 0]]
    )
    assert found.dtype == np.float32 and logit_adjusted(np.zeros((2, 0, 7)), np.ones(7)).shape == (2, 0, 7)


def test_logit_adjustment_of_true_probabilities_has_the_best_balanced_accuracy_of_all_rules() -> None:
    joint = np.array([[0.50, 0.10, 0.15], [0.05, 0.05, 0.02], [0.03, 0.01, 0.09]])  # of class and image
    counts = np.round(100 * joint.sum(1)).astype(np.int64)
    rules = np.stack(np.meshgrid(*[range(3)] * 3), -1).reshape(-1, 3)  # the class called of each image
    recall = (joint[None] * (rules[:, None] == np.arange(3)[:, None])).sum(2) / joint.sum(1)
    best = rules[recall.mean(1).argmax()]
    called = logit_adjusted((joint / joint.sum(0)).T, counts).argmax(1)
    assert called.tolist() == best.tolist() != joint.argmax(0).tolist()


def test_confusion_is_scikit_learn_s_example() -> None:
    found = matrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3)
    assert found.tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]
    assert found.dtype == np.int64


def test_confusion_has_a_row_for_every_class_and_counts_beyond_a_byte() -> None:
    assert matrix([0], [1], 3).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert matrix([6] * 300, [5] * 300, 7)[6, 5] == 300


def test_macro_f1_is_scikit_learn_s_example() -> None:
    assert macro_f1(matrix([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], 3)) == pytest.approx(0.26666667)


def test_balanced_accuracy_is_scikit_learn_s_example() -> None:
    assert balanced_accuracy(matrix([0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1], 2)) == 0.625


def test_recalls_by_hand_and_nan_where_a_class_is_absent() -> None:
    found = recalls(np.array([[3, 1, 0], [0, 0, 0], [1, 2, 1]]))
    assert found[[0, 2]].tolist() == [0.75, 0.25]
    assert np.isnan(found[1])


def test_absent_classes_are_left_out_of_means_but_their_calls_are_errors() -> None:
    # Class 1 has no image, and two images of class 2 are called so.
    counts = np.array([[3, 1, 0], [0, 0, 0], [1, 2, 1]])
    assert balanced_accuracy(counts) == pytest.approx((0.75 + 0.25) / 2)
    assert macro_f1(counts) == pytest.approx((2 * 3 / (4 + 4) + 2 * 1 / (4 + 1)) / 2)


def test_a_class_that_is_never_called_has_f1_0() -> None:
    assert macro_f1(matrix([0, 0, 1], [0, 0, 0], 2)) == pytest.approx((2 * 2 / (2 + 3) + 0) / 2)


def test_many_matrices_at_once_are_measured_each_on_its_own() -> None:
    counts = np.random.default_rng(0).integers(1, 9, (4, 2, 3, 3))
    for measure in (recalls, macro_f1, balanced_accuracy):
        together = measure(counts)
        for place in np.ndindex(4, 2):
            np.testing.assert_allclose(together[place], measure(counts[place]))


def test_calibration_error_by_hand() -> None:
    # Five bins.  In (0.6, 0.8]: two of confidence 0.7, one right: |1 - 1.4|.  In (0.8, 1]: 0.9, 0.95
    # and 1.0, all right: |3 - 2.85|.  In (0.4, 0.6]: 0.55, wrong: |0 - 0.55|.
    sure = np.array([0.7, 0.7, 0.9, 0.95, 1.0, 0.55])
    probabilities = np.stack([sure, 1.0 - sure], axis=1)
    labels = np.array([0, 1, 0, 0, 0, 1])
    assert calibration_error(probabilities, labels, bins=5) == pytest.approx((0.4 + 0.15 + 0.55) / 6)


def test_calibration_error_of_what_is_sure_is_its_share_of_errors() -> None:
    sure = np.eye(7, dtype=np.float32)[[0, 1, 2, 3]]
    assert calibration_error(sure, np.array([0, 1, 2, 3])) == 0.0
    assert calibration_error(sure, np.array([0, 1, 2, 4])) == 0.25
    assert calibration_error(sure, np.array([6, 6, 6, 6])) == 1.0


def test_errors_of_both_signs_cancel_within_a_bin_and_not_between_bins() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    assert calibration_error(probabilities, np.array([0, 0, 0, 1])) == 0.0
    two_bins = np.array([[0.75, 0.25], [0.55, 0.45]])
    assert calibration_error(two_bins, np.array([0, 1]), bins=15) == pytest.approx((0.25 + 0.55) / 2)


def test_a_calibrated_classifier_has_almost_none() -> None:
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1.0, 20_000)
    labels = (random.random(20_000) > sure).astype(np.uint8)
    assert calibration_error(np.stack([sure, 1.0 - sure], axis=1), labels) < 0.015


def test_calibration_is_by_fifteen_bins_unless_others_are_asked_for() -> None:
    probabilities = np.array([[0.72, 0.28], [0.79, 0.21]])  # in one bin of ten, in two of fifteen
    labels = np.array([0, 1])
    assert calibration_error(probabilities, labels) == pytest.approx((0.28 + 0.79) / 2)
    assert calibration_error(probabilities, labels, bins=10) == pytest.approx((0.79 - 0.28) / 2)
