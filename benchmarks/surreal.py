"""Why the surreal network does not learn: its rate, its initial weights, its norm; one departure a line.

    python benchmarks/surreal.py WORKSPACE docs/classifiers.md [--epochs 4] [--width 0.5]

WORKSPACE has a dataset (``feraug prepare drawn`` or FER2013).  Each line is one training of the same
seed and steps; finished ones are skipped.  The table goes into the page.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from feraug.config import DEFAULTS, ClassifierConfig
from feraug.data import LabelledBatches, Sampling, on_device
from feraug.models import build_classifier
from feraug.store.dataset import read_dataset
from feraug.training import ClassifierState, fit_classifier, new_fabric
from feraug.workflows.classifier_run import scores
from feraug.workflows.classifiers import probabilities
from feraug.workflows.train_classifier import splits_of

MARKS = ("<!-- surreal-table -->", "<!-- surreal-table-end -->")
VARIANTS: dict[str, dict[str, Any]] = {
    "He's weights, rate 0.05 (feraug's default)": {},
    "rate 0.01": {"rate": 0.01},
    "rate 0.001": {"rate": 0.001},
    "rate 0.2": {"rate": 0.2},
    "AdamW, rate 0.001": {"optimizer": "adamw", "rate": 0.001},
    "weights N(0, 0.05), the tutorial's": {"deviation": 0.05},
    "weights N(0, 1), TensorFlow's default of `random_normal`": {"deviation": 1.0},
    "weights N(0, 1), AdamW, rate 0.001": {"deviation": 1.0, "optimizer": "adamw", "rate": 0.001},
    "without local response norm": {"norm": False},
    "without local response norm, rate 0.01": {"norm": False, "rate": 0.01},
}


def train(workspace: Path, settings: dict[str, Any], epochs: float, width: float) -> dict[str, Any]:
    """Train one variant; accuracy on validation at the end, and the best constant answer's."""
    settings = dict(settings)
    deviation, norm = settings.pop("deviation", None), settings.pop("norm", True)
    base = DEFAULTS["surreal"]
    assert isinstance(base, ClassifierConfig)
    config = replace(base, epochs=epochs, width=width, **settings)
    training, validation = splits_of(read_dataset(workspace / "dataset.h5"), config)
    torch.manual_seed(config.seed)
    network = build_classifier(config)
    if deviation is not None:
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.normal_(layer.weight, 0.0, deviation)
    if not norm:
        network.body = nn.Sequential(
            *(layer for layer in network.body if not isinstance(layer, nn.LocalResponseNorm))
        )
    device = torch.device("cpu")
    state = ClassifierState.create(network, config, new_fabric(device))
    batches = LabelledBatches(training, config, Sampling(config.batch_size, config.seed, device))
    per_epoch = -(-len(training) // config.batch_size)
    faces = on_device(validation.images, device)
    losses: list[float] = []
    try:
        for report in fit_classifier(
            state, batches, steps=round(epochs * per_epoch), steps_per_epoch=per_epoch,
            evaluate=lambda net: scores(probabilities(net, faces), validation.labels),
        ):  # fmt: skip
            losses.append(report.terms["loss"])
        found = state.history["validation_accuracy"][-1]
    except Exception as problem:
        return {"accuracy": None, "failure": str(problem).split(";")[0]}
    constant = float(np.bincount(validation.labels).max() / len(validation.labels))
    return {"accuracy": found, "loss": float(np.mean(losses[-50:])), "constant": constant}


def main() -> None:
    """Run what is missing, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--faces", default="drawn faces", help="what the page calls the dataset")
    parser.add_argument("--epochs", type=float, default=4.0)
    parser.add_argument("--width", type=float, default=0.5)
    args = parser.parse_args()
    kept = args.workspace / f"surreal-{args.epochs:g}-{args.width:g}.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for label, settings in VARIANTS.items():
        if label not in results:
            results[label] = train(args.workspace, settings, args.epochs, args.width)
            kept.write_text(json.dumps(results, indent=1) + "\n")
        print(label, results[label], flush=True)
    constant = next(row["constant"] for row in results.values() if "constant" in row)
    lines = [
        MARKS[0], "",
        f"Measured by `benchmarks/surreal.py` on {args.faces} "
        f"({args.epochs:g} epochs, width {args.width:g}, seed 0; "
        f"always answering the commonest emotion gives {constant:.1%}):", "",
        "| | accuracy on validation | loss at the end |", "| --- | ---: | ---: |",
    ]  # fmt: skip
    for label, row in results.items():
        failed = row["accuracy"] is None
        lines.append(
            f"| {label} | {'stops: ' + row['failure'] if failed else format(row['accuracy'], '.1%')} | "
            f"{'' if failed else format(row['loss'], '.2f')} |"
        )
    text = args.page.read_text()
    start, end = text.index(MARKS[0]), text.find(MARKS[1])
    rest = text[end + len(MARKS[1]) :] if end >= 0 else text[start + len(MARKS[0]) :]
    args.page.write_text(text[:start] + "\n".join([*lines, "", MARKS[1]]) + rest)


if __name__ == "__main__":
    main()
