"""What a page is made of: plain values, no file and no plot library behind them.

Texts are plain texts; what stands between backticks in a :class:`Text`, a note or a caption becomes code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["plain", "missing", "warning", "finding"]


@dataclass(frozen=True)
class Text:
    """A sentence or two; the tone says how it stands out."""

    kind: ClassVar[str] = "text"
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Facts:
    """Names and values, one below the other."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what it says, what it is sorted by, and how dark it is (0 to 1; None: as the page).

    ``link`` is the id of another part of the page.
    """

    text: str
    value: float | None = None
    heat: float | None = None
    link: str = ""
    below: str = ""
    """What stands below it, smaller: an interval."""
    command: bool = False
    """Whether it is a command line, which is broken between words alone."""


@dataclass(frozen=True)
class Table:
    """A table: the first column names the row, the first ``words`` hold words, the others figures."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    words: int = 1
    sortable: bool = True
    across: str = ""
    """What the columns after the first are, where they need a heading of their own."""


@dataclass(frozen=True)
class Plot:
    """An ``<svg>`` element that the caller vouches for, and what it shows in words."""

    svg: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, its size in pixels, and what it shows in words."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str = ""
    pixels: bool = True
    """Whether its pixels are to be seen as they are when it is enlarged."""


@dataclass(frozen=True)
class Figures:
    """Plots and pictures side by side where there is room."""

    kind: ClassVar[str] = "figures"
    items: tuple[Plot | Picture, ...]
    caption: str = ""
    wide: bool = False
    """Whether each takes the whole width."""


@dataclass(frozen=True)
class Strips:
    """Rows of faces, each with its label: real, translated, recovered."""

    kind: ClassVar[str] = "strips"
    rows: tuple[tuple[str, Picture], ...]
    caption: str = ""


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away until they are asked for, but for print."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Beside:
    """Blocks side by side where there is room: a plot and its table."""

    kind: ClassVar[str] = "beside"
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Group:
    """Blocks about one thing, such as a model; ``id`` is what links to it name."""

    kind: ClassVar[str] = "group"
    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Node:
    """A line of a tree; with ``link`` what is below it stands elsewhere on the page."""

    name: str
    text: str = ""
    code: str = ""
    id: str = ""
    link: str = ""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Tree:
    """Nested lines."""

    kind: ClassVar[str] = "tree"
    nodes: tuple[Node, ...]


Block = Text | Facts | Table | Figures | Strips | Details | Beside | Group | Tree


@dataclass(frozen=True)
class Section:
    """A part of the page with a line in its table of contents."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    figures: tuple[tuple[str, str], ...]
    """Numbers at the top, each with what it counts."""
    lead: tuple[Text, ...]
    sections: tuple[Section, ...] = field(default=())
