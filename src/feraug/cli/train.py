"""``feraug train MODEL``: a sub-command for each model, its options made from the model's config."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from feraug.cli import config_options, options
from feraug.cli.commands import new_app
from feraug.config import CLASSIFIERS, MODELS, PRESETS, STARGANS, TRANSLATORS, uses
from feraug.config.registry import Config
from feraug.errors import UsageError
from feraug.processes import is_first_process
from feraug.store.workspace import at_home
from feraug.words import plural

if TYPE_CHECKING:
    from feraug.workflows.train import TrainResult
    from feraug.workflows.train_classifier import ClassifierResult
    from feraug.workflows.train_options import DryRun

app = new_app("Train a model, a sub-command each: feraug train cyclegan --help.")


def _options(
    name: str | None = None,
    dataset: options.DatasetOption = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--source",
            metavar="FILE",
            parser=at_home,
            help="Images of domain a out of a dataset or synthetic set, a file or a name.",
            show_default=False,
        ),
    ] = None,
    source_model: Annotated[
        str | None,
        typer.Option(
            "--source-model",
            metavar="NAME|FILE",
            help="Faces of domain a fresh from this noise generator.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help=f"Named settings: {', '.join(PRESETS)}.", show_default=False),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            parser=at_home,
            help="Settings as JSON, from 'feraug info FILE --config'.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the unfinished run of this model, with its own settings."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print settings, sizes and the time to expect; write nothing.")
    ] = False,
    checkpoint_every: Annotated[
        str, typer.Option("--checkpoint-every", metavar="TIME", help="Time between checkpoints: 10s, 5m, 1h.")
    ] = "5m",
    log_dir: Annotated[
        Path | None,
        typer.Option(
            "--log-dir",
            metavar="DIR",
            parser=at_home,
            help="Write TensorBoard events there.",
            show_default=False,
        ),
    ] = None,
    compile_networks: Annotated[
        bool,
        typer.Option(
            "--compile",
            help="Fuse operations by torch.compile: a minute at the start, then faster.",
        ),
    ] = False,
    device: options.DeviceOption = "auto",
    devices: options.DevicesOption = 1,
    num_nodes: options.NodesOption = 1,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """The options that every model has beside its settings."""


_SHARED = inspect.signature(_options, eval_str=True)
_GENERATIVE_ONLY = ("compile_networks",)  # classifiers are no faster by it
_OF_A_PAIR = ("source", "source_model")
"""Options of pair translators: others do not offer them, and explain when they are given one."""
_TOLD_BY = ("pair", "emotions")
"""Settings that a model's name tells: one of them says which run ``--resume`` means."""


def _shared(model: str) -> list[inspect.Parameter]:
    """The options that a model's command has beside its settings."""
    default = model if model in CLASSIFIERS else f"{model}-{'A-B' if model in TRANSLATORS else 'all'}"
    name = typer.Option("--name", help="File name, models/NAME.h5.", show_default=default)
    own: dict[str, Any] = {"name": Annotated[str | None, name]}
    if model not in TRANSLATORS:
        own |= {option: _hidden(_SHARED.parameters[option].annotation) for option in _OF_A_PAIR}
    return [
        parameter.replace(
            kind=inspect.Parameter.KEYWORD_ONLY, annotation=own.get(parameter.name, parameter.annotation)
        )
        for parameter in _SHARED.parameters.values()
        if model not in CLASSIFIERS or parameter.name not in _GENERATIVE_ONLY
    ]


def _hidden(annotation: Any) -> Any:
    """The same option, not shown in ``--help``."""
    kind, option = get_args(annotation)
    hidden = copy(option)
    hidden.hidden = True
    return Annotated[kind, hidden]


def _add_command(model: str) -> None:
    example = "--epochs 10" if model in CLASSIFIERS else "--emotion neutral"
    if model in TRANSLATORS:
        example = "--pair neutral:happy"
    if model in STARGANS:
        example = "--budget 90m"

    def command(context: typer.Context, **values: Any) -> None:
        _train(context, model, values)

    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    every = [context, *config_options.parameters(model), *_shared(model)]
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    command.__doc__ = (
        f"{MODELS[model]}\n\nferaug train {model} {example}\n\n"
        "The same command again continues an unfinished run; Ctrl-C saves first."
    )
    app.command(model, short_help=MODELS[model])(command)  # else cut at 80 columns


for _model in MODELS:
    _add_command(_model)


