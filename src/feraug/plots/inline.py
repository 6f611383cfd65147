"""Figures as SVG for the middle of a page: its colours, its type, no name that another figure has."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

from feraug.plots.titles import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#010101"
MUTED: Final = "#020202"
LINE: Final = "#030303"
SERIES: Final = tuple(f"#0{number}0{number}0a" for number in range(1, 7))

VARIABLES: Final = {INK: "--ink", MUTED: "--muted", LINE: "--line"} | {
    colour: f"--series-{number}" for number, colour in enumerate(SERIES, 1)
}
"""Stand-ins that figures are drawn in, and the page's CSS variables that take their place.

So a plot follows the page into dark mode and onto paper.
"""

_MOST_LETTERS: Final = 28


def themed() -> Any:
    """Matplotlib's settings for such figures, for ``rc_context``."""
    return {
        "svg.fonttype": "none",  # letters stay letters: small, sharp, and in the page's own type
        "svg.hashsalt": "feraug",
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": LINE,
        "axes.titlecolor": INK,
        "axes.titlesize": 11.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "axes.labelsize": 10.5,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10.5,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": INK,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "legend.fontsize": 10,
        "legend.frameon": False,
        "lines.linewidth": 1.4,
        "font.size": 10,
    }


def inline_svg(figure: Figure, prefix: str) -> str:
    """A figure as an ``<svg>`` element; every id in it begins with ``prefix``, which is no other figure's.

    It has no size of its own (the page's CSS gives it one), and refers to nothing outside itself.
    """
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of names in letters that matplotlib's font lacks: the page's has them
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    for part in (r"<metadata>.*?</metadata>", r"<style[^>]*>.*?</style>", r"<!--.*?-->"):
        text = re.sub(part, "", text, flags=re.DOTALL)
    # An <svg> inside HTML needs no namespaces, and these are the only addresses in it.
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'(<svg[^>]*?)\swidth="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?)\sheight="[^"]*"', r"\1", text, count=1)
    text = text.replace('id="', f'id="{prefix}-').replace("url(#", f"url(#{prefix}-")
    text = text.replace('href="#', f'href="#{prefix}-')
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"\n\s*", "\n", text).strip()


def short(name: str, letters: int = _MOST_LETTERS) -> str:
    """A name as a label: not too long, without ``$``, which matplotlib reads as mathematics, nor ``_`` first.

    What is left out is the middle: names of one chain begin alike.  Labels that begin with an
    underscore matplotlib hides.
    """
    name, head = name.lstrip("_"), (letters - 1) // 2
    cut = name if len(name) <= letters else f"{name[:head]}…{name[head + 1 - letters :]}"
    return plain(cut)
