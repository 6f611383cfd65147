"""Every setting that determines a result, and its default: the only home of defaults.

Configs are frozen dataclasses of JSON values.  They travel inside the artifacts, so
:func:`from_json` checks a config from a file as strictly as one from the command line.
"""

from feraug.config.models import (
    DEFAULTS,
    DIFF_AUGMENTATIONS,
    DISCRIMINATOR_NORMS,
    MODELS,
    NOISE_GENERATORS,
    OUTPUTS,
    PRECISIONS,
    PRESETS,
    TRANSLATORS,
    UPSAMPLINGS,
    GanConfig,
    NoiseConfig,
    TranslatorConfig,
    model_config,
    uses,
)
from feraug.config.tasks import (
    LABEL_SOURCES,
    SSIM_VARIANTS,
    NoiseSynthConfig,
    PrepareConfig,
    SsimConfig,
    SynthConfig,
)
from feraug.config.values import differences, from_json, to_json

__all__ = [
    "DEFAULTS",
    "DIFF_AUGMENTATIONS",
    "DISCRIMINATOR_NORMS",
    "LABEL_SOURCES",
    "MODELS",
    "NOISE_GENERATORS",
    "OUTPUTS",
    "PRECISIONS",
    "PRESETS",
    "SSIM_VARIANTS",
    "TRANSLATORS",
    "UPSAMPLINGS",
    "GanConfig",
    "NoiseConfig",
    "NoiseSynthConfig",
    "PrepareConfig",
    "SsimConfig",
    "SynthConfig",
    "TranslatorConfig",
    "differences",
    "from_json",
    "model_config",
    "to_json",
    "uses",
]
