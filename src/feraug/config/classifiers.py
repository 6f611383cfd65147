"""Settings of the classifiers: one declaration each, with default, limits and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from feraug.config.values import (
    MAX_SEED,
    check,
    documented,
    fields,
    from_json,
    one_of,
    refuse_unused,
    setting,
)
from feraug.emotions import suggestion
from feraug.errors import UsageError

CLASSIFIERS: Final[Mapping[str, str]] = {
    "simple": "Classify emotions: eight convolutions in four blocks, four dense layers.",
    "vgg19": "Classify emotions: VGG-19 with batch norm, 44 x 44 crops, ten-crop averaging.",
    "surreal": "Classify emotions: two convolutions with local response norm.",
}
"""Models that name the emotion of a face, and their line in ``--help``."""

OPTIMIZERS: Final = ("sgd", "adamw")
SCHEDULES: Final = ("one-cycle", "step", "constant")

CLASSIFIER_DEFAULTS: Final[dict[str, ClassifierConfig]] = {}
"""The defaults of every classifier: what ``feraug train MODEL`` does without options.

Filled below its class."""


@documented
@dataclass(frozen=True)
class ClassifierConfig:
    """What determines a classifier: network, loss, optimization, augmentation.

    One epoch is one pass over the *real* training faces, whatever else is trained on, so that a
    benchmark gives every arm the same number of steps.  ``batch_size`` counts over all processes.
    """

    model: str = "simple"
    # network
    width: float = setting(1.0, "Width of every layer, as a share of the full network's.", low=0.01, high=8.0)
    dropout: float = setting(0.5, "Share of activations left out in training.", low=0.0, high=0.99)
    # loss
    label_smoothing: float = setting(0.0, "Share of the target spread over all emotions.", low=0.0, high=0.99)
    class_weights: bool = setting(False, "Weigh every emotion's faces by the inverse of their number.")
    # optimization
    epochs: float = setting(60.0, "Passes over the real training faces.", low=0.001, high=1e6)
    steps: int | None = setting(None, "Training steps instead of epochs.", low=1, high=10**9)
    batch_size: int = setting(64, "Faces a step, over all devices.", low=2, high=65_536)
    optimizer: str = setting("sgd", " or ".join(OPTIMIZERS) + ".", choices=OPTIMIZERS)
    rate: float = setting(0.01, "Highest learning rate.", low=0.0, high=10.0)
    momentum: float = setting(0.9, "Momentum of SGD; beta1 of AdamW.", low=0.0, high=0.999999)
    weight_decay: float = setting(5e-4, "Weight decay.", low=0.0, high=10.0)
    schedule: str = setting(
        "one-cycle", f"{', '.join(SCHEDULES)}: how the learning rate goes.", choices=SCHEDULES
    )
    warmup: float = setting(0.25, "Share of a one-cycle in which the rate rises.", low=0.0, high=0.99)
    clip_norm: float = setting(0.0, "Largest norm of the gradient; 0: no clipping.", low=0.0, high=1e6)
    ema_decay: float = setting(
        0.0, "Decay of a moving average of the weights; 0: none.", low=0.0, high=0.999999
    )
    precision: str = setting(
        "32-true", "32-true, bf16-mixed, 16-mixed.", choices=("32-true", "bf16-mixed", "16-mixed")
    )
    # data
    balanced: bool = setting(False, "Show every emotion equally often (oversampling the rare).")
    flip: bool = setting(True, "Mirror training faces at random.")
    rotation: float = setting(10.0, "Turn training faces by up to so many degrees.", low=0.0, high=180.0)
    shift: float = setting(4.0, "Shift training faces by up to so many pixels.", low=0.0, high=24.0)
    zoom: float = setting(0.1, "Scale training faces by up to this share.", low=0.0, high=0.9)
    erasing: float = setting(
        0.0, "Share of training faces of which a rectangle is erased.", low=0.0, high=1.0
    )
    mixup: float = setting(0.0, "alpha of mixup's Beta distribution; 0: none.", low=0.0, high=100.0)
    randaugment: int = setting(0, "RandAugment's operations a face; 0: none.", low=0, high=16)
    randaugment_magnitude: int = setting(9, "RandAugment's magnitude, of 30.", low=0, high=30)
    crop: int = setting(
        48, "Side of the random crops of training faces; below 48, ten crops vote in tests.",
        low=32, high=48, only=("vgg19",),
    )  # fmt: skip
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

    def __post_init__(self) -> None:
        one_of("model", self.model, CLASSIFIERS)
        check(self)
        if self.model in CLASSIFIER_DEFAULTS:  # else it is to become one of them
            refuse_unused(self, CLASSIFIER_DEFAULTS[self.model])

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: that of the model."""
        return self.model


CLASSIFIER_DEFAULTS.update(
    {
        "simple": ClassifierConfig(model="simple", dropout=0.25, label_smoothing=0.05),
        "vgg19": ClassifierConfig(
            model="vgg19", epochs=100.0, batch_size=128, rate=0.05, crop=44, shift=0.0, label_smoothing=0.05
        ),
        "surreal": ClassifierConfig(model="surreal", epochs=40.0, rate=0.05, weight_decay=1e-3),
    }
)

BOTH_BALANCED: Final = (
    "--balanced, --class-weights: each makes up for rare emotions, both do it twice; give one"
)
"""Why one classifier cannot have both."""

CLASSIFIER_PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    # Keras' usual recipe of the time: Adam, batch 64, a constant rate, no augmentation but the mirror.
    "slides": {
        "simple": {
            "optimizer": "adamw", "rate": 1e-3, "weight_decay": 0.0, "schedule": "constant", "dropout": 0.5,
            "label_smoothing": 0.0, "rotation": 0.0, "shift": 0.0, "zoom": 0.0,
        },
        "vgg19": {
            "rate": 0.01, "schedule": "step", "rotation": 0.0, "zoom": 0.0, "label_smoothing": 0.0,
            "epochs": 250.0,
        },
        "surreal": {"rate": 0.01, "weight_decay": 0.0, "rotation": 0.0, "shift": 0.0, "zoom": 0.0},
    },
    "cpu": {
        "simple": {
            "width": 0.5, "dropout": 0.1, "epochs": 20.0,
            "optimizer": "adamw", "rate": 2e-3, "weight_decay": 0.01,
        },
        "vgg19": {"width": 0.25, "dropout": 0.2, "epochs": 20.0},
        "surreal": {"width": 0.5, "epochs": 20.0},
    },
}  # fmt: skip
"""Named settings by classifier, on top of its defaults."""


def classifier_config(values: Mapping[str, Any]) -> ClassifierConfig:
    """The config of the classifier that ``values["model"]`` names; missing settings take its defaults.

    Raises :class:`UsageError` for an unknown model or setting, and for values out of range.
    """
    model = values.get("model")
    if not isinstance(model, str) or model not in CLASSIFIERS:
        near = suggestion(model, CLASSIFIERS) if isinstance(model, str) else ""
        raise UsageError(f"unknown classifier {model!r}{near}; known: {', '.join(CLASSIFIERS)}")
    default = CLASSIFIER_DEFAULTS[model]
    return from_json(
        ClassifierConfig, {**{name: getattr(default, name) for name in fields(default)}, **values}
    )
