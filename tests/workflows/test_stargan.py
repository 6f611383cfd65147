"""One translator for every pair: training, synthesis, strength, weights alone, and what bench may use."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from feraug.config import PrepareConfig, StarGANConfig, SynthConfig
from feraug.data import Sampling
from feraug.emotions import EMOTIONS, SPLITS, emotion_code
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    StorageError,
    UsageError,
)
from feraug.images import fingerprints
from feraug.objectives import EmotionBatch
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.lock import exclusive
from feraug.store.model import read_model
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.events import Event, Note, Progress, Saved
from feraug.workflows.export import export_artifact
from feraug.workflows.info import describe
from feraug.workflows.prepare import prepare
from feraug.workflows.report import report
from feraug.workflows.synth import SynthOptions, synthesise
from feraug.workflows.synthetic_origins import cautions, training_sets
from feraug.workflows.train import train
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.training_material import training_batches
from feraug.workflows.translators import load_translator

SMALL = StarGANConfig(
    base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=7, steps=4, identity_weight=0.5
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A drawn dataset and a small model of all pairs; not to be written to."""
    workspace = Workspace(tmp_path_factory.mktemp("stargan"))
    prepare("drawn:700", PrepareConfig(near_copies=False), workspace.dataset())
    train(replace(SMALL, generator_rate=0.05), workspace)
    return workspace


