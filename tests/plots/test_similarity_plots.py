"""Plots of similarities: readable files, the same bytes each time, any names."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from feraug.plots import PairRow, Panel, plot_distributions, plot_pairs


def panels() -> list[Panel]:
    random = np.random.default_rng(0)
    values = [random.uniform(-0.2, 1, 50).astype(np.float32) for _ in range(3)]
    nothing = np.empty(0, np.float32)
    return [
        Panel(
            "first", {"real": values[0], "none": nothing}, {"_$odd$": values[1], "工": values[2]}, 0.5, "mark"
        ),
        Panel("second, empty", {}, {"none": nothing}),
        Panel("third", {}, {"one": values[0][:1]}),
    ]


def test_more_sets_than_colours_are_told_apart() -> None:
    from matplotlib.figure import Figure

    from feraug.plots.similarity import _histograms

    axes = Figure().subplots()
    values = np.linspace(0, 1, 9, dtype=np.float32)
    _histograms(Panel("many", {}, {f"set{number}": values for number in range(9)}), axes, [0, 0.5, 1])
    drawn = [(patch.get_edgecolor(), patch.get_linestyle()) for patch in axes.patches]
    assert len(drawn) == len(set(drawn)) == 9


def test_names_of_one_chain_stay_apart_when_they_are_cut() -> None:
    from feraug.plots.inline import short

    names = [f"cyclegan-neutral-happy-from-wgan-gp-neutral{ending}" for ending in ("", "-filtered")]
    cut = [short(name) for name in names]
    assert len(set(cut)) == 2 and all(len(name) == 28 and "…" in name for name in cut)
    assert short("_under") == "under", "matplotlib hides what begins with an underscore"
    assert short("a" * 28) == "a" * 28


def test_distributions_as_png_and_svg(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("png", "svg"):
            plot_distributions(panels(), tmp_path / f"one.{kind}", kind)
            plot_distributions(panels(), tmp_path / "temporary.partial", kind)  # whatever the ending
            assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / "temporary.partial").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.width > 600 and np.asarray(picture).std() > 1
    assert ET.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("counts", [(10, 10), (1, 3), (2,)])
def test_pairs(tmp_path: Path, counts: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    rows = [
        PairRow(
            f"row of {count}",
            random.integers(0, 256, (count, 48, 48), np.uint8),
            np.zeros((count, 48, 48), np.uint8),
            random.uniform(-1, 1, count).astype(np.float32),
        )
        for count in counts
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_pairs(rows, tmp_path / "pairs")
    with Image.open(tmp_path / "pairs") as picture:
        assert picture.format == "PNG"
        grey = np.asarray(picture.convert("L"))
    assert (grey == 0).mean() > 0.01  # the black faces are there
