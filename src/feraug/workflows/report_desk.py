"""What the parts of the report share while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from feraug.report import Block, Cell, Group, Text
from feraug.workflows.report_files import UNUSABLE, Artifact, Inventory
from feraug.workflows.report_pictures import Room
from feraug.workflows.report_words import LEAVE_OUT, Ids


@dataclass
class Desk:
    """The inventory, the ids that were given, what is missing, and how much a section may hold."""

    inventory: Inventory
    scale: float = 1.0
    """Below 1 where the page would be too large otherwise."""
    ids: Ids = field(default_factory=Ids)
    missing: list[Text] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)
    hidden: bool = False
    """Whether a picture was left out for what it may show."""
    shown: bool = False
    """Whether pictures stand in the page that may show real faces."""
    _known: dict[str, str] = field(default_factory=dict)

    def room(self, size: int) -> Room:
        """Room for ``size`` bytes of plots and pictures, and for what the sections before have not used."""
        unused = self.rooms[-1].left if self.rooms else 0
        self.rooms.append(Room(int(size * self.scale) + unused))
        return self.rooms[-1]

    def most(self, count: int) -> int:
        """``count``, or fewer where the page would be too large."""
        return max(1, int(count * self.scale))

    def lack(self, what: str, command: str) -> None:
        """Note a part that is not there, and the command that makes it."""
        self.missing.append(Text(f"{what}: `{command}`", "missing"))

    def may_show(self, artifact: Artifact) -> bool:
        """Whether pictures of the faces behind an artifact may stand in the page."""
        allowed = self.inventory.may_show(artifact)
        self.hidden = self.hidden or not allowed
        self.shown = self.shown or (allowed and not self.inventory.of_drawn(artifact))
        return allowed

    def withheld(self, what: str) -> Text:
        """The sentence in place of pictures that may not be shown."""
        return Text(LEAVE_OUT.format(what=what), "warning")

    def guarded(self, artifact: Artifact, make: Callable[[], Iterable[Block]]) -> tuple[Block, ...]:
        """What ``make`` gives, as far as it comes; a file that is not what it claims becomes a problem."""
        blocks: list[Block] = []
        try:
            blocks.extend(make())  # what came before an error stays
        except UNUSABLE as problem:
            self.inventory.problem(artifact, problem)
            blocks.append(
                Text("The rest of this file could not be read; the end of the page says why.", "warning")
            )
        return tuple(blocks)

    def rows(
        self, artifacts: list[Artifact], make: Callable[[Artifact], tuple[Cell, ...]]
    ) -> tuple[tuple[Cell, ...], ...]:
        """A row of a table for each artifact, but for those that are not what they claim to be."""
        rows = []
        for artifact in artifacts:
            try:
                rows.append(make(artifact))
            except UNUSABLE as problem:
                self.inventory.problem(artifact, problem)
        return tuple(rows)

    def groups(
        self,
        artifacts: list[Artifact],
        prefix: str,
        most: int,
        make: Callable[[Artifact], Iterable[Block]],
    ) -> list[Block]:
        """A group for each of the first artifacts, and a sentence on those that have none."""
        shown = artifacts[: self.most(most)]
        blocks: list[Block] = [
            Group(self.group_id(prefix, one), one.name, self.guarded(one, partial(make, one)))
            for one in shown
        ]
        more = len(artifacts) - len(shown)
        if more:
            are = "is" if more == 1 else "are"
            blocks.append(Text(f"{more:,} more {are} not shown here; `feraug info FILE` tells of each."))
        return blocks

    def group_id(self, prefix: str, artifact: Artifact) -> str:
        """The id of an artifact's group, the same at every call."""
        key = f"{prefix}/{artifact.place}"
        if key not in self._known:
            self._known[key] = self.ids.new(prefix, artifact.name)
        return self._known[key]
