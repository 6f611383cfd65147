"""Model files: finding one by name, its config, its networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from feraug.config import (
    CLASSIFIERS,
    DEFAULTS,
    MODELS,
    NOISE_GENERATORS,
    STARGANS,
    TRANSLATORS,
    AnyGanConfig,
    ClassifierConfig,
    NoiseConfig,
    model_config,
    to_json,
)
from feraug.config.values import fields
from feraug.emotions import DomainPair, suggestion
from feraug.errors import (
    ArtifactError,
    FeraugError,
    MissingArtifactError,
    MissingModelError,
    TrainingError,
    UsageError,
)
from feraug.store.header import MAKE_AGAIN, MODEL
from feraug.store.model import ModelArrays
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace, at_home
from feraug.training import load_network
from feraug.transfer import placed
from feraug.workflows.devices import of_cpu


def config_in(path: Path, values: object) -> AnyGanConfig | ClassifierConfig:
    """The config in a model file, checked; :class:`ArtifactError` when this version knows no such model."""
    try:
        return model_config(values)  # type: ignore[arg-type]
    except (FeraugError, AttributeError) as problem:
        raise ArtifactError(
            f"{path}: not a model that this version knows ({problem})",
            "upgrade with 'pip install -U feraug', or train it again",
        ) from problem


def completed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a model, a benchmark or a repeat with the settings that its file's version did not have.

    They are at the defaults of the model, or of the benchmark's classifier.
    """
    try:
        known = fields(DEFAULTS[values["model"]])
        own = {name: value for name, value in values.items() if name in known}
        return {**values, **to_json(model_config(own))}
    except (FeraugError, KeyError, TypeError):
        return values  # of a kind that a comparison will tell


def config_of(path: Path) -> AnyGanConfig | ClassifierConfig:
    """The config of a model file; :class:`ArtifactError` when it is something else."""
    header = read_artifact_header(path)
    if header.encoding_type != MODEL:
        raise ArtifactError(f"{path}: not a model; give a file from 'feraug train'")
    return config_in(path, header.provenance.config)


def purpose(config: AnyGanConfig | ClassifierConfig) -> str:
    """What a model does, as half a sentence.

    >>> from feraug.config import DEFAULTS
    >>> purpose(DEFAULTS["simple"]), purpose(DEFAULTS["stargan"]), purpose(DEFAULTS["dcgan"])
    ('classifies faces', 'translates faces', 'makes faces from noise')
    """
    if isinstance(config, ClassifierConfig):
        return "classifies faces"
    return "makes faces from noise" if isinstance(config, NoiseConfig) else "translates faces"


def find_model(
    model: str, workspace: Workspace, pair: DomainPair | None = None, *, kind: str = "cyclegan"
) -> Path:
    """The model file that ``model`` names: a path, a name in ``models/``, or a kind such as ``wgan-gp``.

    A kind of translator is completed by ``pair`` in either direction, a noise generator or a model of
    all pairs by ``all`` or the only emotions it was trained for.
    Raises :class:`MissingModelError` when there is none, with the command that trains one (a ``kind``
    where the name says nothing), and :class:`UsageError` when there are several.
    """
    as_file = at_home(model)
    if as_file.is_file():
        return as_file
    if as_file.parent != Path():
        raise MissingArtifactError(f"{as_file}: no such model file; 'feraug train' makes models")
    name = model.removesuffix(".h5")
    endings = ["", "-all"]
    if pair is not None:
        endings[1:1] = [f"-{pair.slug}", f"-{pair.reversed.slug}"]
    for ending in endings:
        candidate = workspace.model(name + ending)
        if candidate.exists():
            return candidate
    several = [path for path in workspace.models() if path.stem.startswith(f"{name}-")]
    without_pair = pair is None and name in TRANSLATORS  # what it is for will be refused, and say why
    if (name in NOISE_GENERATORS or name in STARGANS or without_pair) and several:
        if len(several) == 1:
            return several[0]
        names = ", ".join(path.stem for path in several)
        raise UsageError(f"several models are called {name} ({names}); name one of them")
    there = [path.stem for path in workspace.models()]
    names = ", ".join(there) or "none"
    if pair is not None and name in CLASSIFIERS:
        raise UsageError(f"{name} is a classifier and makes no faces; name a translator (there: {names})")
    near = suggestion(name, there) or f" (there: {names})"
    raise MissingModelError(
        f"no model '{model}' in {workspace.root / 'models'}{near}; "
        f"train one with '{_training_command(name, pair, kind)}'"
    )


def load_average(
    path: Path,
    saved: ModelArrays,
    role: str,
    build: Callable[[], nn.Module],
    device: torch.device,
    group: str = "ema",
) -> nn.Module:
    """The EMA (or another ``group``) of a network in a model file, ready to run on ``device``."""
    # Shapes only: nothing is allocated for a config that the arrays do not fit.
    with torch.device("meta"):
        network = build().float()  # whatever torch.set_default_dtype says
    try:
        load_network(network, saved.arrays, f"{group}/{role}", assign=True)
    except TrainingError as problem:
        raise ArtifactError(f"{path}: damaged ({problem})", MAKE_AGAIN) from problem
    network.eval().requires_grad_(False)
    return placed(network, device)


def _training_command(name: str, pair: DomainPair | None, kind: str) -> str:
    """``name`` is a kind of model, or begins with one, as the names do that ``feraug train`` gives."""
    known = [model for model in MODELS if name == model or name.startswith(f"{model}-")]
    kind = known[0] if known else kind
    of_pair = f" --pair {pair}" if pair is not None and kind in TRANSLATORS else ""
    preset = of_cpu() if kind in CLASSIFIERS else ""
    return f"feraug train {kind}{of_pair}{preset}{'' if known else f' --name {name}'}"
