"""What ``feraug train`` takes beside a config, and what ``--dry-run`` gives, for every kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feraug.errors import FeraugError
from feraug.store.header import MODEL, Provenance
from feraug.workflows.events import Note, Notify
from feraug.workflows.existing import existing_header
from feraug.workflows.model_files import completed

DRY_STEPS = 10
"""Steps that a dry run times."""


@dataclass(frozen=True)
class TrainOptions:
    """What may differ between runs of the same training.

    It changes the result by rounding at most; but for ``devices`` and ``nodes`` where a network has
    batch norm or dropout, of which each process has its own.
    """

    device: str = "auto"
    checkpoint_seconds: float = 300.0
    overwrite: bool = False
    command: str = "feraug.train"
    devices: int = 1
    nodes: int = 1
    log_dir: Path | None = None
    compile: bool = False
    """Generative models: fuse what the networks compute by torch.compile."""


@dataclass(frozen=True)
class DryRun:
    """What a training would be: ``as_json`` is what ``--dry-run --json`` prints."""

    path: Path
    config: Mapping[str, Any]
    parameters: Mapping[str, int]
    """Trained values by role of the network."""
    steps: int | None
    """None with a budget."""
    seconds_per_step: float
    seconds: float
    """Expected for the whole training."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "config": dict(self.config),
            "parameters": dict(self.parameters),
            "steps": self.steps,
            "seconds_per_step": round(self.seconds_per_step, 5),
            "seconds": round(self.seconds, 1),
        }


def foretell(path: Path, wanted: Provenance, *, overwrite: bool, notify: Notify) -> None:
    """Note what a dry run's command would meet at ``path``: finished or unfinished work, or a refusal."""
    try:
        header = existing_header(path, MODEL, wanted, overwrite=overwrite, normalised=completed)
    except FeraugError as problem:
        notify(Note(f"without --dry-run: {problem}"))
        return
    if header is not None:
        done = "is finished already" if header.extra.get("finished") else "is gone on with"
        notify(Note(f"without --dry-run: {path} {done}"))
