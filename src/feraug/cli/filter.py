"""``feraug filter``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import FilterConfig
from feraug.config.values import fields
from feraug.store.workspace import at_home
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.filtering import FilterResult

_HELP = {name: field.metadata.get("help", "") for name, field in fields(FilterConfig).items()}

app = new_app()


@app.command()
def command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A synthetic set, or its name.", show_default=False)
    ],
    emotion: Annotated[
        str,
        typer.Option(
            "--emotion",
            metavar="EMOTION",
            help="Emotion the images must show; all: each that of its own label.",
        ),
    ] = FilterConfig.emotion,
    min_face: Annotated[
        float | None, typer.Option("--min-face", help=_HELP["min_face"], show_default=False)
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option("--min-confidence", help=_HELP["min_confidence"], show_default=False)
    ] = None,
    max_similarity: Annotated[
        float | None, typer.Option("--max-similarity", help=_HELP["max_similarity"], show_default=False)
    ] = None,
    keep: Annotated[int | None, typer.Option("--keep", help=_HELP["keep"], show_default=False)] = None,
    classifier: Annotated[
        Path | None,
        typer.Option(
            "--classifier",
            metavar="FILE",
            parser=at_home,
            help="The classifier, a file or a name in models/.",
            show_default="models/simple.h5",
        ),
    ] = None,
    detector: Annotated[str, typer.Option("--detector", help=_HELP["detector"])] = FilterConfig.detector,
    name: Annotated[
        str | None, typer.Option("--name", help="File name, synthetic/NAME.h5.", show_default="FILE-filtered")
    ] = None,
    dataset: options.DatasetOption = None,
    device: options.DeviceOption = "auto",
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Keep the faces that pass: feraug filter wgan-gp-neutral --emotion neutral.

    Limits that are not given come from real validation images of the emotion.
    A set of several emotions: --emotion all.
    """
    config = FilterConfig(emotion, min_face, min_confidence, max_similarity, keep, detector)

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.filtering import FilterOptions, filter_synthetic

    with console.notifier(quiet=quiet) as notify:
        result = filter_synthetic(
            config,
            file,
            Workspace(workspace),
            classifier=classifier,
            dataset=dataset,
            name=name,
            options=FilterOptions(device, overwrite, as_typed()),
            notify=notify,
        )
    console.print_json(result.as_json()) if as_json else print_result(result)


def print_result(result: FilterResult) -> None:
    """What the command says of its result."""
    from feraug.cli import console
    from feraug.cli.filter_tables import emotions_table, stages_table

    console.print_table(
        stages_table([stage.as_json() for stage in result.stages], result.images, result.real_images)
    )
    if result.by_emotion:
        found = {emotion: one.as_json() for emotion, one in result.by_emotion.items()}
        console.print_table(emotions_table(found))
    of = "" if result.by_emotion else f"'{result.emotion}' "
    console.print_prose(
        f"faces by {result.detector}, emotions by {result.classifier.stem} "
        f"(SHA-256 {result.classifier_digest[:16]}…); real: {of}images of validation"
    )
    state = "already done" if result.already_done else "wrote"
    console.print_text(f"{state}: {result.path} ({result.kept:,} of {plural(result.images, f'{of}image')})")
