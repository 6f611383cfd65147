"""``feraug filter`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.store.workspace import Workspace
from feraug.workflows.filter_inputs import classifier_file

Feraug = Callable[..., Any]


class Neutral:
    """A classifier that calls everything neutral."""

    config, digest, caution, inputs = SimpleNamespace(model="simple"), "c" * 64, None, ()

    def __init__(self, path: Path) -> None:
        self.path = path

    def doubt(self, labels: NDArray[np.uint8]) -> None:
        """Nothing to say."""

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.tile(np.eye(7, dtype=np.float32)[6], (len(images), 1))


@pytest.fixture
def translated(feraug: Feraug, trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Twelve happy faces made neutral, and a classifier."""
    trained.model("simple").touch()
    monkeypatch.setattr(
        "feraug.workflows.filtering.load_classifier", lambda path, device: Neutral(trained.model("simple"))
    )
    ran = feraug("synth", "--pair", "happy:neutral", "-n", "12", "-w", trained.root, "--name", "set")
    assert ran.code == 0, ran
    return trained


def test_filter_and_info(feraug: Feraug, translated: Workspace) -> None:
    arguments = ("filter", "set", "--emotion", "neutral", "--detector", "cascade", "-w", translated.root)
    ran = feraug(*arguments)
    assert ran.code == 0, ran
    assert "set-filtered.h5 (" in ran.out and " of 12 'neutral' images)" in ran.out
    assert "faces by cascade, emotions by simple (SHA-256 cccccccccccccccc" in ran.out
    assert "right emotion" in ran.out and "real: gone" in ran.out
    told = json.loads(feraug(*arguments, "--json").out)
    assert told["already_done"] and told["kept"] == told["stages"][-1]["left"]
    ran = feraug("info", told["path"])
    assert ran.code == 0, ran
    assert "filtered from the set with SHA-256" in ran.out and "right emotion" in ran.out


def test_a_folder_here_is_no_classifier_of_that_name(
    workspace: Workspace, judge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export may be called as the model is."""
    monkeypatch.chdir(tmp_path)
    Path("judge").mkdir()
    assert classifier_file(Path("judge"), workspace) == judge
    assert classifier_file(judge, workspace) == judge


def test_every_emotion_at_once(feraug: Feraug, translated: Workspace) -> None:
    arguments = ("filter", "set", "--emotion", "all", "--detector", "cascade", "-w", translated.root)
    ran = feraug(*arguments)
    assert ran.code == 0, ran
    line = next(line for line in ran.out.splitlines() if line.split()[:2] == ["neutral", "12"])
    told = json.loads(feraug(*arguments, "--json").out)
    of = told["by_emotion"]["neutral"]
    assert told["emotion"] == "all" and list(told["by_emotion"]) == ["neutral"]
    real = of["stages"][-1]["real_left"]
    assert line.split()[2] == f"{told['kept']}" and line.split()[4:6] == [f"{of['real_images']}", f"{real}"]
    assert f"({told['kept']} of 12 images)" in ran.out
    assert line in feraug("info", told["path"]).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("filter", "Missing argument 'FILE'"),
        ("filter nowhere", "nowhere: no such synthetic set (there: set)"),
        ("filter set --emotion hapy", "unknown emotion 'hapy' (did you mean 'happy'?)"),
        ("filter set --min-face 2", "--min-face: 2.0 is not a number from 0 to 1"),
        ("filter set --min-confidence -1", "--min-confidence: -1.0 is not a number from 0 to 1"),
        ("filter set --max-similarity 2", "--max-similarity: 2.0 is not a number from -1 to 1"),
        ("filter set --keep 0", "--keep: 0 is not a whole number"),
        ("filter set --detector dlib", "--detector: unknown 'dlib'"),
        ("filter set --classifier nowhere.h5", "nowhere.h5: no classifier yet"),
        ("filter artifacts/dataset.h5", "holds a dataset, not a synthetic set"),
        ("filter set --emotion happy", "set.h5: nothing in it was made as 'happy'"),
    ],
)
def test_bad_filters(feraug: Feraug, translated: Workspace, arguments: str, words: str) -> None:
    assert words in feraug(*arguments.split(), "-w", translated.root).error
