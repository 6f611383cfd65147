"""``ssim/NAME.h5``: what goes in comes out, and what is damaged is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.errors import ArtifactError
from feraug.store.header import Provenance
from feraug.store.ssim import MEASURES, REAL, Distribution, Pairs, SetSimilarity, read_ssim, write_ssim


def pairs(count: int, seed: int) -> Pairs:
    random = np.random.default_rng(seed)
    return Pairs(random.integers(0, 99, (count, 2)), random.uniform(-1, 1, count).astype(np.float32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    real = {name: pairs(5, number) for number, name in enumerate(REAL)}
    sets = tuple(
        SetSimilarity(name, "ab" * 32, 9, pairs(4, 1), pairs(0, 2), pairs(6, 3)) for name in ("one", "räume")
    )
    facts = {"threshold": 0.75, "threshold_from": "validation"}
    write_ssim(tmp_path / "x.h5", real, sets, Provenance({"variant": "uniform"}, "feraug ssim", 3), facts)
    return tmp_path / "x.h5"


def test_it_comes_back_as_it_went_in(path: Path) -> None:
    found = read_ssim(path)
    assert found.threshold == 0.75 and found.header.provenance.seed == 3
    for number, name in enumerate(REAL):
        expected = pairs(5, number)
        assert np.array_equal(found.real[name].rows, expected.rows)
        assert np.array_equal(found.real[name].ssim, expected.ssim)
    assert [one.name for one in found.sets] == ["one", "räume"]
    assert [len(found.sets[1].nearest), len(found.sets[1].source), len(found.sets[1].within)] == [4, 0, 6]


def damage(path: Path, name: str, **settings: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        if settings:
            file.create_dataset(name, **settings)


def put_facts(path: Path, **changes: Any) -> None:
    with h5py.File(path, "r+") as file:
        facts = json.loads(bytes(file.attrs["facts"])) | changes
        text = json.dumps(facts).encode()
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("real/train/ssim", {}, "'real/train/ssim' is missing"),
        ("sets/1/within/rows", {}, "'sets/1/within/rows' is missing"),
        ("real/train/ssim", {"data": np.zeros(4, np.float32)}, "expected"),
        ("real/train/ssim", {"data": np.zeros(5)}, "float64"),
        ("real/train/ssim", {"data": np.full(5, np.nan, np.float32)}, "outside -1 to 1"),
        ("real/train/ssim", {"data": np.full(5, 1.5, np.float32)}, "outside -1 to 1"),
        ("sets/0/nearest/rows", {"data": np.zeros((4, 3), np.int64)}, "expected"),
        ("sets/0/nearest/rows", {"data": np.full((4, 2), -1)}, "value -1"),
        ("real/train/rows", {"shape": (2**50, 2), "dtype": "int64", "chunks": (1, 2)}, "does not hold them"),
    ],
)
def test_damaged_arrays(path: Path, name: str, settings: dict[str, Any], words: str) -> None:
    damage(path, name, **settings)
    with pytest.raises(ArtifactError, match=words):
        read_ssim(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": "high"},
        {"threshold_from": 1},
        {"sets": {}},
        {"sets": [1]},
        {"sets": [{"name": "x"}]},
        {"sets": [{"name": "x", "sha256": 1, "images": 2}]},
    ],
)
def test_damaged_facts(path: Path, changes: dict[str, Any]) -> None:
    put_facts(path, **changes)
    with pytest.raises(ArtifactError, match="facts"):
        read_ssim(path)


def test_without_a_threshold(path: Path) -> None:
    put_facts(path, threshold=None)
    assert read_ssim(path).threshold is None


JUDGE = {"name": "judge", "sha256": "cd" * 32, "validation_accuracy": 0.5}


@pytest.fixture
def with_judge(path: Path) -> Path:
    """The same, with two rows of distributions, of which the second had too few images."""
    old = read_ssim(path)
    threes = np.array([[0.5, 0.25, 0.75], [np.nan] * 3])
    rows = Distribution(
        set=np.array([-1, 1]), emotion=np.array([3, 6], np.uint8), images=np.array([40, 5]),
        subsample=np.array([10, 0]), histogram=np.array([1.5, np.nan]), share=threes,
        made={name: threes + number for number, name in enumerate(MEASURES)},
        floor={name: threes - number for number, name in enumerate(MEASURES)},
    )  # fmt: skip
    facts = {"threshold": 0.75, "threshold_from": "validation", "judge": JUDGE}
    write_ssim(path, old.real, old.sets, old.header.provenance, facts, rows)
    return path


def test_distributions_come_back_as_they_went_in(with_judge: Path) -> None:
    found = read_ssim(with_judge)
    rows = found.distribution
    assert rows is not None and found.header.extra["judge"] == JUDGE
    assert rows.set.tolist() == [-1, 1] and rows.emotion.tolist() == [3, 6]
    assert rows.images.tolist() == [40, 5] and rows.subsample.tolist() == [10, 0]
    np.testing.assert_array_equal(rows.made["coverage"], [[3.5, 3.25, 3.75], [np.nan] * 3])
    np.testing.assert_array_equal(rows.floor["kernel"], [[-0.5, -0.75, -0.25], [np.nan] * 3])
    assert len(found.sets) == 2 and len(found.real["train"]) == 5


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("share", {}, "'distribution/share' is missing"),
        ("floor/density", {}, "'distribution/floor/density' is missing"),
        ("images", {"data": np.array([1])}, "expected"),
        ("frechet", {"data": np.zeros((2, 2))}, "expected"),
        ("frechet", {"data": np.full((2, 3), np.inf)}, "a figure that is not finite"),
        ("histogram", {"data": np.array([1.0, -np.inf])}, "a figure that is not finite"),
        ("emotion", {"data": np.array([3, 7], np.uint8)}, "value 7"),
        ("set", {"data": np.array([0, 2])}, "value 2"),
        ("set", {"data": np.array([-2, 0])}, "value -2"),
        ("images", {"data": np.array([-1, 0])}, "value -1"),
    ],
)
def test_damaged_distributions(with_judge: Path, name: str, settings: dict[str, Any], words: str) -> None:
    damage(with_judge, f"distribution/{name}", **settings)
    with pytest.raises(ArtifactError, match=words):
        read_ssim(with_judge)


@pytest.mark.parametrize("judge", [None, {}, {**JUDGE, "sha256": 3}, {**JUDGE, "validation_accuracy": ""}])
def test_a_judge_that_is_none(with_judge: Path, judge: Any) -> None:
    put_facts(with_judge, judge=judge)
    with pytest.raises(ArtifactError, match="facts"):
        read_ssim(with_judge)
