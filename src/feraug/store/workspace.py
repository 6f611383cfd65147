"""Where each artifact lies in the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feraug.errors import UsageError


@dataclass(frozen=True)
class Workspace:
    """A folder of artifacts; nothing is created before something is written."""

    root: Path

    def dataset(self, name: str = "dataset") -> Path:
        """``dataset.h5``, what ``feraug prepare`` writes."""
        return self.root / f"{checked_name(name)}.h5"

    def model(self, name: str) -> Path:
        """``models/NAME.h5``."""
        return self.root / "models" / f"{checked_name(name)}.h5"

    def samples(self, name: str) -> Path:
        """``models/NAME/``, the folder of a model's sample grids."""
        return self.root / "models" / checked_name(name)

    def synthetic(self, name: str) -> Path:
        """``synthetic/NAME.h5``."""
        return self.root / "synthetic" / f"{checked_name(name)}.h5"

    def bench(self, name: str) -> Path:
        """``bench/NAME.h5``; the folder ``bench/NAME`` has a file for each repeat of each arm."""
        return self.root / "bench" / f"{checked_name(name)}.h5"

    def ssim(self, name: str) -> Path:
        """``ssim/NAME.h5``; its pictures lie beside it."""
        return self.root / "ssim" / f"{checked_name(name)}.h5"

    def compare(self, name: str) -> Path:
        """``compare/NAME.h5``; its pictures lie beside it."""
        return self.root / "compare" / f"{checked_name(name)}.h5"

    def synthetics(self) -> list[Path]:
        """All synthetic sets, sorted by name."""
        return sorted((self.root / "synthetic").glob("*.h5"))

    def models(self) -> list[Path]:
        """All model files, sorted by name."""
        return sorted((self.root / "models").glob("*.h5"))

    def artifacts(self) -> list[Path]:
        """All artifacts of all kinds, sorted within each folder; those of a benchmark's parts too."""
        patterns = ("", "models/", "synthetic/", "ssim/", "compare/", "bench/", "bench/*/")
        found = (sorted(self.root.glob(f"{pattern}*.h5")) for pattern in patterns)
        return [path for paths in found for path in paths]


def checked_name(name: str) -> str:
    """``name``, if it can be a file name on every platform; :class:`UsageError` otherwise."""
    stem = name.removesuffix(".h5")
    allowed = all(character.isalnum() or character in "-_.+" for character in stem)
    if not stem or not allowed or stem.startswith((".", "-")) or len(stem.encode()) > 100:
        raise UsageError(f"'{name}' cannot be a file's name; use letters, digits, '-', '_' and '.'")
    return stem
