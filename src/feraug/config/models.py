"""The generative models: their settings, defaults and presets.

``DEFAULTS`` has each model's own defaults, ``PRESETS`` named departures from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from feraug.config.gan import (
    DEFAULTS,
    DISCRIMINATOR_NORMS,
    MODELS,
    NOISE_GENERATORS,
    OUTPUTS,
    STARGANS,
    TRANSLATORS,
    UPSAMPLINGS,
    GanConfig,
)
from feraug.config.values import documented, fields, from_json, one_of, setting
from feraug.emotions import EMOTIONS, DomainPair, parse_emotion, suggestion
from feraug.errors import UsageError

ADVERSARIAL: Final = ("least-squares", "wasserstein")
SCORES: Final = ("by-emotion", "shared")

_CYCLE: Final = ("weighted", "wasserstein", "stargan")


@dataclass(frozen=True)
class TranslationConfig(GanConfig):
    """What all models that translate faces have in common."""

    # networks
    residual_blocks: int = setting(6, "Residual blocks in each generator.", low=0, high=64)
    output: str = setting(
        "residual",
        "residual: a change added to the face; warped: that, after moving its parts; direct: a new face.",
        choices=OUTPUTS,
    )
    skips: bool = setting(True, "Skip connections from the generator's encoder to its decoder.")
    # objective
    cycle_weight: float = setting(
        1.0, "Weight of the cycle loss (lambda); large: weaker expressions; 0: none, half the work per step.",
        low=0.0, high=1e6,
    )  # fmt: skip
    cycle_weight_end: float | None = setting(
        None, "Cycle weight at the end of training, reached linearly; default: that of the start.",
        low=0.0, high=1e6,
    )  # fmt: skip
    weighted_cycle: bool = setting(
        False, "Weighted cycle term instead of plain L1.", only=("wasserstein", "stargan")
    )
    gamma_end: float = setting(
        0.5, "Weight of discriminator features in the weighted cycle loss at the end; 0 at the start.",
        low=0.0, high=1.0, only=_CYCLE,
    )  # fmt: skip
    identity_weight: float = setting(
        0.0, "Weight of the identity term (faces of the target emotion stay); 0: none.", low=0.0, high=1e6
    )
    change_weight: float = setting(
        0.0, "Weight of the L1 distance of a translation to its source; 0: none.", low=0.0, high=1e6
    )
    change_weight_end: float | None = setting(
        None, "Change weight at the end of training, reached linearly; default: that of the start.",
        low=0.0, high=1e6,
    )  # fmt: skip
    mismatch_weight: float = setting(
        0.0,
        "Weight of the mismatch loss: real faces of another emotion count as fakes; 0: none.",
        low=0.0,
        high=1e6,
    )
    # optimization
    head_start: float = setting(
        0.0,
        "Share of training, at its start, in which only the discriminators are updated.",
        low=0.0,
        high=0.9,
    )

    def __post_init__(self) -> None:
        if self.discriminator_norm == "batch":
            raise UsageError("--discriminator-norm: translators train on few faces a step; instance or none")
        super().__post_init__()

    @property
    def pairs(self) -> tuple[DomainPair, ...]:
        """Every direction that the model translates."""
        raise TypeError("a TranslationConfig is a TranslatorConfig or a StarGANConfig")


@documented
@dataclass(frozen=True)
class TranslatorConfig(TranslationConfig):
    """What determines a translator between two emotions: networks, objective, optimization, data."""

    model: str = "cyclegan"
    pair: str = setting("neutral:happy", "Two emotions.")
    source_share: float = setting(
        0.0, "Share of domain a from --source or --source-model (with either, 0 counts as 1).",
        low=0.0, high=1.0,
    )  # fmt: skip
    image_history: int = setting(
        50, "Size of the pool of earlier fakes for the discriminators.", low=0, high=100_000
    )

    def __post_init__(self) -> None:
        one_of("model", self.model, TRANSLATORS)
        super().__post_init__()
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))  # one spelling of each emotion

    @property
    def domains(self) -> DomainPair:
        """The two domains of ``pair``."""
        return DomainPair.parse(self.pair)

    @property
    def pairs(self) -> tuple[DomainPair, ...]:
        """``pair`` and its reverse."""
        return self.domains, self.domains.reversed

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``cyclegan-neutral-happy``."""
        return f"{self.model}-{self.domains.slug}"


