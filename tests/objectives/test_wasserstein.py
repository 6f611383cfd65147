"""CycleGAN with critics, on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.objectives import LossTerms, TranslationBatch
from feraug.objectives.translation import Cycle
from feraug.objectives.wasserstein import WassersteinCycleGAN


class Affine(nn.Module):
    """x -> factor * x + offset."""

    def __init__(self, factor: float, offset: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.offset = nn.Parameter(torch.tensor(offset))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x + self.offset


class Square(Affine):
    """x -> factor * x^2 + offset: its slope tells where it was taken."""

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x.square() + self.offset


A, B = 0.5, -0.25  # constant images
FAKE_B = 2.0 * A + 0.1  # 1.1
FAKE_A = -1.0 * B + 0.2  # 0.45
CYCLED_A = -FAKE_B + 0.2  # -0.9
CYCLED_B = 2.0 * FAKE_A + 0.1  # 1.0
MIX = (0.75, 0.5)


def constant(value: float) -> Tensor:
    return torch.full((2, 1, 4, 4), value)


FAKES = {"fake_a": constant(0.3), "fake_b": constant(-0.7)}


def batch() -> TranslationBatch:
    return TranslationBatch(constant(A), constant(B), torch.tensor(MIX).view(2, 1, 1, 1))


def networks() -> dict[str, nn.Module]:
    return {
        "a_to_b": Affine(2.0, 0.1),
        "b_to_a": Affine(-1.0, 0.2),
        "discriminator_a": Square(3.0, 0.0),
        "discriminator_b": Square(0.5, 1.0),
    }


def items(loss: LossTerms) -> dict[str, float]:
    return {name: value.item() for name, value in loss.terms.items()}


def test_generator_terms_by_hand() -> None:
    cycle = Cycle(5.0, 1.0, identity_weight=0.5, change_weight=0.25)
    result = WassersteinCycleGAN(cycle).generator_loss(networks(), batch(), 0.25)
    expected = {
        "adversarial_a_to_b": -(0.5 * FAKE_B**2 + 1.0),  # the score itself, so that descent raises it
        "adversarial_b_to_a": -(3.0 * FAKE_A**2),
        "cycle_a": abs(CYCLED_A - A),
        "cycle_b": abs(CYCLED_B - B),
        "identity_a": abs((-A + 0.2) - A),
        "identity_b": abs((2.0 * B + 0.1) - B),
        "change_a": abs(FAKE_B - A),
        "change_b": abs(FAKE_A - B),
    }
    assert items(result.loss) == pytest.approx(expected, rel=1e-5)
    weights = (1.0, 1.0, 4.0, 4.0, 0.5, 0.5, 0.25, 0.25)
    total = sum(weight * value for weight, value in zip(weights, expected.values(), strict=True))
    assert result.loss.total.item() == pytest.approx(total, rel=1e-5)
    assert result.fakes["fake_a"].mean().item() == pytest.approx(FAKE_A)
    assert result.fakes["fake_b"].mean().item() == pytest.approx(FAKE_B)


def slope_penalty(factor: float, real: float, fake: float) -> float:
    penalties = []
    for mix in MIX:
        between = mix * real + (1 - mix) * fake
        slope = abs(2 * factor * between / 16) * 4  # the norm over 16 pixels of the mean score's slope
        penalties.append((slope - 1) ** 2)
    return sum(penalties) / len(penalties)


def test_critic_terms_by_hand() -> None:
    result = WassersteinCycleGAN(Cycle(5.0), penalty_weight=7.0).discriminator_loss(
        networks(), batch(), FAKES
    )
    expected = {
        "wasserstein_a": 3.0 * A**2 - 3.0 * 0.3**2,
        "penalty_a": slope_penalty(3.0, A, 0.3),
        "wasserstein_b": 0.5 * B**2 - 0.5 * 0.7**2,
        "penalty_b": slope_penalty(0.5, B, -0.7),
    }
    assert items(result) == pytest.approx(expected, rel=1e-5)
    total = (
        -expected["wasserstein_a"]
        - expected["wasserstein_b"]
        + 7.0 * (expected["penalty_a"] + expected["penalty_b"])
    )
    assert result.total.item() == pytest.approx(total, rel=1e-5)


def test_real_faces_of_the_other_domain_score_lower_by_hand() -> None:
    objective = WassersteinCycleGAN(Cycle(5.0), penalty_weight=0.0, mismatch_weight=0.25)
    result = objective.discriminator_loss(networks(), batch(), FAKES)
    mismatch = {"mismatch_a": 3.0 * A**2 - 3.0 * B**2, "mismatch_b": 0.5 * B**2 - 0.5 * A**2}
    terms = items(result)
    assert {name: terms[name] for name in mismatch} == pytest.approx(mismatch)
    total = -terms["wasserstein_a"] - terms["wasserstein_b"] - 0.25 * sum(mismatch.values())
    assert result.total.item() == pytest.approx(total)


def test_a_step_down_the_critics_loss_moves_real_scores_above_fake_ones() -> None:
    nets = networks()
    loss = WassersteinCycleGAN(Cycle(1.0), penalty_weight=0.0).discriminator_loss(nets, batch(), FAKES)
    for domain, (real, fake) in (("a", (A, 0.3)), ("b", (B, -0.7))):
        (gradient,) = torch.autograd.grad(
            loss.total, nets[f"discriminator_{domain}"].get_parameter("factor"), retain_graph=True
        )
        assert gradient.item() == pytest.approx(-(real**2 - fake**2))


def test_critics_loss_needs_no_generator() -> None:
    nets = {role: network for role, network in networks().items() if role.startswith("discriminator")}
    loss = WassersteinCycleGAN(Cycle(1.0)).discriminator_loss(nets, batch(), FAKES)
    for name, term in loss.terms.items():
        for domain in "ab":
            (gradient,) = torch.autograd.grad(
                term,
                nets[f"discriminator_{domain}"].get_parameter("factor"),
                retain_graph=True,
                allow_unused=True,
            )
            assert (gradient is not None) == name.endswith(f"_{domain}")


def test_adversarial_terms_reach_their_own_generator_only() -> None:
    nets = networks()
    loss = WassersteinCycleGAN(Cycle(1.0)).generator_loss(nets, batch(), 0.0).loss
    for term, own in (("adversarial_a_to_b", "a_to_b"), ("adversarial_b_to_a", "b_to_a")):
        for role in ("a_to_b", "b_to_a"):
            (gradient,) = torch.autograd.grad(
                loss.terms[term], nets[role].get_parameter("factor"), retain_graph=True, allow_unused=True
            )
            assert (gradient is not None) == (role == own)


def test_critic_steps_and_fakes() -> None:
    objective = WassersteinCycleGAN(Cycle(1.0), critic_steps=4)
    assert objective.critic_steps == 4
    fakes = objective.fakes(networks(), batch())
    assert tuple(fakes) == objective.fake_names
    assert fakes["fake_a"].mean().item() == pytest.approx(FAKE_A)
    assert fakes["fake_b"].mean().item() == pytest.approx(FAKE_B)


def test_critics_whose_scores_weigh_no_cycle_do_not_look_at_real_faces() -> None:
    class Sees(Square):
        def features(self, x: Tensor) -> Tensor:
            return x

    seen: list[int] = []
    nets = networks() | {"discriminator_a": Sees(3.0, 0.0), "discriminator_b": Sees(0.5, 1.0)}
    for role in ("discriminator_a", "discriminator_b"):
        nets[role].register_forward_hook(lambda *_: seen.append(1))
    for by_quality, passes in ((False, 2), (True, 4)):  # the two fakes; and the two real faces
        seen.clear()
        cycle = Cycle(2.0, by_quality=by_quality, gamma_end=0.5)
        WassersteinCycleGAN(cycle, 1.0, 1).generator_loss(nets, batch(), 0.5)
        assert len(seen) == passes