def _train(context: typer.Context, model: str, values: dict[str, Any]) -> None:
    shared = {name: values.pop(name, option.default) for name, option in _SHARED.parameters.items()}
    every = options.seconds(shared["checkpoint_every"], "--checkpoint-every")

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.events import Note
    from feraug.workflows.train import dry_run, train
    from feraug.workflows.train_options import TrainOptions

    workspace = Workspace(shared["workspace"])
    named = shared["name"]
    base = _base(context, model, values, shared, workspace)
    config = config_options.chosen(context, model, values, base)
    of_source = shared["source"] is not None or shared["source_model"] is not None
    if of_source and config_options.typed(context, ["source_share"]) and not values["source_share"]:
        raise UsageError("--source-share 0: uses nothing of the source; leave both out")
    chosen: dict[str, Any] = {
        "name": shared["name"],
        "dataset": shared["dataset"],
        "source": shared["source"],
        "source_model": shared["source_model"],
        "options": TrainOptions(
            device=shared["device"],
            checkpoint_seconds=every,
            overwrite=shared["overwrite"],
            command=as_typed(),
            devices=shared["devices"],
            nodes=shared["num_nodes"],
            log_dir=shared["log_dir"],
            compile=shared["compile_networks"],
        ),
    }
    with console.notifier(quiet=shared["quiet"]) as notify:
        if shared["name"] != named and shared["name"] != _usual_name(context, model, values):
            notify(Note(f"--resume: {shared['name']} is the only unfinished run of {model}"))
        if shared["dry_run"]:
            plan = dry_run(config, workspace, notify=notify, **chosen)
        else:
            result = train(config, workspace, notify=notify, **chosen)
            if result.already_done and shared["log_dir"] is not None:
                notify(Note("--log-dir: nothing was left to train, so nothing was logged"))
    if shared["dry_run"]:
        console.print_json(plan.as_json()) if shared["as_json"] else _print_plan(plan)
        return
    if shared["as_json"]:
        console.print_json(result.as_json())
    else:
        print_result(result)
    if result.interrupted:
        again = "The same command, without --overwrite," if shared["overwrite"] else "The same command"
        if not is_first_process():
            return  # Fabric kills the first process at once where another ends with a code
        console.print_error(f"interrupted; saved. {again} goes on from here")
        raise typer.Exit(130)


def _base(
    context: typer.Context, model: str, values: dict[str, Any], shared: dict[str, Any], workspace: Any
) -> Config | None:
    """The settings to start from: of a file, a preset, an unfinished run; None: the model's defaults.

    An unfinished run gives the dataset, too, and where it was not named its name, into ``shared``.
    """
    given = [name for name in ("config", "preset", "resume") if shared[name]]
    if len(given) > 1:
        raise UsageError(f"--{given[0]}, --{given[1]}: give one of them")
    if shared["config"] is not None:
        return config_options.from_file(shared["config"], model)
    if shared["preset"] is not None:
        return config_options.from_preset(shared["preset"], model)
    if not shared["resume"]:
        return None
    if shared["overwrite"]:
        raise UsageError(
            "--resume, --overwrite: one continues the file, the other replaces it; give one of them"
        )

    from feraug.workflows.unfinished import unfinished_config, unfinished_dataset, unfinished_run

    path = workspace.model(shared["name"] or _usual_name(context, model, values))
    if shared["name"] is None and not config_options.typed(context, _TOLD_BY):
        path = unfinished_run(model, path, workspace)
        shared["name"] = path.stem
    found = unfinished_config(path)
    if found.model != model:
        again = f"feraug train {found.model} --resume --name {path.stem}"
        raise UsageError(f"--resume: {path} is a {found.model}; use '{again}'")
    if shared["dataset"] is None:
        shared["dataset"] = unfinished_dataset(path, workspace)
    return found


def _usual_name(context: typer.Context, model: str, values: dict[str, Any]) -> str:
    """The name of the file where ``--name`` gives none: of the model's defaults and what was typed."""
    return config_options.chosen(context, model, values, None).name


def print_result(result: TrainResult | ClassifierResult) -> None:
    """What the command says of its result."""
    from feraug.workflows.train_classifier import ClassifierResult

    _print_classifier(result) if isinstance(result, ClassifierResult) else _print(result)


def _print(result: TrainResult) -> None:
    from feraug.cli import console

    if result.losses:  # which exported weights do not have
        table = console.new_table(None, "loss (unweighted, mean of the last epoch)", "value")
        for name, value in result.losses.items():
            table.add_row(name, f"{value:.4f}")
        console.print_table(table)
    state = "already done" if result.already_done else "wrote"
    console.print_text(f"{state}: {result.path} (step {result.step:,} of {result.steps:,})")
    if any(result.samples.glob("step-*.png")):  # none beside exported weights
        console.print_text(f"look at the samples in {result.samples}")


def _print_classifier(result: ClassifierResult) -> None:
    from feraug.cli import console

    if result.validation:
        table = console.new_table(None, "epoch", "accuracy on validation")
        shown = {1, len(result.validation), result.chosen_epoch}
        for epoch in sorted(shown):
            mark = " (chosen)" if epoch == result.chosen_epoch else ""
            table.add_row(f"{epoch}{mark}", f"{result.validation[epoch - 1]:.1%}")
        console.print_table(table)
    state = "already done" if result.already_done else "wrote"
    console.print_text(f"{state}: {result.path} (step {result.step:,} of {result.steps:,})")
    console.print_text("the best epoch's accuracy is optimistic; 'feraug bench' measures on test images")


def _replaced(config: Mapping[str, Any]) -> bool:
    """Whether steps or a budget stand in place of the epochs."""
    return config.get("steps") is not None or config.get("budget") is not None


def _print_plan(plan: DryRun) -> None:
    from feraug.cli import console

    table = console.new_table(None, "setting", "value")
    for name, value in plan.config.items():
        if not uses(str(plan.config["model"]), name) or (name == "epochs" and _replaced(plan.config)):
            continue
        shown = ", ".join(value) if isinstance(value, list) else "-" if value in (None, "") else str(value)
        table.add_row(name, shown)
    console.print_table(table)
    table = console.new_table(None, "network", "parameters")
    for role, count in plan.parameters.items():
        table.add_row(role, f"{count:,}")
    console.print_table(table)
    steps = "as many steps as fit" if plan.steps is None else plural(plan.steps, "step")
    console.print_text(
        f"{steps} at {plan.seconds_per_step:.3f} s each (ten of them timed): about "
        f"{console.clock(plan.seconds)} (h:mm:ss); would write {plan.path}"
    )
