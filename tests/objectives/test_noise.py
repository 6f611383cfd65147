"""DCGAN, WGAN-GP and R3GAN, on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from feraug.objectives import LossTerms, NoiseBatch
from feraug.objectives.noise import DCGAN, R3GAN, WGANGP


class Generator(nn.Module):
    """(z, class) -> constant images of factor * z + class / 4."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        return (self.factor * z[:, 0] + classes / 4).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)


class Discriminator(nn.Module):
    """(x, class) -> factor * (1 + class) * mean of x^2: the slope tells image and class."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        squares = x.square().mean((1, 2, 3))
        return self.factor * (1 + classes) * squares.view(-1, *[1] * (classes.dim() - 1))


REAL, Z, CLASSES, MIX = (0.5, -0.2, 0.8), (1.0, -0.5, 0.25), (0, 2, 1), (0.75, 0.5, 0.25)
FAKE = tuple(0.6 * z + number / 4 for z, number in zip(Z, CLASSES, strict=True))  # 0.6, 0.2, 0.4
SHOWN = (0.1, -0.9, 0.7)  # fakes as the loop hands them over, not those of the batch
FACTOR = 1.5


def images(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)


def batch() -> NoiseBatch:
    mix = torch.tensor(MIX).view(-1, 1, 1, 1)
    return NoiseBatch(images(REAL), torch.tensor(CLASSES), torch.tensor(Z).view(-1, 1), mix)


def networks() -> dict[str, nn.Module]:
    return {"generator": Generator(0.6), "discriminator": Discriminator(FACTOR)}


def judge() -> dict[str, nn.Module]:
    """All that a discriminator's loss may need."""
    return {"discriminator": Discriminator(FACTOR)}


def shown() -> dict[str, Tensor]:
    return {"fake": images(SHOWN)}


def scores(values: tuple[float, ...]) -> list[float]:
    return [FACTOR * (1 + number) * value**2 for value, number in zip(values, CLASSES, strict=True)]


def slopes(values: tuple[float, ...]) -> list[float]:
    """The norm over 4 pixels of 2 factor (1 + class) x / 4."""
    return [abs(FACTOR * (1 + number) * value) for value, number in zip(values, CLASSES, strict=True)]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def softplus(x: float) -> float:
    return math.log(1.0 + math.exp(x))


def items(loss: LossTerms) -> dict[str, float]:
    return {name: value.item() for name, value in loss.terms.items()}


def test_dcgan_s_generator_is_non_saturating() -> None:
    result = DCGAN(0.9).generator_loss(networks(), batch(), 0.5)  # real_target is for real faces alone
    expected = {"adversarial": mean([softplus(-score) for score in scores(FAKE)])}
    assert items(result.loss) == pytest.approx(expected)
    assert result.loss.total.item() == pytest.approx(expected["adversarial"])
    assert result.fakes["fake"][:, 0, 0, 0].tolist() == pytest.approx(FAKE)


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_dcgan_s_discriminator_by_hand(target: float) -> None:
    loss = DCGAN(target).discriminator_loss(judge(), batch(), shown())
    expected = {
        "discriminator_real": mean(
            [target * softplus(-score) + (1 - target) * softplus(score) for score in scores(REAL)]
        ),
        "discriminator_fake": mean([softplus(score) for score in scores(SHOWN)]),
    }
    assert items(loss) == pytest.approx(expected)
    assert loss.total.item() == pytest.approx(sum(expected.values()))


def test_wgan_gp_s_generator_raises_the_score() -> None:
    result = WGANGP().generator_loss(networks(), batch(), 0.5)
    assert items(result.loss) == pytest.approx({"adversarial": -mean(scores(FAKE))})
    assert result.loss.total.item() == pytest.approx(-mean(scores(FAKE)))
    assert result.fakes["fake"][:, 0, 0, 0].tolist() == pytest.approx(FAKE)


def test_wgan_gp_s_critic_by_hand() -> None:
    loss = WGANGP(penalty_weight=7.0).discriminator_loss(judge(), batch(), shown())
    between = tuple(mix * real + (1 - mix) * fake for mix, real, fake in zip(MIX, REAL, SHOWN, strict=True))
    expected = {
        "wasserstein": mean(scores(REAL)) - mean(scores(SHOWN)),
        "penalty": mean([(slope - 1) ** 2 for slope in slopes(between)]),
    }
    assert items(loss) == pytest.approx(expected)
    assert loss.total.item() == pytest.approx(-expected["wasserstein"] + 7.0 * expected["penalty"])


