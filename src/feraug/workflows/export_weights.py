"""``feraug export MODEL.h5 OUT.h5``: the weights that make images, and nothing of their training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import ArtifactError, ConfigConflictError, FeraugError, UsageError
from feraug.store.header import MAKE_AGAIN, Provenance
from feraug.store.lock import exclusive
from feraug.store.model import WEIGHTS_ONLY, read_model, write_model
from feraug.store.workspace import same_place
from feraug.workflows.export_result import ExportResult

WEIGHTS: Final = ("float16", "float32")
"""What numbers the weights can be kept in."""


def export_weights(
    path: Path, destination: Path, *, weights: str = "float16", overwrite: bool = False
) -> ExportResult:
    """Write the EMA generators of the model at ``path`` to ``destination``, a model file of a few MB.

    It translates or makes faces as the model does (in ``float16`` to within rounding) and has its config,
    command, inputs and fingerprints of training images; training cannot go on from it.  Where a file stands
    that holds just that, nothing is written.  Raises :class:`ArtifactError` for a classifier, which has no
    EMA to spare, :class:`ConfigConflictError` where another file stands, and :class:`UsageError` for a
    destination that is no ``.h5``.
    """
    if weights not in WEIGHTS:
        raise UsageError(f"--weights: unknown '{weights}'; known: {', '.join(WEIGHTS)}")
    if destination.suffix != ".h5":
        raise UsageError(f"{destination}: the weights of a model go into a file NAME.h5")
    if destination.exists() or destination.is_symlink():
        if same_place(destination, path):
            raise UsageError(f"{destination}: is the model itself; give another place")
        if not destination.is_file() or destination.is_symlink():
            raise ConfigConflictError(f"{destination} is a folder or a link; name a new file NAME.h5")
    saved = read_model(path, ("ema", "timing", "trained_on"))
    if not any(name.startswith("ema/") for name in saved.arrays):
        raise ArtifactError(f"{path}: has no generator's weights", "export a translator or a noise generator")
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, values in saved.arrays.items():
        weight = name.startswith("ema/") and np.issubdtype(values.dtype, np.floating)
        arrays[name] = _in(weights, values, path) if weight else values
    facts = {**saved.header.extra, WEIGHTS_ONLY: True}
    if destination.exists() and not overwrite:
        if not _holds(destination, arrays, saved.header.provenance, facts):
            raise ConfigConflictError(
                f"{destination} is there already; --overwrite replaces an earlier export of weights"
            )
        return ExportResult(destination.resolve(), True, 0, weights)
    with exclusive(destination, leave=False, otherwise="name another file"):
        # Exports of earlier versions do not say that they are; they have nothing of the training, though.
        if destination.exists() and read_model(destination, ("networks", "chosen", "random")).arrays:
            raise ConfigConflictError(
                f"{destination} is a model that was trained there, no earlier export; choose another place"
            )
        write_model(destination, arrays, saved.header.provenance, facts)
    return ExportResult(destination.resolve(), False, 0, weights)


def _in(weights: str, values: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    """The values in this type; raises :class:`ArtifactError` where they are not finite, or too large."""
    if not np.isfinite(values).all():
        raise ArtifactError(f"{path}: damaged (its weights are not finite)", MAKE_AGAIN)
    with np.errstate(over="ignore"):
        cast = values.astype(weights)
    if not np.isfinite(cast).all():
        raise ArtifactError(f"{path}: has weights that {weights} cannot hold", "say --weights float32")
    return cast


def _holds(
    path: Path, arrays: Mapping[str, NDArray[Any]], provenance: Provenance, facts: Mapping[str, Any]
) -> bool:
    """Whether the file is a model of these arrays, in these types, that came about so."""
    try:
        there = read_model(path)
    except FeraugError:  # damaged, or never feraug's
        return False
    header = there.header
    return (
        (header.provenance, header.extra) == (provenance, facts)
        and there.arrays.keys() == arrays.keys()
        and all(
            there.arrays[name].dtype == values.dtype and np.array_equal(there.arrays[name], values)
            for name, values in arrays.items()
        )
    )
