"""Training a small translator on drawn faces, synthesising with it, and everything in between."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from feraug.config import (
    DEFAULTS,
    NOISE_GENERATORS,
    NoiseConfig,
    NoiseSynthConfig,
    SynthConfig,
    TranslatorConfig,
    model_config,
    to_json,
)
from feraug.data import noise
from feraug.emotions import EMOTIONS, SPLITS, DomainPair
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    StorageError,
    UsageError,
)
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.lock import exclusive
from feraug.store.model import read_model, write_model
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.training import new_fabric
from feraug.workflows.classifiers import load_classifier
from feraug.workflows.events import Event, Note, Progress, Saved
from feraug.workflows.generators import load_generator
from feraug.workflows.info import describe
from feraug.workflows.synth import synthesise
from feraug.workflows.synth_job import translation_job
from feraug.workflows.synth_makers import Translations
from feraug.workflows.train import dry_run, train, train_translator
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.training_run import GRIDS_APART, TrainingRun
from feraug.workflows.translators import load_translator
from feraug.workflows.unfinished import unfinished_config

SMALL = TranslatorConfig(
    base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=8, steps=6, pair="neutral:happy"
)


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    """The drawn dataset and a small cyclegan; not to be changed."""
    workspace = Workspace(tmp_path_factory.mktemp("trained"))
    shutil.copy(drawn_dataset, workspace.dataset())
    train_translator(SMALL, workspace)
    return workspace.root


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Workspace:
    """A fresh copy of it."""
    return Workspace(shutil.copytree(trained_once, tmp_path / "artifacts"))


@pytest.mark.parametrize("kind", ["translator", "classifier"])
def test_a_signal_after_the_last_step_takes_nothing(workspace: Workspace, kind: str) -> None:
    config = SMALL if kind == "translator" else replace(DEFAULTS["simple"], steps=2, width=0.1)

    def end(event: Event) -> None:
        if isinstance(event, Saved) and event.what == "checkpoint":  # still within: what is asked is a stop
            signal.raise_signal(signal.SIGTERM)

    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = train(config, workspace, notify=end)
    finally:
        signal.signal(signal.SIGTERM, earlier)
    assert read_model(result.path).finished and not result.interrupted


def test_small_sets_do_not_leave_a_grid_every_few_steps(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = -(
        -len(read_dataset(workspace.dataset()).rows(split="train", emotion="happy")) // SMALL.batch_size
    )
    assert GRIDS_APART == 100 and epoch < 15
    monkeypatch.setattr("feraug.workflows.training_run.GRIDS_APART", 15)
    train_translator(replace(SMALL, steps=17), workspace)
    names = sorted(path.name for path in workspace.samples(SMALL.name).iterdir())
    assert names == ["step-000015.png", "step-000017.png"]


def test_training_writes_model_samples_and_history(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.training_run.GRIDS_APART", 1)
    events: list[Event] = []
    result = train_translator(replace(SMALL, steps=None, epochs=2), workspace, notify=events.append)
    per_epoch = -(-len(read_dataset(workspace.dataset()).rows(split="train", emotion="happy")) // 8)
    assert result.steps == result.step == 2 * per_epoch
    pictures = sorted(path.name for path in workspace.samples("cyclegan-neutral-happy").iterdir())
    assert pictures == [f"step-{per_epoch:06d}.png", f"step-{2 * per_epoch:06d}.png"]
    with Image.open(workspace.samples("cyclegan-neutral-happy") / pictures[0]) as picture:
        assert picture.width > 12 * 96 and picture.height == 6 * 96
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in progress] == list(range(1, result.steps + 1))
    assert {"cycle_a", "discriminator_b_real", "images/s"} <= set(progress[0].figures)
    saved = read_model(workspace.model("cyclegan-neutral-happy"))
    assert saved.finished and saved.step == result.steps
    assert len(saved.arrays["history/cycle_a"]) == result.steps
    assert saved.header.provenance.inputs == {"dataset.h5": sha256_file(workspace.dataset())}


def test_samples_of_the_model_that_was_replaced_do_not_stay(trained: Workspace) -> None:
    folder = trained.samples(SMALL.name)
    assert (folder / "step-000006.png").exists()
    (folder / "step-mine.png").write_bytes(b"not a grid of feraug's")
    train_translator(replace(SMALL, steps=2), trained, options=TrainOptions(overwrite=True))
    assert sorted(path.name for path in folder.iterdir()) == ["step-000002.png", "step-mine.png"]


def test_samples_stay_with_their_model_until_another_is_there(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trained.samples(SMALL.name)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert list(before) == ["step-000006.png"]

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("feraug.workflows.training_run.write_model", full)
    with pytest.raises(StorageError):
        train_translator(replace(SMALL, steps=2), trained, options=TrainOptions(overwrite=True))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_samples_never_lie_beside_a_model_that_they_are_not_of(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.training_run.GRIDS_APART", 1)
    path, beside = trained.model(SMALL.name), []

    def seen(event: Event) -> None:
        if isinstance(event, Saved) and event.what == "samples":
            of_this = read_model(path).header.provenance.config["epochs"] == 3
            beside.append((of_this, sorted(grid.name for grid in event.path.parent.iterdir())))

    longer = replace(SMALL, steps=None, epochs=3)
    steps = train_translator(longer, trained, options=TrainOptions(overwrite=True), notify=seen).steps
    names = [f"step-{steps * epoch // 3:06d}.png" for epoch in (1, 2, 3)]
    assert beside == [(True, names[:1]), (True, names[:2]), (True, names)]


def test_a_model_whose_last_samples_have_no_room_is_done(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("step-000006.png: the disk is full")

    monkeypatch.setattr("feraug.workflows.samples.SampleGrid.write", full)
    told: list[Event] = []
    result = train_translator(SMALL, workspace, notify=told.append)
    assert read_model(result.path).finished and not result.interrupted
    wanted = "the model is saved, its last samples are not: step-000006.png: the disk is full"
    assert Note(wanted) in told


@pytest.mark.parametrize("settings", [{}, {"head_start": 0.8, "cycle_weight": 0.0}], ids=["", "head start"])
def test_a_stopped_training_goes_on_to_the_same_file(workspace: Workspace, settings: dict[str, Any]) -> None:
    config = replace(SMALL, **settings)
    whole = train_translator(config, workspace, name="whole")

    class Killed(Exception):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 4:
            raise Killed

    with pytest.raises(Killed):
        train_translator(
            config, workspace, name="part", options=TrainOptions(checkpoint_seconds=0), notify=kill
        )
    assert read_model(workspace.model("part")).step == 3
    resumed = train_translator(config, workspace, name="part")
    assert resumed.step == whole.step
    first, second = (read_model(workspace.model(name)).arrays for name in ("whole", "part"))
    assert list(first) == list(second)
    for name in first:
        if not name.startswith("timing/"):
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_run_again_refuses_another_config_and_resume_takes_its_own(trained: Workspace) -> None:
    assert train_translator(SMALL, trained).already_done
    with pytest.raises(ConfigConflictError, match=r"cycle_weight: 1\.0 in the file, 3\.0 asked for"):
        train_translator(replace(SMALL, cycle_weight=3.0), trained)
    own = unfinished_config(trained.model("cyclegan-neutral-happy"))
    assert isinstance(own, TranslatorConfig)
    resumed = train_translator(own, trained)
    assert resumed.already_done and resumed.steps == 6
    again = train_translator(replace(SMALL, cycle_weight=3.0), trained, options=TrainOptions(overwrite=True))
    assert not again.already_done


def test_another_dataset_is_another_input(trained: Workspace) -> None:
    with h5py.File(trained.dataset(), "r+") as file:
        file["images"][0, 0, 0] ^= 1
    with pytest.raises(ConfigConflictError, match=r"made from dataset\.h5"):
        train_translator(SMALL, trained)


def test_too_few_images_and_no_dataset(workspace: Workspace) -> None:
    with h5py.File(workspace.dataset(), "r+") as file:
        labels = file["labels"][()]
        labels[labels == EMOTIONS.index("disgust")] = EMOTIONS.index("sad")
        file["labels"][...] = labels
    with pytest.raises(ArtifactError, match="0 training images of 'disgust'"):
        train_translator(replace(SMALL, pair="neutral:disgust"), workspace)
    with pytest.raises(MissingArtifactError, match="feraug prepare"):
        train_translator(SMALL, Workspace(workspace.root / "elsewhere"))


def test_synth_uses_training_rows_and_names_every_origin(trained: Workspace) -> None:
    dataset = read_dataset(trained.dataset())
    neutral = dataset.rows(split="train", emotion="neutral")
    count = 2 * len(neutral) + 5
    result = synthesise(SynthConfig("neutral:happy", count, batch_size=7), trained)
    assert (result.sources, result.rounds) == (len(neutral), 3)
    faces = read_synthetic(trained.synthetic("cyclegan-neutral-happy"))
    assert len(faces.images) == count
    assert set(faces.labels) == {EMOTIONS.index("happy")}
    assert set(faces.origin_row) == set(neutral)
    assert (dataset.split[faces.origin_row] == SPLITS.index("train")).all()
    for turn in range(2):
        assert sorted(faces.origin_row[faces.origin_round == turn]) == list(neutral)
    assert faces.sources == [sha256_file(trained.dataset())]
    assert faces.header.extra["model"] == sha256_file(trained.model("cyclegan-neutral-happy"))
    assert len({image.tobytes() for image in faces.images}) == count, "reused sources give differing images"


def test_synth_is_what_the_translator_makes_of_the_source(trained: Workspace) -> None:
    synthesise(SynthConfig("neutral:happy", 9, batch_size=4), trained)
    faces = read_synthetic(trained.synthetic("cyclegan-neutral-happy"))
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    sources = read_dataset(trained.dataset()).images[faces.origin_row]
    difference = translator.translate(sources).astype(int) - faces.images.astype(int)
    assert abs(difference).max() <= 1, "batches of other sizes may round otherwise"


def test_synth_the_other_way_uses_the_other_half(trained: Workspace) -> None:
    synthesise(SynthConfig("happy:neutral", 5), trained)
    faces = read_synthetic(trained.synthetic("cyclegan-happy-neutral"))
    assert set(faces.labels) == {EMOTIONS.index("neutral")}
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    sources = read_dataset(trained.dataset()).images[faces.origin_row]
    there, back = (
        translator.translate(sources, "neutral:happy"),
        translator.translate(sources, "happy:neutral"),
    )
    assert abs(back.astype(int) - faces.images.astype(int)).max() <= 1
    assert not np.array_equal(there, back)


def test_synth_again_and_with_another_model(trained: Workspace) -> None:
    config = SynthConfig("neutral:happy", 5)
    assert not synthesise(config, trained).already_done
    assert synthesise(config, trained).already_done
    with pytest.raises(ConfigConflictError, match="count: 5 in the file, 6 asked for"):
        synthesise(replace(config, count=6), trained)
    train_translator(replace(SMALL, seed=1), trained, name="second")
    with pytest.raises(UsageError, match=r"cyclegan-neutral-happy, second.*--model"):
        synthesise(config, trained, name="which")
    assert synthesise(config, trained, model="second", name="which").model.stem == "second"
    with pytest.raises(ConfigConflictError, match="made from"):
        synthesise(config, trained, model="second", name="cyclegan-neutral-happy")
    assert synthesise(config, trained, model="second").path.stem == "second-neutral-happy"


def test_synth_without_a_model_names_the_command(workspace: Workspace) -> None:
    with pytest.raises(MissingArtifactError, match="feraug train cyclegan --pair sad:fear"):
        synthesise(SynthConfig("sad:fear", 5), workspace)
    with pytest.raises(MissingArtifactError, match="nonsense"):
        synthesise(SynthConfig("sad:fear", 5), workspace, model="nonsense")


def test_synth_with_a_model_of_another_pair(trained: Workspace) -> None:
    with pytest.raises(UsageError, match="neutral:happy"):
        synthesise(SynthConfig("sad:fear", 5), trained, model="cyclegan-neutral-happy", name="x")


def test_sources_are_all_used_before_any_is_used_again(trained: Workspace) -> None:
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    faces = np.zeros((10, 48, 48), np.uint8)
    pair = DomainPair("neutral", "happy")
    maker = Translations(translator, faces, np.arange(10), pair, SynthConfig(count=34))
    parts = [maker.sources(np.arange(start, min(start + 6, 34))) for start in range(0, 34, 6)]
    places = np.concatenate([chosen for chosen, _ in parts])
    rounds = np.concatenate([turn for _, turn in parts])
    for turn in range(3):
        assert sorted(places[rounds == turn]) == list(range(10))
    assert len(set(places[rounds == 3])) == 4


def small(model: str, **settings: Any) -> TranslatorConfig | NoiseConfig:
    tiny: dict[str, Any] = {"base_channels": 2, "discriminator_channels": 2, "batch_size": 4, "steps": 3}
    if model in NOISE_GENERATORS:
        tiny["emotions"] = ["happy", "neutral"]
    return model_config({"model": model, **tiny, **settings})


@pytest.mark.parametrize("model", NOISE_GENERATORS)
def test_faces_from_noise(workspace: Workspace, model: str) -> None:
    result = train(small(model), workspace)
    assert result.path.stem == f"{model}-happy-neutral"
    (picture,) = result.samples.iterdir()
    with Image.open(picture) as grid:
        assert grid.width > 12 * 96 and grid.height == 2 * 96  # to the right stands what the rows are
    made = synthesise(NoiseSynthConfig(count=9, batch_size=4), workspace, model=model)
    assert (made.path.stem, made.emotions, made.sources) == (result.path.stem, ("happy", "neutral"), 0)
    faces = read_synthetic(made.path)
    assert faces.labels.tolist() == [3, 6, 3, 6, 3, 6, 3, 6, 3]
    assert set(faces.origin_row) == {-1} and faces.sources == []
    assert faces.header.extra["model"] == sha256_file(result.path)
    generator = load_generator(result.path)
    shown: list[torch.Tensor] = []
    hook = generator.network.register_forward_pre_hook(lambda _, given: shown.append(given[0]))
    images, labels = generator.generate(9, batch_size=9)
    hook.remove()
    trained_on = np.concatenate([noise(0, step, 1, generator.config.latent_size) for step in range(9)])
    (drawn,) = shown
    assert not (drawn.numpy()[:, None] == trained_on).all(2).any(), "noise that no training of this seed saw"
    assert abs(images.astype(int) - faces.images.astype(int)).max() <= 1
    assert labels.tolist() == faces.labels.tolist()
    z = torch.from_numpy(noise(0, 0, 9, generator.config.latent_size))
    forward = generator.forward(z, torch.zeros(9, dtype=torch.int64))
    different = {face.numpy().tobytes() for face in forward}
    assert len(different) >= 5, "other noise, other face, but where a net this narrow has nothing left to say"
    only = synthesise(NoiseSynthConfig(count=3, emotions=("neutral",)), workspace, model=model, name="only")
    assert read_synthetic(only.path).labels.tolist() == [6, 6, 6]
    described = describe(only.path)
    assert described["labels"] == {"neutral": 3} and described["source_images"] == 0


@pytest.mark.parametrize("size", [0, -1, 1.5, "4"])
def test_a_batch_of_no_size_makes_no_images(trained: Workspace, size: Any) -> None:
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    with pytest.raises(UsageError, match=r"batch_size: .* is not a whole number from 1 on"):
        translator.translate(np.zeros((2, 48, 48), np.uint8), batch_size=size)
    train(small("dcgan"), trained)
    generator = load_generator(next(trained.root.glob("models/dcgan*.h5")))
    for wrong in ({"batch_size": size}, {"count": size}, {"seed": -1}):
        with pytest.raises(UsageError, match=r"is not a whole number from [01] on"):
            generator.generate(**{"count": 2, **wrong})


def test_forward_takes_a_pair_in_words(trained: Workspace) -> None:
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    faces = torch.rand(2, 1, 48, 48) * 2 - 1
    for pair in ("neutral:happy", "happy:neutral"):
        assert torch.equal(translator.forward(faces, pair), translator.forward(faces, DomainPair.parse(pair)))


def test_two_at_once_do_not_replace_each_other_s_set(trained: Workspace) -> None:
    busy = pytest.raises(StorageError, match="another feraug process is writing it")
    with exclusive(trained.synthetic("made")), busy:
        synthesise(SynthConfig(count=3), trained, name="made")
    synthesise(SynthConfig(count=3), trained, name="made")
    with exclusive(trained.synthetic("made")):
        assert synthesise(SynthConfig(count=3), trained, name="made").already_done


def test_a_model_that_is_replaced_before_it_translates_is_told_of(trained: Workspace) -> None:
    job = translation_job(SynthConfig(count=2), trained, None, trained.dataset(), None)
    train_translator(replace(SMALL, steps=3), trained, options=TrainOptions(overwrite=True))
    with pytest.raises(ArtifactError, match="replaced by another process"):
        job.maker(torch.device("cpu"))


def test_models_are_told_apart(trained: Workspace) -> None:
    noise = train(small("dcgan"), trained).path
    with pytest.raises(ArtifactError, match="translates faces and is no noise generator"):
        load_generator(trained.model("cyclegan-neutral-happy"))
    with pytest.raises(ArtifactError, match="makes faces from noise and is no translator"):
        load_translator(noise)
    with pytest.raises(UsageError, match="leave --pair out"):
        synthesise(SynthConfig(count=3), trained, model=noise.stem)
    with pytest.raises(UsageError, match="say which with --pair"):
        synthesise(NoiseSynthConfig(count=3), trained, model="cyclegan-neutral-happy")
    train(replace(DEFAULTS["simple"], steps=1, width=0.1), trained)
    for config in (SynthConfig(count=3), NoiseSynthConfig(count=3)):
        with pytest.raises(UsageError, match=r"classifies faces; name (a translator|another) with --model"):
            synthesise(config, trained, model="simple")
    with pytest.raises(ArtifactError, match="a simple classifies faces and is no noise generator"):
        load_generator(trained.model("simple"))
    nothing = np.zeros((0, 48, 48), np.uint8)
    classifier = load_classifier(trained.model("simple"))
    some = classifier.features(np.zeros((1, 48, 48), np.uint8))
    assert classifier.features(nothing).shape == (0, some.shape[1])
    assert classifier.probabilities(nothing).shape == (0, 7)
    with pytest.raises(UsageError, match="makes happy, neutral, not fear"):
        synthesise(NoiseSynthConfig(count=3, emotions=("fear",)), trained, model="dcgan")
    with pytest.raises(UsageError, match="this model makes happy, neutral, not sad"):
        load_generator(noise).generate(3, "sad")
    with pytest.raises(MissingArtifactError, match="feraug train wgan-gp'"):
        synthesise(NoiseSynthConfig(count=3), trained, model="wgan-gp")
    train(small("dcgan", emotions=["sad"]), trained)
    with pytest.raises(UsageError, match=r"several models are called dcgan \(dcgan-happy-neutral, dcgan-sad"):
        synthesise(NoiseSynthConfig(count=3), trained, model="dcgan")


@pytest.mark.parametrize("model", ["weighted", "wasserstein"])
def test_other_translators(workspace: Workspace, model: str) -> None:
    result = train(small(model, residual_blocks=1), workspace)
    history = read_model(result.path, ("history",)).arrays
    if model == "wasserstein":
        assert {"history/wasserstein_a", "history/penalty_b"} <= set(history)
    made = synthesise(SynthConfig(count=4), workspace)
    assert made.path.stem == f"{model}-neutral-happy"


def test_a_budget_is_spent_and_gone_on_with(workspace: Workspace) -> None:
    config = small("cyclegan", steps=None, budget=3.0, residual_blocks=0)
    events: list[Event] = []

    class Killed(Exception):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 4:
            raise Killed

    with pytest.raises(Killed):
        train(config, workspace, options=TrainOptions(checkpoint_seconds=0), notify=kill)
    spent = float(read_model(workspace.model(config.name), ("timing",)).arrays["timing/seconds"])
    result = train(config, workspace, notify=events.append)
    assert not result.interrupted and result.step == result.steps > 4
    assert 3.0 <= result.seconds < 6.0 + spent
    assert train(config, workspace).already_done


def test_a_dry_run_writes_nothing_and_tells_the_size(workspace: Workspace) -> None:
    config = small("weighted", residual_blocks=1, steps=500)
    before = sorted(workspace.root.rglob("*"))
    plan = dry_run(config, workspace)
    assert sorted(workspace.root.rglob("*")) == before
    assert (
        plan.steps == 500 and plan.seconds == pytest.approx(500 * plan.seconds_per_step) and plan.seconds > 0
    )
    result = train(replace(config, steps=1), workspace)
    assert describe(result.path)["parameters"] == plan.parameters
    assert plan.config == to_json(config)


def test_a_look_at_validation_is_timed_on_a_few_faces(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def seen(network: object, images: torch.Tensor, crop: int) -> None:
        looked.append(len(images))

    monkeypatch.setattr("feraug.workflows.classifier_run.probabilities", seen)
    monkeypatch.setattr("feraug.workflows.train_classifier.FACES_TIMED", 6)
    dry_run(replace(DEFAULTS["simple"], steps=2, width=0.05), workspace)
    assert looked == [6]


def test_what_a_dry_run_would_meet_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("train", "train_classifier"):
        monkeypatch.setattr(f"feraug.workflows.{module}.DRY_STEPS", 1)
    for config in (small("weighted"), replace(DEFAULTS["simple"], steps=2, width=0.05)):
        train(config, workspace)
        told: list[Event] = []
        dry_run(config, workspace, notify=told.append)
        dry_run(replace(config, seed=5), workspace, notify=told.append)
        dry_run(replace(config, seed=5), workspace, options=TrainOptions(overwrite=True), notify=told.append)
        done, refused = (event.text for event in told if isinstance(event, Note) and "dry-run" in event.text)
        assert done == f"without --dry-run: {workspace.model(config.name)} is finished already"
        assert "was made with other settings (seed: 0 in the file, 5 asked for)" in refused


def test_finished_work_in_a_folder_that_another_holds_is_already_done(workspace: Workspace) -> None:
    for config in (small("weighted"), replace(DEFAULTS["simple"], steps=2, width=0.05)):
        path = train(config, workspace).path
        with exclusive(path):
            assert train(config, workspace).already_done


def test_nobody_goes_on_with_a_training_that_another_process_holds(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for config, module in (
        (small("weighted"), "training_run"),
        (replace(DEFAULTS["simple"], steps=9, width=0.05), "classifier_run"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"feraug.workflows.{module}.any_of", lambda fabric, asked: True)
            path = train(config, workspace).path
        assert not read_model(path, ()).finished
        with exclusive(path), pytest.raises(StorageError, match="another feraug process is writing it"):
            train(config, workspace)


def test_too_few_faces_of_an_emotion_that_could_be_left_out(workspace: Workspace) -> None:
    with pytest.raises(ArtifactError) as caught:
        train(replace(DEFAULTS["wgan-gp"], steps=1), workspace)
    assert (
        "training images of 'disgust', a domain needs 8 or more; leave it out: "
        "'feraug train wgan-gp --emotion angry " in str(caught.value)
    )
    assert "--emotion disgust" not in str(caught.value)


def test_a_label_that_all_images_have_is_told(workspace: Workspace) -> None:
    noise = NoiseConfig(
        emotions=("sad", "happy"), base_channels=1, discriminator_channels=1, batch_size=2, steps=1
    )
    model = train(noise, workspace).path
    for count, label in ((1, "happy"), (2, None)):
        made = synthesise(NoiseSynthConfig(count=count), workspace, model=str(model), name=f"made-{count}")
        assert read_synthetic(made.path).header.extra.get("label") == label
    with pytest.raises(UsageError, match="--emotion: 'happy' is named twice"):
        NoiseSynthConfig(emotions=("happy", "Happiness"))


def test_tensorboard_events_of_a_classifier(workspace: Workspace, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = replace(DEFAULTS["simple"], steps=3, width=0.05, batch_size=16)
    train(config, workspace, options=TrainOptions(log_dir=tmp_path / "logs"))
    events = EventAccumulator(str(tmp_path / "logs" / "simple"))
    events.Reload()
    logged = events.Scalars("loss")
    history = read_model(workspace.model("simple"), ("history",)).arrays["history/loss"]
    assert [event.step for event in logged] == [1, 2, 3]
    assert [event.value for event in logged] == pytest.approx(history.tolist())


def test_a_log_folder_that_cannot_be(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        train(small("cyclegan"), workspace, options=TrainOptions(log_dir=tmp_path / "file" / "logs"))


def test_tensorboard_events(workspace: Workspace, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(small("cyclegan"), workspace, options=TrainOptions(log_dir=tmp_path / "logs"))
    (folder,) = {path.parent for path in (tmp_path / "logs").rglob("events.*")}
    events = EventAccumulator(str(folder))
    events.Reload()
    history = read_model(workspace.model("cyclegan-neutral-happy"), ("history",)).arrays["history/cycle_a"]
    logged = events.Scalars("cycle_a")
    assert [event.step for event in logged] == [1, 2, 3]
    assert [event.value for event in logged] == pytest.approx(history.tolist())


def test_saved_events_name_files_that_exist(workspace: Workspace) -> None:
    events: list[Event] = []
    train_translator(SMALL, workspace, notify=events.append)
    assert all(event.path.exists() for event in events if isinstance(event, Saved))


def test_info_of_model_and_synthetic(trained: Workspace) -> None:
    synthesise(SynthConfig("neutral:happy", 5), trained)
    model = describe(trained.model("cyclegan-neutral-happy"))
    assert (model["step"], model["steps"], model["finished"]) == (6, 6, True)
    assert set(model["parameters"]) == {"a_to_b", "b_to_a", "discriminator_a", "discriminator_b"}
    assert model["config"]["pair"] == "neutral:happy"
    synthetic = describe(trained.synthetic("cyclegan-neutral-happy"))
    assert synthetic["labels"] == {"happy": 5}
    assert synthetic["model"] == model["sha256"]


def test_another_seed_takes_the_sources_in_another_order_and_in_other_views(trained: Workspace) -> None:
    translator = load_translator(trained.model("cyclegan-neutral-happy"))
    faces = np.random.default_rng(0).integers(0, 256, (10, 48, 48), np.uint8)
    pair = DomainPair("neutral", "happy")

    def maker(count: int, seed: int) -> Translations:
        return Translations(translator, faces[:count], np.arange(count), pair, SynthConfig(seed=seed))

    orders = [maker(10, seed).sources(np.arange(10))[0].tolist() for seed in (0, 1)]
    assert orders[0] != orders[1]
    views = [maker(1, seed).make(np.array([2])).images for seed in (0, 1)]
    assert not np.array_equal(*views)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_synth_takes_faces_of_the_split_that_is_asked_for(trained: Workspace, split: str) -> None:
    faces = read_synthetic(synthesise(SynthConfig("neutral:happy", 9, split=split), trained).path)
    neutral = read_dataset(trained.dataset()).rows(split=split, emotion="neutral")
    assert len(faces.origin_row) == 9 and set(faces.origin_row) <= set(neutral)


def test_first_weights_are_of_the_seed(workspace: Workspace) -> None:
    faces = read_dataset(workspace.dataset())

    def weights(seed: int) -> torch.Tensor:
        run = TrainingRun(replace(SMALL, seed=seed), faces, new_fabric(torch.device("cpu")))
        networks = run.state.networks.values()
        return torch.cat([parameter.flatten() for network in networks for parameter in network.parameters()])

    assert torch.equal(weights(0), weights(0)) and not torch.equal(weights(0), weights(1))


def clocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock for trainings that goes on by a second whenever it is read."""
    seconds = itertools.count()
    for module in ("training_run", "classifier_run"):
        clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
        monkeypatch.setattr(f"feraug.workflows.{module}.time", clock)


