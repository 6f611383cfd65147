"""``feraug train MODEL`` and ``feraug synth --model``: options from configs, settings from all over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feraug.config import DEFAULTS, GAN_MODELS, MODELS, NOISE_GENERATORS, STARGANS, to_json, uses
from feraug.config.values import option
from feraug.emotions import DomainPair
from feraug.errors import UsageError
from feraug.store.model import read_model
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
TINY = ("--base-channels", "2", "--discriminator-channels", "2", "--batch-size", "4", "--steps", "2")


def trained_config(workspace: Workspace, name: str) -> dict[str, Any]:
    return dict(read_model(workspace.model(name), ()).header.provenance.config)


@pytest.mark.parametrize("model", MODELS)
def test_help_lists_every_setting_with_its_default_and_no_other(feraug: Feraug, model: str) -> None:
    ran = feraug("train", model, "--help")
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert MODELS[model] in words
    for name, value in to_json(DEFAULTS[model]).items():
        shown = f" {option(name)} " in words or f" {option(name)} / " in words
        assert shown == (uses(model, name) and name != "model"), name
        if isinstance(value, int | float) and not isinstance(value, bool) and shown:
            assert f"[default: {value}]" in words, name


@pytest.mark.parametrize("model", GAN_MODELS)
def test_every_model_trains_and_makes_images(feraug: Feraug, workspace: Workspace, model: str) -> None:
    own: tuple[str, ...] = ("--residual-blocks", "1")
    if model in NOISE_GENERATORS:
        own = ("--emotion", "happy", "--emotion", "sad")
    if model in STARGANS:
        own = (*own, "--emotion", "happy", "--emotion", "neutral")
    ran = feraug("train", model, *TINY, *own, "-w", workspace.root, "--json")
    assert ran.code == 0, ran
    assert json.loads(ran.out)["step"] == 2
    ran = feraug("synth", "--model", model, "-n", "5", "-w", workspace.root)
    assert ran.code == 0, ran
    assert ("made from noise: happy, sad" in ran.out) == (model in NOISE_GENERATORS)
    told = feraug(
        "info", json.loads(feraug("train", model, *TINY, *own, "-w", workspace.root, "--json").out)["path"]
    )
    assert told.code == 0 and f"{model} " in told.out


def test_settings_come_from_a_preset_a_file_and_the_command_line(
    feraug: Feraug, workspace: Workspace, tmp_path: Path
) -> None:
    root = ("-w", workspace.root, "--quiet")
    tiny = (*TINY, "--residual-blocks", "1")
    ran = feraug(
        "train", "weighted", *tiny, "--preset", "slides", "--gamma-end", "0.75", "--name", "first", *root
    )
    assert ran.code == 0, ran
    first = trained_config(workspace, "first")
    assert (first["output"], first["gamma_end"], first["cycle_weight"]) == ("direct", 0.75, 5.0)
    assert (first["base_channels"], first["real_target"]) == (2, 0.9)
    (tmp_path / "run.json").write_text(feraug("info", workspace.model("first"), "--config").out)
    again = ("train", "weighted", "--config", tmp_path / "run.json")
    assert feraug(*again, "--name", "second", *root).code == 0
    assert trained_config(workspace, "second") == first
    assert feraug(*again, "--epochs", "0.05", "--seed", "3", "--name", "third", *root).code == 0
    for encoding in ("utf-8-sig", "utf-16"):  # as editors and PowerShell save it
        text = (tmp_path / "run.json").read_text(encoding="utf-8")
        (tmp_path / "other.json").write_text(text, encoding=encoding)
        plan = feraug("train", "weighted", "--config", tmp_path / "other.json", "--dry-run", "--json", *root)
        assert json.loads(plan.out)["config"] == first
    third = trained_config(workspace, "third")
    assert third == {**first, "steps": None, "epochs": 0.05, "seed": 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--steps 5 --epochs 2", "--epochs, --steps: give one of them"),
        ("--steps 5 --budget 2m", "--steps, --budget: give one of them"),
        ("--preset slide", "--preset: unknown 'slide' (did you mean 'slides'?); known: slides, cpu"),
        ("--preset cpu --resume", "--preset, --resume: give one of them"),
        ("--config nowhere.json", "--config nowhere.json: No such file"),
        ("--config list.json", "--config list.json: not an object of settings"),
        ("--config text.json", "not JSON; 'feraug info FILE --config > run.json' writes one"),
        ("--config other.json", "is for the model 'weighted', not cyclegan; use 'feraug train weighted"),
        (
            "--config odd.json",
            "--config odd.json: unknown setting 'epoch' for a TranslatorConfig (did you mean",
        ),
        ("--config bench.json", "bench.json: is a benchmark's; give that of models/NAME.h5 or bench/NAME/cl"),
        ("--resume --overwrite", "--resume, --overwrite: one continues"),
        ("--budget 5x", "'5x' is not a time"),
        ("--precision 16-mixed --device cpu", "--precision 16-mixed: needs an NVIDIA GPU"),
        ("--gamma-end 1", "No such option: --gamma-end"),
    ],
)
def test_a_bad_command_line(
    feraug: Feraug, workspace: Workspace, tmp_path: Path, arguments: str, words: str
) -> None:
    for name, text in {
        "list": "[1]", "text": "epochs: 3", "other": '{"model": "weighted"}', "odd": '{"epoch": 3}',
        "bench": '{"model": "simple", "arms": ["real"]}',
    }.items():  # fmt: skip
        (tmp_path / f"{name}.json").write_text(text)
    ran = feraug("train", "cyclegan", *arguments.split(), "-w", workspace.root)
    assert ran.code == 2
    assert words in ran.error


def test_a_dry_run_prints_settings_sizes_and_the_time(feraug: Feraug, workspace: Workspace) -> None:
    arguments = ("train", "dcgan", *TINY, "--emotion", "sad", "--dry-run", "-w", workspace.root)
    ran = feraug(*arguments, "--quiet")
    assert ran.code == 0
    assert "discriminator_channels" in ran.out and "2 steps at " in ran.out
    assert f"would write {workspace.model('dcgan-sad')}" in ran.out
    plan = json.loads(feraug(*arguments, "--json").out)
    assert plan["steps"] == 2 and set(plan["parameters"]) == {"generator", "discriminator"}
    assert plan["config"]["emotions"] == ["sad"]
    assert not workspace.model("dcgan-sad").exists()


def test_resume_says_which_model_the_file_is(feraug: Feraug, workspace: Workspace) -> None:
    assert feraug("train", "dcgan", *TINY, "--emotion", "sad", "--name", "x", "-w", workspace.root).code == 0
    ran = feraug("train", "cyclegan", "--resume", "--name", "x", "-w", workspace.root)
    assert f"is a dcgan; use 'feraug train dcgan --resume --name x -w {workspace.root}'" in ran.error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--pair neutral:happy --emotion sad", "--pair, --emotion: --pair translates"),
        ("--emotion sad", "--model: which generator is to make faces from noise"),
        ("--model nope", "no model 'nope'"),
        ("--model dcgan --strength 0.5", "--strength: faces from noise have no use for it"),
        ("--model dcgan --dataset nowhere.h5", "--dataset: faces from noise have no use for it"),
        ("--pair neutral:happy --source x.h5 --source-share 0", "--source-share 0: uses nothing of --source"),
        (
            "--model cyclegan-neutral-happy --emotion sad",
            "a cyclegan translates faces; say which with --pair",
        ),
    ],
)
def test_a_bad_synth(feraug: Feraug, trained: Workspace, arguments: str, words: str) -> None:
    if "dcgan" in arguments:
        assert feraug("train", "dcgan", *TINY, "--emotion", "sad", "-w", trained.root).code == 0
    ran = feraug("synth", *arguments.split(), "-n", "3", "-w", trained.root)
    assert ran.code in (1, 2)
    assert words in ran.error


def test_compile_is_for_generative_models(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(
        "feraug.workflows.training_run.TrainingRun.compile", lambda run, notify: compiled.append(run)
    )
    small = (*TINY, "--residual-blocks", "1", "-w", workspace.root)
    assert feraug("train", "cyclegan", *small, "--dry-run").code == 0
    assert not compiled
    assert feraug("train", "cyclegan", *small, "--compile", "--dry-run").code == 0
    assert feraug("train", "cyclegan", *small, "--compile").code == 0
    assert len(compiled) == 2
    assert feraug("train", "simple", "--compile", "-w", workspace.root).code == 2
    assert "--compile" not in feraug("train", "simple", "--help").out


@pytest.mark.parametrize(
    ("model", "name"),
    [("weighted", "weighted-A-B"), ("stargan", "stargan-all"), ("dcgan", "dcgan-all"), ("vgg19", "vgg19")],
)
def test_help_tells_the_name_that_the_file_will_have(feraug: Feraug, model: str, name: str) -> None:
    told = " ".join(feraug("train", model, "--help").out.split())
    assert f"File name, models/NAME.h5. [default: ({name})]" in told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"source": "drawn", "labels": "fer2013"}, "is a dataset's; give that of models/NAME.h5"),
        ({"arm": "real", "repeat": 0}, "is a benchmark's; give that of models/NAME.h5"),
    ],
)
def test_a_config_of_something_else(
    feraug: Feraug, tmp_path: Path, values: dict[str, Any], told: str
) -> None:
    (tmp_path / "other.json").write_text(json.dumps(values))
    assert told in feraug("train", "cyclegan", "--config", "other.json").error


def test_all_pairs_of_a_model_of_one() -> None:
    for text in ("neutral:all", "All:happy"):
        with pytest.raises(UsageError, match=f"'{text}': here a pair is of two emotions; 'all' is for"):
            DomainPair.parse(text)


def test_a_dry_run_shows_what_the_model_has(feraug: Feraug, workspace: Workspace) -> None:
    shown = feraug("train", "cyclegan", "--base-channels", "1", "--dry-run", "--steps", "5").out
    names = re.findall(r"^ (\w+) ", shown, re.M)
    assert {"cycle_weight", "mismatch_weight", "steps"} <= set(names)
    assert not {"critic_steps", "weighted_cycle", "gamma_end", "epochs"} & set(names)
