"""Settings that every generative model has, and the names of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from feraug.config.values import MAX_SEED, check, one_of, refuse_unused, setting
from feraug.errors import UsageError

TRANSLATORS: Final[Mapping[str, str]] = {
    "cyclegan": "CycleGAN (Zhu et al., 2017): translate between two emotions.",
    "weighted": "CycleGAN with the weighted cycle loss of Wang and Lin (2018).",
    "wasserstein": "CycleGAN with WGAN-GP's Wasserstein loss and critics.",
}
"""Models that translate faces of one emotion into another, and their line in ``--help``."""

STARGANS: Final[Mapping[str, str]] = {
    "stargan": "Translate every emotion into every other with one network.",
}
"""Models that translate between all pairs of their emotions, and their line in ``--help``."""

NOISE_GENERATORS: Final[Mapping[str, str]] = {
    "dcgan": "Faces from noise: deep convolutional GAN.",
    "wgan-gp": "Faces from noise: Wasserstein GAN with gradient penalty.",
    "r3gan": "Faces from noise: relativistic loss with R1 and R2 penalties.",
}
"""Models that make faces from noise, and their line in ``--help``."""

MODELS: Final[Mapping[str, str]] = {**TRANSLATORS, **STARGANS, **NOISE_GENERATORS}

OUTPUTS: Final = ("residual", "warped", "direct")
UPSAMPLINGS: Final = ("resize", "transposed")
DISCRIMINATOR_NORMS: Final = ("instance", "batch", "none")
PRECISIONS: Final = ("32-true", "bf16-mixed", "16-mixed")
DIFF_AUGMENTATIONS: Final = ("translation", "cutout", "brightness")
"""What ``--diff-augment`` can name."""

_CRITICS: Final = ("wasserstein", "wgan-gp", "stargan")
_PENALISED: Final = ("cyclegan", "weighted", *_CRITICS, "r3gan")
_TARGETS: Final = ("cyclegan", "weighted", "stargan", "dcgan")

DEFAULTS: Final[dict[str, GanConfig]] = {}
"""The defaults of every model: what ``feraug train MODEL`` does without options.

Filled by :mod:`feraug.config.models`, where all kinds of them are known.
"""


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
        "instance", "Normalisation in the discriminator: instance or none.",
        choices=DISCRIMINATOR_NORMS,
    )  # fmt: skip
    upsampling: str = setting("resize", " or ".join(UPSAMPLINGS) + " convolutions.", choices=UPSAMPLINGS)
    # objective
    real_target: float = setting(
        1.0,
        "Target score of real faces; below 1: label smoothing (of dcgan for its discriminator alone).",
        low=0.0,
        high=1.0,
        only=_TARGETS,
    )
    critic_steps: int = setting(
        1, "Critic updates per generator update, each on a new batch.", low=1, high=100, only=_CRITICS
    )
    penalty_weight: float = setting(
        0.0, "Weight of the gradient penalty: WGAN-GP's for critics, else R1 (r3gan: R1 and R2).",
        low=0.0, high=1e6, only=_PENALISED,
    )  # fmt: skip
    # optimization
    epochs: float = setting(6.0, "Passes of the generator over the larger domain.", low=0.001, high=1e6)
    steps: int | None = setting(None, "Training steps instead of epochs.", low=1, high=10**9)
    budget: float | None = setting(
        None, "Time to train for instead of epochs (90s, 20m, 1h30m); the schedules follow it.",
        low=1.0, high=1e8,
    )  # fmt: skip
    batch_size: int = setting(4, "Faces of each domain per step, all devices together.", low=1, high=65_536)
    generator_rate: float = setting(2e-4, "Adam's learning rate.", low=0.0, high=10.0)
    discriminator_rate: float = setting(2e-4, "Adam's learning rate.", low=0.0, high=10.0)
    beta1: float = setting(0.5, "Adam's beta1: decay rate of the first moment.", low=0.0, high=0.999999)
    beta2: float = setting(0.999, "Adam's beta2: decay rate of the second moment.", low=0.0, high=0.999999)
    decay_from: float = setting(
        0.5, "Share of training after which the learning rates fall linearly to zero.", low=0.0, high=1.0
    )
    clip_norm: float = setting(0.0, "Largest norm of a gradient; 0: no clipping.", low=0.0, high=1e6)
    ema_decay: float = setting(0.999, "Decay of the generators' moving average.", low=0.0, high=0.999999)
    precision: str = setting("32-true", ", ".join(PRECISIONS) + ".", choices=PRECISIONS)
    # data
    flip: bool = setting(True, "Mirror training faces at random.")
    augment: bool = setting(False, "Turn, scale and shift training faces a little at random.")
    diff_augment: str = setting(
        "", f"Augment what the discriminator sees: {', '.join(DIFF_AUGMENTATIONS)}: some, with commas."
    )
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

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
        if self.model in DEFAULTS:  # else it is to become one of them
            refuse_unused(self, DEFAULTS[self.model])

    @property
    def diff_augmentations(self) -> tuple[str, ...]:
        """The parts of ``diff_augment``."""
        return tuple(part.strip() for part in self.diff_augment.split(",") if part.strip())

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen."""
        raise TypeError("a GanConfig is of one of the kinds in feraug.config.models")
