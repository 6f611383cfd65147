"""``feraug bench``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feraug.cli import config_options, options
from feraug.cli.commands import new_app
from feraug.config import (
    ARMS,
    CLASSIFIERS,
    DEFAULTS,
    PRESETS,
    SYNTHETIC_ARMS,
    USES,
    BenchConfig,
    ClassifierConfig,
)
from feraug.config.values import fields, one_of
from feraug.errors import UsageError
from feraug.processes import is_first_process
from feraug.store.workspace import at_home
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.bench_outcome import BenchPlan, BenchResult

_HELP = {name: field.metadata.get("help", "") for name, field in fields(BenchConfig).items()}

app = new_app()


@app.command()
def command(
    context: typer.Context,
    classifier: Annotated[
        str, typer.Option("--classifier", metavar="NAME", help=f"{', '.join(CLASSIFIERS)}.")
    ] = "simple",
    with_synthetic: Annotated[
        bool, typer.Option("--with-synthetic", help="Compare real with real+synthetic.")
    ] = False,
    synthetic: Annotated[
        list[Path] | None,
        typer.Option(
            "--synthetic",
            metavar="FILE",
            parser=at_home,
            help="A synthetic set, a file or a name in synthetic/; repeatable.",
            show_default="all in synthetic/, filtered ones in place of their parents",
        ),
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm",
            metavar="ARM",
            help=f"{'; '.join(f'{name}: {what}' for name, what in ARMS.items())}. Repeatable.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help=_HELP["repeats"])] = BenchConfig.repeats,
    use: Annotated[str, typer.Option("--use", metavar="|".join(USES), help=_HELP["use"])] = BenchConfig.use,
    ratio: Annotated[
        float | None, typer.Option("--ratio", help=_HELP["ratio"], show_default="no limit")
    ] = None,
    per_class_cap: Annotated[
        int | None,
        typer.Option("--per-class-cap", min=1, help=_HELP["per_class_cap"], show_default="no limit"),
    ] = None,
    synthetic_weight: Annotated[
        float, typer.Option("--synthetic-weight", help=_HELP["synthetic_weight"])
    ] = BenchConfig.synthetic_weight,
    pretrain_share: Annotated[
        float, typer.Option("--pretrain-share", help=_HELP["pretrain_share"])
    ] = BenchConfig.pretrain_share,
    epochs: Annotated[
        float | None,
        typer.Option(
            "--epochs", help="Steps, counted in passes over the real faces.", show_default="the classifier's"
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps instead of epochs.")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=2, help="Faces a step.", show_default="the classifier's")
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(
            "--width", help="Width of the classifier, as a share of the full one's.", show_default="1.0"
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", help="32-true, bf16-mixed, 16-mixed.", show_default="32-true"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of the first repeat.", show_default="0")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help=f"Named settings of the classifier: {', '.join(PRESETS)}.", show_default=False
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            parser=at_home,
            help="The classifier's settings as JSON, from 'feraug info FILE --config'.",
            show_default=False,
        ),
    ] = None,
    pool: Annotated[
        list[Path] | None,
        typer.Option(
            "--pool",
            metavar="FILE",
            parser=at_home,
            help="Of a cross-validation: put the benchmarks of all folds ('prepare --fold 1/5' and so on) "
            "together, each by a --pool of its own; trains nothing.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="File name, bench/NAME.h5.",
            show_default="CLASSIFIER; with --pool CLASSIFIER-folds",
        ),
    ] = None,
    dataset: options.DatasetOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and the time to expect; write nothing.")
    ] = False,
    no_test: Annotated[
        bool,
        typer.Option(
            "--no-test",
            help="Print accuracy on validation alone, to choose settings by, each under a --name of its own; "
            "without it, the same command has the figures on test and trains nothing again.",
        ),
    ] = False,
    checkpoint_every: Annotated[
        str, typer.Option("--checkpoint-every", metavar="TIME", help="Time between checkpoints: 10s, 5m, 1h.")
    ] = "5m",
    device: options.DeviceOption = "auto",
    devices: options.DevicesOption = 1,
    num_nodes: options.NodesOption = 1,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """Does synthetic data help? feraug bench --classifier vgg19 --with-synthetic.

    Every arm is trained with the same number of steps and the same seeds; the epoch is chosen on
    validation, and test is used once (with --no-test not at all). Run again, it continues; a larger
    --repeats or another --arm adds to what is there.
    """
    if pool:
        from feraug.cli.bench_pool import run

        run(context, pool)
        return
    every = options.seconds(checkpoint_every, "--checkpoint-every")
    settings: dict[str, Any] = {"epochs": epochs, "steps": steps, "batch_size": batch_size, "width": width}
    settings |= {"precision": precision, "seed": seed}
    chosen = BenchConfig(
        classifier=_classifier(classifier, settings, preset, config),
        arms=_arms(arm, with_synthetic, asked=_are_asked_for(synthetic, arm)),
        repeats=repeats,
        use=use,
        ratio=ratio,
        per_class_cap=per_class_cap,
        synthetic_weight=synthetic_weight,
        pretrain_share=pretrain_share,
    )

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.bench import bench, plan
    from feraug.workflows.train_options import TrainOptions

    common: dict[str, Any] = {
        "synthetic": tuple(synthetic or ()),
        "name": name,
        "dataset": dataset,
        "options": TrainOptions(
            device=device,
            checkpoint_seconds=every,
            overwrite=overwrite,
            command=as_typed(),
            devices=devices,
            nodes=num_nodes,
        ),
    }
    root = Workspace(workspace)
    with console.notifier(quiet=quiet) as notify:
        if dry_run:
            planned = plan(chosen, root, test=not no_test, notify=notify, **common)
        else:
            result = bench(chosen, root, test=not no_test, notify=notify, **common)
    if dry_run:
        console.print_json(planned.as_json()) if as_json else _print_plan(planned, tested=not no_test)
        return
    if not is_first_process():
        return
    if result.interrupted:
        if as_json:
            console.print_json(result.as_json())
        console.print_error("interrupted; saved. The same command, without --overwrite, goes on from here")
        raise typer.Exit(130)
    console.print_json(result.as_json()) if as_json else print_result(result)


def _classifier(
    name: str, settings: Mapping[str, Any], preset: str | None, config: Path | None
) -> ClassifierConfig:
    one_of("classifier", name, CLASSIFIERS)
    if preset is not None and config is not None:
        raise UsageError("--config, --preset: give one of them")
    base = DEFAULTS[name]
    if config is not None:
        base = config_options.from_file(config, name, "feraug bench --classifier {}", tuple(CLASSIFIERS))
    elif preset is not None:
        base = config_options.from_preset(preset, name)
    assert isinstance(base, ClassifierConfig)
    given = {key: value for key, value in settings.items() if value is not None}
    if "epochs" in given and "steps" in given:
        raise UsageError("--epochs, --steps: give one of them")
    if "epochs" in given:
        given["steps"] = None
    return replace(base, **given)


def _are_asked_for(synthetic: list[Path] | None, named: list[str] | None) -> bool:
    """Whether --synthetic means --with-synthetic too: not where an arm that uses the files is named."""
    return bool(synthetic) and not set(named or ()) & set(SYNTHETIC_ARMS)


def _arms(named: list[str] | None, with_synthetic: bool, *, asked: bool = False) -> tuple[str, ...]:
    """The arms that were named, with ``real`` first; real+synthetic where synthetic images are asked for."""
    with_synthetic = with_synthetic or asked
    arms = ["real", *(named or [])] if with_synthetic or not named else list(named)
    if with_synthetic and "real+synthetic" not in arms:
        arms.insert(1, "real+synthetic")
    return tuple(dict.fromkeys(arms))


def print_result(result: BenchResult) -> None:
    """What the command says of its result."""
    from feraug.cli import bench_tables, console
    from feraug.workflows.bench_gathered import NO_TEST

    if result.reduced:
        console.print_prose(f"REDUCED: {', '.join(result.reductions)}")
    first = bench_tables.overall_table if result.tested else bench_tables.validation_table
    console.print_table(first(result.table))
    if (spread := bench_tables.spread_line(result.table)) is not None:
        console.print_text(spread)
    if not result.tested:
        for line in bench_tables.material_lines(result.table):
            console.print_prose(line)
        there = f"test is left out here; {result.path} has its figures"
        later = (
            "test was not looked at; without --no-test (and without --overwrite) this command has its "
            "figures, and trains nothing"
        )
        for sentence in result.conclusions:
            console.print_prose(sentence)
        if NO_TEST not in result.conclusions:
            console.print_prose(there if result.already_done else later)
        return
    if (validation := bench_tables.validation_line(result.table)) is not None:
        by_that = "" if result.folds else "; compare settings by that, with --no-test"
        console.print_prose(f"{validation}{by_that}")
    if result.table["differences"]:
        console.print_table(bench_tables.difference_table(result.table))
    else:
        console.print_table(bench_tables.recall_table(result.table))
    for difference, found in result.table["differences"].items():
        console.print_table(bench_tables.class_table(result.table, difference))
        console.print_text(bench_tables.mcnemar_line(found))
    for line in bench_tables.reverse_lines(result.table) + bench_tables.material_lines(result.table):
        console.print_prose(line)
    for sentence in result.conclusions:
        console.print_prose(sentence)
    state = "already done" if result.already_done else "wrote"
    done = f"{plural(result.repeats, 'repeat')} of {plural(result.steps, 'step')}"
    done += f", {plural(result.folds, 'fold')}" if result.folds else ""
    console.print_text(f"{state}: {result.path} ({done})")
    for plot in result.plots:
        console.print_text(f"plot: {plot}")


def _print_plan(planned: BenchPlan, *, tested: bool) -> None:
    from feraug.cli import console

    table = console.new_table(None, "setting", "value")
    for name, value in planned.config.items():
        shown = ", ".join(value) if isinstance(value, list) else "-" if value in (None, "") else str(value)
        table.add_row(name, shown)
    console.print_table(table)
    for path in planned.files:
        console.print_text(f"synthetic: {path}")
    would = f"would write {planned.path}"
    if not tested:
        would = f"would leave test out, and write the repeats into {planned.path.with_suffix('')}"
    console.print_text(f"{planned.text}; {would}")
