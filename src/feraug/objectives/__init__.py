"""Objectives: frozen, stateless recipes that turn networks and a batch into losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from feraug.config import TranslatorConfig
from feraug.objectives.cyclegan import CycleGAN
from feraug.objectives.protocol import GeneratorLoss, LossTerms, Networks, Objective, TranslationBatch

__all__ = ["GeneratorLoss", "LossTerms", "Networks", "Objective", "TranslationBatch", "build_objective"]

_BUILDERS: Final[Mapping[str, Callable[[TranslatorConfig], Objective]]] = {
    "cyclegan": lambda config: CycleGAN(config.cycle_weight, config.identity_weight),
}


def build_objective(config: TranslatorConfig) -> Objective:
    """The objective that ``config.model`` names."""
    return _BUILDERS[config.model](config)
