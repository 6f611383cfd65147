"""How counts are told in words."""

from __future__ import annotations


def plural(count: int, thing: str, things: str = "") -> str:
    """``1 model``, ``2 models``; ``things`` where an ``s`` does not do, or a verb follows."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"
