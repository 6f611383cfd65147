"""What a running workflow tells its caller; workflows themselves never print."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Note:
    """A sentence that the user should see, such as what was skipped and why."""

    text: str


@dataclass(frozen=True)
class Progress:
    """How far a task is: ``done`` of ``total`` (None: unknown) ``unit``, and figures such as losses."""

    task: str
    done: int
    total: int | None
    unit: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Saved:
    """A file beside the result was written: a checkpoint, a sample grid."""

    what: str
    path: Path


Event = Note | Progress | Saved
Notify = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Tell nobody."""
