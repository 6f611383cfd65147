"""Write the archive files of the current file format; run once when the format's version changes.

    python tests/data/make_archives.py v1

The files stay in the repository for good: ``tests/test_archives.py`` reads every one with the
present code, so that a file which a user made years ago can still be read.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import feraug
from feraug.config import BenchConfig, ClassifierConfig, PrepareConfig, SynthConfig, TranslatorConfig
from feraug.workflows.events import Event, Progress

ARCHIVES = Path(__file__).parent / "archives"
SMALL = TranslatorConfig(
    base_channels=2, residual_blocks=1, discriminator_channels=2, steps=6, batch_size=2, image_history=4
)

JUDGE = ClassifierConfig(model="vgg19", width=0.01, steps=2, batch_size=16)
BENCHMARK = BenchConfig(
    classifier=ClassifierConfig(width=0.02, steps=2, batch_size=16), arms=("real", "oversampled"), repeats=1
)


def interrupt_after_three_steps(event: Event) -> None:
    """An unfinished checkpoint holds all that a continuation needs."""
    if isinstance(event, Progress) and event.task == "training" and event.done == 3:
        os.kill(os.getpid(), signal.SIGINT)


MORE = {"models/stargan-happy-neutral": "stargan", "models/dcgan-neutral": "dcgan", "small": "weights"}
"""What :func:`more_models` makes, and what it is called among the archives."""


def more_models(folder: str) -> None:
    """A translator of two emotions, a noise generator, and exported weights of the ``cyclegan``."""
    small = {"base_channels": 2, "discriminator_channels": 2, "steps": 1, "batch_size": 2}
    pair = ("neutral", "happy")
    feraug.train("stargan", workspace=folder, device="cpu", emotions=pair, residual_blocks=1, **small)
    feraug.train("dcgan", workspace=folder, device="cpu", emotions=("neutral",), **small)
    whole = Path(folder) / "models" / "cyclegan-neutral-happy.h5"
    feraug.export_artifact(whole, Path(folder) / "small.h5", weights="float16")


def sums(version: str, faces: NDArray[np.uint8]) -> dict[str, int]:
    """What the other generators make, in one number each."""
    stargan = feraug.load_translator(ARCHIVES / f"{version}-stargan.h5")
    made, _ = feraug.load_generator(ARCHIVES / f"{version}-dcgan.h5").generate(4)
    return {
        "stargan_sum": int(stargan.translate(faces, "neutral:happy").sum()), "dcgan_sum": int(made.sum())
    }  # fmt: skip


def main(version: str) -> None:
    """Make ``VERSION-dataset.h5``, ``-cyclegan.h5``, ``-synthetic.h5`` and so on, and what is in them."""
    with tempfile.TemporaryDirectory() as folder:
        feraug.prepare("drawn:100", PrepareConfig(seed=1), workspace=folder)
        feraug.train_translator(SMALL, workspace=folder, device="cpu", notify=interrupt_after_three_steps)
        feraug.synthesise(SynthConfig(count=12), workspace=folder, device="cpu")
        feraug.ssim(feraug.SsimConfig(queries=10, pairs=20), workspace=folder)
        feraug.train(JUDGE, workspace=folder, device="cpu")
        feraug.compare(feraug.CompareConfig(references=20, queries=10), workspace=folder, device="cpu")
        feraug.bench(BENCHMARK, workspace=folder, device="cpu")
        more_models(folder)
        root = Path(folder)
        for place, name in (
            (root / "dataset.h5", "dataset"),
            (root / "models" / "cyclegan-neutral-happy.h5", "cyclegan"),
            (root / "synthetic" / "cyclegan-neutral-happy.h5", "synthetic"),
            (root / "ssim" / "cyclegan-neutral-happy.h5", "ssim"),
            (root / "compare" / "neutral-happy.h5", "compare"),
            (root / "bench" / "simple.h5", "bench"),
            (root / "bench" / "simple" / "real-0.h5", "real-0"),
            (root / "bench" / "simple" / "oversampled-0.h5", "oversampled-0"),
            (root / "models" / "simple.h5", "simple"),
            *((root / f"{name}.h5", kind) for name, kind in MORE.items()),
        ):
            (ARCHIVES / f"{version}-{name}.h5").write_bytes(place.read_bytes())
    dataset = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5")
    synthetic = feraug.open_synthetic(ARCHIVES / f"{version}-synthetic.h5")
    translator = feraug.load_translator(ARCHIVES / f"{version}-cyclegan.h5")
    expected = {
        "image_sum": int(dataset.images.sum()),
        "labels": dataset.labels.tolist(),
        "split": dataset.split.tolist(),
        "synthetic_sum": int(synthetic.images.sum()),
        "origin_row": synthetic.origin_row.tolist(),
        "translated_sum": int(translator.translate(dataset.images[:4]).sum()),
        **sums(version, dataset.images[:4]),
    }
    (ARCHIVES / f"{version}.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
