"""What ``feraug compare`` prints: a table within 80 columns, the judge, JSON; what is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feraug.cli.compare_breakdown import print_degradations, print_groups
from feraug.cli.compare_tables import print_figures
from feraug.store.compare import read_compare
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
QUICK = ("--references", "30", "--queries", "10")
JUDGE = ("--width", "0.01", "--steps", "2", "--batch-size", "8")


@pytest.fixture
def judged(feraug: Feraug, trained: Workspace) -> Workspace:
    """A workspace with a translator and a judge of next to no training."""
    assert feraug("train", "vgg19", *JUDGE, "-w", trained.root, "-q").code == 0
    return trained


def test_the_table_the_judge_and_info(feraug: Feraug, judged: Workspace) -> None:
    ran = feraug("compare", *QUICK, "-w", judged.root)
    assert ran.code == 0
    table, rest = ran.out.split("\njudge: ")
    assert max(map(len, table.splitlines())) <= 80
    for words in (
        "called happy, %",
        "SSIM to the source",
        "error, grey levels",
        "near copies, %",
        "collapsed",
    ):
        assert words in table
    path = judged.root / "compare" / "neutral-happy.h5"
    digest = read_compare(path).table["judge"]["sha256"]
    assert rest.startswith(f"vgg19 (SHA-256 {digest[:12]}), ") and "% right on validation" in rest
    assert f"wrote: {path}\n" in rest
    pictures = [line.strip() for line in rest.split("look at the pictures:\n")[1].splitlines()]
    assert len(pictures) == 3 and all(Path(picture).exists() for picture in pictures)
    assert "too few real faces for FER-FD" in ran.err

    again = feraug("compare", *QUICK, "-w", judged.root)
    assert again.code == 0 and f"already done: {path}\n" in again.out and table in again.out
    told = feraug("info", path)
    assert ": compare, " in told.out and table.strip() in told.out
    assert "an analysis holds no images" in feraug("export", path, judged.root / "out").error
    ran = feraug("compare", *QUICK, "--images", "3", "-w", judged.root)
    assert "images: 0 in the file, 3 asked for" in ran.error

    printed = json.loads(feraug("compare", *QUICK, "-w", judged.root, "--json").out)
    assert printed["path"] == str(path) and printed["already_done"] is True
    assert printed["pair"] == "neutral:happy" and printed["judge"]["sha256"] == digest
    (model,) = printed["models"]
    assert model["name"] == "cyclegan" and model["model"] == "cyclegan"
    assert set(model["share"]) == {"mean", "low", "high"}
    assert {"step", "steps", "finished", "seconds", "images", "loss_spread"} <= set(model["training"])
    assert len(printed["pictures"]) == 5


def test_by_group_and_degraded(feraug: Feraug, judged: Workspace) -> None:
    arguments = ("compare", *QUICK, "--degrade", "flip,noise", "--degrade-images", "3", "-w", judged.root)
    ran = feraug(*arguments, "--by-group")
    assert ran.code == 0, ran
    tables = ran.out.split("real happy training faces")[-1].split("\nwrote: ")[0]
    assert max(map(len, tables.splitlines())) <= 80
    for words in (
        " age: adult (",
        "glasses: without (",
        "flip mirrored",
        "noise sd 45",
        "few faces say little",
    ):
        assert words in ran.out
    assert ran.out.count("\n age: adult (") == 3  # share, SSIM, error
    short = feraug(*arguments)
    assert "age: adult" not in short.out and "noise sd 45" in short.out
    told = json.loads(feraug(*arguments, "--json").out)
    assert len(told["by_group"]) == 21 and len(told["by_degradation"]["levels"]) == 5
    assert "noise sd 45" in feraug("info", told["path"]).out
    for words, *wrong in (
        ("--degrade-images: is for --degrade NAMES", "--degrade-images", "3"),
        ("--detector: is for --photos DIR", "--detector", "cascade"),
        ("--min-face: is for --photos DIR", "--min-face", "0.3"),
        ("unknown 'blurr' (did you mean 'blur'?)", "--degrade", "blurr"),
        ("--photos nowhere: no such folder", "--photos", "nowhere"),
    ):
        assert words in feraug("compare", *wrong, "-w", judged.root).error


def test_what_is_missing_is_named(feraug: Feraug, judged: Workspace, tmp_path: Path) -> None:
    assert (
        "feraug train cyclegan --pair sad:fear"
        in feraug("compare", "--pair", "sad:fear", "-w", judged.root).error
    )
    judge = judged.model("cyclegan-neutral-happy")
    assert "makes faces, it cannot judge" in feraug("compare", "--judge", judge, "-w", judged.root).error
    assert "not a model" in feraug("compare", "--judge", judged.dataset(), "-w", judged.root).error
    ran = feraug("compare", "--model", "nobody", "-w", judged.root)
    assert "no model 'nobody'" in ran.error and "feraug train cyclegan --pair neutral:happy" in ran.error
    judged.model("vgg19").unlink()
    assert "feraug train vgg19" in feraug("compare", "-w", judged.root).error
    assert "no dataset yet" in feraug("compare", "-w", tmp_path / "empty").error
    ran = feraug("compare", "--device", "abacus", "-w", judged.root)
    assert ran.code == 2 and "device 'abacus'" in ran.error


def archived(folder: Path) -> dict[str, Any]:
    """The figures of a comparison of one model, to be changed."""
    archive = Path(__file__).parents[1] / "data" / "archives" / "v1-compare.h5"
    shutil.copy(archive, folder / "x.h5")
    figures: dict[str, Any] = json.loads(json.dumps(read_compare(folder / "x.h5").table))
    return figures


def test_three_models_fit_80_columns_with_all_their_digits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    figures = archived(tmp_path)
    (model,) = figures["models"]
    share, kernel = {"mean": 0.952, "low": 0.9, "high": 0.978}, {"mean": 0.431, "low": 0.261, "high": 0.593}
    names = ("cyclegan", "wasserstein", "weighted")
    figures["models"] = [
        model | {"name": one, "share": share, "kernel": kernel, "histogram": 0.7} for one in names
    ]
    figures["untouched"] |= {"kernel": {"mean": 12.325, "low": 10.989, "high": 13.539}}
    figures["floor"] = {"kernel": {"mean": 0.00257, "low": 0.0, "high": 0.1}}
    print_figures(figures)
    table = capsys.readouterr().out.split("\njudge: ")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("90.0–97.8") == table.count("261–593") == 3 and "10989–13539" in table
    assert "…" not in table, "half a number is another number"


def test_one_face_is_told_as_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    figures = archived(tmp_path) | {"faces": 1, "real_faces": 1}
    print_figures(figures)
    table = capsys.readouterr().out
    assert "1 neutral validation face was translated; real happy: 1 validation face\n" in table
    share = {"mean": 0.5, "low": 0.4, "high": 0.6}
    level = {"name": "blur", "amount": "1", "untouched": share, "real": share}
    level["models"] = [{"share": share} for _ in figures["models"]]
    print_degradations(figures, {"faces": 1, "real_faces": 1, "levels": [level, level]})
    assert "1 neutral face and 1 real happy one, degraded;" in capsys.readouterr().out


def test_many_models_with_long_names_stay_within_80_columns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    figures = archived(tmp_path)
    (model,) = figures["models"]
    wide = {"mean": -1234.5, "low": -12345.6, "high": 9999.9}
    model |= dict.fromkeys(("share", "frechet", "kernel", "density", "coverage", "error"), wide)
    names = [
        "wasserstein-neutral-happy-seed10",
        "w" * 60,
        "x",
        "räume 工 [red]",
        "wasserstein",
        "[b]",
        "y-" * 30,
    ]
    figures["models"] = [model | {"name": name} for name in names]
    figures["pair"] = "disgust:surprise"
    figures["floor"] = dict.fromkeys(("frechet", "kernel", "density", "coverage"), wide)
    print_figures(figures)
    out = capsys.readouterr().out
    table = out.split("\njudge: ")[0]
    shares = {"share": wide, "identity": wide, "error": None}
    group = {
        "attribute": "photos",
        "group": "räume 工 [red] " * 9,
        "faces": 1234,
        "real_faces": 0,
        "untouched": shares,
        "real": dict.fromkeys(shares),
        "models": [shares | {"name": name} for name in names],
    }
    print_groups(figures, [group])
    level = {"name": "watermark", "amount": "quality 95", "untouched": wide, "real": wide}
    level["models"] = [{"share": wide} for _ in names]
    print_degradations(figures, {"faces": 1, "real_faces": 1, "levels": [level, level]})
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
    assert max(map(len, table.splitlines())) <= 80
    assert table.count("disgust:surprise") == 2 and "[b]" in table
