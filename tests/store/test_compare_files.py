"""``compare/NAME.h5``: what goes in comes out, and what is damaged is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.errors import ArtifactError
from feraug.store.compare import SetFaces, read_compare, write_compare
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
    write_compare(tmp_path / "x.h5", sets, table, Provenance({}, "feraug compare", 3))
    return tmp_path / "x.h5"


def test_it_comes_back_as_it_went_in(path: Path) -> None:
    found = read_compare(path)
    assert found.table["models"][0]["name"] == "räume" and len(found.sets) == 3
    for seed, one in enumerate(found.sets):
        for name, values in vars(faces(seed)).items():
            assert np.array_equal(getattr(one, name), values)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("sets/2/rows", None, "'sets/2/rows' is missing"),
        ("sets/0/rows", np.full(4, -1), "value -1"),
        ("sets/0/ssim", np.full(4, 2, np.float32), "outside -1 to 1"),
        ("sets/0/ssim", np.zeros(3, np.float32), "expected"),
        ("sets/1/features", np.full((4, 5), np.nan, np.float32), "not finite"),
        ("sets/1/probabilities", np.zeros((4, 6), np.float32), "expected"),
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
