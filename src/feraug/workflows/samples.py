"""Sample grids: the same real faces at every epoch, translated and recovered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.data import on_device, to_float, to_uint8
from feraug.emotions import DomainPair
from feraug.plots import sheet, write_png
from feraug.store.atomic import atomic_path
from feraug.store.dataset import DatasetArrays
from feraug.training import TrainState

COLUMNS = 12


class SampleGrid:
    """Rows real / translated / recovered of domain a, then of b, by the EMA generators."""

    def __init__(self, faces: DatasetArrays, pair: DomainPair, folder: Path) -> None:
        self._folder = folder
        self._faces = [_fixed_faces(faces, emotion) for emotion in (pair.a, pair.b)]

    def write(self, state: TrainState, step: int) -> Path:
        """Write ``step-000123.png`` and return its path."""
        there, back = state.ema["a_to_b"], state.ema["b_to_a"]
        rows: list[NDArray[np.uint8]] = []
        for faces, first, second in zip(self._faces, (there, back), (back, there), strict=True):
            real = to_float(on_device(faces, state.device))
            translated = _apply(first, real)
            rows += [faces, _pixels(translated), _pixels(_apply(second, translated))]
        path = self._folder / f"step-{step:06d}.png"
        with atomic_path(path) as temporary:
            write_png(sheet(np.concatenate(rows), COLUMNS, enlarge=2), temporary)
        return path


def _fixed_faces(faces: DatasetArrays, emotion: str) -> NDArray[np.uint8]:
    """Twelve validation faces (training faces where there are none), always the same ones."""
    rows = faces.rows(split="validation", emotion=emotion)
    rows = rows if len(rows) else faces.rows(split="train", emotion=emotion)
    return faces.images[np.resize(rows, COLUMNS)]


@torch.no_grad()
def _apply(network: nn.Module, faces: Tensor) -> Tensor:
    translated: Tensor = network(faces)
    return translated


def _pixels(faces: Tensor) -> NDArray[np.uint8]:
    return to_uint8(faces).cpu().numpy()