@documented
@dataclass(frozen=True)
class StarGANConfig(TranslationConfig):
    """What determines a translator between all pairs of its emotions."""

    model: str = "stargan"
    emotions: tuple[str, ...] = setting((), "Emotion to learn; repeatable, two or more. Default: all seven.")
    # networks
    scores: str = setting(
        "by-emotion",
        "by-emotion: the discriminator has a score map for each emotion; shared: one for all.",
        choices=SCORES,
    )
    # objective
    adversarial: str = setting("least-squares", " or ".join(ADVERSARIAL) + ".", choices=ADVERSARIAL)
    class_weight: float = setting(
        1.0, "Weight of the emotion-classification loss, of generator and discriminator.", low=0.0, high=1e6
    )
    # data
    epochs: float = setting(20.0, "Passes of the generator over the training faces.", low=0.001, high=1e6)
    batch_size: int = setting(16, "Faces a step, over all devices.", low=1, high=65_536)
    balanced: bool = setting(True, "Show every emotion equally often, however rare.")
    neutral_times: int = setting(
        1,
        "How many times as often neutral faces are translated as those of another emotion.",
        low=1,
        high=100,
    )

    def __post_init__(self) -> None:
        one_of("model", self.model, STARGANS)
        super().__post_init__()
        if self.mismatch_weight and self.scores == "shared":
            raise UsageError(
                "--mismatch-weight: needs a score map for each emotion; beside --scores shared give 0"
            )
        object.__setattr__(self, "emotions", _ordered(self.emotions))
        if len(self.emotions) < 2:
            raise UsageError("--emotion: a translator needs two emotions or more")
        if self.neutral_times > 1 and not (self.balanced and "neutral" in self.emotions):
            raise UsageError("--neutral-times: needs neutral faces, and --balanced")

    @property
    def pairs(self) -> tuple[DomainPair, ...]:
        """Every ordered pair of two emotions."""
        return tuple(DomainPair(a, b) for a in self.emotions for b in self.emotions if a != b)

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``stargan-all``."""
        return _name(self.model, self.emotions)


@documented
@dataclass(frozen=True)
class NoiseConfig(GanConfig):
    """What determines a generator of faces from noise."""

    model: str = "dcgan"
    emotions: tuple[str, ...] = setting(
        (), "Emotion to learn; repeatable. Several: one class-conditional network. Default: all seven."
    )
    latent_size: int = setting(100, "Length of the noise vector z.", low=1, high=4096)
    # networks
    base_channels: int = setting(32, "Width of the generator.", low=1, high=512)
    discriminator_norm: str = setting(
        "batch", "Normalisation in the discriminator: instance or none; of dcgan also batch.",
        choices=DISCRIMINATOR_NORMS,
    )  # fmt: skip
    upsampling: str = setting("transposed", " or ".join(UPSAMPLINGS) + " convolutions.", choices=UPSAMPLINGS)
    # optimization
    epochs: float = setting(30.0, "Passes of the generator over the training faces.", low=0.001, high=1e6)
    batch_size: int = setting(32, "Faces a step, over all devices.", low=1, high=65_536)
    class_weight: float = setting(
        1.0, "Weight of the mismatch loss: real faces under a wrong emotion count as fakes; 0: none.",
        low=0.0, high=1e6,
    )  # fmt: skip
    balanced: bool = setting(True, "Show every emotion equally often, however rare.")

    def __post_init__(self) -> None:
        one_of("model", self.model, NOISE_GENERATORS)
        super().__post_init__()
        object.__setattr__(self, "emotions", _ordered(self.emotions))

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``wgan-gp-neutral``, ``dcgan-all``."""
        return _name(self.model, self.emotions)


def _ordered(emotions: tuple[str, ...]) -> tuple[str, ...]:
    """The emotions in FER2013's order, all seven for none; :class:`UsageError` for one named twice."""
    named = tuple(parse_emotion(emotion) for emotion in emotions) or EMOTIONS
    twice = [emotion for emotion in named if named.count(emotion) > 1]
    if twice:
        raise UsageError(f"--emotion: '{twice[0]}' is named twice")
    return tuple(emotion for emotion in EMOTIONS if emotion in named)


