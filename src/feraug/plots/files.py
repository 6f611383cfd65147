"""Writing plots: whole or not at all, as PNG and as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from feraug.store.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(figure: Figure, path: Path, kinds: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write a figure as PNG at ``path`` and as SVG beside it (or those of the ``kinds``); returns all.

    Raises :class:`~feraug.errors.StorageError` for a full disk or a folder that cannot be written.
    """
    from matplotlib import rc_context

    written = []
    for ending in kinds:
        place = path.with_suffix(f".{ending}")
        with atomic_path(place) as temporary, rc_context({"svg.hashsalt": "feraug"}):
            # Without a date the same figures give the same file.
            figure.savefig(
                temporary, format=ending, dpi=150, metadata={"Date": None} if ending == "svg" else None
            )
        written.append(place)
    return written
