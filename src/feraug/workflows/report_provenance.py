"""The report on provenance: what was made from what, by digests, and the command that made it."""

from __future__ import annotations

from typing import Final

from feraug.quoting import as_here
from feraug.report import Cell, Node, Section, Table, Text, Tree
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import KINDS, Artifact
from feraug.workflows.report_words import COMMAND, cut, number, size, word

_FILES: Final = 150
_NODES: Final = 300
_DEPTH: Final = 24

_DIGITS: Final = 16


def provenance_section(desk: Desk) -> list[Section]:
    """The section on provenance, of every file that could be read."""
    found = desk.inventory.artifacts
    if not found:
        return []
    shown = found[: desk.most(_FILES)]
    rows = tuple(
        (
            Cell(cut(one.place, 120)), word(KINDS[one.kind]), Cell(_command(one), command=True),
            Cell(size(one.facts["bytes"]), one.facts["bytes"]), number(one.facts["seed"], ".0f"),
            Cell(one.digest[:_DIGITS]),
        )
        for one in shown
    )  # fmt: skip
    more = "" if len(shown) == len(found) else f"The first {len(shown)} of {len(found):,} files."
    table = Table(
        "Every file",
        ("file", "kind", "made by", "size", "seed", "SHA-256"),
        rows,
        more,
        words=3,
    )
    words = Text(
        "Each file names those it was made from by their SHA-256: a file that has changed since is another. "
        "`feraug info FILE --trace ROW` follows a single image."
    )
    return [Section("provenance", "Where it comes from", (words, Tree(_Forest(desk).nodes()), table))]


class _Forest:
    """Trees of files, each with what it was made from below it; what was told once is linked to."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, str] = {}
        self._left = desk.most(_NODES)

    def nodes(self) -> tuple[Node, ...]:
        """From the files that no other was made from."""
        found = self._desk.inventory.artifacts
        used = {digest for one in found for digest in one.inputs.values()}
        roots = [one for one in reversed(found) if one.digest not in used]
        nodes = [self._node(one, 0) for one in roots if self._left > 0]
        # Files that name each other in a circle, which feraug never makes, have no end to begin at.
        return tuple(nodes or [self._node(one, 0) for one in found[:1]])

    def _node(self, artifact: Artifact, depth: int) -> Node:
        self._left -= 1
        text = f"{KINDS[artifact.kind]}, SHA-256 {artifact.digest[:_DIGITS]}"
        if artifact.digest in self._told:
            return Node(cut(artifact.place, 120), text, link=self._told[artifact.digest])
        anchor = self._told[artifact.digest] = self._desk.ids.new("file", artifact.place)
        children = []
        for name, digest in artifact.inputs.items():
            if self._left <= 0 or depth >= _DEPTH:
                children.append(Node("…", "more, which is left out here"))
                break
            below = self._desk.inventory.find(digest)
            if below is not None:
                children.append(self._node(below, depth + 1))
                continue
            self._left -= 1
            where = "not in this workspace" if name.endswith(".h5") else "read from outside"
            children.append(Node(cut(name, 120), f"{where}, SHA-256 {digest[:_DIGITS]}"))
        return Node(
            cut(artifact.place, 120),
            text,
            _command(artifact),
            anchor,
            children=tuple(children),
        )


def _command(artifact: Artifact) -> str:
    return cut(as_here(str(artifact.facts["command"])), COMMAND)
