"""Sample grids: the same real faces, or the same noise, epoch after epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feraug.config import AnyGanConfig, NoiseConfig, StarGANConfig, TranslatorConfig
from feraug.data import noise, on_device, to_float, to_uint8
from feraug.plots import sheet, with_row_labels, write_png
from feraug.store.atomic import atomic_path, remove
from feraug.store.dataset import DatasetArrays
from feraug.store.workspace import SAMPLE
from feraug.training import TrainState
from feraug.workflows.domain_source import DomainSource

COLUMNS = 12

Row = tuple[str, NDArray[np.uint8]]


def clear_samples(folder: Path) -> None:
    """Remove the grids in the folder, of an earlier training of the name."""
    remove(path for path in folder.glob("step-*.png") if SAMPLE.fullmatch(path.name))


class SampleGrid(ABC):
    """Writes ``step-000123.png`` from the EMA networks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, state: TrainState, step: int) -> Path:
        """Write the grid of a step and return its path."""
        path = self._folder / f"step-{step:06d}.png"
        with torch.no_grad():
            rows = self.rows(state)
        faces = sheet(np.concatenate([row for _, row in rows]), COLUMNS, enlarge=2)
        with atomic_path(path) as temporary:
            write_png(with_row_labels(faces, [label for label, _ in rows]), temporary)
        return path

    @abstractmethod
    def rows(self, state: TrainState) -> list[Row]:
        """What each row shows, and its faces uint8 (12, 48, 48)."""


class TranslationGrid(SampleGrid):
    """Rows real / translated / recovered of domain a, then of b.

    Of domain a as many come from ``source`` as the config's share says, and stand first.
    """

    def __init__(
        self,
        config: TranslatorConfig,
        faces: DatasetArrays,
        folder: Path,
        source: DomainSource | None = None,
    ) -> None:
        super().__init__(folder)
        foreign = 0 if source is None else round(COLUMNS * config.source_share)
        of_a = [] if foreign == COLUMNS else [_fixed_faces(faces, config.domains.a)[foreign:]]
        if foreign and source is not None:
            of_a.insert(0, source.first(foreign))
        self._faces = [np.concatenate(of_a), _fixed_faces(faces, config.domains.b)]
        self._pair = config.domains

    def rows(self, state: TrainState) -> list[Row]:
        """Six rows."""
        a, b = self._pair.a, self._pair.b
        there, back = state.ema["a_to_b"], state.ema["b_to_a"]
        rows: list[Row] = []
        for (of, made), faces, first, second in zip(
            ((a, b), (b, a)), self._faces, (there, back), (back, there), strict=True
        ):
            translated = first(to_float(on_device(faces, state.device)))
            rows += [
                (of, faces),
                (f"made {made}", _pixels(translated)),
                (f"back to {of}", _pixels(second(translated))),
            ]
        return rows


class StarGrid(SampleGrid):
    """A row of neutral faces (or of the first emotion that is learned), and one for each emotion."""

    def __init__(self, config: StarGANConfig, faces: DatasetArrays, folder: Path) -> None:
        super().__init__(folder)
        of = "neutral" if "neutral" in config.emotions else config.emotions[0]
        self._of, self._faces = of, _fixed_faces(faces, of)
        self._emotions = config.emotions
        self._wanted = np.eye(len(config.emotions), dtype=np.float32)

    def rows(self, state: TrainState) -> list[Row]:
        """One row more than emotions."""
        faces = to_float(on_device(self._faces, state.device))
        rows = [(self._of, self._faces)]
        for name, wanted in zip(self._emotions, self._wanted, strict=True):
            emotion = torch.from_numpy(wanted).to(state.device).expand(len(faces), -1)
            rows.append((f"made {name}", _pixels(state.ema["generator"](faces, emotion))))
        return rows


class NoiseGrid(SampleGrid):
    """A row for each emotion, of the same twelve noise vectors; three rows for a single emotion."""

    def __init__(self, config: NoiseConfig, folder: Path) -> None:
        super().__init__(folder)
        self._emotions = config.emotions
        rows = 1 if len(config.emotions) > 1 else 3
        self._z = noise(config.seed, 0, rows * COLUMNS, config.latent_size)

    def rows(self, state: TrainState) -> list[Row]:
        """As many rows as emotions, or three."""
        z, generator = torch.from_numpy(self._z).to(state.device), state.ema["generator"]
        rows: list[Row] = []
        for number, name in enumerate(self._emotions):
            faces = _pixels(generator(z, torch.full((len(z),), number, device=state.device)))
            rows += [(name, faces[start : start + COLUMNS]) for start in range(0, len(faces), COLUMNS)]
        return rows


def sample_grid(
    config: AnyGanConfig,
    faces: DatasetArrays,
    folder: Path,
    source: DomainSource | None = None,
) -> SampleGrid:
    """The sample grid that fits a model."""
    if isinstance(config, TranslatorConfig):
        return TranslationGrid(config, faces, folder, source)
    if isinstance(config, StarGANConfig):
        return StarGrid(config, faces, folder)
    return NoiseGrid(config, folder)


def _fixed_faces(faces: DatasetArrays, emotion: str) -> NDArray[np.uint8]:
    """Twelve validation faces (training faces where there are none), always the same ones."""
    rows = faces.rows(split="validation", emotion=emotion)
    rows = rows if len(rows) else faces.rows(split="train", emotion=emotion)
    return faces.images[np.resize(rows, COLUMNS)]


def _pixels(faces: Tensor) -> NDArray[np.uint8]:
    return to_uint8(faces).cpu().numpy()
