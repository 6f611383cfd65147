"""The weighted cycle (Wang and Lin, 2018), on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.objectives import TranslationBatch
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.translation import Cycle


class Affine(nn.Module):
    """x -> factor * x + offset."""

    def __init__(self, factor: float, offset: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.offset = nn.Parameter(torch.tensor(offset))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x + self.offset


class Judge(Affine):
    """Affine scores, and features with a parameter of their own: x -> depth * x^2."""

    def __init__(self, factor: float, offset: float, depth: float) -> None:
        super().__init__(factor, offset)
        self.depth = nn.Parameter(torch.tensor(depth))

    def features(self, x: Tensor) -> Tensor:
        return self.depth * x.square()


A, B = (0.5, 0.1, -0.3), (-0.25, 0.25, 0.75)  # a constant image each
QUALITY_A = (1.0, 0.3, 0.0)  # 3 x is 1.5, 0.3, -0.9, clipped to [0, 1]
QUALITY_B = (0.275, 0.525, 0.775)  # 0.5 x + 0.4


def images(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)


def batch() -> TranslationBatch:
    return TranslationBatch(images(A), images(B), torch.full((3, 1, 1, 1), 0.5))


def networks() -> dict[str, nn.Module]:
    return {
        "a_to_b": Affine(2.0, 0.1),
        "b_to_a": Affine(-1.0, 0.2),
        "discriminator_a": Judge(3.0, 0.0, depth=4.0),
        "discriminator_b": Judge(0.5, 0.4, depth=2.0),
    }


def cycle_terms(gamma: float, quality_a: tuple[float, ...], quality_b: tuple[float, ...]) -> dict[str, float]:
    terms = {"cycle_a": 0.0, "cycle_b": 0.0}
    for a, quality in zip(A, quality_a, strict=True):
        cycled = -(2.0 * a + 0.1) + 0.2
        features = abs(4.0 * cycled**2 - 4.0 * a**2)
        terms["cycle_a"] += quality * (gamma * features + (1 - gamma) * abs(cycled - a)) / 3
    for b, quality in zip(B, quality_b, strict=True):
        cycled = 2.0 * (-b + 0.2) + 0.1
        features = abs(2.0 * cycled**2 - 2.0 * b**2)
        terms["cycle_b"] += quality * (gamma * features + (1 - gamma) * abs(cycled - b)) / 3
    return terms


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("gamma_end", [0.0, 0.8, 1.0])
def test_cycle_by_quality_with_gamma_rising_from_zero(gamma_end: float, progress: float) -> None:
    objective = CycleGAN(Cycle(5.0, 1.0, gamma_end=gamma_end), real_target=0.9)
    loss = objective.generator_loss(networks(), batch(), progress).loss
    fake_b, fake_a = [2.0 * a + 0.1 for a in A], [-b + 0.2 for b in B]
    adversarial = {
        "adversarial_a_to_b": sum((0.5 * fake + 0.4 - 0.9) ** 2 for fake in fake_b) / 3,
        "adversarial_b_to_a": sum((3.0 * fake - 0.9) ** 2 for fake in fake_a) / 3,
    }
    cycle = cycle_terms(gamma_end * progress, QUALITY_A, QUALITY_B)
    terms = {name: value.item() for name, value in loss.terms.items()}
    assert terms == pytest.approx(adversarial | cycle, rel=1e-5)
    weight = 5.0 - 4.0 * progress
    total = sum(adversarial.values()) + weight * sum(cycle.values())
    assert loss.total.item() == pytest.approx(total, rel=1e-5)


def test_without_quality_every_face_counts_fully() -> None:
    objective = CycleGAN(Cycle(1.0, gamma_end=0.5, by_quality=False))
    loss = objective.generator_loss(networks(), batch(), 0.5).loss
    ones = (1.0, 1.0, 1.0)
    terms = {name: loss.terms[name].item() for name in ("cycle_a", "cycle_b")}
    assert terms == pytest.approx(cycle_terms(0.25, ones, ones), rel=1e-5)


def test_no_gradient_flows_through_the_quality() -> None:
    nets = networks()
    loss = CycleGAN(Cycle(1.0, gamma_end=1.0)).generator_loss(nets, batch(), 0.5).loss
    for domain in "ab":
        term, judge = loss.terms[f"cycle_{domain}"], nets[f"discriminator_{domain}"]
        scores = torch.autograd.grad(
            term,
            [judge.get_parameter("factor"), judge.get_parameter("offset")],
            retain_graph=True,
            allow_unused=True,
        )
        assert all(gradient is None for gradient in scores)
        generators = [*nets["a_to_b"].parameters(), *nets["b_to_a"].parameters()]
        gradients = torch.autograd.grad(term, generators, retain_graph=True)
        assert all(gradient != 0 for gradient in gradients)


def test_features_pass_their_gradient_to_the_generators() -> None:
    nets = networks()
    for judge in ("discriminator_a", "discriminator_b"):
        nets[judge].requires_grad_(False)  # as the loop does
    loss = CycleGAN(Cycle(1.0, gamma_end=1.0)).generator_loss(nets, batch(), 1.0).loss
    # As the offset of b_to_a rises by 1, so does cycled_a, and its features by 8 cycled_a.
    by_hand = 0.0
    for a, quality in zip(A, QUALITY_A, strict=True):
        cycled = -(2.0 * a + 0.1) + 0.2
        sign = 1.0 if cycled**2 > a**2 else -1.0
        by_hand += quality * sign * 8.0 * cycled / 3
    (gradient,) = torch.autograd.grad(loss.terms["cycle_a"], nets["b_to_a"].get_parameter("offset"))
    assert gradient.item() == pytest.approx(by_hand, rel=1e-5)
