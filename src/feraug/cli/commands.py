"""The sub-commands by name, each imported when it is run: ``feraug --help`` answers from this table alone."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import typer
from typer.core import TyperGroup

from feraug.errors import Interrupted

COMMANDS: Final = {
    "demo": "The whole chain on drawn faces, in four minutes: begin here.",
    "prepare": "Read, audit and split a set of faces.",
    "train": "Train a model: translators, faces from noise, classifiers.",
    "synth": "Make labelled faces with a trained model.",
    "filter": "Keep the synthetic images that pass as faces of an emotion.",
    "ssim": "Compare synthetic faces with real ones: copies, sources, variety.",
    "compare": "Trained translators side by side on the same faces and measures.",
    "bench": "Test whether synthetic faces make a classifier better.",
    "report": "One HTML page of everything in the workspace.",
    "info": "What a file holds and how it came about.",
    "export": "Images or weights for other tools: PNG folders, CSV, HDF5.",
    "doctor": "Check the installation, the devices and the workspace's files.",
}
"""Name, which is also the module in ``feraug.cli``, and the line in ``feraug --help``."""


def new_app(text: str | None = None) -> typer.Typer:
    """The Typer app of one command's module; ``text`` is the help of a group such as ``train``."""
    return typer.Typer(
        help=text,
        no_args_is_help=text is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


@contextmanager
def _interrupts_told() -> Iterator[None]:
    """Keep Ctrl-C from typer, which makes a bare exit code of it, without a line."""
    try:
        yield
    except KeyboardInterrupt as problem:
        raise Interrupted from problem


@cache
def _command(name: str) -> Any:
    """A sub-command; made once, however often a process runs it."""
    command = typer.main.get_command(importlib.import_module(f"feraug.cli.{name}").app)
    command.name = name
    return command


class LazyCommands(TyperGroup):
    """A group that imports a command's module only to run it or to show its own help."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        return _command(cmd_name) if cmd_name in COMMANDS else None

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _interrupts_told():
            return super().invoke(ctx)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Read the options in front of the command."""
        with _interrupts_told():
            return super().make_context(*arguments, **settings)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` begins with; an unknown one fails with the nearest name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from feraug.emotions import suggestion

            ctx.fail(f"No such command '{args[0]}'{suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
