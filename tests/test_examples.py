"""Every script in ``examples/`` runs."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from feraug.config import SynthConfig, TranslatorConfig
from feraug.store.dataset import read_dataset
from feraug.store.workspace import Workspace
from feraug.workflows.synth import synthesise
from feraug.workflows.train import train_translator

EXAMPLES = Path(__file__).parents[1] / "examples"
PROTOCOL = "reproduce_fer2013"
IN_SEVERAL_PROCESSES = "torchrun"  # tested in cli/test_several_processes.py
"""A longer one, with tests of its own in ``test_reproduce.py``."""
Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``examples/NAME.py ARGUMENTS`` as a script, in this process; gives what it printed."""

    def script(name: str, *arguments: str | Path | int) -> str:
        monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return script


@pytest.fixture
def synthetic(workspace: Workspace) -> Workspace:
    """A workspace with 20 synthetic happy faces."""
    config = TranslatorConfig(
        base_channels=2, residual_blocks=1, discriminator_channels=2, steps=2, batch_size=4
    )
    train_translator(config, workspace)
    synthesise(SynthConfig(count=20), workspace)
    return workspace


def test_mixed_training_set(synthetic: Workspace, run: Run) -> None:
    count = len(read_dataset(synthetic.dataset()).rows(split="train")) + 20
    assert run("mixed_training_set", synthetic.root).startswith(f"{count} training faces, ")


def test_torchvision_fabric(synthetic: Workspace, run: Run) -> None:
    count = len(read_dataset(synthetic.dataset()).rows(split="train")) + 20
    out = run("torchvision_fabric", synthetic.root, 1, 48)
    assert out.startswith("epoch 1: ") and out.endswith(f"{count} training faces\n"), out


def test_arrays_to_synthetic(tmp_path: Path, run: Run) -> None:
    out = run("arrays_to_synthetic", tmp_path, 2, 12).splitlines()
    assert out[:2] == [
        "350 faces: dataset.h5",
        "12 'happy' faces by cyclegan-neutral-happy.h5: cyclegan-neutral-happy.h5",
    ]
    # The pictures in between have kept every byte.
    drawn, prepared = (read_dataset(tmp_path / f"{name}.h5") for name in ("drawn", "dataset"))
    for code in range(7):
        mine, theirs = (faces.images[faces.labels == code] for faces in (drawn, prepared))
        assert np.array_equal(mine, theirs)


def test_ferplus_relabelling(tmp_path: Path, run: Run) -> None:
    pixels = " ".join(["1"] * 2303)
    votes = {  # FER2013's label, the ten votes
        "3": "0,9,0,0,0,0,0,0,1,0",  # happy stays
        "0": "2,0,0,7,1,0,0,0,0,0",  # angry becomes sad
        "6": "0,0,0,0,0,0,0,9,0,0",  # neutral: contempt, dropped
    }
    (tmp_path / "fer.csv").write_text(
        "emotion,pixels,Usage\n"
        + "".join(f"{label},{value} {pixels},Training\n" for value, label in enumerate(votes))
    )
    (tmp_path / "votes.csv").write_text(
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
        + "".join(f"Training,fer{row}.png,{cells}\n" for row, cells in enumerate(votes.values()))
    )
    out = run("ferplus_relabelling", tmp_path / "fer.csv", tmp_path / "votes.csv", tmp_path)
    assert out.startswith("2 faces kept; dropped: ") and "contempt" in out
    assert "another emotion than in FER2013: 1 (50.0%)" in out
    assert "  angry: 0 stay; 1 sad\n" in out and "  happy: 1 stay\n" in out
    assert "votes for the winner: 80% on average\nfaces on which at least 80 % agree: 1;" in out


def test_every_example_is_tested_here() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.*")} - {PROTOCOL, IN_SEVERAL_PROCESSES}
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert names <= tests


def test_examples_are_short() -> None:
    for path in EXAMPLES.glob("*.*"):
        assert path.stem == PROTOCOL or len(path.read_text(encoding="utf-8").splitlines()) < 60, path
