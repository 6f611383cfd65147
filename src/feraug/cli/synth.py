"""``feraug synth``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import DEGRADATIONS, FACE_DETECTORS, NoiseSynthConfig, PhotosConfig, SynthConfig
from feraug.config.tasks import degradations
from feraug.config.values import fields, option
from feraug.emotions import ALL
from feraug.errors import MissingModelError, UsageError
from feraug.store.workspace import at_home

if TYPE_CHECKING:
    from feraug.workflows.synth import SynthResult

DEFAULTS, PHOTOS = SynthConfig(), PhotosConfig()

OFFERED = "20m"
"""How long a translator is trained that is missing, if the user agrees or cannot be asked."""

OFFER = f"Train one now, for {OFFERED}?"

NEVER = "never"
"""What ``--train`` is given where nothing is to be trained."""

app = new_app()


@app.command()
def command(
    context: typer.Context,
    pair: Annotated[
        str, typer.Option("--pair", metavar="A:B", help="Translate emotion A into B; 'all' is every other.")
    ] = DEFAULTS.pair,
    emotion: Annotated[
        list[str] | None,
        typer.Option(
            "--emotion",
            metavar="EMOTION",
            help="For faces from noise: what to make; repeatable.",
            show_default="all that the model knows",
        ),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Images to make.")] = DEFAULTS.count,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="The model to use, such as weighted or wgan-gp.",
            show_default="the only one trained for the pair",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--source",
            metavar="FILE",
            parser=at_home,
            help="Translate the faces of this dataset or synthetic set, a file or a name.",
            show_default="the workspace's dataset",
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option("--strength", help=fields(SynthConfig)["strength"].metadata["help"])
    ] = DEFAULTS.strength,
    source_share: Annotated[
        float,
        typer.Option("--source-share", help=fields(SynthConfig)["source_share"].metadata["help"]),
    ] = DEFAULTS.source_share,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            metavar="DIR",
            parser=at_home,
            help="Translate the faces in these photos; sub-folders are groups.",
            show_default=False,
        ),
    ] = None,
    min_face: Annotated[
        float, typer.Option("--min-face", help="For --photos: least score of a face.")
    ] = PHOTOS.min_face,
    detector: Annotated[
        str, typer.Option("--detector", help=f"For --photos: {', '.join(FACE_DETECTORS)}.")
    ] = PHOTOS.detector,
    classifier: Annotated[
        Path | None,
        typer.Option(
            "--classifier",
            metavar="FILE",
            parser=at_home,
            help="For --photos: ask this classifier, a file or a name in models/, what it calls the faces.",
            show_default=False,
        ),
    ] = None,
    degrade: Annotated[
        str | None,
        typer.Option(
            "--degrade",
            metavar="NAMES",
            help="For --photos: also translate degraded faces, some of these with commas, or all: "
            f"{', '.join(DEGRADATIONS)}.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Faces at a time.")
    ] = DEFAULTS.batch_size,
    train: Annotated[
        str | None,
        typer.Option(
            "--train",
            metavar="TIME|never",
            help="Where no model translates the pair: train one first, for 20m, 1h30m; or do not.",
            show_default=f"ask; {OFFERED} where there is no terminal",
        ),
    ] = None,
    seed: options.SeedOption = DEFAULTS.seed,
    name: Annotated[
        str | None, typer.Option("--name", help="File name, synthetic/NAME.h5.", show_default="MODEL-A-B")
    ] = None,
    dataset: options.DatasetOption = None,
    device: options.DeviceOption = "auto",
    devices: options.DevicesOption = 1,
    num_nodes: options.NodesOption = 1,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Make labelled faces: feraug synth --pair neutral:happy -n 5000.

    With a generator of faces from noise: feraug synth --model wgan-gp -n 5000.
    With photos: feraug synth --pair neutral:happy --photos DIR.
    """
    if photos is not None:
        if train is not None:
            raise UsageError("--train: is not for --photos; train with 'feraug train' first")
        from feraug.cli.synth_photos import run

        chosen = () if degrade is None else degradations(degrade)
        run(context, PhotosConfig(pair, min_face, detector, chosen, seed), photos)
        return
    if degrade is not None:
        raise UsageError(
            "--degrade: is for --photos DIR; 'feraug compare --degrade NAMES' does it to the dataset's faces"
        )
    translation = SynthConfig(
        pair=pair,
        count=count,
        batch_size=batch_size,
        seed=seed,
        source_share=source_share,
        strength=strength,
    )

    from feraug.cli import config_options, console
    from feraug.cli.command_line import as_typed
    from feraug.processes import is_only_process
    from feraug.store.workspace import Workspace
    from feraug.workflows.missing_translator import kind_for
    from feraug.workflows.synth import SynthOptions, makes_from_noise, synthesise

    unused = config_options.typed(context, ("min_face", "detector", "classifier"))
    if unused:
        raise UsageError(f"{option(unused[0])}: is for --photos DIR")
    root = Workspace(workspace)
    paired = bool(config_options.typed(context, ["pair"]))
    if paired and emotion:
        raise UsageError("--pair, --emotion: --pair translates, --emotion makes faces from noise; give one")
    if source is not None and emotion:
        raise UsageError("--source, --emotion: faces from noise have no source; say --pair A:B instead")
    from_noise = bool(emotion) or (model is not None and not paired and makes_from_noise(model, root, pair))
    unused = config_options.typed(context, ("strength", "source_share", "dataset")) if from_noise else []
    if unused:
        raise UsageError(f"{option(unused[0])}: faces from noise have no use for it")
    if source is not None and config_options.typed(context, ("source_share",)) and not source_share:
        raise UsageError("--source-share 0: uses nothing of --source; leave both out")
    config = (
        NoiseSynthConfig(count=count, emotions=tuple(emotion or ()), batch_size=batch_size, seed=seed)
        if from_noise
        else translation
    )

    def make(seconds: float | None) -> SynthResult:
        with console.notifier(quiet=quiet) as notify:
            return synthesise(
                config,
                root,
                model=model,
                dataset=dataset,
                source=source,
                name=name,
                options=SynthOptions(device, overwrite, as_typed(), devices, num_nodes, seconds),
                notify=notify,
            )

    asked, started = train not in (None, NEVER), time.time()
    trainable = not from_noise and kind_for(translation.pairs, model) is not None
    alone = devices == num_nodes == 1 and is_only_process()
    if train is None and trainable and alone and not console.can_ask():
        train = OFFERED  # notebooks and scripts asked for images, too; ``never`` is their no
    try:
        result = make(None if train in (None, NEVER) else _to_train(train))
    except MissingModelError as problem:
        if not trainable or train not in (None, NEVER):
            raise
        if train == NEVER or not alone or not console.confirmed(f"{problem}", OFFER):
            raise MissingModelError(f"{problem}, or here with --train {OFFERED}") from problem
        result = make(options.seconds(OFFERED, "--train"))
    if asked and not quiet and result.model.stat().st_mtime < started:
        console.print_error(
            f"--train {train}: trained nothing, as {result.model.name} is there (finished or not); "
            "'feraug train' trains another, or with --resume goes on with an unfinished one"
        )
    console.print_json(result.as_json()) if as_json else print_result(result)


