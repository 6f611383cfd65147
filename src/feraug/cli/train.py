"""``feraug train MODEL``: a sub-command for each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import OUTPUTS, UPSAMPLINGS, TranslatorConfig

if TYPE_CHECKING:
    from feraug.workflows.train import TrainResult

DEFAULTS = TranslatorConfig()
SETTINGS = frozenset(TranslatorConfig.__dataclass_fields__)

app = new_app("Train a model: cyclegan.")


@app.callback()
def _train() -> None:
    pass  # keeps 'cyclegan' a sub-command while it is the only one


@app.command("cyclegan")
def cyclegan(
    context: typer.Context,
    pair: Annotated[str, typer.Option("--pair", metavar="A:B", help="Two emotions.")] = DEFAULTS.pair,
    epochs: Annotated[
        float, typer.Option("--epochs", help="Passes over the larger domain.")
    ] = DEFAULTS.epochs,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Training steps instead of epochs.", show_default=False),
    ] = DEFAULTS.steps,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Faces of each domain a step.")] = (
        DEFAULTS.batch_size
    ),
    base_channels: Annotated[int, typer.Option("--base-channels", min=1, help="Width of the generators.")] = (
        DEFAULTS.base_channels
    ),
    residual_blocks: Annotated[
        int, typer.Option("--residual-blocks", min=0, help="Depth of the generators.")
    ] = DEFAULTS.residual_blocks,
    discriminator_channels: Annotated[
        int, typer.Option("--discriminator-channels", min=1, help="Width of the discriminators.")
    ] = DEFAULTS.discriminator_channels,
    output: Annotated[
        str, typer.Option("--output", help=" or ".join(OUTPUTS) + ": residual starts at the identity.")
    ] = DEFAULTS.output,
    upsampling: Annotated[str, typer.Option("--upsampling", help=" or ".join(UPSAMPLINGS) + ".")] = (
        DEFAULTS.upsampling
    ),
    cycle_weight: Annotated[
        float, typer.Option("--cycle-weight", help="lambda; a large one holds the expression back.")
    ] = DEFAULTS.cycle_weight,
    identity_weight: Annotated[
        float, typer.Option("--identity-weight", help="Weight of the identity term; 0: none.")
    ] = DEFAULTS.identity_weight,
    generator_rate: Annotated[float, typer.Option("--generator-rate", help="Adam's learning rate.")] = (
        DEFAULTS.generator_rate
    ),
    discriminator_rate: Annotated[
        float, typer.Option("--discriminator-rate", help="Adam's learning rate.")
    ] = (DEFAULTS.discriminator_rate),
    decay_from: Annotated[
        float, typer.Option("--decay-from", help="Share of training after which the rates fall to zero.")
    ] = DEFAULTS.decay_from,
    ema_decay: Annotated[
        float, typer.Option("--ema-decay", help="Decay of the generators' moving average.")
    ] = (DEFAULTS.ema_decay),
    image_history: Annotated[
        int, typer.Option("--image-history", min=0, help="Earlier fakes shown to the discriminators.")
    ] = DEFAULTS.image_history,
    flip: Annotated[
        bool, typer.Option("--flip/--no-flip", help="Mirror training faces at random.")
    ] = DEFAULTS.flip,
    seed: options.SeedOption = DEFAULTS.seed,
    name: Annotated[
        str | None, typer.Option("--name", help="File name, models/NAME.h5.", show_default="cyclegan-A-B")
    ] = None,
    dataset: options.DatasetOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the unfinished run, with its own settings.")
    ] = False,
    checkpoint_every: Annotated[
        str, typer.Option("--checkpoint-every", metavar="TIME", help="10s, 5m, 1h.")
    ] = "5m",
    device: options.DeviceOption = "auto",
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Translate between two emotions: feraug train cyclegan --pair neutral:happy.

    The same command again continues an unfinished run; Ctrl-C saves first.
    """
    config = TranslatorConfig(
        model="cyclegan",
        pair=pair,
        base_channels=base_channels,
        residual_blocks=residual_blocks,
        output=output,
        upsampling=upsampling,
        discriminator_channels=discriminator_channels,
        cycle_weight=cycle_weight,
        identity_weight=identity_weight,
        epochs=epochs,
        steps=steps,
        batch_size=batch_size,
        generator_rate=generator_rate,
        discriminator_rate=discriminator_rate,
        decay_from=decay_from,
        ema_decay=ema_decay,
        image_history=image_history,
        flip=flip,
        seed=seed,
    )
    every = options.seconds(checkpoint_every)

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.train import TrainOptions, train_translator

    chosen = {name for name in SETTINGS - {"pair"} if _was_typed(context, name)}
    with console.notifier(quiet=quiet) as notify:
        result = train_translator(
            config,
            Workspace(workspace),
            name=name,
            dataset=dataset,
            options=TrainOptions(
                device=device,
                checkpoint_seconds=every,
                overwrite=overwrite,
                resume=resume and not chosen,
                command=as_typed(),
            ),
            notify=notify,
        )
    if as_json:
        console.print_json(result.as_json())
    else:
        _print(result)
    if result.interrupted:
        console.print_error("interrupted; saved. The same command goes on from here")
        raise typer.Exit(130)


def _was_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")


def _print(result: TrainResult) -> None:
    from feraug.cli import console

    table = console.new_table(None, "loss (unweighted, mean of the last epoch)", "value")
    for name, value in result.losses.items():
        table.add_row(name, f"{value:.4f}")
    console.print_table(table)
    state = "already done" if result.already_done else "wrote"
    console.print_text(f"{state}: {result.path} (step {result.step:,} of {result.steps:,})")
    console.print_text(f"look at the samples in {result.samples}")
