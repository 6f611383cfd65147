"""The similarity analysis recognises planted cases, and says what it cannot know."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from feraug.config import SsimConfig
from feraug.errors import ArtifactError, ConfigConflictError, MissingArtifactError, StorageError, UsageError
from feraug.metrics.distribution import histogram_distance
from feraug.metrics.similarity import all_pairs_ssim, paired_ssim
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.ssim import MEASURES, read_ssim, write_ssim
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import load_classifier
from feraug.workflows.events import Event, Note, Progress
from feraug.workflows.info import describe
from feraug.workflows.report import report
from feraug.workflows.ssim import SsimOptions, ssim
from feraug.workflows.ssim_measures import RealFaces, different_labels, real_pairs, same_label
from feraug.workflows.ssim_pictures import _panels, earlier_pictures
from feraug.workflows.synthetic_sets import default_paths, synthetic_sets

Images = NDArray[np.uint8]
FAST = SsimConfig(queries=40, pairs=300)
HAPPY = 3

pytestmark = pytest.mark.usefixtures("quick_nearest")


def write(
    workspace: Workspace,
    name: str,
    images: Images,
    *,
    labels: Any = HAPPY,
    rows: Any = -1,
    rounds: Any = 0,
    sources: tuple[str, ...] = (),
    of: Any = 0,
    inputs: dict[str, str] | None = None,
) -> Path:
    """A synthetic set, made from noise unless ``rows`` and ``sources`` say otherwise."""
    path, count = workspace.synthetic(name), len(images)
    facts = {"sources": list(sources), "model": "cd" * 32}
    provenance = Provenance({"name": name}, "test", 0, inputs or {"model.h5": "cd" * 32})
    with writing_synthetic(path, count, provenance, facts) as writer:
        writer.append(
            images,
            np.broadcast_to(labels, count).astype(np.uint8),
            rows=np.broadcast_to(rows, count).astype(np.int64),
            source=np.broadcast_to(of, count).astype(np.uint8),
            rounds=np.broadcast_to(rounds, count).astype(np.uint16),
        )
    return path


@pytest.fixture
def faces(workspace: Workspace) -> Any:
    return read_dataset(workspace.dataset())


def set_figures(workspace: Workspace, **options: Any) -> dict[str, Any]:
    result = ssim(options.pop("config", FAST), workspace, **options)
    (found,) = result.figures["sets"]
    return {**found, "real": result.figures["real"], "threshold": result.figures["threshold"]}


def median(found: dict[str, Any]) -> float:
    return float(found["quantiles"]["0.5"])


def test_the_training_set_itself_is_all_copies(workspace: Workspace, faces: Any) -> None:
    write(workspace, "copies", faces.images[faces.rows(split="train")][:60])
    found = set_figures(workspace, config=replace(FAST, queries=0))
    assert found["near_copies"] == {"images": 60, "of": 60, "share": 1.0}
    assert found["nearest"]["quantiles"]["0.01"] == pytest.approx(1.0, abs=1e-6)
    assert found["source"] is None and found["source_near_copies"] is None


def test_mirrored_copies_are_copies(workspace: Workspace, faces: Any) -> None:
    """Generators are trained on mirrored faces, too, and ``synth`` mirrors sources in its second round."""
    write(workspace, "mirrored", faces.images[faces.rows(split="train")][:60, :, ::-1])
    found = set_figures(workspace, config=replace(FAST, queries=0))
    assert found["near_copies"] == {"images": 60, "of": 60, "share": 1.0}


def test_the_threshold_is_not_of_a_handful_however_few_are_asked_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workspace, "some", read_dataset(workspace.dataset()).images[:30])
    every = ssim(replace(FAST, queries=0), workspace, name="every").figures
    few = ssim(replace(FAST, queries=5), workspace, name="few").figures
    assert few["sets"][0]["nearest"]["pairs"] == 5
    assert few["threshold"] == every["threshold"] and few["threshold_from"] == "validation"
    monkeypatch.setattr("feraug.workflows.ssim_measures.LEAST_FOR_THRESHOLD", 20)
    fewer = ssim(replace(FAST, queries=5), workspace, name="fewer").figures
    assert fewer["real"]["validation"]["pairs"] == 20


def test_the_sample_of_a_set_hangs_on_its_images_and_not_on_its_file(
    workspace: Workspace, faces: Any
) -> None:
    """A model's file holds the seconds that it took, and all files behind it their digests."""
    images = faces.images[:40]
    for name in ("one", "another"):
        write(workspace, name, images)  # the file has its name in it
    assert sha256_file(workspace.synthetic("one")) != sha256_file(workspace.synthetic("another"))
    first, second = ssim(replace(FAST, queries=7, pairs=9), workspace).figures["sets"]
    assert (first["nearest"], first["within"]) == (second["nearest"], second["within"])


