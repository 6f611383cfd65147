"""The progress display at the width of a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from feraug.cli.bars import fitting_figures
from feraug.cli.console import _Bars, figures_text
from feraug.workflows.events import Note, Progress

TERMS = {
    **{f"adversarial_{side}": 123.4567 for side in "ab"},
    **{f"cycle_{side}": 0.1234 for side in "ab"},
    **{f"identity_{side}": 0.1234 for side in "ab"},
    **{f"discriminator_{side}": 0.1234 for side in "ab"},
    "perceptual_a": 0.5,
    "images/s": 1234.5,
}


def shown(width: int, *events: Progress | Note) -> list[str]:
    """The lines on the terminal after these events."""
    console = Console(width=width, height=25, file=io.StringIO(), force_terminal=True, color_system=None)
    bars = _Bars(console)
    for event in events:
        bars(event)
    assert bars._bar is not None
    bars.close()
    with console.capture() as caught:
        console.print(bars._bar.get_renderable())
    return [line.rstrip() for line in caught.get().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_bar_count_and_time_left_are_whole_with_many_losses(width: int) -> None:
    lines = shown(width, Progress("training", 12_345, 100_000, "steps", TERMS))
    assert len(lines) == 2
    assert all(len(line) <= width for line in lines)
    bar = "━━".ljust(20)
    assert lines[0] == f"training {bar}  12% 12,345/100,000 steps -:--:--"  # no time left after one report
    assert lines[1].startswith("  adversarial 247  cycle 0.247")
    assert "images/s 1,234" in lines[1]


def test_a_wide_terminal_has_every_figure_and_a_narrow_one_says_that_some_are_missing() -> None:
    progress = Progress("training", 1, 10, "steps", TERMS)
    assert "perceptual 0.500" in shown(120, progress)[1]
    narrow = shown(80, progress)[1]
    assert "perceptual" not in narrow
    assert narrow.endswith("images/s 1,234  …")


@pytest.mark.parametrize("width", [40, 60])
def test_a_very_narrow_terminal_does_without_the_bar(width: int) -> None:
    lines = shown(width, Progress("training", 5, 10, "steps", TERMS))
    assert lines[0] == "training  50% 5/10 steps -:--:--"
    assert len(lines) == 2 and len(lines[1]) <= width


def test_tasks_one_below_the_other_and_no_line_without_figures() -> None:
    lines = shown(80, Progress("reading", 28_000, None, "images"), Progress("near copies", 1, 4, "images"))
    assert len(lines) == 2
    assert "28,000 images" in lines[0] and "1/4 images" in lines[1]


@pytest.mark.parametrize("width", range(1, 90, 7))
def test_figures_never_wrap(width: int) -> None:
    assert len(fitting_figures(TERMS, width)) <= width


def test_a_terminal_that_has_closed_is_no_failure() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    bars = _Bars(Console(width=80, file=Closed(), force_terminal=True))
    bars(Note("going on from step 1"))
    bars(Progress("training", 1, 2, "steps"))
    bars.close()


def test_counts_have_no_decimals() -> None:
    figures = {"loss": 0.5, "validation faces left": 31.0, "images/s": 31.0}
    assert figures_text(figures) == "loss 0.500  validation faces left 31  images/s 31.0"
