"""Planted models: what a comparison says of one that copies its input, of real faces, of one face for all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.config import ClassifierConfig, CompareConfig, PrepareConfig, TranslatorConfig
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, ConfigConflictError, MissingArtifactError, UsageError
from feraug.sources.drawn import draw
from feraug.store.compare import read_compare
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.compare import CompareOptions, CompareResult, compare
from feraug.workflows.compare_pictures import _features, _figures
from feraug.workflows.events import Event, Note
from feraug.workflows.info import describe
from feraug.workflows.prepare import prepare
from feraug.workflows.train import train_translator
from feraug.workflows.train_classifier import train_classifier
from feraug.workflows.translators import Translator

Images = NDArray[np.uint8]
FAST = CompareConfig(references=120, queries=30)
TINY = TranslatorConfig(
    base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=2, image_history=2
)
PLANTED = ("copy", "real", "constant", "truth")
COPY, REAL, CONSTANT, TRUTH = range(4)


@pytest.fixture(scope="session")
def compared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces, a judge that has seen little, and four tiny translators; not to be changed."""
    workspace = Workspace(tmp_path_factory.mktemp("compare"))
    prepare("drawn:1400", PrepareConfig(near_copies=False), workspace.dataset())
    judge = ClassifierConfig(
        model="vgg19", width=0.03, steps=40, batch_size=32, crop=44, rate=0.02, dropout=0.0, rotation=0.0
    )
    train_classifier(judge, workspace)
    for seed, name in enumerate(PLANTED):
        train_translator(replace(TINY, seed=seed), workspace, name=name)
    return workspace.root


