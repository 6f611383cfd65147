"""``feraug prepare``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feraug.cli import config_options, options
from feraug.cli.commands import new_app
from feraug.config import PrepareConfig
from feraug.config.values import option
from feraug.errors import UsageError
from feraug.store.workspace import at_home
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.prepare import PrepareResult

DEFAULTS = PrepareConfig()

app = new_app()


@app.command()
def command(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A FER2013 CSV (or .gz), a folder of pictures, drawn or drawn:N."
        ),
    ],
    ferplus: Annotated[
        Path | None,
        typer.Option(
            "--ferplus",
            metavar="CSV",
            parser=at_home,
            help="The FER+ votes, fer2013new.csv.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str,
        typer.Option(
            "--labels",
            help="fer2013: the source's; ferplus: plurality of the FER+ votes; ferplus-majority: over half.",
        ),
    ] = (DEFAULTS.labels),
    emotions: Annotated[
        str,
        typer.Option(
            "--emotions",
            metavar="NAME=EMOTION,…",
            help="What the source's folders or numbers mean, where they are no names of emotions: "
            "1=surprise,2=fear; contempt=none leaves those out.",
            show_default="words, and FER2013's numbers in a CSV",
        ),
    ] = DEFAULTS.emotions,
    validation_share: Annotated[
        float,
        typer.Option(
            "--validation-share",
            help="Share of train that becomes validation, where the source has none; copies stay together.",
            show_default="none; 0.1 where all splits are drawn",
            min=0.0,
            max=0.5,
        ),
    ] = DEFAULTS.validation_share,
    test_share: Annotated[
        float,
        typer.Option(
            "--test-share",
            help="The same for test; of few people (--person) more, as bench needs six or more there.",
            show_default="none; 0.1 where all splits are drawn",
            min=0.0,
            max=0.9,
        ),
    ] = DEFAULTS.test_share,
    fold: Annotated[
        str,
        typer.Option(
            "--fold",
            metavar="K/N",
            help="For cross-validation, where all splits are drawn: of N parts the K-th is test, the next "
            "validation; 'bench --pool' puts all folds together.",
            show_default="no folds",
        ),
    ] = DEFAULTS.fold,
    train_share: Annotated[
        float,
        typer.Option(
            "--train-share",
            help="Share of train that is kept, by emotion, at random: for questions about fewer faces.",
            min=0.001,
            max=1.0,
        ),
    ] = DEFAULTS.train_share,
    person: Annotated[
        str,
        typer.Option(
            "--person",
            metavar="PATTERN",
            help=r"Regular expression for the person in a picture's name (S\d+ in happy/S052_004.png): "
            "one person, one split, where splits are drawn; else a count.",
            show_default="picture by picture",
        ),
    ] = DEFAULTS.person,
    near_copies: Annotated[
        bool,
        typer.Option(
            "--near-copies/--no-near-copies",
            help="Look for near copies across and within splits (takes most of the time).",
        ),
    ] = DEFAULTS.near_copies,
    drop_blank: Annotated[bool, typer.Option("--drop-blank", help="Drop blank images.")] = False,
    drop_duplicates: Annotated[
        bool,
        typer.Option(
            "--drop-duplicates",
            help="Of identical images in a split, keep the first, with its label, whatever the others say.",
        ),
    ] = False,
    drop_leaks: Annotated[
        bool,
        typer.Option(
            "--drop-leaks", help="Drop training images with a copy or near copy in validation or test."
        ),
    ] = False,
    skip_bad_rows: Annotated[
        bool,
        typer.Option("--skip-bad-rows", help="Skip and count bad rows instead of stopping at the first."),
    ] = False,
    name: Annotated[str, typer.Option("--name", help="File name, NAME.h5.")] = "dataset",
    seed: options.SeedOption = DEFAULTS.seed,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Read, audit and split a set of faces: feraug prepare fer2013.csv."""
    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.prepare import prepare

    _check_shares(context, {"validation_share": validation_share, "test_share": test_share})
    config = PrepareConfig(
        labels=labels,
        emotions=emotions,
        validation_share=validation_share,
        test_share=test_share,
        fold=fold,
        train_share=train_share,
        person=person,
        near_copies=near_copies,
        drop_blank=drop_blank,
        drop_duplicates=drop_duplicates,
        drop_leaks=drop_leaks,
        skip_bad_rows=skip_bad_rows,
        seed=seed,
    )
    with console.notifier(quiet=quiet) as notify:
        result = prepare(
            source,
            config,
            Workspace(workspace).dataset(name),
            ferplus=ferplus,
            overwrite=overwrite,
            command=as_typed(),
            notify=notify,
        )
    if as_json:
        console.print_json(result.as_json())
    else:
        print_result(result)


def _check_shares(context: typer.Context, shares: Mapping[str, float]) -> None:
    """Raise :class:`UsageError` for a share that was typed as 0, which means that none was."""
    for name in config_options.typed(context, shares):
        if not shares[name]:
            raise UsageError(
                f"{option(name)} 0: leave it out; without splits in the source a tenth is drawn in any case, "
                "while pictures in train/EMOTION are all for training"
            )


def print_result(result: PrepareResult) -> None:
    """What the command says of its result."""
    from feraug.cli import console

    console.print_table(console.splits_table(result.splits))
    console.print_prose(console.audit_text(result.facts))
    train = result.splits["train"]
    there = sorted((name for name in train if train[name]), key=lambda name: -train[name])
    if "neutral" not in there and len(there) > 1:
        pair = f"{there[0]}:{there[1]}"
        console.print_prose(
            f"no neutral faces in train: where neutral:happy is the default, give another --pair, as {pair}"
        )
    state = "already done" if result.already_done else "wrote"
    console.print_text(f"{state}: {result.path} ({plural(result.images, 'image')})")
