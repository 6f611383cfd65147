"""Every model by name, whatever its kind: defaults, presets, and the config of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from feraug.config import gan, models
from feraug.config.classifiers import (
    CLASSIFIER_DEFAULTS,
    CLASSIFIER_PRESETS,
    CLASSIFIERS,
    ClassifierConfig,
    classifier_config,
)
from feraug.config.models import AnyGanConfig, NoiseConfig, StarGANConfig, TranslatorConfig
from feraug.config.values import fields
from feraug.emotions import suggestion
from feraug.errors import UsageError

Config = AnyGanConfig | ClassifierConfig

GAN_MODELS: Final = gan.MODELS
"""The models that make images, and their line in ``--help``."""

MODELS: Final[Mapping[str, str]] = {**GAN_MODELS, **CLASSIFIERS}
"""Every model that ``feraug train`` knows, and its line in ``--help``."""


class _Defaults(dict[str, Config]):
    """A config by model, of which type checkers know the class."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(
            self, model: Literal["cyclegan", "weighted", "wasserstein"], /
        ) -> TranslatorConfig: ...
        @overload
        def __getitem__(self, model: Literal["stargan"], /) -> StarGANConfig: ...
        @overload
        def __getitem__(self, model: Literal["dcgan", "wgan-gp", "r3gan"], /) -> NoiseConfig: ...
        @overload
        def __getitem__(self, model: Literal["simple", "vgg19", "surreal"], /) -> ClassifierConfig: ...
        @overload
        def __getitem__(self, model: str, /) -> Config: ...
        def __getitem__(self, model: str, /) -> Config: ...


DEFAULTS: Final = _Defaults({**gan.DEFAULTS, **CLASSIFIER_DEFAULTS})  # type: ignore[dict-item]
"""The defaults of every model: what ``feraug train MODEL`` does without options."""

PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    name: {**models.PRESETS[name], **CLASSIFIER_PRESETS[name]} for name in models.PRESETS
}
"""Named settings by model, on top of its defaults: ``--preset slides``.

``slides``: the settings of the slides that inspired feraug, as far as they give them; ``cpu``:
what gets furthest in minutes on two cores.
"""


def model_config(values: Mapping[str, Any]) -> Config:
    """The config of the model that ``values["model"]`` names; missing settings take that model's defaults.

    Raises :class:`UsageError` for an unknown model or setting, and for values out of range.
    """
    model = values.get("model")
    if not isinstance(model, str) or model not in MODELS:
        near = suggestion(model, MODELS) if isinstance(model, str) else ""
        raise UsageError(f"unknown model {model!r}{near}; known: {', '.join(MODELS)}")
    return classifier_config(values) if model in CLASSIFIERS else models.model_config(values)


def gan_config(values: Mapping[str, Any]) -> AnyGanConfig:
    """:func:`model_config` for a model that makes images; :class:`UsageError` for a classifier."""
    return models.model_config(values)


def uses(model: str, name: str) -> bool:
    """Whether a setting means anything to a model."""
    only = fields(DEFAULTS[model])[name].metadata.get("only")
    return only is None or model in only
