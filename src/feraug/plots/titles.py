"""Titles and names in figures: broken where there is no more room, and never taken for mathematics."""

from __future__ import annotations

import textwrap
from typing import Final

_WIDEST: Final = 14  # letters of a title above a column


def fitted(title: str, inches: float, points: float) -> str:
    """``title`` with lines that a figure of this width holds at this font size; its own line ends stay.

    A letter is taken for 0.55 of the font size wide, which is what matplotlib's sans serif has at most on
    average.
    """
    letters = max(12, int(inches * 72 / (0.55 * points)))
    lines = (textwrap.wrap(line, letters, break_long_words=False) or [""] for line in title.split("\n"))
    return "\n".join(line for wrapped in lines for line in wrapped)


def fold(name: str) -> str:
    """A name in lines of some 14 letters, broken at hyphens where there are any."""
    lines = [""]
    for number, part in enumerate(name.split("-")):
        piece = part if number == 0 else f"-{part}"
        if lines[-1] and len(lines[-1]) + len(piece) > _WIDEST:
            lines.append(piece)
        else:
            lines[-1] += piece
    cut = [line[start : start + _WIDEST] for line in lines for start in range(0, len(line), _WIDEST)]
    return plain("\n".join(cut))


def plain(name: str) -> str:
    """Matplotlib reads $ as mathematics."""
    return name.replace("$", chr(92) + "$")
