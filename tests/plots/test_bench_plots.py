"""Plots of a benchmark: a panel a difference on one scale, with the figures beside it; matrices in rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from feraug.emotions import EMOTIONS
from feraug.plots.bench import _share, confusion_figure, table_figure
from feraug.plots.titles import fitted


def figures(*arms: str) -> dict[str, Any]:
    """Of 90 test images of each emotion but disgust, which has none."""
    totals = {name: 0 if name == "disgust" else 90 for name in EMOTIONS}
    per_class = {
        name: {"correct": [total // 2, total // 3], "total": total} for name, total in totals.items()
    }
    confusion = np.diag([total // 2 for total in totals.values()]).tolist()
    row = {"mean": 0.02, "low": -0.01, "high": 0.05, "p": 0.2}
    return {
        "arms": {arm: {"per_class": per_class, "confusion": confusion} for arm in ("real", *arms)},
        "differences": {
            f"{arm} - real": {
                "accuracy": row,
                "macro_f1": {**row, "high": 0.05 * (number + 1)},
                "balanced_accuracy": row,
                "per_class": {name: {**row, "p_holm": 0.0004} for name, total in totals.items() if total},
            }
            for number, arm in enumerate(arms)
        },
    }


def test_every_difference_has_a_panel_with_its_figures_on_the_scale_of_all() -> None:
    figure = table_figure(figures("mixup", "oversampled"), "a title\nREDUCED: repeats 2 (default 5)")
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim() and first.get_xlim()[1] >= 10.0
    assert [axes.get_title() for axes in figure.axes] == ["real  →  mixup", "real  →  oversampled"]
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names[0] == "angry   42 % 37.5/90  →  42 % 37.5/90"
    assert [name.split("  ")[0] for name in names] == [
        "angry", "fear", "happy", "sad", "surprise", "neutral", "all", "macro F1", "balanced",
    ]  # fmt: skip
    assert names[6] == "all   42 % 225/540  →  42 % 225/540"
    words = [label.get_text() for label in first.child_axes[0].get_yticklabels()]
    assert words[0] == "+2.0 [-1.0, +5.0]   p < 0.001" and words[6] == "+2.0 [-1.0, +5.0]   p = 0.200"
    assert "REDUCED" in figure.get_suptitle()
    assert first.get_xlabel() == "points, 95 % interval; p of the emotions by Holm"
    once = figures("mixup")
    for count in once["arms"]["mixup"]["per_class"].values():
        count["correct"] = count["correct"][:1]
    (axes,) = table_figure(once, "of one repeat").axes
    assert axes.get_xlabel() == "points, 95 % interval of the images alone; p of the emotions by Holm"


def test_without_a_difference_the_recall_is_shown() -> None:
    (axes,) = table_figure(figures(), "one arm").axes
    assert axes.get_yticklabels()[0].get_text() == "angry   42 % 37.5/90"


def test_many_right_ones_are_written_out() -> None:
    assert _share({"correct": [12345, 12346], "total": 20000}) == "62 % 12345.5/20000"
    assert _share({"correct": [282], "total": 491}) == "57 % 282/491"


@pytest.mark.parametrize(("arms", "shape"), [(0, (1, 1)), (2, (1, 3)), (4, (2, 3))])
def test_matrices_stand_in_rows_of_three_and_places_left_over_are_empty(
    arms: int, shape: tuple[int, int]
) -> None:
    figure = confusion_figure(figures(*(f"arm{number}" for number in range(arms))), "a title")
    grid = figure.axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert [axes.axison for axes in figure.axes].count(True) == arms + 1
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert shown == {"", "0", "100"}, "nothing is written in the row of an emotion without images"


def test_a_long_title_stays_within_its_figure() -> None:
    title = (
        "simple on the test images of dataset.h5: called so, %\n"
        "REDUCED: repeats 1 (default 5), epochs 2 (default 60), width 0.25 (default 1)"
    )
    confusion = np.eye(7).tolist()
    figure = confusion_figure({"arms": {"real": {"confusion": confusion}}}, title)
    FigureCanvasAgg(figure).draw()
    inside = figure.bbox
    texts = [
        figure.get_suptitle(),
        *(text for axes in figure.axes for text in (axes.get_title(), axes.get_xlabel())),
    ]
    assert texts[1:] == ["real: % of each row", "called"]
    (heading,) = (text for text in figure.texts if text.get_text() == texts[0])
    extent = heading.get_window_extent()
    assert inside.x0 <= extent.x0 and extent.x1 <= inside.x1
    for axes in figure.axes:
        assert axes.title.get_window_extent().y1 <= extent.y0, "below the heading"
        assert axes.xaxis.label.get_window_extent().y0 >= 0
    assert fitted("a\nb c", 0.01, 10) == "a\nb c" and fitted("x" * 40, 1.0, 10) == "x" * 40
    assert fitted("one two three four five", 1.0, 10) == "one two three\nfour five"
