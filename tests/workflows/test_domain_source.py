"""Domain a out of other artifacts: training on it, translating it, going on with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from feraug.config import NoiseSynthConfig, SynthConfig, TranslatorConfig, model_config
from feraug.data import MixedFaces, Sampling, ShuffledFaces, mixed_places
from feraug.emotions import UNLABELLED, emotion_code
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    MissingModelError,
    UsageError,
)
from feraug.images import fingerprints
from feraug.store.dataset import read_dataset
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.model import read_model, write_model
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.domain_source import DomainSource, generator_of, images_of
from feraug.workflows.events import Event, Note, Progress
from feraug.workflows.generators import load_generator
from feraug.workflows.info import describe
from feraug.workflows.synth import SynthOptions, synthesise
from feraug.workflows.train import TrainOptions, dry_run, train
from feraug.workflows.training_material import trained_on, training_batches
from feraug.workflows.translators import load_translator
from feraug.workflows.unfinished import unfinished_config

CPU = torch.device("cpu")
SMALL = TranslatorConfig(
    base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=4, steps=5, image_history=2
)


@pytest.fixture(scope="session")
def chain_once(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    """A noise generator of neutral and sad faces, and twenty faces of it."""
    workspace = Workspace(tmp_path_factory.mktemp("chain"))
    shutil.copy(drawn_dataset, workspace.dataset())
    tiny: dict[str, Any] = {"base_channels": 2, "discriminator_channels": 2, "batch_size": 4, "steps": 2}
    train(model_config({"model": "wgan-gp", "emotions": ["neutral", "sad"], **tiny}), workspace)
    synthesise(NoiseSynthConfig(count=40), workspace, model="wgan-gp", name="noise")
    return workspace.root


@pytest.fixture
def chain(chain_once: Path, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(chain_once, tmp_path / "artifacts")))


def arrays_of(workspace: Workspace, name: str) -> dict[str, Any]:
    found = read_model(workspace.model(name)).arrays
    return {key: values for key, values in found.items() if not key.startswith("timing/")}


def test_places_of_a_mixture() -> None:
    for share in (0.0, 0.1, 0.25, 0.5, 2 / 3, 1.0):
        places = np.arange(1000)
        second, own = mixed_places(places, share)
        assert own[second].tolist() == list(range(int(second.sum())))
        assert own[~second].tolist() == list(range(int((~second).sum())))
        assert abs(second.sum() - 1000 * share) <= 1
        part, own_part = mixed_places(places[300:400], share)
        assert (part == second[300:400]).all() and (own_part == own[300:400]).all()
        assert abs(second.reshape(10, 100).sum(axis=1) - 100 * share).max() <= 1, "evenly spread"


def test_mixed_faces_are_those_of_their_parts() -> None:
    faces = np.arange(24, dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
    first, second = ShuffledFaces(faces[:16], CPU, seed=0), ShuffledFaces(faces[16:], CPU, seed=0)
    mixed = MixedFaces(first, second, 1 / 3).at(np.arange(24))
    values = ((mixed[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
    assert sorted(values) == list(range(24)), "each once, two of the first to one of the second"
    for share, stream in ((0.0, first), (1.0, second)):
        assert torch.equal(MixedFaces(first, second, share).at(np.arange(5)), stream.at(np.arange(5)))


@pytest.mark.parametrize(("steps", "share"), [(5, 0.2), (5, 0.05), (2, 0.125), (1, 0.2)])
def test_generators_with_several_critic_steps_see_their_share_of_the_source(
    drawn_dataset: Path, steps: int, share: float
) -> None:
    """They get one batch in so many, and no stride through the mixture may meet one part alone."""
    faces = read_dataset(drawn_dataset)
    white = np.full((50, 48, 48), 255, np.uint8)
    source = DomainSource(drawn_dataset, "ab", "neutral", white, np.arange(50))
    config = replace(SMALL, model="wasserstein", critic_steps=steps, source_share=share)
    batches, _ = training_batches(config, faces, Sampling(4, 0, CPU, flip=False), source)

    def of_source(stride: int) -> float:
        seen = torch.cat([batches.batch(stride * step).real_a for step in range(500)])
        return float((seen == 1.0).all(3).all(2).float().mean())

    assert of_source(1) == pytest.approx(share, abs=0.0011)
    assert of_source(steps) == pytest.approx(share, abs=0.03)


def test_images_of_other_artifacts(chain: Workspace) -> None:
    noise = read_synthetic(chain.synthetic("noise"))
    found = images_of(chain.synthetic("noise"), "neutral")
    assert (noise.labels[found.rows] == emotion_code("neutral")).all() and len(found.rows) == 20
    np.testing.assert_array_equal(found.images, noise.images[found.rows])
    dataset = read_dataset(chain.dataset())
    np.testing.assert_array_equal(
        images_of(chain.dataset(), "sad").rows, dataset.rows(split="train", emotion="sad")
    )
    with h5py.File(chain.synthetic("noise"), "r+") as file:
        file["labels"][...] = UNLABELLED
    assert len(images_of(chain.synthetic("noise"), "happy").rows) == 40
    with pytest.raises(UsageError, match="is a model; train with --source-model"):
        images_of(chain.model("wgan-gp-sad-neutral"), "neutral")


def test_an_artifact_without_such_images(chain: Workspace) -> None:
    with pytest.raises(ArtifactError, match=r"no 'happy' images in it; it has sad, neutral; give another"):
        train(replace(SMALL, pair="happy:sad"), chain, source=chain.synthetic("noise"))
    with h5py.File(chain.synthetic("noise"), "r+") as file:
        file["labels"][5:] = emotion_code("sad")
    with pytest.raises(
        ArtifactError, match=r"2 images of 'neutral'; a domain needs 8 or more; give another --source"
    ):
        train(SMALL, chain, source=chain.synthetic("noise"))


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_training_on_a_source_goes_on_exactly(chain: Workspace, share: float) -> None:
    config = replace(SMALL, source_share=share)
    source = chain.synthetic("noise")
    whole = train(config, chain, name="whole", source=source)
    saved = read_model(whole.path).header.provenance
    assert saved.config["source_share"] == (share or 1.0)
    assert saved.inputs == {"dataset.h5": sha256_file(chain.dataset()), "noise.h5": sha256_file(source)}

    class Killed(Exception):
        pass

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 4:
            raise Killed

    with pytest.raises(Killed):
        train(
            config,
            chain,
            name="part",
            source=source,
            options=TrainOptions(checkpoint_seconds=0),
            notify=kill,
        )
    # --resume: the config of the file, and no source named; it is found by its digest.
    train(unfinished_config(chain.model("part")), chain, name="part")
    first, second = arrays_of(chain, "whole"), arrays_of(chain, "part")
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert train(config, chain, name="whole", source=source).already_done
    train(SMALL, chain, name="real")
    assert any((arrays_of(chain, "real")[name] != first[name]).any() for name in first)


def test_a_source_that_is_gone_is_named(chain: Workspace) -> None:
    train(SMALL, chain, source=chain.synthetic("noise"))
    chain.synthetic("noise").unlink()
    with pytest.raises(UsageError, match=r"--resume: noise\.h5 \(SHA-256 .*is not in .*--source"):
        train(unfinished_config(chain.model(SMALL.name)), chain)


def test_another_source_is_another_input(chain: Workspace) -> None:
    train(SMALL, chain, source=chain.synthetic("noise"))
    synthesise(NoiseSynthConfig(count=30), chain, model="wgan-gp", name="others")
    with pytest.raises(ConfigConflictError, match=r"made from noise\.h5 .* instead of others\.h5"):
        train(SMALL, chain, source=chain.synthetic("others"))
    with pytest.raises(ConfigConflictError, match=r"source_share: 1\.0 in the file, 0\.0 asked for"):
        train(SMALL, chain)


def test_fresh_faces_from_a_frozen_generator(chain: Workspace) -> None:
    config = replace(SMALL, source_share=1.0)
    source = generator_of(chain.model("wgan-gp-sad-neutral"), "neutral")
    faces = read_dataset(chain.dataset())
    sampling = Sampling(4, 0, CPU, flip=False)
    batches, per_epoch = training_batches(config, faces, sampling, source)
    assert per_epoch == len(faces.rows(split="train", emotion="happy"))
    seen = torch.cat([batches.batch(index).real_a for index in (0, 1)])
    expected, _ = load_generator(source.path).generate(8, "neutral")
    assert abs((seen[:, 0] + 1) * 127.5 - torch.from_numpy(expected)).max() <= 1
    whole = train(config, chain, name="whole", source_model="wgan-gp")
    inputs = read_model(whole.path).header.provenance.inputs
    assert inputs["wgan-gp-sad-neutral.h5"] == source.digest
    with Image.open(next(whole.samples.iterdir())) as grid:
        top = np.asarray(grid)[:96:2, : 12 * 96 : 2]
    twelve, _ = load_generator(source.path).generate(12, "neutral")
    np.testing.assert_array_equal(top.reshape(48, 12, 48).swapaxes(0, 1), twelve)
    again = train(config, chain, name="again", source_model=str(source.path))
    assert again.losses == whole.losses


def test_a_generator_that_is_not_finished_is_told_before_it_is_learned_from(chain: Workspace) -> None:
    half = read_model(chain.model("wgan-gp-sad-neutral"))
    facts = {**half.header.extra, "finished": False}
    write_model(chain.model("half"), half.arrays, half.header.provenance, facts)
    for work in (train, dry_run):
        for source, told in (("half", True), ("wgan-gp", False)):
            events: list[Event] = []
            config = replace(SMALL, source_share=1.0)
            work(config, chain, name=f"from-{source}", source_model=source, notify=events.append)
            texts = [event.text for event in events if isinstance(event, Note)]
            assert any("half.h5 is not finished" in text for text in texts) == told


def test_a_missing_generator_is_none_that_a_translator_s_training_makes(chain: Workspace) -> None:
    told = "no model 'nope' in .*; train one with 'feraug train wgan-gp --name nope'"
    with pytest.raises(MissingModelError, match=told):
        train(SMALL, chain, source_model="nope")
    with pytest.raises(MissingModelError, match=told):
        synthesise(NoiseSynthConfig(count=2, emotions=("happy",)), chain, model="nope")


def test_half_real_half_noise(chain: Workspace) -> None:
    config = replace(SMALL, source_share=0.5, flip=False)
    faces = read_dataset(chain.dataset())
    source = generator_of(chain.model("wgan-gp-sad-neutral"), "neutral")
    batches, _ = training_batches(config, faces, Sampling(4, 0, CPU, flip=False), source)
    real = faces.images[faces.rows(split="train", emotion="neutral")]
    known = {image.tobytes() for image in real}
    batch = batches.batch(3).real_a
    values = ((batch[:, 0] + 1) * 127.5).round().to(torch.uint8).numpy()
    assert [image.tobytes() in known for image in values] == [True, False, True, False]
    plan = dry_run(config, chain, source_model="wgan-gp")
    assert plan.config["source_share"] == 0.5


@pytest.mark.parametrize(
    ("model", "settings", "arguments", "words"),
    [
        ("dcgan", {}, {"source": Path("x.h5")}, "--source: dcgan has no domain a; cyclegan"),
        ("wgan-gp", {}, {"source_model": "x"}, "--source-model: wgan-gp has no domain a"),
        ("cyclegan", {"source_share": 0.5}, {}, "--source-share: of what?"),
        ("cyclegan", {}, {"source": Path("x.h5"), "source_model": "x"}, "--source, --source-model: give one"),
        ("cyclegan", {"pair": "happy:sad"}, {"source_model": "wgan-gp"}, "makes sad, neutral, not happy"),
        ("cyclegan", {}, {"source_model": "translator"}, "translates faces and is no noise generator"),
    ],
)
def test_sources_that_make_no_sense(
    chain: Workspace, model: str, settings: dict[str, Any], arguments: dict[str, Any], words: str
) -> None:
    train(SMALL, chain, name="translator")
    with pytest.raises(UsageError) as caught:
        train(model_config({"model": model, **settings}), chain, name="new", **arguments)
    assert words in str(caught.value)
    assert not chain.model("new").exists()


def test_translations_of_a_source_name_its_rows(chain: Workspace) -> None:
    train(SMALL, chain)
    source = chain.synthetic("noise")
    chain.dataset().unlink()  # which is not needed where all faces are the source's
    made = synthesise(SynthConfig(count=50), chain, source=source)
    assert made.path.stem == "cyclegan-neutral-happy-from-noise"
    assert (made.sources, made.rounds, made.source_share) == (20, 3, 1.0)
    faces, given = read_synthetic(made.path), read_synthetic(source)
    assert faces.sources == [sha256_file(source)] and set(faces.origin_source) == {0}
    assert (given.labels[faces.origin_row] == emotion_code("neutral")).all()
    translated = load_translator(made.model).translate(given.images[faces.origin_row[:20]])
    assert abs(translated.astype(int) - faces.images[:20].astype(int)).max() <= 1
    assert synthesise(SynthConfig(count=50), chain, source=source).already_done


def test_translations_of_real_and_other_faces(chain: Workspace) -> None:
    train(SMALL, chain)
    source = chain.synthetic("noise")
    config = SynthConfig(count=60, source_share=0.25, batch_size=7)
    made = synthesise(config, chain, source=source)
    faces, dataset = read_synthetic(made.path), read_dataset(chain.dataset())
    assert faces.sources == [sha256_file(chain.dataset()), sha256_file(source)]
    assert np.bincount(faces.origin_source).tolist() == [45, 15]
    used = set(zip(faces.origin_source.tolist(), faces.origin_row.tolist(), strict=True))
    assert describe(made.path)["source_images"] == len(used) > len({row for _, row in used})
    pools = [dataset, read_synthetic(source)]
    translator = load_translator(made.model)
    for place in range(12):
        pool = pools[faces.origin_source[place]]
        row = faces.origin_row[place]
        assert pool.labels[row] == emotion_code("neutral")
        translated = translator.translate(pool.images[row : row + 1])[0]
        assert abs(translated.astype(int) - faces.images[place].astype(int)).max() <= 1
    other = synthesise(replace(config, batch_size=64), chain, source=source, name="other")
    np.testing.assert_array_equal(read_synthetic(other.path).origin_row, faces.origin_row)


def test_bad_sources_of_synth(chain: Workspace) -> None:
    train(SMALL, chain)
    with pytest.raises(UsageError, match="--source-share: of what"):
        synthesise(SynthConfig(count=5, source_share=0.5), chain)
    copy = shutil.copy(chain.dataset(), chain.root / "copy.h5")
    with pytest.raises(UsageError, match="--source: is the dataset itself"):
        synthesise(SynthConfig(count=5, source_share=0.5), chain, source=Path(copy))
    for work in (train, dry_run):
        with pytest.raises(UsageError, match="--source: is the dataset itself"):
            work(replace(SMALL, source_share=0.5), chain, name="x", source=Path(copy))
        with pytest.raises(UsageError, match=r"--name: .* is the model that domain a is to come from"):
            work(SMALL, chain, name="wgan-gp-sad-neutral", source_model="wgan-gp")
    noise, before = chain.synthetic("noise"), chain.synthetic("noise").read_bytes()
    options = SynthOptions(overwrite=True)
    with pytest.raises(UsageError, match=r"--name: .*noise.h5 is the set that is to be translated"):
        synthesise(SynthConfig(count=5), chain, source=noise, name="noise", options=options)
    assert noise.read_bytes() == before
    with pytest.raises(UsageError, match="--source: faces from noise have none"):
        synthesise(NoiseSynthConfig(count=5), chain, model="wgan-gp", source=chain.dataset())
    with pytest.raises(UsageError, match=r"is the limit, so use -n 1310720 or fewer"):
        synthesise(SynthConfig(count=2_000_000), chain, source=chain.synthetic("noise"))


def test_a_dataset_beside_a_source_is_not_ignored(chain: Workspace) -> None:
    train(SMALL, chain)
    first = synthesise(SynthConfig(count=2), chain)
    back = SynthConfig(pair="happy:neutral", count=2)
    with pytest.raises(MissingArtifactError, match="nowhere"):
        synthesise(back, chain, source=first.path, dataset=Path("nowhere.h5"))
    events: list[Event] = []
    synthesise(back, chain, source=first.path, dataset=chain.dataset(), notify=events.append)
    assert any(isinstance(one, Note) and one.text.startswith("--dataset: all images are") for one in events)


def test_a_set_of_an_earlier_version_is_already_done(chain: Workspace) -> None:
    train(SMALL, chain)
    made = synthesise(SynthConfig(count=5), chain)
    with h5py.File(made.path, "r+") as file:
        text = file.attrs["config"].decode().replace(', "source_share": 0.0', "")
        file.attrs.create("config", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    assert synthesise(SynthConfig(count=5), chain).already_done


def test_inputs_of_the_same_name_keep_apart() -> None:
    files = [(Path("/x/a/m.h5"), "1"), (Path("/x/b/m.h5"), "2"), (Path("/y/b/m.h5"), "3")]
    assert inputs_by_name(*files) == {"m.h5": "1", "b/m.h5": "2", "b/m.h5'": "3"}


def test_a_model_knows_the_images_of_its_source_and_of_both_domains(chain: Workspace) -> None:
    """By which test images among them are found."""
    faces, source = read_dataset(chain.dataset()), images_of(chain.synthetic("noise"), "neutral")
    known = trained_on(SMALL, faces, source)
    rows = [faces.rows(split="train", emotion=emotion) for emotion in ("neutral", "happy")]
    expected = np.concatenate([source.images, faces.images[np.concatenate(rows)]])
    np.testing.assert_array_equal(known, np.unique(fingerprints(expected)))


def test_an_epoch_is_a_pass_over_the_larger_domain(chain: Workspace) -> None:
    faces = read_dataset(chain.dataset())
    counts = [len(faces.rows(split="train", emotion=emotion)) for emotion in ("happy", "sad")]
    assert counts[0] != counts[1]
    for pair in ("happy:sad", "sad:happy"):
        _, images = training_batches(replace(SMALL, pair=pair), faces, Sampling(4, 0, CPU))
        assert images == max(counts)
