"""The core model library: every network that the subcommands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from torch import nn

from feraug.config import AnyGanConfig, NoiseConfig, StarGANConfig, TranslatorConfig
from feraug.models.classifiers import build_classifier
from feraug.models.discriminator import Discriminator, receptive_field
from feraug.models.generator import Output, TranslationGenerator, Upsampling
from feraug.models.noise import NoiseDiscriminator, NoiseGenerator
from feraug.models.stargan import StarDiscriminator, StarGenerator

__all__ = [
    "Discriminator",
    "NoiseDiscriminator",
    "NoiseGenerator",
    "StarDiscriminator",
    "StarGenerator",
    "TranslationGenerator",
    "build_classifier",
    "build_generator",
    "build_networks",
    "build_noise_generator",
    "build_noise_networks",
    "build_star_generator",
    "build_stargan",
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
        config.skips,
    )


def build_translator(config: TranslatorConfig) -> dict[str, nn.Module]:
    """The four networks of a translator by role, freshly initialised from torch's global random state."""
    return {
        "a_to_b": build_generator(config),
        "b_to_a": build_generator(config),
        "discriminator_a": Discriminator(config.discriminator_channels, config.discriminator_norm),
        "discriminator_b": Discriminator(config.discriminator_channels, config.discriminator_norm),
    }


def build_star_generator(config: StarGANConfig) -> StarGenerator:
    """One generator for all pairs, freshly initialised from torch's global random state."""
    return StarGenerator(
        config.base_channels,
        config.residual_blocks,
        cast(Output, config.output),
        cast(Upsampling, config.upsampling),
        config.skips,
        len(config.emotions),
    )


def build_stargan(config: StarGANConfig) -> dict[str, nn.Module]:
    """The two networks of a StarGAN by role, freshly initialised from torch's global random state."""
    return {
        "generator": build_star_generator(config),
        "discriminator": StarDiscriminator(
            config.discriminator_channels,
            config.discriminator_norm,
            len(config.emotions),
            config.scores == "by-emotion",
        ),
    }


def build_noise_generator(config: NoiseConfig) -> NoiseGenerator:
    """The generator of faces from noise; R3GAN's has no normalisation (Huang et al., 2024, section 3)."""
    norm = "none" if config.model == "r3gan" else "batch"
    classes = len(config.emotions)
    return NoiseGenerator(config.base_channels, config.latent_size, classes, norm, config.upsampling)


def build_noise_networks(config: NoiseConfig) -> dict[str, nn.Module]:
    """The two networks of a noise generator by role, freshly initialised from torch's global random state."""
    classes = len(config.emotions)
    return {
        "generator": build_noise_generator(config),
        "discriminator": NoiseDiscriminator(
            config.discriminator_channels, classes, config.discriminator_norm
        ),
    }


_BUILDERS: Final[Mapping[str, Callable[[Any], dict[str, nn.Module]]]] = {
    "cyclegan": build_translator,
    "weighted": build_translator,
    "wasserstein": build_translator,
    "stargan": build_stargan,
    "dcgan": build_noise_networks,
    "wgan-gp": build_noise_networks,
    "r3gan": build_noise_networks,
}


def build_networks(config: AnyGanConfig) -> dict[str, nn.Module]:
    """The networks that ``config.model`` trains, by role."""
    return _BUILDERS[config.model](config)
