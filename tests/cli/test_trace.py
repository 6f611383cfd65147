"""``feraug info --trace`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


@pytest.fixture
def translated(feraug: Feraug, trained: Workspace) -> Workspace:
    ran = feraug("synth", "--pair", "happy:neutral", "-n", "12", "-w", trained.root, "--name", "set")
    assert ran.code == 0, ran
    return trained


def test_trace(feraug: Feraug, translated: Workspace) -> None:
    path = translated.synthetic("set")
    ran = feraug("info", path, "--trace", "3")
    assert ran.code == 0, ran
    lines = ran.out.splitlines()
    assert lines[0].startswith("image: set.h5 row 3 (SHA-256 ") and lines[0].endswith("'neutral', translated")
    assert lines[1].startswith("  made by: cyclegan-neutral-happy.h5 (SHA-256 ")
    assert lines[2].startswith("    trained on: dataset.h5")
    assert lines[3].startswith("  translated from: dataset.h5 row ") and "a real 'happy' image" in lines[3]
    links = json.loads(feraug("info", path, "--trace", "3", "--json").out)["links"]
    assert [link["depth"] for link in links] == [0, 1, 2, 1]
    translated.dataset().unlink()
    ran = feraug("info", path, "--trace", "3")
    assert ran.code == 0 and "MISSING: no such file in the workspace" in ran.out
    assert ran.out.endswith("1 file is missing; --workspace names another folder to look in\n")


def test_trace_of_a_file_itself(feraug: Feraug, translated: Workspace) -> None:
    ran = feraug("info", "models/cyclegan-neutral-happy", "--trace", "file")
    assert ran.code == 0, ran
    model, dataset = ran.out.splitlines()
    assert model.startswith("file: cyclegan-neutral-happy.h5 (SHA-256 ")
    assert model.endswith("), cyclegan neutral:happy, 2 of 2 steps")
    assert dataset.startswith("  trained on: dataset.h5 (SHA-256 ")
    told = json.loads(feraug("info", "synthetic/set", "--trace", "file", "--json").out)
    assert (told["path"], told["row"]) == (str(translated.synthetic("set").resolve()), None)
    assert [(link["depth"], link["role"], link["name"], link["row"]) for link in told["links"]] == [
        (0, "file", "set.h5", None),
        (1, "made from", "dataset.h5", None),
        (1, "made from", "cyclegan-neutral-happy.h5", None),
        (2, "trained on", "dataset.h5", None),
    ]
    assert told["links"][0]["digest"] == sha256_file(translated.synthetic("set"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("artifacts/synthetic/set.h5 --trace 12", "--trace 12: artifacts/synthetic/set.h5 has rows 0 to 11"),
        ("artifacts/synthetic/set.h5 --trace -1", "--trace -1: artifacts/synthetic/set.h5 has rows 0 to 11"),
        ("artifacts/synthetic/set.h5 --trace one", "--trace one: takes a row, 0 or more, or file"),
        ("artifacts/synthetic/set.h5 --trace 1.5", "--trace 1.5: takes a row, 0 or more, or file"),
        ("artifacts/synthetic/set.h5 --trace file --config", "--config, --trace: give one of them"),
        ("artifacts/synthetic/set.h5 --trace 1 --config", "--config, --trace: give one of them"),
        ("artifacts/models/cyclegan-neutral-happy.h5 --trace 0", "has no images; '--trace file' tells"),
        ("nowhere.h5 --trace 0", "nowhere.h5: no such file"),
    ],
)
def test_bad_traces(feraug: Feraug, translated: Workspace, arguments: str, words: str) -> None:
    assert words in feraug("info", *arguments.split()).error
