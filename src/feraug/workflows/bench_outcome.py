"""What ``feraug bench`` gives: a benchmark, or with ``--dry-run`` the plan of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feraug.words import plural


@dataclass(frozen=True)
class BenchResult:
    """A benchmark; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    interrupted: bool
    classifier: str
    repeats: int
    steps: int
    reduced: bool
    reductions: list[str]
    """In what it is less than the defaults."""
    table: dict[str, Any]
    """``arms``, ``differences``, ``images``, ``unseen``, ``synthetic``: see ``docs/file-format.md``."""
    conclusions: list[str]
    plots: list[Path] = field(default_factory=list)
    folds: int = 0
    """Of a cross-validation, how many folds it puts together."""
    tested: bool = True
    """Whether it has figures on test; else on validation alone, and no file was written."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "interrupted": self.interrupted,
            "tested": self.tested,
            "classifier": self.classifier,
            "repeats": self.repeats,
            "steps": self.steps,
            **({"folds": self.folds} if self.folds else {}),
            "reduced": self.reduced,
            "reductions": self.reductions,
            **self.table,
            "conclusions": self.conclusions,
            "plots": [str(path) for path in self.plots],
        }


@dataclass(frozen=True)
class BenchPlan:
    """What a benchmark would be: ``as_json`` is what ``--dry-run --json`` prints."""

    path: Path
    config: dict[str, Any]
    files: list[Path]
    parts: int
    """Trainings that are still to be done."""
    steps: int
    seconds_per_step: float
    seconds: float
    reductions: list[str]
    """In what it is less than the defaults."""

    @property
    def text(self) -> str:
        """The plan in a line."""
        less = f"; reduced: {', '.join(self.reductions)}" if self.reductions else ""
        quicker = "; '--repeats 2 --epochs N' is quicker, with wider intervals" if self.seconds > 7200 else ""
        steps = plural(self.steps, "step")
        return (
            f"{self.config['model']}: trainings to do: {self.parts}, of {steps} "
            f"at {self.seconds_per_step:.2f} s: {_long(self.seconds)}{less}{quicker}"
        )

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "config": self.config,
            "synthetic": [str(path) for path in self.files],
            "trainings": self.parts,
            "steps": self.steps,
            "seconds_per_step": round(self.seconds_per_step, 5),
            "seconds": round(self.seconds, 1),
            "reduced": bool(self.reductions),
            "reductions": self.reductions,
        }


def _long(seconds: float) -> str:
    """A time in words."""
    hours = seconds / 3600
    if hours > 48:
        return f"about {hours / 24:.1f} days"
    if hours > 2:
        return f"about {hours:.1f} h"
    return f"about {hours * 60:.0f} min" if seconds > 60 else "less than a minute"
