"""What ``feraug ssim`` prints: a table within 80 columns, copies in words, JSON."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ARCHIVED_CLASSIFIER

from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
QUICK = ("--queries", "30", "--pairs", "200")


@pytest.fixture
def made(feraug: Feraug, trained: Workspace) -> Workspace:
    """A workspace with forty translations."""
    assert feraug("synth", "-n", "40", "-w", trained.root, "-q").code == 0
    return trained


def test_the_table_and_the_copies(feraug: Feraug, made: Workspace) -> None:
    ran = feraug("ssim", *QUICK, "-w", made.root)
    assert ran.code == 0
    table, rest = ran.out.split("\nnear copy: ")
    assert max(map(len, table.splitlines())) <= 80
    for words in ("nearest training image", "translation to its source", "two images of one emotion"):
        assert words in table
    assert table.count("cyclegan-neutral-happy") == 3
    assert re.search(r"or more to a training image, the 99 % quantile of \d+ new validation images\n", rest)
    assert "near copies among cyclegan-neutral-happy: " in rest
    path = made.root / "ssim" / "cyclegan-neutral-happy.h5"
    assert f"wrote: {path}\n" in rest
    pictures = [line.strip() for line in rest.split("look at the pictures:\n")[1].splitlines()]
    assert len(pictures) == 3 and all(Path(picture).exists() for picture in pictures)
    assert "not looked for" not in ran.err  # every drawn face is another person

    told = feraug("info", path)
    assert told.code == 0
    assert ": ssim, " in told.out
    # Below the first line stands the table as the command printed it.
    assert table.strip() in told.out and f"near copy: {rest.splitlines()[0]}" in told.out
    assert f"made by: feraug ssim {' '.join(QUICK)} -w" in told.out
    assert json.loads(feraug("info", "--config", path).out)["queries"] == 30
    assert "an analysis holds no images" in feraug("export", path, made.root / "out").error


def test_json_has_the_figures_of_every_set(feraug: Feraug, made: Workspace, tmp_path: Path) -> None:
    for name in ("b", "c"):
        arguments = ("synth", "-n", "12", "--seed", "4", "--name", name, "-w", made.root, "-q")
        assert feraug(*arguments, "--pair", "happy:neutral" if name == "c" else "neutral:happy").code == 0
    told = json.loads(feraug("ssim", *QUICK, "-w", made.root, "--json").out)
    assert told["path"].endswith("/ssim/all.h5")
    assert [one["name"] for one in told["sets"]] == ["b", "c", "cyclegan-neutral-happy"]
    for one in told["sets"]:
        quantiles = list(one["source"]["quantiles"].values())
        assert quantiles == sorted(quantiles) and 0.5 < quantiles[3] <= 1.0
        assert one["near_copies"]["of"] == min(30, one["images"])
    two = json.loads(
        feraug(
            *("ssim", *QUICK, "--synthetic", "b", "--synthetic", made.synthetic("c"), "-w", made.root),
            *("--json", "--name", "two"),
        ).out
    )
    assert [one["name"] for one in two["sets"]] == ["b", "c"]
    # The same draws and figures, whichever sets stand beside.
    assert two["sets"] == told["sets"][:2] and two["real"] == told["real"]


def test_what_is_missing_is_named(feraug: Feraug, workspace: Workspace, tmp_path: Path) -> None:
    ran = feraug("ssim", "-w", workspace.root)
    assert ran.code == 1
    assert "no synthetic images in" in ran.error and "feraug synth" in ran.error
    assert "no dataset yet" in feraug("ssim", "-w", tmp_path / "empty").error
    assert (
        "--synthetic nothing: no such file"
        in feraug("ssim", "--synthetic", "nothing", "-w", workspace.root).error
    )
    ran = feraug("ssim", "--synthetic", workspace.dataset(), "-w", workspace.root)
    assert "holds a dataset, not a synthetic set" in ran.error


def test_a_damaged_file_in_the_way(feraug: Feraug, made: Workspace) -> None:
    path = made.ssim("cyclegan-neutral-happy")
    path.parent.mkdir()
    path.write_bytes(b"nothing")
    ran = feraug("ssim", *QUICK, "-w", made.root)
    assert "not an HDF5 file; --overwrite replaces it" in ran.error
    assert feraug("ssim", *QUICK, "-w", made.root, "--overwrite").code == 0


def test_another_dataset_is_told_and_found_with_its_option(
    feraug: Feraug, made: Workspace, tmp_path: Path
) -> None:
    right = tmp_path / "right.h5"
    shutil.copy(made.dataset(), right)
    prepared = (
        "prepare",
        "drawn:280",
        "--no-near-copies",
        "--seed",
        "9",
        "--overwrite",
        "-w",
        made.root,
        "-q",
    )
    assert feraug(*prepared).code == 0
    wrong = feraug("ssim", *QUICK, "-w", made.root)
    assert "were made from a file that is not here (SHA-256 " in wrong.err
    assert "if it is a dataset, name it with --dataset" in wrong.err
    assert "translation to its source" not in wrong.out
    ran = feraug("ssim", *QUICK, "--dataset", right, "--name", "right", "-w", made.root)
    assert "translation to its source" in ran.out and "not here" not in ran.err


def test_a_device_that_is_not_there(feraug: Feraug, made: Workspace) -> None:
    ran = feraug("ssim", *QUICK, "--device", "abacus", "-w", made.root, "-q")
    assert ran.code == 2
    assert "device 'abacus'" in ran.error
    assert not made.ssim("cyclegan-neutral-happy").exists()


@pytest.mark.parametrize("device", ["meta", "foo"])
def test_a_device_that_is_none(feraug: Feraug, trained: Workspace, device: str) -> None:
    assert feraug("synth", "-n", "4").code == 0
    error = feraug("ssim", "--device", device, "--queries", "5", "--pairs", "9", "-q").error
    assert error == f"--device '{device}': not available here; leave it out for the CPU"


def test_distributions_by_a_judge(feraug: Feraug, made: Workspace) -> None:
    shutil.copy(ARCHIVED_CLASSIFIER, made.model("judge"))
    ran = feraug("ssim", *QUICK, "--judge", "judge", "-w", made.root)
    assert ran.code == 0, ran
    table = ran.out[ran.out.index(" distributions ") :].split("\n\njudge: ")[0]
    assert max(map(len, table.splitlines())) <= 80
    rows = [line.split() for line in table.splitlines()[2:]]
    assert rows[0] == ["happy"] and rows[1][:3] == ["real:", "validation,", "new"]
    assert rows[2][:2] == ["cyclegan-neutral-happy", "40"] and len(rows) == 3
    digest = sha256_file(made.model("judge"))
    assert f"judge: judge (SHA-256 {digest[:12]}), " in ran.out
    assert "called: % of the images that the judge calls by their emotion\n" in ran.out
    told = json.loads(feraug("ssim", *QUICK, "--judge", "judge", "-w", made.root, "--json").out)
    assert told["already_done"] and told["judge"]["sha256"] == digest
    figures = told["sets"][0]["distribution"]["happy"]
    assert rows[2][2] == f"{100 * figures['share']['mean']:.1f}"
    assert rows[2][3] == f"{figures['frechet']['mean']:.3f}"
    assert set(figures["kernel"]) == {"mean", "low", "high"}
    info = feraug("info", told["path"])
    assert table.rstrip() in info.out
    lacking = feraug("ssim", "--judge", "nobody", "-w", made.root)
    assert lacking.code == 1 and "nobody" in lacking.error
