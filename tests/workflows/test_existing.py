"""A file that stands where another is wanted: one piece of advice, not two; names that pictures have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feraug.config import BenchConfig, ClassifierConfig, PrepareConfig, SsimConfig
from feraug.errors import ArtifactError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.bench import bench
from feraug.workflows.prepare import prepare
from feraug.workflows.ssim import ssim


def test_a_damaged_result_has_the_advice_of_who_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "dataset.h5"
    path.write_text("hello")
    with pytest.raises(ArtifactError) as caught:
        prepare("drawn:140", PrepareConfig(near_copies=False), path)
    assert (
        str(caught.value)
        == f"{path}: not an HDF5 file; --overwrite replaces it, --name NAME writes another file"
    )


def test_pictures_of_two_benchmarks_do_not_replace_one_another(workspace: Workspace) -> None:
    classifier = ClassifierConfig(model="simple", width=0.05, steps=2, batch_size=16)
    with pytest.raises(UsageError, match="'x-confusion' is what pictures of 'x' are called"):
        bench(BenchConfig(classifier=classifier, arms=("real",), repeats=1), workspace, name="x-confusion")
    dataset, digest = read_dataset(workspace.dataset()), sha256_file(workspace.dataset())
    rows, zeros = dataset.rows(split="train")[:30], np.zeros(30, np.uint16)
    provenance = Provenance({}, "test", 0, {"dataset.h5": digest})
    with writing_synthetic(workspace.synthetic("made"), 30, provenance, {"sources": [digest]}) as writer:
        writer.append(dataset.images[rows], np.full(30, 2, np.uint8), rows=rows, source=0, rounds=zeros)
    with pytest.raises(UsageError, match="'x-pairs' is what pictures of 'x' are called"):
        ssim(SsimConfig(queries=5, pairs=5), workspace, name="x-pairs")
