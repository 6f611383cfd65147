"""Face images on the device: conversion, batches by number, augmentation, a torch Dataset."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from feraug.objectives import TranslationBatch

_ORDER_STREAM, _FLIP_STREAM, _WARP_STREAM = 10, 20, 30
"""Streams of random numbers, so that no two uses share draws."""


def to_float(images: Tensor) -> Tensor:
    """Images uint8 (N, 48, 48) -> float32 (N, 1, 48, 48) in [-1, 1]."""
    return images.unsqueeze(1).float() / 127.5 - 1.0


def to_uint8(images: Tensor) -> Tensor:
    """Images float (N, 1, 48, 48) in [-1, 1] -> uint8 (N, 48, 48), rounded: undoes :func:`to_float`."""
    return ((images.squeeze(1).float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


def on_device(images: NDArray[np.uint8], device: torch.device | str) -> Tensor:
    """Images uint8 (N, 48, 48) as a tensor on ``device``."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device)


class ShuffledRows:
    """Row numbers of an endless sequence of shuffled passes over ``count`` rows.

    Batch ``index`` is a function of (seed, stream, index) alone; every pass shows every row once.
    """

    def __init__(self, count: int, *, seed: int, stream: int) -> None:
        self.count = count
        self._key = (seed, stream)
        self._passes: dict[int, NDArray[np.int64]] = {}

    def rows(self, index: int, batch_size: int) -> NDArray[np.int64]:
        """The rows of batch ``index``, int64 (batch_size,)."""
        places = np.arange(index * batch_size, (index + 1) * batch_size)
        passes = places // self.count
        chosen = np.empty(batch_size, np.int64)
        for number in np.unique(passes):
            here = passes == number
            chosen[here] = self._order(int(number))[places[here] % self.count]
        return chosen

    def _order(self, number: int) -> NDArray[np.int64]:
        if number not in self._passes:
            self._passes = {key: order for key, order in self._passes.items() if key >= number - 1}
            self._passes[number] = np.random.default_rng((*self._key, number)).permutation(self.count)
        return self._passes[number]


class PairBatches:
    """Unpaired batches of two domains that lie on the device; augmented there, per image."""

    def __init__(
        self,
        images_a: NDArray[np.uint8],
        images_b: NDArray[np.uint8],
        *,
        batch_size: int,
        flip: bool,
        seed: int,
        device: torch.device,
    ) -> None:
        self._images = [on_device(images, device) for images in (images_a, images_b)]
        self._rows = [
            ShuffledRows(len(images), seed=seed, stream=_ORDER_STREAM + domain)
            for domain, images in enumerate(self._images)
        ]
        self._batch_size = batch_size
        self._flip = flip
        self._seed = seed

    def batch(self, index: int) -> TranslationBatch:
        """The batch of step ``index``: float (batch_size, 1, 48, 48) of each domain."""
        real_a, real_b = (self._domain(domain, index) for domain in range(2))
        return TranslationBatch(real_a, real_b)

    def _domain(self, domain: int, index: int) -> Tensor:
        images = self._images[domain]
        rows = self._rows[domain].rows(index, self._batch_size)
        faces = to_float(images[torch.from_numpy(rows).to(images.device)])
        if self._flip:
            random = np.random.default_rng((self._seed, _FLIP_STREAM + domain, index))
            mirrored = torch.from_numpy(random.random(self._batch_size) < 0.5).to(images.device)
            faces = torch.where(mirrored[:, None, None, None], faces.flip(3), faces)
        return faces


def vary(faces: Tensor, rounds: NDArray[np.int64], rows: NDArray[np.int64], seed: int) -> Tensor:
    """Differing views of faces (N, 1, 48, 48) that are used more than once.

    Round 0 leaves a face as it is, round 1 mirrors it; later rounds also turn it by up to 8
    degrees, scale it by up to 6 % and shift it by up to 2 pixels, mirrored in odd rounds.  A view
    is a function of (seed, row, round).
    """
    if not rounds.any():
        return faces
    affine = np.stack(
        [_view(int(turn), int(row), seed) for turn, row in zip(rounds, rows, strict=True)]
    ).astype(np.float32)
    matrices = torch.from_numpy(affine).to(faces.device)
    warped = functional.grid_sample(
        faces,
        functional.affine_grid(matrices, list(faces.shape), align_corners=False),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=False,
    )
    # Resampling may blur by rounding: images that are not warped stay as they are, to the bit.
    untouched = torch.from_numpy(rounds == 0).to(faces.device)[:, None, None, None]
    mirrored = torch.from_numpy(rounds == 1).to(faces.device)[:, None, None, None]
    return torch.where(untouched, faces, torch.where(mirrored, faces.flip(3), warped))


def _view(turn: int, row: int, seed: int) -> NDArray[np.float64]:
    """The 2x3 matrix of one view, in the coordinates of ``affine_grid`` (-1 to 1 across the image)."""
    random = np.random.default_rng((seed, _WARP_STREAM, row, turn))
    angle = np.deg2rad(random.uniform(-8.0, 8.0))
    scale = random.uniform(0.94, 1.06)
    shift = random.uniform(-2.0, 2.0, size=2) / 24.0
    mirror = -1.0 if turn % 2 else 1.0
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    return np.array([[mirror * cosine, -sine, shift[0]], [mirror * sine, cosine, shift[1]]])


class FaceTensors(Dataset[tuple[Tensor, int]]):
    """A map-style dataset of (float32 (1, 48, 48) in [-1, 1], emotion code), for a DataLoader."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        self._images = images
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        face = torch.from_numpy(np.array(self._images[index]))
        return to_float(face.unsqueeze(0))[0], int(self._labels[index])
