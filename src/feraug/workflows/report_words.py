"""How the report puts facts into words and cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from feraug.report import Cell

_LONGEST: Final = 160
"""Letters of a value; a stranger's file may hold 65,000."""

COMMAND: Final = 2000
"""Letters of a command, which is of use as a whole."""

_ROWS: Final = 90

LEAVE_OUT: Final = (
    "Pictures of {what} are left out: they may show real people, whose pictures must not be passed on. "
    "`feraug report --real-faces` includes them, for your own eyes."
)


def cut(value: object, longest: int = _LONGEST) -> str:
    """``value`` as a text that is not too long."""
    text = str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def code(text: object) -> str:
    """A command in a sentence; backticks of its own would end it."""
    plain = cut(text, COMMAND).replace("`", "'")
    return f"`{plain}`"


def word(text: object) -> Cell:
    """A cell with a word."""
    return Cell(cut(text, 80))


def number(value: float | None, form: str = ",.0f", times: float = 1.0) -> Cell:
    """A cell with a figure; empty where there is none."""
    if value is None:
        return Cell("")
    return Cell(format(times * value, form), float(value))


def interval_cell(found: Mapping[str, float] | None, form: str, times: float = 1.0) -> Cell:
    """A cell with a mean, and below it the interval; empty where there is none."""
    if not found:
        return Cell("")
    low, high = (format(times * found[end], form) for end in ("low", "high"))
    return Cell(format(times * found["mean"], form), found["mean"], below=f"{low} to {high}")


def figure(value: Any, form: str = ",.0f") -> str:
    """A figure in words; empty where there is none."""
    return number(value, form).text


def values(settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Settings as names and values in words, and how many more there are."""
    shown = [(cut(name, 60), _plain(value)) for name, value in list(settings.items())[:_ROWS]]
    if len(settings) > _ROWS:
        shown.append(("…", f"{len(settings) - _ROWS:,} more: feraug info FILE --config"))
    return tuple(shown)


def _plain(value: Any) -> str:
    if value in (None, ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return cut(", ".join(map(str, value)))
    return cut(value).replace("`", "'")


def minutes(seconds: float | None) -> str:
    """``9.2 min``, ``2.5 h``."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """Bytes as ``11.6 MB``, ``44 kB``."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


def listed(names: Iterable[str], most: int = 6) -> str:
    """``a, b and 3 more``."""
    known = list(names)
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[:most])} and {len(known) - most} more"


class Ids:
    """Ids for a page: readable, and each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, prefix: str, name: str) -> str:
        """``model-cyclegan-neutral-happy``, with a number where another has that name."""
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower())[:60].strip("-")
        # The page's own ids are a word, or a word and "title".
        base = f"{prefix}-{plain or 'unnamed'}" if plain != "title" else f"{prefix}-named-title"
        found, count = base, 1
        while found in self._given:
            count += 1
            found = f"{base}-{count}"
        self._given.add(found)
        return found
