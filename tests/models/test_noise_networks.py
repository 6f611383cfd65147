"""Exact layer tables and shapes of the networks for faces from noise, and what a class does in them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.config import NOISE_GENERATORS, NoiseConfig, model_config
from feraug.models import NoiseDiscriminator, NoiseGenerator, build_networks


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


ZERO, ONE = torch.zeros(3, dtype=torch.int64), torch.ones(3, dtype=torch.int64)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(build: type[nn.Module], *arguments: object) -> nn.Module:
    with torch.device("meta"):
        return build(*arguments)


def noise() -> Tensor:
    return torch.randn(3, 10, generator=torch.Generator().manual_seed(1))


def faces() -> Tensor:
    return torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2)) * 2 - 1


PROJECT = 100 * 512 * 3 * 3  # (N, 100) -> (N, 512, 3, 3)
NORMS = 2 * (512 + 256 + 128 + 64)
CHANGES = 2 * (512 + 256 + 128 + 64)  # a scale and a shift of every channel, for each class


@pytest.mark.parametrize(("classes", "changes"), [(1, 0), (7, 7 * CHANGES)])
def test_generator_has_exactly_the_parameters_of_its_layer_table(classes: int, changes: int) -> None:
    up = (512 * 256 + 256 * 128 + 128 * 64) * 4 * 4
    head = 64 * 4 * 4 + 1
    assert PROJECT + NORMS + up + head == 3_216_257
    assert changes in (0, 13_440)
    assert count(on_meta(NoiseGenerator, 64, 100, classes)) == 3_216_257 + changes


def test_generator_without_norm_has_biases_in_its_place() -> None:
    assert count(on_meta(NoiseGenerator, 64, 100, 7, "none")) == 3_216_257 + 13_440 - NORMS // 2


def test_generator_with_resize_convolutions_has_kernels_of_9_weights() -> None:
    up = (512 * 256 + 256 * 128 + 128 * 64) * 3 * 3
    head = 64 * 3 * 3 + 1
    assert count(on_meta(NoiseGenerator, 64, 100, 1, "batch", "resize")) == PROJECT + NORMS + up + head


@pytest.mark.parametrize(("classes", "vectors"), [(1, 0), (7, 7 * 512 * 3 * 3)])
def test_discriminator_has_exactly_the_parameters_of_its_layer_table(classes: int, vectors: int) -> None:
    first = 4 * 4 * 64 + 64
    middle = (64 * 128 + 128 * 256 + 256 * 512) * 4 * 4
    norms = 2 * (128 + 256 + 512)
    head = 3 * 3 * 512 + 1
    assert first + middle + norms + head == 2_760_001
    assert count(on_meta(NoiseDiscriminator, 64, classes)) == 2_760_001 + vectors
    assert count(on_meta(NoiseDiscriminator, 64, classes, "instance")) == 2_760_001 + vectors
    assert count(on_meta(NoiseDiscriminator, 64, classes, "none")) == 2_760_001 + vectors - norms // 2


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_generator_s_shapes_at_every_layer(norm: str, upsampling: str, classes: int) -> None:
    generator = NoiseGenerator(2, 10, classes, norm, upsampling)
    x = generator.project(noise()[:, :, None, None])
    shapes = [tuple(x.shape)]
    for layer in generator.up:
        x = layer(x)
        shapes.append(tuple(x.shape))
    assert shapes == [(3, 16, 3, 3), (3, 8, 6, 6), (3, 4, 12, 12), (3, 2, 24, 24)]
    made = generator(noise(), ZERO)
    assert made.shape == (3, 1, 48, 48)
    assert made.abs().max() <= 1


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_discriminator_gives_a_raw_score_an_image_and_features(norm: str, classes: int) -> None:
    judge = NoiseDiscriminator(2, classes, norm)
    assert judge(faces(), ZERO).shape == (3,)
    assert judge.features(faces()).shape == (3, 16, 3, 3)
    before = judge(faces(), ZERO)
    with torch.no_grad():
        judge.head.get_parameter("bias").add_(7.0)
    assert torch.allclose(judge(faces(), ZERO), before + 7.0), "a sigmoid would keep the scores below 1"


@pytest.mark.parametrize("classes", [1, 2])
def test_discriminator_scores_faces_under_several_classes(classes: int) -> None:
    judge = NoiseDiscriminator(2, classes)
    if judge.by_class is not None:
        nn.init.normal_(judge.by_class)
    ways = torch.stack((ZERO, ZERO if classes == 1 else ONE), 1)
    found = judge(faces(), ways)
    assert found.shape == (3, 2)
    for number in range(2):
        torch.testing.assert_close(found[:, number], judge(faces(), ways[:, number]))
    if classes == 2:
        assert not torch.allclose(found[:, 0], found[:, 1])


def test_discriminator_without_norm_scores_each_image_on_its_own() -> None:
    images = faces()
    plain, batch = NoiseDiscriminator(2, 1, "none"), NoiseDiscriminator(2, 1, "batch")
    assert torch.allclose(plain(images, ZERO)[:1], plain(images[:1], ZERO[:1]), atol=1e-6)
    assert not torch.allclose(batch(images, ZERO)[:1], batch(images[:1], ZERO[:1]), atol=1e-6)


def test_a_class_means_nothing_until_its_parameters_move() -> None:
    generator, judge = NoiseGenerator(2, 10, 2), NoiseDiscriminator(2, 2)
    assert torch.equal(generator(noise(), ZERO), generator(noise(), ONE))
    assert torch.equal(judge(faces(), ZERO), judge(faces(), ONE))


@pytest.mark.parametrize("place", range(4))
def test_generator_scales_and_shifts_every_layer_by_class(place: int) -> None:
    generator = NoiseGenerator(2, 10, 2, "none")
    by_class = generator.by_class[place].get_parameter("change")
    drawn: list[Tensor] = []
    generator.head.register_forward_hook(lambda _, __, output: drawn.append(output))
    generator(noise(), ZERO)
    with torch.no_grad():
        by_class[1, 0] = 1.0
    for classes in (ZERO, ONE):
        generator(noise(), classes)
    with torch.no_grad():
        by_class[1, 1] = 1.0
    generator(noise(), ONE)
    before, other_class, scaled, shifted = drawn
    assert torch.equal(other_class, before)
    # Biases begin at zero and ReLU keeps factors: twice the channels are twice the image before tanh.
    assert torch.allclose(scaled, 2 * before, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(shifted, scaled)


def test_generator_takes_each_image_s_own_class() -> None:
    generator = NoiseGenerator(2, 10, 3, "none")
    with torch.no_grad():
        for by_class in generator.by_class:
            nn.init.normal_(by_class.get_parameter("change"))
    mixed = generator(noise(), torch.tensor([2, 0, 1]))
    for place, number in enumerate((2, 0, 1)):
        alone = generator(noise()[place : place + 1], torch.tensor([number]))
        assert torch.allclose(mixed[place], alone[0], atol=1e-6)


def test_discriminator_adds_the_inner_product_with_the_class_s_weights() -> None:
    judge = NoiseDiscriminator(2, 2, "none")
    without = judge(faces(), ZERO)
    assert judge.by_class is not None
    with torch.no_grad():
        judge.by_class[1] = torch.arange(144.0).view(16, 3, 3)
    assert torch.equal(judge(faces(), ZERO), without)
    features = judge.features(faces()).flatten(1)
    expected = [
        score.item() + sum(number * value.item() for number, value in enumerate(row))
        for score, row in zip(without, features, strict=True)
    ]
    assert judge(faces(), ONE).tolist() == pytest.approx(expected, rel=1e-4)


def test_generator_without_norm_begins_with_activations_of_one_scale() -> None:
    torch.manual_seed(0)
    generator = NoiseGenerator(8, 100, 1, "none")
    spreads: list[float] = []
    for layer in (generator.project, *generator.up):
        layer.register_forward_hook(lambda _, __, output: spreads.append(output.std().item()))
    with torch.no_grad():
        generator(torch.randn(64, 100), torch.zeros(64, dtype=torch.int64))
    gain = (2 / 1.04) ** 0.5
    assert spreads[0] == pytest.approx(gain, rel=0.1), "noise of spread 1, each output meets 100 weights"
    assert all(0.7 < spread < 1.7 for spread in spreads)


@pytest.mark.parametrize("build", [NoiseGenerator, NoiseDiscriminator])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_building_on_meta_draws_no_random_numbers(build: type[nn.Module], norm: str) -> None:
    before = torch.get_rng_state()
    network = on_meta(build, *((4, 10, 2, norm) if build is NoiseGenerator else (4, 2, norm)))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.is_meta for parameter in network.parameters())


@pytest.mark.parametrize("model", NOISE_GENERATORS)
def test_settings_reach_their_places(model: str) -> None:
    config = model_config(
        {
            "model": model, "base_channels": 2, "discriminator_channels": 3, "latent_size": 5,
            "emotions": ["fear", "sad", "happy"], "upsampling": "resize", "discriminator_norm": "instance",
        }
    )  # fmt: skip
    assert isinstance(config, NoiseConfig)
    networks = build_networks(config)
    assert list(networks) == ["generator", "discriminator"]
    norm = "none" if model == "r3gan" else "batch"
    generator, judge = NoiseGenerator(2, 5, 3, norm, "resize"), NoiseDiscriminator(3, 3, "instance")
    assert str(networks["generator"]) == str(generator)
    assert str(networks["discriminator"]) == str(judge)
    for built, wanted in ((networks["generator"], generator), (networks["discriminator"], judge)):
        shapes = {name: value.shape for name, value in wanted.state_dict().items()}
        assert {name: value.shape for name, value in built.state_dict().items()} == shapes
