"""Help, version, completion and the table of commands; the nearest name for what is mistyped."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from feraug.cli.commands import COMMANDS, LazyCommands
from feraug.config import MODELS
from feraug.version import __version__

Feraug = Callable[..., Any]


def every_command() -> Iterator[tuple[str, Any]]:
    """Each command and sub-command with its full name."""
    for name in COMMANDS:
        command = typer.main.get_command(importlib.import_module(f"feraug.cli.{name}").app)
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {sub}", inner[sub]) for sub in inner)


def test_help_names_every_command(feraug: Feraug) -> None:
    ran = feraug("--help")
    assert (ran.code, ran.err) == (0, "")
    for name, line in COMMANDS.items():
        assert f"  {name}" in ran.out
        assert line in ran.out
    assert feraug("-h").out == ran.out


def test_the_line_about_each_model_is_whole(feraug: Feraug) -> None:
    told = " ".join(feraug("train", "--help").out.split())
    assert all(line.replace("ten-crop", "ten- crop") in told or line in told for line in MODELS.values())


def test_a_source_that_is_nearly_drawn(feraug: Feraug) -> None:
    ran = feraug("prepare", "drawns")
    assert ran.error.startswith("there is no 'drawns' (did you mean 'drawn'?); give a FER2013 CSV, ")


def test_no_command_is_the_help(feraug: Feraug) -> None:
    ran = feraug()
    assert (ran.code, ran.err) == (2, "")
    assert ran.out.startswith("Usage: ")


def test_train_without_a_model_is_its_help(feraug: Feraug) -> None:
    ran = feraug("train")
    assert (ran.code, ran.err) == (2, "")
    assert "cyclegan" in ran.out


def test_version(feraug: Feraug) -> None:
    ran = feraug("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"feraug {__version__}\n", "")


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_every_command_has_help(feraug: Feraug, name: str) -> None:
    ran = feraug(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: ")
    assert name in ran.out.splitlines()[0]


def test_every_option_and_argument_says_what_it_does() -> None:
    silent = [
        f"{name} {parameter.name}"
        for name, command in every_command()
        for parameter in command.params
        if not (getattr(parameter, "help", None) or "").strip()
    ]
    assert silent == []


def test_every_command_begins_with_what_it_does() -> None:
    for name, command in every_command():
        assert f"feraug {name} " in command.help, name  # an example


def test_the_example_of_each_command_stands_in_one_line(
    feraug: Feraug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in [*COMMANDS, *(f"train {model}" for model in MODELS)]:
        lines = feraug(*name.split(), "--help").out.splitlines()
        assert max(map(len, lines)) <= 80, name
        examples = [line for line in lines[1:] if f"feraug {name} " in line]
        assert examples and not examples[0].endswith("-"), name
        follows = lines[lines.index(examples[0]) + 1]
        assert not follows.strip() or examples[0].endswith("."), name


def test_the_table_of_commands_is_true() -> None:
    for name, line in COMMANDS.items():
        module = importlib.import_module(f"feraug.cli.{name}")
        assert module.app.__class__ is typer.Typer
        assert line.endswith(".")
    assert LazyCommands().list_commands(None) == list(COMMANDS)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def test_help_imports_nothing_heavy() -> None:
    script = """
import sys
from feraug.cli.main import main
sys.argv = ["feraug", "--help"]
try:
    main()
except SystemExit:
    pass
heavy = {"torch", "h5py", "numpy", "mediapipe", "matplotlib", "PIL", "skimage", "scipy"}
print("imported:", sorted(heavy & set(sys.modules)))
"""
    done = python("-c", script)
    assert done.stdout.splitlines()[-1] == "imported: []"
    assert done.stderr == ""


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_help_of_a_command_imports_no_torch(name: str) -> None:
    script = f"""
import sys
from feraug.cli.main import main
sys.argv = ["feraug", *{name.split()!r}, "--help"]
try:
    main()
except SystemExit:
    pass
