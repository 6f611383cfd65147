"""``feraug export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.store.workspace import at_home
from feraug.words import plural

app = new_app()


@app.command()
def command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=at_home,
            help="A dataset, a synthetic set or a model, or its name in the workspace.",
            show_default=False,
        ),
    ],
    destination: Annotated[
        Path,
        typer.Argument(
            metavar="DEST",
            parser=at_home,
            help="A folder for PNGs, or a file NAME.csv (.csv.gz); NAME.h5 for a model.",
            show_default=False,
        ),
    ],
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights", metavar="TYPE", help="For a model: float16 or float32.", show_default="float16"
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Images for other tools: feraug export artifacts/dataset.h5 faces/.

    A folder gets EMOTION/*.png (a dataset SPLIT/EMOTION/*.png), as torchvision's ImageFolder
    reads it; NAME.csv gets FER2013's columns emotion,pixels,Usage.  Of a model, OUT.h5 gets the
    weights that make images and nothing of its training: feraug export MODEL.h5 OUT.h5.
    Run again, it says "already done" while source and export are as they were.
    """
    from feraug.cli import console
    from feraug.store.workspace import Workspace
    from feraug.workflows.export import export_artifact

    file = Workspace(workspace).artifact(file)
    with console.notifier(quiet=quiet) as notify:
        result = export_artifact(file, destination, weights=weights, overwrite=overwrite, notify=notify)
    if as_json:
        console.print_json(result.as_json())
    else:
        what = plural(result.images, "image") if result.images else "weights"
        state = "already done" if result.already_done else "wrote"
        console.print_text(f"{state}: {result.path} ({what}, {result.format})")
