"""What a notebook has set of torch does not enter feraug's work, and feraug's does not enter the notebook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import feraug
from feraug.store.model import read_model
from feraug.store.workspace import Workspace

TINY = {"base_channels": 1, "residual_blocks": 0, "discriminator_channels": 1, "batch_size": 2}
MODELS: dict[str, dict[str, Any]] = {
    "cyclegan": TINY,
    "wgan-gp": {"base_channels": 1, "discriminator_channels": 1, "batch_size": 4, "emotions": ("neutral",)},
    "simple": {"width": 0.05, "batch_size": 16},
}


@contextmanager
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "float64": float64,
    "device": lambda: torch.device("meta"),  # as torch.set_default_device has it
}


def weights(path: Path) -> str:
    """What was trained: the file itself has times, too."""
    arrays = read_model(path).arrays
    digest = hashlib.sha256()
    for name in sorted(arrays):
        if name.startswith(("networks/", "chosen/")):  # translators have the former, classifiers the latter
            digest.update(arrays[name].tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("model", MODELS)
def test_a_training_is_the_same_whatever_torch_is_set_to(workspace: Workspace, model: str) -> None:
    def trained(name: str, around: AbstractContextManager[Any]) -> str:
        with around:
            made = feraug.train(model, workspace=workspace.root, name=name, steps=2, **MODELS[model])
        return weights(made.path)

    plain = trained("plain", nullcontext())
    for name, around in SURROUNDINGS.items():
        assert trained(name, around()) == plain, name
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


@contextmanager
def uncached() -> Iterator[None]:
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_cache_enabled(True)


def test_a_mixed_precision_training_goes_by_the_weights_of_each_step(workspace: Workspace) -> None:
    """Torch keeps what autocast has cast until the outermost region ends, and that may be a notebook's."""

    def trained(name: str, around: AbstractContextManager[Any]) -> tuple[str, list[float]]:
        with around:
            made = feraug.train(
                "simple", workspace=workspace.root, name=name, steps=4, width=0.05, batch_size=16,
                precision="bf16-mixed",
            )  # fmt: skip
        return weights(made.path), read_model(made.path).arrays["history/loss"].tolist()

    expected = trained("uncached", uncached())  # every weight is used once a step, so all bits are alike
    for name in ("plain", "autocast", "twice"):
        around = ExitStack()
        for _ in range(("plain", "autocast", "twice").index(name)):
            around.enter_context(torch.autocast("cpu", dtype=torch.bfloat16))
        assert trained(name, around) == expected, name
        assert torch.is_autocast_enabled("cpu") is False and torch.autocast_increment_nesting() == 1
        torch.autocast_decrement_nesting()


def test_the_random_numbers_of_a_notebook_go_on_as_they_were(workspace: Workspace) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    benchmark = feraug.BenchConfig(
        classifier=feraug.ClassifierConfig(model="simple", width=0.05, steps=1, batch_size=16), repeats=1
    )
    for again in (False, True):
        torch.manual_seed(5)
        for model, settings in MODELS.items():
            made = feraug.train(model, workspace=workspace.root, steps=1, name=f"rng-{model}", **settings)
            assert made.already_done is again
        assert feraug.bench(benchmark, workspace=workspace.root).already_done is again
        assert torch.equal(torch.rand(3), expected)


def images_of(workspace: Workspace) -> NDArray[np.uint8]:
    return feraug.open_dataset(workspace.dataset()).images[:3]


