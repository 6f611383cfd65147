"""What ``feraug doctor`` says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

OK: Final = "ok"
NOTE: Final = "note"
"""Works less well than it could, or waits for somebody; feraug can be used."""
BROKEN: Final = "broken"
"""Some command fails because of it."""


@dataclass(frozen=True)
class Finding:
    """A thing that was looked at: in which section of the answer, what is so, and what to do about it."""

    section: str
    name: str
    value: str
    state: str = OK
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return dict(vars(self))
