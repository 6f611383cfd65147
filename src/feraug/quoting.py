"""Words of a command line, quoted for the shell that the user has."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[\w+=:./\\~-]+")
"""What neither cmd nor PowerShell takes for anything but a letter."""


def quoted(word: str, *, windows: bool = os.name == "nt") -> str:
    """``word`` as it can be typed: on Windows in double quotes, if any, which cmd and PowerShell both take.

    >>> quoted("my runs", windows=True), quoted("my runs", windows=False)
    ('"my runs"', "'my runs'")
    """
    if not windows:
        return shlex.quote(word)
    if _PLAIN.fullmatch(word):
        return word
    tail = len(word) - len(word.rstrip("\\"))  # before a quote backslashes count double
    return '"' + word.replace('"', '\\"') + "\\" * tail + '"'


def as_here(command: str, *, windows: bool = os.name == "nt") -> str:
    """A command that a file keeps, as it can be typed here; what is no command line stays as it is."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return command_line(words, windows=windows) if windows and words[:1] == ["feraug"] else command


def command_line(words: Iterable[str], *, windows: bool = os.name == "nt") -> str:
    """A command as it can be typed."""
    return " ".join(quoted(word, windows=windows) for word in words)
