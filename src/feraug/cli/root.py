"""The sub-commands under one roof, and what typer complains of in feraug's words."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any

import typer

from feraug.cli.commands import LazyCommands
from feraug.errors import FeraugError, Interrupted, UsageError

# Typer carries its own copy of click in newer versions and imports click in older ones; both derive
# typer.BadParameter from their ClickException.
_CLICK_EXCEPTION: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="feraug",
    cls=LazyCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Do GAN-made faces make your facial-expression classifier better?\n\n"
    "Start with: feraug prepare fer2013.csv (or: feraug prepare drawn)",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from feraug.version import __version__

        typer.echo(f"feraug {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run() -> int:
    """Run the command that ``sys.argv`` names and return its exit code.

    What typer complains of comes out as :class:`FeraugError`, with typer's exit code.
    """
    try:
        code = app(standalone_mode=False, prog_name="feraug")
    except _CLICK_EXCEPTION as problem:
        if type(problem).__name__ == "NoArgsIsHelpError":  # its message is the help
            sys.stdout.write(problem.format_message() + "\n")
            return int(problem.exit_code)
        kind = UsageError if problem.exit_code == UsageError.exit_code else FeraugError
        raise kind(_usage_text(problem)) from problem
    except typer.Abort as problem:
        raise Interrupted from problem
    return code if isinstance(code, int) else 0


def _nearest(problem: Any, text: str) -> str:
    """The name that is nearest to an unknown option or sub-command; click lists several, by the alphabet."""
    from feraug.emotions import suggestion

    context = getattr(problem, "ctx", None)
    command = getattr(context, "command", None)
    option = re.match(r"No such option:? '?(--?[\w-]+)", text)
    if option and command is not None:
        known = [
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        ]
        return suggestion(option[1], known)
    name = re.match(r"No such command '([^']+)'$", text)
    commands = getattr(command, "list_commands", None)
    return suggestion(name[1], commands(context)) if name and commands is not None else ""


def _usage_text(problem: Any) -> str:
    text = " ".join(problem.format_message().split()).rstrip(".")
    text = re.sub(r"\.? \(?(?:Did you mean|Possible options:) (--?[^?)]+|'[^?)]+)[?)].*$", "", text)
    text += _nearest(problem, text)
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "feraug"
    return f"{text}; see '{path} --help'"
