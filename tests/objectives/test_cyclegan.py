"""CycleGAN's losses on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.objectives import LossTerms, TranslationBatch
from feraug.objectives.cyclegan import CycleGAN


class Affine(nn.Module):
    """x -> factor * x + offset, with a parameter so that gradients can be asked for."""

    def __init__(self, factor: float, offset: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.offset = nn.Parameter(torch.tensor(offset))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x + self.offset


A, B = 0.5, -0.25  # constant images


def batch() -> TranslationBatch:
    return TranslationBatch(torch.full((2, 1, 4, 4), A), torch.full((2, 1, 4, 4), B))


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


def test_generator_terms_by_hand() -> None:
    result = CycleGAN(cycle_weight=5.0, identity_weight=0.5).generator_loss(networks(), batch(), 0.0)
    expected = {
        "adversarial_a_to_b": (0.5 * FAKE_B + 1.0 - 1.0) ** 2,
        "adversarial_b_to_a": (3.0 * FAKE_A - 1.0) ** 2,
        "cycle_a": abs(CYCLED_A - A),
        "cycle_b": abs(CYCLED_B - B),
        "identity_a": abs((-A + 0.2) - A),
        "identity_b": abs((2.0 * B + 0.1) - B),
    }
    assert {name: value.item() for name, value in result.loss.terms.items()} == pytest.approx(
        expected, rel=1e-5
    )
    total = (
        expected["adversarial_a_to_b"]
        + expected["adversarial_b_to_a"]
        + 5.0 * (expected["cycle_a"] + expected["cycle_b"])
        + 0.5 * (expected["identity_a"] + expected["identity_b"])
    )
    assert result.loss.total.item() == pytest.approx(total, rel=1e-5)
    assert result.fakes["fake_a"].mean().item() == pytest.approx(FAKE_A)
    assert result.fakes["fake_b"].mean().item() == pytest.approx(FAKE_B)


def test_discriminator_terms_by_hand() -> None:
    fakes = {"fake_a": torch.full((2, 1, 4, 4), 0.3), "fake_b": torch.full((2, 1, 4, 4), -0.7)}
    result = CycleGAN(cycle_weight=5.0).discriminator_loss(networks(), batch(), fakes)
    expected = {
        "discriminator_a_real": (3.0 * A - 1.0) ** 2,  # discriminator_a judges images of a
        "discriminator_a_fake": (3.0 * 0.3) ** 2,
        "discriminator_b_real": (0.5 * B + 1.0 - 1.0) ** 2,
        "discriminator_b_fake": (0.5 * -0.7 + 1.0) ** 2,
    }
    assert {name: value.item() for name, value in result.terms.items()} == pytest.approx(expected, rel=1e-5)
    assert result.total.item() == pytest.approx(sum(expected.values()), rel=1e-5)


def test_without_identity_weight_there_is_no_identity_term() -> None:
    terms = CycleGAN(cycle_weight=1.0).generator_loss(networks(), batch(), 0.0).loss.terms
    assert list(terms) == ["adversarial_a_to_b", "adversarial_b_to_a", "cycle_a", "cycle_b"]


def test_gradients_reach_both_generators_through_both_cycles() -> None:
    nets = networks()
    loss = CycleGAN(cycle_weight=1.0).generator_loss(nets, batch(), 0.0).loss
    for term in ("cycle_a", "cycle_b"):
        gradients = torch.autograd.grad(
            loss.terms[term],
            [*nets["a_to_b"].parameters(), *nets["b_to_a"].parameters()],
            retain_graph=True,
        )
        assert all(gradient.abs() > 0 for gradient in gradients)


def test_history_terms_are_unweighted_and_weights_enter_the_total_once() -> None:
    loss = LossTerms(
        {"x": torch.tensor(2.0), "y": torch.tensor(3.0), "z": torch.tensor(float("nan"))},
        {"y": 10.0, "z": 0.0},
    )
    assert loss.terms["y"].item() == 3.0
    assert loss.total.item() == 32.0, "a term of weight 0 must not spoil the sum"
