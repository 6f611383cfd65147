"""The report on synthetic sets: sheets by label, where they came from, what a filter let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from feraug.emotions import EMOTIONS, UNLABELLED
from feraug.plots.page import stages_plot
from feraug.report import Beside, Block, Cell, Details, Facts, Figures, Section, Strips, Table, Text
from feraug.store.header import SYNTHETIC
from feraug.store.synthetic import read_synthetic
from feraug.words import plural
from feraug.workflows.filter_stages import STAGE_NAMES
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import Artifact
from feraug.workflows.report_pictures import Room, some
from feraug.workflows.report_words import code, cut, figure, listed, number, values, word
from feraug.workflows.synthetic_sets import up_to_times

_SETS: Final = 12
_ROWS: Final = 100
_ROOM: Final = 900_000
_STAGES: Final = 12


def synthetic_section(desk: Desk) -> list[Section]:
    """The section on synthetic sets, if there are any."""
    found = desk.inventory.of(SYNTHETIC)
    if not found:
        desk.lack("No synthetic faces", "feraug synth --pair neutral:happy -n 5000")
        return []
    if not any("filter" in one.facts for one in found):
        desk.lack("No filtered set", "feraug filter NAME --emotion happy")
    room = desk.room(_ROOM)
    rows = desk.rows(found[: desk.most(_ROWS)], lambda one: _row(desk, one))
    columns = ("set", "labels", "made from", "images", "source images", "filtered")
    more = "" if len(found) <= len(rows) else f"The first {len(rows)} of {len(found):,} sets."
    table = Table("All synthetic sets", columns, rows, more, words=3)
    groups = desk.groups(found, "set", _SETS, lambda one: _set(desk, room, one))
    return [Section("synthetic", "Synthetic faces", (table, *groups))]


def _row(desk: Desk, artifact: Artifact) -> tuple[Cell, ...]:
    facts = artifact.facts
    shown = desk.inventory.of(SYNTHETIC).index(artifact) < desk.most(_SETS)
    return (
        Cell(cut(artifact.name, 60), link=desk.group_id("set", artifact) if shown else ""),
        word(listed(facts["labels"], 7)),
        word(_origin(desk, facts)),
        number(facts["images"]),
        number(facts["source_images"] or None),
        Cell("yes" if "filter" in facts else "no", float("filter" in facts)),
    )


def _origin(desk: Desk, facts: Mapping[str, Any]) -> str:
    if "filter" in facts:
        parent = desk.inventory.find(facts["parent"])
        return f"filtered from {parent.name}" if parent else "a set that is not here"
    if not facts["source_images"]:
        return "noise"
    return cut(facts["config"].get("pair", "faces"), 40)


def _set(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    facts = artifact.facts
    maker = desk.inventory.find(str(facts.get("model", "")))
    counts = ", ".join(f"{count:,} {label}" for label, count in facts["labels"].items())
    of_faces = "made from noise"
    if facts["source_images"]:
        times = up_to_times(facts["rounds"])
        of_faces = f"made from {plural(facts['source_images'], 'source image')}, each used {times}"
    yield Facts(
        (
            ("images", counts),
            ("model", cut(maker.name if maker else "not in this workspace")),
            ("how", of_faces),
        )
    )
    if "filter" in facts:
        yield from _filter(desk, room, artifact, facts["filter"])
    yield from _sheet(desk, room, artifact)
    yield Details("settings, and the command", (Facts(values(facts["config"])), Text(code(facts["command"]))))


def _sheet(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    """Some images of every label; translations only where their sources might be shown as well."""
    if artifact.facts["source_images"] and not desk.may_show(artifact):
        yield desk.withheld("translated faces, which are much like the faces they were made from,")
        return
    faces = read_synthetic(artifact.path)
    strips = []
    for emotion in (*range(len(EMOTIONS)), UNLABELLED):
        label = "unlabelled" if emotion == UNLABELLED else EMOTIONS[emotion]
        rows = some(np.flatnonzero(faces.labels == emotion))
        alt = f"{plural(len(rows), 'synthetic image')} of {artifact.name}: {label}"
        strips += [(label, picture) for picture in room.strip(faces.images[rows], alt)]
    if strips:
        yield Strips(tuple(strips), "Uncurated: evenly spaced over the file.")


def _filter(desk: Desk, room: Room, artifact: Artifact, found: Mapping[str, Any]) -> Iterator[Block]:
    """What each stage let through, beside the same of real validation images."""
    stages: Sequence[Mapping[str, Any]] = found["stages"][:_STAGES]
    shown = [
        one
        for one in stages
        if one["limit"] is not None or one["name"] == "called" or one["dropped"] or one["real_dropped"]
    ]
    if not shown:
        return
    images, real = stages[0]["left"] + stages[0]["dropped"], found["real_images"]
    rows: list[tuple[Cell, ...]] = [(Cell("all"), Cell(""), Cell(""), number(images), Cell(""), number(real))]
    made_shares, real_shares = [1.0], [1.0]
    for stage in shown:
        rows.append(_stage(stage, images, real))
        made_shares.append(stage["left"] / max(images, 1))
        real_shares.append(float("nan") if stage["name"] == "best" else stage["real_left"] / max(real, 1))
    names = ["all", *(STAGE_NAMES.get(one["name"], cut(one["name"], 30)) for one in shown)]
    ends = f"{shown[-1]['left']:,} of {images:,} are left"
    svg = stages_plot(names, made_shares, real_shares, desk.ids.new("p", artifact.name))
    plots = tuple(room.plot(svg, f"Share left after each stage of the filter; {ends}"))
    columns = ("stage", "limit", "gone", "left", "real: gone", "real: left")
    note = (
        f"Faces by {cut(found['detector'], 40)}, emotions by the classifier with SHA-256 "
        f"{cut(found['classifier'], 16)}; real: images of validation with the same label."
    )
    table = Table("What the filter let through", columns, tuple(rows), note, sortable=False)
    yield Beside((Figures(plots), table)) if plots else table
    if found.get("by_emotion"):
        yield _by_emotion(found["by_emotion"])


def _by_emotion(by_emotion: Mapping[str, Mapping[str, Any]]) -> Table:
    """What the filter left of each emotion, beside the same of the real ones; not of a stage of its own."""
    rows = []
    for emotion, found in list(by_emotion.items())[: len(EMOTIONS)]:
        if not found["stages"]:
            continue
        first, last = found["stages"][0], found["stages"][-1]
        cells = []
        for prefix in ("", "real_"):
            total = first[f"{prefix}dropped"] + first[f"{prefix}left"]
            cells += [number(total), _left(last[f"{prefix}left"], total)]
        rows.append((Cell(cut(emotion, 30)), *cells))
    columns = ("made as", "images", "left", "real", "real: left")
    return Table(
        "What it left of each emotion", columns, tuple(rows), "Each had to show what it was made as."
    )


def _stage(stage: Mapping[str, Any], images: int, real: int) -> tuple[Cell, ...]:
    cells = [
        Cell(STAGE_NAMES.get(stage["name"], cut(stage["name"], 30))),
        Cell(figure(stage["limit"], ".3g")),
        number(stage["dropped"]),
        _left(stage["left"], images),
    ]
    if stage["name"] == "best":  # takes the best of the synthetic ones alone
        return (*cells, Cell(""), Cell(""))
    return (*cells, number(stage["real_dropped"]), _left(stage["real_left"], real))


def _left(count: int, of: int) -> Cell:
    return Cell(f"{count:,}", float(count), below=f"{count / max(of, 1):.1%}")
