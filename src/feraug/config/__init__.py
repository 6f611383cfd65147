"""Every setting that determines a result, and its default: the only home of defaults.

Configs are frozen dataclasses of JSON values.  They travel inside the artifacts, so
:func:`from_json` checks a config from a file as strictly as one from the command line.
"""

from feraug.config.bench import ARMS, CONTROLS, SYNTHETIC_ARMS, USES, BenchConfig
from feraug.config.classifiers import (
    CLASSIFIERS,
    OPTIMIZERS,
    SCHEDULES,
    ClassifierConfig,
    classifier_config,
)
from feraug.config.demo import QUICK, DemoConfig
from feraug.config.gan import (
    DIFF_AUGMENTATIONS,
    DISCRIMINATOR_NORMS,
    NOISE_GENERATORS,
    OUTPUTS,
    PRECISIONS,
    STARGANS,
    TRANSLATORS,
    UPSAMPLINGS,
    GanConfig,
)
from feraug.config.models import (
    ADVERSARIAL,
    SCORES,
    AnyGanConfig,
    NoiseConfig,
    StarGANConfig,
    TranslationConfig,
    TranslatorConfig,
)
from feraug.config.registry import DEFAULTS, GAN_MODELS, MODELS, PRESETS, gan_config, model_config, uses
from feraug.config.tasks import (
    DEGRADATIONS,
    FACE_DETECTORS,
    LABEL_SOURCES,
    LEAST_IN_PHOTOS,
    SSIM_VARIANTS,
    CompareConfig,
    FilterConfig,
    NoiseSynthConfig,
    PhotosConfig,
    PrepareConfig,
    SsimConfig,
    SynthConfig,
    parse_fold,
)
from feraug.config.values import differences, from_json, to_json

__all__ = [
    "ADVERSARIAL",
    "ARMS",
    "CLASSIFIERS",
    "CONTROLS",
    "DEFAULTS",
    "DEGRADATIONS",
    "DIFF_AUGMENTATIONS",
    "DISCRIMINATOR_NORMS",
    "FACE_DETECTORS",
    "GAN_MODELS",
    "LABEL_SOURCES",
    "LEAST_IN_PHOTOS",
    "MODELS",
    "NOISE_GENERATORS",
    "OPTIMIZERS",
    "OUTPUTS",
    "PRECISIONS",
    "PRESETS",
    "QUICK",
    "SCHEDULES",
    "SCORES",
    "SSIM_VARIANTS",
    "STARGANS",
    "SYNTHETIC_ARMS",
    "TRANSLATORS",
    "UPSAMPLINGS",
    "USES",
    "AnyGanConfig",
    "BenchConfig",
    "ClassifierConfig",
    "CompareConfig",
    "DemoConfig",
    "FilterConfig",
    "GanConfig",
    "NoiseConfig",
    "NoiseSynthConfig",
    "PhotosConfig",
    "PrepareConfig",
    "SsimConfig",
    "StarGANConfig",
    "SynthConfig",
    "TranslationConfig",
    "TranslatorConfig",
    "classifier_config",
    "differences",
    "from_json",
    "gan_config",
    "model_config",
    "parse_fold",
    "to_json",
    "uses",
]
