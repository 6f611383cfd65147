"""StarGAN's networks: exact layer tables, how the emotion enters, a score map for each emotion."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from feraug.config import StarGANConfig
from feraug.config.gan import OUTPUTS
from feraug.models import StarDiscriminator, StarGenerator, TranslationGenerator, build_networks
from feraug.models.generator import Output, Upsampling
from feraug.models.stargan import NormByEmotion


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def one_hot(number: int, faces: int, emotions: int = 7) -> torch.Tensor:
    return torch.eye(emotions)[number].expand(faces, -1)


def random_faces(number: int) -> torch.Tensor:
    return torch.rand(number, 1, 48, 48) * 2 - 1


def trained(network: StarGenerator) -> StarGenerator:
    """With weights that make a difference, as after training."""
    with torch.no_grad():
        network.head.weight.normal_(0.0, 0.05)
        for name, parameter in network.named_parameters():
            if name.endswith("change"):
                parameter.normal_()
    return network


def test_generator_has_exactly_the_parameters_of_its_layer_table() -> None:
    stem = 7 * 7 * 16 + 2 * 16
    down = (3 * 3 * 16 * 32 + 2 * 32) + (3 * 3 * 32 * 64 + 2 * 64)
    blocks = 6 * 2 * (3 * 3 * 64 * 64 + 7 * 2 * 64)
    up = (3 * 3 * 64 * 32 + 7 * 2 * 32) + (3 * 3 * 32 * 16 + 7 * 2 * 16)
    head = 7 * 7 * 16 + 1
    assert stem + down + blocks + up + head == 501_665
    upsamplings: tuple[Upsampling, ...] = ("resize", "transposed")
    for upsampling in upsamplings:
        assert count(StarGenerator(16, 6, upsampling=upsampling)) == 501_665


def test_norm_scales_and_shifts_by_the_emotion_s_amounts() -> None:
    torch.manual_seed(0)
    norm, x = NormByEmotion(3, 2), torch.randn(2, 3, 5, 5)
    with torch.no_grad():
        norm.change.normal_()
        found = norm(x, torch.tensor([[1.0, 0.0], [0.25, 0.75]]))
        plain = (x - x.mean((2, 3), keepdim=True)) / (
            x.var((2, 3), unbiased=False, keepdim=True) + 1e-5
        ).sqrt()
        for face, amounts in enumerate([norm.change[0], 0.25 * norm.change[0] + 0.75 * norm.change[1]]):
            expected = plain[face] * (1.0 + amounts[0])[:, None, None] + amounts[1][:, None, None]
            torch.testing.assert_close(found[face], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("by_emotion", [True, False])
def test_discriminator_has_exactly_the_parameters_of_its_layer_table(by_emotion: bool) -> None:
    body = (16 * 32 + 32) + (16 * 32 * 64 + 128) + (16 * 64 * 128 + 256) + (9 * 128 * 128 + 256)
    maps = 7 if by_emotion else 1
    expected = body + maps * (9 * 128 + 1) + 7 * (36 * 128 + 1)
    assert count(StarDiscriminator(32, by_emotion=by_emotion)) == expected
    assert expected == (352_814 if by_emotion else 345_896)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_generator_keeps_the_shape_and_stays_within_range(output: Output, upsampling: Upsampling) -> None:
    faces = random_faces(2)
    translated = trained(StarGenerator(4, 1, output, upsampling))(faces, one_hot(3, 2))
    assert translated.shape == faces.shape
    assert translated.abs().max() <= (1 if output == "direct" else 1 / 0.98)


def test_warped_generator_has_two_more_channels_in_its_last_layer() -> None:
    assert count(StarGenerator(output="warped")) == count(StarGenerator()) + 2 * (49 * 16 + 1) == 503_235


def test_generator_starts_close_to_the_identity() -> None:
    torch.manual_seed(0)
    faces = random_faces(2)
    with torch.no_grad():
        translated = StarGenerator()(faces, one_hot(0, 2))
    assert (translated - faces).abs().mean() < 0.02


def test_every_emotion_gives_another_face_and_halfway_lies_between() -> None:
    torch.manual_seed(0)
    faces, network = random_faces(2), trained(StarGenerator(8, 2))
    with torch.no_grad():
        made = torch.stack([network(faces, one_hot(number, 2)) for number in range(7)])
        halfway = network(faces, (one_hot(0, 2) + one_hot(1, 2)) / 2)
    distances = (made[:, None] - made[None]).abs().mean((2, 3, 4, 5)) + torch.eye(7)
    assert distances.min() > 0.01
    for end in made[:2]:
        assert 0 < (halfway - end).abs().mean() < (made[0] - made[1]).abs().mean()


def test_each_face_of_a_batch_gets_its_own_emotion() -> None:
    torch.manual_seed(0)
    faces, network = random_faces(3), trained(StarGenerator(4, 1))
    wanted = torch.eye(7)[[2, 5, 2]]
    with torch.no_grad():
        together = network(faces, wanted)
        alone = torch.cat([network(faces[i : i + 1], wanted[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_score_map_is_that_of_the_emotion() -> None:
    torch.manual_seed(0)
    network, faces = StarDiscriminator(4, emotions=3), random_faces(2)
    with torch.no_grad():
        network.head.weight.zero_()
        assert network.head.bias is not None
        network.head.bias.copy_(torch.tensor([10.0, 20.0, 30.0]))
        found = network(faces, torch.tensor([2, 0]))
    assert found.scores.shape == (2, 1, 6, 6)
    assert found.logits.shape == (2, 3)
    assert (found.scores[0] == 30.0).all()
    assert (found.scores[1] == 10.0).all()


@pytest.mark.parametrize("by_emotion", [True, False])
def test_faces_shown_as_several_emotions_get_the_scores_of_each(by_emotion: bool) -> None:
    torch.manual_seed(0)
    network, faces = StarDiscriminator(4, emotions=3, by_emotion=by_emotion), random_faces(2)
    ways = torch.tensor([[2, 0], [1, 2]])
    found = network(faces, ways)
    assert found.scores.shape == (2, 2, 6, 6)
    for number in range(2):
        one = network(faces, ways[:, number])
        torch.testing.assert_close(found.scores[:, number : number + 1], one.scores)
        torch.testing.assert_close(found.logits, one.logits)


def test_a_shared_score_map_is_the_same_for_every_emotion() -> None:
    network, faces = StarDiscriminator(4, emotions=3, by_emotion=False), random_faces(1)
    with torch.no_grad():
        found = [network(faces, torch.tensor([number])).scores for number in range(3)]
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_settings_reach_the_networks() -> None:
    config = StarGANConfig(
        emotions=("happy", "sad"), base_channels=3, residual_blocks=2, output="direct",
        upsampling="transposed", skips=False, discriminator_channels=5, discriminator_norm="none",
        scores="shared",
    )  # fmt: skip
    networks = build_networks(config)
    assert set(networks) == {"generator", "discriminator"}
    expected = StarGenerator(3, 2, "direct", "transposed", False, 2)
    assert str(networks["generator"]) == str(expected)
    assert str(networks["discriminator"]) == str(StarDiscriminator(5, "none", 2, False))
    generator = networks["generator"]
    assert isinstance(generator, StarGenerator)
    assert (generator.output, generator.skips) == ("direct", False)


def test_layers_are_those_of_the_pair_translator_but_for_the_norms() -> None:
    pair, star = TranslationGenerator(8, 3), StarGenerator(8, 3)

    def convolutions(network: nn.Module) -> list[torch.Size]:
        return [one.weight.shape for one in network.modules() if isinstance(one, nn.Conv2d)]

    assert convolutions(star) == convolutions(pair)
