"""The tables of what a filter let through, for ``feraug filter`` and ``feraug info``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from feraug.errors import one_line

if TYPE_CHECKING:
    from rich.table import Table


def stages_table(stages: Sequence[Mapping[str, Any]], images: int, real: int) -> Table:
    """What each stage of a filter dropped and left, beside the same of real images; without idle stages."""
    from feraug.cli import console
    from feraug.workflows.filter_stages import STAGE_NAMES

    table = console.new_table(None, "stage", "limit", "gone", "left", "share", "real: gone", "left", "share")
    table.add_row("all", "", "", f"{images:,}", "", "", f"{real:,}", "")
    for stage in stages:
        idle = not stage["dropped"] and not stage["real_dropped"]
        if stage["limit"] is None and stage["name"] != "called" and idle:
            continue
        limit = "" if stage["limit"] is None else f"{stage['limit']:.3g}"
        cells = [STAGE_NAMES.get(stage["name"], stage["name"]), limit]
        for prefix, total in (("", images), ("real_", real)):
            if stage["name"] == "best" and prefix:
                cells += ["", "", ""]
                continue
            left = stage[f"{prefix}left"]
            cells += [f"{stage[f'{prefix}dropped']:,}", f"{left:,}", f"{left / max(total, 1):.1%}"]
        table.add_row(*map(one_line, cells))
    return table


def emotions_table(by_emotion: Mapping[str, Mapping[str, Any]]) -> Table:
    """What a filter left of the images made as each emotion, beside the same of the real ones."""
    from feraug.cli import console

    table = console.new_table(None, "emotion", "images", "left", "share", "real", "left", "share")
    for emotion, found in by_emotion.items():
        if not found["stages"]:
            continue
        cells = []
        for prefix in ("", "real_"):
            first, last = found["stages"][0], found["stages"][-1]
            total, left = first[f"{prefix}dropped"] + first[f"{prefix}left"], last[f"{prefix}left"]
            cells += [f"{total:,}", f"{left:,}", f"{left / max(total, 1):.1%}"]
        table.add_row(one_line(emotion), *cells)
    return table