KINDS = {"translator": (SMALL, 2), "classifier": (replace(DEFAULTS["simple"], steps=6, width=0.05), 1)}


@pytest.mark.parametrize("kind", KINDS)
def test_speed_time_and_checkpoints_of_a_training_in_two_parts(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    clocked(monkeypatch)
    config, faces = KINDS[kind]
    saves: list[Event] = []

    def stop(event: Event) -> None:
        if isinstance(event, Saved) and event.what == "checkpoint":
            saves.append(event)
        if isinstance(event, Progress) and event.done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, workspace, options=TrainOptions(checkpoint_seconds=2.5), notify=stop)
    assert len(saves) == 1, "after 3 s, at step 3; not again 2 s later"
    saved = read_model(workspace.model(config.name))
    spent = float(saved.arrays["timing/seconds"])
    assert (saved.step, spent) == (3, 3.0)
    told: list[Event] = []
    result = train(config, workspace, notify=told.append)
    steps = [event for event in told if isinstance(event, Progress) and "images/s" in event.figures]
    speeds = [event.figures["images/s"] for event in steps]
    assert speeds == [pytest.approx(faces * config.batch_size)] * 3, "a step a second"
    assert result.seconds == spent + 4.0, "three steps and the end"


@pytest.mark.parametrize("kind", KINDS)
def test_time_counts_from_the_start_however_often_a_training_is_killed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    clocked(monkeypatch)
    config, _ = KINDS[kind]
    spent = []
    for last in (3, 5):

        def stop(event: Event, last: int = last) -> None:
            if isinstance(event, Progress) and event.done == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(config, workspace, options=TrainOptions(checkpoint_seconds=0.0), notify=stop)
        spent.append(float(read_model(workspace.model(config.name)).arrays["timing/seconds"]))
    assert spent[1] > spent[0] + 2.0


