"""kill -9: the old file or the new one, and the same command goes on."""

from __future__ import annotations

import importlib.util
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.forked import Forked, start

from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_training.py"


@pytest.fixture(scope="module")
def kill_training() -> Any:
    """The parts of ``benchmarks/kill_training.py``."""
    named = importlib.util.spec_from_file_location("kill_training", SCRIPT)
    assert named is not None and named.loader is not None
    module = importlib.util.module_from_spec(named)
    named.loader.exec_module(module)
    return module


def test_a_training_that_is_killed_now_and_then_ends_the_same(
    workspace: Workspace, tmp_path: Path, feraug: Feraug, kill_training: Any
) -> None:
    """Twice; twenty times, and every other model, is what the script is for."""
    model = "cyclegan"

    def launch(command: list[str]) -> Forked:
        return start(*command[len(kill_training.FERAUG) :])

    killed, whole = workspace.root, shutil.copytree(workspace.root, tmp_path / "whole")
    moment, step = random.Random(1), 0
    for _ in range(2):
        killed_it = kill_training.run_and_kill(killed, model, 24, moment, launch=launch, longest=0.1)
        assert killed_it, "done before it could be killed"
        wrong, step = kill_training.complaint(killed, step)
        assert not wrong
    for root in (killed, whole):  # to the end, in this process: no need to start another
        assert feraug(*kill_training.command(root, model, 24)[len(kill_training.FERAUG) :]).code == 0
    paths = [kill_training.model_file(root) for root in (killed, whole)]
    assert kill_training.differing(*paths) == []
    assert not list(paths[0].parent.glob(".*.partial"))


@pytest.mark.drawing
@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        (
            "dataset.h5",
            ["prepare", "drawn:140", "--no-near-copies"],
            ["prepare", "drawn:300", "--no-near-copies", "--overwrite"],
        ),
        (
            "synthetic/cyclegan-neutral-happy.h5",
            ["synth", "-n", "3"],
            ["synth", "-n", "1000", "--overwrite"],
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
    before = wanted(old)
    started = time.monotonic()
    after = wanted(new)
    seconds = time.monotonic() - started
    path.write_bytes(before)
    moment = random.Random(0)
    for _ in range(3):  # it may be done before it can be killed
        process = start(*new, "-w", trained.root)
        while process.poll() is None and not list(path.parent.glob(f".{path.name}.*.partial")):
            time.sleep(0.002)
        time.sleep(moment.uniform(0.0, seconds / 10))
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        assert path.read_bytes() in (before, after)
        if killed:
            break
        path.write_bytes(before)
    assert killed
    assert wanted(new) == after
    assert not list(path.parent.glob(".*.partial"))
