"""``feraug demo``."""

from __future__ import annotations

import importlib
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feraug.cli import options
from feraug.cli.commands import new_app

if TYPE_CHECKING:
    from feraug.workflows.demo import DemoStep, StepResult

DEFAULT_WORKSPACE = Path("feraug-demo")

app = new_app()


@app.command()
def command(
    quick: Annotated[
        bool, typer.Option("--quick", help="Every step in seconds, too short to show anything: a test.")
    ] = False,
    seed: options.SeedOption = 0,
    workspace: options.WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """The whole chain on drawn faces, in four minutes: feraug demo -w feraug-demo.

    Needs no data and no network. Each step prints the command that does the same. Stopped, the same
    command goes on.
    """
    from feraug.config import QUICK, DemoConfig
    from feraug.store.workspace import Workspace
    from feraug.workflows.demo import demo_steps

    config = replace(QUICK, seed=seed) if quick else DemoConfig(seed=seed)
    steps = demo_steps(config, Workspace(workspace))
    told = [_run(step, f"{number}/{len(steps)}", as_json, quiet) for number, step in enumerate(steps, 1)]
    _end(told, workspace, as_json)


def _run(step: DemoStep, number: str, as_json: bool, quiet: bool) -> dict[str, Any]:
    """Run a step, print it as its own command would, and give what ``--json`` tells of it."""
    from feraug.cli import console

    if not as_json:
        console.print_heading(f"{number} {step.name}", step.purpose)
        console.print_text(f"$ {step.typed}")
        sys.stdout.flush()  # before what the step says on stderr
    started = time.monotonic()
    with console.notifier(quiet=quiet) as notify:
        result = step.run(notify)
    if getattr(result, "interrupted", False):
        console.print_error("interrupted; saved. The same command goes on from here")
        raise typer.Exit(130)
    if not as_json:
        _print(step, result)
    seconds = round(time.monotonic() - started, 1)
    return {"name": step.name, "command": step.command, "seconds": seconds, "result": result.as_json()}


def _print(step: DemoStep, result: StepResult) -> None:
    from feraug.cli import console

    if getattr(result, "already_done", False):
        console.print_text(f"already done: {result.path}")
        return
    importlib.import_module(f"feraug.cli.{step.arguments[0]}").print_result(result)


def _end(told: list[dict[str, Any]], workspace: Path, as_json: bool) -> None:
    from feraug.cli import console

    path, seconds = told[-1]["result"]["path"], round(sum(step["seconds"] for step in told), 1)
    if as_json:
        root = str(workspace.resolve())
        console.print_json({"path": path, "workspace": root, "seconds": seconds, "steps": told})
        return
    console.print_text(f"\ndone in {console.clock(seconds)}; open this in a browser:\n{path}")
