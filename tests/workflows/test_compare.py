"""Planted models: what a comparison says of one that copies its input, of real faces, of one face for all."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.config import ClassifierConfig, CompareConfig, PrepareConfig, TranslatorConfig
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, ConfigConflictError, MissingArtifactError, StorageError, UsageError
from feraug.metrics.copying import copying_test
from feraug.metrics.distribution import density_and_coverage, frechet_distance, kernel_distance
from feraug.metrics.intervals import AgainstFloor, Measure, against_floor
from feraug.sources.drawn import GROUPS, draw, identity_of
from feraug.store.compare import read_compare
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.model import read_model, write_model
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import evaluation_views, load_classifier
from feraug.workflows.compare import CompareOptions, CompareResult, compare
from feraug.workflows.compare_entrants import entrants
from feraug.workflows.compare_pictures import _features, _figures
from feraug.workflows.events import Event, Note
from feraug.workflows.info import describe
from feraug.workflows.prepare import prepare
from feraug.workflows.train import train_translator
from feraug.workflows.train_classifier import train_classifier
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.translators import Translator, load_translator

Images = NDArray[np.uint8]
FAST = CompareConfig(references=120, queries=30)
TINY = TranslatorConfig(
    base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=2, image_history=2
)
PLANTED = ("copy", "real", "constant", "truth")
COPY, REAL, CONSTANT, TRUTH = range(4)

pytestmark = pytest.mark.usefixtures("quick_nearest")


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
    """A fresh copy, whose translators do what their names say, and whose judge looks once at each face."""
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
    once = lambda images, crop: evaluation_views(images, crop)[:1]  # noqa: E731 - of ten crops, which take time
    monkeypatch.setattr("feraug.workflows.classifiers.evaluation_views", once)
    return workspace


def run(workspace: Workspace, config: CompareConfig = FAST, **options: Any) -> CompareResult:
    return compare(config, workspace, **options)


@pytest.fixture
def unpictured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take most of the time."""
    monkeypatch.setattr("feraug.workflows.compare.write_pictures", lambda *arguments: None)


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
    # Copying is measured against all training faces, however few serve as references.
    fewer = run(shop, replace(FAST, references=30), name="fewer").figures
    assert fewer["references"] == 30
    for one in (real, copy):
        (same,) = (each for each in fewer["models"] if each["name"] == one["name"])
        assert same["copying"] == one["copying"] and same["frechet"] != one["frechet"]
    # One grey image for all: no variety, far from everything.
    assert constant["collapsed"] and constant["variety"] == 0.0
    assert constant["within"] == pytest.approx(1.0, abs=1e-6)
    assert constant["coverage"]["mean"] < floor["coverage"]["low"]
    assert constant["frechet"]["mean"] > floor["frechet"]["high"]
    # Its grey is not that of faces.
    dataset = read_dataset(shop.dataset())
    target = dataset.images[dataset.rows(split="train", emotion="happy")].ravel()
    grey = np.abs(target.astype(int) - 100).mean()  # to one grey level every pixel moves straight
    assert constant["histogram"] == pytest.approx(grey, abs=1e-3)
    assert copy["histogram"] == untouched["histogram"] and real["histogram"] < constant["histogram"] / 4
    # The truth itself.
    assert truth["error"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert truth["identity"]["mean"] < 1.0


@pytest.mark.figures
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
    # In the units of the table: % and FER-KID x 1000.
    panels = {axes.get_title(): axes for axes in _figures(found.table).axes}
    for title, measure, factor in (
        ("called the target by the judge, %", "share", 100), ("FER-KID x 1000", "kernel", 1000),
    ):  # fmt: skip
        points = [line.get_xdata()[0] for line in panels[title].containers[2].lines[:1]]
        assert points == [pytest.approx(factor * found.table["models"][0][measure]["mean"])]
    named = {**found.table, "models": [{**found.table["models"][0], "name": "untouched"}]}
    (axes, *_) = _figures(named).axes
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows == ["untouched", "real happy", "untouched (model)"], "a model takes no yardstick's place"
    assert result.pictures[0].name == "neutral-happy.png"
    assert all(picture.exists() for picture in result.pictures)


def test_again_is_already_done_and_lost_pictures_are_drawn_again(shop: Workspace) -> None:
    options: Any = {"models": ["copy", "real"]}
    first = run(shop, **options)
    before = first.path.read_bytes()
    first.pictures[0].unlink()
    again = run(shop, **options)
    assert again.already_done and again.pictures[0].exists() and again.path.read_bytes() == before
    with pytest.raises(ConfigConflictError, match="seed: 0 in the file, 1 asked for"):
        run(shop, replace(FAST, seed=1), **options)
    with pytest.raises(ConfigConflictError, match=r"made from real\.h5 .* instead of truth\.h5"):
        run(shop, models=["copy", "truth"])
    other = CompareOptions(overwrite=True)
    assert not run(shop, models=["copy", "truth"], options=other).already_done


def test_pictures_of_the_comparison_that_was_replaced_do_not_stay(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    degraded = replace(FAST, degrade=("flip",), degrade_images=3)
    beside = shop.compare("x").with_name("neutral-happy-degraded-mine.png")
    beside.parent.mkdir(parents=True)
    beside.write_bytes(b"not feraug's")
    first = run(shop, degraded, models=["copy"])
    assert any("-degraded" in picture.name for picture in first.pictures)
    other: Any = {"models": ["real"], "options": CompareOptions(overwrite=True)}

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(StorageError):
        patch.setattr("feraug.workflows.compare.write_pictures", full)
        run(shop, **other)
    assert not any(picture.exists() for picture in first.pictures), "of another comparison"
    again = run(shop, models=["real"])
    assert again.already_done and all(picture.exists() for picture in again.pictures)
    assert beside.exists()
    run(shop, models=["copy"], name="degraded")
    named = again.path.with_name("degraded.png").rename(again.path.with_name("fresh-degraded.png"))
    run(shop, models=["copy"], name="fresh")
    assert named.exists(), "a first comparison removes nothing"


def test_twice_the_same_model_and_the_other_direction(shop: Workspace) -> None:
    told: list[Event] = []
    few = replace(FAST, pair="happy:neutral", images=10)
    result = run(shop, few, models=["copy", shop.model("copy")], notify=told.append)
    assert [one["name"] for one in result.figures["models"]] == ["copy"]
    assert Note("a model that was named twice takes part once") in told
    assert result.path.name == "happy-neutral.h5" and result.figures["faces"] == 10
    assert result.figures["models"][0]["share"] == result.figures["untouched"]["share"]
    assert any("too few real faces for FER-FD" in str(event) for event in told)
    assert result.figures["floor"] is None and result.figures["models"][0]["frechet"] is None


def test_a_copy_of_a_model_s_file_is_told(shop: Workspace, unpictured: None) -> None:
    shutil.copy(shop.model("real"), shop.model("another"))
    told: list[Event] = []
    result = run(shop, notify=told.append)
    names = [one["name"] for one in result.figures["models"]]
    assert len(names) == len(PLANTED) and "real" not in names
    assert Note("real: the same model as another, takes part once") in told


def test_the_training_that_is_told_is_that_of_the_weights(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, anew = DomainPair("neutral", "happy"), TrainOptions(overwrite=True)
    path = train_translator(TINY, workspace).path
    (one,) = entrants(workspace, pair, (), "cpu")
    train_translator(replace(TINY, steps=3), workspace, options=anew)  # while the measures are taken
    assert one.training["step"] == 2 and one.digest != sha256_file(path)

    later = path.read_bytes()
    train_translator(TINY, workspace, options=anew)

    def replaced_after(*arguments: Any, **options: Any) -> Any:
        found = load_translator(*arguments, **options)
        if path.read_bytes() != later:
            path.with_name("new").write_bytes(later)
            path.with_name("new").replace(path)
        return found

    monkeypatch.setattr("feraug.workflows.compare_entrants.load_translator", replaced_after)
    (one,) = entrants(workspace, pair, (), "cpu")
    assert (one.translator.config.steps, one.training["step"]) == (3, 3)
    assert one.digest == sha256_file(path)


def test_what_is_missing_is_named_with_the_command_that_makes_it(shop: Workspace, tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match=r"feraug train cyclegan --pair sad:happy"):
        run(shop, CompareConfig(pair="sad:happy"))
    with pytest.raises(UsageError, match="copy does not translate sad:happy; leave it out"):
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
    # By way of a model: what the judge filtered was translated by a model that learned from the set.
    learned = shop.model("learned")
    other = shop.model("real")
    saved = read_model(other)
    inputs = {"dataset.h5": sha256_file(shop.dataset()), "own.h5": sha256_file(other)}
    write_model(learned, saved.arrays, replace(saved.header.provenance, inputs=inputs), saved.header.extra)
    synthetic("by-learned", {"learned.h5": sha256_file(learned)})
    synthetic("kept", {"by-learned.h5": sha256_file(shop.synthetic("by-learned")), "vgg19.h5": judge})
    with pytest.raises(ArtifactError, match=r"filtered .*kept.h5 of real, so it cannot judge"):
        run(shop, models=["real"], name="others")
    for name in ("by-learned", "kept"):
        shop.synthetic(name).unlink()
    learned.unlink()
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
    left_out = f"copies of training images: 3 of {len(rows)} neutral validation faces"
    assert any(left_out in str(event) for event in told)


def test_groups_of_drawn_people(shop: Workspace, unpictured: None) -> None:
    result = run(shop, models=["copy", "truth"])
    found, rows = result.found, result.by_group
    assert [(one["attribute"], one["group"]) for one in rows] == [
        (attribute, group) for attribute, groups in GROUPS.items() for group in groups
    ]
    dataset = read_dataset(shop.dataset())
    people = [identity_of(0, row) for row in dataset.columns["source_row"][found.sets[0].rows].tolist()]
    for one in rows:
        if one["attribute"] == "age":
            here = np.array([who.age_group == one["group"] for who in people])
        elif one["attribute"] == "glasses":
            here = np.array([who.glasses == (one["group"] == "with") for who in people])
        else:
            continue
        assert one["faces"] == here.sum() > 0
        copy, truth = one["models"]
        assert copy["name"] == "copy" and copy["share"] == one["untouched"]["share"]
        called = found.sets[3].probabilities[here].argmax(1) == 3
        assert truth["share"]["mean"] == pytest.approx(called.mean(), abs=1e-6)
        assert truth["error"]["mean"] == 0.0 < copy["error"]["mean"] == one["untouched"]["error"]["mean"]
        assert copy["identity"]["mean"] == pytest.approx(1.0, abs=1e-6)
        assert one["real"]["error"] is None and one["real"]["identity"] is None
    # Every face is in one group of each attribute, and the groups make up the whole.
    for attribute in GROUPS:
        mine = [one for one in rows if one["attribute"] == attribute]
        assert sum(one["faces"] for one in mine) == result.figures["faces"]
        assert sum(one["real_faces"] for one in mine) == result.figures["real_faces"]
        errors = [one["faces"] * one["untouched"]["error"]["mean"] for one in mine if one["faces"]]
        whole = result.figures["untouched"]["error"]["mean"]
        assert sum(errors) / result.figures["faces"] == pytest.approx(whole, abs=1e-4)
    assert result.as_json()["by_group"] == rows == describe(result.path)["by_group"]
    assert result.by_degradation is None


@pytest.mark.figures
def test_degraded_faces(shop: Workspace) -> None:
    config = replace(FAST, degrade=("flip,occlude",), degrade_images=9)
    result = run(shop, config, models=["copy", "constant"])
    found = result.by_degradation
    assert found is not None and (found["faces"], found["real_faces"]) == (9, 9)
    names = [(one["name"], one["amount"]) for one in found["levels"]]
    assert names == [
        ("clean", ""),
        ("flip", "mirrored"),
        *(("occlude", f"{side} px") for side in (8, 16, 24)),
    ]
    parts, dataset = result.found.parts.degraded, read_dataset(shop.dataset())
    assert parts is not None
    judge = load_classifier(shop.model("vgg19"))
    mirrored = dataset.images[result.found.sets[0].rows[parts.source]][:, :, ::-1]
    np.testing.assert_array_equal(parts.called[0][0], judge.emotions(mirrored))
    for level in found["levels"]:
        copy, constant = (one["share"] for one in level["models"])
        assert copy == level["untouched"]  # it changes nothing, so it is called what its input is called
        assert constant["mean"] in (0.0, 1.0)  # one image for all
        assert constant == found["levels"][0]["models"][1]["share"]
    assert [picture.name for picture in result.pictures[5:]] == [
        "neutral-happy-degraded-faces.png", "neutral-happy-degraded.png", "neutral-happy-degraded.svg",
    ]  # fmt: skip
    assert all(picture.exists() for picture in result.pictures)
    assert run(shop, config, models=["copy", "constant"]).already_done
    with pytest.raises(ConfigConflictError, match="degrade: "):
        run(shop, models=["copy", "constant"])


def test_faces_of_photos_by_groups(
    shop: Workspace, tmp_path: Path, astronaut: Images, unpictured: None
) -> None:
    for name in ("people/women", "people/walls"):
        (tmp_path / name).mkdir(parents=True)
    Image.fromarray(astronaut).save(tmp_path / "people/women/one.png")
    Image.fromarray(np.full((90, 90), 9, np.uint8)).save(tmp_path / "people/walls/none.png")
    config, photos = replace(FAST, images=10, detector="cascade"), tmp_path / "people"
    result = run(shop, config, models=["copy", "constant"], photos=photos)
    walls, women = (one for one in result.by_group if one["attribute"] == "photos")
    assert (walls["group"], walls["faces"], women["group"], women["faces"]) == ("walls", 0, "women", 1)
    assert walls["models"][0]["share"] is None and women["real"]["share"] is None
    copy, constant = women["models"]
    assert copy["share"] == women["untouched"]["share"] and copy["identity"]["mean"] == 1.0
    assert constant["identity"]["mean"] < 0.5
    assert result.found.parts.photos is not None and result.found.parts.photos.detector == "cascade"
    assert run(shop, config, models=["copy", "constant"], photos=photos).already_done
    with pytest.raises(ConfigConflictError, match="made from people"):
        run(shop, config, models=["copy", "constant"])
    with pytest.raises(ArtifactError, match="no face found in 1 photo; check the photos"):
        run(shop, config, models=["copy"], photos=photos / "walls", name="walls")
    for number in range(33):
        (tmp_path / "many" / str(number)).mkdir(parents=True)
        shutil.copy(photos / "walls" / "none.png", tmp_path / "many" / str(number))
    with pytest.raises(UsageError, match="33 groups; 32 at most, so join some"):
        run(shop, config, models=["copy"], photos=tmp_path / "many", name="many")


def test_a_comparison_of_an_earlier_version_is_already_done(shop: Workspace, unpictured: None) -> None:
    path = run(shop, models=["copy"]).path
    with h5py.File(path, "r+") as file:
        config = json.loads(bytes(file.attrs["config"]))
        facts = json.loads(bytes(file.attrs["facts"]))
        old = {key: config[key] for key in ("pair", "images", "references", "queries", "seed")}
        for name, value in (("config", old), ("facts", {"table": facts["table"]})):
            text = json.dumps(value).encode()
            file.attrs.create(name, np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
        for number in range(3):
            if number != 1:
                del file[f"sets/{number}/error"]
        del file["groups"]
    again = run(shop, models=["copy"])
    assert again.already_done and again.by_group == [] and again.by_degradation is None


def test_planted_sets_and_the_distances(compared_once: Path) -> None:
    """The training set itself, one image repeated, noise, and new real faces, on the judge's features."""
    shop = Workspace(compared_once)
    dataset, judge = read_dataset(shop.dataset()), load_classifier(shop.model("vgg19"))

    def features(images: Images) -> NDArray[np.float32]:
        return judge.features(images)

    train = dataset.images[dataset.rows(split="train", emotion="happy")]
    new = dataset.images[
        np.concatenate([dataset.rows(split=name, emotion="happy") for name in ("validation", "test")])
    ]
    half = len(new) // 2
    known, held_out = features(train), features(new[:half])
    planted = {
        "itself": train,
        "one": np.repeat(train[:1], 60, axis=0),
        "noise": np.random.default_rng(0).integers(0, 256, (60, 48, 48), np.uint8),
        "new": new[half:],
    }

    def kernel(real: NDArray[Any], made: NDArray[Any]) -> float:
        return kernel_distance(real, made, subsets=1, size=len(real))[0]

    measures: dict[str, Measure] = {
        "frechet": frechet_distance,
        "kernel": kernel,
        "density": lambda real, made: density_and_coverage(real, made)[0],
        "coverage": lambda real, made: density_and_coverage(real, made)[1],
    }

    def measured(name: str) -> dict[str, AgainstFloor]:
        made = features(planted[name])
        size = min(len(made), 60)
        return {key: against_floor(one, known, made, size=size) for key, one in measures.items()}

    for name in ("itself", "new"):  # at the floor: distances alone do not tell a copy from the truth
        for measure, found in measured(name).items():
            assert found.floor.low <= found.made.mean <= found.floor.high, (name, measure)
    noise, one = measured("noise"), measured("one")
    for far in (noise, one):
        assert far["frechet"].made.mean > far["frechet"].floor.high
        assert far["kernel"].made.mean > far["kernel"].floor.high
        assert far["coverage"].made.high < far["coverage"].floor.low
    assert noise["density"].made.mean < noise["density"].floor.low
    # The test for copying tells them apart: the training set, and one of its images, are copies.
    statistic = {
        name: copying_test(known, held_out, features(images)).statistic for name, images in planted.items()
    }
    assert statistic["itself"] < -5 and statistic["one"] < -5
    assert statistic["noise"] > 3 and abs(statistic["new"]) < 3
