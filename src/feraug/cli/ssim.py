"""``feraug ssim``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feraug.cli import options
from feraug.cli.commands import new_app
from feraug.config import SSIM_VARIANTS, SsimConfig
from feraug.emotions import EMOTIONS

if TYPE_CHECKING:
    from rich.table import Table

    from feraug.workflows.ssim import SsimResult

DEFAULTS = SsimConfig()

app = new_app()


@app.command()
def command(
    synthetic: Annotated[
        list[str] | None,
        typer.Option(
            "--synthetic",
            metavar="FILE",
            help="A synthetic set, a file or a name in synthetic/; repeatable.",
            show_default="all of the workspace, filtered ones in place of their parents",
        ),
    ] = None,
    variant: Annotated[
        str,
        typer.Option(
            "--variant",
            metavar="|".join(SSIM_VARIANTS),
            help="SSIM windows: uniform, 7x7; gaussian, sigma 1.5 (Wang et al., 2004).",
        ),
    ] = DEFAULTS.variant,
    queries: Annotated[
        int,
        typer.Option(
            "--queries", min=0, help="Images of each set whose nearest training image is searched; 0: all."
        ),
    ] = DEFAULTS.queries,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Random pairs of each kind.")] = DEFAULTS.pairs,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="NAME|FILE",
            help="Compare distributions, too, on the features of this classifier: FER-FD and the like.",
            show_default="no distributions",
        ),
    ] = None,
    seed: options.SeedOption = DEFAULTS.seed,
    name: Annotated[
        str | None,
        typer.Option("--name", help="File name, ssim/NAME.h5.", show_default="the set's name, or all"),
    ] = None,
    dataset: options.DatasetOption = None,
    device: Annotated[
        str, typer.Option("--device", help="cpu, a GPU such as cuda or cuda:1, or auto.")
    ] = "cpu",
    workspace: options.WorkspaceOption = options.DEFAULT_WORKSPACE,
    overwrite: options.OverwriteOption = False,
    as_json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> None:
    """How similar synthetic faces are to real ones: feraug ssim --synthetic FILE.

    Finds copies of training images, compares translations with their sources, and measures variety; with
    --judge also how far the sets lie from real faces as distributions.
    """
    config = SsimConfig(variant=variant, queries=queries, pairs=pairs, seed=seed)

    from feraug.cli import console
    from feraug.cli.command_line import as_typed
    from feraug.store.workspace import Workspace
    from feraug.workflows.ssim import SsimOptions, ssim

    with console.notifier(quiet=quiet) as notify:
        result = ssim(
            config,
            Workspace(workspace),
            synthetic=synthetic or (),
            dataset=dataset,
            judge=judge,
            name=name,
            options=SsimOptions(None if device == "cpu" else device, overwrite, as_typed()),
            notify=notify,
        )
    console.print_json(result.as_json()) if as_json else print_result(result)


def print_result(result: SsimResult) -> None:
    """What the command says of its result."""
    from feraug.cli import console

    print_figures(result.figures, result.found.header.provenance.config["variant"])
    console.print_text(f"{'already done' if result.already_done else 'wrote'}: {result.path}")
    console.print_text("look at the pictures:\n" + "\n".join(f"  {path}" for path in result.pictures))


def print_figures(figures: Mapping[str, Any], variant: str) -> None:
    """The table of quantiles and the count of near copies."""
    from feraug.cli import console
    from feraug.errors import one_line

    table = console.new_table(None, f"SSIM ({variant})", "pairs", "1 %", "25 %", "50 %", "75 %", "99 %")
    for number, (title, rows) in enumerate(_sections(figures).items()):
        if number:
            table.add_section()
        table.add_row(title)
        for label, found in rows.items():
            values = [found["quantiles"][key] for key in ("0.01", "0.25", "0.5", "0.75", "0.99")]
            table.add_row(
                f"  {one_line(label)}", f"{found['pairs']:,}", *(f"{value:.3f}" for value in values)
            )
    console.print_table(table)
    for line in _copies(figures):
        console.print_prose(line)
    if "judge" in figures:
        console.print_table(_distributions(figures))
        for line in _of_the_judge(figures):
            console.print_prose(line)


def _distributions(figures: Mapping[str, Any]) -> Table:
    """By emotion: new validation faces, and the sets."""
    from feraug.cli import console
    from feraug.errors import one_line

    heads = ("images", "called", "FER-FD", "floor", "coverage", "levels")
    table = console.new_table(None, "distributions", *heads)
    sets = {"real: validation, new": figures["real"]["distribution"]}
    sets |= {one["name"]: one["distribution"] for one in figures["sets"]}
    emotions = [name for name in EMOTIONS if any(name in found for found in sets.values())]
    for number, emotion in enumerate(emotions):
        if number:
            table.add_section()
        table.add_row(emotion)
        for label, by_emotion in sets.items():
            if (found := by_emotion.get(emotion)) is not None:
                table.add_row(f"  {one_line(label)}", f"{found['images']:,}", *_shown(found))
    return table


def _shown(found: Mapping[str, Any]) -> list[str]:
    """The figures of a row; nothing where there were too few images."""
    share, coverage = found["share"], found["coverage"]
    return [
        "" if share is None else f"{100 * share['mean']:.1f}",
        _short(found["frechet"]),
        _short(found["floor"]["frechet"]),
        "" if coverage is None else f"{coverage['mean']:.2f}",
        "" if found["histogram"] is None else f"{found['histogram']:.1f}",
    ]


def _short(distance: Mapping[str, float] | None) -> str:
    """The mean in three digits: 0.007, 2.57, 551."""
    if distance is None:
        return ""
    mean = distance["mean"]
    return f"{mean:.3f}" if mean < 0.1 else f"{mean:.3g}" if mean < 100 else f"{mean:.0f}"


def _of_the_judge(figures: Mapping[str, Any]) -> Iterator[str]:
    judge = figures["judge"]
    right = judge["validation_accuracy"]
    yield (
        f"judge: {judge['name']} (SHA-256 {judge['sha256'][:12]})"
        + ("" if right is None else f", {right:.1%} right on validation")
    )
    yield "called: % of the images that the judge calls by their emotion"
    yield (
        "FER-FD, coverage: of half the images (at most 500, and a quarter of the real training faces) "
        "against as many of these, 20 times"
    )
    yield (
        "floor: FER-FD of such real faces against others of them; both FER-FDs fall as there are more "
        "images, so compare a set with its own"
    )
    yield "levels: grey levels between the histograms of the pixels; --json has more"


def _sections(figures: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What stands in the table: sections, their rows, and the figures of each; without what is not there."""
    real, sets = figures["real"], figures["sets"]

    def of_sets(kind: str) -> dict[str, Any]:
        return {one["name"]: one[kind] for one in sets}

    sections = {
        "nearest training image": {
            "real: train, others": real["train"],
            "real: validation, new": real["validation"],
            **of_sets("nearest"),
        },
        "translation to its source": of_sets("source"),
        "two images of one emotion": {"real": real["within"], **of_sets("within")},
        "two images of two emotions": {"real": real["across"]},
    }
    there = {
        title: {label: found for label, found in rows.items() if found} for title, rows in sections.items()
    }
    return {title: rows for title, rows in there.items() if rows}


def _copies(figures: Mapping[str, Any]) -> Iterator[str]:
    if figures["threshold"] is None:
        return
    whose = {"validation": "new validation images", "train": "training images to their nearest other one"}
    found = figures["real"][figures["threshold_from"]]
    yield (
        f"near copy: SSIM of {figures['threshold']:.3f} or more to a training image, the 99 % quantile of "
        f"{found['pairs']:,} {whose[figures['threshold_from']]}"
    )
    shares = {"real training images": figures["real"]["train_near_copies"]}
    shares |= {one["name"]: one["near_copies"] for one in figures["sets"]}
    for name, share in shares.items():
        if share:
            percent = f"{100 * share['share']:.1f} %"
            yield f"near copies among {name}: {share['images']:,} of {share['of']:,} ({percent})"
