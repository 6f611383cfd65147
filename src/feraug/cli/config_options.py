"""Options of ``feraug train`` made from the configs: one a setting, its help and default from there."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from feraug.cli import options
from feraug.config import DEFAULTS, MODELS, PRESETS, model_config, uses
from feraug.config.registry import Config
from feraug.config.values import fields, hints, one_of
from feraug.errors import UsageError

_METAVARS = {"pair": "A:B", "budget": "TIME", "emotions": "EMOTION", "diff_augment": "NAMES"}
_DURATIONS = ("epochs", "steps", "budget")
"""Three ways to say how long; only one can be said."""


def parameters(model: str) -> list[inspect.Parameter]:
    """A keyword parameter, with its typer option, for every setting that means something to ``model``."""
    default = DEFAULTS[model]
    names = [name for name in fields(default) if name != "model" and uses(model, name)]
    names.sort(key=lambda name: name not in ("pair", "emotions"))  # what is learned comes first
    return [_parameter(default, name) for name in names]


def chosen(context: typer.Context, model: str, values: Mapping[str, Any], base: Config | None) -> Config:
    """The config that ``base`` (None: the model's defaults) becomes with the options that were typed."""
    typed = {name: _from_option(name, value) for name, value in values.items() if _was_typed(context, name)}
    lengths = [name for name in _DURATIONS if name in typed]
    if len(lengths) > 1:
        raise UsageError(f"{', '.join('--' + name for name in lengths)}: give one of them")
    start = base if base is not None else DEFAULTS[model]
    lasting = [name for name in ("steps", "budget") if hasattr(start, name)]
    reset = {} if not lengths else {name: None for name in lasting if name not in typed}
    return replace(start, **{**reset, **typed})


def typed(context: typer.Context, names: Iterable[str]) -> list[str]:
    """Which of these options stand on the command line."""
    return [name for name in names if _was_typed(context, name)]


def from_file(
    path: Path, model: str, usage: str = "feraug train {}", known: Sequence[str] = tuple(MODELS)
) -> Config:
    """The config in a JSON file, as ``feraug info FILE --config`` prints it.

    ``usage`` is the command that takes a config of another of the ``known`` models.

    Raises :class:`UsageError` when the file is unreadable, no config, or of another model.
    """
    try:
        values = json.loads(path.read_bytes())  # UTF-8 or, as PowerShell's > writes, UTF-16
    except OSError as problem:
        raise UsageError(
            f"--config {path}: {problem.strerror or problem}; "
            "'feraug info FILE --config > run.json' writes one"
        ) from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError(
            f"--config {path}: not JSON; 'feraug info FILE --config > run.json' writes one"
        ) from problem
    if not isinstance(values, dict):
        raise UsageError(f"--config {path}: not an object of settings")
    if "labels" in values and "source" in values:
        raise UsageError(f"--config {path}: is a dataset's; give that of models/NAME.h5")
    if "arms" in values or "arm" in values:
        raise UsageError(
            f"--config {path}: is a benchmark's; give that of models/NAME.h5 or bench/NAME/classifier.h5"
        )
    if values.get("model", model) != model:
        other = values["model"]
        command = f"use '{usage.format(other)}'" if other in known else f"known: {', '.join(known)}"
        raise UsageError(f"--config {path}: is for the model {other!r}, not {model}; {command}")
    try:
        return model_config({"model": model, **values})
    except UsageError as problem:
        raise UsageError(f"--config {path}: {problem}") from problem


def from_preset(preset: str, model: str) -> Config:
    """The defaults of a model with the settings of a preset; :class:`UsageError` for an unknown one."""
    one_of("preset", preset, PRESETS)
    return model_config({"model": model, **PRESETS[preset].get(model, {})})


def _parameter(default: Any, name: str) -> inspect.Parameter:
    field, hint = fields(default)[name], hints(type(default))[name]
    settings: dict[str, Any] = {"help": field.metadata["help"]}
    if name in _METAVARS:
        settings["metavar"] = _METAVARS[name]
    value, flag = getattr(default, name), "--" + name.replace("_", "-")
    if hint is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    elif name == "emotions":
        hint, value, flag = list[str] | None, None, "--emotion"
    elif name == "budget":
        hint = str | None
    if value is None or value == "":
        settings["show_default"] = False
    annotation = Annotated[hint, typer.Option(flag, **settings)]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=annotation)


def _from_option(name: str, value: Any) -> Any:
    if name == "budget":
        return options.seconds(value, "--budget")
    return tuple(value) if name == "emotions" else value


def _was_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")
