"""``feraug compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import CompareConfig

if TYPE_CHECKING:
    from feraug.workflows.compare import CompareResult

DEFAULTS = CompareConfig()

app = new_app()


@app.command()
def command(
    pair: Annotated[
        str, typer.Option("--pair", metavar="A:B", help="Which emotion becomes which.")
    ] = DEFAULTS.pair,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="A translator, a file or a name in models/; repeatable.",
            show_default="all that were trained for the pair, either way",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="NAME|FILE",
            help="The classifier that judges and whose features distances are measured in.",
            show_default="models/vgg19.h5",
        ),
    ] = None,
    images: Annotated[
        int, typer.Option("--images", "-n", min=0, help="Validation faces to translate; 0: all.")
    ] = DEFAULTS.images,
    references: Annotated[
        int,
        typer.Option(
            "--references", min=0, help="Real training faces of B that distances are measured to; 0: all."
        ),
    ] = DEFAULTS.references,
    queries: Annotated[
        int, typer.Option("--queries", min=0, help="Images of a set whose nearest is found; 0: all.")
    ] = DEFAULTS.queries,
    seed: options.SeedOption = DEFAULTS.seed,
    name: Annotated[
        str | None, typer.Option("--name", help="File name, compare/NAME.h5.", show_default="the pair")
    ] = None,
    dataset: options.DatasetOption = None,
    device: options.DeviceOption = "auto",
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Trained translators side by side: feraug compare --pair neutral:happy.

    Every model translates the same validation faces, which no model was trained on; one table, and pictures.
    """
    config = CompareConfig(pair=pair, images=images, references=references, queries=queries, seed=seed)

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.compare import CompareOptions, compare

    with console.notifier(quiet=quiet) as notify:
        result = compare(
            config,
            Workspace(workspace),
            models=model or (),
            judge=judge,
            dataset=dataset,
            name=name,
            options=CompareOptions(device, overwrite, as_typed()),
            notify=notify,
        )
    console.print_json(result.as_json()) if as_json else _print(result)


def _print(result: CompareResult) -> None:
    from feraug.cli import console
    from feraug.cli.compare_tables import print_figures

    print_figures(result.figures)
    console.print_text(f"{'already done' if result.already_done else 'wrote'}: {result.path}")
    shown = [path for path in result.pictures if path.suffix == ".png"]
    console.print_text("look at the pictures:\n" + "\n".join(f"  {path}" for path in shown))
