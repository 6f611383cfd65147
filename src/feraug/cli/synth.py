"""``feraug synth``."""

from __future__ import annotations

from typing import Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import SynthConfig
from feraug.emotions import parse_split

DEFAULTS = SynthConfig()

app = new_app()


@app.command()
def command(
    pair: Annotated[
        str, typer.Option("--pair", metavar="A:B", help="From emotion A to emotion B.")
    ] = DEFAULTS.pair,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Images to make.")] = DEFAULTS.count,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="The model to use.",
            show_default="the only one trained for the pair",
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Faces at a time.")
    ] = DEFAULTS.batch_size,
    seed: options.SeedOption = DEFAULTS.seed,
    name: Annotated[
        str | None, typer.Option("--name", help="File name, synthetic/NAME.h5.", show_default="MODEL-A-B")
    ] = None,
    dataset: options.DatasetOption = None,
    device: options.DeviceOption = "auto",
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Make labelled faces: feraug synth --pair neutral:happy -n 5000."""
    config = SynthConfig(
        pair=pair, count=count, split=parse_split(DEFAULTS.split), batch_size=batch_size, seed=seed
    )

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.synth import SynthOptions, synthesise

    with console.notifier(quiet=quiet) as notify:
        result = synthesise(
            config,
            Workspace(workspace),
            model=model,
            dataset=dataset,
            name=name,
            options=SynthOptions(device=device, overwrite=overwrite, command=as_typed()),
            notify=notify,
        )
    if as_json:
        console.print_json(result.as_json())
        return
    state = "already done" if result.already_done else "wrote"
    console.print_text(
        f"{state}: {result.path} ({result.images:,} '{result.pair.b}' images by {result.model.stem})"
    )
    console.print_text(
        f"made from {result.sources:,} real '{result.pair.a}' faces of train, each used up to "
        f"{result.rounds} time{'s' if result.rounds > 1 else ''}"
        + (", mirrored or slightly turned after the first" if result.rounds > 1 else "")
    )
