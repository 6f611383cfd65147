"""``compare/NAME.h5``: what was measured of each model, and what the judge says of every image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, DomainPair
from feraug.errors import UsageError
from feraug.store.compare_parts import CompareParts, read_parts, write_parts
from feraug.store.header import COMPARE, Header, Provenance, write_header
from feraug.store.reading import ArtifactReader, FactsShape, is_shaped, open_artifact
from feraug.store.writing import new_artifact

_NUMBER: Final[FactsShape] = (float, int)
_MAYBE: Final[FactsShape] = (float, int, None)
_INTERVAL: Final[FactsShape] = ({"mean": _NUMBER, "low": _NUMBER, "high": _NUMBER}, None)
_DISTANCES: Final = ("frechet", "kernel", "density", "coverage")
_MEASURES: Final[Mapping[str, FactsShape]] = {
    **dict.fromkeys(("share", "identity", "error", *_DISTANCES), _INTERVAL),
    "within": _MAYBE,
    "variety": _MAYBE,
    "near_copies": ({"images": int, "of": int, "share": _NUMBER}, None),
    "copying": ({"statistic": _NUMBER, "p_value": _NUMBER}, None),
}
_MODEL: Final[Mapping[str, FactsShape]] = {
    "name": str,
    "model": str,
    "sha256": str,
    **_MEASURES,
    "collapsed": bool,
    "training": {
        **dict.fromkeys(("step", "steps", "images"), int),
        "finished": bool,
        "seconds": _MAYBE,
        "loss_spread": _MAYBE,
    },
}
_TABLE: Final[Mapping[str, FactsShape]] = {
    "pair": str,
    **dict.fromkeys(("faces", "real_faces", "references", "subsample"), int),
    "threshold": _MAYBE,
    "judge": {"name": str, "model": str, "sha256": str, "finished": bool, "validation_accuracy": _MAYBE},
    "floor": (dict.fromkeys(_DISTANCES, _INTERVAL), None),
    "untouched": _MEASURES,
    "real": _MEASURES,
    "models": [_MODEL],
}
FACTS: Final[Mapping[str, FactsShape]] = {"table": _TABLE}
"""What ``facts`` must have."""


@dataclass(frozen=True)
class SetFaces:
    """One set of images: its rows, and what the judge says of each.

    ``rows`` int64 (n,) of the dataset: the images themselves, or what they were translated from;
    ``probabilities`` float32 (n, 7); ``features`` float32 (n, D); ``ssim`` float32 (n,) to the
    source, 1 for images that are their own; ``error`` float32 (n,) to the right answer in grey levels,
    None where nobody knows it.
    """

    rows: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]
    ssim: NDArray[np.float32]
    error: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class CompareArrays:
    """A comparison in memory: ``sets`` are the untouched faces, real ones, then each model's."""

    header: Header
    sets: tuple[SetFaces, ...]
    parts: CompareParts = field(default_factory=CompareParts)

    @property
    def table(self) -> Mapping[str, Any]:
        """The figures of the whole sets, as ``feraug compare --json`` prints them."""
        found: Mapping[str, Any] = self.header.extra["table"]
        return found


def write_compare(
    path: Path,
    sets: tuple[SetFaces, ...],
    table: Mapping[str, Any],
    provenance: Provenance,
    parts: CompareParts | None = None,
) -> None:
    """Write a comparison atomically; ``table`` has what :data:`FACTS` says."""
    parts = parts or CompareParts()
    with new_artifact(path) as artifact:
        write_header(artifact.file, COMPARE, provenance, {"table": dict(table), "parts": parts.facts()})
        for number, one in enumerate(sets):
            for name, values in vars(one).items():
                if values is not None:
                    artifact.file.create_dataset(f"sets/{number}/{name}", data=values)
        write_parts(artifact.file, parts)


def read_compare(path: Path) -> CompareArrays:
    """Read a comparison; raises :class:`~feraug.errors.ArtifactError` when it is damaged."""
    with open_artifact(path, COMPARE) as reader:
        reader.facts(FACTS)
        table = reader.header.extra["table"]
        try:
            DomainPair.parse(table["pair"])
        except UsageError as problem:
            raise reader.damaged("attribute 'facts' has an unusable 'pair'") from problem
        described = (table["untouched"], table["real"], *table["models"])
        if not all(is_shaped(one.get("histogram"), _MAYBE) for one in described):  # older files lack it
            raise reader.damaged("attribute 'facts' has an unusable 'histogram'")
        groups = (f"sets/{number}" for number in range(2 + len(table["models"])))
        sets = tuple(_set(reader, group) for group in groups)
        parts = read_parts(reader, [len(one.rows) for one in sets])
        return CompareArrays(reader.header, sets, parts)


def _set(reader: ArtifactReader, group: str) -> SetFaces:
    rows = reader.array(f"{group}/rows", "int64", (None,))
    reader.within(f"{group}/rows", rows, 0, 2**63 - 1)
    count = len(rows)
    found = SetFaces(
        rows,
        reader.array(f"{group}/probabilities", "float32", (count, len(EMOTIONS))),
        reader.array(f"{group}/features", "float32", (count, None)),
        reader.array(f"{group}/ssim", "float32", (count,)),
        reader.array(f"{group}/error", "float32", (count,)) if reader.has(f"{group}/error") else None,
    )
    if found.error is not None and not ((found.error >= 0) & (found.error <= 255)).all():  # nor NaN
        raise reader.damaged(f"'{group}/error' has values outside 0 to 255")
    if not np.isfinite(found.features).all() or not np.isfinite(found.probabilities).all():
        raise reader.damaged(f"'{group}' holds values that are not finite")
    if not (np.abs(found.ssim) <= 1.001).all():  # NaN is not, either
        raise reader.damaged(f"'{group}/ssim' has values outside -1 to 1")
    return found
