"""Settings of the generative models: one declaration each, with default, limits and help.

``DEFAULTS`` has each model's own defaults, ``PRESETS`` named departures from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from feraug.config.values import check, fields, from_json, one_of, option, setting
from feraug.emotions import EMOTIONS, DomainPair, parse_emotion, suggestion
from feraug.errors import UsageError

TRANSLATORS: Final[Mapping[str, str]] = {
    "cyclegan": "Translate between two emotions: least squares, cycle consistency.",
    "weighted": "CycleGAN whose cycle term weighs features and the quality of the face.",
    "wasserstein": "CycleGAN with critics under a gradient penalty.",
}
"""Models that translate faces of one emotion into another, and their line in ``--help``."""

NOISE_GENERATORS: Final[Mapping[str, str]] = {
    "dcgan": "Faces from noise: deep convolutional GAN.",
    "wgan-gp": "Faces from noise: Wasserstein GAN with gradient penalty.",
    "r3gan": "Faces from noise: relativistic loss with R1 and R2 penalties.",
}
"""Models that make faces from noise, and their line in ``--help``."""

MODELS: Final[Mapping[str, str]] = {**TRANSLATORS, **NOISE_GENERATORS}

OUTPUTS: Final = ("residual", "direct")
UPSAMPLINGS: Final = ("resize", "transposed")
DISCRIMINATOR_NORMS: Final = ("instance", "batch", "none")
PRECISIONS: Final = ("32-true", "bf16-mixed", "16-mixed")
DIFF_AUGMENTATIONS: Final = ("translation", "cutout", "brightness")
"""What ``--diff-augment`` can name."""

_CYCLE: Final = ("weighted", "wasserstein")
_CRITICS: Final = ("wasserstein", "wgan-gp")
_PENALISED: Final = ("cyclegan", "weighted", *_CRITICS, "r3gan")
_TARGETS: Final = ("cyclegan", "weighted", "dcgan")
GanT = TypeVar("GanT", bound="GanConfig")


@dataclass(frozen=True)
class GanConfig:
    """What determines a generative model, whatever it is.

    Learning rates are Adam's; ``decay_from`` is the share of training after which both fall
    linearly to zero.  One epoch is one pass over the larger domain, or over all training faces.
    ``batch_size`` counts over all processes, so that several devices change the speed alone.
    """

    model: str = ""
    # networks
    base_channels: int = setting(16, "Width of the generator.", low=1, high=512)
    discriminator_channels: int = setting(32, "Width of the discriminator.", low=1, high=512)
    discriminator_norm: str = setting(
        "instance", f"{', '.join(DISCRIMINATOR_NORMS)}: normalisation in the discriminator.",
        choices=DISCRIMINATOR_NORMS,
    )  # fmt: skip
    upsampling: str = setting("resize", " or ".join(UPSAMPLINGS) + " convolutions.", choices=UPSAMPLINGS)
    # objective
    real_target: float = setting(
        1.0, "Score that real faces are pulled to; below 1: a soft target.", low=0.0, high=1.0, only=_TARGETS
    )
    critic_steps: int = setting(1, "Critic steps a generator step.", low=1, high=100, only=_CRITICS)
    penalty_weight: float = setting(
        0.0, "Weight of the gradient penalty (R1 where the model has none of its own).",
        low=0.0, high=1e6, only=_PENALISED,
    )  # fmt: skip
    # optimization
    epochs: float = setting(6.0, "Passes over the larger domain.", low=0.001, high=1e6)
    steps: int | None = setting(None, "Training steps instead of epochs.", low=1, high=10**9)
    budget: float | None = setting(
        None, "Time to train for instead of epochs (90s, 20m, 1.5h); the schedules follow it.",
        low=1.0, high=1e8,
    )  # fmt: skip
    batch_size: int = setting(4, "Faces of each domain a step, over all devices.", low=1, high=65_536)
    generator_rate: float = setting(2e-4, "Adam's learning rate.", low=0.0, high=10.0)
    discriminator_rate: float = setting(2e-4, "Adam's learning rate.", low=0.0, high=10.0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient.", low=0.0, high=0.999999)
    beta2: float = setting(0.999, "Adam's decay of the squared gradient.", low=0.0, high=0.999999)
    decay_from: float = setting(
        0.5, "Share of training after which the rates fall to zero.", low=0.0, high=1.0
    )
    clip_norm: float = setting(0.0, "Largest norm of a gradient; 0: no clipping.", low=0.0, high=1e6)
    ema_decay: float = setting(0.999, "Decay of the generators' moving average.", low=0.0, high=0.999999)
    precision: str = setting("32-true", ", ".join(PRECISIONS) + ".", choices=PRECISIONS)
    # data
    flip: bool = setting(True, "Mirror training faces at random.")
    augment: bool = setting(False, "Turn, scale and shift training faces a little at random.")
    diff_augment: str = setting(
        "", f"Augment what the discriminator sees: {','.join(DIFF_AUGMENTATIONS)}, or some of them."
    )
    seed: int = setting(0, "Seed of every random draw.", low=0, high=2**63 - 1)

    def __post_init__(self) -> None:
        check(self)
        given = [name for name in ("steps", "budget") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError("--steps, --budget: give one of them")
        for policy in self.diff_augmentations:
            one_of("diff_augment", policy, DIFF_AUGMENTATIONS)
        if self.model in _CRITICS and self.discriminator_norm == "batch":
            raise UsageError(
                f"--discriminator-norm: {self.model}'s penalty is for each image on its own; instance or none"
            )
        self._refuse_unused()

    def _refuse_unused(self) -> None:
        default = DEFAULTS.get(self.model) if "DEFAULTS" in globals() else None
        for name, field in fields(self).items():
            only = field.metadata.get("only")
            if only is None or self.model in only or default is None:
                continue
            if getattr(self, name) != getattr(default, name):
                raise UsageError(f"{option(name)}: {self.model} has no use for it; {', '.join(only)} have")

    @property
    def diff_augmentations(self) -> tuple[str, ...]:
        """The parts of ``diff_augment``."""
        return tuple(part.strip() for part in self.diff_augment.split(",") if part.strip())

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen."""
        raise TypeError("a GanConfig is a TranslatorConfig or a NoiseConfig")


