"""``feraug doctor``: what this machine has, what works on it, and whether the workspace is whole.

Nothing is changed, and the network is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from feraug.store.workspace import Workspace
from feraug.workflows.doctor_findings import BROKEN, NOTE, Finding
from feraug.workflows.events import Notify, Progress, ignore


@dataclass(frozen=True)
class Examination:
    """What was found; ``as_json`` is what ``--json`` prints."""

    path: Path
    """The workspace."""
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> list[Finding]:
        """What has to be mended before everything works."""
        return [finding for finding in self.findings if finding.state == BROKEN]

    @property
    def notes(self) -> list[Finding]:
        """What works less well than it could, or waits for somebody."""
        return [finding for finding in self.findings if finding.state == NOTE]

    @property
    def usable(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    @property
    def verdict(self) -> str:
        """Whether all is well, and what to do otherwise, in one line."""
        if self.broken:
            first = self.broken[0]
            more = f" (and {len(self.broken) - 1} more, above)" if len(self.broken) > 1 else ""
            return f"broken: {first.name}: {first.value}; {first.advice or 'see above'}{more}"
        if self.notes:
            notes = "a note" if len(self.notes) == 1 else f"{len(self.notes)} notes"
            return f"usable, with {notes} above; 'feraug demo' tries it all"
        return "all is well; 'feraug demo' tries it all"

    def as_json(self) -> dict[str, Any]:
        """The workspace, whether feraug is usable, the verdict and all findings, as JSON values."""
        return {
            "path": str(self.path),
            "usable": self.usable,
            "verdict": self.verdict,
            "findings": [finding.as_json() for finding in self.findings],
        }


def examine(workspace: Workspace, *, notify: Notify = ignore) -> Examination:
    """Look at everything that feraug needs, and at every artifact of the workspace."""
    findings: list[Finding] = []
    for number, (room, part) in enumerate(_PARTS):
        notify(Progress("looking", number, len(_PARTS), "parts"))
        findings += _part(room, part, *((workspace, notify) if part == "workspace_health" else ()))
    return Examination(workspace.root.resolve(), tuple(findings))


_PARTS: Final = (
    ("doctor_machine", "versions"),
    ("doctor_machine", "devices"),
    ("doctor_machine", "fast_paths"),
    ("doctor_faces", "faces"),
    ("doctor_faces", "system_libraries"),
    ("doctor_workspace", "workspace_health"),
)
"""What is looked at: module and function."""


def _part(room: str, part: str, *arguments: Any) -> Iterator[Finding]:
    """The findings of a part; imported here, for the packages that it wants may be what is broken."""
    try:
        yield from getattr(import_module(f"feraug.workflows.{room}"), part)(*arguments)
    except Exception as problem:  # whatever a broken package raises: the other parts are still to be told
        said = " ".join(str(problem).split()) or "no reason given"
        value = f"cannot be looked at ({type(problem).__name__}: {said})"
        yield Finding(part.replace("_", " "), part.replace("_", " "), value, BROKEN)
