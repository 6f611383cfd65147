"""The command line as typed, for the provenance of what it makes."""

from __future__ import annotations

import shlex
import sys


def as_typed() -> str:
    """``feraug`` and its arguments, quoted for a shell."""
    return shlex.join(["feraug", *sys.argv[1:]])
