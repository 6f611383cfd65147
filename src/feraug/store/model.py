"""``models/NAME.h5``: networks, EMA, optimizers, random state and histories, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from feraug.store.atomic import atomic_path
from feraug.store.header import MODEL, Header, Provenance, write_header
from feraug.store.reading import open_artifact

GROUPS: Final = ("networks", "ema", "optimizers", "random", "image_history", "history", "timing")
"""The groups of a model file; a path within is e.g. ``ema/a_to_b/head.1.weight``."""


@dataclass(frozen=True)
class ModelArrays:
    """A model file in memory: arrays by path (``networks/ROLE/PARAMETER`` ...) and the header.

    The header's ``extra`` holds ``step``, ``steps`` and ``finished``.
    """

    header: Header
    arrays: Mapping[str, NDArray[Any]]

    @property
    def step(self) -> int:
        """Training steps done."""
        return int(self.header.extra.get("step", 0))

    @property
    def steps(self) -> int:
        """Training steps in all."""
        return int(self.header.extra.get("steps", 0))

    @property
    def finished(self) -> bool:
        """Whether training reached its last step."""
        return bool(self.header.extra.get("finished", False))


def write_model(
    path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Provenance, facts: Mapping[str, Any]
) -> None:
    """Write a model file atomically; paths in ``arrays`` begin with one of :data:`GROUPS`."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        write_header(file, MODEL, provenance, facts)
        for name, values in arrays.items():
            if name.split("/", 1)[0] not in GROUPS:
                raise ValueError(f"no group for '{name}' in a model file")
            file.create_dataset(name, data=np.asarray(values))


def read_model(path: Path, groups: tuple[str, ...] = GROUPS) -> ModelArrays:
    """Read the arrays below ``groups``; raises :class:`~feraug.errors.ArtifactError` when damaged."""
    with open_artifact(path, MODEL) as reader:
        names = [name for group in groups for name in reader.names(group)]
        return ModelArrays(reader.header, {name: reader.array(name, None, None) for name in names})