def test_one_image_repeated_has_no_variety(workspace: Workspace, faces: Any) -> None:
    write(workspace, "same", np.repeat(faces.images[:1], 50, axis=0))
    found = set_figures(workspace)
    assert found["within"]["quantiles"]["0.01"] == pytest.approx(1.0, abs=1e-6)
    assert median(found["real"]["within"]) < 0.5


def test_noise_is_far_from_everything(workspace: Workspace) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 48, 48), np.uint8)
    write(workspace, "noise", noise, labels=255)  # and unlabelled
    found = set_figures(workspace)
    assert found["near_copies"]["images"] == 0
    assert found["nearest"]["quantiles"]["0.99"] < found["real"]["validation"]["quantiles"]["0.01"]
    assert found["within"]["pairs"] == 300  # all unlabelled images count as of one kind


def test_new_real_images_are_indistinguishable_from_the_yardstick(workspace: Workspace, faces: Any) -> None:
    write(workspace, "real", faces.images[faces.rows(split="test")])
    found = set_figures(workspace)
    for quantile in ("0.25", "0.5", "0.75"):
        yardstick = found["real"]["validation"]["quantiles"][quantile]
        assert found["nearest"]["quantiles"][quantile] == pytest.approx(yardstick, abs=0.06)
    assert found["near_copies"]["share"] < 0.15


def test_translations_are_compared_with_what_went_in(workspace: Workspace, faces: Any) -> None:
    digest = sha256_file(workspace.dataset())
    rows = faces.rows(split="train", emotion="neutral")[:6]
    plain = np.clip(faces.images[rows].astype(int) + 4, 0, 255).astype(np.uint8)
    images = np.concatenate([plain, plain[:, :, ::-1], plain])
    rounds = np.repeat([0, 1, 2], 6)
    path = write(workspace, "t", images, rows=np.tile(rows, 3), rounds=rounds, sources=(digest,))
    result = ssim(FAST, workspace, synthetic=[path])
    (found,) = result.found.sets
    # Round 2 is turned and shifted, which only synth knows; it is left out.
    assert found.source.rows.tolist() == [[place, row] for place, row in enumerate(np.tile(rows, 2))]
    assert (found.source.ssim > 0.95).all()
    # The nearest training image is another than the source.
    references = faces.images[faces.rows(split="train")]
    full = np.maximum(all_pairs_ssim(images, references), all_pairs_ssim(images[:, :, ::-1], references))
    train = faces.rows(split="train").tolist()
    for place, row in enumerate(np.tile(rows, 3)):
        full[place, train.index(row)] = -2
    assert np.array_equal(found.nearest.ssim, full.max(1))
    assert found.nearest.rows[:, 1].tolist() == [train[number] for number in full.argmax(1)]


def test_copies_of_the_source_do_not_count_either(workspace: Workspace, faces: Any) -> None:
    with h5py.File(workspace.dataset(), "r+") as file:
        first, second = np.flatnonzero(file["split"][()] == 0)[:2]
        images, group = file["images"][()], file["duplicate_group"][()]
        images[second], group[[first, second]] = images[first], 7
        file["images"][...], file["duplicate_group"][...] = images, group
    digest = sha256_file(workspace.dataset())
    write(workspace, "t", images[[first]], rows=first, sources=(digest,))
    result = ssim(FAST, workspace)
    assert result.found.sets[0].nearest.ssim[0] < 0.99
    assert not {first, second} & set(result.found.sets[0].nearest.rows[:, 1])
    train = result.found.real["train"]
    assert not any(set(pair) == {first, second} for pair in train.rows.tolist())


