"""From blocks to HTML: what is escaped, how texts become code, colours that can be read."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from feraug.plots.inline import VARIABLES
from feraug.plots.page import Interval, curves_plot, distribution_plot, intervals_plot, stages_plot
from feraug.report import (
    Beside,
    Cell,
    Details,
    Facts,
    Figures,
    Group,
    Node,
    Page,
    Picture,
    Plot,
    Section,
    Strips,
    Table,
    Text,
    Tree,
    render,
)
from feraug.report.render import prose

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&\x1b[31m\n"


def hostile_page() -> Page:
    """Every block, with a name in every place that would leave it if it could."""
    picture = Picture("data:image/png;base64,AA==", 1, 1, HOSTILE, HOSTILE)
    cells = (Cell(HOSTILE, link="a"), Cell(HOSTILE, 1.0, 0.5, below=HOSTILE))
    blocks = (
        Text(HOSTILE, "warning"),
        Facts(((HOSTILE, HOSTILE),)),
        Table(HOSTILE, (HOSTILE, HOSTILE), (cells,), HOSTILE, across=HOSTILE),
        Figures((picture, Plot("<svg></svg>", HOSTILE, HOSTILE)), HOSTILE),
        Strips(((HOSTILE, picture),), HOSTILE),
        Details(HOSTILE, (Text(HOSTILE),)),
        Beside((Text(HOSTILE),)),
        Group("group", HOSTILE, (Text(HOSTILE),)),
        Tree((Node(HOSTILE, HOSTILE, HOSTILE, "file", "other", (Node(HOSTILE),)),)),
    )
    return Page(HOSTILE, ((HOSTILE, HOSTILE),), (Text(HOSTILE),), (Section("part", HOSTILE, blocks),))


def test_no_name_leaves_its_place(read_text: object) -> None:
    page = read_text(render(hostile_page()))  # type: ignore[operator]
    assert len(page.all("script")) == 1
    assert [image["src"] for image in page.all("img")] == ["data:image/png;base64,AA=="] * 2
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert (
        page.text.count("<script>alert(1)</script>") == 32
    )  # every place for a text, but alt and aria-label
    assert "\x1b" not in page.text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain & simple", "plain &amp; simple"),
        ("run `feraug <x>` now", "run <code>feraug &lt;x&gt;</code> now"),
        ("`a --b-c`", '<code>a <span class="word">--b-c</span></code>'),
        ("one ` alone", "one ` alone"),
        ("`a` and ` alone", "<code>a</code> and ` alone"),
        ("", ""),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_backticks_are_code(text: str, html: str) -> None:
    assert str(prose(text)) == html


def plots(name: str = "plain") -> list[str]:
    """One plot of each kind, whose names are ``name``."""
    splits = {split: {name: 5, "other": 0} for split in ("train", "validation", "test")}
    row = Interval(name, 0.5, 0.25, 1.0)
    return [
        distribution_plot(splits, "p-1"),
        intervals_plot(name, [row, Interval("none", None)], "points", "p-2", line=0.0, band=(0.2, 0.4)),
        stages_plot(["all", name], [1.0, 0.5], [1.0, float("nan")], "p-3"),
    ]


def test_plots_ask_for_nothing_and_share_no_id() -> None:
    texts = plots()
    for number, text in enumerate(texts, 1):
        assert text.startswith("<svg") and text.endswith("</svg>")
        assert "http" not in text and "<style" not in text and "<script" not in text
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(set(ids)) == len(ids) and all(found.startswith(f"p-{number}-") for found in ids)
        assert set(re.findall(r"(?:#|url\(#)([\w-]+)", text)) <= set(ids)
        # Every colour is the page's, so that it follows into dark mode.
        assert not re.search(r"(fill|stroke): ?#", text)
    assert plots() == texts


def test_hostile_names_stay_text_in_plots(read_text: object) -> None:
    for text in plots("<b>$x^2$</b>&\"'"):
        found = read_text(text)  # type: ignore[operator]
        assert not found.all("b")
        assert "$x^2$" in found.text


def test_an_empty_and_a_flat_history_can_be_drawn() -> None:
    import numpy as np

    flat = {"loss": (np.array([1.0]), np.array([0.0]))}
    assert curves_plot("loss", flat, "step", "p").startswith("<svg")


def style() -> str:
    """The page's style sheet."""
    return (resources.files("feraug.report") / "templates" / "style.css.j2").read_text("utf-8")


def palettes() -> list[dict[str, str]]:
    """The colours of light, dark and paper, by variable."""
    return [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", style(), re.DOTALL)
    ]


def luminance(colour: str) -> float:
    """WCAG's relative luminance of ``#rrggbb``."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, page: str, share: float) -> str:
    """What ``color-mix(in srgb, ...)`` gives."""
    channels = [
        round(share * int(colour[at : at + 2], 16) + (1 - share) * int(page[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def test_colours_can_be_read() -> None:
    assert contrast("#000000", "#ffffff") == 21
    most = int(re.search(r"var\(--heat, 0\) \* (\d+)%", style())[1]) / 100  # type: ignore[index]
    found = palettes()
    assert len(found) == 3
    for colours in found:
        for ground in ("page", "panel"):
            for text in ("ink", "muted", "accent"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["ink"], colours["warn-panel"]) >= 4.5
        for number in range(1, 7):  # lines and bars
            assert contrast(colours[f"series-{number}"], colours["page"]) >= 3, number
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):  # figures on a confusion matrix
            ground = mixed(colours["heat-colour"], colours["page"], most * share)
            assert contrast(colours["ink"], ground) >= 4.5, share


def test_every_variable_has_a_colour() -> None:
    used = set(re.findall(r"var\(--([\w-]+)", style())) | {
        name.removeprefix("--") for name in VARIABLES.values()
    }
    for colours in palettes():
        assert used - {"heat"} <= set(colours)
