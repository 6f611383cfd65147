"""Files that another process replaces meanwhile, damaged ones of a benchmark, and ways out that help."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from feraug.cli.bench import _arms
from feraug.config import (
    PRESETS,
    BenchConfig,
    ClassifierConfig,
    FilterConfig,
    PrepareConfig,
    SsimConfig,
    StarGANConfig,
    SynthConfig,
    TranslatorConfig,
)
from feraug.emotions import DomainPair
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    StorageError,
    UsageError,
)
from feraug.faces import face_detector
from feraug.plots.bench import _share
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import MODEL, Provenance
from feraug.store.lock import exclusive
from feraug.store.model import read_model, write_model
from feraug.store.ssim import write_ssim
from feraug.store.synthetic import read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows import doctor_workspace, missing_translator
from feraug.workflows.bench import bench
from feraug.workflows.bench_inputs import read_inputs
from feraug.workflows.compare_entrants import entrants
from feraug.workflows.events import Event, Note, ignore
from feraug.workflows.export import export_artifact
from feraug.workflows.filtering import filter_synthetic
from feraug.workflows.prepare import prepare
from feraug.workflows.ssim import SsimOptions, ssim
from feraug.workflows.ssim_pictures import earlier_pictures
from feraug.workflows.synth import SynthOptions, synthesise
from feraug.workflows.synth_job import translation_job
from feraug.workflows.train import train, train_translator
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.translators import load_translator

TINY = TranslatorConfig(
    base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=2, image_history=2
)
REAL = BenchConfig(
    classifier=ClassifierConfig(model="simple", width=0.05, steps=2, batch_size=16), arms=("real",), repeats=1
)
PAIR = DomainPair("neutral", "happy")
ANEW = TrainOptions(overwrite=True)


@pytest.fixture(autouse=True)
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No steps are tried out before a benchmark."""
    monkeypatch.setattr("feraug.workflows.bench.time_steps", lambda *_: (0.01, 0.01))


def make_set(workspace: Workspace, name: str = "made") -> Path:
    """Thirty images made from training faces, 'fear' and 'disgust', as if ``synth`` had made them."""
    dataset, digest = read_dataset(workspace.dataset()), sha256_file(workspace.dataset())
    rows = dataset.rows(split="train")[:30]
    path = workspace.synthetic(name)
    provenance = Provenance({"name": name}, "test", 0, {"dataset.h5": digest})
    with writing_synthetic(path, 30, provenance, {"sources": [digest]}) as writer:
        labels = np.array([2] * 21 + [1] * 9, np.uint8)
        writer.append(dataset.images[rows], labels, rows=rows, source=0, rounds=np.zeros(30, np.uint16))
    return path


def advice(workspace: Workspace, name: str) -> str:
    """What doctor advises about a file."""
    found = {one.name: one for one in doctor_workspace.workspace_health(workspace, ignore)}
    return found[name].advice


