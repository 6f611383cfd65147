"""Stop and go on is bit-identical to an uninterrupted run; one seed gives one result."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from feraug.config import (
    GAN_MODELS,
    STARGANS,
    TRANSLATORS,
    AnyGanConfig,
    StarGANConfig,
    TranslatorConfig,
    model_config,
)
from feraug.data import ClassBatches, EmotionBatches, PairBatches, Sampling
from feraug.errors import TrainingError
from feraug.models import build_networks
from feraug.objectives import build_objective
from feraug.training import Batches, StepPlan, TrainState, constant_then_linear, fit, new_fabric

CPU = torch.device("cpu")
STEPS = 6
Config = AnyGanConfig


def config(model: str = "cyclegan", **settings: object) -> Config:
    small: dict[str, object] = {"base_channels": 2, "discriminator_channels": 2, "batch_size": 4}
    if model in TRANSLATORS:
        small |= {"residual_blocks": 1}
        small |= {"image_history": 6} if model != "wasserstein" else {}
    elif model in STARGANS:
        small |= {"residual_blocks": 1, "emotions": ["fear", "sad", "happy"]}
    else:
        small |= {"emotions": ["fear", "sad", "happy"], "latent_size": 5}
    return model_config({"model": model, **small, **settings})


def faces(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def batches(chosen: Config) -> Batches:
    sampling = Sampling(chosen.batch_size, chosen.seed, CPU, chosen.flip, chosen.augment)
    if isinstance(chosen, TranslatorConfig):
        return PairBatches(faces(9), faces(13), sampling)
    classes = np.array([0, 1, 2, 2, 2, 1, 0, 2, 2])
    if isinstance(chosen, StarGANConfig):
        return EmotionBatches(faces(9), classes, sampling, balanced=chosen.balanced)
    return ClassBatches(faces(9), classes, sampling, latent_size=chosen.latent_size, balanced=chosen.balanced)


def new_state(chosen: Config) -> TrainState:
    torch.manual_seed(chosen.seed)
    fabric = new_fabric(CPU, precision=chosen.precision)
    return TrainState.create(build_networks(chosen), build_objective(chosen), chosen, fabric)


def train(state: TrainState, chosen: Config, stop_after: int = STEPS, read_every: int = 1) -> TrainState:
    schedule = constant_then_linear(chosen.decay_from)
    objective, plan = build_objective(chosen), StepPlan(STEPS)
    for report in fit(state, objective, batches(chosen), plan, schedule=schedule, read_every=read_every):
        if report.step == stop_after:
            break
    return state


def assert_identical(first: TrainState, second: TrainState) -> None:
    ours, theirs = first.to_arrays(), second.to_arrays()
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name, strict=True)


EVERYTHING: dict[str, object] = {
    "diff_augment": "translation,cutout,brightness", "augment": True, "clip_norm": 0.5,
    "precision": "bf16-mixed",
}  # fmt: skip


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["defaults", "everything"])
@pytest.mark.parametrize("model", GAN_MODELS)
def test_continuation_is_bit_identical(model: str, settings: dict[str, object]) -> None:
    chosen = config(model, **settings)
    whole = train(new_state(chosen), chosen)
    state = new_state(chosen)
    for stop in (1, 4):  # stopped twice
        part = train(state, chosen, stop_after=stop)
        torch.rand(3)  # global random state must not matter
        state = new_state(chosen)
        state.from_arrays(part.to_arrays())
        assert state.step == stop
    assert_identical(train(state, chosen), whole)


@pytest.mark.parametrize(
    "settings",
    [
        {"output": "direct", "skips": False},
        {"upsampling": "transposed", "identity_weight": 0.5, "change_weight": 0.5},
        {"penalty_weight": 0.5, "discriminator_norm": "none", "cycle_weight_end": 0.1},
        {"head_start": 0.7, "cycle_weight": 0.0},
        {"output": "warped"},
        {"model": "stargan", "class_weight": 0.0},  # nothing trains the layer that names emotions
    ],
)
def test_continuation_of_other_translators(settings: dict[str, object]) -> None:
    chosen = config(**settings)
    part = train(new_state(chosen), chosen, stop_after=3)
    resumed = new_state(chosen)
    resumed.from_arrays(part.to_arrays())
    assert_identical(train(resumed, chosen), train(new_state(chosen), chosen))


def test_reading_the_losses_rarely_changes_nothing() -> None:
    chosen = config()
    often, rarely = new_state(chosen), new_state(chosen)
    assert_identical(train(rarely, chosen, read_every=3), train(often, chosen))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_one_process_needs_no_fabric_and_trains_as_with_it(precision: str) -> None:
    from lightning_fabric import Fabric

    chosen = config("wasserstein", precision=precision)
    without, with_fabric = new_state(chosen), new_state(chosen)
    assert not isinstance(without.fabric, Fabric)
    with_fabric.fabric = Fabric(accelerator="cpu", precision=precision)  # type: ignore[arg-type]
    assert_identical(train(without, chosen), train(with_fabric, chosen))


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


@pytest.mark.parametrize("model", GAN_MODELS)
def test_every_network_moves_and_rates_reach_their_schedule(model: str) -> None:
    chosen = config(model, decay_from=0.0)
    before = new_state(chosen).to_arrays()
    state = train(new_state(chosen), chosen)
    after = state.to_arrays()
    for role in state.networks:
        assert any(
            not np.array_equal(before[name], after[name])
            for name in before
            if name.startswith(f"networks/{role}/")
        )
    assert state.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(chosen.generator_rate / STEPS)


@pytest.mark.parametrize("read_every", [1, 4])
def test_a_loss_that_is_not_finite_stops_training_and_names_the_step(read_every: int) -> None:
    chosen = config(generator_rate=10.0, discriminator_rate=10.0)
    state = new_state(chosen)
    with torch.no_grad():
        next(state.networks["discriminator_a"].parameters()).fill_(math.nan)
    with pytest.raises(TrainingError, match="at step 1;"):
        train(state, chosen, read_every=read_every)


def test_weights_that_the_last_update_made_nan_are_not_kept() -> None:
    """The losses of a step are of the weights before its update, and are finite here."""
    chosen = config()
    state = train(new_state(chosen), chosen, stop_after=2)
    with torch.no_grad():
        next(state.networks["b_to_a"].parameters()).view(-1)[0] = math.nan
    with pytest.raises(TrainingError, match=r"'networks/b_to_a/.*' is not finite after step 2; try a lower "):
        state.to_arrays()


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
def test_an_optimizer_without_any_state_is_missing(kind: str) -> None:
    chosen = config()
    arrays = train(new_state(chosen), chosen, stop_after=2).to_arrays()
    kept = {path: values for path, values in arrays.items() if not path.startswith(f"optimizers/{kind}/")}
    with pytest.raises(TrainingError, match=f"'optimizers/{kind}' is missing"):
        new_state(chosen).from_arrays(kept)
    whole = next(path for path in arrays if path.startswith(f"optimizers/{kind}/")).rpartition("/")[0]
    with pytest.raises(TrainingError, match="is missing"):
        new_state(chosen).from_arrays({path: arrays[path] for path in arrays if not path.startswith(whole)})
    part = next(
        path for path in arrays if path.startswith(f"optimizers/{kind}/") and path.endswith("exp_avg")
    )
    with pytest.raises(TrainingError, match="exp_avg' is missing"):
        new_state(chosen).from_arrays({path: arrays[path] for path in arrays if path != part})