def test_copies_in_validation_do_not_move_the_threshold(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:5])
    before = set_figures(workspace)["threshold"]
    with h5py.File(workspace.dataset(), "r+") as file:
        train, validation = (np.flatnonzero(file["split"][()] == code) for code in (0, 1))
        images, near = file["images"][()], np.zeros(len(file["split"]), bool)
        images[validation[0]], near[validation[0]] = images[train[0]], True
        file["images"][...] = images
        file["near_copy_in_train"] = near
    result = ssim(FAST, workspace, name="again")
    assert result.figures["threshold"] == pytest.approx(before, abs=0.05)
    assert validation[0] not in result.found.real["validation"].rows[:, 0]


@pytest.mark.figures
@pytest.mark.searching
def test_a_single_image(workspace: Workspace, faces: Any) -> None:
    write(workspace, "one", faces.images[:1])
    events: list[Event] = []
    result = ssim(FAST, workspace, notify=events.append)
    (found,) = result.figures["sets"]
    assert found["nearest"]["pairs"] == 1 and found["within"] is None
    assert all(picture.stat().st_size > 1000 for picture in result.pictures)
    done = {event.task for event in events if isinstance(event, Progress) and event.done == event.total}
    assert done == {"real: train", "real: validation", "one"}


def test_another_dataset_is_said_and_sources_left_out(workspace: Workspace, faces: Any) -> None:
    write(workspace, "foreign", faces.images[:9], rows=np.arange(9), sources=("ab" * 32,))
    events: list[Event] = []
    result = ssim(FAST, workspace, notify=events.append)
    notes = [event.text for event in events if isinstance(event, Note)]
    told = "foreign: 9 images were made from a file that is not here (SHA-256 abababababab…), so they are not"
    assert any(note.startswith(told) for note in notes)
    assert result.figures["sets"][0]["source"] is None
    assert result.figures["sets"][0]["near_copies"]["share"] > 0.5  # whatever its origin: most are in train


def test_what_comes_of_training_images_by_way_of_another_set(workspace: Workspace, faces: Any) -> None:
    """A translation of a translation is like its source: that is no copy."""
    train = faces.rows(split="train")[:12]
    digest = sha256_file(workspace.dataset())
    once = write(workspace, "once", faces.images[train], rows=train, sources=(digest,))
    mine = sha256_file(once)
    twice = write(workspace, "twice", faces.images[train][::-1], rows=np.arange(12)[::-1], sources=(mine,))
    held_out = faces.rows(split="test")[:2]
    half = np.concatenate([faces.images[held_out], faces.images[train[:6]]])
    rows, of = np.concatenate([held_out, np.arange(6)]), np.array([0, 0, 1, 1, 1, 1, 1, 1], np.uint8)
    write(workspace, "half", half, rows=rows, sources=(digest, mine), of=of)
    events: list[Event] = []
    figures = ssim(FAST, workspace, notify=events.append).figures["sets"]
    shares = {one["name"]: one["near_copies"]["images"] for one in figures}
    assert shares["once"] == shares["twice"] <= 3
    notes = [event.text for event in events if isinstance(event, Note)]
    assert "half: 2 images were not made from training images" in notes
    assert not any("not here" in note for note in notes)
    # Their own source alone is read for the second, and is what they are compared with.
    alone = ssim(FAST, workspace, synthetic=["twice"], name="alone")
    assert alone.figures["sets"][0]["near_copies"]["images"] == shares["twice"]
    once.unlink()
    lost = ssim(FAST, workspace, synthetic=["twice"], name="lost")
    write(workspace, "thrice", faces.images[train], rows=np.arange(12), sources=(sha256_file(twice),))
    events.clear()
    ssim(FAST, workspace, synthetic=["thrice"], name="thrice", notify=events.append)
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any(
        note.startswith(f"thrice: what its sources were made from is not here (SHA-256 {mine[:12]}…)")
        for note in notes
    )
    assert lost.figures["sets"][0]["near_copies"]["images"] == 12


