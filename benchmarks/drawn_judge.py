"""A judge for benchmarks: a small CNN; that of drawn faces is trained on people that no model has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from feraug.data import to_float
from feraug.emotions import EMOTIONS
from feraug.sources.drawn import draw

SEED = 77
"""Seed of the judge's people; the models' are drawn from seed 0."""


class Judge(nn.Module):
    """Three convolutions and two dense layers: faces float (N, 1, 48, 48) -> seven scores (N, 7)."""

    def __init__(self) -> None:
        super().__init__()

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            return [
                nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)
            ]  # fmt: skip

        self.body = nn.Sequential(
            *block(1, 24), *block(24, 48), *block(48, 96), nn.Flatten(), nn.Dropout(0.4),
            nn.Linear(96 * 36, 96), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(96, len(EMOTIONS)))

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Scores, (N, 7)."""
        scores: torch.Tensor = self.head(self.body(faces))
        return scores

    @torch.no_grad()
    def emotions(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The emotion codes (N,) that images uint8 (N, 48, 48) are called, mirrored and not."""
        faces = to_float(torch.from_numpy(images))
        return (self(faces) + self(faces.flip(3))).argmax(1).numpy()

    @torch.no_grad()
    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the last layer sees of images uint8 (N, 48, 48): float32 (N, 96)."""
        features: NDArray[np.float32] = self.body(to_float(torch.from_numpy(images))).numpy()
        return features


def judge(path: Path, *, epochs: int = 25, faces: int = 6000) -> Judge:
    """The judge of drawn faces kept at ``path`` (.npz), trained first if it is not there."""
    labels = np.random.default_rng(0).integers(0, len(EMOTIONS), faces)
    images = np.empty((0, 48, 48), np.uint8)
    if not path.exists():
        images = draw(SEED, range(faces), [EMOTIONS[code] for code in labels])
    return train_judge(path, images, labels, epochs)


def train_judge(
    path: Path, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]], epochs: int
) -> Judge:
    """A judge of images uint8 (N, 48, 48) and codes (N,), kept at ``path`` (.npz), trained if needed."""
    net = Judge()
    if path.exists():
        with np.load(path) as kept:
            net.load_state_dict({name: torch.from_numpy(kept[name]) for name in kept.files})
    else:
        _train(net, images, labels, epochs)
        np.savez(path, **{name: tensor.numpy() for name, tensor in net.state_dict().items()})
    return net.eval()


def accuracy(net: Judge, count: int = 1400) -> float:
    """The share of fresh people whose emotion the judge names."""
    labels = np.arange(count) % len(EMOTIONS)
    faces = draw(SEED + 1, range(count), [EMOTIONS[code] for code in labels])
    return float((net.emotions(faces) == labels).mean())


def _train(net: Judge, images: NDArray[np.uint8], labels: NDArray[np.integer[Any]], epochs: int) -> None:
    torch.manual_seed(0)
    pixels, targets, count = torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)), len(images)
    steps = epochs * (count // 64)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(0, count, (64,))
        faces = to_float(pixels[chosen])
        faces = torch.where(torch.rand(64, 1, 1, 1) < 0.5, faces.flip(3), faces)
        faces = torch.roll(faces, tuple(torch.randint(-3, 4, (2,)).tolist()), (2, 3))
        loss = nn.functional.cross_entropy(net(faces), targets[chosen], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