@dataclass(frozen=True)
class TranslatorConfig(GanConfig):
    """What determines a translator: networks, objective, optimization, data."""

    model: str = "cyclegan"
    pair: str = setting("neutral:happy", "Two emotions.")
    # networks
    residual_blocks: int = setting(6, "Depth of the generators.", low=0, high=64)
    output: str = setting(
        "residual", " or ".join(OUTPUTS) + ": residual starts at the identity.", choices=OUTPUTS
    )
    skips: bool = setting(True, "Carry fine detail past the generator's narrow middle.")
    # objective
    cycle_weight: float = setting(1.0, "lambda; a large one holds the expression back.", low=0.0, high=1e6)
    cycle_weight_end: float | None = setting(
        None, "lambda at the end of training, reached linearly; as at the start unless given.",
        low=0.0, high=1e6,
    )  # fmt: skip
    weighted_cycle: bool = setting(False, "Weighted cycle term instead of plain L1.", only=("wasserstein",))
    gamma_end: float = setting(
        0.5, "Share of features in the cycle term at the end of training; 0 at its start.",
        low=0.0, high=1.0, only=_CYCLE,
    )  # fmt: skip
    identity_weight: float = setting(
        0.0, "Weight of the identity term (faces of the target emotion stay); 0: none.", low=0.0, high=1e6
    )
    change_weight: float = setting(
        0.0, "Weight of |translation - face|: what need not change stays; 0: none.", low=0.0, high=1e6
    )
    source_share: float = setting(
        0.0, "Share of domain a out of --source or --source-model; all of it where one of these is given.",
        low=0.0, high=1.0,
    )  # fmt: skip
    image_history: int = setting(50, "Earlier fakes shown to the discriminators.", low=0, high=100_000)

    def __post_init__(self) -> None:
        one_of("model", self.model, TRANSLATORS)
        if self.discriminator_norm == "batch":
            raise UsageError("--discriminator-norm: translators train on few faces a step; instance or none")
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))  # one spelling of each emotion
        super().__post_init__()

    @property
    def domains(self) -> DomainPair:
        """The two domains of ``pair``."""
        return DomainPair.parse(self.pair)

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``cyclegan-neutral-happy``."""
        return f"{self.model}-{self.domains.slug}"


@dataclass(frozen=True)
class NoiseConfig(GanConfig):
    """What determines a generator of faces from noise."""

    model: str = "dcgan"
    emotions: tuple[str, ...] = setting(
        (), "Emotion to learn; repeatable. Several: one network, told which. Default: all seven."
    )
    latent_size: int = setting(100, "Length of the noise vector z.", low=1, high=4096)
    # networks
    base_channels: int = setting(32, "Width of the generator.", low=1, high=512)
    discriminator_norm: str = setting(
        "batch", f"{', '.join(DISCRIMINATOR_NORMS)}: normalisation in the discriminator.",
        choices=DISCRIMINATOR_NORMS,
    )  # fmt: skip
    upsampling: str = setting("transposed", " or ".join(UPSAMPLINGS) + " convolutions.", choices=UPSAMPLINGS)
    # optimization
    epochs: float = setting(30.0, "Passes over the training faces.", low=0.001, high=1e6)
    batch_size: int = setting(32, "Faces a step, over all devices.", low=1, high=65_536)
    class_weight: float = setting(
        1.0, "Weight of telling real faces under a wrong emotion from rightly named ones; 0: none.",
        low=0.0, high=1e6,
    )  # fmt: skip
    balanced: bool = setting(True, "Show every emotion equally often, however rare.")

    def __post_init__(self) -> None:
        one_of("model", self.model, NOISE_GENERATORS)
        super().__post_init__()
        named = tuple(parse_emotion(emotion) for emotion in self.emotions) or EMOTIONS
        twice = [emotion for emotion in named if named.count(emotion) > 1]
        if twice:
            raise UsageError(f"--emotion: '{twice[0]}' is named twice")
        ordered = tuple(emotion for emotion in EMOTIONS if emotion in named)
        object.__setattr__(self, "emotions", ordered)

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``wgan-gp-neutral``, ``dcgan-all``."""
        if len(self.emotions) == len(EMOTIONS):
            return f"{self.model}-all"
        return f"{self.model}-{'-'.join(self.emotions)}"


