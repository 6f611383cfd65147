"""What lies in a workspace, for the report: every artifact with its facts, and what could not be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from feraug.errors import ArtifactError, FeraugError, MissingArtifactError
from feraug.store.header import BENCH, COMPARE, DATASET, MODEL, SSIM, SYNTHETIC
from feraug.store.workspace import Workspace
from feraug.workflows.events import Notify, Progress
from feraug.workflows.info import describe
from feraug.workflows.photo_record import photo_folders

KINDS: Final = {
    DATASET: "data set",
    MODEL: "model",
    SYNTHETIC: "synthetic set",
    SSIM: "similarity",
    COMPARE: "comparison",
    BENCH: "benchmark",
}
"""What the kinds of artifact are called on the page; others are left alone."""

UNUSABLE: Final = (
    FeraugError,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
)
"""What a file can raise that is not what it claims to be: its facts are a stranger's JSON."""

_DRAWN: Final = re.compile(r"drawn:\d+")


@dataclass(frozen=True)
class Artifact:
    """A readable artifact: its path, its place in the workspace, and what ``feraug info`` says of it."""

    path: Path
    place: str
    """Such as ``models/cyclegan-neutral-happy.h5``."""
    facts: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The encoding type."""
        return str(self.facts["encoding-type"])

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return str(self.facts["sha256"])

    @property
    def inputs(self) -> Mapping[str, str]:
        """SHA-256 of every file it was made from, by name."""
        found: Mapping[str, str] = self.facts["inputs"]
        return found

    @property
    def drawn(self) -> bool:
        """Whether it is a data set of drawn faces, which are nobody's."""
        source = str(self.facts["config"].get("source", ""))
        return self.kind == DATASET and not self.inputs and _DRAWN.fullmatch(source) is not None


@dataclass(frozen=True)
class Problem:
    """A file or a part that could not be used, and why."""

    place: str
    why: str


@dataclass
class Inventory:
    """All artifacts of a workspace, and whether their pictures may be shown."""

    root: Path
    real_faces: bool
    artifacts: list[Artifact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def of(self, kind: str) -> list[Artifact]:
        """The artifacts of a kind, by name."""
        return [one for one in self.artifacts if one.kind == kind]

    def find(self, digest: str) -> Artifact | None:
        """The artifact with this SHA-256."""
        return next((one for one in self.artifacts if one.digest == digest), None)

    def may_show(self, artifact: Artifact) -> bool:
        """Whether pictures of faces that went into ``artifact`` may stand in the page.

        They may if all of them were drawn, or if the user has asked for real ones.  What was made
        from a file that is not here may be of anybody.
        """
        return self.real_faces or self.of_drawn(artifact)

    def of_drawn(self, artifact: Artifact) -> bool:
        """Whether an artifact goes back to drawn faces alone, all of which is known here."""
        return self._all_drawn(artifact, frozenset())

    def problem(self, artifact: Artifact | str, why: object) -> None:
        """Note what could not be used."""
        place = artifact if isinstance(artifact, str) else artifact.place
        text = why.what if isinstance(why, ArtifactError) else str(why) or type(why).__name__
        found = Problem(place, _without_root(text, self.root).removeprefix(f"{place}: "))
        if found not in self.problems:  # a page that is made again, smaller, meets them again
            self.problems.append(found)

    def _all_drawn(self, artifact: Artifact, above: frozenset[str]) -> bool:
        if artifact.kind == DATASET:
            return artifact.drawn
        inputs = [digest for name, digest in artifact.inputs.items() if not name.endswith(".tflite")]
        if not inputs or artifact.digest in above:
            return False
        found = [self.find(digest) for digest in inputs]
        above |= {artifact.digest}
        return all(one is not None and self._all_drawn(one, above) for one in found)


def take_inventory(workspace: Workspace, notify: Notify, *, real_faces: bool) -> Inventory:
    """Read every artifact of the workspace; what cannot be read is a problem, never an error.

    Raises :class:`MissingArtifactError`, with the command to start with, where there is none at all.
    """
    found = Inventory(workspace.root, real_faces)
    paths = workspace.artifacts(parts=False)
    if not paths and not photo_folders(workspace.root):
        raise MissingArtifactError(
            f"{workspace.root}: nothing to report yet; start with 'feraug prepare fer2013.csv' (or 'drawn')"
        )
    for number, path in enumerate(paths):
        place = path.relative_to(workspace.root).as_posix()
        notify(Progress("reading", number + 1, len(paths), "files"))
        try:
            artifact = Artifact(path, place, describe(path))
        except UNUSABLE as problem:
            found.problem(place, problem)
            continue
        if artifact.kind in KINDS:
            found.artifacts.append(artifact)
    return found


def _without_root(text: str, root: PurePath) -> str:
    """A message in which files are called as on the page: from the workspace on, with ``/``."""
    places = re.compile(rf"{re.escape(str(root))}[\\\\/]([^:;'\"]*)")
    return places.sub(lambda found: found[1].replace("\\", "/"), text)