def test_the_report_has_pairs_where_one_of_several_sources_is_gone(
    workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the page's plots nothing is asked, and they take longer than all else.
    monkeypatch.setattr("feraug.plots.page._svg", lambda *_: '<svg viewBox="0 0 100 1"></svg>')
    train = faces.rows(split="train")[:8]
    sources, of = (sha256_file(workspace.dataset()), "ab" * 32), np.array([0] * 6 + [1] * 2, np.uint8)
    write(workspace, "half", faces.images[train], rows=train, sources=sources, of=of)
    ssim(FAST, workspace)
    page = report(workspace, real_faces=True).path.read_text(encoding="utf-8")
    assert "most like their source" in page.casefold() and "More could not be told" not in page
    # One that was there when it was measured, and went.
    lost = write(workspace, "lost", faces.images[:6], labels=0)
    write(workspace, "made", faces.images[:6], rows=np.arange(6), sources=(sha256_file(lost),))
    assert len(ssim(FAST, workspace, synthetic=["made"]).found.sets[0].source)
    lost.unlink()
    page = report(workspace, real_faces=True).path.read_text(encoding="utf-8")
    assert "More could not be told" not in page


def test_a_folder_of_the_same_name_hides_no_set(
    workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = write(workspace, "made", faces.images[:9])
    (tmp_path / "made").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [one.path for one in synthetic_sets(workspace, ["made"])] == [made]
    with pytest.raises(ArtifactError, match="other: a folder, not an artifact"):
        synthetic_sets(workspace, ["other"])


def test_a_source_that_is_a_synthetic_set(workspace: Workspace, faces: Any) -> None:
    """Noise faces translated: the source is no dataset, and stays a set of its own."""
    noise = write(workspace, "noise", faces.images[:8])
    made = write(
        workspace,
        "translated",
        faces.images[:8],
        rows=np.arange(8),
        sources=(sha256_file(noise),),
        inputs={"noise.h5": sha256_file(noise), "model.h5": "cd" * 32},
    )
    assert default_paths(workspace) == [noise, made]
    result = ssim(FAST, workspace, synthetic=[made])
    assert result.figures["sets"][0]["source"]["quantiles"]["0.01"] == pytest.approx(1.0, abs=1e-6)
    assert result.found.header.provenance.inputs["noise.h5"] == sha256_file(noise)
    assert len(ssim(FAST, workspace).figures["sets"]) == 2


def test_an_origin_that_cannot_be(workspace: Workspace, faces: Any) -> None:
    digest = sha256_file(workspace.dataset())
    write(workspace, "bad", faces.images[:3], rows=[0, 1, 280], sources=(digest,))
    with pytest.raises(ArtifactError, match="row 280, and its source has 280"):
        ssim(FAST, workspace)


def test_near_copies_that_nobody_looked_for_are_told(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:5])
    with h5py.File(workspace.dataset(), "r+") as file:
        text = b'{"source": "csv"}'
        file.attrs.create("config", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    events: list[Event] = []
    ssim(FAST, workspace, notify=events.append)
    words = "near copies of training images were not looked for in this dataset"
    assert [words in event.text for event in events if isinstance(event, Note)] == [True]


@pytest.mark.parametrize(("count", "told"), [(4, "4 images were"), (1, "1 image was")])
def test_origins_outside_train_are_told(workspace: Workspace, faces: Any, count: int, told: str) -> None:
    digest = sha256_file(workspace.dataset())
    rows = faces.rows(split="test")[:count]
    write(workspace, "leak", faces.images[rows], rows=rows, sources=(digest,))
    events: list[Event] = []
    ssim(FAST, workspace, notify=events.append)
    assert any(
        f"leak: {told} not made from training images" in event.text
        for event in events
        if isinstance(event, Note)
    )


def test_too_little_to_measure(workspace: Workspace, faces: Any) -> None:
    with pytest.raises(MissingArtifactError, match="feraug synth"):
        ssim(FAST, workspace)
    with pytest.raises(MissingArtifactError, match="no dataset yet"):
        ssim(FAST, Workspace(workspace.root / "elsewhere"))
    write(workspace, "some", faces.images[:3])
    with pytest.raises(MissingArtifactError, match=r"--synthetic other: no such file.*there are some"):
        ssim(FAST, workspace, synthetic=["other"])
    with pytest.raises(MissingArtifactError, match="no such file"):
        ssim(FAST, workspace, synthetic=[workspace.root / "x" / "y.h5"])
    odd = shutil.copy(workspace.synthetic("some"), workspace.root / "my set (1).h5")
    assert ssim(FAST, workspace, synthetic=[odd]).path.name == "my-set--1-.h5"
    with pytest.raises(ArtifactError, match="holds a dataset, not a synthetic set"):
        ssim(FAST, workspace, synthetic=[workspace.dataset()])
    with h5py.File(workspace.dataset(), "r+") as file:
        file["split"][...] = np.where(np.arange(280) == 0, 0, 1)
    with pytest.raises(ArtifactError, match="1 training image; similarity needs two"):
        ssim(FAST, workspace)


def test_without_validation_the_training_images_serve(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:9])
    with h5py.File(workspace.dataset(), "r+") as file:
        file["split"][...] = 0
    events: list[Event] = []
    result = ssim(FAST, workspace, notify=events.append)
    assert result.figures["threshold_from"] == "train"
    assert result.figures["real"]["validation"] is None
    expected = np.quantile(result.found.real["train"].ssim, 0.99)
    assert result.figures["threshold"] == pytest.approx(expected)
    assert any("0 new validation images are too few" in e.text for e in events if isinstance(e, Note))


def test_one_emotion_alone(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:9])
    with h5py.File(workspace.dataset(), "r+") as file:
        file["labels"][...] = 4
    assert ssim(FAST, workspace).figures["real"]["across"] is None


