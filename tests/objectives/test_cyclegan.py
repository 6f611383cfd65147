"""CycleGAN's losses on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.objectives import LossTerms, TranslationBatch
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.translation import Cycle


class Affine(nn.Module):
    """x -> factor * x + offset, with a parameter so that gradients can be asked for."""

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


def constant(value: float) -> Tensor:
    return torch.full((2, 1, 4, 4), value)


def batch() -> TranslationBatch:
    return TranslationBatch(constant(A), constant(B), torch.full((2, 1, 1, 1), 0.5))


def networks() -> dict[str, nn.Module]:
    return {
        "a_to_b": Affine(2.0, 0.1),
        "b_to_a": Affine(-1.0, 0.2),
        "discriminator_a": Affine(3.0, 0.0),
        "discriminator_b": Affine(0.5, 1.0),
    }


FAKE_B = 2.0 * A + 0.1  # 1.1
FAKE_A = -1.0 * B + 0.2  # 0.45
CYCLED_A = -FAKE_B + 0.2  # -0.9
CYCLED_B = 2.0 * FAKE_A + 0.1  # 1.0

FAKES = {"fake_a": constant(0.3), "fake_b": constant(-0.7)}


def items(loss: LossTerms) -> dict[str, float]:
    return {name: value.item() for name, value in loss.terms.items()}


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_generator_terms_by_hand(target: float) -> None:
    objective = CycleGAN(Cycle(5.0, identity_weight=0.5, change_weight=0.25), target)
    result = objective.generator_loss(networks(), batch(), 0.0)
    expected = {
        "adversarial_a_to_b": (0.5 * FAKE_B + 1.0 - target) ** 2,
        "adversarial_b_to_a": (3.0 * FAKE_A - target) ** 2,
        "cycle_a": abs(CYCLED_A - A),
        "cycle_b": abs(CYCLED_B - B),
        "identity_a": abs((-A + 0.2) - A),
        "identity_b": abs((2.0 * B + 0.1) - B),
        "change_a": abs(FAKE_B - A),
        "change_b": abs(FAKE_A - B),
    }
    assert items(result.loss) == pytest.approx(expected, rel=1e-5)
    total = (
        expected["adversarial_a_to_b"]
        + expected["adversarial_b_to_a"]
        + 5.0 * (expected["cycle_a"] + expected["cycle_b"])
        + 0.5 * (expected["identity_a"] + expected["identity_b"])
        + 0.25 * (expected["change_a"] + expected["change_b"])
    )
    assert result.loss.total.item() == pytest.approx(total, rel=1e-5)
    assert result.fakes["fake_a"].mean().item() == pytest.approx(FAKE_A)
    assert result.fakes["fake_b"].mean().item() == pytest.approx(FAKE_B)


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_discriminator_terms_by_hand(target: float) -> None:
    result = CycleGAN(Cycle(5.0), target).discriminator_loss(networks(), batch(), FAKES)
    expected = {
        "discriminator_a_real": (3.0 * A - target) ** 2,  # discriminator_a judges images of a
        "discriminator_a_fake": (3.0 * 0.3) ** 2,
        "discriminator_b_real": (0.5 * B + 1.0 - target) ** 2,
        "discriminator_b_fake": (0.5 * -0.7 + 1.0) ** 2,
    }
    assert items(result) == pytest.approx(expected, rel=1e-5)
    assert result.total.item() == pytest.approx(sum(expected.values()), rel=1e-5)


def test_real_faces_of_the_other_domain_are_fakes_by_hand() -> None:
    objective = CycleGAN(Cycle(5.0), mismatch_weight=0.25)
    result = objective.discriminator_loss(networks(), batch(), FAKES)
    mismatch = {"mismatch_a": (3.0 * B) ** 2, "mismatch_b": (0.5 * A + 1.0) ** 2}
    terms = items(result)
    assert {name: terms.pop(name) for name in mismatch} == pytest.approx(mismatch)
    assert result.total.item() == pytest.approx(sum(terms.values()) + 0.25 * sum(mismatch.values()))


def test_penalty_is_r1_on_each_domain_s_real_faces() -> None:
    nets = networks() | {"discriminator_a": Square(3.0, 0.0), "discriminator_b": Square(0.5, 1.0)}
    result = CycleGAN(Cycle(5.0), penalty_weight=7.0).discriminator_loss(nets, batch(), FAKES)
    # The mean of 16 scores has the slope 2 factor x / 16 at each of 16 pixels.
    penalties = {"penalty_a": 16 * (2 * 3.0 * A / 16) ** 2, "penalty_b": 16 * (2 * 0.5 * B / 16) ** 2}
    terms = items(result)
    assert {name: terms.pop(name) for name in penalties} == pytest.approx(penalties)
    assert result.total.item() == pytest.approx(sum(terms.values()) + 7.0 * sum(penalties.values()))


def test_terms_without_weight_are_not_computed() -> None:
    objective = CycleGAN(Cycle(1.0))
    generator = objective.generator_loss(networks(), batch(), 0.0).loss
    assert list(generator.terms) == ["adversarial_a_to_b", "adversarial_b_to_a", "cycle_a", "cycle_b"]
    discriminator = objective.discriminator_loss(networks(), batch(), FAKES)
    assert not any(name.startswith("penalty") for name in discriminator.terms)
    nets = networks()
    asked: list[str] = []
    for role in ("a_to_b", "b_to_a"):
        nets[role].register_forward_hook(lambda *_, role=role: asked.append(role))
    without = CycleGAN(Cycle(0.0, change_weight=2.0)).generator_loss(nets, batch(), 0.5).loss
    assert list(without.terms) == ["adversarial_a_to_b", "adversarial_b_to_a", "change_a", "change_b"]
    assert sorted(asked) == ["a_to_b", "b_to_a"], "no way back is translated"
    later = CycleGAN(Cycle(0.0, 1.0)).generator_loss(networks(), batch(), 0.0).loss
    assert later.weights == {"cycle_a": 0.0, "cycle_b": 0.0}, "a weight to come: a term from the start"


@pytest.mark.parametrize(("progress", "weight"), [(0.0, 5.0), (0.25, 4.0), (0.5, 3.0), (1.0, 1.0)])
def test_cycle_weight_goes_linearly_to_its_end(progress: float, weight: float) -> None:
    loss = CycleGAN(Cycle(5.0, 1.0)).generator_loss(networks(), batch(), progress).loss
    terms = items(loss)
    assert terms["cycle_a"] == pytest.approx(abs(CYCLED_A - A)), "the history has terms without weights"
    adversarial = terms["adversarial_a_to_b"] + terms["adversarial_b_to_a"]
    cycle = terms["cycle_a"] + terms["cycle_b"]
    assert loss.total.item() == pytest.approx(adversarial + weight * cycle)


def test_cycle_weight_stays_without_an_end_and_may_end_at_zero() -> None:
    late = CycleGAN(Cycle(5.0)).generator_loss(networks(), batch(), 0.75).loss
    assert late.weights == {"cycle_a": 5.0, "cycle_b": 5.0}
    to_zero = CycleGAN(Cycle(5.0, 0.0)).generator_loss(networks(), batch(), 0.75).loss
    assert to_zero.weights == {"cycle_a": 1.25, "cycle_b": 1.25}


@pytest.mark.parametrize(("progress", "weight"), [(0.0, 2.0), (0.25, 3.0), (1.0, 6.0)])
def test_change_weight_goes_linearly_to_its_end(progress: float, weight: float) -> None:
    objective = CycleGAN(Cycle(5.0, change_weight=2.0, change_weight_end=6.0))
    loss = objective.generator_loss(networks(), batch(), progress).loss
    assert loss.weights == {"cycle_a": 5.0, "cycle_b": 5.0, "change_a": weight, "change_b": weight}


def test_change_weight_may_begin_or_end_at_zero() -> None:
    for start, end, weight in [(0.0, 8.0, 2.0), (8.0, 0.0, 6.0)]:
        objective = CycleGAN(Cycle(0.0, change_weight=start, change_weight_end=end))
        assert objective.generator_loss(networks(), batch(), 0.25).loss.weights == {
            "change_a": weight, "change_b": weight
        }  # fmt: skip


def test_gradients_reach_both_generators_through_both_cycles() -> None:
    nets = networks()
    loss = CycleGAN(Cycle(1.0)).generator_loss(nets, batch(), 0.0).loss
    for term in ("cycle_a", "cycle_b"):
        gradients = torch.autograd.grad(
            loss.terms[term],
            [*nets["a_to_b"].parameters(), *nets["b_to_a"].parameters()],
            retain_graph=True,
        )
        assert all(gradient.abs() > 0 for gradient in gradients)


@pytest.mark.parametrize(
    ("term", "generator"),
    [
        ("adversarial_a_to_b", "a_to_b"),
        ("adversarial_b_to_a", "b_to_a"),
        ("identity_a", "b_to_a"),
        ("identity_b", "a_to_b"),
        ("change_a", "a_to_b"),
        ("change_b", "b_to_a"),
    ],
)
def test_other_terms_reach_one_generator_each(term: str, generator: str) -> None:
    nets = networks()
    objective = CycleGAN(Cycle(1.0, identity_weight=1.0, change_weight=1.0))
    loss = objective.generator_loss(nets, batch(), 0.0).loss
    for role in ("a_to_b", "b_to_a"):
        gradients = torch.autograd.grad(
            loss.terms[term], list(nets[role].parameters()), retain_graph=True, allow_unused=True
        )
        assert all((gradient is not None) == (role == generator) for gradient in gradients)


def test_discriminators_loss_needs_no_generator_and_reaches_each_discriminator_from_its_own_terms() -> None:
    nets = {role: network for role, network in networks().items() if role.startswith("discriminator")}
    loss = CycleGAN(Cycle(1.0), penalty_weight=1.0).discriminator_loss(nets, batch(), FAKES)
    for name, term in loss.terms.items():
        for domain in "ab":
            (gradient,) = torch.autograd.grad(
                term,
                nets[f"discriminator_{domain}"].get_parameter("factor"),
                retain_graph=True,
                allow_unused=True,
            )
            own = name.startswith((f"discriminator_{domain}", f"penalty_{domain}"))
            assert (gradient is not None) == own


def test_fakes_are_those_of_the_generators_loss() -> None:
    objective, nets = CycleGAN(Cycle(1.0)), networks()
    alone, within = objective.fakes(nets, batch()), objective.generator_loss(nets, batch(), 0.0).fakes
    assert tuple(alone) == objective.fake_names
    assert all(torch.equal(alone[name], within[name]) for name in objective.fake_names)
    assert objective.critic_steps == 1


def test_history_terms_are_unweighted_and_weights_enter_the_total_once() -> None:
    loss = LossTerms(
        {"x": torch.tensor(2.0), "y": torch.tensor(3.0), "z": torch.tensor(float("nan"))},
        {"y": 10.0, "z": 0.0},
    )
    assert loss.terms["y"].item() == 3.0
    assert loss.total.item() == 32.0, "a term of weight 0 must not spoil the sum"
