"""Training a small translator on drawn faces, synthesising with it, and everything in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from feraug.config import SynthConfig, TranslatorConfig
from feraug.emotions import EMOTIONS, SPLITS
from feraug.errors import ArtifactError, ConfigConflictError, MissingArtifactError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.model import read_model
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.events import Event, Progress, Saved
from feraug.workflows.info import describe
from feraug.workflows.synth import source_batches, synthesise
from feraug.workflows.train import TrainOptions, train_translator
from feraug.workflows.translators import load_translator

SMALL = TranslatorConfig(
    base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=8, steps=6, pair="neutral:happy"
)


@pytest.fixture
def trained(workspace: Workspace) -> Workspace:
    train_translator(SMALL, workspace)
    return workspace


def test_training_writes_model_samples_and_history(workspace: Workspace) -> None:
    events: list[Event] = []
    result = train_translator(replace(SMALL, steps=None, epochs=2), workspace, notify=events.append)
    per_epoch = -(-len(read_dataset(workspace.dataset()).rows(split="train", emotion="happy")) // 8)
    assert result.steps == result.step == 2 * per_epoch
    pictures = sorted(path.name for path in workspace.samples("cyclegan-neutral-happy").iterdir())
    assert pictures == [f"step-{per_epoch:06d}.png", f"step-{2 * per_epoch:06d}.png"]
    with Image.open(workspace.samples("cyclegan-neutral-happy") / pictures[0]) as picture:
        assert picture.size == (12 * 96, 6 * 96)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in progress] == list(range(1, result.steps + 1))
    assert {"cycle_a", "discriminator_b_real", "images/s"} <= set(progress[0].figures)
    saved = read_model(workspace.model("cyclegan-neutral-happy"))
    assert saved.finished and saved.step == result.steps
    assert len(saved.arrays["history/cycle_a"]) == result.steps
    assert saved.header.provenance.inputs == {"dataset.h5": sha256_file(workspace.dataset())}


def test_a_stopped_training_goes_on_to_the_same_file(workspace: Workspace, tmp_path: Path) -> None:
    whole = train_translator(SMALL, workspace, name="whole")

    class Killed(Exception):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 4:
            raise Killed

    with pytest.raises(Killed):
        train_translator(
            SMALL, workspace, name="part", options=TrainOptions(checkpoint_seconds=0), notify=kill
        )
    assert read_model(workspace.model("part")).step == 3
    resumed = train_translator(SMALL, workspace, name="part")
    assert resumed.step == whole.step
    first, second = (read_model(workspace.model(name)).arrays for name in ("whole", "part"))
    assert list(first) == list(second)
    for name in first:
        if not name.startswith("timing/"):
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_run_again_refuses_another_config_and_resume_takes_its_own(trained: Workspace) -> None:
    assert train_translator(SMALL, trained).already_done
    with pytest.raises(ConfigConflictError, match=r"cycle_weight: 1\.0 there, 3\.0 asked for"):
        train_translator(replace(SMALL, cycle_weight=3.0), trained)
    resumed = train_translator(TranslatorConfig(), trained, options=TrainOptions(resume=True))
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
    with pytest.raises(ConfigConflictError, match="count: 5 there, 6 asked for"):
        synthesise(replace(config, count=6), trained)
    train_translator(replace(SMALL, seed=1), trained, name="second")
    with pytest.raises(UsageError, match=r"cyclegan-neutral-happy, second.*--model"):
        synthesise(config, trained, name="which")
    assert synthesise(config, trained, model="second", name="which").model.stem == "second"
    with pytest.raises(ConfigConflictError, match="made from"):
        synthesise(config, trained, model="second")


def test_synth_without_a_model_names_the_command(workspace: Workspace) -> None:
    with pytest.raises(MissingArtifactError, match="feraug train cyclegan --pair sad:fear"):
        synthesise(SynthConfig("sad:fear", 5), workspace)
    with pytest.raises(MissingArtifactError, match="nonsense"):
        synthesise(SynthConfig("sad:fear", 5), workspace, model="nonsense")


def test_synth_with_a_model_of_another_pair(trained: Workspace) -> None:
    with pytest.raises(UsageError, match="neutral:happy"):
        synthesise(SynthConfig("sad:fear", 5), trained, model="cyclegan-neutral-happy", name="x")


def test_sources_are_all_used_before_any_is_used_again() -> None:
    batches = list(source_batches(10, SynthConfig(count=34, batch_size=6)))
    places = np.concatenate([chosen for chosen, _ in batches])
    rounds = np.concatenate([turn for _, turn in batches])
    assert len(places) == 34 and [len(chosen) for chosen, _ in batches] == [6, 6, 6, 6, 6, 4]
    for turn in range(3):
        assert sorted(places[rounds == turn]) == list(range(10))
    assert len(set(places[rounds == 3])) == 4


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
