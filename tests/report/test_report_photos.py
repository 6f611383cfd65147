"""Translated photographs on the page: figures always, faces only where they were asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from feraug.store.workspace import Workspace
from feraug.workflows.report import report


def group(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "name": name, "photos": 3, "faces": 2, "without_face": ["a.jpg"], "skipped": {}, "change": 4.25,
        "loss": 1.5, "called_before": 0.25, "called_after": 0.875, **settings,
    }  # fmt: skip


def share(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}


@pytest.fixture
def photos(everything: Workspace) -> Path:
    """Two groups of photos, one of them without a face, and a degradation."""
    folder = everything.root / "photos" / "cyclegan-neutral-happy"
    (folder / "women").mkdir(parents=True)
    nobody = dict.fromkeys(("change", "loss", "called_before", "called_after"))
    levels = [
        {
            "name": name, "strength": strength, "amount": amount, "change": 2.5, "degraded": share(0.2),
            "translated": share(0.7), "translated_first": share(0.6),
        }
        for name, strength, amount in (("clean", 0.0, ""), ("noise", 0.5, "12 levels"))
    ]  # fmt: skip
    record = {
        "feraug-version": "0.1.0", "config": {"pair": "neutral:happy", "detector": "mediapipe"},
        "command": "feraug synth --photos people",
        "inputs": {"people": "ab" * 32, "cyclegan.h5": "ac" * 32, "judge.h5": "ad" * 32},
        "groups": [group("women"), group("nobody", faces=0, **nobody)],
        "degradations": levels, "files": ["photos.json", "women.png", "women/one.png"],
    }  # fmt: skip
    (folder / "photos.json").write_text(json.dumps(record))
    Image.fromarray(np.full((96, 96), 77, np.uint8)).save(folder / "women.png")
    return folder


def test_groups_and_degradations_stand_in_tables(
    everything: Workspace, photos: Path, quick: None, read_page: Callable[[Path], Any]
) -> None:
    result = report(everything)
    page = read_page(result.path)
    assert not result.problems
    assert "photos" in [part["id"] for part in page.all("section")]
    text = " ".join(page.text.split())
    assert "women 3 2 1 0 4.2 1.5 25 88" in text and "nobody 3 0 1 0" in text
    assert "noise 12 levels 2.5 20 10 to 30 70 60 to 80 60 50 to 70" in text
    assert "called by judge.h5 (SHA-256 adadadadadadada…)" in text
    assert "2, found by mediapipe" in text and "feraug synth --photos people" in text


def test_their_faces_are_shown_only_where_that_was_asked_for(
    everything: Workspace, photos: Path, quick: None, read_page: Callable[[Path], Any]
) -> None:
    without = read_page(report(everything).path)
    assert "Pictures of the people in the photographs are left out" in without.text
    assert not [one for one in without.all("img") if one["alt"] == "Faces of women"]
    page = read_page(report(everything, real_faces=True).path)
    assert [one["alt"] for one in page.all("img") if "Faces of" in one["alt"]] == ["Faces of women"]
    assert "This page shows real faces" in page.text
    noise = np.random.default_rng(0).integers(0, 256, (36 * 48, 12 * 48), np.uint8)
    Image.fromarray(noise.repeat(2, 0).repeat(2, 1)).save(photos / "women.png")  # 144 faces
    many = report(everything, real_faces=True)
    assert many.left_out == 0 and "women, the first 12" in read_page(many.path).text
    (photos / "women.png").write_bytes(b"no picture")
    (problem,) = report(everything, real_faces=True).problems
    assert problem["place"] == "photos/cyclegan-neutral-happy/women.png"


def test_photos_alone_make_a_page(
    photos: Path, tmp_path: Path, quick: None, read_page: Callable[[Path], Any]
) -> None:
    alone = Workspace(tmp_path / "alone")
    shutil.copytree(photos, alone.root / "photos" / "some")
    assert "women" in read_page(report(alone).path).text


@pytest.mark.parametrize(
    "change",
    [
        {"groups": [{"name": 3}]},
        {"files": [3]},
        {"inputs": {"people": 3}},
        {"degradations": [{}]},
        {"config": 1},
    ],
)
def test_a_record_that_is_not_feraug_s_is_named(
    everything: Workspace, photos: Path, quick: None, change: dict[str, Any]
) -> None:
    path = photos / "photos.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    result = report(everything)
    assert [one["place"] for one in result.problems] == ["photos/cyclegan-neutral-happy/photos.json"]
    assert 'id="photos"' not in result.path.read_text("utf-8")