@pytest.mark.searching
def test_again_is_already_done_and_another_config_is_refused(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:30])
    first = ssim(FAST, workspace)
    before = first.path.read_bytes()
    assert not first.already_done
    again = ssim(FAST, workspace, notify=lambda event: pytest.fail(str(event)))
    assert again.already_done and again.figures == first.figures and again.pictures == first.pictures
    with pytest.raises(ConfigConflictError, match="queries: 40 in the file, 41 asked for"):
        ssim(replace(FAST, queries=41), workspace)
    write(workspace, "more", faces.images[30:60])
    assert ssim(FAST, workspace).path.name == "all.h5"
    with pytest.raises(ConfigConflictError, match=r"not made from more\.h5"):
        ssim(FAST, workspace, name="some")
    ssim(FAST, workspace, name="some", options=SsimOptions(overwrite=True))
    assert first.path.read_bytes() != before
    # One set's draws do not depend on which others there are; the same config gives the same bytes.
    ssim(FAST, workspace, synthetic=["some"], options=SsimOptions(overwrite=True))
    assert first.path.read_bytes() == before


def test_pictures_of_the_analysis_that_was_replaced_do_not_stay(
    workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        write(workspace, name, faces.images[:20])
    mine = workspace.ssim("x").with_name("all-pairs-mine.png")
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"not feraug's")
    first = ssim(FAST, workspace, synthetic=["a", "b"])
    assert [picture.name for picture in first.pictures] == [
        "all.png", "all.svg", "all-pairs-a.png", "all-pairs-b.png",
    ]  # fmt: skip

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    fewer = replace(FAST, pairs=200)
    with monkeypatch.context() as patch, pytest.raises(StorageError):
        patch.setattr("feraug.workflows.ssim.write_pictures", full)
        ssim(fewer, workspace, synthetic=["a"], name="all", options=SsimOptions(overwrite=True))
    assert not any(picture.exists() for picture in first.pictures), "of another analysis"
    assert mine.exists()
    again = ssim(fewer, workspace, synthetic=["a"], name="all")
    assert again.already_done and all(picture.exists() for picture in again.pictures)


