"""``feraug synth --photos`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


@pytest.fixture
def portrait(tmp_path: Path, astronaut: NDArray[np.uint8]) -> Path:
    (tmp_path / "people").mkdir()
    Image.fromarray(astronaut).save(tmp_path / "people" / "astronaut.png")
    return tmp_path / "people"


def test_photos(feraug: Feraug, trained: Workspace, portrait: Path) -> None:
    arguments = ("synth", "--photos", portrait, "--detector", "cascade", "-w", trained.root)
    ran = feraug(*arguments)
    assert ran.code == 0, ran
    assert "(1 face, neutral:happy by cyclegan-neutral-happy, found by cascade)" in ran.out
    told = json.loads(feraug(*arguments, "--json").out)
    assert told["already_done"] and told["groups"][0]["faces"] == 1
    assert (Path(told["path"]) / "people.png").is_file()


def test_the_fallback_is_told(
    feraug: Feraug, trained: Workspace, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    ran = feraug("synth", "--photos", portrait, "-w", trained.root)
    assert ran.code == 0 and "found by cascade" in ran.out
    assert "mediapipe's detector cannot be had: pooch" in ran.err and "cascade serves" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--photos people --emotion sad", "--photos, --emotion: the one has no use for the other"),
        ("--photos people -n 5", "--photos, -n: the one has no use"),
        ("--photos people --detector dlib", "--detector: unknown 'dlib'; known: auto, mediapipe, cascade"),
        ("--photos people --min-face 2", "2.0 is not"),
        ("--photos nowhere", "--photos nowhere: no such folder"),
        ("--min-face 0.5", "--min-face: is for --photos DIR"),
    ],
)
def test_bad_command_lines(
    feraug: Feraug, trained: Workspace, portrait: Path, arguments: str, words: str
) -> None:
    assert words in feraug("synth", *arguments.split(), "-w", trained.root).error


def test_a_face_model_that_is_none(
    feraug: Feraug, trained: Workspace, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERAUG_FACE_MODEL", str(portrait / "astronaut.png"))
    assert "is not the face model" in feraug("synth", "--photos", portrait, "-w", trained.root).error
