"""``feraug info``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.errors import UsageError, one_line
from feraug.quoting import as_here
from feraug.store.workspace import at_home
from feraug.words import plural

app = new_app()


@app.command()
def command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            parser=at_home,
            help="Any .h5 file that feraug wrote, or its name in the workspace.",
            show_default=False,
        ),
    ],
    config: Annotated[bool, typer.Option("--config", help="Print the config alone, as JSON.")] = False,
    trace: Annotated[
        str | None,
        typer.Option(
            "--trace",
            metavar="ROW|file",
            help="Provenance of the image in this row, or of the file itself, file by file.",
            show_default=False,
        ),
    ] = None,
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """What a file holds and how it came about: feraug info artifacts/dataset.h5."""
    from feraug.cli import console
    from feraug.store.workspace import Workspace
    from feraug.workflows.info import describe

    file = Workspace(workspace).artifact(file)
    if trace is not None:
        if config:
            raise UsageError("--config, --trace: give one of them")
        _trace(file, _row(trace), workspace, as_json=as_json)
        return
    del quiet  # there is no progress and no note to leave out, but scripts may give it to every command
    facts = describe(file)
    if config:
        console.print_json(facts["config"])
    elif as_json:
        console.print_json(facts)
    else:
        _print(facts)


def _row(text: str) -> int | None:
    """The row that ``--trace`` names, None for the file itself."""
    if text == "file":
        return None
    try:
        return int(text)
    except ValueError as problem:
        raise UsageError(f"--trace {text}: takes a row, 0 or more, or file") from problem


def _trace(file: Path, row: int | None, workspace: Path, *, as_json: bool) -> None:
    from feraug.cli import console
    from feraug.store.workspace import Workspace
    from feraug.workflows.trace import trace

    links = trace(file, row, (Workspace(workspace),))
    if as_json:
        told = [link.as_json() for link in links]
        console.print_json({"path": str(file.resolve()), "row": row, "links": told})
        return
    for link in links:
        place = "" if link.row is None else f" row {link.row}"
        what = "MISSING: no such file in the workspace" if link.missing else link.what
        console.print_text(
            f"{'  ' * link.depth}{link.role}: {one_line(link.name)}{place} (SHA-256 {link.digest[:16]}…)"
            + (f", {what}" if what else "")
        )
    missing = len({link.digest for link in links if link.missing})
    if missing:
        files = plural(missing, "file is", "files are")
        console.print_text(f"{files} missing; --workspace names another folder to look in")


def _print(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console

    kind = facts["encoding-type"].removeprefix("feraug-")
    size = facts["bytes"]
    amount = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
    console.print_text(f"{facts['path']}: {kind}, {amount}")
    _PRINTERS[kind](facts)
    console.print_text(
        f"made by: {one_line(as_here(facts['command']))} (feraug {one_line(facts['feraug-version'])}, "
        f"seed {facts['seed']})"
    )
    for name, digest in facts["inputs"].items():
        console.print_text(f"made from: {one_line(name)} (SHA-256 {digest[:16]}…)")
    console.print_text(f"SHA-256: {facts['sha256']}")


def _dataset(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console

    console.print_table(console.splits_table(_without_empty(facts["splits"])))
    votes = ", with FER+ votes" if facts["ferplus"] else ""
    console.print_text(f"labels: {facts['labels']}{votes}")
    # In the order of prepare's work: read, relabel, audit, drop.
    if facts["skipped"]["total"]:
        console.print_text(f"skipped while reading: {facts['skipped']['total']:,}")
    console.print_prose(console.audit_text(facts))


def _ssim(facts: Mapping[str, Any]) -> None:
    from feraug.cli.ssim import print_figures

    print_figures(facts, str(facts["config"].get("variant", "")))


def _compare(facts: Mapping[str, Any]) -> None:
    from feraug.cli.compare_breakdown import print_degradations
    from feraug.cli.compare_tables import print_figures

    print_figures(facts)
    if facts["by_degradation"] is not None:
        print_degradations(facts, facts["by_degradation"])


def _without_empty(splits: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The counts without the emotions of which there is no image at all."""
    present = {emotion for counts in splits.values() for emotion, count in counts.items() if count}
    return {
        split: {emotion: count for emotion, count in counts.items() if emotion in present}
        for split, counts in splits.items()
    }


