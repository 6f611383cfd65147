"""``feraug export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app

app = new_app()


@app.command()
def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A dataset or a synthetic set.", show_default=False)
    ],
    destination: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder for PNGs, or a file NAME.csv (.csv.gz).", show_default=False
        ),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export.")] = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Images for other tools: feraug export artifacts/dataset.h5 faces/.

    A folder gets EMOTION/*.png (a dataset SPLIT/EMOTION/*.png), as torchvision's ImageFolder
    reads it; NAME.csv gets FER2013's columns emotion,pixels,Usage.
    """
    from feraug.cli import console
    from feraug.workflows.export import export_artifact

    with console.notifier(quiet=quiet) as notify:
        result = export_artifact(file, destination, overwrite=overwrite, notify=notify)
    if as_json:
        console.print_json(result.as_json())
    else:
        console.print_text(f"wrote: {result.path} ({result.images:,} images, {result.format})")
