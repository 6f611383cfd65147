"""Exact layer tables, shapes, the identity start and the receptive field."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from feraug.config import TranslatorConfig
from feraug.models import Discriminator, TranslationGenerator, build_translator, receptive_field


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_generator_has_exactly_the_parameters_of_its_layer_table() -> None:
    stem = 7 * 7 * 1 * 16 + 2 * 16
    down = (3 * 3 * 16 * 32 + 2 * 32) + (3 * 3 * 32 * 64 + 2 * 64)
    blocks = 6 * 2 * (3 * 3 * 64 * 64 + 2 * 64)
    up = (3 * 3 * 64 * 32 + 2 * 32) + (3 * 3 * 32 * 16 + 2 * 16)
    head = 7 * 7 * 16 + 1
    assert stem + down + blocks + up + head == 491_873
    for upsampling in ("resize", "transposed"):
        assert count(TranslationGenerator(16, 6, upsampling=upsampling)) == 491_873


def test_discriminator_has_exactly_the_parameters_of_its_layer_table() -> None:
    first = 4 * 4 * 32 + 32
    middle = (16 * 32 * 64 + 128) + (16 * 64 * 128 + 256) + (9 * 128 * 128 + 256)
    assert first + middle + (9 * 128 + 1) == 313_633
    assert count(Discriminator(32)) == 313_633


@pytest.mark.parametrize("output", ["residual", "direct"])
@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_generator_keeps_the_shape_and_stays_within_range(output: str, upsampling: str) -> None:
    faces = torch.rand(3, 1, 48, 48) * 2 - 1
    translated = TranslationGenerator(4, 1, output, upsampling)(faces)  # type: ignore[arg-type]
    assert translated.shape == faces.shape
    assert translated.abs().max() <= 1


def test_residual_generator_starts_at_the_identity() -> None:
    torch.manual_seed(0)
    faces = torch.rand(2, 1, 48, 48) * 2 - 1
    with torch.no_grad():
        difference = (TranslationGenerator(16, 6)(faces) - 0.98 * faces).abs().max()
    assert difference < 0.1


def test_direct_generator_does_not_start_at_the_identity() -> None:
    torch.manual_seed(0)
    faces = torch.rand(2, 1, 48, 48) * 2 - 1
    with torch.no_grad():
        assert (TranslationGenerator(16, 6, "direct")(faces) - faces).abs().mean() > 0.2


def test_residual_generator_is_finite_at_black_and_white() -> None:
    faces = torch.stack([torch.full((1, 48, 48), -1.0), torch.full((1, 48, 48), 1.0)])
    assert torch.isfinite(TranslationGenerator(4, 1)(faces)).all()


def test_discriminator_gives_raw_scores_and_features_without_its_last_layer() -> None:
    judge = Discriminator(4)
    faces = torch.rand(2, 1, 48, 48)
    assert judge(faces).shape == (2, 1, 6, 6)
    assert judge.features(faces).shape == (2, 16, 6, 6)
    assert torch.equal(judge.head(judge.features(faces)), judge(faces))
    with torch.no_grad():
        judge.head.bias.fill_(7.0)
    assert (judge(faces) > 1).any(), "a sigmoid would keep the scores below 1"


def test_receptive_field_is_what_gradients_see() -> None:
    judge = Discriminator(4)
    assert receptive_field(judge) == 54
    # Without norms (they look at the whole image), on an image large enough to hold the window.
    plain = nn.Sequential(
        *(layer for layer in judge.body if not isinstance(layer, nn.InstanceNorm2d)), judge.head
    )
    image = torch.zeros(1, 1, 160, 160, requires_grad=True)
    for parameter in plain.parameters():
        nn.init.constant_(parameter, 0.01)  # no two paths may cancel
    scores = plain(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert image.grad is not None
    seen = image.grad[0, 0].abs().sum(0).nonzero().flatten()
    assert int(seen.max() - seen.min()) + 1 == 54


def test_translator_has_the_four_roles() -> None:
    networks = build_translator(
        TranslatorConfig(base_channels=2, residual_blocks=1, discriminator_channels=2)
    )
    assert list(networks) == ["a_to_b", "b_to_a", "discriminator_a", "discriminator_b"]
    first, second = networks["a_to_b"].state_dict(), networks["b_to_a"].state_dict()
    assert not torch.equal(first["stem.0.weight"], second["stem.0.weight"])
