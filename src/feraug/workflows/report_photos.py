"""The report on translated photographs: what became of each group, and of degraded faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from feraug.errors import ArtifactError
from feraug.images import SIDE
from feraug.quoting import as_here
from feraug.report import Block, Cell, Details, Facts, Figures, Group, Section, Table, Text
from feraug.sources.photos import RECORD
from feraug.words import plural
from feraug.workflows.photo_pictures import COLUMNS
from feraug.workflows.photo_record import GroupResult, PhotosRecord, RobustnessRow, photo_folders, read_record
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import UNUSABLE
from feraug.workflows.report_pictures import Room, read_grid
from feraug.workflows.report_words import code, cut, number, values

_FOLDERS: Final = 6
_GROUPS: Final = 40
_PICTURED: Final = 4
_ROOM: Final = 400_000


def photos_section(desk: Desk) -> list[Section]:
    """The section on translated photographs, if there are any."""
    folders = photo_folders(desk.inventory.root)
    if not folders:
        return []
    room, shown = desk.room(_ROOM), folders[: desk.most(_FOLDERS)]
    blocks: list[Block] = []
    for folder in shown:
        try:
            blocks.append(_folder(desk, room, folder, read_record(folder)))
        except ArtifactError as problem:
            desk.inventory.problem(f"photos/{folder.name}/{RECORD}", problem)
    if len(folders) > len(shown):
        blocks.append(Text(f"{plural(len(folders) - len(shown), 'folder')} more not shown here."))
    return [Section("photos", "Photographs translated", tuple(blocks))] if blocks else []


def _folder(desk: Desk, room: Room, folder: Path, record: PhotosRecord) -> Group:
    groups = record.groups[: desk.most(_GROUPS)]
    pair = cut(record.config.get("pair", "?"), 40)
    faces = sum(one.faces for one in record.groups)
    target = pair.rpartition(":")[2]
    detector = cut(record.config.get("detector", "?"), 40)
    facts = [("pair", pair), ("faces", f"{faces:,}, found by {detector}")]
    if len(record.inputs) > 2:  # the photos, the translator, and who was asked what it calls the faces
        name, digest = list(record.inputs.items())[2]
        facts.append(("called by", f"{cut(name, 60)} (SHA-256 {cut(digest, 16)})"))
    blocks: list[Block] = [
        Facts(tuple(facts)),
        _groups_table(groups, target, len(record.groups) - len(groups)),
        *_degraded(record.degradations, target),
        *_pictures(desk, room, folder, record),
        Details(
            "every setting, and the command",
            (Facts(values(record.config)), Text(code(as_here(record.command)))),
        ),
    ]
    return Group(desk.ids.new("photos", folder.name), folder.name, tuple(blocks))


def _groups_table(groups: tuple[GroupResult, ...], target: str, more: int) -> Table:
    judged = any(one.called_after is not None for one in groups)
    called = (f"called {target}, %", "after") if judged else ()
    rows = tuple(
        (
            Cell(cut(one.name, 60)), number(one.photos), number(one.faces), number(len(one.without_face)),
            number(len(one.skipped)), number(one.change, ".1f"), number(one.loss, ".1f"),
            *(number(share, ".0f", 100) for share in (one.called_before, one.called_after) if judged),
        )
        for one in groups
    )  # fmt: skip
    note = "Change: mean |translated - real|; cycle error: mean |translated back - real|; in grey levels."
    if more:
        note += f" {plural(more, 'group')} more not shown here."
    columns = ("group", "photos", "faces", "no face", "skipped", "change", "cycle error", *called)
    return Table("What became of each group", columns, rows, note)


def _degraded(rows: tuple[RobustnessRow, ...], target: str) -> Iterator[Block]:
    """Folded away: a degradation at a strength a row."""
    if not rows:
        return
    judged = rows[0].translated is not None
    called = ("degraded", "then translated", "translated first") if judged else ()
    cells = tuple(
        (
            Cell(cut(f"{one.name} {one.amount}".strip(), 60)), number(one.change, ".1f"),
            *(map(_share, (one.degraded, one.translated, one.translated_first)) if judged else ()),
        )
        for one in rows
    )  # fmt: skip
    caption = f"Called {target}, %, with 95 % intervals" if judged else "Faces degraded, then translated"
    note = "Change: mean |translated - degraded|, in grey levels." + (
        " Translated first: clean faces, degraded afterwards; where it is low, the classifier itself fails."
        if judged
        else ""
    )
    table = Table(caption, ("degradation", "change", *called), cells, note, sortable=False)
    yield Details("by degradation", (table,))


def _share(share: Mapping[str, float] | None) -> Cell:
    if share is None:
        return Cell("")
    mean, low, high = (100 * share[name] for name in ("mean", "low", "high"))
    return Cell(f"{mean:.0f}", mean, below=f"{low:.0f} to {high:.0f}")


def _pictures(desk: Desk, room: Room, folder: Path, record: PhotosRecord) -> Iterator[Block]:
    """The sheets of the first groups: real, translated and recovered faces, three rows a block."""
    if not desk.inventory.real_faces:
        desk.hidden = True
        yield desk.withheld("the people in the photographs")
        return
    desk.shown = True
    pictures = []
    for name in sorted(one for one in record.files if one.endswith(".png") and "/" not in one)[:_PICTURED]:
        try:
            pixels = read_grid(folder / name, COLUMNS)
        except UNUSABLE as problem:
            desk.inventory.problem(f"photos/{folder.name}/{name}", problem)
        else:
            group = cut(name.removesuffix(".png"), 60)
            some = pixels[: 3 * SIDE]  # the first block of rows: hundreds of faces have no room
            caption = group if len(some) == len(pixels) else f"{group}, the first {COLUMNS}"
            pictures += list(room.picture(some, f"Faces of {group}", caption))
    if pictures:
        yield Figures(tuple(pictures), "Real faces, translated, and translated back.")
