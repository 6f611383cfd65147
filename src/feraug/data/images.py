"""Face images as tensors: conversion there and back, and a torch Dataset."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from feraug.transfer import moved


def to_float(images: Tensor) -> Tensor:
    """Images uint8 (N, 48, 48) -> float32 (N, 1, 48, 48) in [-1, 1]."""
    return images.unsqueeze(1).float() / 127.5 - 1.0


def to_uint8(images: Tensor) -> Tensor:
    """Images float (N, 1, 48, 48) in [-1, 1] -> uint8 (N, 48, 48), rounded: undoes :func:`to_float`."""
    return ((images.squeeze(1).float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


def on_device(images: NDArray[np.uint8], device: torch.device | str) -> Tensor:
    """Images uint8 (N, 48, 48) as a tensor on ``device``; copies a read-only array, which torch refuses."""
    return moved(np.require(images, requirements=("C", "W")), device)


class FaceTensors(Dataset[tuple[Tensor, int]]):
    """A map-style dataset of (float32 (1, 48, 48) in [-1, 1], emotion code), for a DataLoader.

    Codes are positions in ``EMOTIONS``, 0 to 6; 255 for an image without a label, which no loss takes.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        self._images = images
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        face = torch.from_numpy(np.array(self._images[index]))
        return to_float(face.unsqueeze(0))[0], int(self._labels[index])
