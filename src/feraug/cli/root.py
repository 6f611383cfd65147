"""The sub-commands under one roof, and what typer complains of in feraug's words."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from feraug.cli.commands import LazyCommands
from feraug.errors import FeraugError, Interrupted, UsageError

# Typer carries its own copy of click (since 0.26), whose ClickException has no public name but is what
# typer.BadParameter derives from.
_CLICK_EXCEPTION: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="feraug",
    cls=LazyCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Do GAN-made faces make your facial-expression classifier better?\n\n"
    "Start with: feraug demo (drawn faces, nothing to download), or: feraug prepare fer2013.csv",
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


_CALLED_ELSEWHERE: Final = {
    "--lr": ("--generator-rate", "--rate"),
    "--learning-rate": ("--generator-rate", "--rate"),
    "--lambda": ("--cycle-weight",),
    "--emotion": ("--pair",),
    "--emotions": ("--pair", "--emotion"),
    "--pair": ("--emotion",),
    "--gpu": ("--device",),
    "--gpus": ("--devices",),
    "--cuda": ("--device",),
    "--num": ("--count",),
    "--model": ("--classifier",),
    "--output": ("--name",),
    "--out": ("--name",),
    "--data": ("--dataset",),
    "--force": ("--overwrite",),
    "--verbose": (),
}
"""What other tools, or other commands here, call an option: the first that a command has is suggested."""


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
        meant = _CALLED_ELSEWHERE.get(option[1])
        if meant is None:
            return suggestion(option[1], known)
        return next((f" (did you mean '{name}'?)" for name in meant if name in known), "")
    name = re.match(r"unknown '([^']+)'$", text)
    commands = getattr(command, "list_commands", None)
    if not name or commands is None:
        return ""
    names = commands(context)
    return suggestion(name[1], names) or f"; known: {', '.join(names)}"


def _example(command: Any, path: str) -> str:
    """The example in a command's help: ``, as in 'feraug prepare fer2013.csv'``."""
    found = re.search(rf"{re.escape(path)} [^\n]+", getattr(command, "help", None) or "")
    return f", as in '{found[0].rstrip('.')}'" if found else ""


def _too_much(text: str, command: Any) -> str:
    """Click's complaint of an argument too many, with the option that was probably meant."""
    found = re.match(r"Got unexpected extra arguments? ?(?:\(s\) ?)?\((.+)\)", text)
    if not found:
        return text
    from feraug.config import CLASSIFIERS
    from feraug.emotions import EMOTIONS

    known = [name for parameter in getattr(command, "params", ()) for name in parameter.opts]
    word = found[1]
    named = {
        "--pair": ":" in word,
        "--emotion": word in EMOTIONS,
        "--classifier": word in CLASSIFIERS,
        "--pool": word.endswith(".h5") and "/bench/" in word.replace("\\", "/"),
        "--synthetic": word.endswith(".h5"),
        "--workspace": Path(word).is_dir(),
    }
    meant = [name for name, likely in named.items() if likely and name in known]
    if not meant:
        return f"unexpected '{word}'"
    each = word.split() if word.endswith(".h5") else [word]  # of fold-*/bench/simple.h5
    return f"unexpected '{word}' (did you mean '{' '.join(f'{meant[0]} {one}' for one in each)}'?)"


_PLAINER: Final = {
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be greater than or equal to": "must not be below",
}
"""What newer versions of typer say of numbers, and how it is said here."""


def _usage_text(problem: Any) -> str:
    text = " ".join(problem.format_message().split()).rstrip(".")
    text = re.sub(r"\.? \(?(?:Did you mean|Possible options:) (--?[^?)]+|'[^?)]+)[?)].*$", "", text)
    context = getattr(problem, "ctx", None)
    command = getattr(context, "command", None)
    path = context.command_path if context is not None else "feraug"
    if path != "feraug":
        text = text.replace("No such command ", "unknown ", 1)  # the models of `feraug train`
    text = _too_much(text, command)
    for theirs, ours in _PLAINER.items():
        text = text.replace(theirs, ours)
    text += _nearest(problem, text)
    if text.startswith("Missing argument"):
        text += _example(command, path)
    return f"{text}; see '{path} --help'"