def test_models_of_float32_work_beside_float64(workspace: Workspace) -> None:
    paths = {
        model: feraug.train(model, workspace=workspace.root, steps=1, **settings).path
        for model, settings in MODELS.items()
    }

    def asked() -> list[NDArray[Any]]:
        faces = images_of(workspace)
        return [
            feraug.load_translator(paths["cyclegan"]).translate(faces),
            feraug.load_generator(paths["wgan-gp"]).generate(2)[0],
            feraug.load_classifier(paths["simple"]).probabilities(faces),
        ]

    plain = asked()
    with float64():
        beside = asked()
    for one, other in zip(plain, beside, strict=True):
        np.testing.assert_array_equal(one, other)
    translator, generator = feraug.load_translator(paths["cyclegan"]), feraug.load_generator(paths["wgan-gp"])
    faces = translator.forward(torch.zeros(3, 1, 48, 48), "neutral:happy")
    noise = generator.forward(torch.randn(3, generator.config.latent_size), torch.zeros(3, dtype=torch.int64))
    for made in (faces, noise):  # what one trains on may be made by them
        network = torch.nn.Conv2d(1, 2, 3)
        network(made).sum().backward()
        assert network.weight.grad is not None and not made.requires_grad
    assert {translator: 1}[translator] == 1 and hash(generator) != hash(translator), (
        "keys, such as of a cache"
    )
    assert hash(feraug.load_classifier(paths["simple"]))


def test_what_is_no_array_of_images_is_refused_in_words(workspace: Workspace) -> None:
    with_gradient = torch.rand(3, 48, 48, requires_grad=True)
    ragged = [np.zeros((48, 48), np.uint8), np.zeros((3, 48), np.uint8)]
    for given, words in (
        (with_gradient, r"images must be uint8 \(N, 48, 48\): .*requires.grad"),
        (ragged, r"images must be uint8 \(N, 48, 48\): "),
        (np.zeros((1, 48, 48)), r"images must be uint8 \(N, 48, 48\), not float64"),
    ):
        with pytest.raises(feraug.UsageError, match=words):
            feraug.degrade(given, "noise", 0.5)  # type: ignore[arg-type]
    assert feraug.degrade(images_of(workspace), "noise", 0.5, seed=torch.tensor(3)).shape == (3, 48, 48)  # type: ignore[arg-type]
    with pytest.raises(feraug.UsageError, match=r"^predictions: 'real': no array \(.*grad"):
        feraug.bench_predictions({"real": torch.rand(1, 3, 7, requires_grad=True)}, workspace=workspace.root)
    with pytest.raises(feraug.UsageError, match=r"^predictions: give them by arm, such as \{'real'"):
        feraug.bench_predictions([[0, 1]], workspace=workspace.root)  # type: ignore[arg-type]
    with pytest.raises(feraug.UsageError, match="--device 'None': not available here; there are auto, cpu"):
        feraug.train("simple", workspace=workspace.root, device=None)


def test_names_serve_as_on_the_command_line(workspace: Workspace) -> None:
    feraug.train("cyclegan", workspace=workspace.root, steps=1, name="tiny", **TINY)
    made = feraug.synthesise(feraug.SynthConfig("neutral:happy", 3), workspace=workspace.root, model="tiny")
    name = f"synthetic/{made.path.stem}"
    assert feraug.trace(name, 1, workspace=workspace.root)[0].path == made.path
    exported = feraug.export_artifact(name, workspace.root / "out", workspace=workspace.root)
    assert exported.images == 3
    found = feraug.ssim(feraug.SsimConfig(queries=5), workspace=workspace.root, synthetic=None)
    assert len(repr(found)) < 700 and "array" not in repr(found), "what a cell shows that ends in the call"


def test_type_checkers_know_the_names() -> None:
    """mypy, which CI runs on the tests, too, complains where one of these is not needed."""
    with pytest.raises(AttributeError, match="module 'feraug' has no attribute 'load_tranlator'"):
        feraug.load_tranlator  # type: ignore[attr-defined]  # noqa: B018
    weight: float = feraug.DEFAULTS["cyclegan"].cycle_weight
    critics: int = feraug.DEFAULTS["wgan-gp"].critic_steps
    width: float = feraug.DEFAULTS["vgg19"].width
    assert weight and critics and width
    for kind in (feraug.TrainResult, feraug.BenchResult, feraug.FilterResult, feraug.Link, feraug.Progress):
        assert isinstance(kind, type)
    told = feraug.FilterConfig.__doc__
    assert told is not None
    assert "    min_face: None by default, 0 to 1. Minimum face-detector score; default: 5th perc" in told
