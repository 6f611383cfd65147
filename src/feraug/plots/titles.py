"""Titles of figures that are broken where the figure ends."""

from __future__ import annotations

import textwrap


def fitted(title: str, inches: float, points: float) -> str:
    """``title`` with lines that a figure of this width holds at this font size; its own line ends stay.

    A letter is taken for 0.55 of the font size wide, which is what matplotlib's sans serif has at most on
    average.
    """
    letters = max(12, int(inches * 72 / (0.55 * points)))
    lines = (textwrap.wrap(line, letters, break_long_words=False) or [""] for line in title.split("\n"))
    return "\n".join(line for wrapped in lines for line in wrapped)
