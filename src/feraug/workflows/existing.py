"""Run it again: whether a file of this name is the one that is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final

from feraug.config import differences
from feraug.errors import ArtifactError, ConfigConflictError, StorageError, UsageError
from feraug.store.header import Header, Provenance
from feraug.store.lock import exclusive
from feraug.store.reading import open_artifact

OTHERWISE: Final = "--overwrite replaces it, --name NAME writes another file"
"""What to do about a file that was made with other settings."""


def existing_header(
    path: Path,
    encoding_type: str,
    wanted: Provenance,
    *,
    overwrite: bool,
    normalised: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    extends: Collection[str] = (),
) -> Header | None:
    """The header of the file at ``path`` if it came from the same config and inputs; None to make it anew.

    ``normalised`` completes the config of a file from a version that had fewer settings.  A file
    that only differs in ``extends`` (settings), and that was made from fewer inputs, is one to add
    to: its header is given too.  Raises
    :class:`ConfigConflictError`, naming what differs, when it came from others.
    """
    check_folder(path)
    if path.is_dir():  # which no --overwrite replaces; better said before the work than after it
        raise ArtifactError(f"{path}: a folder has the name of the file; choose another with --name NAME")
    if overwrite or not path.exists():
        return None
    try:
        with open_artifact(path, encoding_type) as reader:
            header = reader.header
    except ArtifactError as problem:
        raise ArtifactError(problem.what, OTHERWISE) from problem
    there = normalised(header.provenance.config)
    found = differences(_without(there, extends), _without(wanted.config, extends))
    more = extends and set(header.provenance.inputs.values()) <= set(wanted.inputs.values())
    found += [] if more else _input_differences(header.provenance.inputs, wanted.inputs)
    if found:
        raise ConfigConflictError(f"{path} was made with other settings ({'; '.join(found)})", OTHERWISE)
    return header


def there_or_held(
    look: Callable[[], Header | None],
    path: Path,
    held: contextlib.ExitStack,
    enough: Callable[[Header], bool] = lambda there: True,
) -> Header | None:
    """What ``look`` finds at ``path``; where that is nothing, ``path`` is this process's until ``held`` ends.

    So it is where what is there is not ``enough``, such as an unfinished training.  What is there already is
    found in a folder that cannot be written to, too.  Raises :class:`StorageError` when another process is
    making it.
    """
    there = look()
    if there is not None and enough(there):
        return there
    held.enter_context(exclusive(path))
    return look()  # again: another process may just have made it


def check_ending(path: Path, endings: Collection[str]) -> None:
    """Refuse a new name that ends as the pictures of another do, which would replace one another."""
    for ending in endings:
        other = path.stem.removesuffix(ending)
        if other != path.stem and not path.exists():
            raise UsageError(
                f"--name: '{path.stem}' is what pictures of '{other}' are called; choose another name"
            )


def is_finished(there: Header) -> bool:
    """Whether it is a finished training."""
    return bool(there.extra.get("finished"))


def check_folder(path: Path) -> None:
    """Raise :class:`StorageError` where ``path`` cannot be made as its folder's name is that of a file."""
    for folder in path.parents:
        if folder.exists():
            if not folder.is_dir():
                raise StorageError(f"{folder}: a file stands where a folder is needed; choose another place")
            return


def _without(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _input_differences(existing: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Inputs are told apart by content: the same file under another name is the same input."""
    if sorted(existing.values()) == sorted(wanted.values()):
        return []
    gone = [f"{name} {digest[:12]}" for name, digest in existing.items() if digest not in wanted.values()]
    new = [f"{name} {digest[:12]}" for name, digest in wanted.items() if digest not in existing.values()]
    if gone and new:
        return [f"made from {', '.join(gone)} instead of {', '.join(new)}"]
    return [f"made from {', '.join(gone)} as well" if gone else f"not made from {', '.join(new)}"]
