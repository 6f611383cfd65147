"""``feraug doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from feraug.cli import options
from feraug.cli.commands import new_app

if TYPE_CHECKING:
    from feraug.workflows.doctor import Examination

app = new_app()


@app.command()
def command(
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Is everything here, and the workspace whole? feraug doctor -w artifacts.

    Only looks: changes nothing and uses no network. Exit code 1 when something is broken.
    """
    from feraug.cli import console
    from feraug.store.workspace import Workspace
    from feraug.workflows.doctor import examine

    with console.notifier(quiet=quiet) as notify:
        found = examine(Workspace(workspace), notify=notify)
    console.print_json(found.as_json()) if as_json else _print(found)
    if not found.usable:
        raise typer.Exit(1)


def _print(found: Examination) -> None:
    from rich.text import Text

    from feraug.cli import console
    from feraug.errors import one_line

    table = console.new_table()
    for _ in range(3):
        table.add_column(overflow="fold")
    table.show_header = False
    section = None
    for finding in found.findings:
        if section is not None and finding.section != section:
            table.add_row()
        if finding.section != section:
            table.add_row(Text(finding.section, style="bold"))
            section = finding.section
        told = one_line(finding.value) + (f"\n-> {one_line(finding.advice)}" if finding.advice else "")
        state = Text(finding.state, style=_STYLES[finding.state])
        table.add_row(f"  {one_line(finding.name)}", told, state)
    console.print_table(table, wrap=True)
    console.print_text(found.verdict)


_STYLES = {"ok": "green", "note": "yellow", "broken": "bold red"}
