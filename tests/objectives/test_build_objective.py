"""Every setting of a config reaches its place in the objective."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import pytest

from feraug.config import DEFAULTS, GAN_MODELS, model_config
from feraug.errors import UsageError
from feraug.objectives import Objective, build_objective
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.noise import DCGAN, R3GAN, WGANGP
from feraug.objectives.stargan import StarGAN
from feraug.objectives.translation import Cycle
from feraug.objectives.wasserstein import WassersteinCycleGAN

CYCLE = {"cycle_weight": 2.0, "cycle_weight_end": 3.0, "identity_weight": 4.0, "change_weight": 5.0,
         "change_weight_end": 10.0, "mismatch_weight": 9.0}  # fmt: skip
"""No two alike, so that none can stand in another's place."""

LEAST_SQUARES = {"real_target": 0.8, "penalty_weight": 6.0}
CRITIC = {"penalty_weight": 6.0, "critic_steps": 7}


def test_a_penalty_for_each_image_and_batch_norm_are_refused() -> None:
    """At training, not when a file is read: what is trained can still be used."""
    config = model_config({"model": "r3gan", "penalty_weight": 1.0, "discriminator_norm": "batch"})
    with pytest.raises(UsageError, match="--discriminator-norm: r3gan's penalty is for each image"):
        build_objective(config)
    build_objective(replace(config, penalty_weight=0.0))


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        ("stargan", {"weighted_cycle": True, "cycle_weight": 0.0}, "--weighted-cycle: there is no cycle"),
        ("wasserstein", {"weighted_cycle": True, "cycle_weight": 0.0}, "--weighted-cycle: there is no cycle"),
        ("weighted", {"cycle_weight": 0.0}, "--cycle-weight 0: without a cycle weighted is cyclegan"),
        ("dcgan", {"emotions": ("neutral",), "class_weight": 5.0}, "--class-weight: is for several emotions"),
        ("r3gan", {"emotions": ("neutral",), "class_weight": 5.0}, "--class-weight: is for several emotions"),
        ("wgan-gp", {"emotions": ("sad",), "class_weight": 0.0}, "--class-weight: is for several emotions"),
        ("wasserstein", {"gamma_end": 0.3}, "--gamma-end: is for --weighted-cycle"),
        ("stargan", {"gamma_end": 0.3}, "--gamma-end: is for --weighted-cycle"),
        ("stargan", {"adversarial": "wasserstein", "penalty_weight": 10.0, "real_target": 0.9},
         "--real-target: critics have no target"),
    ],
)  # fmt: skip
def test_settings_without_effect_are_refused(model: str, settings: dict[str, Any], words: str) -> None:
    config = model_config({"model": model, **settings})
    with pytest.raises(UsageError, match=words):
        build_objective(config)
    build_objective(model_config({"model": "stargan", "weighted_cycle": True, "cycle_weight": 1.0}))


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        (
            "cyclegan",
            CYCLE | LEAST_SQUARES,
            CycleGAN(Cycle(2.0, 3.0, 4.0, change_weight=5.0, change_weight_end=10.0), 0.8, 6.0, 9.0),
        ),
        (
            "weighted",
            CYCLE | LEAST_SQUARES | {"gamma_end": 0.3},
            CycleGAN(
                Cycle(2.0, 3.0, 4.0, gamma_end=0.3, change_weight=5.0, change_weight_end=10.0), 0.8, 6.0, 9.0
            ),
        ),
        (
            "wasserstein",
            CYCLE | CRITIC,
            WassersteinCycleGAN(
                Cycle(2.0, 3.0, 4.0, by_quality=False, change_weight=5.0, change_weight_end=10.0), 6.0, 7, 9.0
            ),
        ),
        (
            "wasserstein",
            CYCLE | CRITIC | {"weighted_cycle": True, "gamma_end": 0.3},
            WassersteinCycleGAN(
                Cycle(
                    2.0, 3.0, 4.0, gamma_end=0.3, by_quality=False, change_weight=5.0, change_weight_end=10.0
                ),
                6.0,
                7,
                9.0,
            ),
        ),
        ("dcgan", {"real_target": 0.8, "class_weight": 0.25}, DCGAN(0.8, 0.25)),
        ("wgan-gp", CRITIC, WGANGP(6.0, 7, 1.0)),
        ("r3gan", {"penalty_weight": 6.0, "class_weight": 0.0}, R3GAN(6.0)),
    ],
)
def test_settings_reach_their_places(model: str, settings: dict[str, Any], expected: Objective) -> None:
    assert build_objective(model_config({"model": model, **settings})) == expected


def test_defaults_of_every_model() -> None:
    built = {model: build_objective(DEFAULTS[model]) for model in GAN_MODELS}  # type: ignore[arg-type]
    assert built == {
        "cyclegan": CycleGAN(Cycle(1.0)),
        "weighted": CycleGAN(Cycle(1.0, gamma_end=0.5), real_target=0.9),
        "wasserstein": WassersteinCycleGAN(Cycle(10.0, by_quality=False), 10.0, 3),
        "stargan": StarGAN(class_weight=0.2, change_weight=1.0),
        "dcgan": DCGAN(1.0, 1.0),
        "wgan-gp": WGANGP(10.0, 5, 1.0),
        "r3gan": R3GAN(1.0, 1.0),
    }


@pytest.mark.parametrize("model", GAN_MODELS)
def test_objectives_are_frozen(model: str) -> None:
    objective = build_objective(DEFAULTS[model])  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        objective.real_target = 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (
            "wgan-gp",
            {"balanced": False},
            "--no-balanced: a class-conditional critic diverges",
        ),
        (
            "stargan",
            {"balanced": False, "adversarial": "wasserstein"},
            "--adversarial wasserstein: needs --bal",
        ),
        ("stargan", {"neutral_times": 2, "adversarial": "wasserstein"}, "and --neutral-times 1"),
        ("stargan", {"adversarial": "wasserstein"}, "needs a gradient penalty; give --penalty-weight 10"),
        (
            "wgan-gp",
            {"penalty_weight": 0.0},
            "--penalty-weight 0: only the penalty keeps wgan-gp's critic 1-Lipschitz; give",
        ),
        (
            "wasserstein",
            {"penalty_weight": 0.0},
            "--penalty-weight 0: only the penalty keeps wasserstein's critic 1-Lipschitz",
        ),
    ],
)
def test_a_critic_that_is_told_of_emotions_needs_balance_and_a_penalty(
    model: str, settings: dict[str, Any], words: str
) -> None:
    config = model_config({"model": model, **settings})  # which a model that was trained so has
    with pytest.raises(UsageError, match=words):
        build_objective(config)
    # Told of nothing, or with least squares, where a constant costs: fine.
    for fine in (
        {"model": "wgan-gp", "balanced": False, "class_weight": 0.0},
        {"model": "wgan-gp", "balanced": False, "emotions": ["sad"]},
        {"model": "stargan", "balanced": False},
        {"model": "stargan", "adversarial": "wasserstein", "penalty_weight": 10.0},
    ):
        build_objective(model_config(fine))
