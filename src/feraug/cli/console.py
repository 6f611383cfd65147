"""What a command prints: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from feraug.cli.hints import in_workspace
from feraug.errors import one_line
from feraug.processes import is_first_process
from feraug.words import plural

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.table import Table

    from feraug.workflows.events import Event, Progress

LINE_SECONDS = 10.0
"""Seconds between progress lines where stderr is not a terminal."""


def print_json(value: Mapping[str, Any]) -> None:
    """The one JSON object of ``--json``."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_text(text: str) -> None:
    """A plain line of the result; what it quotes out of files cannot command the terminal."""
    sys.stdout.write("\n".join(map(one_line, text.split("\n"))) + "\n")


def print_prose(text: str) -> None:
    """Sentences of the result: on a terminal broken between words, elsewhere a line each."""
    if not sys.stdout.isatty():
        print_text(text)
        return
    import textwrap

    room = width() - 1
    for line in text.split("\n"):
        parts = textwrap.wrap(
            line, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        print_text("\n".join(parts))


def width() -> int:
    """Columns that a table may have: those of the terminal or of ``COLUMNS``, elsewhere 80."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    return console.width if console.is_terminal else max(80, console.width)


def print_heading(title: str, text: str) -> None:
    """A title, bold on a terminal, and a sentence about what follows; an empty line before."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = max(80, console.width)
    console.print()
    console.print(Text(one_line(title), style="bold"), end=": ")
    console.print(Text(one_line(text)))
    sys.stdout.flush()  # it stands for what is about to take its time


def print_table(table: Table, *, wrap: bool = False) -> None:
    """A rich table on stdout; at least 80 columns wide where stdout is not a terminal.

    With ``wrap`` sentences in its cells are broken where there is little room; otherwise it is as wide as
    it needs to be: a long line rather than half a number.
    """
    from rich.console import Console
    from rich.measure import Measurement

    # Cells quote names out of files: no markup, no emoji codes.
    console = Console(file=sys.stdout, markup=False, emoji=False)
    if not wrap:
        whole = console.options.update(max_width=10_000)
        console.width = max(console.width, Measurement.get(console, whole, table).maximum)
    if console.is_terminal:
        console.print(table)
        return
    console.width = max(80, console.width)
    with console.capture() as captured:
        console.print(table)
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def new_table(title: str | None = None, *columns: str) -> Table:
    """A table in feraug's style: the first column to the left, numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def figures_text(figures: Mapping[str, float]) -> str:
    """``name 0.123`` for each figure, in a line; speeds (``/s``) and large figures with fewer decimals."""

    def decimals(name: str, value: float) -> int:
        return 0 if value >= 100 or "faces" in name else 1 if name.endswith("/s") else 3

    return "  ".join(f"{name} {value:,.{decimals(name, value)}f}" for name, value in figures.items())


@contextmanager
def notifier(*, quiet: bool) -> Iterator[_Notifier]:
    """Shows a workflow's events on stderr: a bar on a terminal, a line now and then elsewhere."""
    silent = quiet or not is_first_process()
    # On Windows rich moves the cursor of stdout, whatever it writes to.
    bars = sys.stderr.isatty() and (sys.platform != "win32" or sys.stdout.isatty())
    shown = _Silent() if silent else _Bars() if bars else _Lines()
    try:
        yield shown
    finally:
        shown.close()


class _Notifier:
    def __call__(self, event: Event) -> None:
        raise TypeError("a notifier says how it shows events")

    def close(self) -> None:
        """End the display."""


class _Silent(_Notifier):
    def __call__(self, event: Event) -> None:
        pass


def _note(text: str) -> str:
    """A note, which quotes names of files, and commands that are to work in this workspace."""
    return in_workspace(one_line(text), sys.argv[1:])


class _Lines(_Notifier):
    """Plain lines; progress at most every ten seconds, and the last of each task."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._started: dict[str, tuple[float, int]] = {}

    def __call__(self, event: Event) -> None:
        from feraug.workflows.events import Note, Progress, Saved

        if isinstance(event, Note):
            _error_line(_note(event.text))
        elif isinstance(event, Saved):
            _error_line(f"saved {event.what} {event.path}")
        elif isinstance(event, Progress):
            self._progress(event)

    def _progress(self, event: Progress) -> None:
        now = time.monotonic()
        started, first = self._started.setdefault(event.task, (now, event.done))
        if now - self._last < LINE_SECONDS and event.done != event.total:
            return
        self._last = now
        total = f"/{event.total:,}" if event.total else ""
        left = ""
        if event.total and event.done > first:
            left = f"  left {clock((now - started) / (event.done - first) * (event.total - event.done))}"
        figures = figures_text(_brief(event.figures))
        _error_line(f"{event.task} {event.done:,}{total} {event.unit}{left}  {figures}".rstrip())


class _Bars(_Notifier):
    """A rich bar a task with its count and the time left; the figures on a line of their own below."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._bar: Bar | None = None
        self._tasks: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        with suppress(OSError):  # a terminal that has closed
            self._show(event, self._bar or self._start())

    def _show(self, event: Event, bar: Bar) -> None:
        from feraug.workflows.events import Note, Progress

        if isinstance(event, Note):
            bar.console.print(_note(event.text), markup=False, highlight=False)
        elif isinstance(event, Progress):
            if event.task not in self._tasks:
                self._tasks[event.task] = bar.add_task(event.task, total=event.total, count="", figures={})
            total = f"/{event.total:,}" if event.total else ""
            bar.update(
                self._tasks[event.task],
                completed=event.done,
                total=event.total,
                count=f"{event.done:,}{total} {event.unit}",
                figures=_brief(event.figures),
            )

    def _start(self) -> Bar:
        from rich.console import Console

        from feraug.cli.bars import TaskBars

        self._bar = TaskBars(console=self._console or Console(stderr=True))
        self._bar.start()
        return self._bar

    def close(self) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.stop()


def _brief(figures: Mapping[str, float]) -> dict[str, float]:
    """Loss terms summed by kind, so that they fit in a line: ``adversarial``, ``cycle`` ..."""
    brief: dict[str, float] = {}
    for name, value in figures.items():
        kind = name if name.endswith("/s") else name.split("_")[0]
        brief[kind] = brief.get(kind, 0.0) + value
    return brief


def clock(left: float) -> str:
    """Seconds as ``h:mm:ss``."""
    minutes, rest = divmod(round(left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _error_line(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        raise  # `feraug train 2>&1 | head` has had enough
    except OSError:
        pass  # a full disk or a closed terminal takes no notes; the work goes on


def splits_table(splits: Mapping[str, Mapping[str, int]]) -> Table:
    """Images per emotion (rows) and split (columns), with sums."""
    names = list(splits)
    table = new_table(None, "emotion", *names, "all")
    for emotion in splits[names[0]]:
        counts = [splits[name][emotion] for name in names]
        table.add_row(emotion, *(f"{count:,}" for count in [*counts, sum(counts)]))
    sums = [sum(splits[name].values()) for name in names]
    table.add_section()
    table.add_row("all", *(f"{count:,}" for count in [*sums, sum(sums)]))
    return table


def audit_text(facts: Mapping[str, Any]) -> str:
    """The audit's counts in four lines, people in one, and a line for each cause of dropping."""
    from feraug.workflows.audit import copies_within, drop_sentences, dropped_after_audit
    from feraug.workflows.people import people

    audit, leaks = facts["audit"], facts["audit"]["leaks"]
    when, then = (", before dropping", "after dropping, ") if dropped_after_audit(facts) else ("", "")
    lines = [
        f"audit{when}: {plural(audit['blank'], 'blank image')}; "
        f"{plural(audit['duplicate_groups'], 'group')} of identical images "
        f"({audit['redundant']:,} redundant, {plural(audit['conflicting_groups'], 'group')} "
        "with conflicting labels)",
        f"copies of training images: {leaks['validation']:,} in validation, {leaks['test']:,} in test",
    ]
    near = audit["near_copies"]
    if near is None:
        lines.append("near copies of training images: not looked for")
    else:
        lines.append(
            f"near copies of training images: {near['validation']:,} in validation, {near['test']:,} in test"
        )
    if within := copies_within(facts):
        lines.append(
            f"{then}copies and near copies of one another: {within['validation']:,} images in validation, "
            f"{within['test']:,} in test"
        )
    if known := people(audit):
        lines.append(
            f"{then}{plural(known['total'], 'person', 'people')}; images of people in train: "
            f"{known['in_train']['validation']:,} in validation, {known['in_train']['test']:,} in test"
        )
    return "\n".join([*lines, *drop_sentences(facts)])


def print_error(text: str) -> None:
    """A line on stderr."""
    _error_line(text)


def can_ask() -> bool:
    """Whether somebody sits at a terminal: not in scripts, notebooks, or with stderr in a file."""
    if sys.stdin is None:  # closed, or started without a console on Windows
        return False
    raw = getattr(getattr(sys.stdin, "buffer", None), "raw", None)
    if sys.platform == "win32" and type(raw).__name__ == "FileIO":  # NUL calls itself a terminal there
        return False
    # Notebooks give ``!feraug ...`` a terminal at which nobody can type.
    return sys.stdin.isatty() and sys.stderr.isatty() and "JPY_PARENT_PID" not in os.environ


def confirmed(situation: str, question: str) -> bool:
    """Whether the user at the terminal says yes to ``question``.

    Raises :class:`typer.Abort` on Ctrl-C.
    """
    import typer

    print_error(_note(situation))
    return typer.confirm(question, default=True, err=True)