@pytest.fixture
def shop(compared_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A fresh copy, whose translators do what their names say."""
    shutil.copytree(compared_once, tmp_path / "shop")
    workspace = Workspace(tmp_path / "shop")
    dataset = read_dataset(workspace.dataset())
    happy = dataset.images[dataset.rows(split="validation", emotion="happy")]
    images = {image.tobytes(): row for row, image in enumerate(dataset.images)}

    def translate(self: Translator, faces: Images, pair: str | None = None, **options: Any) -> Images:
        del options
        if self.config.seed == COPY:
            return faces.copy()
        if self.config.seed == REAL:
            return happy[: len(faces)]
        if self.config.seed == TRUTH:
            rows = [images[face.tobytes()] for face in faces]
            return draw(0, dataset.columns["source_row"][rows], str(pair).split(":")[1])
        return np.full_like(faces, 100)

    monkeypatch.setattr(Translator, "translate", translate)
    return workspace


def run(workspace: Workspace, config: CompareConfig = FAST, **options: Any) -> CompareResult:
    return compare(config, workspace, **options)


def test_planted_models_are_seen_for_what_they_are(shop: Workspace) -> None:
    result = run(shop)
    table = result.figures
    copy, real, constant, truth = (
        next(one for one in table["models"] if one["name"] == name) for name in PLANTED
    )
    untouched, floor = table["untouched"], table["floor"]
    # It copies its input: everything as for the untouched faces.
    for key in ("share", "error", "frechet", "kernel", "density", "coverage", "within", "near_copies"):
        assert copy[key] == untouched[key], key
    assert copy["identity"]["mean"] == pytest.approx(1.0, abs=1e-6)
    assert copy["variety"] == 1.0 and not copy["collapsed"]
    assert copy["error"]["mean"] > 1.0
    # Real faces of b: at the floor, and as often called b as those.
    for key in ("frechet", "kernel", "density", "coverage"):
        assert floor[key]["low"] <= real[key]["mean"] <= floor[key]["high"], key
    assert real["identity"]["mean"] < 0.5 and not real["collapsed"]
    assert real["error"]["mean"] > copy["error"]["mean"]
    assert abs(real["copying"]["statistic"]) < 1.0
    # One grey image for all: no variety, far from everything.
    assert constant["collapsed"] and constant["variety"] == 0.0
    assert constant["within"] == pytest.approx(1.0, abs=1e-6)
    assert constant["coverage"]["mean"] < floor["coverage"]["low"]
    assert constant["frechet"]["mean"] > floor["frechet"]["high"]
    # The truth itself.
    assert truth["error"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert truth["identity"]["mean"] < 1.0


def test_what_is_written_comes_back_and_is_described(shop: Workspace) -> None:
    result = run(shop)
    found = read_compare(result.path)
    dataset = read_dataset(shop.dataset())
    rows = dataset.rows(split="validation", emotion="neutral")
    assert len(found.sets) == 2 + len(PLANTED)
    assert np.array_equal(found.sets[0].rows, rows)
    for one, model in zip(found.sets[2:], found.table["models"], strict=True):
        share = (one.probabilities.argmax(1) == 3).mean()
        assert model["share"]["mean"] == pytest.approx(share, abs=1e-6)
        assert model["training"]["step"] == 2 and model["training"]["images"] == 4
        assert model["training"]["finished"] and model["training"]["seconds"] >= 0
    judge = found.table["judge"]
    assert judge["sha256"] == sha256_file(shop.model("vgg19")) in found.header.provenance.inputs.values()
    assert 0 < judge["validation_accuracy"] < 1
    assert describe(result.path)["models"] == found.table["models"]
    for drawn in (_figures(found.table), _features(found, DomainPair("neutral", "happy"))):
        assert f"vgg19 (SHA-256 {judge['sha256'][:12]})" in drawn.get_suptitle()
    assert result.pictures[0].name == "neutral-happy.png"
    assert all(picture.exists() for picture in result.pictures)


def test_again_is_already_done_and_lost_pictures_are_drawn_again(shop: Workspace) -> None:
    options: Any = {"models": ["copy", "real"]}
    first = run(shop, **options)
    before = first.path.read_bytes()
    first.pictures[0].unlink()
    again = run(shop, **options)
    assert again.already_done and again.pictures[0].exists() and again.path.read_bytes() == before
    with pytest.raises(ConfigConflictError, match="seed: 0 there, 1 asked for"):
        run(shop, replace(FAST, seed=1), **options)
    with pytest.raises(ConfigConflictError, match=r"made from real\.h5 .* instead of truth\.h5"):
        run(shop, models=["copy", "truth"])
    other = CompareOptions(overwrite=True)
    assert not run(shop, models=["copy", "truth"], options=other).already_done


def test_twice_the_same_model_and_the_other_direction(shop: Workspace) -> None:
    told: list[Event] = []
    few = replace(FAST, pair="happy:neutral", images=10)
    result = run(shop, few, models=["copy", shop.model("copy")], notify=told.append)
    assert [one["name"] for one in result.figures["models"]] == ["copy"]
    assert Note("a model that was named twice takes part once") in told
    assert result.path.name == "happy-neutral.h5" and result.figures["faces"] == 10
    assert result.figures["models"][0]["share"] == result.figures["untouched"]["share"]
    assert any("too few real faces for distances" in str(event) for event in told)
    assert result.figures["floor"] is None and result.figures["models"][0]["frechet"] is None


def test_what_is_missing_is_named_with_the_command_that_makes_it(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match=r"feraug train cyclegan --pair sad:happy"):
        run(shop, CompareConfig(pair="sad:happy"))
    with pytest.raises(UsageError, match="copy translates neutral:happy, not sad:happy"):
        run(shop, CompareConfig(pair="sad:happy"), models=["copy"])
    with pytest.raises(ArtifactError, match="a cyclegan makes faces, it cannot judge them"):
        run(shop, judge="copy")
    with pytest.raises(ArtifactError, match="vgg19"):
        run(shop, models=["vgg19"])
    shop.model("vgg19").unlink()
    with pytest.raises(MissingArtifactError, match="feraug train vgg19"):
        run(shop)
    with pytest.raises(MissingArtifactError, match="no dataset yet"):
        run(Workspace(tmp_path / "nothing"))


def test_a_judge_that_filtered_is_refused(shop: Workspace) -> None:
    judge, model = (sha256_file(shop.model(name)) for name in ("vgg19", "copy"))

    def synthetic(name: str, inputs: dict[str, str]) -> str:
        path = shop.synthetic(name)
        with writing_synthetic(
            path, 1, Provenance({"of": name}, "test", 0, inputs), {"sources": []}
        ) as writer:
            rows, rounds = np.full(1, -1), np.zeros(1, np.uint16)
            writer.append(
                np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.uint8), rows=rows, source=0, rounds=rounds
            )
        return sha256_file(path)

    parent = synthetic("parent", {"copy.h5": model})
    synthetic("child", {"parent.h5": parent, "vgg19.h5": judge})
    with pytest.raises(ArtifactError, match=f"filtered .*child.h5 of copy, so it cannot.*{judge[:12]}"):
        run(shop)
    assert run(shop, models=["real"], name="others").figures["models"][0]["name"] == "real"


def test_another_dataset_is_told(shop: Workspace, tmp_path: Path) -> None:
    told: list[Event] = []
    prepare("drawn:280", PrepareConfig(near_copies=False, seed=5), tmp_path / "other.h5")
    run(shop, models=["constant"], dataset=tmp_path / "other.h5", notify=told.append)
    notes = " ".join(event.text for event in told if isinstance(event, Note))
    assert "the judge was trained on another dataset" in notes
    assert "constant: was trained on another dataset" in notes


def test_validation_faces_that_train_has_too_are_left_out(shop: Workspace) -> None:
    rows = read_dataset(shop.dataset()).rows(split="validation", emotion="neutral")
    with h5py.File(shop.dataset(), "r+") as file:
        flags = file["copy_in_train"][()]
        flags[rows[:3]] = True
        file["copy_in_train"][...] = flags
    told: list[Event] = []
    result = run(shop, replace(FAST, references=30), models=["copy"], notify=told.append)
    assert result.found.sets[0].rows.tolist() == rows[3:].tolist()
    left_out = f"3 of {len(rows)} neutral validation faces are copies or near copies"
    assert any(left_out in str(event) for event in told)
