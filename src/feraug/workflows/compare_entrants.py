"""Who is compared: the translators of a pair, none of which the judge filtered for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from feraug.config import AnyGanConfig
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, FeraugError, UsageError
from feraug.metrics.stability import loss_spread
from feraug.store.digests import read_with_digest, sha256_file
from feraug.store.model import read_model
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace
from feraug.workflows.judges import Judge
from feraug.workflows.model_files import find_model
from feraug.workflows.translators import Translator, load_translator, translators_for_pair

MOST: Final = 16
"""Models in a comparison: their figures have to fit into an attribute."""


@dataclass(frozen=True)
class Entrant:
    """A translator that takes part, under a name that no other of the comparison has."""

    path: Path
    name: str
    digest: str
    translator: Translator
    inputs: tuple[str, ...]
    """SHA-256 of what it was trained on."""
    training: Mapping[str, Any]
    """Time, images and steps of its training, and how much its losses still moved, as JSON values."""
    again: tuple[str, ...] = ()
    """Other names under which the same file was found."""


def entrants(
    workspace: Workspace, pair: DomainPair, given: Sequence[str | Path], device: str
) -> list[Entrant]:
    """The models that were ``given`` (files, or names), or all that were trained for the pair, either way.

    A file that is given twice, under whatever name, takes part once.  Raises
    :class:`~feraug.errors.MissingArtifactError`, with the command that trains one, where there is
    none, and :class:`UsageError` for a translator of another pair.
    """
    paths = [find_model(str(one), workspace, pair) for one in given] or translators_for_pair(pair, workspace)
    if len(paths) > MOST:
        raise UsageError(f"{len(paths)} models; {MOST} at a time is the limit, so name some with --model")
    found: dict[str, Entrant] = {}
    for path in paths:
        # At once: it may still be trained, and another model stand there when the measures are taken.
        (translator, inputs, training), digest = read_with_digest(path, partial(_read, path, device))
        if not translator.translates(pair):
            raise UsageError(f"{path.stem} does not translate {pair}; leave it out")
        if digest not in found:
            found[digest] = Entrant(path, path.stem, digest, translator, inputs, training)
        elif path.stem != found[digest].name:
            found[digest] = replace(found[digest], again=(*found[digest].again, path.stem))
    return _told_apart(list(found.values()), pair)


def _read(path: Path, device: str) -> tuple[Translator, tuple[str, ...], dict[str, Any]]:
    """The translator in a file, what it was trained on, and what is told of its training."""
    translator = load_translator(path, device=device)
    inputs = tuple(read_artifact_header(path).provenance.inputs.values())
    return translator, inputs, _training(path, translator.config)


def _training(path: Path, config: AnyGanConfig) -> dict[str, Any]:
    saved = read_model(path, ("history", "timing"))
    spreads = {
        name.removeprefix("history/"): loss_spread(values)
        for name, values in sorted(saved.arrays.items())
        if name.startswith("history/")
    }
    known = {name: round(value, 6) for name, value in spreads.items() if value is not None}
    seconds = saved.arrays.get("timing/seconds")
    return {
        "step": saved.step,
        "steps": saved.steps,
        "finished": saved.finished,
        "seconds": None if seconds is None else round(float(seconds), 1),
        "images": saved.step * config.batch_size,
        "loss_spread": round(float(np.median(list(known.values()))), 6) if known else None,
        "loss_spreads": known,
    }


def check_independent(judge: Judge, models: Sequence[Entrant], workspace: Workspace) -> None:
    """Refuse a judge that filtered what a model was trained on, or what a model made.

    What is known are the synthetic sets and models of the workspace, and of each its inputs: a
    filtered set names its parent and its classifier, a model what it learned from.  Raises
    :class:`ArtifactError`.
    """
    inputs: dict[str, tuple[Path, frozenset[str]]] = {}
    for path in (*workspace.synthetics(), *workspace.models()):
        try:
            header = read_artifact_header(path)
        except FeraugError:
            continue
        inputs[sha256_file(path)] = (path, frozenset(header.provenance.inputs.values()))

    def ancestors(digests: frozenset[str]) -> frozenset[str]:
        seen: frozenset[str] = frozenset()
        while digests - seen:
            seen |= digests
            digests = frozenset().union(*(inputs[one][1] for one in seen if one in inputs))
        return seen

    for digest, (path, direct) in inputs.items():
        if judge.classifier.digest not in direct:
            continue
        for model in models:
            if digest in ancestors(frozenset(model.inputs)) or model.digest in ancestors(direct):
                raise ArtifactError(
                    f"{judge.classifier.path} filtered {path} of {model.name}, so it cannot judge that model "
                    f"(SHA-256 {judge.classifier.digest[:12]})",
                    "name another classifier with --judge",
                )


def _told_apart(found: list[Entrant], pair: DomainPair) -> list[Entrant]:
    """With the pair left out of the names where that leaves them different."""
    endings = (f"-{pair.slug}", f"-{pair.reversed.slug}")
    short = []
    for one in found:
        name = one.name
        for ending in endings:
            name = name.removesuffix(ending)
        short.append(name or one.name)
    if len(set(short)) < len(short):
        short = [one.name for one in found]
    named, taken = [], set()
    for one, name in zip(found, short, strict=True):
        unused, number = name, 1
        while unused in taken:
            number += 1
            unused = f"{name}-{number}"
        taken.add(unused)
        named.append(replace(one, name=unused))
    return named
