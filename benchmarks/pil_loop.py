"""Batches as public repositories make them: picture files, PIL, torchvision's transforms, a DataLoader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision import transforms


def write_pictures(images: np.ndarray, folder: Path) -> list[Path]:
    """Images uint8 (N, 48, 48) as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{row:05}.png" for row in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths


class UnpairedPictures(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """A face of domain a and a random one of domain b, each float (1, 48, 48) in [-1, 1]."""

    def __init__(self, domain_a: Sequence[Path], domain_b: Sequence[Path], *, flip: bool = True) -> None:
        self._a, self._b = domain_a, domain_b
        mirror = [transforms.RandomHorizontalFlip()] if flip else []
        self._transform = transforms.Compose(
            [*mirror, transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
        )

    def __len__(self) -> int:
        return max(len(self._a), len(self._b))

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        other = int(torch.randint(len(self._b), ()))
        return self._read(self._a[row % len(self._a)]), self._read(self._b[other])

    def _read(self, path: Path) -> torch.Tensor:
        with Image.open(path) as picture:
            return self._transform(picture.convert("L"))
