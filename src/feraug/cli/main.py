"""The ``feraug`` command: its sub-commands, and every failure in one line."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from feraug.cli.commands import LazyCommands
from feraug.errors import FeraugError, Interrupted, one_line

# Typer carries its own copy of click in newer versions and imports click in older ones; both derive
# typer.BadParameter from their ClickException.
_CLICK_EXCEPTION: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

_OUT_OF_MEMORY = "out of memory; try a smaller --batch-size, or close other programs"

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


def main() -> None:
    """Run the command line; exit code 0 done, 1 a failure, 2 a bad command line, 130 interrupted."""
    _ready_streams()
    try:
        code = app(standalone_mode=False, prog_name="feraug")
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except _CLICK_EXCEPTION as problem:
        if type(problem).__name__ == "NoArgsIsHelpError":  # its message is the help
            sys.stdout.write(problem.format_message() + "\n")
            sys.exit(problem.exit_code)
        _fail(_usage_text(problem), problem.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _fail(str(Interrupted()), Interrupted.exit_code)
    except FeraugError as problem:
        _fail(str(problem), problem.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone, as in `feraug info FILE | head`: not worth a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        _fail(_OUT_OF_MEMORY, 1)
    except OSError as problem:
        _fail(str(problem), 1)
    except Exception as problem:
        if os.environ.get("FERAUG_TRACEBACK"):
            raise
        if re.search("out of memory|can't allocate memory|not enough memory", str(problem)):  # torch's words
            _fail(_OUT_OF_MEMORY, 1)
        kind = type(problem).__name__
        _fail(f"a bug in feraug: {kind}: {problem}; set FERAUG_TRACEBACK=1 for the details to report", 1)


def _ready_streams() -> None:
    """Let every file name be printed, on any terminal, and even where a stream was closed (``>&-``)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  (open till the end)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _usage_text(problem: Any) -> str:
    text = " ".join(problem.format_message().split()).rstrip(".")
    text = re.sub(r"\. Did you mean '([^']+)'\?$", r" (did you mean '\1'?)", text)
    text = re.sub(r" \(Possible options: ([^,)]+).*\)$", r" (did you mean '\1'?)", text)
    context = getattr(problem, "ctx", None)
    path = context.command_path if context is not None else "feraug"
    return f"{text}; see '{path} --help'"


def _fail(text: str, code: int) -> None:
    line = one_line(" ".join(text.splitlines()))
    sys.stderr.write(f"error: {line}\n")
    sys.exit(code)
