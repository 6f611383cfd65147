"""The Python API as ``docs/python-api.md`` shows it."""

from __future__ import annotations

import signal
import subprocess
import sys
import typing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import feraug
from feraug.config import CLASSIFIERS, DEFAULTS, GAN_MODELS
from feraug.store.workspace import Workspace
from feraug.workflows.events import Event, Progress, Saved
from feraug.workflows.train import TrainResult, train
from feraug.workflows.train_classifier import ClassifierResult


def test_from_source_to_synthetic_faces(tmp_path: Path) -> None:
    prepared = feraug.prepare("drawn:280", feraug.PrepareConfig(near_copies=False), workspace=tmp_path)
    assert prepared.images == 280
    dataset = feraug.open_dataset(prepared.path)
    happy = dataset.select(split="Training", emotion="happiness")
    assert len(happy) == prepared.splits["train"]["happy"] and set(happy.labels) == {3}
    assert set(happy.columns) == set(dataset.columns) and len(happy.columns["blank"]) == len(happy)

    config = feraug.TranslatorConfig(
        base_channels=2, residual_blocks=1, discriminator_channels=2, steps=2, batch_size=4
    )
    trained = feraug.train_translator(config, workspace=tmp_path)
    translator = feraug.load_translator(trained.path)
    neutral = dataset.select(split="test", emotion="neutral").images
    smiling = translator.translate(neutral, batch_size=3)
    assert smiling.shape == neutral.shape and smiling.dtype == np.uint8
    with pytest.raises(feraug.FeraugError, match="uint8"):
        translator.translate(neutral.astype(float))  # type: ignore[arg-type]
    with pytest.raises(feraug.FeraugError, match="neutral:happy"):
        translator.translate(neutral, "sad:happy")

    made = feraug.synthesise(feraug.SynthConfig("neutral:happy", 12), workspace=tmp_path)
    synthetic = feraug.open_synthetic(made.path)
    assert len(synthetic) == 12
    both = torch.utils.data.ConcatDataset([dataset.select(split="train").torch(), synthetic.torch()])
    face, label = both[len(both) - 1]
    assert face.shape == (1, 48, 48) and label == 3
    exported = feraug.export_artifact(made.path, tmp_path / "png")
    assert exported.images == 12


@pytest.mark.parametrize("model", ["cyclegan", "simple"])
def test_an_interrupt_does_not_let_a_script_go_on_with_half_a_model(workspace: Workspace, model: str) -> None:
    settings: dict[str, Any] = {"width": 0.05} if model == "simple" else {
        "base_channels": 2, "residual_blocks": 1, "discriminator_channels": 2,
    }  # fmt: skip

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.task == "training" and event.done == 2:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(
        feraug.Interrupted, match=rf"{model}.*\.h5 is saved, and the same call goes on from there"
    ):
        feraug.train(model, workspace=workspace.root, steps=6, batch_size=4, notify=stop, **settings)
    result = feraug.train(model, workspace=workspace.root, steps=6, batch_size=4, **settings)
    assert result.step == 6


def test_an_interrupt_of_a_benchmark_is_raised(workspace: Workspace) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Saved) and event.path.name == "real-0.checkpoint.h5":
            signal.raise_signal(signal.SIGTERM)

    tiny = replace(DEFAULTS["simple"], width=0.05, batch_size=16, steps=2)
    config = feraug.BenchConfig(classifier=tiny, arms=("real",), repeats=2)  # type: ignore[arg-type]
    with pytest.raises(feraug.Interrupted, match="what was done is saved"):
        feraug.bench(config, workspace=workspace.root, notify=stop)
    assert feraug.bench(config, workspace=workspace.root).repeats == 2


def test_what_the_functions_give_has_a_public_name(drawn_dataset: Path) -> None:
    dataset = feraug.open_dataset(drawn_dataset)
    assert isinstance(dataset, feraug.FaceDataset)
    assert isinstance(dataset.select(emotion="happy"), feraug.FaceDataset)
    assert typing.get_type_hints(feraug.open_synthetic)["return"] is feraug.SyntheticFaces
    assert {"FaceDataset", "SyntheticFaces"} <= set(dir(feraug))
    # As every public name: there without a heavy library.
    code = "import sys, feraug; dir(feraug); assert not {'torch', 'numpy', 'h5py'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_length_of_training(drawn_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(feraug.FeraugError, match="epochs, steps: give one of them"):
        feraug.train("simple", epochs=3, steps=2, dataset=drawn_dataset, workspace=tmp_path)


def test_selecting_by_code(drawn_dataset: Path) -> None:
    dataset = feraug.open_dataset(drawn_dataset)
    by_name = dataset.select(split="test", emotion="happy")
    by_code = dataset.select(split=2, emotion=dataset.labels[dataset.labels == 3][0])
    assert len(by_code) and np.array_equal(by_name.images, by_code.images)
    assert set(dataset.select(emotion=0, split=0).labels) == {0}
    for wrong in (9, -1, 3.0, True, ["happy"]):
        with pytest.raises(feraug.FeraugError, match="emotion"):
            dataset.select(emotion=wrong)  # type: ignore[arg-type]
        with pytest.raises(feraug.FeraugError, match="split"):
            dataset.select(split=wrong)  # type: ignore[arg-type]


