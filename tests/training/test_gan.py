"""The training loop, step by step, on networks of one number each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from feraug.config import TranslatorConfig
from feraug.objectives import GeneratorLoss, LossTerms, TranslationBatch
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.translation import Cycle
from feraug.training import StepPlan, TrainState, constant_then_linear, fit, new_fabric
from feraug.training.diff_augment import AugmentedJudge

CPU = torch.device("cpu")


class Factor(nn.Module):
    """x -> factor * x."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Batches:
    """Batch n has constant faces of n + 1 and -(n + 1)."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def batch(self, index: int) -> TranslationBatch:
        self.asked.append(index)
        faces = torch.full((2, 1, 4, 4), index + 1.0)
        return TranslationBatch(faces, -faces, torch.full((2, 1, 1, 1), 0.5))


@dataclass
class Call:
    what: str
    batch: float
    fakes: Mapping[str, Tensor] = field(default_factory=dict)
    rates: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()
    frozen: bool = False
    seen: Mapping[str, nn.Module] = field(default_factory=dict)


class Spy:
    """CycleGAN with several critic steps that writes down how it is called."""

    generator_roles = CycleGAN.generator_roles
    discriminator_roles = CycleGAN.discriminator_roles
    fake_names = CycleGAN.fake_names

    def __init__(self, critic_steps: int = 1) -> None:
        self.critic_steps = critic_steps
        self.objective = CycleGAN(Cycle(1.0))
        self.calls: list[Call] = []
        self.state: TrainState | None = None

    def fakes(self, nets: Mapping[str, nn.Module], batch: Any) -> Mapping[str, Tensor]:
        assert not torch.is_grad_enabled()
        return self.objective.fakes(nets, batch)

    def generator_loss(self, nets: Mapping[str, nn.Module], batch: Any, progress: float) -> GeneratorLoss:
        self._note("generator", nets, batch, {})
        return self.objective.generator_loss(nets, batch, progress)

    def discriminator_loss(
        self, nets: Mapping[str, nn.Module], batch: Any, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        self._note("discriminator", nets, batch, fakes)
        return self.objective.discriminator_loss(nets, batch, fakes)

    def _note(
        self, what: str, nets: Mapping[str, nn.Module], batch: Any, fakes: Mapping[str, Tensor]
    ) -> None:
        assert self.state is not None
        networks = self.state.networks
        rates = [group["lr"] for group in self.state.optimizers[what].param_groups]
        factors = [networks[role].get_parameter("factor").item() for role in networks]
        judges = [networks[role].get_parameter("factor") for role in self.discriminator_roles]
        frozen = not any(judge.requires_grad for judge in judges)
        real = batch.real_a[0, 0, 0, 0].item()
        self.calls.append(Call(what, real, dict(fakes), tuple(rates), tuple(factors), frozen, nets))


def trained(spy: Spy, steps: int, **settings: Any) -> tuple[TrainState, Batches]:
    config = TranslatorConfig(batch_size=2, **{"image_history": 0, **settings})
    networks: dict[str, nn.Module] = {
        "a_to_b": Factor(2.0),
        "b_to_a": Factor(3.0),
        "discriminator_a": Factor(0.25),
        "discriminator_b": Factor(0.5),
    }
    state = TrainState.create(networks, spy, config, new_fabric(CPU))
    spy.state = state
    batches = Batches()
    for _ in fit(state, spy, batches, StepPlan(steps), schedule=constant_then_linear(config.decay_from)):
        pass
    return state, batches


def test_generators_first_then_every_critic_step_with_a_batch_of_its_own() -> None:
    spy = Spy(critic_steps=3)
    _, batches = trained(spy, 2)
    assert batches.asked == [0, 1, 2, 3, 4, 5]
    assert [(call.what, call.batch) for call in spy.calls] == [
        ("generator", 1.0), ("discriminator", 1.0), ("discriminator", 2.0), ("discriminator", 3.0),
        ("generator", 4.0), ("discriminator", 4.0), ("discriminator", 5.0), ("discriminator", 6.0),
    ]  # fmt: skip


def test_each_update_moves_its_own_networks_only() -> None:
    spy = Spy()
    state, _ = trained(spy, 2)
    factors = [call.factors for call in spy.calls]
    factors.append(tuple(network.get_parameter("factor").item() for network in state.networks.values()))
    for before, after, what in zip(factors, factors[1:], [call.what for call in spy.calls], strict=False):
        moved = [old != new for old, new in zip(before, after, strict=True)]
        assert moved == [what == "generator"] * 2 + [what == "discriminator"] * 2


def test_in_the_head_start_the_generators_stay_and_their_loss_is_measured() -> None:
    spy = Spy()
    state, _ = trained(spy, 4, head_start=0.5)
    factors = [call.factors for call in spy.calls if call.what == "generator"]
    factors.append(tuple(network.get_parameter("factor").item() for network in state.networks.values()))
    assert [later[:2] == earlier[:2] for earlier, later in pairwise(factors)] == [True, True, False, False]
    assert all(later[2:] != earlier[2:] for earlier, later in pairwise(factors))
    assert all(len(values) == 4 for values in state.history.values()), "a value a step of every term"


def test_discriminators_see_detached_fakes_of_the_same_step_and_learn_only_in_their_own_loss() -> None:
    spy = Spy(critic_steps=2)
    trained(spy, 1)
    generator, first, second = spy.calls
    assert generator.frozen
    assert not first.frozen
    assert not second.frozen
    assert first.fakes["fake_b"][0, 0, 0, 0] == 2.0 * 1.0, "made before the generators moved"
    assert first.fakes["fake_a"][0, 0, 0, 0] == 3.0 * -1.0
    assert second.fakes["fake_b"][0, 0, 0, 0].item() == pytest.approx(second.factors[0] * 2.0)
    for call in (first, second):
        assert not any(fake.requires_grad for fake in call.fakes.values())


def test_rates_follow_the_schedule() -> None:
    spy = Spy()
    trained(spy, 4, generator_rate=0.1, discriminator_rate=0.2, decay_from=0.5)
    rates = {what: [call.rates[0] for call in spy.calls if call.what == what] for what in
             ("generator", "discriminator")}  # fmt: skip
    assert rates["generator"] == pytest.approx([0.1, 0.1, 0.1, 0.05])
    assert rates["discriminator"] == pytest.approx([0.2, 0.2, 0.2, 0.1])


def test_first_step_by_hand() -> None:
    spy = Spy()
    state, _ = trained(spy, 1, generator_rate=0.1, discriminator_rate=0.2, decay_from=1.0, ema_decay=0.0)
    factors = {role: network.get_parameter("factor").item() for role, network in state.networks.items()}
    # Adam's first step is the rate against the gradient's sign.  With a = 1 and b = -1 both faces
    # come back as 6 times themselves: the slopes are 6 + 0 and 4 + 0.875, cycle + adversarial.
    assert factors["a_to_b"] == pytest.approx(2.0 - 0.1)
    assert factors["b_to_a"] == pytest.approx(3.0 - 0.1)
    # A: (d - 1)^2 + (-3 d)^2 has the slope 3 at 0.25; B: (-d - 1)^2 + (2 d)^2 has 7 at 0.5.
    assert factors["discriminator_a"] == pytest.approx(0.25 - 0.2)
    assert factors["discriminator_b"] == pytest.approx(0.5 - 0.2)
    assert {name: values[0] for name, values in state.history.items()} == pytest.approx(
        {
            "adversarial_a_to_b": (0.5 * 2 - 1) ** 2,
            "adversarial_b_to_a": (0.25 * -3 - 1) ** 2,
            "cycle_a": 5.0,
            "cycle_b": 5.0,
            "discriminator_a_real": (0.25 - 1) ** 2,
            "discriminator_a_fake": (0.25 * -3) ** 2,
            "discriminator_b_real": (-0.5 - 1) ** 2,
            "discriminator_b_fake": (0.5 * 2) ** 2,
        }
    )


def test_average_follows_the_generators_with_its_decay() -> None:
    spy = Spy()
    state, _ = trained(spy, 1, generator_rate=0.1, ema_decay=0.999)
    assert list(state.ema) == ["a_to_b", "b_to_a"]
    # The warm-up's decay after the first step is 2 / 11.
    assert state.ema["a_to_b"].get_parameter("factor").item() == pytest.approx(2.0 * 2 / 11 + 1.9 * 9 / 11)


def test_discriminators_see_earlier_fakes_from_the_history() -> None:
    def new_and_old(history: int) -> list[bool]:
        spy = Spy()
        state, _ = trained(spy, 12, image_history=history, generator_rate=0.0)
        assert {name: len(pool.images) for name, pool in state.image_history.items()} == {
            "fake_a": history, "fake_b": history,
        }  # fmt: skip
        shown = [call for call in spy.calls if call.what == "discriminator"]
        for call in shown:  # each pool has fakes of its own kind: b's are 2 a, a's are -3 a
            assert (call.fakes["fake_b"] > 0).all()
            assert (call.fakes["fake_a"] < 0).all()
        return [bool((call.fakes["fake_b"] != 2.0 * call.batch).any()) for call in shown]

    with_history = new_and_old(4)
    assert with_history[:2] == [False, False], "the pool fills with the fakes of two steps"
    assert any(with_history[2:])
    assert not any(new_and_old(0))


@pytest.mark.parametrize("policies", ["", "brightness"])
def test_both_losses_see_the_discriminators_through_augmentation_if_asked_for(policies: str) -> None:
    spy = Spy()
    trained(spy, 1, diff_augment=policies)
    for call in spy.calls:
        for role, network in call.seen.items():
            expected = bool(policies) and role.startswith("discriminator")
            assert isinstance(network, AugmentedJudge) == expected


def test_gradients_are_clipped_for_all_networks_of_an_update_together() -> None:
    spy = Spy()
    state, _ = trained(spy, 1, clip_norm=0.5, generator_rate=0.0)
    for kind in ("generator", "discriminator"):
        parameters = state.optimizers[kind].param_groups[0]["params"]
        norm = torch.stack([parameter.grad for parameter in parameters]).norm()
        assert norm.item() == pytest.approx(0.5, rel=1e-4)


def test_every_critic_step_chooses_anew_from_the_history() -> None:
    spy = Spy(critic_steps=3)
    trained(spy, 12, image_history=4, generator_rate=0.0)
    calls = [call for call in spy.calls if call.what == "discriminator"][6:]  # the pools are full
    older = [(call.fakes["fake_b"][:, 0, 0, 0] != 2.0 * call.batch).tolist() for call in calls]
    assert any(one != two for one, two in zip(older[::3], older[1::3], strict=True))
    assert any(two != three for two, three in zip(older[1::3], older[2::3], strict=True))


def test_clipping_in_half_precision_is_of_gradients_without_their_scale() -> None:
    state, _ = trained(Spy(), 1, clip_norm=0.5, precision="16-mixed")
    assert state.scaler.is_enabled()
    for optimizer in state.optimizers.values():
        (group,) = optimizer.param_groups
        means = torch.stack([optimizer.state[parameter]["exp_avg"] for parameter in group["params"]])
        assert means.norm().item() == pytest.approx((1.0 - group["betas"][0]) * 0.5, rel=1e-3)


def test_the_scaler_goes_on_where_it_stood() -> None:
    state, _ = trained(Spy(), 1, precision="16-mixed")
    arrays = state.to_arrays()
    arrays["optimizers/scaler/scale"] = np.asarray(1024.0)
    arrays["optimizers/scaler/_growth_tracker"] = np.asarray(7.0)
    state.from_arrays(arrays)
    assert (state.scaler.get_scale(), state.scaler.state_dict()["_growth_tracker"]) == (1024.0, 7)
