"""``--source``, ``--source-share`` and ``--source-model`` of ``feraug train`` and ``feraug synth``."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from feraug.config import MODELS, TRANSLATORS
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
NOISE = ("--base-channels", "2", "--discriminator-channels", "2", "--batch-size", "4", "--steps", "2")


@pytest.fixture
def chain(feraug: Feraug, trained: Workspace) -> Workspace:
    """A translator, a noise generator of neutral faces, and thirty faces of it."""
    root = ("-w", trained.root, "--quiet")
    assert feraug("train", "wgan-gp", "--emotion", "neutral", *NOISE, *root).code == 0
    assert feraug("synth", "--model", "wgan-gp", "-n", "30", *root).code == 0
    return trained


def test_the_chain(feraug: Feraug, chain: Workspace, tiny: tuple[str, ...]) -> None:
    root, faces = ("-w", chain.root), chain.synthetic("wgan-gp-neutral")
    ran = feraug("synth", "--pair", "neutral:happy", "-n", "40", "--source", faces, *root)
    assert ran.code == 0, ran
    assert "made from 30 'neutral' faces of wgan-gp-neutral.h5, each used up to 2 times" in ran.out
    mixed = (*("--source", faces), *("--source-share", "0.5"), *("--name", "mixed"))
    ran = feraug("synth", "--pair", "neutral:happy", "-n", "20", *mixed, *root)
    assert "(50% of the images from wgan-gp-neutral.h5, the others from real faces of train)" in ran.out
    ran = feraug("train", "weighted", *tiny, *mixed, *root, "--json")
    assert ran.code == 0, ran
    config = json.loads(feraug("info", json.loads(ran.out)["path"], "--json").out)
    assert config["config"]["source_share"] == 0.5
    assert list(config["inputs"]) == ["dataset.h5", "wgan-gp-neutral.h5"]
    ran = feraug("train", "weighted", *tiny, "--source-model", "wgan-gp", "--name", "fresh", *root)
    assert ran.code == 0, ran
    assert "already done" in feraug("train", "weighted", "--resume", "--name", "mixed", *root).out


@pytest.mark.parametrize("model", MODELS)
def test_only_pair_translators_offer_a_source(feraug: Feraug, model: str) -> None:
    offered = re.findall("^ *(--source(?:-model)?) ", feraug("train", model, "--help").out, re.MULTILINE)
    assert offered == (["--source", "--source-model"] if model in TRANSLATORS else [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train dcgan --source dataset.h5", "--source: dcgan has no domain a; cyclegan"),
        ("train simple --source-model wgan-gp", "--source-model: simple has no domain a"),
        ("train cyclegan --name x --source-share 0.5", "--source-share: of what? Name images with --source"),
        ("train cyclegan --source x.h5 --source-share 0", "--source-share 0: uses nothing of the source"),
        (
            "train cyclegan --source-model dcgan --source-share 0",
            "uses nothing of the source; leave both out",
        ),
        ("train cyclegan --source-share 1.5", "1.5 is not a number from 0 to 1"),
        ("train cyclegan --name x --source nowhere.h5", "nowhere.h5: no such file"),
        ("train cyclegan --name x --source-model nowhere", "no model 'nowhere'"),
        ("train cyclegan --name x --source-model models/nowhere", "models/nowhere: no such model file"),
        ("synth --source nowhere.h5", "nowhere.h5: no such file"),
        ("synth --source x.h5 --emotion sad", "--source, --emotion: faces from noise have no source"),
        ("synth --source-share 0.5", "--source-share: of what? Name the images with --source FILE"),
    ],
)
def test_bad_sources(feraug: Feraug, trained: Workspace, arguments: str, words: str) -> None:
    assert words in feraug(*arguments.split(), "-w", trained.root).error


def test_drawn_faces_are_told_apart_by_their_number(feraug: Feraug, tmp_path: Path) -> None:
    assert feraug("prepare", "drawn:100", "-w", tmp_path).code == 0
    ran = feraug("prepare", "drawn:0100", "-w", tmp_path)
    assert ran.code == 0 and "already done" in ran.out


def test_sets_of_odd_names_have_names_after_them(feraug: Feraug, trained: Workspace, tmp_path: Path) -> None:
    odd = tmp_path / "my faces.h5"
    shutil.copy(trained.dataset(), odd)
    with h5py.File(odd, "r+") as file:
        file["images"][0, 0, 0] ^= 1  # not the dataset itself
    ran = feraug("synth", "--pair", "neutral:happy", "-n", "4", "--source", odd, "-w", trained.root)
    assert ran.code == 0, ran.err
    assert trained.synthetic("cyclegan-neutral-happy-from-my-faces").is_file()
