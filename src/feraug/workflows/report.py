"""``feraug report``: everything that a workspace holds, in one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from feraug.errors import ConfigConflictError, FeraugError, UsageError
from feraug.report import GENERATOR, Page, Section, Table, Text, render
from feraug.report.blocks import Cell
from feraug.store.atomic import atomic_path
from feraug.store.header import BENCH, COMPARE, DATASET, MODEL, SSIM, SYNTHETIC
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.events import Notify, Progress, ignore
from feraug.workflows.report_bench import answers, bench_section
from feraug.workflows.report_compare import compare_section
from feraug.workflows.report_dataset import dataset_section
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import Inventory, take_inventory
from feraug.workflows.report_models import models_section
from feraug.workflows.report_photos import photos_section
from feraug.workflows.report_provenance import provenance_section
from feraug.workflows.report_ssim import ssim_section
from feraug.workflows.report_synthetic import synthetic_section
from feraug.workflows.report_words import cut

LARGEST: Final = 5_000_000
"""Bytes that no page is larger than."""

_SCALES: Final = (1.0, 0.75, 0.5, 0.2, 0.05, 0.01)
_PROBLEMS: Final = 100
_PARTS: Final = {
    "the data": dataset_section,
    "models": models_section,
    "synthetic faces": synthetic_section,
    "similarity": ssim_section,
    "comparisons": compare_section,
    "photographs": photos_section,
    "benchmarks": bench_section,
    "provenance": provenance_section,
}


@dataclass(frozen=True)
class ReportResult:
    """A report; ``as_json`` is what ``--json`` prints."""

    path: Path
    bytes: int
    holds: dict[str, int]
    """How many artifacts of each kind it tells of."""
    problems: list[dict[str, str]]
    """Files that could not be read, or not in full: ``place`` and ``why``."""
    missing: list[str]
    """A sentence for each part that is not there, with the command that makes it."""
    left_out: int
    """Plots and pictures for which there was no room."""
    real_faces: bool
    """Whether real faces may stand in it."""
    workspace: Path
    """The folder that it tells of."""

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**vars(self), "path": str(self.path), "workspace": str(self.workspace.resolve())}


def report(
    workspace: Workspace, *, out: Path | None = None, real_faces: bool = False, notify: Notify = ignore
) -> ReportResult:
    """Write the report of a workspace to ``out``, by default ``report.html`` in it.

    Real faces stand in it only with ``real_faces``; drawn ones always do.  Files that cannot be
    read are named on the page.  Raises :class:`~feraug.errors.MissingArtifactError` for an empty
    workspace, :class:`UsageError` for a name that is no page's, and :class:`ConfigConflictError` when
    something other than a report stands at ``out``.
    """
    path = out or workspace.root / "report.html"
    _check_place(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"--out {path}: a report is an HTML page; name it {path.stem}.html, and print that to PDF"
        )
    inventory = take_inventory(workspace, notify, real_faces=real_faces)
    title = workspace.root.resolve().name or "workspace"
    for scale in _SCALES:
        desk = Desk(inventory, scale)
        text = render(_page(desk, title, notify))
        if len(text.encode()) < LARGEST:
            break
    else:
        raise FeraugError(
            f"{workspace.root}: the page would be larger than {LARGEST:,} bytes; move some files elsewhere"
        )
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")
    return ReportResult(
        path.resolve(),
        len(text.encode()),
        _holds(inventory),
        [{"place": one.place, "why": one.why} for one in inventory.problems],
        [one.text for one in desk.missing],
        sum(room.left_out for room in desk.rooms),
        real_faces,
        workspace.root,
    )


def _check_place(path: Path) -> None:
    """Refuse to replace what no report has written."""
    if not path.exists():
        return
    mark = f'name="generator" content="{GENERATOR}'.encode()
    if path.is_file():
        with path.open("rb") as stream:
            if mark in stream.read(4096):
                return
    raise ConfigConflictError(
        f"{path} is there and is no report of feraug's; choose another place with --out FILE"
    )


def _holds(inventory: Inventory) -> dict[str, int]:
    names = {
        "datasets": DATASET,
        "models": MODEL,
        "synthetic": SYNTHETIC,
        "ssim": SSIM,
        "compare": COMPARE,
        "bench": BENCH,
    }
    return {name: len(inventory.of(kind)) for name, kind in names.items()}


def _page(desk: Desk, title: str, notify: Notify) -> Page:
    sections: list[Section] = []
    for number, (name, part) in enumerate(_PARTS.items(), 1):
        notify(Progress("writing", number, len(_PARTS), f"parts: {name}"))
        sections += part(desk)
    sections += _rest(desk)
    return Page(f"{title}", _numbers(desk.inventory), tuple(_lead(desk)), tuple(sections))


def _numbers(inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """The figures at the top, of what there is."""

    def images(kind: str) -> int:
        return sum(one.facts["images"] for one in inventory.of(kind))

    counts = (
        (images(DATASET), "image", "images", " in data sets"),
        (len(inventory.of(MODEL)), "model", "models", ""),
        (images(SYNTHETIC), "image", "images", " in synthetic sets"),
        (len(inventory.of(BENCH)), "benchmark", "benchmarks", ""),
    )
    return tuple(
        (f"{count:,}", f"{one if count == 1 else several}{where}")
        for count, one, several, where in counts
        if count
    )


def _lead(desk: Desk) -> list[Text]:
    """What a reader should know first."""
    lead = list(answers(desk))
    if desk.shown:
        lead.append(Text("This page shows real faces. Pass it on only if their licence lets you.", "warning"))
    elif desk.hidden:
        lead.append(
            Text(
                "Real faces, and pictures made from them, are left out of this page, so that it can be "
                "passed on. `feraug report --real-faces` includes them, for your own eyes.",
                "warning",
            )
        )
    return lead


def _rest(desk: Desk) -> list[Section]:
    """What is not there: parts that nobody has made, files that could not be read, pictures without room."""
    sections = []
    if desk.missing:
        sections.append(Section("missing", "Not here yet", tuple(desk.missing)))
    problems = desk.inventory.problems
    blocks: list[Text | Table] = []
    if problems:
        shown = problems[: desk.most(_PROBLEMS)]
        rows = tuple((Cell(cut(one.place, 120)), Cell(cut(one.why, 200))) for one in shown)
        note = "" if len(shown) == len(problems) else f"The first {len(shown)} of {len(problems):,}."
        blocks.append(Table("What could not be read, or not in full", ("file", "why"), rows, note, words=2))
    without = sum(room.left_out for room in desk.rooms)
    if without:
        pictures = plural(without, "plot or picture", "plots and pictures")
        blocks.append(
            Text(
                f"{pictures} had no room: each part has a share of the {LARGEST / 1e6:.0f} MB of this page.",
                "warning",
            )
        )
    if blocks:
        sections.append(Section("left-out", "Left out", tuple(blocks)))
    return sections
