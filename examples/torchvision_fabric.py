"""Train a torchvision network on real and synthetic faces together, under Lightning Fabric.

    feraug prepare drawn:1000 && feraug train cyclegan --steps 300 && feraug synth -n 200
    python examples/torchvision_fabric.py artifacts

The two lines with ``DataLoader`` are what a LightningModule's methods return; every set is taken.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.nn.functional import cross_entropy, interpolate
from torch.utils.data import ConcatDataset, DataLoader
from torchvision.models import mobilenet_v3_small

import feraug


def as_photos(faces: torch.Tensor, side: int) -> torch.Tensor:
    """(N, 1, 48, 48) in [-1, 1] -> (N, 3, side, side): what networks for photographs take."""
    return interpolate(faces, size=(side, side), mode="bilinear").expand(-1, 3, -1, -1)


def main(workspace: Path, epochs: int = 3, side: int = 96) -> None:
    """Train on train + every synthetic set, print the accuracy on validation; test is not looked at."""
    real = feraug.open_dataset(workspace / "dataset.h5")
    synthetic = [
        feraug.open_synthetic(path).torch() for path in sorted((workspace / "synthetic").glob("*.h5"))
    ]
    mixed = ConcatDataset([real.select(split="train").torch(), *synthetic])

    fabric = Fabric(accelerator="auto", devices=1)
    fabric.launch()
    torch.manual_seed(0)
    plain = mobilenet_v3_small(num_classes=len(feraug.EMOTIONS))
    network, optimizer = fabric.setup(plain, torch.optim.AdamW(plain.parameters(), 1e-3))
    training = fabric.setup_dataloaders(DataLoader(mixed, batch_size=64, shuffle=True))
    validation = fabric.setup_dataloaders(DataLoader(real.select(split="validation").torch(), batch_size=256))

    for epoch in range(1, epochs + 1):
        network.train()
        for faces, labels in training:
            optimizer.zero_grad()
            fabric.backward(cross_entropy(network(as_photos(faces, side)), labels))
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = [network(as_photos(faces, side)).argmax(1) == labels for faces, labels in validation]
        accuracy = torch.cat(right).float().mean().item()
        print(f"epoch {epoch}: {accuracy:.1%} of validation, {len(mixed)} training faces")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0] if arguments else "artifacts"), *map(int, arguments[1:]))
