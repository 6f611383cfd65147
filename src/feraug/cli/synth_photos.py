"""``feraug synth --photos``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from feraug.cli import config_options, console
from feraug.cli.command_line import as_typed
from feraug.config import PhotosConfig
from feraug.config.values import option
from feraug.errors import UsageError, one_line
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.photo_record import GroupResult
    from feraug.workflows.photos import PhotosResult

_NOT_HERE = (
    "emotion", "count", "strength", "source", "source_share", "batch_size", "dataset", "devices", "num_nodes",
)  # fmt: skip


def run(context: typer.Context, config: PhotosConfig, photos: Path) -> None:
    """Translate photos with the other options of ``feraug synth`` that stand in ``context``."""
    unused = config_options.typed(context, _NOT_HERE)
    unused += [] if config.degrade else config_options.typed(context, ["seed"])
    if unused:
        raise UsageError(f"--photos, {option(unused[0])}: cannot be combined; leave {option(unused[0])} out")

    from feraug.store.workspace import Workspace
    from feraug.workflows.photos import translate_photos

    given = context.params
    with console.notifier(quiet=given["quiet"]) as notify:
        result = translate_photos(
            config,
            photos,
            Workspace(given["workspace"]),
            model=given["model"],
            classifier=given["classifier"],
            name=given["name"],
            device=given["device"],
            overwrite=given["overwrite"],
            command=as_typed(),
            notify=notify,
        )
    console.print_json(result.as_json()) if given["as_json"] else _print(result)


def _print(result: PhotosResult) -> None:
    judged = any(group.called_after is not None for group in result.groups)
    called = [f"called {result.pair.b}, before", "after"] if judged else []
    table = console.new_table(
        None, "group", "photos", "faces", "no face", "skipped", "change", "cycle error", *called
    )
    for group in result.groups:
        table.add_row(*_row(group, judged=judged))
    console.print_table(table)
    console.print_text(
        "change: mean |translated - real|; cycle error: mean |translated back - real|; both in grey levels"
    )
    if result.degradations:
        _print_degradations(result)
    if result.classifier_digest is not None:
        console.print_text(f"called by {result.classifier} (SHA-256 {result.classifier_digest[:12]})")
    state = "already done" if result.already_done else "wrote"
    faces = plural(result.faces, "face")
    console.print_text(
        f"{state}: {result.path} ({faces}, {result.pair} by {result.model.stem}, found by {result.detector})"
    )


def _row(group: GroupResult, *, judged: bool) -> list[str]:
    def number(value: float | None, kind: str) -> str:
        return "-" if value is None else format(value, kind)

    cells = [one_line(group.name), f"{group.photos:,}", f"{group.faces:,}", f"{len(group.without_face):,}"]
    cells += [f"{len(group.skipped):,}", number(group.change, ".1f"), number(group.loss, ".1f")]
    return cells + ([number(group.called_before, ".0%"), number(group.called_after, ".0%")] if judged else [])


def _print_degradations(result: PhotosResult) -> None:
    """A degradation at a strength a row; without a classifier only how much was changed."""
    judged = result.degradations[0].translated is not None
    target = result.pair.b
    titles = ["then translated", "translated first"]
    called = [f"called {target}, %: degraded", *titles] if judged else []
    table = console.new_table(None, "degradation", "", "change", *called)
    for row in result.degradations:
        shares = [row.degraded, row.translated, row.translated_first]
        cells = ["" if share is None else f"{share['mean']:.0%}".rstrip("%") for share in shares]
        table.add_row(row.name, row.amount, f"{row.change:.1f}", *(cells if judged else []))
        if row.name == "clean":
            table.add_section()
    console.print_table(table)
    if judged:
        console.print_text(
            "translated first: clean faces, degraded afterwards; where it is low, the classifier itself "
            f"fails\n{plural(result.faces, 'face')}; --json has intervals"
        )
    else:
        console.print_text("--classifier FILE says what share is called the target")
    console.print_text(f"look at the picture: {result.path / 'degraded' / 'sheet.png'}")
