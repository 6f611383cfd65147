"""``models/NAME.h5``: networks, EMA, optimizers, random state and histories, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from feraug.images import SIDE
from feraug.store.header import MODEL, Header, Provenance, write_header
from feraug.store.reading import ArtifactReader, is_shaped, open_artifact
from feraug.store.writing import new_artifact

GROUPS: Final = (
    "networks", "ema", "chosen", "optimizers", "random", "image_history", "history", "timing", "trained_on",
)  # fmt: skip
"""The groups of a model file; a path within is e.g. ``ema/a_to_b/head.1.weight``."""

FACTS: Final = {"step": int, "steps": int, "steps_per_epoch": int, "finished": bool}
"""What ``facts`` must have."""

WEIGHTS_ONLY: Final = "weights_only"
"""The fact, true, of a file that was exported: it makes images, and no training goes on from it."""

_SHAPES: Final[Mapping[str, tuple[int | None, ...]]] = {
    "random": (),
    "image_history": (None, 1, SIDE, SIDE),
    "history": (None,),
    "timing": (),
    "trained_on": (None,),
}


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
        return int(self.header.extra["step"])

    @property
    def steps(self) -> int:
        """Training steps in all."""
        return int(self.header.extra["steps"])

    @property
    def finished(self) -> bool:
        """Whether training reached its last step."""
        return bool(self.header.extra["finished"])

    @property
    def weights_only(self) -> bool:
        """Whether the file is an export of a model's weights."""
        return bool(self.header.extra.get(WEIGHTS_ONLY))


def write_model(
    path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Provenance, facts: Mapping[str, Any]
) -> None:
    """Write a model file atomically; paths in ``arrays`` begin with one of :data:`GROUPS`."""
    with new_artifact(path) as artifact:
        write_header(artifact.file, MODEL, provenance, facts)
        groups: dict[str, h5py.Group] = {}  # h5py would look each up for every array
        for name, values in arrays.items():
            above, _, last = name.rpartition("/")
            if name.split("/", 1)[0] not in GROUPS:
                raise ValueError(f"no group for '{name}' in a model file")
            if above not in groups:
                groups[above] = artifact.file.require_group(above)
            groups[above].create_dataset(last, data=np.asarray(values))


def read_model(path: Path, groups: tuple[str, ...] = GROUPS) -> ModelArrays:
    """Read the arrays below ``groups``; raises :class:`~feraug.errors.ArtifactError` when damaged."""
    with open_artifact(path, MODEL) as reader:
        reader.facts(FACTS)
        chosen = reader.header.extra.get("chosen_epoch", 0)
        if not is_shaped(chosen, int) or chosen < 0:
            raise reader.damaged("attribute 'facts' has an unusable 'chosen_epoch'")
        names = [name for group in groups for name in reader.names(group)]
        return ModelArrays(reader.header, {name: _array(reader, name) for name in names})


def _array(reader: ArtifactReader, name: str) -> NDArray[Any]:
    """An array of a model file; what has one shape in every model is held to it."""
    values = reader.array(name, None, _SHAPES.get(name.split("/", 1)[0]))
    if name.startswith(("history/", "timing/")) and not np.isfinite(values).all():
        raise reader.damaged(f"'{name}' holds values that are not finite")
    if name == "random/step" and values != reader.header.extra["step"]:
        raise reader.damaged(f"'{name}' is {values}, attribute 'facts' says {reader.header.extra['step']}")
    return values
