"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from feraug.errors import UsageError
from feraug.store.workspace import at_home


def _folder(text: str | Path) -> Path:
    """A folder, there already or not; an empty text would be the current folder, which nobody meant."""
    if not str(text).strip():
        raise typer.BadParameter("a folder's name is empty; leave the option out for ./artifacts")
    path = at_home(text)
    if path.is_symlink() and not path.exists():
        raise typer.BadParameter(f"'{path}' is a symbolic link that leads nowhere")
    if path.exists() and not path.is_dir():
        raise typer.BadParameter(f"'{path}' is a file, not a folder")
    return path


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        envvar="FERAUG_WORKSPACE",
        parser=_folder,
        help="Folder of all artifacts.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Start from scratch: replace what has this name, finished or not.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random draw.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, mps.")]
DevicesOption = Annotated[
    int, typer.Option("--devices", min=1, help="Devices (GPUs, or processes on the CPU) to share the work.")
]
NodesOption = Annotated[
    int, typer.Option("--num-nodes", min=1, help="Machines; start the command on each with torchrun.")
]
DatasetOption = Annotated[
    Path | None,
    typer.Option(
        "--dataset",
        metavar="FILE",
        parser=at_home,
        help="Another dataset, a file or a name in the workspace.",
        show_default=False,
    ),
]

DEFAULT_WORKSPACE = Path("artifacts")

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str, option: str) -> float:
    """``"90"``, ``"10s"``, ``"5m"``, ``"1.5h"`` or ``"1h30m"`` in seconds; :class:`UsageError` otherwise.

    ``option`` is the option that has the text, for the message.
    """
    plain = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    if plain is not None:
        return float(plain[1]) * _SECONDS[plain[2] or "s"]
    mixed = re.fullmatch(r"\s*(?:(\d{1,9})h)?\s*(?:(\d{1,9})m)?\s*(?:(\d{1,9})s)?\s*", text)
    if mixed is None or not any(mixed.groups()):
        raise UsageError(f"{option}: '{text}' is not a time; write 10s, 5m, 1.5h or 1h30m")
    return sum(int(part or 0) * _SECONDS[unit] for part, unit in zip(mixed.groups(), "hms", strict=True))
