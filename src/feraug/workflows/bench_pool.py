"""``feraug bench --pool``: the benchmarks of all folds of a cross-validation as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.metrics.groups import joined
from feraug.store.header import BENCH, Header, Provenance
from feraug.store.workspace import Workspace, same_place
from feraug.workflows.bench_conclusions import conclusions, is_of_a_set
from feraug.workflows.bench_folds import Fold, read_folds
from feraug.workflows.bench_gathered import finished, written
from feraug.workflows.bench_outcome import BenchResult
from feraug.workflows.bench_table import table
from feraug.workflows.existing import check_ending, existing_header, there_or_held
from feraug.workflows.model_files import completed


def pool(
    files: Sequence[Path],
    workspace: Workspace,
    *,
    name: str | None = None,
    overwrite: bool = False,
    command: str = "feraug.pool_folds",
) -> BenchResult:
    """Put the benchmarks of all folds together in ``bench/NAME.h5``: each image is a test image once.

    ``files`` are paths, or names in the workspace's ``bench/``; NAME is CLASSIFIER-folds, if none is given.
    Trains nothing.  Repeat r of an arm is made of repeat r of every fold.

    Raises :class:`~feraug.errors.ArtifactError` where the files are not all folds of one dataset, each once,
    with the same settings, :class:`~feraug.errors.ConfigConflictError` when NAME was made of others, and
    :class:`UsageError` when it is one of them.
    """
    folds = read_folds(files, workspace)
    path = workspace.bench(f"{folds[0].config['model']}-folds" if name is None else name)
    check_ending(path, ("-confusion",))
    if any(same_place(path, fold.path) for fold in folds):
        raise UsageError(f"--name: {path.stem} is one of the folds; choose another name")
    config = {**folds[0].config, "folds": len(folds)}
    inputs = {f"{fold.path.name} of fold {number}": fold.digest for number, fold in enumerate(folds, 1)}
    provenance = Provenance(config, command, folds[0].found.header.provenance.seed, inputs)

    def look() -> Header | None:
        return existing_header(path, BENCH, provenance, overwrite=overwrite, normalised=completed)

    with ExitStack() as held:
        if there_or_held(look, path, held) is not None:
            return finished(config, path, draws=True)
        return _pooled(folds, path, provenance)


def _pooled(folds: Sequence[Fold], path: Path, provenance: Provenance) -> BenchResult:
    heads = [fold.found.header.extra for fold in folds]
    probabilities = {
        arm: np.concatenate([fold.found.probabilities[arm] for fold in folds], axis=1)
        for arm in heads[0]["arms"]
    }
    test = _columns([fold.found.test for fold in folds])
    figures = table(probabilities, test)
    for arm, values in figures["arms"].items():
        for name in ("validation_accuracy", "validation_balanced_accuracy"):
            of_folds = [head["table"]["arms"][arm].get(name) for head in heads]
            if all(of_folds):
                values[name] = [round(float(mean), 6) for mean in np.mean(of_folds, axis=0)]
    figures["conclusions"] = [*conclusions(figures), _of_folds(len(folds)), *_of_sets(heads)]
    facts = {
        "arms": list(probabilities),
        "steps": max(head["steps"] for head in heads),
        "reduced": any(head["reduced"] for head in heads),
        "reductions": list(dict.fromkeys(what for head in heads for what in head.get("reductions", ()))),
        "table": figures,
    }
    return written(path, probabilities, test, provenance, facts)


def _columns(of_folds: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """What is known of the test images of all folds, one after the other.

    Groups of identical images and people are numbered alike in all folds; near copies are not, and stay
    together with identical ones.
    """
    known = [name for name in of_folds[0] if all(name in test for test in of_folds)]
    columns = {name: np.concatenate([test[name] for test in of_folds]) for name in known}
    if "near_copy_group" in columns:
        fold = np.repeat(np.arange(len(of_folds)), [len(test["labels"]) for test in of_folds])
        near = columns["near_copy_group"]
        own = np.where(near < 0, -1, near.astype(np.int64) * len(of_folds) + fold)
        group = joined(own, columns["duplicate_group"])
        columns["near_copy_group"] = np.where(np.bincount(group)[group] > 1, group, -1)
    return columns


def _of_folds(count: int) -> str:
    """What the figures rest on: of N folds each is left out by two trainings, as test and as validation."""
    told = f"{count} folds: each image is tested once, by classifiers that did not see it"
    if count == 3:  # whose training faces are three sets
        return f"{told}."
    how = "mostly" if count > 5 else "partly"
    return (
        f"{told}; those of two folds learned {how} from the same faces, which no interval here knows of "
        "(Bengio and Grandvalet, 2004)."
    )


def _of_sets(heads: Sequence[Mapping[str, Any]]) -> list[str]:
    """The cautions about each fold's synthetic files."""
    return [
        f"fold {number}, {sentence}"
        for number, head in enumerate(heads, 1)
        for sentence in head["table"].get("conclusions", ())
        if is_of_a_set(sentence)
    ]
