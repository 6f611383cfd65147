"""``feraug report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.store.workspace import at_home
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.report import ReportResult

app = new_app()

_KINDS: Final = {
    "datasets": ("data set", "data sets"),
    "models": ("model", "models"),
    "synthetic": ("synthetic set", "synthetic sets"),
    "ssim": ("similarity analysis", "similarity analyses"),
    "compare": ("comparison", "comparisons"),
    "bench": ("benchmark", "benchmarks"),
}


@app.command()
def command(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            parser=at_home,
            help="Where to write it.",
            show_default="report.html in DIR",
        ),
    ] = None,
    real_faces: Annotated[
        bool,
        typer.Option(
            "--real-faces", help="Show real faces, too. For your own eyes: do not pass such a page on."
        ),
    ] = False,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """One HTML page of everything in the workspace: feraug report -w artifacts.

    The data, every model, translations, filters, similarity, comparisons, benchmarks, and what was made
    from what, in a file that needs no network. Real faces (of data that was not drawn) stay out of it.
    """
    from feraug.cli import console
    from feraug.store.workspace import Workspace
    from feraug.workflows.report import report

    with console.notifier(quiet=quiet) as notify:
        result = report(Workspace(workspace), out=out, real_faces=real_faces, notify=notify)
    console.print_json(result.as_json()) if as_json else print_result(result)


def print_result(result: ReportResult) -> None:
    """What the command says of its result."""
    from feraug.cli import console
    from feraug.cli.hints import command_in_workspace
    from feraug.workflows.report_words import size

    for problem in result.problems:
        console.print_text(f"left out: {problem['place']}: {problem['why']}")
    if result.left_out:
        pictures = plural(result.left_out, "plot or picture", "plots and pictures")
        console.print_text(f"left out: {pictures}, for which there was no room")
    holds = [plural(count, *_KINDS[kind]) for kind, count in result.holds.items() if count]
    for sentence in result.missing:
        plain = sentence.replace("`", "")
        if result.workspace != options.DEFAULT_WORKSPACE:
            plain = command_in_workspace(plain, str(result.workspace))
        console.print_text(plain)
    held = ", ".join(holds) or "nothing readable"
    console.print_text(f"wrote: {result.path} ({size(result.bytes)}: {held})")
