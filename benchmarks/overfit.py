"""The full classifiers learn 200 drawn faces by heart: the least that a network must be able to do.

    python benchmarks/overfit.py [--width 1.0] [--only simple]

Prints the step at which all 200 are named rightly.  The tests do the same with narrow networks.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import torch

from feraug.config import CLASSIFIERS, DEFAULTS, ClassifierConfig
from feraug.data import LabelledBatches, LabelledFaces, Sampling, on_device
from feraug.emotions import EMOTIONS
from feraug.models import build_classifier
from feraug.models.classifiers import values_in
from feraug.sources.drawn import draw
from feraug.training import ClassifierState, fit_classifier, new_fabric
from feraug.workflows.classifiers import probabilities

PLAIN = {
    "batch_size": 50, "rotation": 0.0, "shift": 0.0, "zoom": 0.0, "flip": False, "label_smoothing": 0.0,
    "dropout": 0.0, "weight_decay": 0.0, "schedule": "constant",
}  # fmt: skip
OWN = {
    "simple": {"optimizer": "adamw", "rate": 5e-4},
    "vgg19": {"crop": 48, "rate": 0.02},
    "surreal": {"rate": 0.03},
}


def learn(model: str, width: float, most_steps: int = 400) -> tuple[int, int, float]:
    """The number of values, the step at which 200 faces are known (0: never), and seconds."""
    base = DEFAULTS[model]
    assert isinstance(base, ClassifierConfig)
    config = replace(base, width=width, steps=most_steps, **PLAIN, **OWN[model])
    labels = np.arange(200) % 7
    faces = draw(0, range(200), [EMOTIONS[label] for label in labels])
    torch.manual_seed(0)
    device = torch.device("cpu")
    state = ClassifierState.create(build_classifier(config), config, new_fabric(device))
    labelled = LabelledFaces(faces, labels.astype(np.uint8), np.ones(200, np.float32))
    batches = LabelledBatches(labelled, config, Sampling(config.batch_size, 0, device))
    shown, started = on_device(faces, device), time.monotonic()
    for report in fit_classifier(
        state, batches, steps=most_steps, steps_per_epoch=10**9, evaluate=lambda net: {"accuracy": 0.0}
    ):
        if report.step % 10:
            continue
        if (probabilities(state.network.eval(), shown).argmax(1) == labels).all():
            return values_in(state.network), report.step, time.monotonic() - started
    return values_in(state.network), 0, time.monotonic() - started


def main() -> None:
    """Print a line a network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--only", choices=CLASSIFIERS, action="append")
    args = parser.parse_args()
    for model in args.only or CLASSIFIERS:
        values, step, seconds = learn(model, args.width)
        outcome = f"200 of 200 after {step} steps of 50" if step else "NOT learned in 400 steps"
        print(f"{model}: {values:,} values; {outcome} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
