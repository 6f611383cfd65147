"""Settings as data: declaration, limits, JSON there and back."""

from __future__ import annotations

import dataclasses
import math
import numbers
import operator
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar

from feraug.emotions import suggestion
from feraug.errors import UsageError, one_line

ConfigT = TypeVar("ConfigT")
KindT = TypeVar("KindT")

MAX_SEED: Final = 2**63 - 1
"""The largest seed: what an HDF5 attribute holds as int64."""

_LONGEST: Final = 200
"""Characters of a setting that are shown where it differs."""


def setting(
    default: Any,
    help_text: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Collection[str] | None = None,
    only: Collection[str] | None = None,
) -> Any:
    """A field of a config: its default, its line in ``--help``, its limits, the models it is for.

    ``only`` names the models that the setting means something to; None: all of them.
    """
    metadata = {"help": help_text, "low": low, "high": high, "choices": choices, "only": only}
    return dataclasses.field(default=default, metadata=metadata)


def fields(kind: type[Any] | Any) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a config by name."""
    return {field.name: field for field in dataclasses.fields(kind)}


def hints(kind: type[Any]) -> dict[str, Any]:
    """The types of a config's fields by name."""
    return typing.get_type_hints(kind)


def check(config: Any) -> None:
    """Hold every field of a config to its type, its limits and its choices.

    Numbers of numpy become Python's, lists of names tuples.  Raises :class:`UsageError`, naming the option.
    """
    known = hints(type(config))
    for name, field in fields(config).items():
        value = _plain(getattr(config, name))
        object.__setattr__(config, name, value)  # configs are frozen
        if not _is_of(value, known[name]):
            raise UsageError(f"{option(name)}: {value!r} is not of type {_type_name(known[name])}")
        if field.metadata.get("choices") is not None:
            one_of(name, value, field.metadata["choices"])
        if field.metadata.get("low") is not None and value is not None:
            whole_numbers = float not in _parts(known[name])
            _in_range(name, value, field.metadata["low"], field.metadata["high"], whole=whole_numbers)


_NO_LIMIT: Final = 1e6
"""Upper limits from here on are there for the machine, and no advice."""


def documented(kind: type[KindT]) -> type[KindT]:
    """The dataclass ``kind`` with its settings in its docstring: default, limits, and what each is for."""
    lines = []
    for name, field in fields(kind).items():
        about = field.metadata.get("help", "")
        low, high = field.metadata.get("low"), field.metadata.get("high", 0)
        limits = ""
        if low is not None:
            limits = f", {low:g} or more" if high >= _NO_LIMIT else f", {low:g} to {high:g}"
        if field.default is dataclasses.MISSING:
            continue  # of a config within the config, which has a docstring of its own
        lines.append(f"    {name}: {field.default!r} by default{limits}. {about}".rstrip())
    kind.__doc__ = "\n".join([(kind.__doc__ or "").rstrip(), "", "    Settings:", "", *lines, "    "])
    return kind


def to_json(config: Any) -> dict[str, Any]:
    """A config as a flat dictionary of JSON values."""
    values = dataclasses.asdict(config)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def from_json(kind: type[ConfigT], values: Mapping[str, Any]) -> ConfigT:
    """A config of class ``kind`` from JSON values; missing settings take their defaults.

    Raises :class:`UsageError` for an unknown setting, a value of the wrong type or out of range.
    """
    known = hints(kind)
    unknown = sorted(set(values) - set(known))
    if unknown:
        near = suggestion(unknown[0], known)
        raise UsageError(f"unknown setting '{unknown[0]}' for a {kind.__name__}{near}")
    converted = dict(values)
    for name, value in values.items():
        if known[name] == tuple[str, ...] and isinstance(value, list):
            converted[name] = tuple(value)
        if not _is_of(converted[name], known[name]):
            raise UsageError(f"{name}: {value!r} is not of type {_type_name(known[name])}")
        if _takes_float(known[name]) and value is not None:
            converted[name] = float(value)
    return kind(**converted)


def refuse_unused(config: Any, default: Any) -> None:
    """Raise :class:`UsageError` for a setting that ``config`` has changed and its model has no use for."""
    for name, field in fields(config).items():
        only = field.metadata.get("only")
        if only is None or config.model in only or getattr(config, name) == getattr(default, name):
            continue
        have = "has" if len(only) == 1 else "have"
        raise UsageError(f"{option(name)}: {config.model} has no use for it; {', '.join(only)} {have}")


def differences(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """``["cycle_weight: 1.0 in the file, 5.0 asked for", ...]`` for each setting that differs."""

    def told(values: Mapping[str, Any], name: str) -> str:
        value = values.get(name, "(absent)")
        if value is None or value == "":
            return "(not set)"
        text = one_line(str(value))
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

    names = [*existing, *(name for name in wanted if name not in existing)]
    return [
        f"{name}: {told(existing, name)} in the file, {told(wanted, name)} asked for"
        for name in names
        if existing.get(name) != wanted.get(name) or (name in existing) != (name in wanted)
    ]


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Raise :class:`UsageError`, with the nearest name, unless ``value`` is one of ``allowed``."""
    known = ", ".join(allowed)
    if not isinstance(value, str):
        raise UsageError(f"{option(name)}: {value!r} is not a name; known: {known}")
    if value not in allowed:
        raise UsageError(f"{option(name)}: unknown '{value}'{suggestion(value, allowed)}; known: {known}")


def whole(name: str, value: object, low: int) -> int:
    """An argument of the Python API as a whole number; :class:`UsageError` unless it is ``low`` or more."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if number < low:
        raise UsageError(f"{name}: {value!r} is not a whole number from {low} on")
    return number


def option(name: str) -> str:
    """The option of the command line that a setting is called by."""
    return {"arms": "--arm", "count": "-n", "emotions": "--emotion"}.get(name, "--" + name.replace("_", "-"))


def _in_range(name: str, value: float, low: float, high: float, *, whole: bool) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        kind = "whole number" if whole else "number"
        limits = f"{low} to {high}" if whole else f"{low:g} to {high:g}"
        raise UsageError(f"{option(name)}: {value} is not a {kind} from {limits}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, int):
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, int):
        return float(value)  # numpy's float64 is a float, and prints otherwise
    return value


def _is_of(value: Any, hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_is_of(value, part) for part in typing.get_args(hint))
    if hint is types.NoneType:
        return value is None
    if typing.get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(part, str) for part in value)
    if hint is bool:
        return isinstance(value, bool)
    if hint is float:
        if isinstance(value, int):
            return not isinstance(value, bool) and abs(value) < 2**1000  # beyond, float() fails
        return isinstance(value, float)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _takes_float(hint: Any) -> bool:
    return float in _parts(hint)


def _parts(hint: Any) -> tuple[Any, ...]:
    """What a union is of; anything else by itself."""
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _type_name(hint: Any) -> str:
    return "list of names" if typing.get_origin(hint) is tuple else getattr(hint, "__name__", str(hint))
