"""kill -9: the old file or the new one, and the same command goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_training.py"


@pytest.mark.parametrize(("model", "times"), [("cyclegan", 2), ("wgan-gp", 1)])
def test_a_training_that_is_killed_now_and_then_ends_the_same(model: str, times: int) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--model", model, "--times", str(times), "--steps", "40", "--seed", "1"],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same to the bit; left over: []" in done.stdout


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        (
            "dataset.h5",
            ["prepare", "drawn:280", "--no-near-copies"],
            ["prepare", "drawn:1000", "--no-near-copies", "--overwrite"],
        ),
        (
            "synthetic/cyclegan-neutral-happy.h5",
            ["synth", "-n", "3"],
            ["synth", "-n", "2000", "--overwrite"],
        ),
    ],
)
def test_a_killed_command_leaves_the_old_file_or_the_new_one(
    trained: Workspace, feraug: Feraug, place: str, old: list[str], new: list[str]
) -> None:
    path = trained.root / place

    def wanted(arguments: list[str]) -> bytes:
        assert feraug(*arguments, "-w", trained.root).code == 0
        return path.read_bytes()

    if place == "dataset.h5":
        path.unlink()
    started = time.monotonic()
    before = wanted(old)
    after = wanted(new)
    # The first may have imported torch; a new process does so each time.
    seconds = time.monotonic() - started + 1.0
    path.write_bytes(before)
    moment = random.Random(0)
    killed = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "feraug", *new, "-w", trained.root],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not list(path.parent.glob(f".{path.name}.*.partial")):
            time.sleep(0.002)
        time.sleep(moment.uniform(0.0, seconds / 10))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert path.read_bytes() in (before, after)
        path.write_bytes(before)
    assert killed
    assert wanted(new) == after
    assert not list(path.parent.glob(".*.partial"))
