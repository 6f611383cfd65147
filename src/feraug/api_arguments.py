"""What users of the Python API may give: paths and names as text, one or several, the workspace or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from feraug.errors import UsageError
from feraug.store.workspace import Workspace, at_home

T = TypeVar("T")


def workspace_at(folder: str | Path | None) -> Workspace:
    """The workspace in a folder; None: that of ``$FERAUG_WORKSPACE``, or ``artifacts``, as in the shell."""
    usual = os.environ.get("FERAUG_WORKSPACE") or "artifacts"
    return Workspace(at_home(usual if folder is None else folder))


def place(given: str | Path | None) -> Path | None:
    """A place as a path, ``~`` the home folder; None stays None."""
    return None if given is None else at_home(given)


def spelled_out(name: str | Path) -> str:
    """A name or place as text, as it is but for ``~``, the home folder."""
    return str(at_home(name)) if str(name).startswith("~") else str(name)


def text(name: str | Path | None) -> str | None:
    """As :func:`spelled_out`; None stays None."""
    return None if name is None else spelled_out(name)


def several(given: str | Path | Sequence[str | Path] | None) -> list[str]:
    """Names or places as texts, ``~`` the home folder; a single one may stand for itself, None for none."""
    if given is None:
        return []
    return [spelled_out(one) for one in ([given] if isinstance(given, str | Path) else given)]


def config_of(function: str, config: object, default: T, *others: type[Any]) -> T:
    """The config that ``function`` was given, or its default for None.

    Raises :class:`UsageError` unless it is of the default's class, or of one of the ``others``.
    """
    if config is None:
        return default
    kinds = (type(default), *others)
    if not isinstance(config, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise UsageError(f"{function}: takes a {names}, not a {type(config).__name__}")
    return cast("T", config)
