"""The smallest drawn datasets: each command does its work, or says in one line what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from PIL import Image

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


def test_a_set_without_neutral_faces_is_told_of_another_pair(feraug: Feraug, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for emotion, count in (("anger", 4), ("happy", 6), ("fear", 5)):
        folder = tmp_path / "ck" / "train" / emotion
        folder.mkdir(parents=True)
        for number in range(count):
            Image.fromarray(random.integers(0, 255, (48, 48), np.uint8)).save(folder / f"{number}.png")
    ran = feraug("prepare", tmp_path / "ck", "-w", tmp_path)
    assert ran.code == 0
    assert (
        "no neutral faces in train: where neutral:happy is the default, give another --pair, as happy:fear"
        in (" ".join(ran.out.split()))
    )
    assert "no neutral faces" not in feraug("prepare", "drawn:100", "-w", tmp_path / "drawn").out
