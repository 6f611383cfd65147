"""Settings of ``feraug demo``: those of the commands that it stands for, at two sizes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from feraug.config.bench import BenchConfig
from feraug.config.classifiers import ClassifierConfig
from feraug.config.models import TranslatorConfig
from feraug.config.registry import PRESETS, model_config
from feraug.config.tasks import FilterConfig, PrepareConfig, SsimConfig, SynthConfig
from feraug.config.values import fields, option
from feraug.errors import UsageError

PRESET: Final = "cpu"
"""What the demo's trainings depart from."""


def preset_config(model: str) -> Any:
    """The config of a model at the demo's preset."""
    return model_config({"model": model, **PRESETS[PRESET][model]})


def _translator(**settings: Any) -> TranslatorConfig:
    config: TranslatorConfig = preset_config("cyclegan")
    return replace(config, **settings)


def _classifier(**settings: Any) -> ClassifierConfig:
    config: ClassifierConfig = preset_config("simple")
    return replace(config, **settings)


@dataclass(frozen=True)
class DemoConfig:
    """The settings of each step; ``seed`` is that of all of them."""

    faces: int = 5000
    translator: TranslatorConfig = field(
        default_factory=lambda: _translator(
            base_channels=8, discriminator_channels=16, residual_blocks=1, steps=2000, decay_from=0.6,
            change_weight=2.0,
        )
    )  # fmt: skip
    """Half as wide as the preset: more steps in the same time show a smile sooner."""
    images: int = 600
    classifier: ClassifierConfig = field(default_factory=lambda: _classifier(width=0.25, epochs=4.0))
    queries: int = 400
    repeats: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "translator", replace(self.translator, seed=self.seed))
        object.__setattr__(self, "classifier", replace(self.classifier, seed=self.seed))

    @property
    def prepare(self) -> PrepareConfig:
        """Settings of ``feraug prepare``."""
        return PrepareConfig(seed=self.seed)

    @property
    def synth(self) -> SynthConfig:
        """Settings of ``feraug synth``."""
        return SynthConfig(pair=self.translator.pair, count=self.images, seed=self.seed)

    @property
    def filter(self) -> FilterConfig:
        """Settings of ``feraug filter``: the cascade, which needs neither a model file nor the network."""
        return FilterConfig(emotion=self.translator.domains.b, detector="cascade")

    @property
    def ssim(self) -> SsimConfig:
        """Settings of ``feraug ssim``."""
        return SsimConfig(queries=self.queries, seed=self.seed)

    @property
    def bench(self) -> BenchConfig:
        """Settings of ``feraug bench``."""
        return BenchConfig(classifier=self.classifier, arms=("real", "real+synthetic"), repeats=self.repeats)


QUICK: Final = DemoConfig(
    faces=300,
    translator=_translator(steps=6, base_channels=4, residual_blocks=1, discriminator_channels=8),
    images=60,
    classifier=_classifier(width=0.05, epochs=8.0),
    queries=30,
    repeats=1,
)
"""``feraug demo --quick``: every step for real, and far too short to show anything.

Eight epochs, because the classifier then calls everything by the commonest emotion, happy, and the
filter has something to keep.
"""


def departures(config: Any, base: Any) -> list[str]:
    """The options of the command line that make ``config`` of ``base``."""
    typed: list[str] = []
    for name in fields(config):
        value, before = getattr(config, name), getattr(base, name)
        if value == before:
            continue
        if isinstance(value, bool):
            typed.append(option(name) if value else option(name).replace("--", "--no-", 1))
        elif isinstance(value, int | float | str):
            typed += [option(name), str(value).removesuffix(".0")]
        else:
            raise UsageError(f"{option(name)}: {value!r} cannot be typed")
    return typed
