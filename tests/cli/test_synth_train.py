"""``feraug synth`` without a model: trained first where there is no terminal, offered on one, or refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.forked import start

from feraug.cli import console
from feraug.cli import synth as cli_synth
from feraug.cli.main import main
from feraug.config import PRESETS
from feraug.store.workspace import Workspace
from feraug.workflows import missing_translator

Feraug = Callable[..., Any]
PAIR = ("synth", "--pair", "neutral:happy", "-n", "4", "--device", "cpu")


@pytest.fixture(autouse=True)
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = {"base_channels": 1, "residual_blocks": 0, "discriminator_channels": 1, "batch_size": 2}
    presets = {model: {**values, **tiny} for model, values in PRESETS["cpu"].items()}
    monkeypatch.setattr(missing_translator, "PRESETS", {"cpu": presets})


def test_both_ways_to_a_model_are_named(feraug: Feraug, workspace: Workspace) -> None:
    ran = feraug(*PAIR, "--train", "never", "-w", workspace.root)
    assert ran.code == 1
    assert not workspace.models()
    command = f"feraug train cyclegan --pair neutral:happy -w {workspace.root}"
    assert ran.error.endswith(f"; train one with '{command}', or here with --train 20m")


def test_prepare_synth_and_bench_alone_go_the_whole_way(feraug: Feraug, workspace: Workspace) -> None:
    ran = feraug(*PAIR, "--train", "1s", "-w", workspace.root)
    assert ran.code == 0
    assert "4 'happy' images by cyclegan-neutral-happy" in ran.out
    assert "training one first" in ran.err
    tiny = ("--width", "0.05", "--steps", "2", "--batch-size", "8", "--repeats", "1")
    ran = feraug("bench", "--classifier", "vgg19", "--with-synthetic", *tiny, "-w", workspace.root)
    assert ran.code == 0
    assert "real+synthetic" in ran.out


def test_where_nobody_can_be_asked_one_is_trained(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_synth, "OFFERED", "1s")
    ran = feraug(*PAIR, "-w", workspace.root)
    assert ran.code == 0, "scripts and notebooks get what they asked for"
    assert "no model for neutral:happy yet: training one first, as 'feraug train cyclegan" in ran.err
    assert "4 'happy' images by cyclegan-neutral-happy" in ran.out
    ran = feraug(*PAIR, "--name", "again", "-w", workspace.root)
    assert ran.code == 0 and "training" not in ran.err, "the model is there now"
    ran = feraug("synth", "--model", "wgan-gp", "-n", "4", "-w", workspace.root)
    assert ran.code == 1 and "train wgan-gp" in ran.error, "what makes faces from noise is not"
    ran = feraug("synth", "--model", "mine", "--pair", "neutral:sad", "-w", workspace.root)
    assert ran.code == 1 and "no model 'mine'" in ran.error
    ran = feraug(*PAIR, "--pair", "neutral:sad", "--devices", "2", "-w", workspace.root)
    assert ran.code == 1 and "no trained model for neutral:sad" in ran.error, "on one device alone"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--strength", "0.5"), "--strength: cannot be set for a cyclegan; only stargan has it"),
        (("--source", "nothere.h5"), "nothere.h5: no such file"),
        (("--source-share", "0.3"), "--source-share: of what?"),
        (("--name", "taken"), "taken.h5 was made by another model; --overwrite replaces it"),
        (("--name", "a b"), "'a b' cannot be a file's name"),
        (("-n", "90000000"), "would use each"),
    ],
)
def test_what_the_images_cannot_be_is_told_before_a_training(
    feraug: Feraug, workspace: Workspace, options: tuple[str, ...], words: str
) -> None:
    workspace.synthetic("taken").parent.mkdir(exist_ok=True)
    workspace.synthetic("taken").write_bytes(b"something")
    ran = feraug("synth", "--pair", "neutral:happy", *options, "-w", workspace.root)
    assert ran.code in (1, 2) and words in ran.error
    assert not workspace.models(), "nobody waits twenty minutes to hear it"


def test_a_notebook_gives_a_terminal_and_nobody_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert console.can_ask()
    monkeypatch.setenv("JPY_PARENT_PID", "1")  # as jupyter_client gives every kernel
    assert not console.can_ask()


@pytest.mark.usefixtures("quick_budget")
def test_a_named_kind_is_trained(feraug: Feraug, workspace: Workspace) -> None:
    ran = feraug("synth", "--model", "weighted", "-n", "4", "--train", "1s", "-w", workspace.root)
    assert ran.code == 0, "a kind of translator needs no --pair"
    assert workspace.model("weighted-neutral-happy").exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--train", "soon"), "'soon' is not a time"),
        (("--train", "0s"), "--train 0s: takes a second or more, or never"),
        (("--train", "1m", "--photos", "photos"), "--train: is not for --photos"),
        (("--train", "1m", "--devices", "2"), "--train: on one device"),
    ],
)
def test_what_the_option_refuses(
    feraug: Feraug, workspace: Workspace, options: tuple[str, ...], error: str
) -> None:
    ran = feraug(*PAIR, *options, "-w", workspace.root)
    assert ran.code == 2
    assert error in ran.error
    assert not workspace.models()


@pytest.mark.usefixtures("quick_budget")
def test_on_a_terminal_a_yes_trains(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def yes(situation: str, question: str) -> bool:
        asked.append((situation, question))
        return True

    monkeypatch.setattr(console, "can_ask", lambda: True)
    monkeypatch.setattr(console, "confirmed", yes)
    monkeypatch.setattr(cli_synth, "OFFERED", "1s")
    ran = feraug(*PAIR, "-w", workspace.root)
    assert ran.code == 0 and "4 'happy' images" in ran.out
    assert len(asked) == 1 and "no trained model for neutral:happy" in asked[0][0]
    assert asked[0][1] == "Train one now, for 20m?"
    ran = feraug("synth", "--model", "mine", "--pair", "neutral:happy", "-w", workspace.root)
    assert ran.code == 1 and "no model 'mine'" in ran.error, "of another's name nothing is offered"
    assert len(asked) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_real_terminal_is_asked_and_a_no_is_a_no(workspace: Workspace) -> None:
    import pty

    ours, theirs = pty.openpty()

    def on_terminal() -> None:
        os.dup2(theirs, 0)
        os.dup2(theirs, 2)
        os.close(theirs)
        sys.stdin, sys.stderr = os.fdopen(0, closefd=False), os.fdopen(2, "w", closefd=False)
        main()

    process = start(*PAIR, "-w", workspace.root, command=on_terminal)
    os.close(theirs)
    os.write(ours, b"n\n")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and out.strip() == ""
    said = b""
    while b"error:" not in said:
        said += os.read(ours, 10_000)
    os.close(ours)
    assert b"Train one now, for 20m? [Y/n]" in said
    # Before the question and in the error after it, the command to copy names the workspace.
    assert said.count(f"--pair neutral:happy -w {workspace.root}'".encode()) == 2
    assert not workspace.models()


def test_a_time_to_train_where_nothing_is_trained(feraug: Feraug, trained: Workspace) -> None:
    ran = feraug("synth", "-n", "2", "--train", "1h")
    told = (
        "--train 1h: trained nothing, as cyclegan-neutral-happy.h5 is there (finished or not); "
        "'feraug train' trains another, or with --resume goes on"
    )
    assert ran.code == 0 and told in ran.err
    assert "trained nothing" not in feraug("synth", "-n", "3", "--name", "other").err
    assert "trained nothing" not in feraug("synth", "-n", "2", "--train", "1h", "-q").err
