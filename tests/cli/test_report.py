"""``feraug report`` on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots that take no time."""
    monkeypatch.setattr("feraug.plots.page._svg", lambda draw, prefix, height: f'<svg id="{prefix}"></svg>')


def test_report_says_what_it_wrote_and_what_is_missing(feraug: Feraug, trained: Workspace) -> None:
    (trained.root / "models" / "broken.h5").write_text("text")
    ran = feraug("report", "-w", trained.root, "-q")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "left out: models/broken.h5: not an HDF5 file"
    assert f"No synthetic faces: feraug synth --pair neutral:happy -n 5000 -w {trained.root}" in lines
    page = trained.root / "report.html"
    assert lines[-1] == f"wrote: {page} ({page.stat().st_size / 1e3:.0f} kB: 1 data set, 1 model)"


def test_json_is_one_object(feraug: Feraug, trained: Workspace, tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    ran = feraug("report", "-w", os.path.relpath(trained.root), "--out", page, "--json")
    told = json.loads(ran.out)
    assert told["workspace"] == str(trained.root.resolve()), "absolute, as every path"
    assert told["path"] == str(tmp_path / "new" / "page.html") and Path(told["path"]).is_file()
    assert told["bytes"] == Path(told["path"]).stat().st_size
    assert told["holds"] == {
        "datasets": 1, "models": 1, "synthetic": 0, "ssim": 0, "compare": 0, "bench": 0,
    }  # fmt: skip
    assert told["problems"] == [] and told["real_faces"] is False and len(told["missing"]) == 4
    assert not (trained.root / "report.html").exists()


def test_failures_are_one_line(feraug: Feraug, trained: Workspace, tmp_path: Path) -> None:
    ran = feraug("report", "-w", tmp_path / "nothing")
    assert ran.code == 1
    assert "nothing to report yet; start with 'feraug prepare fer2013.csv -w " in ran.error
    assert (
        "is no report of feraug's" in feraug("report", "-w", trained.root, "--out", trained.dataset()).error
    )
    assert feraug("report", trained.root).code == 2