_CPU_TRANSLATOR: Final = {
    "residual_blocks": 3, "generator_rate": 1e-3, "discriminator_rate": 2e-3, "change_weight": 6.0,
}  # fmt: skip
_CPU_NOISE: Final = {"base_channels": 24, "discriminator_channels": 24, "ema_decay": 0.99}

_SLIDES_TRANSLATOR: Final = {
    "base_channels": 32, "output": "direct", "skips": False, "upsampling": "transposed",
    "cycle_weight": 5.0,
}  # fmt: skip

DEFAULTS: Final[Mapping[str, GanConfig]] = {
    "cyclegan": TranslatorConfig(model="cyclegan"),
    "weighted": TranslatorConfig(
        model="weighted", generator_rate=2e-4, discriminator_rate=1e-4, decay_from=0.0,
        real_target=0.9, augment=True,
    ),
    "wasserstein": TranslatorConfig(
        model="wasserstein", discriminator_norm="none", critic_steps=3, penalty_weight=10.0,
        beta2=0.9, image_history=0, cycle_weight=10.0,
    ),
    "dcgan": NoiseConfig(model="dcgan"),
    "wgan-gp": NoiseConfig(
        model="wgan-gp", discriminator_norm="none", critic_steps=5, penalty_weight=10.0,
        generator_rate=1e-4, discriminator_rate=1e-4, beta1=0.0, beta2=0.9,
    ),
    "r3gan": NoiseConfig(
        model="r3gan", discriminator_norm="none", penalty_weight=1.0, beta1=0.0, beta2=0.99,
    ),
}  # fmt: skip
"""The defaults of every model: what ``feraug train MODEL`` does without options."""

PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "slides": {
        "cyclegan": _SLIDES_TRANSLATOR,
        "weighted": {**_SLIDES_TRANSLATOR, "gamma_end": 1.0},
        "wasserstein": _SLIDES_TRANSLATOR,
        "dcgan": {"base_channels": 64, "discriminator_channels": 64, "batch_size": 128},
        "wgan-gp": {"base_channels": 64, "discriminator_channels": 64, "batch_size": 64},
        "r3gan": {},
    },
    "cpu": {
        "cyclegan": _CPU_TRANSLATOR,
        "weighted": {**_CPU_TRANSLATOR, "decay_from": 0.5, "change_weight": 1.0, "augment": False},
        "wasserstein": {
            **_CPU_TRANSLATOR,
            "generator_rate": 5e-4,
            "discriminator_rate": 1e-3,
            "critic_steps": 2,
            "change_weight": 10.0,
            "discriminator_channels": 24,
        },
        "dcgan": _CPU_NOISE,
        "wgan-gp": {**_CPU_NOISE, "critic_steps": 2, "generator_rate": 2e-4, "discriminator_rate": 4e-4},
        "r3gan": _CPU_NOISE,
    },
}
"""Named settings by model, on top of its defaults: ``--preset slides``.

``slides``: the settings of the slides that inspired feraug, as far as they give them; ``cpu``:
what gets furthest in minutes on two cores.
"""


def model_config(values: Mapping[str, Any]) -> TranslatorConfig | NoiseConfig:
    """The config of the model that ``values["model"]`` names; missing settings take that model's defaults.

    Raises :class:`UsageError` for an unknown model or setting, and for values out of range.
    """
    model = values.get("model")
    if not isinstance(model, str) or model not in MODELS:
        near = suggestion(model, MODELS) if isinstance(model, str) else ""
        raise UsageError(f"unknown model {model!r}{near}; known: {', '.join(MODELS)}")
    defaults = {name: getattr(DEFAULTS[model], name) for name in fields(DEFAULTS[model])}
    if model in TRANSLATORS:
        return from_json(TranslatorConfig, {**defaults, **values})
    return from_json(NoiseConfig, {**defaults, **values})


def uses(model: str, name: str) -> bool:
    """Whether a setting means anything to a model."""
    only = fields(DEFAULTS[model])[name].metadata.get("only")
    return only is None or model in only