def test_the_training_that_is_told_is_that_of_the_weights(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = train_translator(TINY, workspace).path
    (one,) = entrants(workspace, PAIR, (), "cpu")
    train_translator(replace(TINY, steps=3), workspace, options=ANEW)  # while the measures are taken
    assert one.training["step"] == 2 and one.digest != sha256_file(path)

    later = path.read_bytes()
    train_translator(TINY, workspace, options=ANEW)

    def replaced_after(*arguments: Any, **options: Any) -> Any:
        found = load_translator(*arguments, **options)
        if path.read_bytes() != later:
            path.with_name("new").write_bytes(later)
            path.with_name("new").replace(path)
        return found

    monkeypatch.setattr("feraug.workflows.compare_entrants.load_translator", replaced_after)
    (one,) = entrants(workspace, PAIR, (), "cpu")
    assert (one.translator.config.steps, one.training["step"]) == (3, 3)
    assert one.digest == sha256_file(path)


def test_a_damaged_file_of_a_benchmark_costs_what_it_held(workspace: Workspace) -> None:
    path = bench(REAL, workspace, name="b").path
    two = replace(REAL, repeats=2)
    checkpoint = path.with_suffix("") / "real-1.checkpoint.h5"
    checkpoint.write_bytes(b"power went")
    with pytest.raises(ArtifactError, match="not an HDF5 file; delete that file, and the same command"):
        bench(two, workspace, name="b")
    checkpoint.unlink()
    first = sha256_file(path.with_suffix("") / "real-0.h5")
    assert bench(two, workspace, name="b").repeats == 2
    whole = path.read_bytes()
    path.write_bytes(whole[:3000])
    with pytest.raises(ArtifactError, match="delete that file, and the same command makes it again of its"):
        bench(two, workspace, name="b")
    assert advice(workspace, "bench/b.h5").startswith("delete it alone")
    path.unlink()
    assert not bench(two, workspace, name="b").already_done
    part = path.with_suffix("") / "real-1.h5"
    part.write_bytes(part.read_bytes()[:3000])
    assert advice(workspace, "bench/b/real-1.h5").startswith("delete it alone: the same 'feraug bench'")
    assert sha256_file(path.with_suffix("") / "real-0.h5") == first


def test_a_filtered_set_names_the_parent_that_was_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = make_set(workspace)
    train(REAL.classifier, workspace)
    read = sha256_file(parent)

    def replaced(name: str) -> Any:
        parent.write_bytes(parent.read_bytes() + b"\0")
        return face_detector(name)

    monkeypatch.setattr("feraug.workflows.filtering.face_detector", replaced)
    surely = lambda self, images: np.tile(np.eye(7, dtype=np.float32)[2], (len(images), 1))  # noqa: E731
    monkeypatch.setattr("feraug.workflows.classifiers.Classifier.probabilities", surely)
    config = FilterConfig("fear", detector="cascade", min_face=0.0, max_similarity=1.0)
    result = filter_synthetic(config, "made", workspace)
    header = read_synthetic(result.path).header
    assert header.extra["parent"] == read and read in header.provenance.inputs.values()


def test_a_model_that_is_replaced_before_it_translates_is_told_of(workspace: Workspace) -> None:
    train_translator(TINY, workspace)
    job = translation_job(SynthConfig(count=2), workspace, None, workspace.dataset(), None)
    train_translator(replace(TINY, steps=3), workspace, options=ANEW)
    with pytest.raises(ArtifactError, match="replaced by another process"):
        job.maker(torch.device("cpu"))


@pytest.mark.parametrize("arm", ["reverse", "synthetic", "real+synthetic+noise"])
def test_with_synthetic_is_with_synthetic_beside_other_arms(arm: str) -> None:
    assert _arms([arm], True) == ("real", "real+synthetic", arm)
    assert _arms([arm], False, asked=False) == (arm,)
    assert _arms(None, False, asked=True) == ("real", "real+synthetic")


def interrupted(path: Path) -> None:
    """Make a finished model one whose training was interrupted."""
    saved = read_model(path)
    write_model(path, saved.arrays, saved.header.provenance, {**saved.header.extra, "finished": False})


@pytest.mark.usefixtures("quick_budget")
def test_a_model_of_another_dataset_is_told_of_with_a_way_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = {"base_channels": 1, "residual_blocks": 0, "discriminator_channels": 1, "batch_size": 2}
    presets = {model: {**values, **tiny} for model, values in PRESETS["cpu"].items()}
    monkeypatch.setattr(missing_translator, "PRESETS", {"cpu": presets})
    options = SynthOptions(device="cpu", train=1.0)
    made = synthesise(SynthConfig(count=2), workspace, options=options)
    interrupted(made.model)
    made.path.unlink()
    prepare("drawn:210", PrepareConfig(near_copies=False), workspace.dataset(), overwrite=True)
    command = (
        "'feraug train cyclegan --pair neutral:happy --preset cpu --budget 1s --overwrite' trains it anew"
    )
    with pytest.raises(ConfigConflictError, match=command):
        synthesise(SynthConfig(count=2), workspace, options=options)


@pytest.mark.parametrize(
    ("begun", "goes_on"),
    [
        ("feraug synth -n 5 -w a", "feraug synth -n 5 --train 1200s -w b"),
        ("feraug synth -n 5 --train 20m -w a", "feraug synth -n 5 --train 20m -w b"),
        ("feraug train cyclegan -w a", "feraug train cyclegan -w b"),
    ],
)
def test_what_goes_on_with_a_training_that_synth_began(begun: str, goes_on: str) -> None:
    facts = {"encoding-type": MODEL, "finished": False, "step": 1, "steps": 2, "weights_only": False}
    facts |= {"command": begun, "config": {"budget": 1200.0}}
    (found,) = doctor_workspace._unfinished(Path("b"), Path("b/models/x.h5"), facts)
    assert found.advice == f"to go on: {goes_on}"


def test_the_sheet_of_strengths_that_an_interrupt_took_comes_later(workspace: Workspace) -> None:
    small = StarGANConfig(
        emotions=("neutral", "happy"), base_channels=2, residual_blocks=0, discriminator_channels=2,
        batch_size=4, steps=1,
    )  # fmt: skip
    train(small, workspace)
    config = SynthConfig(count=2, strength=0.5)
    result = synthesise(config, workspace, name="half")
    sheet, made = result.path.with_name("half-strengths.png"), sha256_file(result.path)
    sheet.unlink()
    assert synthesise(config, workspace, name="half").already_done
    assert sheet.is_file() and sha256_file(result.path) == made


@pytest.mark.skipif(os.name == "nt", reason="no flock")
def test_a_model_that_another_process_is_making_is_left_to_it(workspace: Workspace) -> None:
    events: list[Event] = []
    with exclusive(workspace.model("simple")):
        bench(REAL, workspace, notify=events.append)
    assert not workspace.model("simple").exists()
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any(note.endswith("is writing it; this classifier is in bench/") for note in notes)


def test_doctor_of_a_benchmark_that_leaves_test_out(workspace: Workspace) -> None:
    bench(REAL, workspace, name="candidate", test=False)
    found = {one.name: one for one in doctor_workspace.workspace_health(workspace, ignore)}
    assert found["bench/candidate"].value == "no figures on test yet: 1 repeat done"
    assert "fine after --no-test" in found["bench/candidate"].advice


def test_a_dataset_beside_a_source_is_not_ignored(workspace: Workspace) -> None:
    train_translator(TINY, workspace)
    first = synthesise(SynthConfig(count=2), workspace)
    back = SynthConfig(pair="happy:neutral", count=2)
    with pytest.raises(MissingArtifactError, match="nowhere"):
        synthesise(back, workspace, source=first.path, dataset=Path("nowhere.h5"))
    events: list[Event] = []
    synthesise(back, workspace, source=first.path, dataset=workspace.dataset(), notify=events.append)
    assert any(isinstance(one, Note) and one.text.startswith("--dataset: all images are") for one in events)


@pytest.mark.parametrize("use", ["fill", "pretrain"])
def test_a_use_beside_no_real_images_is_refused(workspace: Workspace, use: str) -> None:
    make_set(workspace)
    with pytest.raises(UsageError, match="--use: is against real images"):
        read_inputs(replace(REAL, arms=("real", "synthetic"), use=use), workspace, (), None)


@pytest.mark.skipif(os.name == "nt", reason="no flock")
def test_export_advises_what_it_has(workspace: Workspace, tmp_path: Path) -> None:
    model = train_translator(TINY, workspace).path
    with (
        exclusive(tmp_path / "out.h5"),
        pytest.raises(StorageError, match=r"wait for it or name another file$"),
    ):
        export_artifact(model, tmp_path / "out.h5")


def test_many_right_ones_are_written_out() -> None:
    assert _share({"correct": [12345, 12346], "total": 20000}) == "62 % 12345.5/20000"
    assert _share({"correct": [282], "total": 491}) == "57 % 282/491"


def test_pictures_of_two_benchmarks_do_not_replace_one_another(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="'x-confusion' is what pictures of 'x' are called"):
        bench(REAL, workspace, name="x-confusion")
    make_set(workspace)
    with pytest.raises(UsageError, match="'x-pairs' is what pictures of 'x' are called"):
        ssim(SsimConfig(queries=5, pairs=5), workspace, name="x-pairs")


def test_pictures_of_an_earlier_analysis_never_outlive_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_set(workspace)
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
