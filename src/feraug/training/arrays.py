"""What training carries as arrays by path, written and taken up again; see ``docs/file-format.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.errors import TrainingError

Arrays = dict[str, NDArray[Any]]


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """A copy of a tensor, wherever it is."""
    return tensor.detach().cpu().contiguous().numpy().copy()


def found(
    arrays: Mapping[str, NDArray[Any]], path: str, shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """The array at ``path``; :class:`TrainingError` where it is missing, or not of the ``shape`` given."""
    if path not in arrays:
        raise TrainingError(f"'{path}' is missing")
    if shape is not None and arrays[path].shape != shape:
        raise TrainingError(f"'{path}' has shape {arrays[path].shape}, expected {shape}")
    return arrays[path]


def like(values: NDArray[Any], parameter: nn.Parameter) -> Tensor:
    """An optimizer's array as a tensor: a number, or laid out like its parameter."""
    tensor = torch.from_numpy(np.array(values))
    if values.shape == ():
        return tensor.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(tensor)


def scaler_arrays(scaler: torch.amp.GradScaler) -> Arrays:
    """What the scaler of ``16-mixed`` knows; nothing in other precisions."""
    known = scaler.state_dict() if scaler.is_enabled() else {}
    return {f"optimizers/scaler/{key}": np.asarray(value, np.float64) for key, value in known.items()}


def load_scaler(scaler: torch.amp.GradScaler, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Take over what :func:`scaler_arrays` gave; raises :class:`TrainingError` when some of it is missing."""
    if scaler.is_enabled():
        known = scaler.state_dict()
        scaler.load_state_dict(
            {key: type(known[key])(found(arrays, f"optimizers/scaler/{key}", ())) for key in known}
        )


def history_arrays(history: Mapping[str, list[float]]) -> Arrays:
    """Losses and the like, float32 (steps,) or (epochs,) each."""
    return {f"history/{term}": np.asarray(values, np.float32) for term, values in history.items()}


def histories(arrays: Mapping[str, NDArray[Any]]) -> dict[str, list[float]]:
    """What :func:`history_arrays` was given; :class:`TrainingError` unless each has one dimension."""
    known: dict[str, list[float]] = {}
    for path, values in arrays.items():
        if path.startswith("history/"):
            if values.ndim != 1:
                raise TrainingError(f"'{path}' has shape {values.shape}, expected one dimension")
            known[path.removeprefix("history/")] = values.tolist()
    return known


def refuse_non_finite(arrays: Mapping[str, NDArray[Any]], step: int, rates: str) -> None:
    """Raise :class:`TrainingError` for the first of the arrays that holds NaN or infinity.

    A loss tells of the weights that it was computed with; what its own update makes of them, the next
    one would tell.  Such weights must not replace those of the last checkpoint.
    """
    for path, values in arrays.items():
        if not np.isfinite(values).all():
            raise TrainingError(
                f"'{path}' is not finite after step {step}; try a lower {rates}, or another --seed, "
                "under another --name or with --overwrite"
            )


def load_network(
    network: nn.Module, arrays: Mapping[str, NDArray[Any]], prefix: str, *, assign: bool = False
) -> None:
    """Fill ``network`` from the arrays ``prefix/PARAMETER``; ``assign`` puts new tensors in its place.

    Assigning is for networks built on the ``meta`` device, which have shapes but no storage.

    Raises :class:`TrainingError` when one is missing, of another shape or not finite; the network is
    left untouched then.
    """
    tensors = {}
    for name, current in network.state_dict().items():
        values = found(arrays, f"{prefix}/{name}")
        if values.shape != tuple(current.shape):
            raise TrainingError(
                f"'{prefix}/{name}' has shape {values.shape}, its config says {tuple(current.shape)}"
            )
        if not np.isfinite(values).all():
            raise TrainingError(f"'{prefix}/{name}' holds values that are not finite")
        tensors[name] = torch.from_numpy(np.array(values)).to(current.dtype)
    network.load_state_dict(tensors, assign=assign)
