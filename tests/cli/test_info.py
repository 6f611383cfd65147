"""What ``feraug info`` says of each kind of file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.store.bench import write_predictions
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


def test_info_tells_minutes(feraug: Feraug, tmp_path: Path) -> None:
    facts = {"step": 3, "steps": 3, "steps_per_epoch": 2, "finished": True}
    write_model(tmp_path / "m.h5", {"timing/seconds": np.float64(90.0)}, Provenance({}, "test", 0), facts)
    assert "trained for 1.5 minutes\n" in feraug("info", "m.h5").out


def test_a_stranger_s_file_writes_no_line_of_its_own(feraug: Feraug, workspace: Workspace) -> None:
    forged = "x (SHA-256 0000)\nSHA-256: 1111"
    with h5py.File(workspace.dataset(), "r+") as file:
        file.attrs["command"] = np.bytes_(forged)
        file.attrs["feraug-version"] = np.bytes_(f"9.9{forged}")
        file.attrs["inputs"] = np.bytes_(json.dumps({forged: "2" * 64}))
    told = feraug("info", workspace.dataset()).out.splitlines()
    assert [line[:9] for line in told].count("SHA-256: ") == 1
    assert not told[-1].startswith("SHA-256: 1111")
    traced = feraug("info", workspace.dataset(), "--trace", "file").out.splitlines()
    assert not any(line.startswith("SHA-256: 1111") for line in traced)
    assert any(line.startswith("made from: x (SHA-256 0000)\\nSHA-256: 1111 (SHA-256 2222") for line in told)


def test_info_of_a_repeat_of_a_benchmark(feraug: Feraug, tmp_path: Path) -> None:
    facts = {"arm": "real", "repeat": 0, "chosen_epoch": 2, "steps": 8, "seconds": 1.0}
    write_predictions(
        tmp_path / "p.h5",
        np.full((5, 7), 1 / 7, np.float32),
        np.array([0.25, 0.5, 0.375], np.float32),
        np.full((4, 7), 1 / 7, np.float32),
        Provenance({}, "test", 0),
        facts,
    )
    words = "repeat 1 of the arm real: 5 test images, epoch 2 of 3, 50.0% on validation"
    assert words in " ".join(feraug("info", "p.h5").out.split())


def test_info_tells_of_ferplus_votes(feraug: Feraug, workspace: Workspace) -> None:
    import h5py

    path = workspace.dataset()
    assert "with FER+ votes" not in feraug("info", path).out
    with h5py.File(path, "r+") as file:
        file["ferplus"] = np.ones((len(file["labels"]), 10), np.uint8)
    assert ", with FER+ votes\n" in feraug("info", path).out


def test_info_of_faces_from_noise(feraug: Feraug, tmp_path: Path) -> None:
    with writing_synthetic(tmp_path / "s.h5", 3, Provenance({}, "test", 0), {"sources": []}) as writer:
        writer.append(
            np.zeros((3, 48, 48), np.uint8),
            np.full(3, 255, np.uint8),
            rows=np.full(3, -1),
            source=0,
            rounds=np.zeros(3, np.uint16),
        )
    out = feraug("info", "s.h5").out
    assert "3 images made from noise\n" in out and "source images" not in out


def test_info_and_export_take_a_name(feraug: Feraug, workspace: Workspace, tmp_path: Path) -> None:
    here = ("-w", workspace.root)
    assert feraug("info", "dataset", *here).out.startswith(f"{workspace.dataset().resolve()}: dataset, ")
    assert feraug("export", "dataset", "faces.csv", *here).code == 0
    assert (tmp_path / "faces.csv").is_file()
    ran = feraug("export", "datsaet", "other.csv", *here)
    assert ran.code == 1 and "did you mean 'dataset'?" in ran.err


@pytest.mark.parametrize("command", [("info", "nosuch"), ("export", "nosuch", "out")])
def test_what_is_there_is_listed(feraug: Feraug, tmp_path: Path, command: tuple[str, ...]) -> None:
    workspace = Workspace(tmp_path / "ws")
    told = f"nosuch: no such file, and nothing in {workspace.root} is called so; "
    arguments = (*command, "-w", workspace.root)
    assert feraug(*arguments).error == f"{told}'feraug prepare' makes a dataset"
    workspace.root.mkdir()
    workspace.dataset().touch()
    assert feraug(*arguments).error == f"{told}there is dataset"
    for path in (workspace.model("gan"), workspace.synthetic("gan"), *map(workspace.ssim, "abcdef")):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert feraug(*arguments).error == f"{told}there are dataset, gan, a, b, c, d, e, f"
    for name in "ghi":
        workspace.ssim(name).touch()
    assert feraug(*arguments).error == f"{told}there are dataset, gan, a, b, c, d, e, f and 3 more"
