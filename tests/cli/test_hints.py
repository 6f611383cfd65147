"""What a newcomer's mistakes are answered with: the nearest name, and a command that can be copied."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from feraug.cli.compare_tables import _titles
from feraug.cli.console import new_table, notifier, print_table
from feraug.cli.filter_tables import stages_table
from feraug.cli.hints import command_in_workspace, in_workspace
from feraug.store.workspace import Workspace
from feraug.workflows import pace
from feraug.workflows.devices import of_cpu
from feraug.workflows.events import Note

Feraug = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["synth"], "run 'feraug prepare drawn' first"),
        (["synth", "-w", "runs/one"], "run 'feraug prepare drawn -w runs/one' first"),
        (["synth", "-wruns"], "run 'feraug prepare drawn -w runs' first"),
        (["synth", "-qw", "runs"], "run 'feraug prepare drawn -w runs' first"),
        (["synth", "-qwruns"], "run 'feraug prepare drawn -w runs' first"),
        (["synth", "--workspace=my runs"], "run 'feraug prepare drawn -w 'my runs'' first"),
        (["synth", "-w", "a", "--workspace", "b"], "run 'feraug prepare drawn -w b' first"),
        (["synth", "-w"], "run 'feraug prepare drawn' first"),
    ],
)
def test_commands_come_with_the_workspace_that_was_typed(arguments: list[str], told: str) -> None:
    assert in_workspace("run 'feraug prepare drawn' first", arguments) == told


@pytest.mark.parametrize(
    "text",
    [
        "see 'feraug synth --help'",
        "'feraug synth' makes them",
        "'feraug info FILE --config > run.json'",
        "plain",
    ],
)
def test_what_needs_no_workspace_gets_none(text: str) -> None:
    assert in_workspace(text, ["synth", "-w", "runs"]) == text


def test_a_sentence_that_ends_in_a_command() -> None:
    assert command_in_workspace("No benchmark: feraug bench", "runs") == "No benchmark: feraug bench"
    assert command_in_workspace("None: feraug ssim", "my runs") == "None: feraug ssim -w 'my runs'"
    told = command_in_workspace("None: feraug bench --with-synthetic", "runs")
    assert told == "None: feraug bench --with-synthetic -w runs"


def test_errors_name_the_nearest_and_the_workspace(feraug: Feraug, trained: Workspace) -> None:
    root = trained.root
    error = feraug("synth", "--model", "cyclegan-neutral-hapy", "-w", root).error
    assert "(did you mean 'cyclegan-neutral-happy'?)" in error
    assert f"'feraug train cyclegan --pair neutral:happy -w {root}'" in error
    error = feraug("synth", "--model", "stargan-all", "--pair", "neutral:all", "-w", root).error
    assert f"'feraug train stargan -w {root}'" in error
    error = feraug("compare", "--judge", "nobody", "-w", root).error
    assert f"'feraug train vgg19{of_cpu()} --name nobody -w {root}'" in error
    error = feraug("train", "cyclegan", "--dataset", root / "other.h5", "-w", root).error
    assert f"'feraug prepare fer2013.csv --name other -w {root}'" in error
    assert "(did you mean 'dataset.h5'?)" in feraug("info", root / "datset.h5").error
    assert f"(did you mean '--workspace {root}'?)" in feraug("report", root).error


def test_names_that_promise_another_kind_of_file(feraug: Feraug, trained: Workspace) -> None:
    error = feraug("report", "-w", trained.root, "--out", "page.pdf").error
    assert "--out page.pdf: a report is an HTML page; name it page.html" in error
    error = feraug("export", trained.dataset(), "faces.zip").error
    assert "faces.zip: no such export; name a folder for PNGs, or a file NAME.csv" in error


def test_too_many_processes_are_refused_before_any_starts(feraug: Feraug, trained: Workspace) -> None:
    error = feraug("train", "cyclegan", "-w", trained.root, "--name", "new", "--devices", "999").error
    assert "--devices 999: on the CPU each is a process" in error


def test_finished_and_fresh_trainings_list_their_losses_alike(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]
) -> None:
    typed = ("train", "wgan-gp", "--emotion", "happy", *tiny[:2], "--batch-size", "2", "--steps", "1")
    typed += ("-w", trained.root, "-q")
    fresh, again = feraug(*typed), feraug(*typed)
    assert again.out.replace("already done", "wrote") == fresh.out
    assert fresh.out.index("adversarial") < fresh.out.index("wasserstein") < fresh.out.index("penalty")


def test_notes_name_the_workspace_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["feraug", "filter", "set", "-w", "runs"])
    with notifier(quiet=False) as notify:
        notify(Note("'feraug filter set --emotion all' asks of each what it was made as"))
    told = capsys.readouterr().err
    assert told == "'feraug filter set --emotion all -w runs' asks of each what it was made as\n"


def test_stages_that_drop_real_images_alone_are_shown() -> None:
    stages = [
        {"name": name, "limit": None, "dropped": 0, "left": 5, "real_dropped": real, "real_left": 9 - real}
        for name, real in (("label", 0), ("face", 0), ("called", 1), ("confident", 2))
    ]
    rows = list(stages_table(stages, 5, 10).columns[0].cells)
    assert rows == ["all", "right emotion", "confident"]


def test_titles_keep_their_words_where_there_is_room() -> None:
    names = ["untouched", "real happy", "cyclegan", "wasserstein", "weighted-neutral-happy-seed0"]
    narrow = _titles(names, 49)
    assert narrow[3] == "wasserstein"
    assert sum(max(9, *map(len, title.split("\n"))) for title in narrow) <= 49
    assert _titles(names, 89)[4] == "weighted-\nneutral-happy-\nseed0"
    broken = _titles(["x" * 30] * 5, 49)
    assert [title.replace("\n", "") for title in broken] == ["x" * 30] * 5
    assert sum(max(map(len, title.split("\n"))) for title in broken) <= 49


class TestPace:
    """Notes about trainings that other programs slow down, and that were short."""

    @pytest.mark.parametrize(
        ("load", "threads", "device", "told"),
        [(4.0, 2, "cpu", True), (1.0, 2, "cpu", False), (4.0, 1, "cpu", False), (4.0, 2, "meta", False)],
    )
    def test_a_busy_machine(
        self, monkeypatch: pytest.MonkeyPatch, load: float, threads: int, device: str, told: bool
    ) -> None:
        monkeypatch.setattr(pace.os, "cpu_count", lambda: 2)
        monkeypatch.setattr(pace.os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
        monkeypatch.setattr(pace.torch, "get_num_threads", lambda: threads)
        note = pace.busy_note(torch.device(device))
        assert (note is not None and "OMP_NUM_THREADS=1" in note) is told

    def test_few_steps(self) -> None:
        assert pace.short_note(49, 600.0) == (
            "only 49 steps fitted into 600 s: hardly a beginning; "
            "look at the samples, and train it again for longer, with --overwrite"
        )
        assert pace.short_note(49, None) is None
        assert pace.short_note(500, 600.0) is None


def test_a_name_in_capitals_is_no_placeholder() -> None:
    for name in ("FER", "GAN", "FILE"):
        told = in_workspace(f"use 'feraug train simple --resume --name {name}'", ["train", "-w", "B"])
        assert told == f"use 'feraug train simple --resume --name {name} -w B'"
    for pattern in ("filter NAME --emotion happy", "prepare FILE", "train MODEL --resume"):
        assert in_workspace(f"'feraug {pattern}'", ["synth", "-w", "B"]) == f"'feraug {pattern}'"


def test_a_dataset_elsewhere_that_is_not_there(feraug: Feraug, trained: Workspace, tmp_path: Path) -> None:
    for command in (["train", "cyclegan"], ["train", "simple"], ["synth"], ["ssim"], ["bench"]):
        error = feraug(*command, "--dataset", "my set.h5", "-w", trained.root).error
        assert error.startswith("my set.h5: no such file; check --dataset, or leave it out"), command


def test_the_home_folder(
    feraug: Feraug, trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trained.root.rename(tmp_path / "mine")
    assert feraug("synth", "-n", "1", "--workspace=~/mine").code == 0
    monkeypatch.setenv("FERAUG_WORKSPACE", "~/mine")
    assert feraug("synth", "-n", "1").code == 0
    monkeypatch.delenv("FERAUG_WORKSPACE")
    more = ("--steps", "1", "--log-dir=~/logs", "--dataset=~/mine/dataset.h5", "--width", "0.05")
    assert feraug("train", "simple", *more).code == 0
    assert (tmp_path / "logs/simple").is_dir()
    (tmp_path / "run.json").write_text(feraug("info", "artifacts/models/simple.h5", "--config").out)
    for arguments in (
        ("report", "-w", "mine", "--out=~/page.html"),
        ("ssim", "-w", "mine", "--synthetic=~/mine/synthetic/cyclegan-neutral-happy.h5", "--queries", "9"),
        ("synth", "-w", "mine", "--model=~/mine/models/cyclegan-neutral-happy.h5", "-n", "1", "--name", "b"),
        ("train", "simple", "-w", "mine", "--config=~/run.json", "--dry-run"),
    ):
        assert feraug(*arguments).code == 0, arguments
    for arguments, said in (
        (("synth", "-w", "mine", "--source=~/x.h5"), f"{tmp_path}/x.h5: no such file"),
        (("prepare", "a.csv", "--ferplus=~/x.csv"), "a.csv"),
        (("bench", "-w", "mine", "--synthetic=~/x.h5"), f"{tmp_path}/x.h5: no such file"),
        (("filter", "~/x.h5", "-w", "mine"), "x.h5: no such synthetic set"),
    ):
        assert said in feraug(*arguments).error
    assert (tmp_path / "page.html").is_file() and not (tmp_path / "~").exists()


def test_no_table_has_half_a_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    table = new_table(None, "arm", "accuracy, mean and spread", "pairs")
    table.add_row("real+synthetic+noise", "63.25 ± 1.07", "20,000")
    print_table(table)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert re.search(r"real\+synthetic\+noise +63\.25 ± 1\.07 +20,000", shown)


@pytest.mark.parametrize(
    "command",
    [
        ("train", "cyclegan", "--steps", "1"),
        ("train", "simple", "--steps", "1"),
        ("train", "simple", "--steps", "1", "--dry-run"),
        ("synth", "--train", "never"),
        ("bench", "--epochs", "1"),
        ("bench", "--dry-run"),
        ("prepare", "drawn:100"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_empty_is_not_the_default(
    feraug: Feraug, trained: Workspace, command: tuple[str, ...]
) -> None:
    """As ``--name "$UNSET" --overwrite`` is typed, which replaced the work of the default name."""
    before = {path: path.stat().st_mtime_ns for path in trained.artifacts()}
    ran = feraug(*command, "--name", "", "--overwrite", "-w", trained.root)
    assert ran.code == 2 and "'' cannot be a file's name" in ran.error, ran
    assert {path: path.stat().st_mtime_ns for path in trained.artifacts()} == before


@pytest.mark.parametrize(
    "command",
    [
        ("synth", "--photos", ""),
        ("synth", "--source", ""),
        ("train", "cyclegan", "--log-dir", ""),
        ("train", "cyclegan", "--dataset", ""),
        ("compare", "--judge", ""),
        ("bench", "--synthetic", ""),
        ("info", ""),
        ("export", "", "faces"),
        ("export", "dataset", ""),
    ],
    ids=" ".join,
)
def test_a_place_that_is_empty_is_not_the_current_folder(
    feraug: Feraug, trained: Workspace, command: tuple[str, ...]
) -> None:
    ran = feraug(*command, "-w", trained.root)
    assert ran.code in (1, 2) and "'' is no file or folder: a name is empty" in ran.error, ran