def print_result(result: SynthResult) -> None:
    """What the command says of its result."""
    from feraug.cli import console
    from feraug.workflows.synthetic_sets import up_to_times

    state = "already done" if result.already_done else "wrote"
    what = f"'{result.emotions[0]}' images" if len(result.emotions) == 1 else "images"
    console.print_text(f"{state}: {result.path} ({result.images:,} {what} by {result.model.stem})")
    if result.pair is None:
        console.print_text(f"made from noise: {', '.join(result.emotions)}")
        return
    of = "" if result.pair.a == ALL else f"'{result.pair.a}' "
    if result.source is None:
        whence = f"real {of}faces of train"
    elif result.source_share < 1.0:
        share = f"{result.source_share:.0%} of the images from {result.source.name}"
        whence = f"{of}faces ({share}, the others from real faces of train)"
    else:
        whence = f"{of}faces of {result.source.name}"
    console.print_text(
        f"made from {result.sources:,} {whence}, each used {up_to_times(result.rounds)}"
        + (", mirrored or slightly turned after the first" if result.rounds > 1 else "")
    )


def _to_train(time: str) -> float:
    """``--train`` in seconds, one or more."""
    if (seconds := options.seconds(time, "--train")) < 1.0:
        raise UsageError(f"--train {time}: takes a second or more, or never")
    return seconds
