"""Training a classifier: feraug's loop, the bare network on ready tensors, and a DataLoader with PIL.

    python benchmarks/classifier_training.py [--model simple] [--width 0.5] [--batch-size 64] [--rounds 5]

All three train the same network with the same optimizer and batch size on the same drawn faces, in turns
within one run; the table has the ratios of images a second.  The
PIL loop does what public repositories do: PIL images, torchvision's transforms, a DataLoader.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from rounds import Row, Setting, Taken, Target, in_turns, speed_ratios, taken
from tables import show
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from feraug.config import DEFAULTS, ClassifierConfig
from feraug.data import LabelledBatches, LabelledFaces, Sampling
from feraug.models import build_classifier
from feraug.sources.drawn import draw, row_emotions
from feraug.training import ClassifierState, StepReport, fit_classifier, new_fabric


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


def feraug_steps(state: ClassifierState, batches: LabelledBatches, count: int) -> Iterator[StepReport]:
    """Feraug's own loop, so many steps more, without a look at validation."""
    return fit_classifier(
        state, batches, steps=state.step + count, steps_per_epoch=10**9,
        evaluate=lambda net: {"accuracy": 0.0},
    )  # fmt: skip


def drawn(count: int) -> LabelledFaces:
    """Drawn faces, all of the same weight."""
    labels = row_emotions(0, np.arange(count)).astype(np.uint8)
    return LabelledFaces(draw(0, range(count)), labels, np.ones(count, np.float32))


def contestants(config: ClassifierConfig, steps: int) -> dict[str, Callable[[], Taken]]:
    """Runs of ``steps`` training steps by each, on the same drawn faces."""
    faces = drawn(config.batch_size * (steps + 1))
    states = {name: _state(config) for name in ("bare", "feraug", "pil")}
    batches = LabelledBatches(faces, config, Sampling(config.batch_size, 0, torch.device("cpu")))
    ready = batches.batch(0)
    layout = ready.faces.contiguous(memory_format=torch.channels_last)
    loader = DataLoader(_PilFaces(faces, config), config.batch_size, shuffle=True, drop_last=True)
    images = steps * config.batch_size

    def bare() -> None:
        states["bare"].network.train()
        _plain_steps(states["bare"], iter([(layout, ready.labels)] * steps))

    def own() -> None:
        for _ in feraug_steps(states["feraug"], batches, steps):
            pass

    def pil() -> None:
        states["pil"].network.train()
        stream = iter(loader)
        _plain_steps(states["pil"], (next(stream) for _ in range(steps)))

    return {"bare": lambda: taken(bare, images), "feraug": lambda: taken(own, images),
            "PIL": lambda: taken(pil, images)}  # fmt: skip


def rows(setting: Setting, config: ClassifierConfig | None = None) -> list[Row]:
    """Beside the bare network, and beside the PIL loop."""
    if config is None:
        base = DEFAULTS["simple"]
        assert isinstance(base, ClassifierConfig)
        config = replace(base, width=setting.choose(1.0, 0.25), batch_size=setting.choose(64, 32))
    runs = in_turns(contestants(config, setting.choose(8, 3)), setting.rounds)
    named = "classifier training, images/s"
    what = f"{config.model}, width {config.width:g}, batch {config.batch_size}"
    return [
        Row("classifier", named, "the bare network on ready tensors",
            speed_ratios(runs, "feraug", "bare", setting.clock), target=Target(0.95), note=what, taken=runs),
        Row("classifier-loop", named, "DataLoader + PIL",
            speed_ratios(runs, "feraug", "PIL", setting.clock), target=Target(1.0)),
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="simple")
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    base = DEFAULTS[args.model]
    assert isinstance(base, ClassifierConfig)
    config = replace(base, width=args.width, batch_size=args.batch_size)
    show(lambda setting: rows(setting, config), rounds=args.rounds)


if __name__ == "__main__":
    main()