print("imported:", sorted({{"torch", "h5py", "numpy"}} & set(sys.modules)))
"""
    assert python("-c", script).stdout.splitlines()[-1] == "imported: []"


def test_python_m_feraug() -> None:
    done = python("-m", "feraug", "--version")
    assert (done.returncode, done.stdout) == (0, f"feraug {__version__}\n")


def test_completion_of_commands_and_options() -> None:
    environment = {"_FERAUG_COMPLETE": "complete_bash", "COMP_WORDS": "feraug ", "COMP_CWORD": "1"}
    done = python("-m", "feraug", **environment)
    assert done.stderr == ""
    assert set(COMMANDS) <= set(done.stdout.split())
    environment |= {"COMP_WORDS": "feraug synth --mo", "COMP_CWORD": "2"}
    assert python("-m", "feraug", **environment).stdout.split() == ["--model"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("trian", "No such command 'trian' (did you mean 'train'?); see 'feraug --help'"),
        ("frobnicate", "No such command 'frobnicate'; see 'feraug --help'"),
        ("train cyclgan", "'cyclgan' (did you mean 'cyclegan'?); see 'feraug train --help'"),
        ("train cyclegan --cycle-wieght 3", "--cycle-wieght (did you mean '--cycle-weight'?)"),
        ("train CycleGAN", "unknown 'CycleGAN' (did you mean 'cyclegan'?); see 'feraug train --help'"),
        ("train happy:sad", "unknown 'happy:sad'; known: cyclegan, weighted, "),
        ("train cyclegan happy:sad", "unexpected 'happy:sad' (did you mean '--pair happy:sad'?)"),
        ("train cyclegan --lr 1e-3", "--lr (did you mean '--generator-rate'?)"),
        ("train simple --lr 1e-3", "--lr (did you mean '--rate'?)"),
        ("train cyclegan --emotion sad", "--emotion (did you mean '--pair'?)"),
        ("train dcgan --pair happy:sad", "--pair (did you mean '--emotion'?)"),
        ("train simple --pair happy:sad", "No such option: --pair; see 'feraug train simple --help'"),
        ("bench vgg19", "unexpected 'vgg19' (did you mean '--classifier vgg19'?)"),
        ("filter x sad", "unexpected 'sad' (did you mean '--emotion sad'?)"),
        ("prepare", "Missing argument 'SOURCE', as in 'feraug prepare fer2013.csv'; see"),
        ("synth --model simple", "simple is a classifier and makes no faces"),
        ("info --jsn x", "--jsn (did you mean '--json'?); see 'feraug info --help'"),
        ("train cyclegan --output residul", "--output: unknown 'residul' (did you mean 'residual'?)"),
        ("train cyclegan --upsampling resise", "unknown 'resise' (did you mean 'resize'?)"),
        (
            "train cyclegan --pair neutral:hapy",
            "unknown emotion 'hapy' (did you mean 'happy'?); known: angry",
        ),
        ("synth --pair hapyness:sad", "(did you mean 'happiness'?)"),
        ("prepare drawn --labels fer+", "known: fer2013, ferplus"),
        ("ssim --variant unifrom", "--variant: unknown 'unifrom' (did you mean 'uniform'?)"),
    ],
)
def test_the_nearest_name_is_suggested(feraug: Feraug, arguments: str, words: str) -> None:
    ran = feraug(*arguments.split())
    assert ran.code == 2
    assert words in ran.error


@pytest.mark.parametrize(
    "arguments",
    [
        "prepare",
        "prepare a b",
        "prepare drawn --name",
        "prepare drawn --name ../x",
        "prepare drawn --seed -1",
        "prepare drawn --seed 99999999999999999999",
        "prepare drawn:0",
        "prepare drawn:many",
        "prepare drawn:99999999999999",
        "prepare drawn --labels ferplus",
        "train cyclegan --pair happy",
        "train cyclegan --pair happy:",
        "train cyclegan --pair happy:happiness",
        "train cyclegan --pair a:b:c",
        "train cyclegan --steps 0",
        "train cyclegan --steps x",
        "train cyclegan --steps 1.5",
        "train cyclegan --epochs nan",
        "train cyclegan --epochs -1",
        "train cyclegan --batch-size 0",
        "train cyclegan --batch-size 99999999",
        "train cyclegan --cycle-weight inf",
        "train cyclegan --cycle-weight -1",
        "train cyclegan --generator-rate -1",
        "train cyclegan --decay-from 2",
        "train cyclegan --ema-decay 1",
        "train cyclegan --base-channels 100000",
        "train cyclegan --residual-blocks 65",
        "train cyclegan --checkpoint-every soon",
        "train cyclegan --checkpoint-every -5s",
        "synth -n 0",
        "synth -n many",
        "synth -n 2000000000",
        "ssim --pairs 0",
        "ssim --queries -1",
        "ssim --synthetic",
        "ssim x.h5",
        "compare --pair happy",
        "compare --pair happy:happiness",
        "compare --images -1",
        "compare --model",
        "info",
        "info a b",
        "export x",
        "report x",
        "--workspace x info y",
    ],
)
def test_a_bad_command_line_is_one_line_and_exit_code_2(feraug: Feraug, arguments: str) -> None:
    ran = feraug(*arguments.split())
    assert ran.code == 2, ran
    assert ran.error
