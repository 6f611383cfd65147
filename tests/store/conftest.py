"""Small artifacts of each kind, written by the store itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feraug.config import PrepareConfig, SynthConfig, TranslatorConfig, to_json
from feraug.store.dataset import writing_dataset
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.synthetic import writing_synthetic

DATASET_FACTS = {
    "labels": "fer2013",
    "audit": {
        "blank": 0,
        "duplicate_groups": 0,
        "redundant": 0,
        "conflicting_groups": 0,
        "leaks": {"validation": 0, "test": 0},
        "near_copies": None,
    },
    "dropped": {"ferplus": {}},
    "skipped": {"total": 0, "causes": {}},
}


def _dataset(
    path: Path, count: int = 3, facts: Any = None, names: list[str] | None = None, **columns: Any
) -> Path:
    random = np.random.default_rng(count)
    usual = {
        "labels": np.arange(count) % 7,
        "split": np.arange(count) % 3,
        "source_row": np.arange(count),
        "source_labels": np.arange(count) % 7,
        "ferplus": np.ones((count, 10)),
        "blank": np.zeros(count),
        "duplicate_group": np.full(count, -1),
        "copy_in_train": np.arange(count) % 2,
        "near_copy_in_train": np.zeros(count),
        "near_copy_row": np.full(count, -1),
        "near_copy_group": np.full(count, -1),
        "person": np.arange(count) // 2,
        "person_in_train": np.arange(count) % 2,
    }
    with writing_dataset(path) as writer:
        writer.append(random.integers(0, 256, (count, 48, 48), np.uint8))
        provenance = Provenance(to_json(PrepareConfig()), "feraug prepare x.csv", 7, {"x.csv": "ab" * 32})
        writer.finish(
            {name: np.asarray(values) for name, values in (usual | columns).items()},
            provenance,
            DATASET_FACTS if facts is None else facts,
            names=names,
        )
    return path


def _synthetic(path: Path, count: int = 3, facts: Any = None, **arrays: Any) -> Path:
    facts = {"sources": ["ab" * 32], "model": "cd" * 32, "label": "happy"} if facts is None else facts
    provenance = Provenance(to_json(SynthConfig()), "feraug synth", 7, {"m.h5": "ab" * 32})
    usual = {
        "labels": np.full(count, 3, np.uint8),
        "rows": np.arange(count, dtype=np.int64),
        "rounds": np.zeros(count, np.uint16),
        "source": 0,
    } | arrays
    with writing_synthetic(path, count, provenance, facts) as writer:
        images = np.random.default_rng(count).integers(0, 256, (count, 48, 48), np.uint8)
        writer.append(images, usual.pop("labels"), **usual)
    return path


def _model(path: Path, facts: Any = None, **arrays: Any) -> Path:
    values = {
        "networks/a_to_b/stem.0.weight": np.arange(8, dtype=np.float32).reshape(2, 4),
        "ema/a_to_b/stem.0.weight": np.ones((2, 4), np.float32),
        "optimizers/generator/a_to_b/stem.0.weight/step": np.float32(3),
        "random/step": np.int64(3),
        "image_history/fake_a": np.zeros((1, 1, 48, 48), np.float32),
        "history/cycle_a": np.array([0.5, 0.25, 0.125], np.float32),
        "timing/seconds": np.float64(1.5),
    } | {name.replace("__", "/"): value for name, value in arrays.items()}
    provenance = Provenance(
        to_json(TranslatorConfig()), "feraug train cyclegan", 7, {"dataset.h5": "ab" * 32}
    )
    facts = {"step": 3, "steps": 9, "steps_per_epoch": 2, "finished": False} if facts is None else facts
    write_model(path, values, provenance, facts)
    return path


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Path]:
    """Write a dataset: ``make_dataset(path, count, facts=..., COLUMN=values)``."""
    return _dataset


@pytest.fixture(scope="session")
def make_synthetic() -> Callable[..., Path]:
    """Write a synthetic set: ``make_synthetic(path, count, facts=..., labels=..., rows=...)``."""
    return _synthetic


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """Write a model: ``make_model(path, facts=..., history__term=values)``."""
    return _model


@pytest.fixture(scope="session")
def tiny_translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real translator of a few parameters, trained for a step; not to be changed."""
    from feraug.store.workspace import Workspace
    from feraug.workflows.train import train_translator

    workspace = Workspace(tmp_path_factory.mktemp("tiny"))
    labels = np.where(np.arange(20) < 10, 3, 6)
    _dataset(workspace.dataset(), 20, labels=labels, split=np.zeros(20))
    config = TranslatorConfig(
        base_channels=1, residual_blocks=0, discriminator_channels=1, steps=1, batch_size=1, image_history=1
    )
    return train_translator(config, workspace).path
