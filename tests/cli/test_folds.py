"""A cross-validation as typed: each fold prepared and benchmarked, then all of them put together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from feraug.emotions import EMOTIONS

Feraug = Callable[..., Any]
TINY = ("--width", "0.05", "--steps", "1", "--batch-size", "16", "--repeats", "2", "--arm", "real")


def test_the_whole_of_a_cross_validation(
    feraug: Feraug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.bench.time_steps", lambda *_: (0.01, 0.01))
    random, faces = np.random.default_rng(0), tmp_path / "faces"
    for emotion in EMOTIONS:
        (faces / emotion).mkdir(parents=True)
        for person in range(6):
            pixels = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(faces / emotion / f"S{person}.png")
    pooled: list[str] = []
    for number in (1, 2, 3):
        root = tmp_path / f"fold-{number}"
        ran = feraug("prepare", faces, "--person", r"S\d", "--fold", f"{number}/3", "-w", root)
        assert ran.code == 0, ran
        told = " ".join(ran.err.split())
        assert f"fold {number} of 3 is test, fold {number % 3 + 1} validation; drawn person by person" in told
        assert feraug("bench", *TINY, "-w", root).code == 0
        pooled += ["--pool", f"{root}/bench/simple.h5"]
    missing = feraug("bench", *pooled[:4], "-w", tmp_path)
    assert missing.code == 1 and "of 3 folds 1 benchmark is missing, of fold 3; give" in missing.err
    ran = feraug("bench", *pooled, "-w", tmp_path)
    assert ran.code == 0, ran
    said = " ".join(ran.out.split())
    assert "all " in said and "/42 " in said, "every image is a test image"
    assert "3 folds: each image is tested once, by classifiers that did not see it" in said
    assert f"wrote: {tmp_path}/bench/simple-folds.h5 (2 repeats of 1 step, 3 folds)" in ran.out
    assert "on validation, by the chosen epochs: real" in said and "compare settings" not in said
    files = [str(path) for path in sorted(tmp_path.glob("fold-*/bench/simple.h5"))]
    globbed = feraug("bench", "--pool", *files, "-w", tmp_path)  # --pool fold-*/bench/simple.h5
    assert globbed.code == 2 and f"(did you mean '--pool {files[1]} --pool {files[2]}'?)" in globbed.err
    again = feraug("bench", *pooled, "-w", tmp_path, "--json")
    found = json.loads(again.out)
    assert found["already_done"] and found["folds"] == 3 and found["images"]["accuracy"] == 42
    told = feraug("info", tmp_path / "bench" / "simple-folds.h5").out
    assert "made from: simple.h5 of fold 2 (SHA-256 " in told
    other = feraug("bench", *pooled, "-w", tmp_path, "--name", "all", "--quiet")
    assert other.code == 0 and (tmp_path / "bench" / "all.h5").exists()
    for flag, *value in (["--arm", "real"], ["--repeats", "2"], ["--no-test"]):
        refused = feraug("bench", *pooled, flag, *value, "-w", tmp_path)
        assert refused.code == 2
        assert (
            f"--pool, {flag}: cannot be combined; --pool trains nothing, so leave {flag} out" in refused.err
        )