def _model(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console

    config = facts["config"]
    state = "finished" if facts["finished"] else "not finished"
    what = f"{config.get('model', 'model')} {config.get('pair') or ', '.join(config.get('emotions', ()))}"
    console.print_text(f"{what.strip()}: step {facts['step']:,} of {facts['steps']:,}, {state}")
    if facts["seconds"] is not None:
        console.print_text(f"trained for {facts['seconds'] / 60:,.1f} minutes")
    if facts["weights_only"]:
        console.print_text(f"exported weights ({facts['weights']}) alone: no training can go on from them")
    table = console.new_table(None, "network", "parameters")
    for role, count in facts["parameters"].items():
        table.add_row(one_line(role), f"{count:,}")
    console.print_table(table)
    measured = "mean of the last epoch"
    if "chosen_epoch" in facts:
        measured += f"; validation: of epoch {facts['chosen_epoch']}, the chosen one"
    if facts["losses"]:  # which exported weights do not have
        table = console.new_table(None, f"loss (unweighted, {measured})", "value")
        for name, value in facts["losses"].items():
            table.add_row(one_line(name), f"{value:.4f}")
        console.print_table(table)
    settings = ", ".join(f"{name} {value}" for name, value in config.items() if name not in ("model", "pair"))
    console.print_text(f"config: {settings}")


def _synthetic(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console
    from feraug.cli.filter_tables import emotions_table, stages_table
    from feraug.workflows.synthetic_sets import up_to_times

    table = console.new_table(None, "label", "images")
    for label, count in facts["labels"].items():
        table.add_row(label, f"{count:,}")
    console.print_table(table)
    if "filter" in facts:
        filtered = facts["filter"]
        parent = filtered["stages"][0]["left"] + filtered["stages"][0]["dropped"] if filtered["stages"] else 0
        console.print_table(stages_table(filtered["stages"], parent, filtered["real_images"]))
        if filtered.get("by_emotion"):
            console.print_table(emotions_table(filtered["by_emotion"]))
        console.print_text(
            f"filtered from the set with SHA-256 {facts['parent'][:16]}…, faces by {filtered['detector']}, "
            f"emotions by the classifier with SHA-256 {filtered['classifier'][:16]}…"
        )
    if not facts["source_images"]:
        console.print_text(f"{plural(facts['images'], 'image')} made from noise")
        return
    console.print_text(
        f"{plural(facts['images'], 'image')} from {plural(facts['source_images'], 'source image')}, "
        f"each used {up_to_times(facts['rounds'])}"
    )


def _predictions(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console

    images = plural(facts["images"], "test image")
    console.print_text(
        f"repeat {facts['repeat'] + 1} of the arm {facts['arm']}: {images}, epoch "
        f"{facts['chosen_epoch']} of {len(facts['validation_accuracy'])}, "
        f"{max(facts['validation_accuracy'], default=0.0):.1%} on validation"
    )


def _bench(facts: Mapping[str, Any]) -> None:
    from feraug.cli import console

    table = console.new_table(None, "arm", "repeats", "accuracy, mean")
    for arm, values in facts["arms"].items():
        mean = sum(values["accuracy"]) / len(values["accuracy"])
        table.add_row(one_line(arm), str(facts["repeats"][arm]), f"{mean:.1%}")
    console.print_table(table)
    for sentence in facts["conclusions"]:
        console.print_prose(sentence)
    less = f", reduced: {', '.join(facts['reductions'])}" if facts["reduced"] else ""
    images, steps = plural(facts["images"], "test image"), plural(facts["steps"], "step")
    console.print_text(f"{images}, {steps} a training{less}")


_PRINTERS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "dataset": _dataset,
    "model": _model,
    "synthetic": _synthetic,
    "predictions": _predictions,
    "bench": _bench,
    "ssim": _ssim,
    "compare": _compare,
}
