"""``feraug info``: what any artifact holds and how it came about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from feraug.emotions import EMOTIONS, SPLITS, UNLABELLED
from feraug.store.bench import read_bench, read_predictions
from feraug.store.compare import read_compare
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import BENCH, COMPARE, DATASET, MODEL, PREDICTIONS, SSIM, SYNTHETIC, Header
from feraug.store.model import ModelArrays, read_model
from feraug.store.reading import read_artifact_header
from feraug.store.ssim import read_ssim
from feraug.store.synthetic import read_synthetic
from feraug.workflows.audit import split_table
from feraug.workflows.compare_breakdown import breakdown
from feraug.workflows.ssim_summary import summary

_STATISTICS: Final = (".running_mean", ".running_var", ".num_batches_tracked")
"""What batch norms keep beside their parameters."""


def describe(path: Path) -> dict[str, Any]:
    """Everything about an artifact as JSON values: header, digest, and what its kind holds.

    Raises :class:`~feraug.errors.ArtifactError` when it is damaged or not feraug's.
    """
    header = read_artifact_header(path)
    return {
        "path": str(path.resolve()),
        "encoding-type": header.encoding_type,
        "encoding-version": header.encoding_version,
        "feraug-version": header.feraug_version,
        "sha256": sha256_file(path),
        "bytes": path.stat().st_size,
        **_DESCRIBERS[header.encoding_type](path, header),
        "config": dict(header.provenance.config),
        "command": header.provenance.command,
        "seed": header.provenance.seed,
        "inputs": dict(header.provenance.inputs),
    }


def _dataset(path: Path, header: Header) -> dict[str, Any]:
    dataset = read_dataset(path)
    flags = {
        name: {
            split: int(np.count_nonzero(dataset.columns[name][dataset.split == code]))
            for code, split in enumerate(SPLITS)
        }
        for name in ("blank", "copy_in_train", "near_copy_in_train", "person_in_train")
        if name in dataset.columns
    }
    return {
        **header.extra,
        "images": len(dataset.images),
        "splits": split_table(dataset.labels, dataset.split, EMOTIONS),
        "ferplus": "ferplus" in dataset.columns,
        "flags": flags,
    }


def _model(path: Path, header: Header) -> dict[str, Any]:
    saved = read_model(path)
    parameters: dict[str, int] = {}
    types: set[str] = set()
    # A finished classifier holds its best epoch alone, exported weights the moving average.
    groups = [group for group in ("networks", "chosen", "ema") if _has(saved, group)]
    kept = groups[0] if groups else ""
    for name, values in saved.arrays.items():
        group, _, rest = name.partition("/")
        if group == kept and not rest.endswith(_STATISTICS):
            role = rest.partition("/")[0]
            parameters[role] = parameters.get(role, 0) + int(values.size)
            types.add(str(values.dtype))
    epoch = int(header.extra["steps_per_epoch"])
    chosen = int(header.extra.get("chosen_epoch", 0))
    losses = {}
    for name, values in saved.arrays.items():
        if name.startswith("history/validation_") and values.size:  # one an epoch, of a classifier
            losses[name.removeprefix("history/")] = float(values[min(chosen, values.size) - 1])
        elif name.startswith("history/") and values.size:
            losses[name.removeprefix("history/")] = float(np.mean(values[-epoch:]))
    return {
        "step": saved.step,
        "steps": saved.steps,
        "finished": saved.finished,
        "weights_only": saved.weights_only,
        "weights": ", ".join(sorted(types)),
        "seconds": float(saved.arrays["timing/seconds"]) if "timing/seconds" in saved.arrays else None,
        "parameters": parameters,
        "losses": losses,
        **({"chosen_epoch": chosen} if chosen else {}),
    }


def _has(saved: ModelArrays, group: str) -> bool:
    return any(name.startswith(f"{group}/") for name in saved.arrays)


def _synthetic(path: Path, header: Header) -> dict[str, Any]:
    faces = read_synthetic(path)
    names = {**dict(enumerate(EMOTIONS)), UNLABELLED: "unlabelled"}
    codes, counts = np.unique(faces.labels, return_counts=True)
    origins = np.stack([faces.origin_source, faces.origin_row])[:, faces.origin_row >= 0]
    _, uses = np.unique(origins, axis=1, return_counts=True)
    return {
        **header.extra,
        "images": len(faces.images),
        "labels": {names[int(code)]: int(count) for code, count in zip(codes, counts, strict=True)},
        "source_images": len(uses),
        "rounds": int(uses.max(initial=0)),
    }


def _predictions(path: Path, header: Header) -> dict[str, Any]:
    found = read_predictions(path)
    accuracy = [round(float(value), 6) for value in found.validation_accuracy]
    return {**header.extra, "images": len(found.probabilities), "validation_accuracy": accuracy}


def _bench(path: Path, header: Header) -> dict[str, Any]:
    found = read_bench(path)
    table = header.extra["table"]
    return {
        "steps": header.extra["steps"],
        "reduced": header.extra["reduced"],
        "reductions": header.extra.get("reductions", ["fewer repeats, steps or channels than the defaults"]),
        "images": len(found.test["labels"]),
        "test_sets": table["images"],
        "repeats": {arm: len(values) for arm, values in found.probabilities.items()},
        "arms": table["arms"],
        "differences": table["differences"],
        "reverse": table.get("reverse"),
        "conclusions": table.get("conclusions", []),
    }


def _ssim(path: Path, header: Header) -> dict[str, Any]:
    del header
    return summary(read_ssim(path))


def _compare(path: Path, header: Header) -> dict[str, Any]:
    del header
    found = read_compare(path)
    return {**found.table, **breakdown(found)}


_DESCRIBERS: Final[Mapping[str, Callable[[Path, Header], dict[str, Any]]]] = {
    DATASET: _dataset,
    MODEL: _model,
    SYNTHETIC: _synthetic,
    PREDICTIONS: _predictions,
    BENCH: _bench,
    SSIM: _ssim,
    COMPARE: _compare,
}
