"""Kill a training again and again; it must go on each time and end as if nothing had happened.

``python benchmarks/kill_training.py --times 20 --model cyclegan`` trains a tiny model on drawn faces
with a checkpoint every 0.2 seconds, kills it with SIGKILL at random moments, checks after each that the
model file is whole, and compares the end with an uninterrupted run: every array but the clock's
must be the same to the bit.  Exit code 1 when anything is not as promised.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from feraug.config import GAN_MODELS, TRANSLATORS
from feraug.store.model import read_model

NAME = "killed"
FERAUG = [sys.executable, "-m", "feraug"]


def command(workspace: Path, model: str, steps: int) -> list[str]:
    """The command that is killed and repeated."""
    own = ["--residual-blocks", "2"] if model in TRANSLATORS else ["--emotion", "happy", "--emotion", "sad"]
    return [
        *FERAUG,
        *("train", model, "-w", str(workspace), "--steps", str(steps), "--batch-size", "4", *own),
        *("--base-channels", "4", "--discriminator-channels", "4", "--name", NAME),
        *("--checkpoint-every", "0.2s", "--device", "cpu", "--quiet"),
    ]


def prepared(workspace: Path) -> Path:
    """A new workspace with 280 drawn faces."""
    prepare = ["prepare", "drawn:280", "--no-near-copies", "-w", str(workspace), "--quiet"]
    subprocess.run([*FERAUG, *prepare], check=True, stdout=subprocess.DEVNULL)
    return workspace


def model_file(workspace: Path) -> Path:
    """Where the training writes."""
    return workspace / "models" / f"{NAME}.h5"


def _launch(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def run_and_kill(
    workspace: Path,
    model: str,
    steps: int,
    moment: random.Random,
    launch: Callable[[list[str]], Any] = _launch,
    longest: float = 1.0,
) -> bool:
    """Start the training, by ``launch``, and kill it; False when it was done before it could be killed.

    One in four dies while it starts, within 4 ``longest``; the others up to ``longest`` seconds after a
    checkpoint of their own.
    """
    path = model_file(workspace)
    before = path.stat().st_mtime_ns if path.exists() else 0
    process = launch(command(workspace, model, steps))
    if moment.random() < 0.25:
        time.sleep(moment.uniform(0.0, 4.0 * longest))
    else:
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
            time.sleep(0.01)
        time.sleep(moment.uniform(0.0, longest))
    process.send_signal(signal.SIGKILL)
    return bool(process.wait() == -signal.SIGKILL)


def complaint(workspace: Path, least: int) -> tuple[str, int]:
    """What is wrong with the workspace after a kill ('' for nothing), and the step of the model there."""
    path = model_file(workspace)
    if not path.exists():
        return ("the model has gone" if least else ""), 0
    step = read_model(path).step
    if step < least:
        return f"the model fell back from step {least} to {step}", step
    allowed = {path.name, f".{path.name}.lock", NAME}
    junk = [
        entry.name
        for entry in path.parent.iterdir()
        if entry.name not in allowed and not entry.name.endswith(".partial")
    ]
    return (f"left behind: {junk}" if junk else ""), step


def differing(one: Path, other: Path) -> list[str]:
    """Names of the arrays that differ between two model files, but for the time they took."""
    first, second = read_model(one), read_model(other)
    names = sorted({*first.arrays, *second.arrays} - {"timing/seconds"})
    different = [
        name
        for name in names
        if name not in first.arrays
        or name not in second.arrays
        or first.arrays[name].dtype != second.arrays[name].dtype
        or not np.array_equal(first.arrays[name], second.arrays[name])
    ]
    return different if first.header.extra == second.header.extra else [*different, "facts"]


def main() -> int:
    """Kill ``--times`` times, then compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often to kill")
    parser.add_argument("--steps", type=int, help="training steps; default: 30 for each kill")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument("--model", choices=GAN_MODELS, default="cyclegan")
    options = parser.parse_args()
    steps = options.steps or 30 * options.times
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    moment = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        killed, whole = prepared(Path(folder) / "killed"), Path(folder) / "whole"
        shutil.copytree(killed, whole)
        kills = step = 0
        for _ in range(options.times):
            if not run_and_kill(killed, options.model, steps, moment):
                print(f"done after {kills} kills; more --steps would allow more")
                break
            kills += 1
            wrong, step = complaint(killed, step)
            print(f"kill {kills}: step {step} of {steps} {wrong}", flush=True)
            if wrong:
                return 1
        for workspace in (killed, whole):
            subprocess.run(command(workspace, options.model, steps), check=True, stdout=subprocess.DEVNULL)
        left = [path.name for path in (killed / "models").glob(".*.partial")]
        different = differing(model_file(killed), model_file(whole))
        count = len(read_model(model_file(whole)).arrays) - 1
    print(f"{kills} kills; {count - len(different)} of {count} arrays the same to the bit; left over: {left}")
    for name in different:
        print(f"differs: {name}")
    return 1 if different or left or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
