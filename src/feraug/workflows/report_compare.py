"""The report on comparisons: the models of a pair on the same faces and measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from feraug.plots.page import Interval, intervals_plot
from feraug.report import Block, Cell, Details, Figures, Section, Table, Text
from feraug.store.header import COMPARE
from feraug.words import plural
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import UNUSABLE, Artifact
from feraug.workflows.report_pictures import Room, read_picture
from feraug.workflows.report_words import cut, interval_cell, minutes, number

_COMPARISONS: Final = 6
_ROOM: Final = 700_000
_MODELS: Final = 20

_MEASURES: Final[Mapping[str, tuple[str, str, float]]] = {
    "share": ("called {b}, %", ".1f", 100.0),
    "identity": ("SSIM to the source", ".3f", 1.0),
    "error": ("error, grey levels", ".2f", 1.0),
    "frechet": ("FER-FD", ".2f", 1.0),
    "kernel": ("FER-KID x 1000", ".1f", 1000.0),
    "density": ("density", ".2f", 1.0),
    "coverage": ("coverage", ".2f", 1.0),
}
"""Measures with an interval: heading, form, factor."""

_OF_GROUPS: Final = ("share", "identity", "error")
"""Measures that are known of each group of faces."""


def compare_section(desk: Desk) -> list[Section]:
    """The section on comparisons, if there are any."""
    found = desk.inventory.of(COMPARE)
    if not found:
        desk.lack(
            "No comparison of translators (the judge: feraug train vgg19, on a CPU with --preset cpu)",
            "feraug compare --pair neutral:happy",
        )
        return []
    room = desk.room(_ROOM)
    blocks = desk.groups(found, "compare", _COMPARISONS, lambda one: _comparison(desk, room, one))
    return [Section("compare", "Translators side by side", tuple(blocks))]


def _comparison(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    table = artifact.facts
    target = table["pair"].split(":")[1]
    sets: list[tuple[str, Mapping[str, Any]]] = [
        ("untouched", table["untouched"]),
        (f"real {target}", table["real"]),
        *((one["name"], one) for one in table["models"][: desk.most(_MODELS)]),
    ]
    measures = {key: words for key, words in _MEASURES.items() if any(one[key] for _, one in sets)}
    yield _figures_table(table, sets, measures)
    yield from _sentences(table)
    plots = [
        plot
        for key, (heading, form, times) in measures.items()
        for plot in room.plot(*_plot(desk, artifact, key, heading.format(b=target), form, times, sets))
    ]
    if plots:
        floors = " Grey band, the floor: real faces against other real faces." if table["floor"] else ""
        yield Figures(tuple(plots), f"95 % intervals; grey: faces as they are, and real ones.{floors}")
    yield from _by_group(table, desk.most(_MODELS))
    yield from _by_degradation(table, desk.most(_MODELS))
    yield from _faces(desk, room, artifact)


def _figures_table(
    table: Mapping[str, Any],
    sets: Sequence[tuple[str, Mapping[str, Any]]],
    measures: Mapping[str, tuple[str, str, float]],
) -> Table:
    target = table["pair"].split(":")[1]
    headings = [heading.format(b=target) for heading, _, _ in measures.values()]
    columns = (
        "set", *headings, "SSIM within", "variety", "histogram", "near copies, %", "C_T", "step", "trained",
        "collapsed",
    )  # fmt: skip
    rows = []
    for name, one in sets:
        cells = [interval_cell(one[key], form, times) for key, (_, form, times) in measures.items()]
        near, copying, training = one["near_copies"], one["copying"], one.get("training")
        cells += [
            number(one["within"], ".3f"),
            number(one["variety"], ".2f"),
            number(one.get("histogram"), ".1f"),
            number(near["share"] if near else None, ".1f", 100),
            number(copying["statistic"] if copying else None, ".1f"),
            number(training["step"] if training else None),
            Cell(minutes(training["seconds"]), training["seconds"]) if training else Cell(""),
            Cell("yes" if one["collapsed"] else "no") if training else Cell(""),
        ]
        rows.append((Cell(cut(name, 60)), *cells))
    caption = f"{table['pair']}, {plural(table['faces'], 'validation face')}, with 95 % intervals"
    filled = [place for place in range(len(columns)) if any(row[place].text for row in rows)]
    kept = tuple(tuple(row[place] for place in filled) for row in rows)
    return Table(caption, tuple(columns[place] for place in filled), kept)


def _by_group(table: Mapping[str, Any], models: int) -> Iterator[Block]:
    """Folded away: a table for each attribute and measure, a group a row."""
    target = table["pair"].split(":")[1]
    names = ["untouched", f"real {target}", *(cut(one["name"], 60) for one in table["models"][:models])]
    tables = []
    for attribute, some in groupby(table["by_group"], lambda one: str(one["attribute"])):
        groups = list(some)
        for key in _OF_GROUPS:
            heading, form, times = _MEASURES[key]
            rows = [
                (
                    Cell(cut(one["group"], 60)),
                    number(one["faces"]),
                    *(
                        interval_cell(figures[key], form, times)
                        for figures in (one["untouched"], one["real"], *one["models"][:models])
                    ),
                )
                for one in groups
            ]
            first = 2 + (key == "identity")  # an untouched face is its own source
            filled = [place for place in range(first, 2 + len(names)) if any(row[place].text for row in rows)]
            if filled:
                columns = [attribute, "faces", *(names[place - 2] for place in filled)]
                kept = tuple((*row[:2], *(row[place] for place in filled)) for row in rows)
                caption = f"{heading.format(b=target)}, by {cut(attribute, 60)}, with 95 % intervals"
                tables.append(Table(caption, tuple(cut(name, 60) for name in columns), kept))
    if tables:
        yield Details("by group", tuple(tables))


def _by_degradation(table: Mapping[str, Any], models: int) -> Iterator[Block]:
    """Folded away: how often degraded faces are called the target, a strength a row."""
    found, target = table["by_degradation"], table["pair"].split(":")[1]
    if found is None:
        return
    names = (cut(one["name"], 60) for one in table["models"][:models])
    _, form, times = _MEASURES["share"]
    rows = tuple(
        (
            Cell(cut(f"{level['name']} {level['amount']}".strip(), 60)),
            *(
                interval_cell(share, form, times)
                for share in (
                    level["untouched"], level["real"], *(one["share"] for one in level["models"][:models]),
                )
            ),
        )
        for level in found["levels"]
    )  # fmt: skip
    caption = (
        f"Called {target}, %: {plural(found['faces'], 'face')} degraded, then translated, and "
        f"{plural(found['real_faces'], f'real {target} one')} degraded, with 95 % intervals"
    )
    note = f"Where 'real {target}' is low, the judge itself fails."
    columns = ("degradation", "untouched", f"real {target}", *names)
    yield Details("by degradation", (Table(caption, columns, rows, note, sortable=False),))


def _sentences(table: Mapping[str, Any]) -> Iterator[Block]:
    judge, pair = table["judge"], table["pair"].split(":")
    known = judge["validation_accuracy"]
    right = "" if known is None else f", {known:.1%} right on validation"
    yield Text(
        f"The judge is {cut(judge['name'], 60)} (SHA-256 {cut(judge['sha256'], 16)}){right}. When "
        "this was measured, no set that was there told of it having filtered what these models learned from "
        "or made."
    )
    if table["subsample"]:
        yield Text(
            f"Distances: {table['subsample']:,} images against as many of {table['references']:,} real "
            f"{pair[1]} training faces, 20 times."
        )
    for one in table["models"]:
        if one["collapsed"]:
            words = "has collapsed: its translations are less than half as varied as their sources."
            yield Text(f"{cut(one['name'], 60)} {words}", "warning")


def _plot(
    desk: Desk,
    artifact: Artifact,
    key: str,
    heading: str,
    form: str,
    times: float,
    sets: Sequence[tuple[str, Mapping[str, Any]]],
) -> tuple[str, str]:
    """A measure's plot, and what it shows in words."""
    rows, words = [], []
    for number_of, (name, one) in enumerate(sets):
        found = one[key]
        mean, low, high = (times * found[end] if found else None for end in ("mean", "low", "high"))
        rows.append(Interval(name, mean, low, high, real=number_of < 2))
        if found:
            words.append(f"{cut(name, 40)} {format(times * found['mean'], form)}")
    floor = (artifact.facts["floor"] or {}).get(key)
    band = (times * floor["low"], times * floor["high"]) if floor else None
    svg = intervals_plot(heading, rows, "", desk.ids.new("p", artifact.name), band=band)
    return svg, f"{heading}, with 95 % intervals: {'; '.join(words)}"


def _faces(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    """The picture of the same faces under every model, which shows real ones."""
    path = artifact.path.with_suffix(".png")
    if not path.is_file():
        return
    if not desk.may_show(artifact):
        yield desk.withheld("the faces under every model")
        return
    try:
        pixels = read_picture(path)
    except UNUSABLE as problem:
        desk.inventory.problem(f"compare/{path.name}", problem)
        return
    models = plural(len(artifact.facts["models"]), "model")
    alt = f"The same faces as they are and as {models} translated them, {artifact.facts['pair']}"
    pictures = tuple(room.picture(pixels, alt, sharp=False))
    if pictures:
        yield Figures(pictures, "Each row is one person.", wide=True)
