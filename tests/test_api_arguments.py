"""What users of the Python API give: paths, names, numbers of numpy, and what makes no sense."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import feraug
from feraug.api_arguments import config_of, place, several, text, workspace_at

TINY = {"base_channels": 1, "residual_blocks": 0, "discriminator_channels": 1, "batch_size": 2, "steps": 1}


def test_the_workspace_is_that_of_the_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FERAUG_WORKSPACE", raising=False)
    assert workspace_at(None).root == Path("artifacts")
    monkeypatch.setenv("FERAUG_WORKSPACE", str(tmp_path / "ws"))
    assert workspace_at(None).root == tmp_path / "ws"
    assert workspace_at("other").root == Path("other"), "what is given goes first"
    prepared = feraug.prepare("drawn:100", feraug.PrepareConfig(near_copies=False))
    assert prepared.path == tmp_path / "ws" / "dataset.h5"


def test_a_tilde_is_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, drawn_dataset: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copy(drawn_dataset, tmp_path / "faces.h5")
    assert len(feraug.open_dataset("~/faces.h5")) > 0
    assert workspace_at("~/ws").root == tmp_path / "ws"
    assert place("~/x") == tmp_path / "x" and place(None) is None
    assert several(["~/a.h5", "b"]) == [str(tmp_path / "a.h5"), "b"]
    assert text("~/x") == str(tmp_path / "x") and text("drawn:5") == "drawn:5" and text(None) is None
    for load in (feraug.load_classifier, feraug.load_translator, feraug.load_generator):
        with pytest.raises(feraug.FeraugError, match=str(tmp_path / "none.h5")):
            load("~/none.h5")
    assert feraug.export_artifact("~/faces.h5", "~/faces.csv").path == tmp_path / "faces.csv"


def test_only_a_path_below_it_is_of_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert workspace_at("~backup").root == Path("~backup") and text("~x.h5") == "~x.h5"
    for call in (feraug.open_dataset, feraug.load_translator, feraug.load_classifier, feraug.write_report):
        with pytest.raises(feraug.FeraugError, match="~nobody"):
            call("~nobody/x.h5")


def test_one_name_may_stand_by_itself(tmp_path: Path) -> None:
    assert list(several("abc")) == ["abc"] and list(several(Path("abc"))) == ["abc"]
    assert list(several(["a", "b"])) == ["a", "b"]
    calls: list[Callable[[], Any]] = [
        lambda: feraug.ssim(workspace=tmp_path, synthetic="none"),
        lambda: feraug.bench(
            feraug.BenchConfig(arms=("real", "synthetic")), workspace=tmp_path, synthetic="none"
        ),
        lambda: feraug.compare(workspace=tmp_path, models="none"),
    ]
    feraug.prepare("drawn:100", feraug.PrepareConfig(near_copies=False), workspace=tmp_path)
    for call in calls:
        with pytest.raises(feraug.FeraugError, match="none"):
            call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: feraug.prepare("drawn:9", feraug.SsimConfig()),
            "prepare: takes a PrepareConfig, not a SsimConfig",
        ),
        (
            lambda: feraug.bench(feraug.ClassifierConfig()),
            "bench: takes a BenchConfig, not a ClassifierConfig",
        ),
        (lambda: feraug.ssim(feraug.CompareConfig()), "ssim: takes a SsimConfig, not a CompareConfig"),
        (lambda: feraug.compare(feraug.SsimConfig()), "compare: takes a CompareConfig, not a SsimConfig"),
        (lambda: feraug.synthesise("neutral:happy"), "takes a SynthConfig or NoiseSynthConfig, not a str"),
        (
            lambda: feraug.train_translator(feraug.ClassifierConfig()),  # type: ignore[arg-type]
            "train_translator: takes a TranslatorConfig or StarGANConfig, not a ClassifierConfig",
        ),
        (lambda: feraug.train(None), "train: takes a model's name, or a config"),  # type: ignore[call-overload]
        (
            lambda: feraug.train(feraug.SynthConfig()),
            "train: takes a TranslatorConfig or .*, not a SynthConfig",
        ),
        (
            lambda: feraug.filter_synthetic("x", feraug.SynthConfig()),
            "filter_synthetic: takes a FilterConfig",
        ),
        (
            lambda: feraug.translate_photos("x", feraug.SynthConfig()),
            "translate_photos: takes a PhotosConfig",
        ),
    ],
)
def test_a_config_of_another_function_is_refused(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(feraug.UsageError, match=words):
        call()


def test_a_config_of_one_s_own_class_will_do() -> None:
    class Mine(feraug.SsimConfig):
        pass

    assert config_of("ssim", Mine(), feraug.SsimConfig()).__class__ is Mine
    assert config_of("ssim", None, feraug.SsimConfig(queries=3)).queries == 3


def test_numbers_of_numpy_and_lists_of_names_are_plain_in_a_config() -> None:
    made = feraug.SynthConfig(count=np.int64(5), strength=np.float32(0.5), seed=np.uint8(3))  # type: ignore[arg-type]
    assert (made.count, made.strength, made.seed) == (5, 0.5, 3)
    assert (type(made.count), type(made.strength)) == (int, float)
    assert feraug.NoiseSynthConfig(4, ["happy"]).emotions == ("happy",)  # type: ignore[arg-type]
    assert feraug.BenchConfig(arms=["real"]).arms == ("real",)  # type: ignore[arg-type]
    assert feraug.CompareConfig(degrade=["noise"]).degrade == ("noise",)  # type: ignore[arg-type]
    with pytest.raises(feraug.UsageError, match=r"-n: 2\.5 is not of type int"):
        feraug.SynthConfig(count=np.float64(2.5))  # type: ignore[arg-type]
    with pytest.raises(feraug.UsageError, match="--seed: True is not of type int"):
        feraug.SynthConfig(seed=True)
    with pytest.raises(feraug.UsageError, match=r"--source-share: 2 is not a number from 0 to 1"):
        feraug.SynthConfig(source_share=2)
    with pytest.raises(feraug.UsageError, match=r"--emotion: \('happy', 3\) is not of type list of names"):
        feraug.NoiseSynthConfig(4, ["happy", 3])  # type: ignore[arg-type,list-item]


def test_a_split_goes_by_its_usual_names() -> None:
    assert feraug.SynthConfig(split="PublicTest").split == "validation"
    with pytest.raises(feraug.UsageError, match=r"unknown split 'tset' \(did you mean 'test'\?\)"):
        feraug.SynthConfig(split="tset")


@pytest.fixture(scope="module")
def stargan(tmp_path_factory: pytest.TempPathFactory) -> feraug.Translator:
    root = tmp_path_factory.mktemp("stargan")
    feraug.prepare("drawn:100", feraug.PrepareConfig(near_copies=False), workspace=root)
    result = feraug.train(
        "stargan", workspace=root, emotions=["happy", "sad", "neutral"], device="cpu", **TINY
    )
    return feraug.load_translator(result.path)


FACES = np.random.default_rng(0).integers(0, 255, (2, 48, 48), np.uint8)


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), -0.1, 2.1, "0.5", None])
def test_a_strength_out_of_range_is_refused(stargan: feraug.Translator, strength: Any) -> None:
    with pytest.raises(feraug.UsageError, match=r"strength: .* is not a number from 0 to 2"):
        stargan.translate(FACES, "neutral:happy", strength=strength)


def test_strengths_and_pairs_of_any_kind(stargan: feraug.Translator) -> None:
    half = stargan.translate(FACES, "neutral:happy", strength=0.5)
    again = stargan.translate(FACES, "neutral:happy", strength=np.float32(0.5))  # type: ignore[arg-type]
    np.testing.assert_array_equal(half, again)
    (pair,) = [pair for pair in stargan.config.pairs if str(pair) == "neutral:happy"]
    np.testing.assert_array_equal(stargan.translate(FACES, pair), stargan.translate(FACES, "neutral:happy"))
    for pair in (("neutral", "happy"), 3):
        with pytest.raises(feraug.UsageError, match="is no direction; write 'neutral:happy'"):
            stargan.translate(FACES, pair)  # type: ignore[arg-type]


def test_a_benchmark_is_of_its_own_function(tmp_path: Path) -> None:
    feraug.prepare("drawn:100", feraug.PrepareConfig(near_copies=False), workspace=tmp_path)
    tiny = feraug.ClassifierConfig(width=0.05, steps=1, batch_size=4)
    result = feraug.bench(feraug.BenchConfig(tiny, repeats=1), workspace=tmp_path, device="cpu")
    for path in (result.path, tmp_path / "bench" / "simple" / "real-0.h5"):
        with h5py.File(path) as file:
            assert file.attrs["command"] == b"feraug.bench"


def test_lists_of_faces_are_faces() -> None:
    whole = feraug.all_pairs_ssim(FACES, FACES, threads=1)
    np.testing.assert_array_equal(feraug.all_pairs_ssim(list(FACES), list(FACES), threads=1), whole)  # type: ignore[arg-type]
    for images in (None, [], "faces"):
        with pytest.raises(feraug.UsageError, match="images must be uint8"):
            feraug.all_pairs_ssim(images, FACES)  # type: ignore[arg-type]
    for threads in (0, -1, "1"):
        with pytest.raises(feraug.UsageError, match=r"threads: .* is not a whole number from 1 on"):
            feraug.all_pairs_ssim(FACES, FACES, threads=threads)  # type: ignore[arg-type]


def test_open_files_are_compared_by_identity(drawn_dataset: Path) -> None:
    one, other = feraug.open_dataset(drawn_dataset), feraug.open_dataset(drawn_dataset)
    assert one == one and one != other and len({one, other}) == 2, "arrays have no single answer"
