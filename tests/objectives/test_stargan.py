"""StarGAN's losses on networks so simple that every value can be computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from feraug.config import PRESETS, StarGANConfig, model_config
from feraug.models.stargan import Judgement
from feraug.objectives import EmotionBatch, build_objective
from feraug.objectives.stargan import StarGAN

FACE, CLASS, OTHER = 0.5, 0, 1
"""A face that the discriminator is shown as real, its emotion, and one that it is not of."""
SOURCE, OWN, TARGET = 0.2, 2, 1
"""A face that is translated, its emotion, and the wanted one."""
STEP = (0.1, -0.3, 0.7)
"""What the generator adds for each of three emotions."""
LOGITS = (0.5, 2.0, -1.0)


class Adds(nn.Module):
    """x + what the wanted emotion adds."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Parameter(torch.tensor(STEP))

    def forward(self, x: Tensor, emotion: Tensor) -> Tensor:
        return x + (emotion @ self.step)[:, None, None, None]


class Judges(nn.Module):
    """Scores (class + 1) x, logits x LOGITS; features x^2."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(LOGITS))

    def features(self, x: Tensor) -> Tensor:
        return x.square()

    def forward(self, x: Tensor, classes: Tensor) -> Judgement:
        mean = x.mean((1, 2, 3))
        factors = (classes + 1).reshape(len(x), -1, 1, 1)
        return Judgement(factors * x, mean[:, None] * self.logits)


def nets() -> dict[str, nn.Module]:
    return {"generator": Adds(), "discriminator": Judges()}


def batch() -> EmotionBatch:
    ones, pixels = torch.ones(2, dtype=torch.int64), torch.ones(2, 1, 4, 4)
    return EmotionBatch(
        real=FACE * pixels, classes=CLASS * ones, others=OTHER * ones,
        sources=SOURCE * pixels, source_classes=OWN * ones, targets=TARGET * ones,
        mix=torch.full((2, 1, 1, 1), 0.25),
    )  # fmt: skip


def cross_entropy(face: float, wanted: int) -> float:
    return math.log(sum(math.exp(face * one) for one in LOGITS)) - face * LOGITS[wanted]


FAKE = SOURCE + STEP[TARGET]  # -0.1
CYCLED = FAKE + STEP[OWN]  # 0.6


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_generator_terms_by_hand(target: float) -> None:
    objective = StarGAN(
        2.0, class_weight=0.5, identity_weight=0.25, change_weight=3.0, real_target=target, emotions=3
    )
    loss = objective.generator_loss(nets(), batch(), 0.0).loss
    expected = {
        "adversarial": ((TARGET + 1) * FAKE - target) ** 2,
        "class_fake": cross_entropy(FAKE, TARGET),
        "cycle": abs(CYCLED - SOURCE),
        "identity": STEP[OWN],
        "change": abs(FAKE - SOURCE),
    }
    assert {name: value.item() for name, value in loss.terms.items()} == pytest.approx(expected, rel=1e-5)
    weights = {"adversarial": 1.0, "class_fake": 0.5, "cycle": 2.0, "identity": 0.25, "change": 3.0}
    total = sum(expected[name] * weight for name, weight in weights.items())
    assert loss.total.item() == pytest.approx(total, rel=1e-5)


def test_cycle_and_change_weights_go_linearly_to_their_ends() -> None:
    objective = StarGAN(2.0, 4.0, change_weight=8.0, change_weight_end=0.0, emotions=3)
    loss = objective.generator_loss(nets(), batch(), 0.25).loss
    assert (loss.weights["cycle"], loss.weights["change"]) == (2.5, 6.0)
    later = replace(objective, cycle_weight=0.0, change_weight=0.0, change_weight_end=4.0)
    terms = later.generator_loss(nets(), batch(), 0.0).loss.terms
    assert {"cycle", "change"} <= set(terms), "a weight to come: a term from the start"


def test_discriminator_terms_by_hand() -> None:
    objective = StarGAN(class_weight=0.5, real_target=0.9, penalty_weight=0.1, emotions=3)
    fakes = {"fake": torch.full((2, 1, 4, 4), -0.4)}
    loss = objective.discriminator_loss(nets(), batch(), fakes)
    expected = {
        "class_real": cross_entropy(FACE, CLASS),
        "discriminator_real": ((CLASS + 1) * FACE - 0.9) ** 2,
        "discriminator_fake": ((TARGET + 1) * -0.4) ** 2,
        # The mean score's slope is (class + 1) / 16 at each of 16 pixels.
        "penalty": 16 * ((CLASS + 1) / 16) ** 2,
    }
    assert {name: value.item() for name, value in loss.terms.items()} == pytest.approx(expected, rel=1e-5)
    total = expected["discriminator_real"] + expected["discriminator_fake"]
    total += 0.5 * expected["class_real"] + 0.1 * expected["penalty"]
    assert loss.total.item() == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("critic", [False, True])
def test_a_real_face_under_another_emotion_is_a_fake_of_it(critic: bool) -> None:
    objective = StarGAN(critic=critic, mismatch_weight=0.25, emotions=3)
    fakes = {"fake": torch.full((2, 1, 4, 4), -0.4)}
    loss = objective.discriminator_loss(nets(), batch(), fakes)
    wrong, right = (OTHER + 1) * FACE, (CLASS + 1) * FACE
    assert loss.terms["mismatch"].item() == pytest.approx(right - wrong if critic else wrong**2)
    without = replace(objective, mismatch_weight=0.0).discriminator_loss(nets(), batch(), fakes)
    assert "mismatch" not in without.terms
    more = 0.25 * (wrong - right if critic else wrong**2)  # a critic keeps the right one above
    assert loss.total.item() == pytest.approx(without.total.item() + more)


def test_critic_terms_by_hand() -> None:
    objective = StarGAN(class_weight=0.5, penalty_weight=10.0, critic=True, critic_steps=3, emotions=3)
    fakes = {"fake": torch.full((2, 1, 4, 4), -0.4)}
    loss = objective.discriminator_loss(nets(), batch(), fakes)
    slope = math.sqrt(16 * ((TARGET + 1) / 16) ** 2)
    expected = {
        "class_real": cross_entropy(FACE, CLASS),
        "wasserstein": (CLASS + 1) * FACE - (TARGET + 1) * -0.4,
        "penalty": (slope - 1.0) ** 2,
    }
    assert {name: value.item() for name, value in loss.terms.items()} == pytest.approx(expected, rel=1e-5)
    total = -expected["wasserstein"] + 10.0 * expected["penalty"] + 0.5 * expected["class_real"]
    assert loss.total.item() == pytest.approx(total, rel=1e-5)
    generator = objective.generator_loss(nets(), batch(), 0.0).loss
    assert generator.terms["adversarial"].item() == pytest.approx(-(TARGET + 1) * FAKE)


def test_cycle_weight_goes_linearly_to_its_end() -> None:
    objective = StarGAN(4.0, 1.0, emotions=3)
    weights = [objective.generator_loss(nets(), batch(), part).loss.weights["cycle"] for part in (0.0, 0.5)]
    assert weights == pytest.approx([4.0, 2.5])


def test_a_cycle_without_weight_is_not_computed() -> None:
    networks = nets()
    asked: list[Tensor] = []
    networks["generator"].register_forward_hook(lambda _, given, made: asked.append(made))
    loss = StarGAN(0.0, change_weight=3.0, emotions=3).generator_loss(networks, batch(), 0.5).loss
    assert list(loss.terms) == ["adversarial", "class_fake", "change"]
    assert len(asked) == 1
    later = StarGAN(0.0, 1.0, emotions=3).generator_loss(nets(), batch(), 0.0).loss
    assert later.weights["cycle"] == 0.0 and "cycle" in later.terms


@pytest.mark.parametrize(("critic", "quality"), [(False, (OWN + 1) * SOURCE), (True, 1.0)])
def test_weighted_cycle_by_hand(critic: bool, quality: float) -> None:
    objective = StarGAN(gamma_end=0.8, critic=critic, emotions=3)
    cycle = objective.generator_loss(nets(), batch(), 0.5).loss.terms["cycle"].item()
    features, pixels = abs(CYCLED**2 - SOURCE**2), abs(CYCLED - SOURCE)
    assert cycle == pytest.approx(quality * (0.4 * features + 0.6 * pixels), rel=1e-5)


def test_the_discriminator_s_loss_passes_no_gradient_to_the_generator() -> None:
    networks = nets()
    objective = StarGAN(emotions=3)
    fakes = {name: fake.detach() for name, fake in objective.fakes(networks, batch()).items()}
    objective.discriminator_loss(networks, batch(), fakes).total.backward()
    generator, discriminator = networks["generator"], networks["discriminator"]
    assert isinstance(generator, Adds)
    assert isinstance(discriminator, Judges)
    assert generator.step.grad is None
    assert discriminator.logits.grad is not None


def test_settings_reach_their_places() -> None:
    config = StarGANConfig(
        emotions=("happy", "sad", "neutral"), cycle_weight=3.0, cycle_weight_end=0.5, class_weight=0.25,
        identity_weight=0.125, change_weight=7.0, weighted_cycle=True, gamma_end=0.75, penalty_weight=2.0,
        adversarial="wasserstein", critic_steps=4, mismatch_weight=0.0625,
        change_weight_end=11.0,
    )  # fmt: skip
    expected = StarGAN(3.0, 0.5, 0.25, 0.125, 7.0, 0.75, 1.0, 2.0, True, 4, 3, 0.0625, 11.0)
    assert build_objective(config) == expected
    plain = replace(config, weighted_cycle=False, gamma_end=StarGANConfig.gamma_end)
    assert build_objective(plain) == replace(expected, gamma_end=None)
    squares = replace(config, adversarial="least-squares", critic_steps=1, real_target=0.9)
    found = build_objective(squares)
    assert found == replace(expected, critic=False, critic_steps=1, real_target=0.9)
    for preset in PRESETS.values():
        assert isinstance(build_objective(model_config({"model": "stargan", **preset["stargan"]})), StarGAN)


def test_real_faces_are_judged_once_under_both_emotions() -> None:
    networks, seen = nets(), []
    networks["discriminator"].register_forward_hook(lambda _, given, __: seen.append(given[1].shape))
    StarGAN(mismatch_weight=1.0, emotions=3).discriminator_loss(
        networks, batch(), {"fake": torch.full((2, 1, 4, 4), -0.4)}
    )
    assert seen == [(2, 2), (2,)], "the second emotion costs no second pass"
