"""Labelled training batches by number, chosen and augmented on the device; and the views of tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feraug.config import ClassifierConfig
from feraug.data.batches import BalancedRows, Sampling
from feraug.data.images import on_device, to_float
from feraug.data.streams import ShuffledRows
from feraug.data.views import view_matrices, warp
from feraug.images import SIDE
from feraug.objectives.classification import LabelledBatch
from feraug.transfer import moved

_ORDER_STREAM, _VIEW_STREAM, _RANDAUGMENT_STREAM, _ERASING_STREAM, _MIXUP_STREAM = 110, 120, 130, 140, 150
_PAIRING_STREAM = 170
"""Streams of random numbers; the first has 1000 more a phase, and of a class 100 and its number."""


@dataclass(frozen=True)
class LabelledFaces:
    """Faces uint8 (N, 48, 48) with labels uint8 (N,) and the weights float32 (N,) of their losses."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Phase:
    """A part of training, from batch ``first`` on: the rows that it shows."""

    first: int
    rows: NDArray[np.int64]
    balanced: bool = False
    """Whether every class comes equally often, however rare; else every row does."""


class LabelledBatches:
    """Batches of labelled faces: all rows shuffled, or as the ``phases`` of a training say."""

    def __init__(
        self,
        faces: LabelledFaces,
        config: ClassifierConfig,
        sampling: Sampling,
        phases: tuple[Phase, ...] = (),
    ) -> None:
        self._config, self._sampling = config, sampling
        self._images = on_device(faces.images, sampling.device)
        self._labels = moved(faces.labels.astype(np.int64), sampling.device)
        self._weights = moved(faces.weights.astype(np.float32), sampling.device)
        whole = (Phase(0, np.arange(len(faces)), config.balanced),)
        self._phases = [
            (phase, _order(phase, faces.labels, sampling.seed, 1000 * number))
            for number, phase in enumerate(phases or whole)
        ]

    def batch(self, index: int) -> LabelledBatch:
        """Batch ``index``: this process's faces, float (N, 1, crop, crop), and what they are."""
        sampling = self._sampling
        phase, order = [one for one in self._phases if one[0].first <= index][-1]
        places_in_order = order.rows(index - phase.first, sampling.batch_size)
        mine = sampling.mine(np.arange(sampling.batch_size))
        if self._config.mixup:
            # The face before the first, too: another process's, or, by index -1, the last of the whole batch.
            mine = np.concatenate([mine[:1] - 1, mine])
            if phase.balanced:  # whose faces come in turns of all classes, none beside its like
                places_in_order = sampling.random(_PAIRING_STREAM, index).permutation(places_in_order)
        chosen = phase.rows[places_in_order[mine]]
        places = moved(chosen, sampling.device)
        faces = self._augmented(self._images.index_select(0, places), mine, index)
        return self._mixed(faces, self._labels[places], self._weights[places], index)

    def _augmented(self, images: Tensor, mine: NDArray[np.int64], index: int) -> Tensor:
        config, sampling = self._config, self._sampling
        if config.randaugment:
            from feraug.data.randaugment import OPERATIONS, randaugment  # torchvision takes half a second

            random = sampling.random(_RANDAUGMENT_STREAM, index)
            shape = (sampling.batch_size, config.randaugment)
            operations = random.integers(0, len(OPERATIONS), shape)[mine]
            signs = (random.random(shape) < 0.5)[mine]
            images = randaugment(images, operations, signs, config.randaugment_magnitude)
        faces = to_float(images)
        matrices = _training_views(sampling.random(_VIEW_STREAM, index), sampling.batch_size, config)
        if matrices is not None:
            faces = warp(faces, matrices[mine], config.crop)
        if config.erasing:
            drawn = sampling.random(_ERASING_STREAM, index).random((sampling.batch_size, 6), np.float32)
            faces = erased(faces, moved(drawn[mine], faces.device), config.erasing)
        return faces

    def _mixed(self, faces: Tensor, labels: Tensor, weights: Tensor, index: int) -> LabelledBatch:
        alpha, sampling = self._config.mixup, self._sampling
        if not alpha:
            return LabelledBatch(faces, labels, weights)
        drawn = sampling.random(_MIXUP_STREAM, index).beta(alpha, alpha, sampling.batch_size)
        mix = moved(sampling.mine(drawn.astype(np.float32)), faces.device)
        share = mix[:, None, None, None]
        # The batch is in random order, so the face before each is a random one.
        mixed = share * faces[1:] + (1.0 - share) * faces[:-1]
        return LabelledBatch(mixed, labels[1:], weights[1:], mix, labels[:-1], weights[:-1])


