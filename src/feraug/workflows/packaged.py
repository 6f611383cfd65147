"""The weights that come with feraug: a translator for every pair, trained on FER2013."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "weights"
"""Where they lie; how they were made stands in ``docs/model-card.md`` and in the files themselves."""


def packaged_models() -> list[Path]:
    """The model files that are installed with feraug, by name."""
    return sorted(FOLDER.glob("*.h5"))


def packaged_model(name: str) -> Path | None:
    """The packaged model of this name, with or without ``.h5``; None where there is none."""
    return next((path for path in packaged_models() if path.stem == name.removesuffix(".h5")), None)


def is_packaged(path: Path) -> bool:
    """Whether a model file is one that came with feraug."""
    return path.resolve().parent == FOLDER.resolve()