def _name(model: str, emotions: tuple[str, ...]) -> str:
    ending = "all" if len(emotions) == len(EMOTIONS) else "-".join(emotions)
    return f"{model}-{ending}"


_CPU_TRANSLATOR: Final = {
    "residual_blocks": 3, "generator_rate": 1e-3, "discriminator_rate": 2e-3, "change_weight": 2.0,
    "mismatch_weight": 1.0,
}  # fmt: skip
_CPU_NOISE: Final = {"base_channels": 24, "discriminator_channels": 24, "ema_decay": 0.99}

_SLIDES_TRANSLATOR: Final = {
    "base_channels": 32, "output": "direct", "skips": False, "upsampling": "transposed",
    "cycle_weight": 5.0,
}  # fmt: skip

DEFAULTS.update({
    "cyclegan": TranslatorConfig(model="cyclegan"),
    "weighted": TranslatorConfig(
        model="weighted", generator_rate=2e-4, discriminator_rate=1e-4, decay_from=0.0,
        real_target=0.9, augment=True,
    ),
    "wasserstein": TranslatorConfig(
        model="wasserstein", discriminator_norm="none", critic_steps=3, penalty_weight=10.0,
        beta2=0.9, image_history=0, cycle_weight=10.0,
    ),
    "stargan": StarGANConfig(class_weight=0.2, change_weight=1.0),
    "dcgan": NoiseConfig(model="dcgan"),
    "wgan-gp": NoiseConfig(
        model="wgan-gp", discriminator_norm="none", critic_steps=5, penalty_weight=10.0,
        generator_rate=1e-4, discriminator_rate=1e-4, beta1=0.0, beta2=0.9,
    ),
    "r3gan": NoiseConfig(
        model="r3gan", discriminator_norm="none", penalty_weight=1.0, beta1=0.0, beta2=0.99,
    ),
})  # fmt: skip

PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "slides": {
        "cyclegan": _SLIDES_TRANSLATOR,
        "weighted": {**_SLIDES_TRANSLATOR, "gamma_end": 1.0},
        "wasserstein": _SLIDES_TRANSLATOR,
        "stargan": {},
        "dcgan": {"base_channels": 64, "discriminator_channels": 64, "batch_size": 128},
        "wgan-gp": {"base_channels": 64, "discriminator_channels": 64, "batch_size": 64},
        "r3gan": {},
    },
    "cpu": {
        "cyclegan": _CPU_TRANSLATOR,
        "weighted": {**_CPU_TRANSLATOR, "decay_from": 0.5, "change_weight": 1.5, "augment": False},
        "wasserstein": {
            **_CPU_TRANSLATOR,
            "generator_rate": 5e-4,
            "discriminator_rate": 1e-3,
            "critic_steps": 2,
            "change_weight": 16.0,
            "discriminator_channels": 24,
        },
        "stargan": {
            "residual_blocks": 3,
            "generator_rate": 1e-3,
            "discriminator_rate": 1e-3,
            "cycle_weight": 0.0,
            "class_weight": 0.05,
            "mismatch_weight": 1.0,
            "change_weight": 2.0,
            "head_start": 0.25,
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


_KINDS: Final[Mapping[str, type[TranslatorConfig] | type[StarGANConfig] | type[NoiseConfig]]] = {
    **dict.fromkeys(TRANSLATORS, TranslatorConfig),
    **dict.fromkeys(STARGANS, StarGANConfig),
    **dict.fromkeys(NOISE_GENERATORS, NoiseConfig),
}

AnyGanConfig = TranslatorConfig | StarGANConfig | NoiseConfig


def model_config(values: Mapping[str, Any]) -> AnyGanConfig:
    """The config of the model that ``values["model"]`` names; missing settings take that model's defaults.

    Raises :class:`UsageError` for an unknown model or setting, and for values out of range.
    """
    model = values.get("model")
    if not isinstance(model, str) or model not in MODELS:
        near = suggestion(model, MODELS) if isinstance(model, str) else ""
        raise UsageError(f"unknown model {model!r}{near}; known: {', '.join(MODELS)}")
    defaults = {name: getattr(DEFAULTS[model], name) for name in fields(DEFAULTS[model])}
    return from_json(_KINDS[model], {**defaults, **values})
