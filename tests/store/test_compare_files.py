"""``compare/NAME.h5``: what goes in comes out, and what is damaged is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.errors import ArtifactError
from feraug.store.compare import SetFaces, read_compare, write_compare
from feraug.store.compare_parts import CompareParts, DegradedFaces, GroupCodes, PhotoSets
from feraug.store.header import Provenance

INTERVAL = {"mean": 0.5, "low": 0.25, "high": 1}
MEASURES: dict[str, Any] = {
    **dict.fromkeys(("share", "identity", "error", "frechet", "kernel", "density", "coverage"), INTERVAL),
    **dict.fromkeys(("within", "variety", "near_copies", "copying")),
}
TRAINING = {"step": 1, "steps": 2, "images": 4, "finished": False, "seconds": None, "loss_spread": 0.5}
MODEL: dict[str, Any] = {
    **MEASURES,
    "name": "räume",
    "model": "cyclegan",
    "sha256": "ab",
    "collapsed": False,
    "training": TRAINING,
}
JUDGE = {"name": "x", "model": "vgg19", "sha256": "cd", "finished": True, "validation_accuracy": None}


def faces(seed: int) -> SetFaces:
    random = np.random.default_rng(seed)
    return SetFaces(
        random.integers(0, 99, 4),
        random.random((4, 7), np.float32),
        random.random((4, 5), np.float32),
        random.random(4, np.float32),
        None if seed == 1 else 9 * random.random(4, np.float32),
    )


def parts() -> CompareParts:
    random = np.random.default_rng(9)
    codes = np.array([0, 1, 1, 0], np.uint8)
    level = {"name": "noise", "strength": 0.5, "amount": "sd 9"}
    called = tuple(random.integers(0, 7, (1, count), np.uint8) for count in (2, 3, 2))
    return CompareParts(
        {"age": GroupCodes(("young", "old"), codes, 1 - codes)},
        DegradedFaces((level,), np.array([0, 3]), np.array([0, 1, 2]), called),
        PhotoSets(
            "cascade",
            ({"name": "räume", "photos": 2}, {"name": "x", "photos": 1}),
            np.array([0, 0, 1], np.uint8),
            tuple(random.random((3, 7), np.float32) for _ in range(2)),
            tuple(random.random(3, np.float32) for _ in range(2)),
        ),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = {
        "pair": "neutral:happy",
        **dict.fromkeys(("faces", "real_faces", "references", "subsample"), 4),
        "threshold": None,
        "judge": JUDGE,
        "floor": None,
        "untouched": MEASURES,
        "real": MEASURES,
        "models": [MODEL],
    }
    sets = tuple(faces(seed) for seed in range(3))
    write_compare(tmp_path / "x.h5", sets, table, Provenance({}, "feraug compare", 3), parts())
    return tmp_path / "x.h5"


def test_it_comes_back_as_it_went_in(path: Path) -> None:
    found = read_compare(path)
    assert found.table["models"][0]["name"] == "räume" and len(found.sets) == 3
    for seed, one in enumerate(found.sets):
        for name, values in vars(faces(seed)).items():
            assert np.array_equal(getattr(one, name), values)
    expected = parts()
    assert found.parts.facts() == expected.facts()
    for codes, others in zip(found.parts.groups.values(), expected.groups.values(), strict=True):
        assert np.array_equal(codes.source, others.source) and np.array_equal(codes.real, others.real)
    degraded, photos = found.parts.degraded, found.parts.photos
    assert degraded is not None and expected.degraded is not None
    assert photos is not None and expected.photos is not None
    assert np.array_equal(degraded.source, expected.degraded.source)
    assert np.array_equal(degraded.real, expected.degraded.real)
    assert all(map(np.array_equal, degraded.called, expected.degraded.called))
    assert np.array_equal(photos.group, expected.photos.group)
    assert all(map(np.array_equal, photos.probabilities, expected.photos.probabilities))
    assert all(map(np.array_equal, photos.ssim, expected.photos.ssim))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("sets/2/rows", None, "'sets/2/rows' is missing"),
        ("sets/0/rows", np.full(4, -1), "value -1"),
        ("sets/0/ssim", np.full(4, 2, np.float32), "outside -1 to 1"),
        ("sets/0/ssim", np.zeros(3, np.float32), "expected"),
        ("sets/1/features", np.full((4, 5), np.nan, np.float32), "not finite"),
        ("sets/1/probabilities", np.zeros((4, 6), np.float32), "expected"),
        ("sets/0/error", np.full(4, -1, np.float32), "outside 0 to 255"),
        ("sets/0/error", np.full(4, np.nan, np.float32), "outside 0 to 255"),
        ("sets/0/error", np.full(4, 256, np.float32), "outside 0 to 255"),
        ("groups/age/source", np.full(4, 2, np.uint8), "value 2; 0 to 1"),
        ("groups/age/real", np.zeros(3, np.uint8), "expected"),
        ("degraded/source", np.array([0, 4]), "value 4; 0 to 3"),
        ("degraded/real", np.zeros(0, np.int64), "is empty"),
        ("degraded/1/called", np.zeros((1, 2), np.uint8), "expected"),
        ("degraded/2/called", np.full((1, 2), 7, np.uint8), "value 7"),
        ("photos/group", np.full(3, 2, np.uint8), "value 2"),
        ("photos/1/ssim", np.full(3, np.inf, np.float32), "not finite"),
        ("photos/0/probabilities", None, "is missing"),
    ],
)
def test_damaged_arrays(path: Path, name: str, data: Any, words: str) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        if data is not None:
            file[name] = data
    with pytest.raises(ArtifactError, match=words):
        read_compare(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"untouched": {**MEASURES, "histogram": "3"}},
        {"models": [{**MODEL, "histogram": [1.0]}]},
        {"judge": {}},
        {"untouched": {}},
        {"pair": "neutral"},
        {"models": {}},
        {"models": [1]},
        {"models": [MODEL | {"name": 3}]},
        {"models": [MODEL | {"share": {"mean": 1.0}}]},
        {"models": [MODEL | {"near_copies": {"share": 1.0}}]},
        {"models": [MODEL | {"training": {}}]},
        {"models": [{key: value for key, value in MODEL.items() if key != "collapsed"}]},
        {"floor": 3},
    ],
)
def test_damaged_facts(path: Path, changes: dict[str, Any]) -> None:
    with h5py.File(path, "r+") as file:
        facts = json.loads(bytes(file.attrs["facts"]))
        text = json.dumps({"table": facts["table"] | changes}).encode()
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    with pytest.raises(ArtifactError, match="facts"):
        read_compare(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": []},
        {"groups": {"age": "young"}},
        {"groups": {"age": [1]}},
        {"levels": [{"name": "noise"}]},
        {"photos": {"detector": "x"}},
        {"photos": {"detector": "x", "groups": [{"name": 1, "photos": 1}]}},
        {"groups": {"../../age": ["a"]}},
    ],
)
def test_damaged_parts(path: Path, changes: dict[str, Any]) -> None:
    with h5py.File(path, "r+") as file:
        facts = json.loads(bytes(file.attrs["facts"]))
        text = json.dumps(facts | {"parts": facts["parts"] | changes}).encode()
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    with pytest.raises(ArtifactError, match=r"'parts'|is missing"):
        read_compare(path)


def test_models_that_translated_other_numbers_of_faces(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for name in list(file["sets/2"]):
            values = file[f"sets/2/{name}"][()]
            del file[f"sets/2/{name}"]
            file[f"sets/2/{name}"] = values[:3]
    with pytest.raises(ArtifactError, match="other numbers of faces"):
        read_compare(path)


def test_without_parts(tmp_path: Path, path: Path) -> None:
    """As earlier versions wrote them."""
    found = read_compare(path)
    bare = tuple(replace(one, error=None) for one in found.sets)
    write_compare(tmp_path / "bare.h5", bare, found.table, Provenance({}, "feraug compare", 3))
    again = read_compare(tmp_path / "bare.h5")
    assert again.parts.groups == {} and again.parts.degraded is None and again.parts.photos is None
    assert all(one.error is None for one in again.sets)
