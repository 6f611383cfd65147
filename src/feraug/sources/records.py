"""What every source yields: faces with their labels and splits, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

NO_SPLIT: Final = 255
"""The split code of a row whose source says nothing of splits; ``prepare`` then draws a stratified split."""


@dataclass(frozen=True)
class FaceRecords:
    """Consecutive rows of a source.

    ``images`` uint8 (n, 48, 48); ``labels`` uint8 (n,), codes of ``EMOTIONS``;
    ``split`` uint8 (n,), codes of ``SPLITS`` or :data:`NO_SPLIT`; ``names`` (n) of the files, below their
    folder and with ``/``, None where rows have no names.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    names: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class Skipped:
    """Rows or files that were passed over: how many for each cause, and the first few by name."""

    causes: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(self, cause: str, example: str) -> None:
        """Count one row or file that was skipped for ``cause``; the first ten are kept by name."""
        self.causes[cause] = self.causes.get(cause, 0) + 1
        if len(self.examples) < 10:
            self.examples.append(example)

    @property
    def total(self) -> int:
        """How many rows or files were skipped in all."""
        return sum(self.causes.values())


class Source(Protocol):
    """Foreign data on its way into ``dataset.h5``."""

    @property
    def kind(self) -> str:
        """``csv``, ``folder`` or ``drawn``."""
        ...

    @property
    def skipped(self) -> Skipped:
        """What was skipped; complete once :meth:`batches` is exhausted."""
        ...

    def digests(self) -> Mapping[str, str]:
        """SHA-256 (hex) of every file that will be read, by name; empty for drawn faces."""
        ...

    def batches(self) -> Iterator[FaceRecords]:
        """Yield all rows in the source's order, a bounded number at a time."""
        ...
