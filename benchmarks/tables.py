"""The table of a run: as text, as Markdown, and as JSON."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rounds import CLOCKS, Row, Setting

HEADINGS = ("row", "work", "against", "median", "range", "target", "met")


def cells(row: Row) -> tuple[str, ...]:
    """What a row shows."""
    sign = {None: "", True: "yes", False: "NO"}[row.reached]
    unit = "" if row.unit == "x" else f" {row.unit}"
    spread = f"{_short(min(row.values))}–{_short(max(row.values))}"
    return (
        row.name, row.work, row.against, f"{_short(row.median)}{unit}", spread,
        "" if row.target is None else str(row.target), sign,
    )  # fmt: skip


def text_table(rows: Sequence[Row]) -> str:
    """For a terminal; notes below."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
             for line in lines]  # fmt: skip
    return "\n".join([*shown, "", *(f"{row.name}: {row.note}" for row in rows if row.note)]).rstrip()


def markdown_table(rows: Sequence[Row]) -> str:
    """For a page; notes below."""
    lines = ["| " + " | ".join(line) + " |" for line in (HEADINGS, *map(cells, rows))]
    lines.insert(1, "| --- " * len(HEADINGS) + "|")
    return "\n".join([*lines, "", *(f"- `{row.name}`: {row.note}" for row in rows if row.note)]).rstrip()


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def write_json(path: Path, rows: Sequence[Row], setting: Setting) -> None:
    """Everything that was measured."""
    found = {
        "machine": machine(),
        "clock": setting.clock,
        "rounds": setting.rounds,
        "quick": setting.quick,
        "rows": [row.as_json() for row in rows],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")


def show(measure: Callable[[Setting], list[Row]], **settings: Any) -> None:
    """Measure and print the rows of one benchmark: what a script does that is run on its own."""
    clock = os.environ.get("CLOCK", CLOCKS[0])
    with tempfile.TemporaryDirectory() as scratch:
        print(text_table(measure(Setting(Path(scratch), **{"clock": clock, **settings}))))


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
