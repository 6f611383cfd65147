"""Stop and go on is bit-identical to an uninterrupted run; one seed gives one result."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from feraug.config import TranslatorConfig
from feraug.data import PairBatches
from feraug.errors import TrainingError
from feraug.models import build_translator
from feraug.objectives import build_objective
from feraug.training import TrainState, constant_then_linear, fit

CPU = torch.device("cpu")
STEPS = 14


def config(**settings: object) -> TranslatorConfig:
    small = {
        "base_channels": 2,
        "residual_blocks": 1,
        "discriminator_channels": 2,
        "batch_size": 4,
        "image_history": 6,
    }
    return TranslatorConfig(**{**small, **settings})  # type: ignore[arg-type]


def domains() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(5)
    return [random.integers(0, 256, (count, 48, 48), dtype=np.uint8) for count in (9, 13)]


def new_state(chosen: TranslatorConfig) -> TrainState:
    torch.manual_seed(chosen.seed)
    return TrainState.create(build_translator(chosen), build_objective(chosen), chosen, CPU)


def train(state: TrainState, chosen: TranslatorConfig, stop_after: int = STEPS) -> TrainState:
    batches = PairBatches(
        *domains(), batch_size=chosen.batch_size, flip=chosen.flip, seed=chosen.seed, device=CPU
    )
    schedule = constant_then_linear(chosen.decay_from)
    for report in fit(state, build_objective(chosen), batches, steps=STEPS, schedule=schedule):
        if report.step == stop_after:
            break
    return state


def assert_identical(first: TrainState, second: TrainState) -> None:
    ours, theirs = first.to_arrays(), second.to_arrays()
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name, strict=True)


@pytest.mark.parametrize(
    "settings", [{}, {"output": "direct"}, {"upsampling": "transposed", "identity_weight": 0.5}]
)
@pytest.mark.parametrize("stop", [1, 7, 13])
def test_continuation_is_bit_identical(settings: dict[str, object], stop: int) -> None:
    chosen = config(**settings)
    whole = train(new_state(chosen), chosen)
    part = train(new_state(chosen), chosen, stop_after=stop)
    torch.rand(3)  # global random state must not matter
    resumed = new_state(config(**{**settings, "seed": 0}))
    resumed.from_arrays(part.to_arrays())
    assert resumed.step == stop
    assert_identical(train(resumed, chosen), whole)


def test_two_runs_with_one_seed_are_identical_and_another_seed_is_not() -> None:
    chosen = config()
    first, second = train(new_state(chosen), chosen), train(new_state(chosen), chosen)
    assert_identical(first, second)
    other = train(new_state(config(seed=1)), config(seed=1))
    assert not np.array_equal(
        first.to_arrays()["networks/a_to_b/head.weight"], other.to_arrays()["networks/a_to_b/head.weight"]
    )


def test_history_has_a_value_of_every_term_for_every_step() -> None:
    state = train(new_state(config()), config())
    assert {len(values) for values in state.history.values()} == {STEPS}
    assert {"adversarial_a_to_b", "cycle_a", "discriminator_a_real", "discriminator_b_fake"} <= set(
        state.history
    )


def test_every_network_moves_and_rates_reach_their_schedule() -> None:
    chosen = config(decay_from=0.0)
    before = new_state(chosen).to_arrays()
    state = train(new_state(chosen), chosen)
    after = state.to_arrays()
    for role in ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b"):
        assert any(
            not np.array_equal(before[name], after[name])
            for name in before
            if name.startswith(f"networks/{role}/")
        )
    assert state.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(2e-4 / STEPS)


def test_a_loss_that_is_not_finite_stops_training_and_names_the_step() -> None:
    chosen = config(generator_rate=10.0, discriminator_rate=10.0)
    state = new_state(chosen)
    with torch.no_grad():
        next(state.networks["discriminator_a"].parameters()).fill_(math.nan)
    with pytest.raises(TrainingError, match="step 1"):
        train(state, chosen)