def test_r3gan_s_generator_compares_pairs() -> None:
    result = R3GAN().generator_loss(networks(), batch(), 0.5)
    pairs = [softplus(real - fake) for real, fake in zip(scores(REAL), scores(FAKE), strict=True)]
    assert items(result.loss) == pytest.approx({"adversarial": mean(pairs)})
    assert result.loss.total.item() == pytest.approx(mean(pairs))
    assert result.fakes["fake"][:, 0, 0, 0].tolist() == pytest.approx(FAKE)


def test_r3gan_s_discriminator_by_hand() -> None:
    loss = R3GAN(penalty_weight=7.0).discriminator_loss(judge(), batch(), shown())
    pairs = [softplus(fake - real) for real, fake in zip(scores(REAL), scores(SHOWN), strict=True)]
    expected = {
        "discriminator": mean(pairs),
        "penalty_real": mean([slope**2 for slope in slopes(REAL)]),
        "penalty_fake": mean([slope**2 for slope in slopes(SHOWN)]),
    }
    assert items(loss) == pytest.approx(expected)
    penalties = expected["penalty_real"] + expected["penalty_fake"]
    assert loss.total.item() == pytest.approx(expected["discriminator"] + 7.0 / 2 * penalties)
    alone = R3GAN(penalty_weight=0.0).discriminator_loss(judge(), batch(), shown())
    assert items(alone) == pytest.approx({"discriminator": mean(pairs)}), "no gradients for nothing"


@pytest.mark.parametrize("objective", [DCGAN(), WGANGP(), R3GAN()])
def test_gradients_reach_the_generator_and_from_the_discriminators_loss_every_term_the_discriminator(
    objective: DCGAN | WGANGP | R3GAN,
) -> None:
    nets = networks()
    generator = objective.generator_loss(nets, batch(), 0.0).loss.total
    (gradient,) = torch.autograd.grad(generator, nets["generator"].get_parameter("factor"))
    assert gradient != 0
    for term in objective.discriminator_loss(nets, batch(), shown()).terms.values():
        to_generator, to_judge = torch.autograd.grad(
            term,
            [nets["generator"].get_parameter("factor"), nets["discriminator"].get_parameter("factor")],
            retain_graph=True,
            allow_unused=True,
        )
        assert to_generator is None
        assert to_judge != 0


OTHERS = (1, 0, 2)


def scores_of_others() -> list[float]:
    return [FACTOR * (1 + number) * value**2 for value, number in zip(REAL, OTHERS, strict=True)]


@pytest.mark.parametrize(
    ("objective", "expected", "sign"),
    [
        (DCGAN(class_weight=0.5), mean([softplus(score) for score in scores_of_others()]), 1),
        (WGANGP(class_weight=0.5), mean(scores(REAL)) - mean(scores_of_others()), -1),
        (
            R3GAN(class_weight=0.5),
            mean(
                [softplus(other - own) for own, other in zip(scores(REAL), scores_of_others(), strict=True)]
            ),
            1,
        ),
    ],
)
def test_real_faces_under_other_classes_stand_for_fakes(
    objective: DCGAN | WGANGP | R3GAN, expected: float, sign: int
) -> None:
    with_others = replace(batch(), other_classes=torch.tensor(OTHERS))
    plain = replace(objective, class_weight=0.0).discriminator_loss(judge(), with_others, shown())
    loss = objective.discriminator_loss(judge(), with_others, shown())
    assert "mismatch" not in plain.terms
    assert loss.terms["mismatch"].item() == pytest.approx(expected)
    assert loss.total.item() == pytest.approx(plain.total.item() + sign * 0.5 * expected)
    assert "mismatch" not in objective.discriminator_loss(judge(), batch(), shown()).terms, "one class alone"


def test_critic_steps() -> None:
    assert (DCGAN().critic_steps, WGANGP().critic_steps, R3GAN().critic_steps) == (1, 5, 1)
    assert WGANGP(critic_steps=2).critic_steps == 2


@pytest.mark.parametrize("objective", [DCGAN(), WGANGP(), R3GAN()])
def test_fakes_have_the_batch_s_noise_and_classes(objective: DCGAN | WGANGP | R3GAN) -> None:
    fakes = objective.fakes(networks(), batch())
    assert tuple(fakes) == objective.fake_names
    assert fakes["fake"][:, 0, 0, 0].tolist() == pytest.approx(FAKE)
