"""Every script in ``examples/`` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from feraug.config import SynthConfig, TranslatorConfig
from feraug.store.dataset import read_dataset
from feraug.store.workspace import Workspace
from feraug.workflows.synth import synthesise
from feraug.workflows.train import train_translator

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_mixed_training_set(workspace: Workspace) -> None:
    config = TranslatorConfig(
        base_channels=2, residual_blocks=1, discriminator_channels=2, steps=2, batch_size=4
    )
    train_translator(config, workspace)
    synthesise(SynthConfig(count=20), workspace)
    script = [sys.executable, str(EXAMPLES / "mixed_training_set.py"), str(workspace.root)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count = len(read_dataset(workspace.dataset()).rows(split="train")) + 20
    assert done.stdout.startswith(f"{count} training faces, "), done.stdout


def test_every_example_is_tested_here() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert names <= tests
