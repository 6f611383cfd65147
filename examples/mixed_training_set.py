"""Train a small classifier on real and synthetic faces together, in plain PyTorch.

    feraug prepare drawn:1000
    feraug train cyclegan --pair neutral:disgust --steps 300
    feraug synth --pair neutral:disgust -n 200
    python examples/mixed_training_set.py artifacts

It prints one accuracy, with synthetic faces; whether they help is what ``feraug bench`` measures.  Every set
in ``synthetic/`` is taken: move a set away that a filtered one was made from, or its images count twice.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader

import feraug


def small_classifier() -> nn.Module:
    """(N, 1, 48, 48) in [-1, 1] -> scores (N, 7)."""
    layers: list[nn.Module] = []
    for channels_in, channels_out in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 6 * 6, len(feraug.EMOTIONS)))


def main(workspace: Path, epochs: int = 3) -> None:
    """Train on train + every synthetic set of the workspace, print the accuracy on test."""
    real = feraug.open_dataset(workspace / "dataset.h5")
    synthetic = [feraug.open_synthetic(path) for path in sorted((workspace / "synthetic").glob("*.h5"))]
    mixed = ConcatDataset([real.select(split="train").torch(), *(faces.torch() for faces in synthetic)])
    torch.manual_seed(0)
    network = small_classifier()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    for _ in range(epochs):
        for faces, labels in DataLoader(mixed, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(faces), labels).backward()
            optimizer.step()
    test = DataLoader(real.select(split="test").torch(), batch_size=256)
    with torch.no_grad():
        correct = sum(int((network(faces).argmax(1) == labels).sum()) for faces, labels in test)
    print(f"{len(mixed)} training faces, {correct} of {len(real.select(split='test'))} test faces correct")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "artifacts"))
