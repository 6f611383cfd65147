"""``feraug.bench_predictions``: a network of one's own, by the measures of the benchmark."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feraug
from feraug.store.bench import read_bench

ARCHIVES = Path(__file__).parents[1] / "data" / "archives"
DATASET = ARCHIVES / "v1-dataset.h5"
IMAGES = 13


def test_the_figures_are_those_of_the_benchmark_that_made_the_predictions() -> None:
    bench = read_bench(ARCHIVES / "v1-bench.h5")
    found = feraug.bench_predictions(bench.probabilities, dataset=DATASET)
    kept = bench.header.extra["table"]
    assert found.table["differences"] == kept["differences"] and found.table["images"] == kept["images"]
    for arm, values in found.table["arms"].items():
        assert values == {name: kept["arms"][arm][name] for name in values}
    assert found.conclusions[0] in kept["conclusions"]


def test_codes_give_what_their_probabilities_give_but_for_calibration(tmp_path: Path) -> None:
    shutil.copy(DATASET, tmp_path / "dataset.h5")
    labels = feraug.open_dataset(DATASET).select(split="test").labels
    assert len(labels) == IMAGES
    wrong = (labels + 1) % 7
    mixed = np.stack([labels, labels])
    real = [[*wrong[:6], *labels[6:]], [*labels[:7], *wrong[7:]]]  # 7 of 13 right, and 7
    found = feraug.bench_predictions({"mixed": mixed, "real": real}, workspace=tmp_path)
    assert found.table["arms"]["real"]["accuracy"] == [round(7 / 13, 6)] * 2
    assert found.table["differences"]["mixed - real"]["accuracy"]["mean"] == round(6 / 13, 6)
    assert "calibration_error" not in found.table["arms"]["real"]
    assert any("with only 2 repeats" in sentence for sentence in found.conclusions)
    sure = {name: np.eye(7)[np.asarray(codes)] for name, codes in (("mixed", mixed), ("real", real))}
    again = feraug.bench_predictions(sure, dataset=DATASET).table
    assert again["arms"]["real"].pop("calibration_error") == [round(6 / 13, 6)] * 2
    again["arms"]["mixed"].pop("calibration_error")
    assert again == found.table


def test_an_arm_alone_has_figures_and_no_differences() -> None:
    found = feraug.bench_predictions({"mine": np.zeros((1, IMAGES), int)}, dataset=DATASET)
    assert list(found.table["arms"]) == ["mine"] and found.table["differences"] == {}


CODES = np.zeros((2, IMAGES), int)
EVEN = np.full((2, IMAGES, 7), 1 / 7)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "none; give them by arm"),
        ({"real": CODES, "mixed": CODES[:1]}, "'real' has 2 trainings, 'mixed' 1;"),
        ({"real": CODES[:1], "mixed": CODES}, "'real' has 1 training, 'mixed' 2;"),
        ({"real": CODES[:, :1]}, "'real': 1 image; the test split has 13, in the order of"),
        ({"real": CODES[:, 1:]}, "'real': 12 images; the test split has 13, in the order of"),
        ({"real": CODES[0]}, r"'real': takes emotion codes .*, not int64 \(13,\)"),
        ({"real": CODES > 0}, "'real': takes emotion codes .*, not bool"),
        ({"real": CODES.astype(float)}, "'real': takes emotion codes .*, not float64"),
        ({"real": [[1, 2], [3]]}, "'real': takes emotion codes"),
        ({"real": CODES[:0]}, "'real': no training"),
        ({"real": CODES + 7}, "'real': codes from 0 to 6"),
        ({"real": CODES - 1}, "'real': codes from 0 to 6"),
        ({"real": EVEN[:, :, 1:]}, "'real': 7 probabilities an image"),
        ({"real": 3 * EVEN}, "'real': no probabilities; of logits take the softmax first"),
        ({"real": np.full_like(EVEN, np.nan)}, "'real': no probabilities"),
        ({"real": EVEN + np.array([1, -1, 0, 0, 0, 0, 0])}, "'real': no probabilities"),
        ({"a - b": CODES}, "'a - b': an arm is a name, without ' - '"),
    ],
)
def test_what_are_no_predictions_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(feraug.UsageError, match=f"^predictions: {words}"):
        feraug.bench_predictions(given, dataset=DATASET)


def test_a_dataset_that_is_not_there_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(feraug.MissingArtifactError, match="feraug prepare"):
        feraug.bench_predictions({"real": CODES}, workspace=tmp_path)
