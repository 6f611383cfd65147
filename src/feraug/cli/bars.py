"""The bars of a terminal: what matters most stays readable when it is narrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from feraug.cli.console import figures_text

_WIDE = 72
"""Columns for name, share, count, time left and a bar of twenty; narrower terminals do without the bar."""


class TaskBars(Progress):
    """A bar a task, and below the bars as many of its figures as fit in one line.

    In one line with the bar, a few loss terms would squeeze everything else to dots at 80 columns.
    Each task has the fields ``count`` (text) and ``figures`` (name and number).
    """

    def __init__(self, *, console: Console) -> None:
        text = Column(no_wrap=True)
        columns = [
            TextColumn("{task.description}", markup=False, table_column=text),
            *([BarColumn(bar_width=20)] if console.width >= _WIDE else []),
            TaskProgressColumn(),
            TextColumn("{task.fields[count]}", markup=False, table_column=text.copy()),
            TimeRemainingColumn(),
        ]
        super().__init__(*columns, console=console)
        refresh = self.live.refresh

        def patient() -> None:
            with suppress(OSError):  # Windows' console refuses while faces.quietly() has stderr
                refresh()

        self.live.refresh = patient  # type: ignore[method-assign]

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, and below them the figures of each task that has some."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["figures"]:
                yield Text(fitting_figures(task.fields["figures"], self.console.width), no_wrap=True)


def fitting_figures(figures: Mapping[str, float], width: int) -> str:
    """The figures in a line of ``width``: all, or the first ones, the speed, and dots."""
    shown = dict(figures)
    speeds = [name for name in figures if name.endswith("/s")]
    losses = [name for name in figures if name not in speeds]
    while len(line := _line(shown, figures)) > width and (losses or speeds):
        del shown[(losses or speeds).pop()]
    return line if len(line) <= width else ""


def _line(shown: Mapping[str, float], figures: Mapping[str, float]) -> str:
    return f"  {figures_text(shown)}" + ("  …" if len(shown) < len(figures) else "")
