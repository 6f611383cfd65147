"""``feraug bench`` and ``feraug train simple|vgg19|surreal`` as typed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.measure import Measurement
from tests.forked import start, start_two

from feraug.cli import bench_tables
from feraug.cli.bench import _arms
from feraug.store.bench import read_bench
from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace
from feraug.workflows.bench_outcome import BenchPlan, BenchResult

Feraug = Callable[..., Any]
TINY = ("--width", "0.05", "--steps", "3", "--batch-size", "16")


@pytest.fixture
def made(trained: Workspace, feraug: Feraug) -> Workspace:
    assert feraug("synth", "--pair", "neutral:happy", "-n", "20", "-w", trained.root).code == 0
    return trained


@pytest.mark.parametrize("model", ["simple", "vgg19", "surreal"])
def test_a_classifier_is_trained_and_told_of(feraug: Feraug, workspace: Workspace, model: str) -> None:
    ran = feraug("train", model, *TINY, "-w", workspace.root, "--json")
    assert ran.code == 0, ran
    result = json.loads(ran.out)
    assert (result["step"], result["steps"], result["chosen_epoch"]) == (3, 3, 1)
    assert len(result["validation_accuracy"]) == 1 and result["path"].endswith(f"models/{model}.h5")
    told = feraug("info", result["path"])
    assert told.code == 0 and f"{model}: step 3 of 3, finished" in told.out
    assert "of epoch 1, the chosen one" in " ".join(told.out.split())
    again = feraug("train", model, *TINY, "--log-dir", "logs", "-w", workspace.root)
    assert "already done" in again.out and "--log-dir: nothing was left to train" in again.err
    assert feraug("synth", "--model", model, "-w", workspace.root).code in (1, 2)


def test_a_dry_run_of_a_classifier(feraug: Feraug, workspace: Workspace) -> None:
    ran = feraug("train", "simple", *TINY, "--dry-run", "-w", workspace.root)
    assert ran.code == 0 and "3 steps at" in ran.out and "classifier" in ran.out
    assert not workspace.model("simple").exists()


def test_the_json_of_a_benchmark(feraug: Feraug, made: Workspace) -> None:
    ran = feraug("bench", "--with-synthetic", *TINY, "--repeats", "2", "-w", made.root, "--json", "--quiet")
    assert ran.code == 0, ran
    assert ran.err == ""
    result = json.loads(ran.out)
    assert {"path", "classifier", "repeats", "steps", "reduced", "arms", "differences"} <= set(result)
    assert (result["classifier"], result["repeats"], result["steps"], result["reduced"]) == (
        "simple",
        2,
        3,
        True,
    )
    for arm in ("real", "real+synthetic"):
        figures = result["arms"][arm]
        assert len(figures["accuracy"]) == len(figures["accuracy_unleaked"]) == len(figures["macro_f1"]) == 2
        assert set(figures["per_class"]["happy"]) == {"correct", "total"}
        assert len(figures["per_class"]["happy"]["correct"]) == 2
    difference = result["differences"]["real+synthetic - real"]
    assert figures["training_images"]["synthetic"] == 20
    assert result["synthetic"][0]["name"] == "cyclegan-neutral-happy.h5"
    assert result["reductions"][0] == "repeats 2 (default 5)"
    assert set(difference["accuracy"]) == {"mean", "low", "high", "p"}
    assert {"macro_f1", "per_class"} <= set(difference)
    assert Path(result["path"]).is_absolute() and all(Path(plot).exists() for plot in result["plots"])
    told = feraug("info", result["path"])
    assert told.code == 0 and "real+synthetic" in told.out


def test_the_printed_table(feraug: Feraug, made: Workspace) -> None:
    command = ("bench", "--with-synthetic", *TINY, "--repeats", "2", "-w", made.root)
    planned = feraug(*command, "--no-test", "--dry-run").out
    folder = made.bench("simple").with_suffix("")
    assert planned.endswith(f"; would leave test out, and write the repeats into {folder}\n")
    chosen = feraug(*command, "--no-test")
    assert chosen.code == 0 and re.search(
        r"accuracy on +balanced\n +arm +repeats +validation, % +accuracy, %", chosen.out
    )
    assert chosen.out.count("accuracy") == 2, chosen
    ((share, balanced),) = re.findall(
        r"^ real +2 +([\d.]+ ±[\d.]+) +([\d.]+ ±[\d.]+)$", chosen.out, re.MULTILINE
    )
    assert "test was not looked at; without --no-test (and without --overwrite) this" in chosen.out
    assert not made.bench("simple").exists()
    ran = feraug(*command)
    assert ran.code == 0, ran
    assert "trainings to do" not in ran.err, "the trainings are those of before"
    more = feraug(*command, "--repeats", "3", "--no-test")
    assert "test was not looked at" in more.out and " real 3 " in " ".join(more.out.split())
    shutil.rmtree(made.bench("simple").with_suffix(""))
    again = " ".join(feraug(*command, "--no-test").out.split())
    assert share in again and f"test is left out here; {made.bench('simple')} has its figures" in again
    words = " ".join(ran.out.split())
    assert f"on validation, by the chosen epochs: real {share}, balanced {balanced}; real+synthetic " in words
    assert ran.out.startswith("REDUCED: ")
    assert max(len(line) for line in ran.out.splitlines() if line.startswith(" ")) <= 80  # the tables
    assert "p, Holm" in ran.out and "/" in ran.out and "wrote: " in ran.out
    assert re.search(r"^ all +\d+% [\d.]+/\d+ +\d+% [\d.]+/\d+ +[+-]", ran.out, re.MULTILINE)
    assert re.search(r"^exact McNemar, repeat by repeat: p = [\d.]+, [\d.]+$", ran.out, re.MULTILINE)
    digest = sha256_file(made.synthetic("cyclegan-neutral-happy"))[:12]
    assert f"synthetic: cyclegan-neutral-happy.h5 (SHA-256 {digest}…), 20 images" in ran.out
    assert re.search(r"^real\+synthetic: [\d,]+ real and 20 synthetic images$", ran.out, re.MULTILINE)
    assert chosen.err.startswith("simple: trainings to do: 4, of 3 steps at ")
    reduced = "repeats 2 (default 5), epochs 0.2"
    for out in (chosen.out, ran.out):
        assert f"REDUCED: {reduced}" in out
    assert f"; reduced: {reduced}" in chosen.err
    assert reduced in feraug("info", made.bench("simple")).out
    fewer = feraug("bench", *TINY, "--repeats", "1", "-w", made.root)
    assert fewer.code == 0 and "already done" in fewer.out and "(2 repeats of 3 steps)" in fewer.out
    one = feraug("bench", *TINY, "--repeats", "1", "--name", "one", "-w", made.root)
    assert one.code == 0 and "real+synthetic" not in one.out and "(1 repeat of 3 steps)" in one.out
    planned = feraug("bench", *TINY, "--name", "two", "--dry-run", "--json", "-w", made.root)
    assert json.loads(planned.out)["reductions"][0].startswith("epochs 0.2")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--classifier", "vgg"], "unknown 'vgg' (did you mean 'vgg19'?)"),
        (["--arm", "reall"], "unknown 'reall' (did you mean 'real'?)"),
        (["--arm", "real", "--arm", "mixup", "--preset", "cpuu"], "unknown 'cpuu' (did you mean 'cpu'?)"),
        (["--epochs", "1", "--steps", "3"], "--epochs, --steps: give one of them"),
        (["--width", "0"], "--width: 0"),
        (["--synthetic", "nothing.h5"], "--synthetic nothing.h5: no such file"),
        (["--config", "nowhere.json"], "--config nowhere.json: "),
        (["--use", "mix"], "--use: unknown 'mix' (did you mean 'mixed'?)"),
    ],
)
def test_bad_options(feraug: Feraug, made: Workspace, arguments: list[str], words: str) -> None:
    ran = feraug("bench", *arguments, "-w", made.root)
    assert words in ran.error


@pytest.mark.parametrize(
    ("named", "arms"),
    [
        ([], ["real", "real+synthetic"]),
        (["real+synthetic"], ["real+synthetic"]),
        (["oversampled"], ["real", "real+synthetic", "oversampled"]),
    ],
)
def test_which_arms_a_synthetic_file_brings(
    feraug: Feraug, made: Workspace, named: list[str], arms: list[str]
) -> None:
    given = [word for arm in named for word in ("--arm", arm)]
    settings = (*TINY, "--synthetic", "cyclegan-neutral-happy", "--dry-run", "--json", "-w", made.root)
    ran = feraug("bench", *given, *settings)
    assert ran.code == 0, ran
    assert json.loads(ran.out)["config"]["arms"] == arms


@pytest.mark.parametrize("arm", ["reverse", "synthetic", "real+synthetic+noise"])
def test_with_synthetic_is_with_synthetic_beside_other_arms(arm: str) -> None:
    assert _arms([arm], True) == ("real", "real+synthetic", arm)
    assert _arms([arm], False, asked=False) == (arm,)
    assert _arms(None, False, asked=True) == ("real", "real+synthetic")


def test_a_file_of_settings(feraug: Feraug, made: Workspace, tmp_path: Path) -> None:
    assert feraug("train", "simple", *TINY, "--dropout", "0.125", "-w", made.root).code == 0
    (tmp_path / "run.json").write_text(feraug("info", made.model("simple"), "--config").out)
    ran = feraug("bench", "--config", tmp_path / "run.json", "--repeats", "1", "-w", made.root)
    assert ran.code == 0, ran
    assert "uses " in ran.err  # the same config: the trained model stands for the first repeat
    config = read_bench(made.bench("simple")).header.provenance.config
    assert (config["dropout"], config["width"], config["repeats"]) == (0.125, 0.05, 1)


def test_a_benchmark_that_is_killed_ends_the_same(made: Workspace, feraug: Feraug) -> None:
    settings = ("--width", "0.05", "--steps", "10", "--batch-size", "16", "--repeats", "2")
    every = ("--checkpoint-every", "0s", "--with-synthetic", "-w", str(made.root), "--quiet")
    arguments = ("bench", *settings, *every, "--name")
    assert feraug(*arguments, "whole").code == 0
    made.model("simple").unlink()  # or it would stand for the first repeat
    process = start(*arguments, "cut")
    folder = made.root / "bench" / "cut"
    while process.poll() is None and len(list(folder.glob("*.h5"))) < 2:  # a repeat, and the next one's begun
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert feraug(*arguments, "cut").code == 0
    whole, cut = read_bench(made.bench("whole")), read_bench(made.bench("cut"))
    assert whole.header.extra["table"] == cut.header.extra["table"]
    for arm, values in whole.probabilities.items():
        np.testing.assert_array_equal(values, cut.probabilities[arm])


def test_two_processes_share_the_trainings_and_find_the_same(made: Workspace, feraug: Feraug) -> None:
    settings = ("bench", "--with-synthetic", *TINY, "--repeats", "2", "-w", str(made.root))
    assert feraug(*settings, "--name", "one").code == 0
    made.model("simple").unlink()
    processes = start_two(*settings, "--name", "two", "--device", "cpu")
    (out, err), (other_out, other_err) = (process.communicate() for process in processes)
    assert [process.returncode for process in processes] == [0, 0], err + other_err
    assert (out + other_out).count("wrote: ") == 1
    one, two = read_bench(made.bench("one")), read_bench(made.bench("two"))
    for arm, values in one.probabilities.items():
        np.testing.assert_array_equal(values, two.probabilities[arm])


def test_an_interrupted_benchmark_ends_with_130(
    feraug: Feraug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = BenchResult(tmp_path, False, True, "simple", 1, 0, False, [], {}, [])
    monkeypatch.setattr("feraug.workflows.bench.bench", lambda *_, **__: stopped)
    ran = feraug("bench", "--quiet")
    assert ran.code == 130 and "goes on from here" in ran.err and ran.out == ""


@pytest.mark.parametrize("command", ["train cyclegan", "train simple", "bench"])
def test_options_of_a_run_reach_the_training(
    feraug: Feraug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    seen: dict[str, Any] = {}

    def take(config: Any, workspace: Any, *, options: Any, **_: Any) -> None:
        seen.update(vars(options))
        raise KeyboardInterrupt

    for name in ("train.train", "bench.bench"):
        monkeypatch.setattr(f"feraug.workflows.{name}", take)
    own = () if command == "bench" else ("--log-dir", "logs")
    words = f"{command} --devices 2 --num-nodes 3 --checkpoint-every 7s --overwrite -q"
    feraug(*words.split(), *own)
    assert (seen["devices"], seen["nodes"]) == (2, 3)
    assert (seen["checkpoint_seconds"], seen["overwrite"]) == (7.0, True)
    assert str(seen["log_dir"]) == (own[1] if own else "None")


def test_options_of_synthetic_images_reach_the_benchmark(feraug: Feraug, made: Workspace) -> None:
    given = {
        "use": "pretrain",
        "ratio": 0.5,
        "per_class_cap": 4,
        "synthetic_weight": 0.25,
        "pretrain_share": 0.125,
    }
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    ran = feraug("bench", "--with-synthetic", *TINY, *words, "--dry-run", "--json", "-w", made.root)
    config = json.loads(ran.out)["config"]
    assert {name: config[name] for name in given} == given


def test_a_config_of_another_classifier_names_the_benchmark_s_option(
    feraug: Feraug, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "vgg.json").write_text('{"model": "vgg19"}')
    ran = feraug("bench", "--config", "vgg.json", "-w", workspace.root)
    assert ran.code == 2 and "not simple; use 'feraug bench --classifier vgg19" in ran.error


def test_epochs_stand_in_place_of_a_file_s_steps(
    feraug: Feraug, workspace: Workspace, tmp_path: Path
) -> None:
    ran = feraug("train", "simple", *TINY, "--dry-run", "--json", "-w", workspace.root)
    (tmp_path / "run.json").write_text(json.dumps(json.loads(ran.out)["config"]))
    ran = feraug(
        "bench", "--config", "run.json", "--epochs", "1", "--dry-run", "--json", "-w", workspace.root
    )
    config = json.loads(ran.out)["config"]
    assert (config["steps"], config["epochs"]) == (None, 1.0)


def _cells(table: Any) -> list[list[Any]]:
    return [list(column.cells) for column in table.columns]


def figures() -> dict[str, Any]:
    def counts(right: list[int]) -> dict[str, Any]:
        return {"correct": right, "total": 10}

    def arm(right: list[int], accuracy: list[float]) -> dict[str, Any]:
        return {"accuracy": accuracy, "per_class": {"happy": counts(right)}}

    found = {"mean": 0.1, "low": 0.0, "high": 0.2, "p": 0.01, "p_holm": 0.07}
    difference = {"accuracy": found, "per_class": {"happy": found}}
    return {
        "images": {},
        "arms": {"real": arm([5, 6], [0.5, 0.6]), "mixup": arm([8, 9, 7], [0.5, 0.5, 0.8])},
        "differences": {"mixup - real": difference},
    }


def test_each_arm_stands_in_its_own_column_and_p_is_holm_s() -> None:
    cells = _cells(bench_tables.class_table(figures(), "mixup - real"))
    assert [column[0] for column in cells] == [
        "happy",
        "55% 5.5/10",
        "80% 8.0/10",
        "+10.0 [+0.0, +20.0]",
        "0.070",
    ]


def test_arms_stand_once_beside_their_measures_and_long_names_fit() -> None:
    found = figures()
    interval = {"mean": 0.1, "low": 0.0, "high": 0.2, "p": 0.01}
    names = ("accuracy", "accuracy_unleaked", "accuracy_without_near_copies", "macro_f1", "balanced_accuracy")
    names += ("balanced_accuracy_unleaked", "balanced_accuracy_without_near_copies")
    arm = {**found["arms"]["real"], **{name: [0.5, 0.6] for name in names}}
    found["arms"] = dict.fromkeys(("oversampled", "real+synthetic+noise", "oversampled+synthetic"), arm)
    per_class = {"happy": {**interval, "mean": -0.1, "low": -0.2, "p_holm": 0.07}}
    each = {**dict.fromkeys(names, interval), "per_class": per_class}
    found["differences"] = dict.fromkeys(
        ("real+synthetic+noise - oversampled", "oversampled+synthetic - oversampled"), each
    )
    table = bench_tables.difference_table(found)
    (arms, measures, points, _) = _cells(table)
    assert arms == [
        "real+synthetic+noise", "- oversampled", *[""] * 5,
        "oversampled+synthetic", "- oversampled", *[""] * 5,
    ]  # fmt: skip
    assert len(measures) == 14 and measures[:7] == measures[7:] and points == ["+10.0 [+0.0, +20.0]"] * 14
    assert [row.end_section for row in table.rows] == [n % 7 == 6 for n in range(14)]
    tables = [table, bench_tables.overall_table(found)]
    tables += [bench_tables.class_table(found, name) for name in found["differences"]]
    for arm in found["arms"].values():
        arm["validation_accuracy"] = arm["validation_balanced_accuracy"] = [0.5934, 0.6]
    tables.append(bench_tables.validation_table(found))
    for one in tables:
        console = Console(width=200, color_system=None)
        assert Measurement.get(console, console.options, one).maximum <= 80, one.columns[0].header
    overall = [str(cell) for cell in _cells(bench_tables.overall_table(found))[0]]
    assert overall[2:] == ["real+synthetic\n+noise", "oversampled\n+synthetic"]


def test_spread_is_the_standard_deviation_of_a_sample_about_the_mean() -> None:
    assert _cells(bench_tables.overall_table(figures()))[1] == ["", "55.0 ±7.1", "60.0 ±17.3"]


def test_one_synthetic_image_is_told_as_one() -> None:
    file = {"name": "made.h5", "sha256": "ab" * 32, "images": 1}
    arms = {"real+synthetic": {"training_images": {"real": 221, "synthetic": 1}}}
    first, second = bench_tables.material_lines({"synthetic": [file], "arms": arms})
    assert first.endswith("), 1 image")
    assert second == "real+synthetic: 221 real and 1 synthetic image"


@pytest.mark.parametrize(("steps", "told"), [(1, "of 1 step at 0.50 s"), (2, "of 2 steps at 0.50 s")])
def test_a_plan_of_one_step_is_told_as_one(steps: int, told: str) -> None:
    planned = BenchPlan(Path("x.h5"), {"model": "simple"}, [], 1, steps, 0.5, 1.0, [])
    assert told in planned.text


def test_reverse_is_a_share_of_each_emotion() -> None:
    found = {"reverse": {"classifier": "ab" * 32, "per_class": {"fear": {"correct": 3, "total": 12}}}}
    assert bench_tables.reverse_lines(found)[1] == "  names 25.0% of 12 synthetic 'fear' so"


def test_an_interrupted_benchmark_has_its_json_object(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = BenchResult(workspace.bench("simple"), False, True, "simple", 2, 0, False, [], {"arms": {}}, [])
    monkeypatch.setattr("feraug.workflows.bench.bench", lambda *_, **__: stopped)
    ran = feraug("bench", "--json", "-q")
    assert ran.code == 130 and json.loads(ran.out)["interrupted"]
    assert feraug("bench", "-q").out == ""
