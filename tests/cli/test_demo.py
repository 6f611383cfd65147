"""``feraug demo --quick``: every step for real, the commands that it prints, and running it again."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feraug.cli.main import main
from feraug.config import QUICK, DemoConfig
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace
from feraug.workflows.demo import demo_steps

Feraug = Callable[..., Any]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which the demo ran once, and what it printed on stdout."""
    folder = tmp_path_factory.mktemp("demo")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.chdir(folder)
        patch.delenv("FERAUG_WORKSPACE", raising=False)
        patch.setattr("sys.argv", ["feraug", "demo", "--quick", "--quiet"])
        with pytest.raises(SystemExit) as caught:
            main()
    assert caught.value.code == 0
    return folder, printed.getvalue()


def commands_in(text: str) -> list[str]:
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ feraug ")]


def test_the_whole_chain_ends_with_the_name_of_the_report(shown: tuple[Path, str]) -> None:
    folder, text = shown
    kinds = [shlex.split(command)[1] for command in commands_in(text)]
    assert kinds == ["prepare", "train", "synth", "train", "filter", "ssim", "bench", "report"]
    report = Path(text.splitlines()[-1])
    assert report == folder / "feraug-demo" / "report.html"
    assert b"<html" in report.read_bytes()[:500]
    assert "\x1b" not in text  # no colours outside a terminal
    assert text.count("wrote: ") == 8


def test_each_command_word_for_word_is_what_the_demo_did(
    shown: tuple[Path, str], feraug: Feraug, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, text = shown
    monkeypatch.chdir(folder)
    for command in commands_in(text)[:-1]:  # a report is written anew each time
        ran = feraug(*shlex.split(command)[1:])
        assert ran.code == 0, ran
        assert "already done: " in ran.out, (command, ran)


def test_what_it_makes_names_the_command(shown: tuple[Path, str]) -> None:
    folder, text = shown
    header = read_artifact_header(folder / "feraug-demo" / "models" / "cyclegan-neutral-happy.h5")
    assert header.provenance.command in commands_in(text)


def test_again_it_has_nothing_to_do(
    shown: tuple[Path, str], feraug: Feraug, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = shown
    monkeypatch.chdir(folder)
    ran = feraug("demo", "--quick", "--json", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert told["path"] == str(folder / "feraug-demo" / "report.html")
    assert told["workspace"] == str(folder / "feraug-demo")
    assert all(step["result"]["already_done"] for step in told["steps"][:-1])
    assert [step["name"] for step in told["steps"]][-1] == "report"


def test_a_folder_with_other_work_is_left_alone(
    shown: tuple[Path, str], feraug: Feraug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shown[0])
    ran = feraug("demo", "--quick", "--seed", "1", "--json")
    assert ran.error.endswith(
        "was made with other settings (seed: 0 in the file, 1 asked for); the demo overwrites nothing: give "
        "it another folder with --workspace DIR"
    )
    assert ran.code == 1


def test_stopped_it_goes_on(tmp_path: Path, feraug: Feraug, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("feraug.workflows.training_run.any_of", lambda fabric, asked: True)
        ran = feraug("demo", "--quick", "-w", "here", "--quiet")
    assert ran.code == 130
    assert ran.err == "interrupted; saved. The same command goes on from here\n"
    assert commands_in(ran.out)[-1].startswith("feraug train cyclegan --pair neutral:happy --preset cpu ")
    workspace = Workspace(tmp_path / "here")
    step = demo_steps(QUICK, workspace)[1].run()
    assert step.as_json()["step"] == QUICK.translator.steps


def test_the_seed_reaches_every_step_that_draws() -> None:
    steps = demo_steps(DemoConfig(seed=7), Workspace(Path("here")))
    with_seed = [step.name for step in steps if "--seed 7" in step.command]
    assert with_seed == ["prepare", "train", "synth", "classifier", "ssim", "bench"]


def test_the_environment_names_the_folder(feraug: Feraug, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def no_steps(config: DemoConfig, workspace: Workspace) -> list[Any]:
        seen.append(workspace.root)
        raise KeyboardInterrupt

    monkeypatch.setattr("feraug.workflows.demo.demo_steps", no_steps)
    monkeypatch.setenv("FERAUG_WORKSPACE", "elsewhere")
    assert feraug("demo").code == 130
    assert feraug("demo", "-w", "mine").code == 130
    assert seen == [Path("elsewhere"), Path("mine")]
