"""``feraug compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import DEGRADATIONS, FACE_DETECTORS, CompareConfig
from feraug.config.values import option
from feraug.errors import UsageError
from feraug.store.workspace import at_home

if TYPE_CHECKING:
    from feraug.workflows.compare import CompareResult

DEFAULTS = CompareConfig()

app = new_app()


@app.command()
def command(
    context: typer.Context,
    pair: Annotated[
        str, typer.Option("--pair", metavar="A:B", help="Which emotion becomes which.")
    ] = DEFAULTS.pair,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="A translator, a file or a name in models/; repeatable.",
            show_default="all that were trained for the pair, in either direction",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="NAME|FILE",
            help="The classifier that judges; its features are the space of FER-FD and the like.",
            show_default="models/vgg19.h5",
        ),
    ] = None,
    images: Annotated[
        int, typer.Option("--images", "-n", min=0, help="Validation faces to translate; 0: all.")
    ] = DEFAULTS.images,
    references: Annotated[
        int,
        typer.Option(
            "--references", min=0, help="Real training faces of B as reference for distances; 0: all."
        ),
    ] = DEFAULTS.references,
    queries: Annotated[
        int,
        typer.Option(
            "--queries", min=0, help="Images of each set whose nearest training image is searched; 0: all."
        ),
    ] = DEFAULTS.queries,
    degrade: Annotated[
        str | None,
        typer.Option(
            "--degrade",
            metavar="NAMES",
            help="Also translate degraded faces, some of these with commas, or all: "
            f"{', '.join(DEGRADATIONS)}.",
            show_default=False,
        ),
    ] = None,
    degrade_images: Annotated[
        int, typer.Option("--degrade-images", min=0, help="Faces of each set that are degraded; 0: all.")
    ] = DEFAULTS.degrade_images,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            metavar="DIR",
            parser=at_home,
            help="Also translate the faces in these photos; sub-folders are groups.",
            show_default=False,
        ),
    ] = None,
    min_face: Annotated[
        float, typer.Option("--min-face", help="For --photos: least score of a face.")
    ] = DEFAULTS.min_face,
    detector: Annotated[
        str, typer.Option("--detector", help=f"For --photos: {', '.join(FACE_DETECTORS)}.")
    ] = DEFAULTS.detector,
    by_group: Annotated[
        bool, typer.Option("--by-group", help="Print the figures of each group, too; --json always has them.")
    ] = False,
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

    Every model translates the same validation faces; one table, and pictures.
    """
    config = CompareConfig(
        pair=pair,
        images=images,
        references=references,
        queries=queries,
        seed=seed,
        degrade=() if degrade is None else (degrade,),
        degrade_images=degrade_images,
        min_face=min_face,
        detector=detector,
    )

    from feraug.cli import config_options, console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.compare import CompareOptions, compare

    unused = config_options.typed(context, ("degrade_images",)) if degrade is None else []
    if unused:
        raise UsageError("--degrade-images: is for --degrade NAMES")
    unused = config_options.typed(context, ("min_face", "detector")) if photos is None else []
    if unused:
        raise UsageError(f"{option(unused[0])}: is for --photos DIR")
    with console.notifier(quiet=quiet) as notify:
        result = compare(
            config,
            Workspace(workspace),
            models=model or (),
            judge=judge,
            dataset=dataset,
            photos=photos,
            name=name,
            options=CompareOptions(device, overwrite, as_typed()),
            notify=notify,
        )
    console.print_json(result.as_json()) if as_json else _print(result, by_group=by_group)


def _print(result: CompareResult, *, by_group: bool) -> None:
    from feraug.cli import console
    from feraug.cli.compare_breakdown import print_degradations, print_groups
    from feraug.cli.compare_tables import print_figures

    print_figures(result.figures)
    groups, degraded = result.by_group, result.by_degradation
    some = groups if by_group else [one for one in groups if one["attribute"] == "photos"]
    print_groups(result.figures, some)
    if by_group and not groups:
        console.print_text("by group: the dataset says nothing of groups; drawn faces and --photos DIR do")
    if degraded is not None:
        print_degradations(result.figures, degraded)
    console.print_text(f"{'already done' if result.already_done else 'wrote'}: {result.path}")
    shown = [path for path in result.pictures if path.suffix == ".png"]
    console.print_text("look at the pictures:\n" + "\n".join(f"  {path}" for path in shown))
