"""Exact layer tables, shapes, the identity start and the receptive field."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from feraug.config import TRANSLATORS, TranslatorConfig, model_config
from feraug.config.gan import OUTPUTS
from feraug.models import (
    Discriminator,
    TranslationGenerator,
    build_networks,
    build_translator,
    receptive_field,
)
from feraug.models.generator import REACH, Output, Upsampling, warped
from feraug.sources.drawn import draw


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def random_faces(number: int) -> torch.Tensor:
    return torch.rand(number, 1, 48, 48) * 2 - 1


def drawn_faces(number: int) -> torch.Tensor:
    return torch.from_numpy(draw(0, range(number)))[:, None] / 127.5 - 1.0


def test_generator_has_exactly_the_parameters_of_its_layer_table() -> None:
    stem = 7 * 7 * 1 * 16 + 2 * 16
    down = (3 * 3 * 16 * 32 + 2 * 32) + (3 * 3 * 32 * 64 + 2 * 64)
    blocks = 6 * 2 * (3 * 3 * 64 * 64 + 2 * 64)
    up = (3 * 3 * 64 * 32 + 2 * 32) + (3 * 3 * 32 * 16 + 2 * 16)
    head = 7 * 7 * 16 + 1
    assert stem + down + blocks + up + head == 491_873
    upsamplings: tuple[Upsampling, ...] = ("resize", "transposed")
    for upsampling in upsamplings:
        assert count(TranslationGenerator(16, 6, upsampling=upsampling)) == 491_873


def test_discriminator_has_exactly_the_parameters_of_its_layer_table() -> None:
    first = 4 * 4 * 32 + 32
    middle = (16 * 32 * 64 + 128) + (16 * 64 * 128 + 256) + (9 * 128 * 128 + 256)
    assert first + middle + (9 * 128 + 1) == 313_633
    assert count(Discriminator(32)) == 313_633


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_generator_keeps_the_shape_and_stays_within_range(output: Output, upsampling: Upsampling) -> None:
    faces = random_faces(3)
    translated = TranslationGenerator(4, 1, output, upsampling)(faces)
    assert translated.shape == faces.shape
    assert translated.abs().max() <= (1 if output == "direct" else 1 / 0.98)


@pytest.mark.parametrize("skips", [True, False])
def test_residual_generator_starts_close_to_the_identity(skips: bool) -> None:
    torch.manual_seed(0)
    faces = random_faces(2)
    with torch.no_grad():
        difference = (TranslationGenerator(16, 6, skips=skips)(faces) - faces).abs()
    assert difference.mean() < 0.02, "2.5 of 255 grey levels"
    assert difference.max() < 0.12


def test_warped_generator_starts_close_to_the_identity() -> None:
    torch.manual_seed(0)
    faces, generator = drawn_faces(8), TranslationGenerator(16, 6, "warped")
    with torch.no_grad():
        flow = generator.head(generator._body(faces))[:, 1:]
        difference = (generator(faces) - faces).abs()
    assert (REACH * flow.abs()).mean() < 0.1, "a tenth of a pixel"
    assert difference.mean() < 0.06


@pytest.mark.parametrize("output", ["residual", "warped"])
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_generator_is_the_identity_when_its_head_is_zero(
    upsampling: Upsampling, skips: bool, output: Output
) -> None:
    generator = TranslationGenerator(4, 1, output, upsampling, skips=skips)
    with torch.no_grad():
        generator.head.weight.zero_()
    faces = torch.cat([random_faces(2), torch.ones(1, 1, 48, 48), -torch.ones(1, 1, 48, 48)])
    # Within the rounding of positions, of white pixels once more of atanh, which is steep there.
    assert torch.allclose(generator(faces), faces, rtol=0, atol=1e-6 if output == "residual" else 1e-4)


def test_warping_takes_each_pixel_from_where_the_flow_points() -> None:
    faces = random_faces(2)
    still = torch.zeros(2, 2, 48, 48)
    assert torch.allclose(warped(faces, still), faces, atol=1e-5)
    for right, down in ((1.0, 0.0), (0.0, 2.0), (-3.0, 1.0)):
        flow = torch.tensor([right, down]) / REACH
        flow = torch.atanh(flow)[None, :, None, None].expand(2, 2, 48, 48)
        # numpy's way: row i, column j comes from row i + down, column j + right; beyond the rim the rim.
        rows = (torch.arange(48) + int(down)).clamp(0, 47)
        columns = (torch.arange(48) + int(right)).clamp(0, 47)
        assert torch.allclose(warped(faces, flow), faces[:, :, rows][..., columns], atol=1e-4)
    halfway = warped(
        faces, torch.atanh(torch.tensor([0.5, 0.0]) / REACH)[None, :, None, None].expand(2, 2, 48, 48)
    )
    assert torch.allclose(halfway[..., :-1], (faces[..., :-1] + faces[..., 1:]) / 2, atol=1e-4)
    far = warped(faces, torch.full((2, 2, 48, 48), 1e4))
    assert torch.allclose(far[:, :, :44, :44], faces[:, :, 4:, 4:], atol=1e-4), "no further than REACH"


def test_flow_is_smooth_over_two_pixels_and_teaches() -> None:
    flow, faces = torch.zeros(1, 2, 48, 48), drawn_faces(1)
    flow[0, :, 20, 20] = 1e4
    moved = warped(faces, flow)
    changed = (moved - faces).abs().squeeze() > 1e-4
    rows, columns = changed.nonzero(as_tuple=True)
    assert (
        changed.any()
        and rows.min() >= 18
        and rows.max() <= 23
        and columns.min() >= 18
        and columns.max() <= 23
    )
    start = torch.zeros(1, 2, 48, 48, requires_grad=True)
    (gradient,) = torch.autograd.grad(warped(faces, start).square().sum(), start)
    assert torch.isfinite(gradient).all() and (gradient != 0).float().mean() > 0.5


def test_warped_generator_has_two_more_channels_in_its_last_layer() -> None:
    assert count(TranslationGenerator(output="warped")) - count(TranslationGenerator()) == 2 * (49 * 16 + 1)
    assert count(TranslationGenerator(output="warped")) == 493_443


def test_skips_change_the_output_and_have_no_parameters() -> None:
    torch.manual_seed(0)
    faces = random_faces(2)
    carried, plain = TranslationGenerator(4, 1), TranslationGenerator(4, 1, skips=False)
    plain.load_state_dict(carried.state_dict())
    assert count(carried) == count(plain)
    assert (carried(faces) - plain(faces)).abs().max() > 1e-3


def test_skips_carry_detail_past_the_middle() -> None:
    torch.manual_seed(0)
    generator = TranslationGenerator(4, 1, "direct")
    faces = random_faces(2)
    with torch.no_grad():
        for layer in generator.up:  # nothing comes through the middle any more
            for parameter in layer.parameters():
                parameter.zero_()
        assert torch.allclose(generator(faces), torch.tanh(generator.head(generator.stem(faces))))
        generator.skips = False
        assert torch.allclose(generator(faces), torch.zeros_like(faces))


def test_direct_generator_does_not_start_at_the_identity() -> None:
    torch.manual_seed(0)
    faces = random_faces(2)
    with torch.no_grad():
        assert (TranslationGenerator(16, 6, "direct")(faces) - faces).abs().mean() > 0.2


@pytest.mark.parametrize("output", ["residual", "warped"])
def test_generator_is_finite_at_black_and_white(output: Output) -> None:
    faces = torch.stack([torch.full((1, 48, 48), -1.0), torch.full((1, 48, 48), 1.0)])
    assert torch.isfinite(TranslationGenerator(4, 1, output)(faces)).all()


@pytest.mark.parametrize("output", ["residual", "warped"])
def test_generator_takes_what_another_has_made(output: Output) -> None:
    faces = random_faces(2) / 0.98
    faces[0, 0, 0, :2] = torch.tensor([1.0, -1.0]) / 0.98  # where tanh has reached 1
    faces.requires_grad_()
    made = TranslationGenerator(4, 1, output)(faces)
    (gradient,) = torch.autograd.grad(made.sum(), faces)
    assert faces.abs().max() > 1
    assert torch.isfinite(made).all()
    assert torch.isfinite(gradient).all()


def test_discriminator_without_norm_has_biases_in_its_place() -> None:
    first = 4 * 4 * 32 + 32
    middle = (16 * 32 * 64 + 64) + (16 * 64 * 128 + 128) + (9 * 128 * 128 + 128)
    assert first + middle + (9 * 128 + 1) == 313_313
    judge = Discriminator(32, "none")
    assert count(judge) == 313_313
    assert not any(isinstance(layer, nn.InstanceNorm2d) for layer in judge.modules())


@pytest.mark.parametrize("norm", ["none", "instance"])
def test_discriminator_scores_each_image_on_its_own(norm: str) -> None:
    torch.manual_seed(0)
    judge, faces = Discriminator(4, norm), random_faces(3)
    together = judge(faces)
    for place in range(3):
        assert torch.allclose(judge(faces[place : place + 1])[0], together[place], atol=1e-6)
    (gradient,) = torch.autograd.grad(judge(faces.requires_grad_())[0].sum(), faces)
    assert gradient[0].abs().max() > 0
    assert gradient[1:].abs().max() == 0


def test_discriminator_gives_raw_scores_and_features_without_its_last_layer() -> None:
    judge = Discriminator(4)
    faces = torch.rand(2, 1, 48, 48)
    assert judge(faces).shape == (2, 1, 6, 6)
    assert judge.features(faces).shape == (2, 16, 6, 6)
    assert torch.equal(judge.head(judge.features(faces)), judge(faces))
    with torch.no_grad():
        judge.head.get_parameter("bias").fill_(7.0)
    assert (judge(faces) > 1).any(), "a sigmoid would keep the scores below 1"


def test_receptive_field_is_what_gradients_see() -> None:
    judge = Discriminator(4, "none")  # norms look at the whole image
    assert receptive_field(judge) == receptive_field(Discriminator(4)) == 54
    image = torch.zeros(1, 1, 160, 160, requires_grad=True)  # large enough to hold the window
    for parameter in judge.parameters():
        nn.init.constant_(parameter, 0.01)  # no two paths may cancel
    scores = judge(image)
    score = scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2]
    (gradient,) = torch.autograd.grad(score, image)
    for axis in (0, 1):
        seen = gradient[0, 0].abs().sum(axis).nonzero().flatten()
        assert int(seen.max() - seen.min()) + 1 == 54


@pytest.mark.parametrize("network", [TranslationGenerator, Discriminator])
def test_building_on_meta_draws_no_random_numbers(network: type[nn.Module]) -> None:
    before = torch.get_rng_state()
    with torch.device("meta"):
        built = network()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.is_meta for parameter in built.parameters())


def test_translator_has_the_four_roles() -> None:
    networks = build_translator(
        TranslatorConfig(base_channels=2, residual_blocks=1, discriminator_channels=2)
    )
    assert list(networks) == ["a_to_b", "b_to_a", "discriminator_a", "discriminator_b"]
    first, second = networks["a_to_b"].state_dict(), networks["b_to_a"].state_dict()
    assert not torch.equal(first["stem.0.weight"], second["stem.0.weight"])


@pytest.mark.parametrize("model", TRANSLATORS)
def test_settings_reach_their_places(model: str) -> None:
    config = model_config(
        {
            "model": model, "base_channels": 2, "residual_blocks": 3, "output": "direct", "skips": False,
            "upsampling": "transposed", "discriminator_channels": 5, "discriminator_norm": "none",
        }
    )  # fmt: skip
    networks = build_networks(config)
    wanted = TranslationGenerator(2, 3, "direct", "transposed", skips=False)
    for role in ("a_to_b", "b_to_a"):
        built = networks[role]
        assert isinstance(built, TranslationGenerator)
        assert str(built) == str(wanted)
        assert (built.output, built.skips) == ("direct", False)
    for role in ("discriminator_a", "discriminator_b"):
        assert str(networks[role]) == str(Discriminator(5, "none"))
