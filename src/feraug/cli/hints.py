"""Commands that feraug proposes, with the workspace that the user named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from feraug.quoting import quoted

_COMMAND: Final = re.compile(
    r"feraug (?:(?:prepare|train|synth|filter|ssim|compare|bench|report) [^'\"]*"
    r"|(?:ssim|report)\b)"  # which do their work without further words
)
_QUOTED: Final = re.compile(rf"'({_COMMAND.pattern})'")
_PLACEHOLDER: Final = re.compile(r"\b(?:FILE|NAMES?|EMOTION|DIR|MODEL|TIME)\b")
_FILE_NAME: Final = re.compile(r"--name \S+(?= |$)")
_SHORT: Final = "-w"
_LONG: Final = "--workspace"


def in_workspace(text: str, arguments: Sequence[str]) -> str:
    """``text`` with ``-w DIR`` in every command in quotes, if ``arguments`` have one; else as it is.

    >>> in_workspace("make it with 'feraug prepare drawn'", ["train", "cyclegan", "-w", "runs"])
    "make it with 'feraug prepare drawn -w runs'"
    """
    folder = _named(arguments)
    return text if folder is None else _QUOTED.sub(lambda found: f"'{_with(found[1], folder)}'", text)


def command_in_workspace(sentence: str, folder: str) -> str:
    """A sentence that ends in a command, with ``-w DIR``; one that does not, as it is."""
    return _with(sentence, folder) if _COMMAND.search(sentence) else sentence


def _with(command: str, folder: str) -> str:
    pattern = _PLACEHOLDER.search(_FILE_NAME.sub("", command))  # which nobody copies
    if pattern or "--help" in command or f" {_SHORT} " in command or _LONG in command:
        return command
    return f"{command} {_SHORT} {quoted(folder)}"


def _named(arguments: Sequence[str]) -> str | None:
    """The workspace of a command line as typed; the last, as typer has it."""
    found = None
    for place, word in enumerate(arguments):
        following = next(iter(arguments[place + 1 : place + 2]), None)
        if word == _LONG:
            found = following
        elif word.startswith(f"{_LONG}="):
            found = word.partition("=")[2]
        elif short := re.fullmatch(r"-q*w(.*)", word):
            found = short[1] or following
    return found
