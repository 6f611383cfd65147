"""``ssim/NAME.h5``: how similar synthetic and real faces are, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.store.header import SSIM, Header, Provenance, write_header
from feraug.store.reading import ArtifactReader, FactsShape, open_artifact
from feraug.store.writing import new_artifact

FACTS: Final[Mapping[str, FactsShape]] = {
    "threshold": (float, int, None),
    "threshold_from": str,
    "sets": list,
}
"""What ``facts`` must have."""

SET_FACTS: Final = {"name": str, "sha256": str, "images": int}
"""What each of the ``sets`` in ``facts`` must have."""


@dataclass(frozen=True)
class Pairs:
    """SSIM of n pairs of images.

    ``rows`` int64 (n, 2): the rows of both; ``ssim`` float32 (n,), from -1 to 1.
    """

    rows: NDArray[np.int64]
    ssim: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ssim)


@dataclass(frozen=True)
class SetSimilarity:
    """What was found of one synthetic set.

    ``nearest``: rows of the set and of the dataset, the nearest training image other than an image's
    own source; ``source``: rows of the set and of the source file, for translations whose source
    is known; ``within``: two rows of the set, of one label.
    """

    name: str
    sha256: str
    images: int
    nearest: Pairs
    source: Pairs
    within: Pairs


MEASURES: Final = ("frechet", "kernel", "density", "coverage")
"""Measures of distributions, each with a mean and a range, and a floor."""


@dataclass(frozen=True)
class Distribution:
    """How far sets lie from real training faces of an emotion, a row (n) for each set and emotion.

    ``set`` int64: the place of the synthetic set, -1 for new validation faces; ``emotion`` uint8; ``images``
    int64, those measured; ``subsample`` int64, of how many the distances are (0: too few); ``histogram``
    float64, grey levels; ``share`` float64 (n, 3), called by that emotion: mean, low and high; ``made`` and
    ``floor``: the same of each of ``MEASURES``, NaN where there were too few.
    """

    set: NDArray[np.int64]
    emotion: NDArray[np.uint8]
    images: NDArray[np.int64]
    subsample: NDArray[np.int64]
    histogram: NDArray[np.float64]
    share: NDArray[np.float64]
    made: Mapping[str, NDArray[np.float64]]
    floor: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class SsimArrays:
    """An analysis in memory.

    ``real``: pairs of real images by name: ``train`` and ``validation`` with their nearest training
    image, ``within`` one emotion and ``across`` two; ``sets``, the synthetic ones; ``distribution`` None
    without a judge.
    """

    header: Header
    real: Mapping[str, Pairs]
    sets: tuple[SetSimilarity, ...]
    distribution: Distribution | None = None

    @property
    def threshold(self) -> float | None:
        """The SSIM from which on an image is a near copy; None where there was nothing to tell by."""
        found = self.header.extra["threshold"]
        return None if found is None else float(found)


_COLUMNS: Final = {
    "set": "int64", "emotion": "uint8", "images": "int64", "subsample": "int64", "histogram": "float64",
    "share": "float64",
}  # fmt: skip

JUDGE: Final[FactsShape] = {"name": str, "sha256": str, "validation_accuracy": (float, int, None)}
"""What ``judge`` in ``facts`` must have, where there is a distribution."""

REAL: Final = ("train", "validation", "within", "across")
"""The pairs of real images, in the file's order."""

SET: Final = ("nearest", "source", "within")
"""The pairs of each synthetic set."""


def write_ssim(
    path: Path,
    real: Mapping[str, Pairs],
    sets: tuple[SetSimilarity, ...],
    provenance: Provenance,
    facts: Mapping[str, Any],
    distribution: Distribution | None = None,
) -> None:
    """Write an analysis atomically; ``facts`` has ``threshold``, ``threshold_from``, and ``judge`` if any."""
    described = [{"name": one.name, "sha256": one.sha256, "images": one.images} for one in sets]
    groups = {f"real/{name}": real[name] for name in REAL}
    groups |= {f"sets/{number}/{name}": getattr(one, name) for number, one in enumerate(sets) for name in SET}
    with new_artifact(path) as artifact:
        write_header(artifact.file, SSIM, provenance, {**facts, "sets": described})
        for group, pairs in groups.items():
            artifact.file.create_dataset(f"{group}/rows", data=np.asarray(pairs.rows, np.int64))
            artifact.file.create_dataset(f"{group}/ssim", data=np.asarray(pairs.ssim, np.float32))
        if distribution is not None:
            for name, values in _columns(distribution).items():
                artifact.file.create_dataset(f"distribution/{name}", data=values)


def read_ssim(path: Path) -> SsimArrays:
    """Read an analysis; raises :class:`~feraug.errors.ArtifactError` when it is damaged."""
    with open_artifact(path, SSIM) as reader:
        reader.facts(FACTS)
        described = reader.header.extra["sets"]
        for one in described:
            if not isinstance(one, dict) or any(
                not isinstance(one.get(key), kind) for key, kind in SET_FACTS.items()
            ):
                raise reader.damaged("attribute 'facts' has an unusable 'sets'")
        real = {name: _pairs(reader, f"real/{name}") for name in REAL}
        sets = tuple(
            SetSimilarity(
                one["name"],
                one["sha256"],
                one["images"],
                *(_pairs(reader, f"sets/{number}/{name}") for name in SET),
            )
            for number, one in enumerate(described)
        )
        distribution = _distribution(reader, len(sets)) if reader.has("distribution") else None
        if distribution is not None:
            reader.facts({"judge": JUDGE})
        return SsimArrays(reader.header, real, sets, distribution)


def _columns(found: Distribution) -> dict[str, NDArray[Any]]:
    """The datasets below ``distribution`` by name."""
    columns = {name: getattr(found, name) for name in _COLUMNS}
    columns |= {name: found.made[name] for name in MEASURES}
    return columns | {f"floor/{name}": found.floor[name] for name in MEASURES}


def _distribution(reader: ArtifactReader, sets: int) -> Distribution:
    """The rows, checked: figures are finite, or NaN where there were too few images."""
    place = "distribution"
    count = len(reader.array(f"{place}/set", "int64", (None,)))
    plain = {name: reader.array(f"{place}/{name}", kind, (count,)) for name, kind in _COLUMNS.items()
             if name != "share"}  # fmt: skip
    names = ["share", *MEASURES, *(f"floor/{name}" for name in MEASURES)]
    figures = {name: reader.array(f"{place}/{name}", "float64", (count, 3)) for name in names}
    for name, low, high in (("set", -1, sets - 1), ("emotion", 0, 6), ("images", 0, 2**63 - 1)):
        reader.within(f"{place}/{name}", plain[name], low, high)
    if any(np.isinf(values).any() for values in (plain["histogram"], *figures.values())):
        raise reader.damaged(f"'{place}' has a figure that is not finite")
    made, floor = ({name: figures[f"{of}{name}"] for name in MEASURES} for of in ("", "floor/"))
    return Distribution(**plain, share=figures["share"], made=made, floor=floor)


def _pairs(reader: ArtifactReader, group: str) -> Pairs:
    rows = reader.array(f"{group}/rows", "int64", (None, 2))
    ssim = reader.array(f"{group}/ssim", "float32", (len(rows),))
    reader.within(f"{group}/rows", rows, 0, 2**63 - 1)
    if not (np.abs(ssim) <= 1.001).all():  # NaN is not, either
        raise reader.damaged(f"'{group}/ssim' has values outside -1 to 1")
    return Pairs(rows, ssim)