def erased(faces: Tensor, draws: Tensor, share: float) -> Tensor:
    """Faces (N, 1, S, S) of which a ``share`` has a rectangle of one random grey.

    Zhong et al., "Random Erasing Data Augmentation" (2020), algorithm 1: 2 to 40 % of the area, sides up
    to 1 : 3.3; but the ratio is uniform in its logarithm, and a side that would not fit is cut.
    ``draws`` (N, 6) are uniform in [0, 1).
    """
    side = faces.shape[-1]
    area = (0.02 + 0.38 * draws[:, 1]) * side * side
    ratio = torch.exp((2.0 * draws[:, 2] - 1.0) * float(np.log(3.3)))
    height = (area * ratio).sqrt().round().clamp(1, side)
    width = (area / ratio).sqrt().round().clamp(1, side)
    top = (draws[:, 3] * (side - height + 1)).floor()
    left = (draws[:, 4] * (side - width + 1)).floor()
    places = torch.arange(side, device=faces.device, dtype=faces.dtype)
    down = (places >= top[:, None]) & (places < (top + height)[:, None])
    across = (places >= left[:, None]) & (places < (left + width)[:, None])
    inside = down[:, :, None] & across[:, None, :] & (draws[:, 0] < share)[:, None, None]
    grey = (2.0 * draws[:, 5] - 1.0)[:, None, None, None]
    return torch.where(inside[:, None], grey, faces)


def evaluation_views(faces: Tensor, crop: int) -> list[Tensor]:
    """What a classifier sees of faces float (N, 1, 48, 48) in a test; their probabilities are averaged.

    The faces themselves, or with a ``crop`` below 48 the four corners and the middle, each as it
    is and mirrored (ten-crop, Krizhevsky et al., 2012, section 4.1).
    """
    if crop == SIDE:
        return [faces]
    end, middle = SIDE - crop, (SIDE - crop) // 2
    corners = [(0, 0), (0, end), (end, 0), (end, end), (middle, middle)]
    crops = [faces[:, :, top : top + crop, left : left + crop] for top, left in corners]
    return [*crops, *(part.flip(3) for part in crops)]


def _training_views(
    random: np.random.Generator, count: int, config: ClassifierConfig
) -> NDArray[np.float32] | None:
    """Matrices float32 (count, 2, 3) of the random views of a batch; None when there are none."""
    drawn = random.uniform(-1.0, 1.0, (count, 4))
    mirrored = (random.random(count) < 0.5) & config.flip
    offsets = random.integers(0, SIDE - config.crop + 1, (count, 2)) - (SIDE - config.crop) / 2
    if not (config.rotation or config.zoom or config.shift or config.flip or config.crop < SIDE):
        return None
    angle = np.deg2rad(config.rotation) * drawn[:, 0]
    scale = (1.0 + config.zoom * drawn[:, 1]) * (config.crop / SIDE)
    shift = (drawn[:, 2:] * config.shift + offsets) * 2.0 / SIDE
    return view_matrices(angle, scale, shift, mirrored)


def _order(phase: Phase, labels: NDArray[np.uint8], seed: int, further: int) -> Any:
    stream = _ORDER_STREAM + further
    if not phase.balanced:
        return ShuffledRows(len(phase.rows), seed=seed, stream=stream)
    here = labels[phase.rows]
    groups = [np.flatnonzero(here == code) for code in np.unique(here)]
    return BalancedRows(groups, seed=seed, turns_stream=stream, rows_stream=stream + 100)
