"""Every setting that determines a result, and its default: the only home of defaults.

Configs are frozen dataclasses of JSON values.  They travel inside the artifacts, so
:func:`from_json` checks a config from a file as strictly as one from the command line.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from feraug.emotions import DomainPair, suggestion
from feraug.errors import UsageError

TRANSLATORS: Final = ("cyclegan",)
"""Models that translate faces of one emotion into another."""

OUTPUTS: Final = ("residual", "direct")
UPSAMPLINGS: Final = ("resize", "transposed")
LABEL_SOURCES: Final = ("fer2013", "ferplus")

ConfigT = TypeVar("ConfigT")


@dataclass(frozen=True)
class PrepareConfig:
    """What determines ``dataset.h5``, beside the files that are read (their SHA-256 stands in the header)."""

    source: str = "csv"
    """``csv``, ``folder``, or ``drawn:N``."""
    labels: str = "fer2013"
    """``fer2013``: the source's own labels; ``ferplus``: the majority of the FER+ votes."""
    near_copies: bool = True
    drop_blank: bool = False
    drop_duplicates: bool = False
    drop_leaks: bool = False
    skip_bad_rows: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("labels", self.labels, LABEL_SOURCES)
        _at_least("seed", self.seed, 0, 2**63 - 1)


@dataclass(frozen=True)
class TranslatorConfig:
    """What determines a translator: networks, objective, optimization, data.

    Learning rates are Adam's; ``decay_from`` is the share of training after which both fall
    linearly to zero.  One epoch is one pass over the larger domain.
    """

    model: str = "cyclegan"
    pair: str = "neutral:happy"
    # networks
    base_channels: int = 16
    residual_blocks: int = 6
    output: str = "residual"
    upsampling: str = "resize"
    discriminator_channels: int = 32
    # objective
    cycle_weight: float = 1.0
    """lambda: the weight of the cycle term."""
    identity_weight: float = 0.0
    # optimization
    epochs: float = 6.0
    steps: int | None = None
    """Training steps; None: from ``epochs``."""
    batch_size: int = 4
    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    decay_from: float = 0.5
    ema_decay: float = 0.999
    image_history: int = 50
    """Size of the pool of earlier fakes shown to the discriminators; 0 turns it off."""
    # data
    flip: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("model", self.model, TRANSLATORS)
        DomainPair.parse(self.pair)
        _at_least("base_channels", self.base_channels, 1, 512)
        _at_least("residual_blocks", self.residual_blocks, 0, 64)
        _one_of("output", self.output, OUTPUTS)
        _one_of("upsampling", self.upsampling, UPSAMPLINGS)
        _at_least("discriminator_channels", self.discriminator_channels, 1, 512)
        _within("cycle_weight", self.cycle_weight, 0.0, 1e6)
        _within("identity_weight", self.identity_weight, 0.0, 1e6)
        _within("epochs", self.epochs, 0.001, 1e6)
        if self.steps is not None:
            _at_least("steps", self.steps, 1, 10**9)
        _at_least("batch_size", self.batch_size, 1, 65_536)
        _within("generator_rate", self.generator_rate, 0.0, 10.0)
        _within("discriminator_rate", self.discriminator_rate, 0.0, 10.0)
        _within("beta1", self.beta1, 0.0, 0.999999)
        _within("beta2", self.beta2, 0.0, 0.999999)
        _within("decay_from", self.decay_from, 0.0, 1.0)
        _within("ema_decay", self.ema_decay, 0.0, 0.999999)
        _at_least("image_history", self.image_history, 0, 100_000)
        _at_least("seed", self.seed, 0, 2**63 - 1)

    @property
    def domains(self) -> DomainPair:
        """The two domains of ``pair``."""
        return DomainPair.parse(self.pair)

    @property
    def name(self) -> str:
        """The name that the model's file has unless another is chosen: ``cyclegan-neutral-happy``."""
        return f"{self.model}-{self.domains.slug}"


@dataclass(frozen=True)
class SynthConfig:
    """What determines a set of translated faces, beside the model and the source file."""

    pair: str = "neutral:happy"
    count: int = 5000
    split: str = "train"
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        DomainPair.parse(self.pair)
        _at_least("count", self.count, 1, 100_000_000)
        _at_least("batch_size", self.batch_size, 1, 65_536)
        _at_least("seed", self.seed, 0, 2**63 - 1)


def to_json(config: Any) -> dict[str, Any]:
    """A config as a flat dictionary of JSON values."""
    return dataclasses.asdict(config)


def from_json(kind: type[ConfigT], values: Mapping[str, Any]) -> ConfigT:
    """A config of class ``kind`` from JSON values; missing settings take their defaults.

    Raises :class:`UsageError` for an unknown setting, a value of the wrong type or out of range.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise UsageError(f"unknown setting '{unknown[0]}' for a {kind.__name__}")
    for name, value in values.items():
        if not _is_of(value, hints[name]):
            raise UsageError(f"{name}: {value!r} is not of type {_type_name(hints[name])}")
    floats = {name: float(value) for name, value in values.items() if hints[name] is float}
    return kind(**{**values, **floats})


def differences(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """``["cycle_weight: 1.0 there, 5.0 asked for", ...]`` for each setting that differs."""
    names = [*existing, *(name for name in wanted if name not in existing)]
    return [
        f"{name}: {existing.get(name, '(absent)')} there, {wanted.get(name, '(absent)')} asked for"
        for name in names
        if existing.get(name) != wanted.get(name) or (name in existing) != (name in wanted)
    ]


def _is_of(value: Any, hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_is_of(value, part) for part in typing.get_args(hint))
    if hint is types.NoneType:
        return value is None
    if hint is bool:
        return isinstance(value, bool)
    if hint is float:
        if isinstance(value, int):
            return not isinstance(value, bool) and abs(value) < 2**1000  # beyond, float() fails
        return isinstance(value, float)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _type_name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        known = ", ".join(allowed)
        raise UsageError(f"{_option(name)}: unknown '{value}'{suggestion(value, allowed)}; known: {known}")


def _at_least(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{_option(name)}: {value} is not a whole number from {low} to {high}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise UsageError(f"{_option(name)}: {value} is not a number from {low:g} to {high:g}")


def _option(name: str) -> str:
    return "-n" if name == "count" else "--" + name.replace("_", "-")
