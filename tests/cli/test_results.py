"""What commands print and where; running them again; what differs is named."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.cli.train import print_result
from feraug.store.header import Provenance
from feraug.store.model import read_model
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.train import TrainResult
from feraug.workflows.train_classifier import ClassifierResult

Feraug = Callable[..., Any]
MADE = Path(__file__).parents[1] / "data" / "archives" / "v1-synthetic.h5"
PREPARE = ("prepare", "drawn:280", "--no-near-copies")


def commands(trained: Workspace, tiny: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """A working call of every command, by name."""
    root = str(trained.root)
    return {
        "prepare": (*PREPARE, "-w", root),
        "train": ("train", "cyclegan", *tiny, "-w", root),
        "synth": ("synth", "-n", "3", "-w", root),
        "ssim": ("ssim", "--synthetic", str(MADE), "--queries", "20", "--pairs", "50", "-w", root),
        "info": ("info", f"{root}/models/cyclegan-neutral-happy.h5"),
        "export": ("export", f"{root}/dataset.h5", f"{root}/out.csv"),
    }


def read_json(text: str) -> dict[str, Any]:
    def refuse(number: str) -> float:
        raise AssertionError(f"{number} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("name", ["prepare", "train", "synth", "ssim", "info", "export"])
def test_json_is_one_object_with_an_absolute_path(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], name: str
) -> None:
    ran = feraug(*commands(trained, tiny)[name], "--json")
    assert ran.code == 0
    path = Path(read_json(ran.out)["path"])
    assert path.is_absolute()
    assert path.exists()


def test_paths_are_absolute_for_a_relative_workspace(feraug: Feraug, tmp_path: Path) -> None:
    ran = feraug(*PREPARE, "--json", "-w", "räume 工/a b")
    assert read_json(ran.out)["path"] == str(tmp_path / "räume 工" / "a b" / "dataset.h5")


@pytest.mark.parametrize("name", ["prepare", "train", "synth", "ssim", "info", "export"])
def test_quiet_is_silent_on_stderr_and_notes_are_not_on_stdout(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], name: str
) -> None:
    arguments = commands(trained, tiny)[name]
    again = ("--overwrite",) if name in ("prepare", "train", "synth", "ssim") else ()
    quiet = feraug(*arguments, *again, "--quiet")
    assert (quiet.code, quiet.err) == (0, "")
    loud = feraug(*arguments, *(() if name == "info" else ("--overwrite",)))
    assert loud.code == 0
    assert loud.err or name in ("info", "prepare")  # which has nothing to say within ten seconds
    assert [line for line in loud.out.splitlines() if "images/s" in line] == []


@pytest.mark.parametrize("name", ["prepare", "train", "synth", "ssim"])
def test_the_second_time_it_is_already_done(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], name: str
) -> None:
    arguments = commands(trained, tiny)[name]
    assert feraug(*arguments).code == 0
    path = Path(read_json(feraug(*arguments, "--json").out)["path"])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    ran = feraug(*arguments, "--quiet")
    assert ran.code == 0
    assert f"already done: {path}" in ran.out
    assert read_json(feraug(*arguments, "--json").out)["already_done"] is True
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("prepare", ["--seed", "1"], "seed: 0 in the file, 1 asked for"),
        ("prepare", ["--drop-blank"], "drop_blank: False in the file, True asked for"),
        ("train", ["--cycle-weight", "2"], "cycle_weight: 1.0 in the file, 2.0 asked for"),
        ("train", ["--no-flip"], "flip: True in the file, False asked for"),
        ("synth", ["-n", "4"], "count: 3 in the file, 4 asked for"),
        ("ssim", ["--queries", "0"], "queries: 20 in the file, 0 asked for"),
        ("ssim", ["--variant", "gaussian"], "variant: uniform in the file, gaussian asked for"),
    ],
)
def test_another_config_is_refused_with_what_differs(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], name: str, change: list[str], words: str
) -> None:
    arguments = commands(trained, tiny)[name]
    path = Path(read_json(feraug(*arguments, "--json").out)["path"])
    before = path.read_bytes()
    ran = feraug(*arguments, *change)
    assert ran.code == 1
    assert f"was made with other settings ({words})" in ran.error
    assert "--overwrite replaces it, --name NAME writes another file" in ran.error
    assert path.read_bytes() == before

    other = read_json(feraug(*arguments, *change, "--name", "other.v2", "--json").out)
    assert Path(other["path"]).name == "other.v2.h5"
    assert path.read_bytes() == before
    assert feraug(*arguments, *change, "--overwrite").code == 0
    assert read_artifact_header(path).provenance.config != {}
    assert path.read_bytes() != before


def test_options_that_do_not_change_the_result_may_differ(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]
) -> None:
    ran = feraug(*commands(trained, tiny)["train"], "--device", "cpu", "--checkpoint-every", "1h")
    assert "already done" in ran.out


def test_another_dataset_is_named(feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]) -> None:
    root = str(trained.root)
    assert feraug("synth", "-n", "2", "-w", root).code == 0
    assert feraug(*PREPARE, "--seed", "1", "--overwrite", "-w", root).code == 0
    for arguments in (("train", "cyclegan", *tiny, "-w", root), ("synth", "-n", "2", "-w", root)):
        ran = feraug(*arguments)
        assert ran.code == 1
        assert "made from dataset.h5 " in ran.error
        assert " instead of dataset.h5 " in ran.error


def test_a_file_renamed_is_the_same_input(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], tmp_path: Path
) -> None:
    shutil.copy(trained.dataset(), tmp_path / "elsewhere.h5")
    ran = feraug(*commands(trained, tiny)["train"], "--dataset", tmp_path / "elsewhere.h5")
    assert "already done" in ran.out


def test_a_damaged_result_is_not_taken_for_done(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]
) -> None:
    path = trained.model("cyclegan-neutral-happy")
    path.write_bytes(path.read_bytes()[:5000])
    ran = feraug(*commands(trained, tiny)["train"])
    assert ran.code == 1
    assert f"{path}: truncated" in ran.error
    assert "--overwrite replaces it" in ran.error
    assert feraug(*commands(trained, tiny)["train"], "--overwrite").code == 0
    assert read_model(path).finished


def test_resume_takes_the_unfinished_runs_own_settings(
    feraug: Feraug, workspace: Workspace, tiny: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from feraug.training import fit

    def cut_short(*arguments: Any, **settings: Any) -> Any:
        reports = fit(*arguments, **settings)
        yield next(reports)
        raise KeyboardInterrupt

    root, other = str(workspace.root), workspace.dataset("other")
    workspace.dataset().rename(other)  # which --resume finds by what it holds
    shutil.copy(other, workspace.dataset())
    with h5py.File(workspace.dataset(), "r+") as file:
        file["images"][0] = 255 - file["images"][0]
    arguments = ("train", "cyclegan", *tiny, "--steps", "6", "--seed", "5", "--dataset", other, "-w", root)
    with monkeypatch.context() as patch:
        patch.setattr("feraug.workflows.training_run.fit", cut_short)
        ran = feraug(*arguments, "--checkpoint-every", "0s")
    assert ran.code == 130
    path = workspace.model("cyclegan-neutral-happy")
    assert read_model(path).step == 1
    other.rename(outside := workspace.root.parent / "other.h5")
    error = feraug("train", "cyclegan", "--resume", "-w", root).error
    assert "which cyclegan-neutral-happy.h5 is trained on, is not in" in error and "--dataset" in error
    outside.rename(other)
    ran = feraug("train", "cyclegan", "--resume", "-w", root)
    assert ran.code == 0
    assert "going on from step 1 of 6" in ran.err
    resumed = read_model(path)
    assert resumed.finished
    assert resumed.header.provenance.config["seed"] == 5
    assert feraug(*arguments, "--name", "whole").code == 0
    whole = read_model(workspace.model("whole"))
    assert set(whole.arrays) == set(resumed.arrays)
    for name, values in whole.arrays.items():
        assert name.startswith("timing/") or np.array_equal(values, resumed.arrays[name]), name


def test_resume_with_options_holds_to_them(feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]) -> None:
    ran = feraug("train", "cyclegan", "--resume", "--seed", "3", *tiny, "-w", trained.root)
    assert "seed: 0 in the file, 3 asked for" in ran.error


def test_the_other_direction_and_more_images_than_faces(feraug: Feraug, trained: Workspace) -> None:
    root = trained.root
    ran = feraug("synth", "--pair", "happy:neutral", "-n", "200", "-w", root, "--json")
    told = read_json(ran.out)
    assert (told["pair"], told["label"], told["images"]) == ("happy:neutral", "neutral", 200)
    faces = read_synthetic(Path(told["path"]))
    assert len(faces.images) == 200
    assert set(faces.labels) == {6}
    assert faces.origin_round.max() == told["rounds"] - 1 == -(-200 // told["sources"]) - 1


@pytest.mark.parametrize("batch", ["1", "7", "1000"])
def test_a_batch_may_use_every_face_several_times(
    feraug: Feraug, trained: Workspace, tmp_path: Path, batch: str
) -> None:
    # A dataset of two neutral faces, as in a domain far smaller than a batch.
    path = tmp_path / "few.h5"
    shutil.copy(trained.dataset(), path)
    with h5py.File(path, "r+") as file:
        rows = np.flatnonzero((file["labels"][()] == 6) & (file["split"][()] == 0))
        labels = file["labels"][()]
        labels[rows[2:]] = 0
        file["labels"][...] = labels
    ran = feraug("synth", "-n", "9", "--batch-size", batch, "--dataset", path, "-w", trained.root, "--json")
    assert ran.code == 0, ran
    faces = read_synthetic(Path(read_json(ran.out)["path"]))
    assert faces.origin_round.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert set(faces.origin_row) == set(rows[:2])
    ran = feraug("synth", "-n", "200000", "--dataset", path, "-w", trained.root, "--name", "far")
    assert ran.code == 2
    assert "65,536 is the limit, so use -n 131072 or fewer" in ran.error


def test_info_tells_of_every_kind(feraug: Feraug, trained: Workspace) -> None:
    assert feraug("synth", "-n", "1", "-w", trained.root).code == 0
    dataset = feraug("info", trained.dataset())
    assert "happy" in dataset.out and "made by: feraug" in dataset.out
    model = feraug("info", trained.model("cyclegan-neutral-happy"))
    assert "cyclegan neutral:happy: step 2 of 2, finished" in model.out
    synthetic = feraug("info", trained.synthetic("cyclegan-neutral-happy"))
    assert "1 image from 1 source image, each used once\n" in synthetic.out
    config = read_json(feraug("info", "--config", trained.dataset()).out)
    assert config["source"] == "drawn:280"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("prepare", "drawn:1", "--no-near-copies", "--name", "one"), "one.h5 (1 image)"),
        (("train", "simple", "--width", "0.05", "--steps", "1", "--dry-run"), "1 step at "),
        (("export", "{one}", "one.csv"), "one.csv (1 image, csv)"),
    ],
)
def test_one_of_a_kind_is_told_as_one(
    feraug: Feraug, workspace: Workspace, arguments: tuple[str, ...], told: str
) -> None:
    one = workspace.synthetic("one")
    with writing_synthetic(one, 1, Provenance({}, "test", 0), {"sources": []}) as writer:
        writer.append(
            np.zeros((1, 48, 48), np.uint8),
            np.zeros(1, np.uint8),
            rows=np.full(1, -1, np.int64),
            source=0,
            rounds=np.zeros(1, np.uint16),
        )
    ran = feraug(*(str(one) if word == "{one}" else word for word in arguments), "-w", workspace.root)
    assert ran.code == 0 and told in ran.out, ran


def test_what_was_dropped_stands_below_the_audit_and_in_info(feraug: Feraug, tmp_path: Path) -> None:
    pixels = [" ".join(map(str, np.random.default_rng(row).integers(0, 256, 2304))) for row in range(7)]
    rows = [f"{row},{pixels[row]},Training" for row in range(7)] + [f"0,{' '.join('0' * 2304)},Training"]
    (tmp_path / "x.csv").write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    arguments = ("prepare", "x.csv", "--no-near-copies", "--drop-blank", "--drop-duplicates")
    told = "dropped by --drop-blank: 1 image with all pixels equal\n"
    for ran in (feraug(*arguments), feraug(*arguments, "--quiet"), feraug("info", "artifacts/dataset.h5")):
        assert ran.code == 0
        assert f"not looked for\n{told}" in ran.out
        assert "\naudit, before dropping: 1 blank image; 0 groups" in ran.out
        assert ran.out.count("\ndropped") == 1
        assert "dropped" not in ran.err


def test_the_audit_tells_of_copies_within_a_split(feraug: Feraug, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 2304))
    pixels[5] = pixels[4]
    usage = ["Training", "PublicTest", "PublicTest", "PublicTest", "PrivateTest", "PrivateTest"]
    rows = [f"{row},{' '.join(map(str, pixels[row]))},{usage[row]}" for row in range(6)]
    (tmp_path / "x.csv").write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    told = "\ncopies and near copies of one another: 0 images in validation, 2 in test\n"
    for ran in (feraug("prepare", "x.csv"), feraug("info", "artifacts/dataset.h5")):
        assert told in ran.out
    assert "one another" not in feraug("prepare", "x.csv", "--no-near-copies", "--overwrite").out


def test_info_leaves_out_what_is_not_there(feraug: Feraug, workspace: Workspace) -> None:
    path = workspace.dataset()
    with h5py.File(path, "r+") as file:
        labels = file["labels"][()]
        labels[labels == 1] = 0  # no disgust at all
        file["labels"][...] = labels
    ran = feraug("info", path)
    assert "happy" in ran.out and "disgust" not in ran.out
    assert "dropped" not in ran.out and "skipped" not in ran.out
    assert json.loads(feraug("info", path, "--json").out)["splits"]["train"]["disgust"] == 0


def test_what_a_stranger_wrote_cannot_command_the_terminal(feraug: Feraug, trained: Workspace) -> None:
    path = trained.model("cyclegan-neutral-happy")
    with h5py.File(path, "r+") as file:
        text = "feraug \x1b]0;title\x07\x1b[31m\nsecond line [red] :smile:"
        file.attrs.create("command", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
        file["networks/[blue] :cat: \x1b[31m/weight"] = np.zeros(3, np.float32)
    ran = feraug("info", path)
    assert ran.code == 0, ran
    assert "\x1b" not in ran.out
    assert "[blue] :cat: " in ran.out  # in the table of networks
    assert "second line [red] :smile:" in ran.out


def test_export_is_whole_or_absent_done_once_and_does_not_overwrite(
    feraug: Feraug, trained: Workspace, tmp_path: Path
) -> None:
    folder, table = tmp_path / "faces", tmp_path / "faces.csv.gz"
    assert feraug("export", trained.dataset(), folder).code == 0
    assert len(list(folder.glob("*/*/*.png"))) == 280
    assert feraug("export", trained.dataset(), table).code == 0
    with gzip.open(table, "rt") as stream:
        assert len(stream.readlines()) == 281
    for there, kind in ((folder, "png"), (table, "csv")):
        again = feraug("export", trained.dataset(), there)
        assert (again.code, again.out) == (0, f"already done: {there} (280 images, {kind})\n")
        assert feraug("export", MADE, there).error.endswith("--overwrite replaces it")
        ran = feraug("export", trained.dataset(), there, "--overwrite")
        assert (ran.code, ran.out) == (0, f"wrote: {there} (280 images, {kind})\n")
        assert read_json(feraug("export", trained.dataset(), there, "--json").out) == {
            "path": str(there), "already_done": True, "images": 280, "format": kind,
        }  # fmt: skip
    ran = feraug("export", trained.model("cyclegan-neutral-happy"), tmp_path / "x")
    assert "a model holds no images" in ran.error and "NAME.h5" in ran.error
    model, weights = trained.model("cyclegan-neutral-happy"), tmp_path / "weights.h5"
    for wrong in (("x", "--weights", "float16"), ("x.H5",)):
        assert "the weights of a model go into a file NAME.h5" in feraug("export", model, *wrong).error
    for of in ("float16", "float32"):
        ran = feraug("export", model, weights, "--weights", of, "--overwrite", "--json")
        assert ran.code == 0 and read_json(ran.out)["already_done"] is False
        again = feraug("export", model, weights, "--weights", of)
        assert (again.code, again.out) == (0, f"already done: {weights} (weights, {of})\n")
        alone = f"exported weights ({of}) alone: no training can go on from them"
        assert alone in feraug("info", weights).out and "exported weights" not in feraug("info", model).out
        assert read_json(feraug("info", weights, "--json").out)["weights"] == of
    assert not list(tmp_path.glob(".*.lock")), "the folder is the user's"
    assert not (tmp_path / "x").exists()


def test_a_workspace_from_the_environment_and_through_a_link(
    feraug: Feraug, trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(trained.root)
    monkeypatch.setenv("FERAUG_WORKSPACE", str(tmp_path / "link"))
    told = read_json(feraug("synth", "-n", "1", "--json").out)
    assert told["path"] == os.path.realpath(trained.synthetic("cyclegan-neutral-happy"))


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_how_to_go_on_after_an_interrupt_of_overwrite(
    feraug: Feraug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    stopped = TrainResult(
        tmp_path, tmp_path, already_done=False, interrupted=True, step=1, steps=2, seconds=1.0, losses={}
    )
    monkeypatch.setattr("feraug.workflows.train.train", lambda *_, **__: stopped)
    ran = feraug("train", "cyclegan", *more, "--quiet")
    again = "The same command, without --overwrite," if more else "The same command"
    assert ran.code == 130 and f"interrupted; saved. {again} goes on from here" in ran.err


def test_first_chosen_and_last_epoch_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    print_result(ClassifierResult(tmp_path, False, False, 4, 4, 1.0, 4, 2, (0.1, 0.4, 0.3, 0.2)))
    out = capsys.readouterr().out
    assert [
        line.split()[:: len(line.split()) - 1] for line in out.splitlines() if line.strip().endswith("%")
    ] == [
        ["1", "10.0%"],
        ["2", "40.0%"],
        ["4", "20.0%"],
    ]


def test_a_dry_run_of_a_budget_is_told(feraug: Feraug, workspace: Workspace) -> None:
    ran = feraug(
        "train",
        "cyclegan",
        "--base-channels",
        "1",
        "--residual-blocks",
        "0",
        "--discriminator-channels",
        "1",
        "--batch-size",
        "2",
        "--budget",
        "90m",
        "--dry-run",
        "-w",
        workspace.root,
    )
    assert "as many steps as fit at " in ran.out and "about 1:30:00 (h:mm:ss)" in " ".join(ran.out.split())


def test_bad_rows_are_skipped_and_all_counted(feraug: Feraug, tmp_path: Path) -> None:
    pixels = " ".join(str(number % 256) for number in range(2304))
    bad = "\n".join(["9,1,Training"] * 12)
    (tmp_path / "x.csv").write_text(f"emotion,pixels,Usage\n3,{pixels},Training\n{bad}\n")
    ran = feraug("prepare", "x.csv", "--skip-bad-rows")
    assert ran.code == 0 and "skipped 12: 12 bad label; for instance row 3: " in ran.err


def test_samples_are_named_where_there_are_some(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "step-000002.png").write_bytes(b"a grid")
    for place, told in ((tmp_path / "gone", False), (tmp_path / "empty", False), (tmp_path, True)):
        print_result(TrainResult(tmp_path / "x.h5", place, True, False, 2, 2, 1.0, {}))
        assert ("look at the samples in" in capsys.readouterr().out) is told


def test_votes_need_every_row_and_the_error_counts_all_that_were_skipped(
    feraug: Feraug, tmp_path: Path
) -> None:
    pixels = " ".join(str(number % 256) for number in range(2304))
    bad = "\n".join(["9,1,Training"] * 12)
    (tmp_path / "x.csv").write_text(f"emotion,pixels,Usage\n3,{pixels},Training\n{bad}\n")
    (tmp_path / "votes.csv").write_text("not looked at")
    ran = feraug("prepare", "x.csv", "--skip-bad-rows", "--ferplus", "votes.csv")
    assert "no row may be skipped, but 12 were (row 3: " in ran.error


def test_datasets_and_sources_may_be_named(feraug: Feraug, trained: Workspace) -> None:
    trained.dataset().rename(trained.dataset("faces"))
    synth = ("synth", "--pair", "neutral:happy", "-n", "4", "-w", trained.root)
    assert feraug(*synth, "--dataset", "faces").code == 0
    back = ("--pair", "happy:neutral", "--source", "cyclegan-neutral-happy", "--name", "back")
    made = feraug(*synth, "--dataset", "faces.h5", *back)
    assert made.code == 0 and "faces of cyclegan-neutral-happy.h5" in made.out, made
    missing = feraug(*synth, "--dataset", "face")
    assert missing.code == 1 and "face: no such file (did you mean 'faces'?); check" in missing.error


def test_a_filter_s_classifier_of_another_dataset_is_told_of(feraug: Feraug, trained: Workspace) -> None:
    work = ("-w", trained.root)
    # One of 3 steps calls no face happy with torch 2.4; one of 30 does, with 2.4 and with 2.14.
    assert feraug("train", "simple", "--width", "0.05", "--steps", "30", *work).code == 0
    assert (
        feraug("prepare", "drawn:300", "--seed", "5", "--no-near-copies", "--name", "other", *work).code == 0
    )
    assert feraug("synth", "--pair", "neutral:happy", "-n", "4", *work).code == 0
    filtered = ("filter", "cyclegan-neutral-happy", "--emotion", "happy", "--detector", "cascade", *work)
    told = (
        "simple.h5 was trained on another dataset, perhaps on the validation faces that the limits come from"
    )
    assert told in " ".join(feraug(*filtered, "--dataset", "other").err.split())
    own = feraug(*filtered, "--name", "own", "--min-confidence", "0", "--min-face", "0")
    assert "another dataset" not in own.err and "face found" in own.out + own.err, own


def test_a_name_and_its_folder_tell_artifacts_apart(feraug: Feraug, trained: Workspace) -> None:
    assert feraug("synth", "--pair", "neutral:happy", "-n", "4", "-w", trained.root).code == 0
    both = feraug("info", "cyclegan-neutral-happy", "-w", trained.root)
    assert both.code == 2 and "name one of" in both.error
    for folder, what in (("models", "finished"), ("synthetic", "4 images")):
        told = feraug("info", f"{folder}/cyclegan-neutral-happy", "-w", trained.root)
        assert told.code == 0 and what in told.out, told
    assert feraug("info", "synthetic/none", "-w", trained.root).code == 1
    assert feraug("info", "../dataset", "-w", trained.root).code == 1
