"""Losses as TensorBoard events, for ``feraug train --log-dir``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feraug.errors import UsageError
from feraug.store.atomic import storage_error

if TYPE_CHECKING:
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger


def new_log(folder: Path, name: str) -> TensorBoardLogger:
    """A log in ``folder/name``.

    Raises :class:`UsageError` without TensorBoard, :class:`~feraug.errors.StorageError` where the folder
    cannot be made.
    """
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    try:
        (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise storage_error(folder / name, problem) from problem
    try:
        return TensorBoardLogger(folder, name=name, version="")
    except ModuleNotFoundError as problem:
        raise UsageError("--log-dir: TensorBoard is not installed; 'pip install tensorboard'") from problem
