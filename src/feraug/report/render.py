"""From blocks to HTML, by the templates beside this file."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from feraug.errors import one_line
from feraug.report.blocks import Page
from feraug.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

GENERATOR: Final = "feraug report"
"""How the page's ``<meta name="generator">`` begins: the mark of a file that a report may replace."""


def render(page: Page) -> str:
    """The page as one HTML text that asks nothing of any network; every text in it is escaped."""
    environment = _environment()
    # With its digest in the page's policy no other script runs, whatever a name may hold.
    script = environment.get_template("script.js.j2").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        page=page, script=script, script_digest=digest, generator=GENERATOR, version=__version__
    )


def prose(text: str) -> Markup:
    """Plain text as HTML: escaped, in one line, and what stands between backticks as code."""
    from markupsafe import Markup, escape

    parts = one_line(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow is only a backtick
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return Markup("").join(
        escape(part) if place % 2 == 0 else Markup("<code>{}</code>").format(command(part))
        for place, part in enumerate(parts)
    )


def command(text: str) -> Markup:
    """A command line as HTML, which a browser breaks between its words alone: not after ``--``."""
    from markupsafe import Markup, escape

    return Markup(" ").join(
        Markup('<span class="word">{}</span>').format(word) if "-" in word else escape(word)
        for word in one_line(text).split(" ")
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("feraug.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    environment.filters["plain"] = one_line
    environment.filters["command"] = command
    return environment
