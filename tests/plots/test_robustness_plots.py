"""Plots of degraded faces: every set has its line, and its name in the legend."""

from __future__ import annotations

from feraug.plots.robustness import robustness_figure


def test_every_line_is_in_the_legend() -> None:
    names = ["untouched", "real happy", "cyclegan", "_hidden"]
    levels = [
        {"name": name, "strength": strength, "amount": amount, "shares": [{"mean": 0.5}] * len(names)}
        for name, strength, amount in (("clean", 0.0, ""), ("blur", 1.0, "sigma 2"))
    ]
    figure = robustness_figure(levels, names, "faces")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "untouched",
        "real happy",
        "cyclegan",
        "hidden",
    ]
    assert len(figure.axes[0].lines) == len(names)
