"""``feraug synth --photos`` on the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.conftest import ARCHIVED_CLASSIFIER

from feraug.store.digests import sha256_file
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


def test_the_classifier_of_the_shares_is_named(feraug: Feraug, trained: Workspace, portrait: Path) -> None:
    shutil.copy(ARCHIVED_CLASSIFIER, trained.model("judge"))
    arguments = ("synth", "--photos", portrait, "--detector", "cascade", "--classifier", "judge")
    ran = feraug(*arguments, "-w", trained.root)
    digest = sha256_file(trained.model("judge"))
    assert ran.code == 0 and f"called by judge (SHA-256 {digest[:12]})\n" in ran.out
    told = json.loads(feraug(*arguments, "-w", trained.root, "--json").out)
    assert told["already_done"] and (told["classifier"], told["classifier_digest"]) == ("judge", digest)


def test_degraded_photos(feraug: Feraug, trained: Workspace, portrait: Path) -> None:
    arguments = ("synth", "--photos", portrait, "--detector", "cascade", "--seed", "3")
    arguments = (*arguments, "--degrade", "flip,jpeg")
    ran = feraug(*arguments, "-w", trained.root)
    assert ran.code == 0, ran
    table, rest = ran.out.split(" degradation ")[1].split("--classifier FILE says what share")
    assert max(map(len, table.splitlines())) <= 80
    for words in ("clean", "jpeg", "quality 35", "mirrored"):
        assert words in table
    sheet = rest.split("look at the picture: ")[1].splitlines()[0]
    assert sheet.endswith("/degraded/sheet.png") and Path(sheet).is_file()
    told = json.loads(feraug(*arguments, "-w", trained.root, "--json").out)
    assert [row["name"] for row in told["degradations"]] == ["clean", "flip", *["jpeg"] * 3]


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
        ("--photos people --emotion sad", "--photos, --emotion: cannot be combined"),
        ("--photos people -n 5", "--photos, -n: cannot be combined"),
        ("--photos people --strength 0.5", "--photos, --strength: cannot be combined"),
        ("--photos people --detector dlib", "--detector: unknown 'dlib'; known: auto, mediapipe, cascade"),
        ("--photos people --min-face 2", "2.0 is not"),
        ("--photos nowhere", "--photos nowhere: no such folder"),
        ("--min-face 0.5", "--min-face: is for --photos DIR"),
        ("--degrade blur", "--degrade: is for --photos DIR; 'feraug compare --degrade NAMES' does it"),
        ("--photos people --degrade blurr", "--degrade: unknown 'blurr' (did you mean 'blur'?)"),
        ("--photos people --degrade ,", "--degrade: names none; known: noise, "),
        ("--photos people --seed 3", "--photos, --seed: cannot be combined"),
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


def test_names_of_photos_cannot_command_the_terminal(
    feraug: Feraug, trained: Workspace, portrait: Path
) -> None:
    (portrait / "\x1b[31mred\nerror: none.png").write_bytes(b"no picture")
    ran = feraug("synth", "--photos", portrait, "--detector", "cascade", "-w", trained.root)
    assert ran.code == 0 and "\x1b" not in ran.err
    assert "\\x1b[31mred\\nerror: none.png: skipped, " in ran.err


def test_names_of_groups_cannot_either(
    feraug: Feraug, trained: Workspace, portrait: Path, tmp_path: Path
) -> None:
    group = tmp_path / "odd" / "\x1b[31mred\x1b]0;title\x07"
    group.mkdir(parents=True)
    shutil.copy(portrait / "astronaut.png", group)
    ran = feraug("synth", "--photos", tmp_path / "odd", "--detector", "cascade", "-w", trained.root)
    assert ran.code == 0, ran
    assert "\x1b" not in ran.out and "[31mred" in ran.out


def test_a_file_in_the_way_is_told_before_the_work(
    feraug: Feraug, trained: Workspace, portrait: Path
) -> None:
    (trained.root / "photos").write_text("mine")
    (trained.root / "synthetic").write_text("mine")
    ran = feraug("synth", "--photos", portrait, "--detector", "cascade", "-w", trained.root)
    assert f"{trained.root / 'photos'}: a file stands where a folder is needed" in ran.error
    ran = feraug("synth", "-n", "5", "-w", trained.root)
    assert f"{trained.root / 'synthetic'}: a file stands where a folder is needed" in ran.error
    assert (trained.root / "photos").read_text() == (trained.root / "synthetic").read_text() == "mine"
