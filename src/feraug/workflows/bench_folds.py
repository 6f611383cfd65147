"""Which fold of a cross-validation a benchmark is of, and whether several are all folds of one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from feraug.config import differences, parse_fold
from feraug.emotions import suggestion
from feraug.errors import ArtifactError, MissingArtifactError
from feraug.store.bench import BenchArrays, read_bench
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import read_with_digest
from feraug.store.reading import FactsShape, is_shaped
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.model_files import completed

_SHAPE: Final[FactsShape] = {"number": int, "of": int, "images": int, "faces": str}


@dataclass(frozen=True)
class Fold:
    """A fold's benchmark: where it lies, the SHA-256 of its file, and what it found."""

    path: Path
    digest: str
    found: BenchArrays

    @property
    def facts(self) -> Mapping[str, Any]:
        """What :func:`fold_facts` wrote."""
        facts: Mapping[str, Any] = self.found.header.extra["fold"]
        return facts

    @property
    def config(self) -> Mapping[str, Any]:
        """The benchmark's settings; the order in which arms were named is none."""
        config = completed(self.found.header.provenance.config)
        return {**config, "arms": sorted(map(str, config.get("arms", ())))}


def fold_facts(faces: DatasetArrays) -> dict[str, Any]:
    """Which fold ``faces`` are prepared as, for the file of a benchmark; empty where they are none."""
    fold = parse_fold(str(faces.header.provenance.config.get("fold", "")))
    if fold is None:
        return {}
    digest = hashlib.sha256()
    for values in (faces.images, faces.labels):  # all that the folds have in common
        digest.update(values.tobytes())
    number, count = fold
    facts = {"number": number, "of": count, "images": len(faces.labels), "faces": digest.hexdigest()}
    return {"fold": facts}


def read_folds(files: Sequence[Path], workspace: Workspace) -> list[Fold]:
    """The benchmarks of all folds, in the order of the folds.

    ``files`` are paths, or names in the workspace's ``bench/``.  Raises :class:`ArtifactError` where they are
    not the folds of one whole, each once, with the same settings.
    """
    return _in_order([_read(file, workspace) for file in files])


def _read(file: Path, workspace: Workspace) -> Fold:
    path = workspace.bench_file(file)
    if not path.exists():
        near = suggestion(path.stem, [one.stem for one in workspace.files("bench/*.h5")])
        raise MissingArtifactError(
            f"--pool {path}: no such benchmark{near}; it takes files, such as fold-1/bench/simple.h5"
        )
    found, digest = read_with_digest(path, partial(read_bench, path))
    if not is_shaped(found.header.extra.get("fold"), _SHAPE):
        raise ArtifactError(
            f"{path}: is of no fold; --pool takes the benchmarks of 'feraug prepare FOLDER --fold 1/5', 2/5 "
            "and so on"
        )
    return Fold(path, digest, found)


def _in_order(folds: Sequence[Fold]) -> list[Fold]:
    first = folds[0]
    count, images = first.facts["of"], first.facts["images"]
    by_number: dict[int, Fold] = {}
    for fold in folds:
        number = fold.facts["number"]
        if fold.facts["of"] != count:
            raise ArtifactError(f"{fold.path}: is one of {fold.facts['of']} folds, {first.path} of {count}")
        if other := by_number.get(number):
            raise ArtifactError(f"{fold.path}: is of fold {number}, as {other.path} is")
        if fold.facts["faces"] != first.facts["faces"]:
            raise ArtifactError(
                f"{fold.path}: is of other images or labels than {first.path}; prepare all folds from one "
                "source, with the same options"
            )
        if unlike := differences(fold.config, first.config):
            told = "; ".join(unlike).replace(" in the file, ", " here, ").replace(" asked for", " there")
            raise ArtifactError(
                f"{fold.path}: has other settings than {first.path} ({told}); all folds need the same"
            )
        by_number[number] = fold
    if missing := [str(number) for number in range(1, count + 1) if number not in by_number]:
        lack = plural(len(missing), "benchmark is", "benchmarks are")
        raise ArtifactError(
            f"--pool: of {count} folds {lack} missing, of fold {', '.join(missing)}; give that of every fold"
        )
    ordered = [by_number[number] for number in range(1, count + 1)]
    rows = np.concatenate([fold.found.test["row"] for fold in ordered])
    if len(rows) != images or len(np.unique(rows)) != images:
        raise ArtifactError(
            "--pool: the folds were not drawn together, as some images are in two of them or in none; "
            "prepare all with the same --seed and options"
        )
    return ordered
