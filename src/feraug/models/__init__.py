"""The core model library: every network that the subcommands share."""

from __future__ import annotations

from typing import cast

from torch import nn

from feraug.config import TranslatorConfig
from feraug.models.discriminator import Discriminator, receptive_field
from feraug.models.generator import Output, TranslationGenerator, Upsampling

__all__ = [
    "Discriminator",
    "TranslationGenerator",
    "build_generator",
    "build_translator",
    "receptive_field",
]


def build_generator(config: TranslatorConfig) -> TranslationGenerator:
    """One translation generator, freshly initialised from torch's global random state."""
    return TranslationGenerator(
        config.base_channels,
        config.residual_blocks,
        cast(Output, config.output),
        cast(Upsampling, config.upsampling),
    )


def build_translator(config: TranslatorConfig) -> dict[str, nn.Module]:
    """The four networks of a translator by role, freshly initialised from torch's global random state."""
    return {
        "a_to_b": build_generator(config),
        "b_to_a": build_generator(config),
        "discriminator_a": Discriminator(config.discriminator_channels),
        "discriminator_b": Discriminator(config.discriminator_channels),
    }