def test_losses_are_means_of_the_last_epoch(workspace: Workspace) -> None:
    result = train_translator(replace(SMALL, steps=None, epochs=2.0), workspace)
    saved = read_model(result.path)
    last = saved.arrays["history/cycle_a"][-int(saved.header.extra["steps_per_epoch"]) :]
    assert len(last) == result.steps / 2
    assert result.losses["cycle_a"] == pytest.approx(last.mean(), rel=1e-5)
    assert describe(result.path)["losses"]["cycle_a"] == pytest.approx(last.mean(), rel=1e-5)


def test_a_dry_run_of_a_budget_takes_the_budget(workspace: Workspace) -> None:
    planned = dry_run(replace(SMALL, steps=None, budget=3600.0), workspace)
    assert planned.steps is None and planned.seconds == 3600.0


def test_a_dry_run_of_a_classifier_counts_every_look_at_validation(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.train_classifier.time_steps", lambda *_: (2.0, 5.0))
    planned = dry_run(replace(DEFAULTS["simple"], width=0.05, epochs=3.0, batch_size=16), workspace)
    assert planned.steps and planned.seconds == 2.0 * planned.steps + 5.0 * 3


def test_info_of_a_classifier_is_of_its_chosen_epoch(tmp_path: Path) -> None:
    accuracy = {"history/validation_accuracy": np.array([0.25, 0.75, 0.5], np.float32)}
    facts = {"step": 6, "steps": 6, "steps_per_epoch": 2, "finished": True, "chosen_epoch": 2}
    write_model(tmp_path / "m.h5", accuracy, Provenance({}, "test", 0), facts)
    found = describe(tmp_path / "m.h5")
    assert (found["chosen_epoch"], found["losses"]["validation_accuracy"]) == (2, 0.75)


def test_statistics_of_batch_norms_are_no_parameters(workspace: Workspace) -> None:
    config = replace(DEFAULTS["simple"], width=0.05, steps=1, batch_size=16)
    assert describe(train(config, workspace).path)["parameters"] == dry_run(config, workspace).parameters


def test_a_model_of_a_version_with_fewer_settings_is_already_done(trained: Workspace) -> None:
    with h5py.File(trained.model(SMALL.name), "r+") as file:
        config = json.loads(file.attrs["config"])
        del config["head_start"]
        file.attrs["config"] = np.bytes_(json.dumps(config))
    assert train_translator(SMALL, trained).already_done


def test_a_classifier_of_one_face_is_refused(workspace: Workspace) -> None:
    with h5py.File(workspace.dataset(), "r+") as file:
        file["split"][...] = 1
        file["split"][0] = 0
    with pytest.raises(
        ArtifactError, match=r"1 image in 'train', .* 2 or more; 'feraug info .*/dataset\.h5' lists"
    ):
        train(DEFAULTS["simple"], workspace)


@pytest.mark.parametrize("work", [train, dry_run])
@pytest.mark.parametrize("config", [DEFAULTS["simple"], SMALL])
def test_a_batch_that_processes_cannot_share_is_refused_before_they_start(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, config: Any, work: Any
) -> None:
    monkeypatch.setattr("lightning_fabric.Fabric.launch", lambda *_: pytest.fail("processes were started"))
    with pytest.raises(UsageError, match=r"--batch-size 7: counts over all devices.* a multiple of 2"):
        work(replace(config, batch_size=7), workspace, options=TrainOptions(device="cpu", devices=2))
