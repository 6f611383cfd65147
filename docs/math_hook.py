"""A hook of mkdocs: ``$$ ... $$`` becomes MathML while the site is built, so that no page needs a script."""

from __future__ import annotations

import re
from typing import Any

_FENCED_OR_MATH = re.compile(r"^```.*?^```$|\$\$(.+?)\$\$", re.DOTALL | re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with its formulas as MathML; code stays as it is."""
    from latex2mathml.converter import convert

    def formula(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        lines = re.split(r",?\s*\\q?quad", found[1].strip())  # beside each other they need a wide screen
        return f'<div class="formula">{"".join(convert(line, display="block") for line in lines)}</div>'

    return _FENCED_OR_MATH.sub(formula, markdown)
