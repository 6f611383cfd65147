"""What ``feraug export`` gives, whatever it exports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExportResult:
    """What was exported; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    """Whether the same export was there, unchanged, and nothing was written."""
    images: int
    """0 for the weights of a model."""
    format: str
    """``png``, ``csv``, or what the weights are kept in."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "images": self.images,
            "format": self.format,
        }
