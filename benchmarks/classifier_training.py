"""Training a classifier: feraug's loop, the bare network on ready tensors, and a DataLoader with PIL.

    python benchmarks/classifier_training.py [--model simple] [--width 0.5] [--batch-size 64] [--rounds 5]

All three train the same network with the same optimizer and batch size on the same drawn faces, in turns
within one run; the table has medians of images a second and their ratio to the bare network's.  The
PIL loop does what public repositories do: PIL images, torchvision's transforms, a DataLoader.
``--cpu-time`` counts the processor's time on one thread, which other programs disturb less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from feraug.config import DEFAULTS, ClassifierConfig
from feraug.data import LabelledBatches, LabelledFaces, Sampling
from feraug.models import build_classifier
from feraug.sources.drawn import draw, row_emotions
from feraug.training import ClassifierState, fit_classifier, new_fabric


class _PilFaces(Dataset[tuple[torch.Tensor, int]]):
    def __init__(self, faces: LabelledFaces, config: ClassifierConfig) -> None:
        self._faces = faces
        share = config.shift / 48
        self._transform = transforms.Compose([
            transforms.RandomAffine(
                config.rotation,
                (share, share),
                (1 - config.zoom, 1 + config.zoom),
                interpolation=transforms.InterpolationMode.BILINEAR,
            ),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(0.5, 0.5),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self._transform(Image.fromarray(self._faces.images[row])), int(self._faces.labels[row])


def _state(config: ClassifierConfig) -> ClassifierState:
    torch.manual_seed(0)
    return ClassifierState.create(build_classifier(config), config, new_fabric(torch.device("cpu")))


def _plain_steps(state: ClassifierState, batches: Iterator[tuple[torch.Tensor, torch.Tensor]]) -> None:
    smoothing = state.config.label_smoothing
    for faces, labels in batches:
        state.optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(state.network(faces), labels, label_smoothing=smoothing).backward()
        state.optimizer.step()


def contenders(
    config: ClassifierConfig, faces: LabelledFaces, steps: int, clock: Callable[[], float]
) -> dict[str, Callable[[], float]]:
    """Seconds by ``clock`` of ``steps`` training steps by each."""
    states = {name: _state(config) for name in ("bare", "feraug", "pil")}
    batches = LabelledBatches(faces, config, Sampling(config.batch_size, 0, torch.device("cpu")))
    ready = batches.batch(0)
    layout = ready.faces.contiguous(memory_format=torch.channels_last)
    loader = DataLoader(_PilFaces(faces, config), config.batch_size, shuffle=True, drop_last=True)

    def timed(work: Callable[[], None]) -> float:
        started = clock()
        work()
        return clock() - started

    def bare() -> None:
        states["bare"].network.train()
        _plain_steps(states["bare"], iter([(layout, ready.labels)] * steps))

    def own() -> None:
        end = states["feraug"].step + steps
        for _ in fit_classifier(
            states["feraug"],
            batches,
            steps=end,
            steps_per_epoch=10**9,
            evaluate=lambda net: {"accuracy": 0.0},
        ):
            pass

    def pil() -> None:
        states["pil"].network.train()
        stream = iter(loader)
        _plain_steps(states["pil"], (next(stream) for _ in range(steps)))

    return {"the bare network": lambda: timed(bare), "feraug": lambda: timed(own),
            "DataLoader + PIL": lambda: timed(pil)}  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="simple")
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu-time", action="store_true")
    args = parser.parse_args()
    if args.cpu_time:
        torch.set_num_threads(1)
    base = DEFAULTS[args.model]
    assert isinstance(base, ClassifierConfig)
    config = replace(base, width=args.width, batch_size=args.batch_size)
    count = args.batch_size * (args.steps + 1)
    labels = row_emotions(0, np.arange(count)).astype(np.uint8)
    faces = LabelledFaces(draw(0, range(count)), labels, np.ones(count, np.float32))
    runs = contenders(config, faces, args.steps, time.process_time if args.cpu_time else time.perf_counter)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(args.rounds + 1):
        for name, run in list(runs.items())[:: 1 if round_number % 2 else -1]:  # by turns the first
            seconds = run()
            if round_number:  # the first warms up
                times[name].append(args.steps * args.batch_size / seconds)
    best = times["the bare network"]
    print(f"{args.model}, width {args.width:g}, batch {args.batch_size}, {torch.get_num_threads()} threads")
    for name, speeds in times.items():
        ratios = [mine / other for mine, other in zip(speeds, best, strict=True)]
        print(
            f"{name:18} {statistics.median(speeds):8.0f} images/s   "
            f"{statistics.median(ratios):.2f} of the bare network ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