def test_paths_are_texts_as_well(tmp_path: Path, drawn_dataset: Path) -> None:
    for name in ("faces", "faces.csv"):
        exported = feraug.export_artifact(str(drawn_dataset), f"{tmp_path}/{name}")
        assert exported.path == tmp_path / name
        assert exported.images == 280
        assert not exported.already_done
        assert feraug.export_artifact(str(drawn_dataset), f"{tmp_path}/{name}").already_done
    assert len(feraug.open_dataset(str(drawn_dataset))) == 280


def test_every_failure_is_a_feraug_error(tmp_path: Path) -> None:
    with pytest.raises(feraug.FeraugError):
        feraug.open_dataset(tmp_path / "none.h5")
    with pytest.raises(feraug.FeraugError):
        feraug.TranslatorConfig(pair="happy:happy")
    with pytest.raises(feraug.FeraugError):
        feraug.prepare(tmp_path / "none.csv", workspace=tmp_path)


def test_faces_photos_and_where_an_image_comes_from(tmp_path: Path, astronaut: NDArray[np.uint8]) -> None:
    detector = feraug.face_detector("cascade")
    (box,) = feraug.find_faces(astronaut, detector)
    face = feraug.crop_face(astronaut, box, detector.framing)
    assert feraug.face_scores(face[None], detector).tolist() == [1.0]

    prepared = feraug.prepare("drawn:280", feraug.PrepareConfig(near_copies=False), workspace=tmp_path)
    config = feraug.TranslatorConfig(
        base_channels=1, residual_blocks=0, discriminator_channels=1, steps=1, batch_size=2
    )
    feraug.train_translator(config, workspace=tmp_path)
    made = feraug.synthesise(feraug.SynthConfig("happy:neutral", 5), workspace=tmp_path)
    again = feraug.synthesise(
        feraug.SynthConfig("neutral:happy", 5), workspace=tmp_path, source=made.path, name="again"
    )
    links = feraug.trace(again.path, 2, workspace=tmp_path)
    assert links[-1].path == prepared.path and "a real 'happy' image of train" in links[-1].what
    whole = feraug.trace(again.path, workspace=tmp_path)
    assert (whole[0].role, whole[0].row, whole[-1].path) == ("file", None, prepared.path)
    (tmp_path / "photos").mkdir()
    Image.fromarray(astronaut).save(tmp_path / "photos" / "one.png")
    photos = feraug.translate_photos(
        tmp_path / "photos", feraug.PhotosConfig(detector="cascade"), workspace=tmp_path / "elsewhere",
        model=again.model,
    )  # fmt: skip
    assert photos.faces == 1
    with pytest.raises(feraug.FeraugError, match="no classifier yet"):
        feraug.filter_synthetic(again.path, feraug.FilterConfig("happy"), workspace=tmp_path)


def test_the_types_of_train_name_every_model() -> None:
    """So that mypy knows what ``train("simple")`` gives: a name that is missing there is any ``str``."""
    named = {}
    for one in typing.get_overloads(feraug.train):
        hints = typing.get_type_hints(one)
        for kind in typing.get_args(hints["model"]):
            named.update(dict.fromkeys(typing.get_args(kind), hints["return"]))
    results = {ClassifierResult: CLASSIFIERS, TrainResult: GAN_MODELS}
    assert named == {name: result for result, models in results.items() for name in models}


def test_what_a_notebook_shows_is_a_line(workspace: Workspace) -> None:
    dataset = feraug.open_dataset(workspace.dataset())
    assert repr(dataset) == "FaceDataset(280 images: 221 in train, 29 in validation, 30 in test)"
    alone = feraug.FaceDataset(dataset.images[:1], dataset.labels[:1], np.zeros(1, np.uint8), {})
    assert repr(alone) == "FaceDataset(1 image: 1 in train, 0 in validation, 0 in test)"
    small = {"steps": 1, "base_channels": 2, "discriminator_channels": 2, "batch_size": 2}
    pair = replace(DEFAULTS["cyclegan"], **small)
    stars = replace(DEFAULTS["stargan"], emotions=("happy", "sad"), **small)
    noise = replace(DEFAULTS["dcgan"], emotions=("sad",), **small)
    classifier = replace(DEFAULTS["simple"], steps=1, width=0.05)
    for config, load, shown in (
        (pair, feraug.load_translator, "Translator(cyclegan, neutral:happy, step 1, on cpu)"),
        (stars, feraug.load_translator, "Translator(stargan, happy, sad, step 1, on cpu)"),
        (noise, feraug.load_generator, "FaceGenerator(dcgan, sad, step 1, on cpu)"),
        (classifier, feraug.load_classifier, "Classifier(simple, simple.h5, SHA-256 "),
    ):
        assert repr(load(train(config, workspace).path)).startswith(shown)
    made = feraug.synthesise(feraug.SynthConfig(count=3), workspace=workspace.root, model="cyclegan")
    assert repr(feraug.open_synthetic(made.path)) == "SyntheticFaces(3 images: 3 happy)"