@pytest.fixture
def own(trained: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it to write to."""
    shutil.copytree(trained.root, tmp_path / "own")
    return Workspace(tmp_path / "own")


def test_a_killed_training_goes_on_to_the_same_bits(own: Workspace) -> None:
    class Killed(Exception):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 3:
            raise Killed

    whole = train(SMALL, own, name="whole").path
    with pytest.raises(Killed):
        train(SMALL, own, name="parts", options=TrainOptions(checkpoint_seconds=0.0), notify=kill)
    parts = train(SMALL, own, name="parts").path
    first, second = read_model(whole), read_model(parts)
    assert set(first.arrays) == set(second.arrays)
    for name, values in first.arrays.items():
        if not name.startswith("timing/"):
            assert np.array_equal(values, second.arrays[name]), name
    assert {"history/adversarial", "history/class_fake", "history/cycle", "history/identity"} <= set(
        first.arrays
    )
    assert {name.split("/")[1] for name in first.arrays if name.startswith("ema/")} == {"generator"}


def test_the_model_knows_its_training_images(trained: Workspace) -> None:
    dataset = read_dataset(trained.dataset())
    known = read_model(trained.model("stargan-all")).arrays["trained_on/images"]
    of_train = fingerprints(dataset.images[dataset.split == SPLITS.index("train")])
    assert np.array_equal(known, np.unique(of_train))


def test_every_pair_has_its_translation(trained: Workspace) -> None:
    translator = load_translator(trained.model("stargan-all"))
    faces = read_dataset(trained.dataset()).images[:4]
    assert len(translator.config.pairs) == 42
    made = {emotion: translator.translate(faces, f"neutral:{emotion}") for emotion in EMOTIONS[:-1]}
    assert not np.array_equal(made["happy"], made["sad"])
    assert np.array_equal(made["happy"], translator.translate(faces, "sad:happy"))
    with pytest.raises(UsageError, match="name a pair"):
        translator.translate(faces)


def test_strength_goes_from_the_own_emotion_to_the_other(trained: Workspace) -> None:
    translator = load_translator(trained.model("stargan-all"))
    faces = read_dataset(trained.dataset()).images[:8]
    none = translator.translate(faces, "neutral:happy", strength=0.0)
    assert np.array_equal(none, translator.translate(faces, "happy:neutral"))
    half = translator.translate(faces, "neutral:happy", strength=0.5).astype(float)
    whole = translator.translate(faces, "neutral:happy").astype(float)
    assert 0 < np.abs(half - none).mean() < np.abs(whole - none).mean()


def test_a_rare_emotion_from_every_other(own: Workspace) -> None:
    result = synthesise(SynthConfig(pair="all:disgust", count=61), own)
    faces, dataset = read_synthetic(result.path), read_dataset(own.dataset())
    assert result.path.name == "stargan-all-disgust.h5"
    assert (faces.labels == emotion_code("disgust")).all()
    sources = [EMOTIONS[code] for code in dataset.labels[faces.origin_row]]
    assert sources[:7] == ["angry", "fear", "happy", "sad", "surprise", "neutral", "angry"]
    assert (dataset.split[faces.origin_row] == SPLITS.index("train")).all()
    assert len(np.unique(faces.origin_row)) == 61 == result.sources
    assert result.as_json()["pair"] == "all:disgust"
    assert describe(result.path)["label"] == "disgust"
    translator = load_translator(own.model("stargan-all"))
    first = translator.translate(dataset.images[faces.origin_row[:1]], "angry:disgust")
    assert np.array_equal(faces.images[:1], first)


def test_every_other_emotion_from_one_uses_each_face_before_any_again(own: Workspace) -> None:
    neutral = len(read_dataset(own.dataset()).rows(split="train", emotion="neutral"))
    result = synthesise(SynthConfig(pair="neutral:all", count=neutral + 5), own)
    faces = read_synthetic(result.path)
    assert result.emotions == EMOTIONS[:-1]
    assert [EMOTIONS[code] for code in faces.labels[:7]] == [*EMOTIONS[:-1], "angry"]
    assert (result.sources, result.rounds) == (neutral, 2)
    assert len(np.unique(faces.origin_row[:neutral])) == neutral
    assert faces.origin_round[:neutral].max() == 0
    assert (faces.origin_round[neutral:] == 1).all()
    again = synthesise(SynthConfig(pair="neutral:all", count=neutral + 5), own)
    assert again.already_done
    assert "label" not in describe(result.path)


def test_strength_comes_with_a_sheet(own: Workspace) -> None:
    events: list[Event] = []
    result = synthesise(SynthConfig(count=12, strength=0.5), own, name="half", notify=events.append)
    saved = [event.path for event in events if isinstance(event, Saved)]
    assert saved == [result.path.with_name("half-strengths.png")]
    height = Image.open(saved[0]).height
    beyond = synthesise(SynthConfig(count=12, strength=1.5), own, name="beyond").path
    with Image.open(beyond.with_name("beyond-strengths.png")) as sheet:
        assert sheet.height == height * 6 // 5, "a row of its own for a strength that is not usual"
    with pytest.raises(ConfigConflictError, match=r"strength: 0\.5 in the file, 1\.0 asked for"):
        synthesise(SynthConfig(count=12), own, name="half")
    synthesise(SynthConfig(count=12), own, name="half", options=SynthOptions(overwrite=True))
    assert not saved[0].exists(), "of the set that was replaced"


def test_the_sheet_of_strengths_that_an_interrupt_took_comes_later(own: Workspace) -> None:
    config = SynthConfig(count=2, strength=0.5)
    result = synthesise(config, own, name="half")
    sheet, made = result.path.with_name("half-strengths.png"), sha256_file(result.path)
    sheet.unlink()
    assert synthesise(config, own, name="half").already_done
    assert sheet.is_file() and sha256_file(result.path) == made


def test_a_model_of_some_emotions(own: Workspace) -> None:
    some = replace(SMALL, emotions=("neutral", "happy", "sad"), steps=1)
    assert train(some, own).path.name == "stargan-happy-sad-neutral.h5"
    told = (
        "between happy, sad, neutral, not neutral:angry; 'all' means all seven emotions, so ask for one pair"
    )
    with pytest.raises(UsageError, match=told):
        synthesise(SynthConfig(pair="neutral:all", count=5), own, model="stargan-happy-sad-neutral")
    with pytest.raises(UsageError, match="two emotions or more"):
        StarGANConfig(emotions=("happy",))


def test_neutral_faces_are_translated_as_often_as_is_asked(trained: Workspace) -> None:
    config = replace(SMALL, emotions=("fear", "neutral", "sad"), neutral_times=4)
    sampling = Sampling(config.batch_size, config.seed, torch.device("cpu"))
    batches, _ = training_batches(config, read_dataset(trained.dataset()), sampling)
    drawn = [batches.batch(index) for index in range(6)]
    translated = torch.cat([batch.source_classes for batch in drawn if isinstance(batch, EmotionBatch)])
    neutral = config.emotions.index("neutral")  # they are in the order of the codes
    assert torch.bincount(translated).tolist() == [28 if number == neutral else 7 for number in range(3)]
    shown = torch.cat([batch.classes for batch in drawn if isinstance(batch, EmotionBatch)])
    assert torch.bincount(shown).tolist() == [14, 14, 14], "what the discriminator learns from is balanced"


def test_weights_alone_translate_alike_in_half_the_numbers(own: Workspace) -> None:
    model = own.model("stargan-all")
    result = export_artifact(model, own.root / "small.h5")
    assert (result.format, result.images) == ("float16", 0)
    kept = read_model(result.path)
    assert {name.split("/")[0] for name in kept.arrays} == {"ema", "timing", "trained_on"}
    assert all(values.dtype == np.float16 for name, values in kept.arrays.items() if name.startswith("ema/"))
    faces = read_dataset(own.dataset()).images[:20]
    whole = load_translator(model).translate(faces, "neutral:happy").astype(int)
    small = load_translator(result.path).translate(faces, "neutral:happy").astype(int)
    assert np.abs(whole - small).max() <= 2
    assert describe(result.path)["parameters"] == {"generator": describe(model)["parameters"]["generator"]}
    exact = export_artifact(model, own.root / "exact.h5", weights="float32").path
    assert np.array_equal(load_translator(exact).translate(faces, "neutral:happy"), whole)
    assert export_artifact(model, own.root / "small.h5").already_done
    with pytest.raises(ConfigConflictError, match="--overwrite"):
        export_artifact(model, own.root / "small.h5", weights="float32")
    back = export_artifact(result.path, own.root / "back.h5", weights="float32").path
    wide = read_model(back).arrays
    assert all(values.dtype == np.float32 for name, values in wide.items() if name.startswith("ema/"))
    assert np.array_equal(wide["ema/generator/head.weight"], kept.arrays["ema/generator/head.weight"])
    export_artifact(model, own.root / "small.h5", overwrite=True)  # an earlier export
    with h5py.File(own.root / "small.h5", "r+") as file:  # as earlier versions left it
        facts = json.loads(file.attrs["facts"])
        assert facts.pop("weights_only")
        text = json.dumps(facts)
        file.attrs.create("facts", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    export_artifact(model, own.root / "small.h5", overwrite=True)
    shutil.copy(model, own.root / "other.h5")
    with pytest.raises(ConfigConflictError, match="is a model that was trained there, no earlier export"):
        export_artifact(result.path, own.root / "other.h5", overwrite=True)
    assert sha256_file(own.root / "other.h5") == sha256_file(model)
    with (
        exclusive(own.root / "small.h5"),
        pytest.raises(StorageError, match="another feraug process is writing it"),
    ):
        export_artifact(model, own.root / "small.h5", overwrite=True)
    with pytest.raises(UsageError, match="is the model itself"):
        export_artifact(model, model, overwrite=True)
    with pytest.raises(UsageError, match="unknown 'float8'"):
        export_artifact(model, own.root / "other.h5", weights="float8")
    with pytest.raises(UsageError, match="this file holds images"):
        export_artifact(own.dataset(), own.root / "faces", weights="float16")


@pytest.mark.figures
def test_the_report_shows_what_one_emotion_becomes_in_every_other(own: Workspace) -> None:
    page = report(own).path.read_text(encoding="utf-8")
    for caption in ("real neutral", *(f"made {emotion}" for emotion in EMOTIONS[:-1]), "made neutral again"):
        assert caption in page


def test_without_a_model_the_command_is_named(own: Workspace) -> None:
    own.model("stargan-all").unlink()
    with pytest.raises(MissingArtifactError, match="feraug train stargan"):
        synthesise(SynthConfig(pair="neutral:all", count=10), own)


def model_seen(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return read_model(path, ("trained_on",)).arrays["trained_on/images"]


def test_bench_takes_a_model_of_another_file_that_saw_training_images_alone(own: Workspace) -> None:
    prepare("drawn:700", PrepareConfig(near_copies=False, drop_blank=True), own.dataset(), overwrite=True)
    model = read_model(own.model("stargan-all"), ())
    digest = sha256_file(own.dataset())
    assert digest not in model.header.provenance.inputs.values()
    events: list[object] = []
    synthesise(SynthConfig(count=10), own, notify=events.append)
    assert not any("other images" in getattr(event, "text", "") for event in events), (
        "the same, without blanks"
    )
    dataset = read_dataset(own.dataset())
    sets = training_sets(own, (), dataset, digest)
    assert len(sets) == 1
    assert cautions(own, sets, dataset, digest) == []
    # Of a dataset that lacks some of the images that it saw.
    count, train = 3, dataset.rows(split="train")
    fewer = replace(dataset, images=dataset.images.copy())
    fewer.images[train[:count]] ^= 1
    (said,) = cautions(own, sets, fewer, digest)
    images = len(model_seen(own.model("stargan-all")))
    assert said == (
        f"stargan-neutral-happy.h5: its model stargan-all was trained on {images} images, of which {count} "
        "are not in this dataset's 'train'; none of them is held out here, pixel for pixel."
    )
    # The same faces under another split: the model has seen what is held out here.
    split = dataset.split.copy()
    first = int(dataset.rows(split="train", emotion="happy")[0])
    split[first] = SPLITS.index("test")
    moved = replace(dataset, columns={**dataset.columns, "split": split})
    with pytest.raises(
        ArtifactError, match=rf"trained on 1 image that this dataset holds out.*row {first}, in"
    ):
        training_sets(own, (), moved, digest)
    with h5py.File(own.dataset(), "r+") as file:
        file["images"][train[:count]] = fewer.images[train[:count]]
    synthesise(SynthConfig(count=10), own, name="again", notify=events.append)
    assert Note("stargan-all.h5 was trained on other images than this dataset's 'train'") in events


def test_a_set_of_half_the_strength_and_its_sheet_are_what_they_say(own: Workspace) -> None:
    result = synthesise(SynthConfig(count=12, strength=0.5), own, name="half")
    faces, translator = read_synthetic(result.path), load_translator(result.model)
    sources = read_dataset(own.dataset()).images[faces.origin_row]
    made = [
        translator.translate(sources, "neutral:happy", strength=strength).astype(int)
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert np.abs(made[2] - faces.images).max() <= 1 < np.abs(made[4] - faces.images).max()
    with Image.open(result.path.with_name("half-strengths.png")) as picture:
        shown = np.asarray(picture)[::2, : 12 * 96 : 2].reshape(5, 48, 12, 48).swapaxes(1, 2).astype(int)
    assert np.abs(shown - np.stack(made)).max() <= 1
