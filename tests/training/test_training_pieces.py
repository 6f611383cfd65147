"""Image history, EMA, schedule, and the state as arrays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from feraug.config import NoiseConfig, TranslatorConfig
from feraug.errors import TrainingError
from feraug.models import build_networks
from feraug.objectives import build_objective
from feraug.training import (
    BudgetPlan,
    StepPlan,
    TrainState,
    any_of,
    constant_then_linear,
    first_says,
    load_network,
    new_fabric,
)
from feraug.training.arrays import histories
from feraug.training.image_history import ImageHistory

CPU = torch.device("cpu")


def numbered(first: int, count: int) -> torch.Tensor:
    return (
        torch.arange(first, first + count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).clone()
    )


def values(images: torch.Tensor) -> list[int]:
    return [int(value) for value in images[:, 0, 0, 0]]


class TestImageHistory:
    def test_hands_back_new_images_until_it_is_full(self) -> None:
        pool = ImageHistory(4, CPU)
        random = np.random.default_rng(0)
        assert values(pool.exchange(numbered(0, 3), random)) == [0, 1, 2]
        assert values(pool.images) == [0, 1, 2]

    def test_then_exchanges_about_half_and_loses_none(self) -> None:
        pool = ImageHistory(50, CPU)
        random = np.random.default_rng(0)
        pool.exchange(numbered(0, 50), random)
        exchanged, seen = 0, set(range(50))
        for turn in range(100):
            fakes = numbered(50 + 10 * turn, 10)
            before = set(values(pool.images))
            back = values(pool.exchange(fakes, random))
            seen |= set(values(fakes))
            exchanged += sum(new != old for new, old in zip(values(fakes), back, strict=True))
            assert set(back) | set(values(pool.images)) == before | set(values(fakes))
            assert len(set(values(pool.images))) == 50
        assert exchanged == pytest.approx(500, abs=60)

    def test_a_batch_that_is_larger_than_the_pool(self) -> None:
        pool = ImageHistory(3, CPU)
        random = np.random.default_rng(1)
        assert len(pool.exchange(numbered(0, 10), random)) == 10
        assert len(pool.exchange(numbered(10, 10), random)) == 10

    def test_capacity_zero_is_off(self) -> None:
        fakes = numbered(0, 4)
        assert ImageHistory(0, CPU).exchange(fakes, np.random.default_rng(0)) is fakes

    def test_keeps_no_gradient(self) -> None:
        pool = ImageHistory(2, CPU)
        pool.exchange(numbered(0, 2).requires_grad_(), np.random.default_rng(0))
        assert not pool.images.requires_grad


def test_schedule_is_constant_and_then_falls_linearly_to_zero() -> None:
    factor = constant_then_linear(0.5)
    assert [factor(progress) for progress in (0.0, 0.25, 0.5, 0.75, 0.9)] == pytest.approx(
        [1, 1, 1, 0.5, 0.2]
    )
    assert constant_then_linear(1.0)(0.999) == 1.0
    assert constant_then_linear(0.0)(0.25) == pytest.approx(0.75)


def test_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [StepPlan(8).progress(step) for step in (0, 2, 8)] == [0.0, 0.25, 1.0]
    assert StepPlan(8).steps_in_all(2, 0.25) == 8
    now = 1000.0
    monkeypatch.setattr("feraug.training.plan.time.monotonic", lambda: now)
    budget = BudgetPlan(200.0, spent=50.0)
    assert budget.progress(3) == 0.25
    assert budget.steps_in_all(3, 0.25) == 12
    assert budget.steps_in_all(3, 0.95) == 4, "one more at least: it is not done"
    now += 150.0
    assert budget.progress(9) == 1.0
    assert budget.steps_in_all(9, 1.0) == 9


def test_the_step_that_compiles_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("feraug.training.plan.time.monotonic", lambda: now)
    budget = BudgetPlan(200.0, spent=50.0, compiles=True)
    assert budget.progress(3) == 0.25
    now += 70.0
    assert (budget.progress(4), budget.uncounted) == (0.25, 70.0)
    now += 50.0
    assert (budget.progress(5), budget.uncounted) == (0.5, 70.0)
    assert StepPlan(8).uncounted == 0.0


def test_a_batch_norm_s_statistics_have_an_average_of_the_same_age() -> None:
    config = NoiseConfig(base_channels=2, discriminator_channels=2, emotions=("sad",), ema_decay=0.5)
    networks = build_networks(config)
    state = TrainState.create(networks, build_objective(config), config, new_fabric(CPU))
    mean, kept = (
        network.norms[0].running_mean for network in (networks["generator"], state.ema["generator"])
    )  # type: ignore[union-attr,index]
    assert isinstance(mean, torch.Tensor) and isinstance(kept, torch.Tensor)
    mean.fill_(4.0)
    kept.fill_(2.0)
    state.step = 1000
    state.update_ema()
    assert kept.tolist() == pytest.approx([3.0] * len(kept))


def small_state(**settings: object) -> TrainState:
    config = TranslatorConfig(base_channels=2, residual_blocks=1, discriminator_channels=2, **settings)  # type: ignore[arg-type]
    torch.manual_seed(0)
    return TrainState.create(build_networks(config), build_objective(config), config, new_fabric(CPU))


def test_ema_by_hand() -> None:
    state = small_state(ema_decay=0.9)
    network, average = state.networks["a_to_b"], state.ema["a_to_b"]
    weight, kept = network.head.bias, average.head.bias  # type: ignore[union-attr]
    assert isinstance(weight, torch.Tensor) and isinstance(kept, torch.Tensor)
    with torch.no_grad():
        kept.fill_(1.0)
        weight.fill_(2.0)
    state.step = 1
    state.update_ema()  # warm-up: decay (1 + 1) / (10 + 1)
    assert kept.item() == pytest.approx(1.0 * 2 / 11 + 2.0 * 9 / 11)
    state.step = 10_000
    with torch.no_grad():
        kept.fill_(1.0)
    state.update_ema()
    assert kept.item() == pytest.approx(0.9 * 1.0 + 0.1 * 2.0)


def test_loading_refuses_missing_misshapen_and_infinite_arrays() -> None:
    state = small_state()
    arrays = state.to_arrays()
    path = "networks/a_to_b/head.weight"
    infinite, nothing = (np.full_like(arrays[path], value) for value in (-np.inf, np.nan))
    for broken in (None, arrays[path][:, :1, :1], nothing, infinite):
        changed = {name: array for name, array in arrays.items() if name != path}
        if broken is not None:
            changed[path] = broken
        with pytest.raises(TrainingError, match=r"networks/a_to_b/head\.weight"):
            load_network(state.networks["a_to_b"], changed, "networks/a_to_b")


def test_arrays_of_another_number_of_dimensions_are_refused() -> None:
    wide = np.ones((2, 2), np.float32)
    with pytest.raises(TrainingError, match=r"'random/step' has shape \(2, 2\), expected \(\)"):
        small_state().from_arrays({**small_state().to_arrays(), "random/step": wide})
    with pytest.raises(TrainingError, match=r"'history/cycle_a' has shape \(2, 2\), expected one dimension"):
        histories({"history/cycle_a": wide})


def test_a_step_s_draws_are_of_its_seed_stream_and_number() -> None:
    def drawn(*, seed: int = 0, stream: int = 1, step: int = 0, further: int = 0) -> float:
        state = small_state(seed=seed)
        state.step = step
        return state.random(stream, further).random()

    others = [drawn(seed=1), drawn(stream=2), drawn(step=1), drawn(further=1), drawn(further=2)]
    assert len({drawn(), *others}) == 6 and drawn() == drawn()


def test_rates_and_betas_reach_the_optimizers() -> None:
    state = small_state(generator_rate=1e-3, discriminator_rate=2e-3, beta1=0.25, beta2=0.75)
    for kind, rate in (("generator", 1e-3), ("discriminator", 2e-3)):
        (group,) = state.optimizers[kind].param_groups
        assert (group["lr"], group["betas"]) == (rate, (0.25, 0.75))


def test_torchrun_on_several_machines_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr("lightning_fabric.Fabric", lambda **settings: asked.update(settings))
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6"}.items():
        monkeypatch.setenv(name, value)
    new_fabric(CPU)
    assert (asked["devices"], asked["num_nodes"], asked["strategy"]) == (2, 3, "ddp")


def test_what_processes_tell_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    two: Any = SimpleNamespace(world_size=2, device=CPU)
    for others, found in ((0.0, False), (1.0, True)):
        monkeypatch.setattr("torch.distributed.all_reduce", lambda tensor, others=others: tensor.add_(others))
        assert any_of(two, False) is found and any_of(two, True)
    monkeypatch.setattr("torch.distributed.broadcast", lambda tensor, source: tensor.fill_(0.75))
    assert first_says(two, 0.5) == 0.75
