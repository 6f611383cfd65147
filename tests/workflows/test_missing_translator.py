"""``feraug synth --train``: a translator is trained where there is none, and only there."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

import feraug
from feraug.config import PRESETS, NoiseSynthConfig, PrepareConfig, SynthConfig, model_config, to_json
from feraug.emotions import PairSet
from feraug.errors import ConfigConflictError, Interrupted, MissingModelError, UsageError
from feraug.store.model import read_model, write_model
from feraug.store.workspace import Workspace
from feraug.workflows import missing_translator
from feraug.workflows.events import Event, Note, Progress
from feraug.workflows.missing_translator import kind_for
from feraug.workflows.model_files import find_model
from feraug.workflows.prepare import prepare
from feraug.workflows.synth import SynthOptions, synthesise
from feraug.workflows.train import train

TINY = {"base_channels": 1, "residual_blocks": 0, "discriminator_channels": 1, "batch_size": 2}
CONFIG = SynthConfig(count=4)


pytestmark = pytest.mark.usefixtures("quick_budget")


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    presets = {model: {**values, **TINY} for model, values in PRESETS["cpu"].items()}
    monkeypatch.setattr(missing_translator, "PRESETS", {"cpu": presets})


def notes(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


def test_a_model_that_cannot_be_used_is_named(workspace: Workspace) -> None:
    """Or "train one" would be all that is said, and be refused as a file of the name is there."""
    path = workspace.model("cyclegan-neutral-happy")
    path.parent.mkdir()
    path.write_bytes(workspace.dataset().read_bytes()[:5000])
    with pytest.raises(MissingModelError, match=r"'; not usable is \S+cyclegan-neutral-happy\.h5: truncated"):
        synthesise(CONFIG, workspace)


def test_a_pair_without_a_model_gets_one_by_the_command_that_is_named(workspace: Workspace) -> None:
    events: list[Event] = []
    options = SynthOptions(device="cpu", command="feraug synth --train 1s", train=1.0)
    result = synthesise(CONFIG, workspace, options=options, notify=events.append)
    assert result.model.stem == "cyclegan-neutral-happy"
    model = read_model(result.model, ("history",))
    assert model.header.extra["finished"]
    settings = model.header.provenance.config
    assert settings["budget"] == 1.0
    assert {name: settings[name] for name in TINY} == TINY
    assert settings["change_weight"] == PRESETS["cpu"]["cyclegan"]["change_weight"]
    assert model.header.provenance.command == "feraug synth --train 1s"
    command = "feraug train cyclegan --pair neutral:happy --preset cpu --budget 1s"
    assert notes(events)[0] == f"no model for neutral:happy yet: training one first, as '{command}' would"

    events.clear()
    digest = result.model.read_bytes()
    again = synthesise(CONFIG, workspace, options=replace(options, train=90.0), notify=events.append)
    assert again.already_done
    assert notes(events) == [] and result.model.read_bytes() == digest, "there is one now"


def test_the_command_that_is_named_has_the_dataset(workspace: Workspace, tmp_path: Path) -> None:
    other = (workspace.dataset()).rename(tmp_path / "my faces.h5")
    events: list[Event] = []
    options = SynthOptions(device="cpu", train=1.0)
    synthesise(CONFIG, workspace, dataset=other, options=options, notify=events.append)
    assert f"--budget 1s --dataset '{other}'' would" in notes(events)[0]


def test_all_pairs_get_a_stargan_and_a_named_kind_is_taken(workspace: Workspace) -> None:
    prepare("drawn:700", PrepareConfig(near_copies=False), workspace.dataset(), overwrite=True)
    options = SynthOptions(device="cpu", train=1.0)
    few = model_config({"model": "stargan", "emotions": ["angry", "neutral"], "steps": 1, "base_channels": 2})
    train(few, workspace)
    known = r"models \(stargan-angry-neutral translates neutral:angry alone: ask for one with --pair\); train"
    with pytest.raises(MissingModelError, match=known):
        synthesise(replace(CONFIG, pair="neutral:all"), workspace, options=SynthOptions(device="cpu"))
    made = synthesise(replace(CONFIG, pair="neutral:all"), workspace, model="stargan", options=options)
    assert made.model.stem == "stargan-all", "not the one of two emotions, neutral:angry though it knows"
    assert made.emotions == ("angry", "disgust", "fear", "happy"), "four images"
    assert workspace.model("stargan-angry-neutral").exists()
    workspace.model("stargan-angry-neutral").unlink()
    made = synthesise(CONFIG, workspace, model="weighted", options=options)
    assert made.model.stem == "weighted-neutral-happy", "though the stargan translates the pair too"
    back = synthesise(replace(CONFIG, pair="happy:neutral"), workspace, model="weighted", options=options)
    assert back.model == made.model, "a model translates its pair both ways"
    with pytest.raises(UsageError, match="several models"):
        synthesise(replace(CONFIG, count=5), workspace, options=options)
    assert not workspace.model("cyclegan-neutral-happy").exists(), "others translate the pair"


@pytest.mark.parametrize(
    ("pairs", "model", "kind"),
    [
        ("neutral:happy", None, "cyclegan"),
        ("neutral:all", None, "stargan"),
        ("happy:sad", "wasserstein", "wasserstein"),
        ("happy:sad", "stargan", "stargan"),
        ("neutral:all", "cyclegan", None),
        ("neutral:happy", "mine", None),
        ("neutral:happy", "wgan-gp", None),
    ],
)
def test_the_kind_that_is_trained(pairs: str, model: str | None, kind: str | None) -> None:
    assert kind_for(PairSet.parse(pairs), model) == kind


def test_a_kind_of_translator_is_found_where_no_pair_is_given(workspace: Workspace) -> None:
    (workspace.root / "models").mkdir()
    one = workspace.model("cyclegan-neutral-happy")
    one.touch()
    assert find_model("cyclegan", workspace) == one
    workspace.model("cyclegan-sad-happy").touch()
    with pytest.raises(UsageError, match="several models are called cyclegan"):
        find_model("cyclegan", workspace)


def test_an_interrupted_one_goes_on_and_without_the_option_serves_as_it_is(workspace: Workspace) -> None:
    options = SynthOptions(device="cpu", train=2.0)

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(
        Interrupted,
        match=r"The same command with --train 2s goes on; with --train never the model is used as it is",
    ):
        synthesise(CONFIG, workspace, options=options, notify=interrupt)
    path = workspace.model("cyclegan-neutral-happy")
    step = read_model(path, ()).step
    assert not list(workspace.root.glob("synthetic/*.h5"))

    events: list[Event] = []
    early = synthesise(CONFIG, workspace, name="early", options=SynthOptions("cpu"), notify=events.append)
    assert early.images == 4 and "not finished" in notes(events)[0]
    assert read_model(path, ()).step == step

    events.clear()
    synthesise(CONFIG, workspace, name="late", options=options, notify=events.append)
    assert notes(events)[0].startswith("going on with cyclegan-neutral-happy.h5")
    assert read_model(path, ()).step > step


def test_a_model_of_another_dataset_is_told_of_with_a_way_out(workspace: Workspace) -> None:
    options = SynthOptions(device="cpu", train=1.0)
    made = synthesise(CONFIG, workspace, options=options)
    saved = read_model(made.model)
    interrupted = {**saved.header.extra, "finished": False}
    write_model(made.model, saved.arrays, saved.header.provenance, interrupted)
    made.path.unlink()
    prepare("drawn:210", PrepareConfig(near_copies=False), workspace.dataset(), overwrite=True)
    command = (
        "'feraug train cyclegan --pair neutral:happy --preset cpu --budget 1s --overwrite' trains it anew"
    )
    with pytest.raises(ConfigConflictError, match=command):
        synthesise(CONFIG, workspace, options=options)


def test_without_the_option_nothing_is_trained(workspace: Workspace) -> None:
    with pytest.raises(
        MissingModelError, match="train one with 'feraug train cyclegan --pair neutral:happy'"
    ):
        synthesise(CONFIG, workspace)
    with pytest.raises(MissingModelError):
        feraug.synthesise(CONFIG, workspace=workspace.root)
    assert not workspace.models()


def test_python_trains_for_seconds(workspace: Workspace) -> None:
    made = feraug.synthesise(CONFIG, workspace=workspace.root, device="cpu", train_seconds=1)
    assert to_json(CONFIG)["pair"] == str(made.pair) and made.model.exists()


def test_what_it_is_not_for(workspace: Workspace, tmp_path: Path) -> None:
    options = SynthOptions(device="cpu", train=1.0)
    with pytest.raises(UsageError, match="--train: is for --pair"):
        synthesise(NoiseSynthConfig(count=4), workspace, model="wgan-gp", options=options)
    with pytest.raises(UsageError, match="--train: on one device"):
        synthesise(CONFIG, workspace, options=replace(options, devices=2))
    with pytest.raises(MissingModelError, match="no model 'mine'"):
        synthesise(CONFIG, workspace, model="mine", options=options)
    with pytest.raises(UsageError, match="budget"):
        synthesise(CONFIG, workspace, options=replace(options, train=0.0))
    assert not workspace.models()
