"""Sample grids: which faces stand in which row, and what the rows are called."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from feraug.config import model_config
from feraug.store.dataset import DatasetArrays
from feraug.workflows.report_pictures import read_grid
from feraug.workflows.samples import sample_grid

SIDE = 48


@pytest.fixture
def faces() -> DatasetArrays:
    """Twelve validation faces each: neutral ones of grey 100, happy ones of grey 200."""
    images = np.repeat(np.array([100, 200], np.uint8), 12)[:, None, None].repeat(SIDE, 1).repeat(SIDE, 2)
    rows = {"neutral": np.arange(12), "happy": np.arange(12, 24)}
    found: Any = SimpleNamespace(images=images, rows=lambda split, emotion: rows[emotion])
    return found  # type: ignore[no-any-return]


def state(**networks: object) -> Any:
    return SimpleNamespace(ema=networks, device=torch.device("cpu"))


def brighter(by: int) -> Any:
    return lambda faces, *_: faces + by / 127.5


def shown(rows: list[tuple[str, Any]]) -> list[tuple[str, int]]:
    """Each row's label and its faces' one grey."""
    assert all(row.shape == (12, SIDE, SIDE) and row.min() == row.max() for _, row in rows)
    return [(label, int(row[0, 0, 0])) for label, row in rows]


def test_a_translator_s_rows(faces: DatasetArrays, tmp_path: Path) -> None:
    grid = sample_grid(model_config({"model": "cyclegan", "pair": "neutral:happy"}), faces, tmp_path)
    trained = state(a_to_b=brighter(20), b_to_a=brighter(-5))
    assert shown(grid.rows(trained)) == [
        ("neutral", 100), ("made happy", 120), ("back to neutral", 115),
        ("happy", 200), ("made neutral", 195), ("back to happy", 215),
    ]  # fmt: skip
    path = grid.write(trained, 7)
    assert path.name == "step-000007.png"
    with Image.open(path) as picture:
        assert picture.width > 12 * 96 and picture.height == 6 * 96
    page = read_grid(path, 6)  # the labels stay out of the report, which names the rows in its caption
    assert page[::SIDE, ::SIDE].tolist() == [[grey] * 6 for grey in (100, 120, 115, 200, 195, 215)]


def test_a_stargan_s_rows(faces: DatasetArrays, tmp_path: Path) -> None:
    config = model_config({"model": "stargan", "emotions": ["happy", "neutral"]})
    grid = sample_grid(config, faces, tmp_path)

    def generator(faces: Tensor, wanted: Tensor) -> Tensor:
        return faces + (wanted @ torch.tensor([10.0, 20.0]))[:, None, None, None] / 127.5

    rows = shown(grid.rows(state(generator=generator)))
    assert rows == [("neutral", 100), ("made happy", 110), ("made neutral", 120)]


@pytest.mark.parametrize("emotions", [["happy", "neutral"], ["sad"]])
def test_a_noise_generator_s_rows(faces: DatasetArrays, tmp_path: Path, emotions: list[str]) -> None:
    grid = sample_grid(model_config({"model": "wgan-gp", "emotions": emotions}), faces, tmp_path)

    def generator(z: Tensor, classes: Tensor) -> Tensor:  # the class tells the grey, and every twelve of z
        assert len(z) == len(classes) == len(torch.unique(z, dim=0))
        grey = classes + torch.arange(len(z)) // 12
        return ((grey - 6.0) / 12).reshape(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)

    rows = shown(grid.rows(state(generator=generator)))
    assert [label for label, _ in rows] == (emotions if len(emotions) > 1 else ["sad"] * 3)
    assert len({grey for _, grey in rows}) == len(rows)  # of other classes, or of other noise
