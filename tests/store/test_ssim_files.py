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
from feraug.store.ssim import REAL, Pairs, SetSimilarity, read_ssim, write_ssim


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
