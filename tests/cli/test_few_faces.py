"""The smallest drawn datasets: each command does its work, or says in one line what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


def test_a_face_and_ten(feraug: Feraug, tmp_path: Path, tiny: tuple[str, ...]) -> None:
    few, told = "is so few that some emotions are missing", "lists what is there, 'feraug prepare drawn:500"
    for count in (1, 10):
        workspace = Workspace(tmp_path / str(count))
        root = ("-w", workspace.root)
        ran = feraug("prepare", f"drawn:{count}", *root)
        assert ran.code == 0 and f"drawn:{count} {few}" in ran.err
        assert feraug("info", "dataset", *root).code == 0
        assert feraug("export", "dataset", workspace.root / "faces", *root).code == 0
        assert told in feraug("train", "cyclegan", *tiny, *root).error
        assert told in feraug("train", "dcgan", *root).error
    taken = f"--validation-share 0.1 --overwrite -w {tmp_path / '10'}' takes some of train"
    with h5py.File(tmp_path / "10" / "dataset.h5", "r+") as file:
        file["split"][...] = [0] * 8 + [2] * 2
    told = feraug("train", "simple", *root).error
    assert "0 images in 'validation', a classifier needs 1 or more; 'feraug prepare SOURCE" in told
    assert taken in told
    one = ("-w", tmp_path / "1")
    assert "1 image in 'train', a classifier needs 2 or more" in feraug("train", "simple", *one).error
    assert "no image in 'test', so there is nothing to report" in feraug("bench", *one).error