def test_pictures_of_an_earlier_analysis_never_outlive_it(
    workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workspace, "made", faces.images[faces.rows(split="train")][:30])
    few = SsimConfig(queries=5, pairs=5)
    path = ssim(few, workspace, name="a").path
    old = earlier_pictures(path)
    assert all(picture.exists() for picture in old)

    def killed_after(*arguments: Any) -> None:
        write_ssim(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("feraug.workflows.ssim.write_ssim", killed_after)
    with pytest.raises(KeyboardInterrupt):
        ssim(replace(few, seed=1), workspace, name="a", options=SsimOptions(overwrite=True))
    assert not any(picture.exists() for picture in old)


def test_pictures_that_went_are_drawn_again(workspace: Workspace, faces: Any) -> None:
    write(workspace, "some", faces.images[:30])
    first = ssim(FAST, workspace)
    bytes_before = [picture.read_bytes() for picture in first.pictures]
    first.pictures[1].unlink()
    assert ssim(FAST, workspace).already_done
    assert [picture.read_bytes() for picture in first.pictures] == bytes_before
    assert [picture.suffix for picture in first.pictures] == [".png", ".svg", ".png"]


def test_the_file_says_all_that_was_found(workspace: Workspace, faces: Any) -> None:
    paths = [write(workspace, name, faces.images[start : start + 9]) for start, name in enumerate("ab")]
    result = ssim(FAST, workspace, synthetic=paths, name="both")
    saved = read_ssim(result.path)
    marks = [panel.mark for panel in _panels(saved)]
    assert marks == [saved.threshold, None, None], "near copies of training images, of nothing else"
    assert [one.name for one in saved.sets] == ["a", "b"]
    assert [one.sha256 for one in saved.sets] == [sha256_file(path) for path in paths]
    assert {picture.name for picture in result.pictures} == {
        *("both.png", "both.svg", "both-pairs-a.png", "both-pairs-b.png")
    }
    described = describe(result.path)
    assert described["encoding-type"] == "feraug-ssim"
    assert {key: described[key] for key in result.figures} == result.figures
    assert described["inputs"] == {
        "dataset.h5": sha256_file(workspace.dataset()),
        "a.h5": sha256_file(paths[0]),
        "b.h5": sha256_file(paths[1]),
    }


def test_a_set_of_the_dataset_s_name_is_another_input(workspace: Workspace, faces: Any) -> None:
    path = write(workspace, "dataset", faces.images[:9])
    inputs = ssim(FAST, workspace, synthetic=[path]).found.header.provenance.inputs
    assert set(inputs.values()) == {sha256_file(path), sha256_file(workspace.dataset())}


@pytest.mark.searching
@pytest.mark.parametrize("variant", ["uniform", "gaussian"])
def test_on_a_device_the_same(
    workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    # The set is looked at below, not validation, of which few will do: a device computes every pair.
    monkeypatch.setattr("feraug.workflows.ssim_measures.LEAST_FOR_THRESHOLD", 3)
    write(workspace, "some", faces.images[:5])
    config = replace(FAST, variant=variant, queries=3)
    here = ssim(config, workspace)
    there = ssim(config, workspace, name="there", options=SsimOptions(device="cpu"))
    for one, other in zip(here.found.sets, there.found.sets, strict=True):
        assert np.array_equal(one.nearest.rows, other.nearest.rows)
        assert np.abs(one.nearest.ssim - other.nearest.ssim).max() < 2e-6
    assert SsimOptions(device="auto").resolved().device == ("cuda" if torch.cuda.is_available() else None)
    with pytest.raises(UsageError, match="device"):
        ssim(config, workspace, name="nowhere", options=SsimOptions(device="abacus"))


def test_a_filtered_set_stands_in_place_of_its_parent(workspace: Workspace, faces: Any) -> None:
    digest = sha256_file(workspace.dataset())
    parent = write(workspace, "made", faces.images[:9], rows=np.arange(9), sources=(digest,))
    child = write(
        workspace,
        "made-filtered",
        faces.images[:4],
        rows=np.arange(4),
        sources=(digest,),
        inputs={"made.h5": sha256_file(parent), "simple.h5": "ef" * 32},
    )
    other = write(workspace, "other", faces.images[9:12])
    assert default_paths(workspace) == [child, other]
    assert [one.path for one in synthetic_sets(workspace, [parent])] == [parent]


def test_sets_by_name_by_file_and_twice(workspace: Workspace, faces: Any, tmp_path: Path) -> None:
    path = write(workspace, "a", faces.images[:3])
    twin = write(Workspace(tmp_path / "x"), "a", faces.images[3:6])
    (tmp_path / "copy.h5").write_bytes(path.read_bytes())
    sets = synthetic_sets(workspace, ["a", path, tmp_path / "copy.h5", str(twin)])
    assert [(one.name, one.path) for one in sets] == [("a", path), ("a-2", twin)]
    result = ssim(FAST, workspace, synthetic=["a", twin])
    assert len(set(result.found.header.provenance.inputs.values())) == 3


def test_pairs_of_one_label_and_of_two() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([4, 1, 255, 2], [50, 30, 20, 1])
    random.shuffle(labels)
    same = same_label(labels, 500, random)
    assert same.shape == (500, 2)
    assert (labels[same[:, 0]] == labels[same[:, 1]]).all() and (same[:, 0] != same[:, 1]).all()
    # A label's share is that of its images: a random image, and another one like it.
    assert np.mean(labels[same[:, 0]] == 4) == pytest.approx(0.5, abs=0.08)
    different = different_labels(labels, 3000, random)
    assert (labels[different[:, 0]] != labels[different[:, 1]]).all()
    assert len(np.unique(different)) == 101  # every image takes part
    every = same_label(labels, 10_000, random)
    assert len(every) == 50 * 49 // 2 + 30 * 29 // 2 + 20 * 19 // 2
    assert len(np.unique(np.sort(every, 1), axis=0)) == len(every)
    assert (labels[every[:, 0]] == labels[every[:, 1]]).all()
    assert same_label(np.array([1, 2, 3]), 5, random).shape == (0, 2)
    assert different_labels(np.array([1, 1]), 5, random).shape == (0, 2)
    assert len(different_labels(labels, 10**8, random)) == 50 * 51 + 30 * 21 + 20 * 1


def test_all_pairs_are_measured_a_few_at_a_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = read_dataset(workspace.dataset())
    first = arrays.rows(split="train")[:30]
    columns = {name: values[first] for name, values in arrays.columns.items()}
    few = replace(arrays, images=arrays.images[first], columns=columns)
    real, config, sizes = RealFaces(few, ""), SsimConfig(pairs=10**8), []
    whole = real_pairs(real, config)

    def counted(a: NDArray[np.uint8], b: NDArray[np.uint8], variant: str) -> NDArray[np.float32]:
        sizes.append(len(a))
        return paired_ssim(a, b, variant)

    monkeypatch.setattr("feraug.workflows.ssim_measures.paired_ssim", counted)
    monkeypatch.setattr("feraug.workflows.ssim_measures._PAIRS_AT_ONCE", 7)
    for once, pieces in zip(whole, real_pairs(real, config), strict=True):
        np.testing.assert_array_equal(pieces.rows, once.rows)
        np.testing.assert_array_equal(pieces.ssim, once.ssim)
    assert max(sizes) == 7 and sum(sizes) == 30 * 29 // 2


@pytest.mark.parametrize(
    "settings", [{"variant": "ms"}, {"queries": -1}, {"pairs": 0}, {"seed": -1}, {"queries": 1.5}]
)
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        SsimConfig(**settings)


def test_devices_may_differ(workspace: Workspace, faces: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make: Callable[..., Any] = ssim
    write(workspace, "some", faces.images[:5])
    make(FAST, workspace)
    assert make(FAST, workspace, options=SsimOptions(device="cpu")).already_done


def test_distributions_by_emotion_beside_new_real_faces(
    workspace: Workspace, judge: Path, faces: Any
) -> None:
    """Real faces lie where real faces do; noise does not, and sets of two emotions have two rows."""
    happy = faces.images[faces.rows(split="train", emotion="happy")][:30]
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 48)).astype(np.uint8)
    labels = [HAPPY] * 25 + [6] * 14 + [255]  # the last has none
    write(workspace, "real-ones", happy)
    write(workspace, "noise", noise, labels=labels)
    result = ssim(FAST, workspace, judge="judge")
    real, (noisy, same) = result.figures["real"]["distribution"], (
        one["distribution"] for one in result.figures["sets"]
    )  # fmt: skip
    assert set(real) == set(noisy) == {"happy", "neutral"} and set(same) == {"happy"}
    assert (noisy["happy"]["images"], noisy["neutral"]["images"], same["happy"]["images"]) == (25, 14, 30)
    assert same["happy"]["frechet"]["mean"] < noisy["happy"]["frechet"]["mean"] / 4
    assert same["happy"]["coverage"]["mean"] > 0.9 > noisy["happy"]["coverage"]["mean"]
    assert same["happy"]["histogram"] < 10.0 < noisy["happy"]["histogram"]
    # By hand: of which real faces, the share, and half of the images as a subsample.
    target = faces.images[faces.rows(split="train", emotion="happy")]
    assert same["happy"]["histogram"] == pytest.approx(histogram_distance(happy, target), abs=1e-4)
    new = faces.rows(split="validation", emotion="happy")
    assert real["happy"]["images"] == int((~faces.columns["copy_in_train"][new]).sum()) > 0
    classifier = load_classifier(judge)
    called = classifier.emotions(noise[:25]) == HAPPY
    assert noisy["happy"]["share"]["mean"] == pytest.approx(called.mean(), abs=1e-6)
    assert noisy["happy"]["subsample"] == 12 and set(noisy["happy"]["floor"]) == set(MEASURES)
    floor = noisy["happy"]["floor"]["frechet"]
    assert floor["low"] <= floor["mean"] <= floor["high"] < noisy["happy"]["frechet"]["low"]
    assert result.figures["judge"]["sha256"] == classifier.digest
    assert classifier.digest in result.found.header.provenance.inputs.values()
    again = ssim(FAST, workspace, judge="judge")
    assert again.already_done and again.figures == result.figures
    assert describe(result.path)["sets"][0]["distribution"] == noisy
    with pytest.raises(ConfigConflictError):
        ssim(FAST, workspace)


def test_too_few_faces_for_a_distance_leave_it_out(workspace: Workspace, judge: Path, faces: Any) -> None:
    few = faces.images[faces.rows(split="train", emotion="happy")][:8]
    write(workspace, "few", few)
    found = ssim(FAST, workspace, judge="judge").figures["sets"][0]["distribution"]["happy"]
    assert (found["images"], found["subsample"], found["frechet"], found["coverage"]) == (8, 0, None, None)
    assert found["floor"]["frechet"] is None and found["share"] is not None and found["histogram"] >= 0


def test_a_large_set_is_measured_by_a_sample(
    workspace: Workspace, judge: Path, faces: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.ssim_distribution._MOST", 24)
    write(workspace, "many", faces.images[faces.rows(split="train", emotion="happy")][:40])
    found = ssim(FAST, workspace, judge="judge").figures["sets"][0]["distribution"]["happy"]
    assert found["images"] == 24 and found["subsample"] == 6


def test_a_judge_that_filtered_a_set_is_refused(workspace: Workspace, judge: Path, faces: Any) -> None:
    path = write(workspace, "chosen", faces.images[:20])
    digest = sha256_file(judge)
    with h5py.File(path, "r+") as file:
        facts = json.loads(bytes(file.attrs["facts"])) | {"filter": {"classifier": digest}}
        text = json.dumps(facts).encode()
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    with pytest.raises(ArtifactError, match="judge\\.h5 filtered chosen, so it cannot judge"):
        ssim(FAST, workspace, judge="judge")
    assert not workspace.ssim("chosen").exists()


def test_what_is_to_be_known_of_a_judge_is_said(workspace: Workspace, judge: Path, faces: Any) -> None:
    write(workspace, "some", faces.images[:20])
    told: list[Event] = []
    ssim(FAST, workspace, judge="judge", notify=told.append)
    notes = [one.text for one in told if isinstance(one, Note)]
    assert any("do not rely on it" in note for note in notes)
    assert any("the judge was trained on another dataset" in note for note in notes)
