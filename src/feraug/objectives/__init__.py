"""Objectives: frozen, stateless recipes that turn networks and a batch into losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from feraug.config import DEFAULTS, AnyGanConfig, NoiseConfig, StarGANConfig, TranslatorConfig
from feraug.config.values import option
from feraug.errors import UsageError
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.noise import DCGAN, R3GAN, WGANGP
from feraug.objectives.protocol import (
    EmotionBatch,
    GeneratorLoss,
    LossTerms,
    Networks,
    NoiseBatch,
    Objective,
    TranslationBatch,
)
from feraug.objectives.stargan import StarGAN
from feraug.objectives.translation import Cycle
from feraug.objectives.wasserstein import WassersteinCycleGAN

__all__ = [
    "EmotionBatch",
    "GeneratorLoss",
    "LossTerms",
    "Networks",
    "NoiseBatch",
    "Objective",
    "TranslationBatch",
    "build_objective",
]


def _cyclegan(config: TranslatorConfig) -> Objective:
    return CycleGAN(_cycle(config), config.real_target, config.penalty_weight, config.mismatch_weight)


def _weighted(config: TranslatorConfig) -> Objective:
    if not (config.cycle_weight or config.cycle_weight_end):
        raise UsageError("--cycle-weight 0: without a cycle weighted is cyclegan; train that")
    cycle = _cycle(config, gamma_end=config.gamma_end)
    return CycleGAN(cycle, config.real_target, config.penalty_weight, config.mismatch_weight)


def _refuse_idle(config: AnyGanConfig, name: str, why: str) -> None:
    """Refuse a setting that was changed and that the other settings leave without effect."""
    if getattr(config, name) != getattr(DEFAULTS[config.model], name):
        raise UsageError(f"{option(name)}: {why}")


def _check_cycle(config: TranslatorConfig | StarGANConfig) -> None:
    if not config.weighted_cycle:
        _refuse_idle(config, "gamma_end", "is for --weighted-cycle")
    elif not (config.cycle_weight or config.cycle_weight_end):
        raise UsageError("--weighted-cycle: there is no cycle; give a --cycle-weight, too")


def _needs_penalty(config: TranslatorConfig | NoiseConfig) -> None:
    if not config.penalty_weight:
        raise UsageError(
            f"--penalty-weight 0: only the penalty keeps {config.model}'s critic 1-Lipschitz; "
            "give --penalty-weight 10"
        )


def _wasserstein(config: TranslatorConfig) -> Objective:
    _needs_penalty(config)
    _check_cycle(config)
    cycle = _cycle(config, gamma_end=config.gamma_end if config.weighted_cycle else None, by_quality=False)
    return WassersteinCycleGAN(cycle, config.penalty_weight, config.critic_steps, config.mismatch_weight)


def _check_classes(config: NoiseConfig) -> None:
    if len(config.emotions) == 1:
        _refuse_idle(config, "class_weight", "is for several emotions, and does nothing to one; leave it out")


def _dcgan(config: NoiseConfig) -> Objective:
    _check_classes(config)
    return DCGAN(config.real_target, config.class_weight)


def _r3gan(config: NoiseConfig) -> Objective:
    _check_classes(config)
    if config.discriminator_norm == "batch" and config.penalty_weight:
        raise UsageError(
            "--discriminator-norm: r3gan's penalty is for each image on its own; instance or none"
        )
    return R3GAN(config.penalty_weight, config.class_weight)


# A class-conditional critic can add a constant to all scores of a class, which the gradient penalty does not
# bound.  Where a class is more frequent among the faces that it scores up than among those that it scores
# down, that constant gains by growing, without limit.


def _wgan_gp(config: NoiseConfig) -> Objective:
    _needs_penalty(config)
    _check_classes(config)
    if not config.balanced and config.class_weight and len(config.emotions) > 1:
        raise UsageError(
            "--no-balanced: a class-conditional critic diverges on unbalanced classes; add --class-weight 0"
        )
    return WGANGP(config.penalty_weight, config.critic_steps, config.class_weight)


def _stargan(config: StarGANConfig) -> Objective:
    _check_cycle(config)
    if config.adversarial == "wasserstein":
        _refuse_idle(config, "real_target", "critics have no target; it is for --adversarial least-squares")
    if config.adversarial == "wasserstein" and (not config.balanced or config.neutral_times > 1):
        raise UsageError("--adversarial wasserstein: needs --balanced, and --neutral-times 1")
    if config.adversarial == "wasserstein" and not config.penalty_weight:
        raise UsageError("--adversarial wasserstein: needs a gradient penalty; give --penalty-weight 10")
    return StarGAN(
        cycle_weight=config.cycle_weight,
        cycle_weight_end=config.cycle_weight_end,
        class_weight=config.class_weight,
        identity_weight=config.identity_weight,
        change_weight=config.change_weight,
        change_weight_end=config.change_weight_end,
        gamma_end=config.gamma_end if config.weighted_cycle else None,
        real_target=config.real_target,
        penalty_weight=config.penalty_weight,
        mismatch_weight=config.mismatch_weight,
        critic=config.adversarial == "wasserstein",
        critic_steps=config.critic_steps,
        emotions=len(config.emotions),
    )


def _cycle(config: TranslatorConfig, **settings: Any) -> Cycle:
    return Cycle(
        config.cycle_weight,
        config.cycle_weight_end,
        config.identity_weight,
        change_weight=config.change_weight,
        change_weight_end=config.change_weight_end,
        **settings,
    )


_BUILDERS: Final[Mapping[str, Callable[[Any], Objective]]] = {
    "cyclegan": _cyclegan,
    "weighted": _weighted,
    "wasserstein": _wasserstein,
    "stargan": _stargan,
    "dcgan": _dcgan,
    "wgan-gp": _wgan_gp,
    "r3gan": _r3gan,
}


def build_objective(config: AnyGanConfig) -> Objective:
    """The objective that ``config.model`` names."""
    return _BUILDERS[config.model](config)
