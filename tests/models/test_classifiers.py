"""Exact layer tables and counts of the classifiers; that their narrow versions can learn faces by heart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from feraug.config import CLASSIFIERS, classifier_config
from feraug.data import LabelledBatches, LabelledFaces, Sampling, on_device, to_float
from feraug.emotions import EMOTIONS
from feraug.models.classifiers import (
    CLASSIFIER_NETWORKS,
    VGG19,
    Classifier,
    Simple,
    Surreal,
    build_classifier,
    values_in,
)
from feraug.sources.drawn import draw
from feraug.training import ClassifierState, fit_classifier, new_fabric

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def on_meta(build: type[Classifier], *arguments: float) -> Classifier:
    with torch.device("meta"):
        return build(*arguments)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def shapes(network: Classifier, side: int, kinds: tuple[type[nn.Module], ...]) -> list[tuple[int, ...]]:
    """Shapes (without N) that the layers of some kinds put out, in the order in which they run."""
    found: list[tuple[int, ...]] = []
    for layer in network.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(lambda _, __, output: found.append(tuple(output.shape[1:])))
    network.eval()(torch.empty(2, 1, side, side, device="meta"))
    return found


def faces(count: int = 3, side: int = 48) -> Tensor:
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(2)) * 2 - 1


DENSE = (nn.Linear,)
CONVOLUTIONS = (nn.Conv2d, nn.MaxPool2d, nn.Flatten)


class TestSimple:
    def test_has_exactly_the_slides_number_of_values(self) -> None:
        network = on_meta(Simple)
        assert values_in(network) == 5_905_863
        assert count(network) == 5_902_151

    def test_has_the_slides_layers(self) -> None:
        network = on_meta(Simple)
        assert shapes(network, 48, (*CONVOLUTIONS, *DENSE)) == [
            (64, 46, 46), (64, 46, 46), (64, 23, 23),
            (128, 23, 23), (128, 23, 23), (128, 11, 11),
            (256, 11, 11), (256, 11, 11), (256, 5, 5),
            (512, 5, 5), (512, 5, 5), (512, 2, 2),
            (512,), (256,), (128,), (7,),
        ]  # fmt: skip
        assert network.head[0].in_features == 2048

    def test_has_a_norm_after_every_relu_of_a_convolution_but_the_first(self) -> None:
        body = [type(layer).__name__ for layer in on_meta(Simple).body]
        once = ["Conv2d", "ReLU", "BatchNorm2d"]
        first = ["Conv2d", "ReLU", *once, "MaxPool2d", "Dropout"]
        assert body == first + [*once, *once, "MaxPool2d", "Dropout"] * 3


class TestVGG19:
    def test_body_is_torchvision_s_but_for_the_first_layer_s_channels(self) -> None:
        from torchvision.models import vgg19_bn

        with torch.device("meta"):
            theirs = vgg19_bn(init_weights=False).features
        ours = on_meta(VGG19).body
        expected = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
        assert expected["0.weight"] == (64, 3, 3, 3)
        expected["0.weight"] = (64, 1, 3, 3)
        assert {name: tuple(value.shape) for name, value in ours.state_dict().items()} == expected
        assert [type(layer) for layer in ours] == [type(layer) for layer in theirs]

    def test_has_one_dense_layer(self) -> None:
        network = on_meta(VGG19)
        assert [(layer.in_features, layer.out_features) for layer in network.head[1:]] == [(512, 7)]
        assert count(network) == count(network.body) + 512 * 7 + 7

    @pytest.mark.parametrize(("side", "sides"), [(44, (22, 11, 5, 2, 1)), (48, (24, 12, 6, 3, 1))])
    def test_faces_of_both_sizes_end_as_one_place(self, side: int, sides: tuple[int, ...]) -> None:
        channels = (64, 128, 256, 512, 512)
        found = shapes(on_meta(VGG19), side, (nn.MaxPool2d,))
        assert found == [(c, s, s) for c, s in zip(channels, sides, strict=True)]


class TestSurreal:
    def test_has_exactly_the_parameters_of_its_layer_table(self) -> None:
        convolutions = (9 + 1) * 64 + (9 * 64 + 1) * 128
        dense = (128 * 12 * 12 + 1) * 256 + (256 + 1) * 256 + (256 + 1) * 7
        assert convolutions + dense == 4_860_935
        assert values_in(on_meta(Surreal)) == count(on_meta(Surreal)) == 4_860_935

    def test_halves_twice(self) -> None:
        assert shapes(on_meta(Surreal), 48, (*CONVOLUTIONS, *DENSE)) == [
            (64, 48, 48), (64, 24, 24), (128, 24, 24), (128, 12, 12), (256,), (256,), (7,),
        ]  # fmt: skip

    def test_norm_is_tensorflow_s(self) -> None:
        (first, second) = [layer for layer in Surreal(0.25).body if isinstance(layer, nn.LocalResponseNorm)]
        x = torch.randn(2, 16, 3, 3) * 50
        by_hand = torch.empty_like(x)
        for channel in range(16):
            near = x[:, max(0, channel - 4) : channel + 5]
            by_hand[:, channel] = x[:, channel] / (1 + 0.001 / 9 * near.square().sum(1)) ** 0.75
        assert by_hand.abs().max() < 0.9 * x.abs().max(), "these values are large enough for it to matter"
        torch.testing.assert_close(first(x), by_hand)
        torch.testing.assert_close(second(x), by_hand)


@pytest.mark.parametrize("model", CLASSIFIERS)
class TestEvery:
    def test_width_scales_all_layers_but_the_last(self, model: str) -> None:
        build = CLASSIFIER_NETWORKS[model]
        full = shapes(on_meta(build), 48, (nn.Conv2d, nn.Linear))
        half = shapes(on_meta(build, 0.5), 48, (nn.Conv2d, nn.Linear))
        assert half == [(channels // 2, *place) for channels, *place in full[:-1]] + [(7,)]

    def test_least_width_still_works(self, model: str) -> None:
        assert CLASSIFIER_NETWORKS[model](0.01).eval()(faces()).shape == (3, 7)

    def test_features_are_what_the_last_layer_is_given(self, model: str) -> None:
        network = CLASSIFIER_NETWORKS[model](0.1).eval()
        given: list[Tensor] = []
        network.head[-1].register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        logits = network(faces())
        assert torch.equal(network.features(faces()), given[0])
        assert torch.equal(network.head[-1](given[0]), logits)

    def test_weights_are_finite_and_first_logits_near_zero(self, model: str) -> None:
        network = CLASSIFIER_NETWORKS[model](0.25)
        assert all(value.isfinite().all() for value in network.state_dict().values())
        logits = network.eval()(faces(20))
        assert 0 < logits.abs().max() < 0.3
        last = network.head[-1]
        assert last.weight.std().item() == pytest.approx(0.01, rel=0.2)
        assert not last.bias.any()

    def test_activations_keep_their_scale_through_the_layers(self, model: str) -> None:
        network = CLASSIFIER_NETWORKS[model](0.25, 0.0).train()
        spread = network.features(faces(20)).square().mean().sqrt().item()
        assert 0.1 < spread < 10

    def test_dropout_is_as_large_as_it_is_set_and_only_in_training(self, model: str) -> None:
        network = CLASSIFIER_NETWORKS[model](0.1, 0.3)
        shares = {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)}
        assert shares == {0.3}
        network.eval()
        assert torch.equal(network(faces()), network(faces()))

    def test_is_built_from_its_config(self, model: str) -> None:
        network = build_classifier(classifier_config({"model": model, "width": 0.1, "dropout": 0.3}))
        torch.manual_seed(0)
        same = CLASSIFIER_NETWORKS[model](0.1, 0.3)
        assert str(network) == str(same)
        torch.manual_seed(1)
        other = CLASSIFIER_NETWORKS[model](0.1, 0.3)
        assert not torch.equal(other.head[-1].weight, same.head[-1].weight)

    def test_building_on_meta_draws_no_random_numbers(self, model: str) -> None:
        before = torch.get_rng_state()
        network = on_meta(CLASSIFIER_NETWORKS[model], 0.5)
        assert torch.equal(torch.get_rng_state(), before)
        assert all(value.is_meta for value in network.state_dict().values())


PLAIN: Mapping[str, Any] = {
    "batch_size": 50, "optimizer": "adamw", "weight_decay": 0.0, "dropout": 0.0, "label_smoothing": 0.0,
    "rotation": 0.0, "zoom": 0.0, "shift": 0.0, "flip": False,
}  # fmt: skip
EFFORT: Mapping[str, Mapping[str, Any]] = {
    "simple": {"width": 0.0625, "rate": 3e-3, "steps": 100},
    "vgg19": {"width": 0.0625, "rate": 3e-3, "steps": 80, "crop": 48},
    "surreal": {"width": 0.125, "rate": 6e-3, "steps": 120},
}


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_a_narrow_version_learns_100_drawn_faces_by_heart(model: str) -> None:
    codes = np.arange(100, dtype=np.uint8) % 7
    images = draw(0, range(100), [EMOTIONS[code] for code in codes])
    config = classifier_config({"model": model, **PLAIN, **EFFORT[model]})
    shown = to_float(on_device(images, CPU))

    @torch.inference_mode()
    def accuracy(network: nn.Module) -> Mapping[str, float]:
        return {"accuracy": float((network(shown).argmax(1).numpy() == codes).mean())}

    sampling = Sampling(config.batch_size, config.seed, CPU)
    batches = LabelledBatches(LabelledFaces(images, codes, np.ones(100, np.float32)), config, sampling)
    state = ClassifierState.create(build_classifier(config), config, new_fabric(CPU))
    assert config.steps is not None
    for _ in fit_classifier(state, batches, steps=config.steps, steps_per_epoch=10, evaluate=accuracy):
        if state.history.get("validation_accuracy", [0.0])[-1] == 1.0:
            break
    assert accuracy(state.chosen) == {"accuracy": 1.0}
