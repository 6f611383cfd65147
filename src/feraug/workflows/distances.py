"""How far made faces lie from real ones on a judge's features, and the floor: how far real ones do."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.metrics.distribution import density_and_coverage, frechet_distance, kernel_distance
from feraug.metrics.intervals import Measure, against_floor

_NEIGHBOURS: Final = 5


def subsample(references: int, *sets: int) -> int:
    """Images in a subsample: half of the smallest set, and of half the references; 0 where too few."""
    size = min(references // 2, *sets) // 2
    return size if size > _NEIGHBOURS else 0


def distances(
    references: NDArray[np.float32], features: NDArray[np.float32], size: int, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each measure of distributions of the made ``features``, and its floor; None where ``size`` is 0."""
    made: dict[str, Any] = dict.fromkeys(_MEASURES)
    floor: dict[str, Any] = dict.fromkeys(_MEASURES)
    if size:
        for name, measure in _MEASURES.items():
            found = against_floor(measure, references, features, size=size, seed=seed)
            made[name], floor[name] = found.made.as_json(), found.floor.as_json()
    return made, floor


_MEASURES: Final[dict[str, Measure]] = {
    "frechet": frechet_distance,
    "kernel": lambda real, made: kernel_distance(real, made, subsets=1, size=len(real))[0],
    "density": lambda real, made: density_and_coverage(real, made, neighbours=_NEIGHBOURS)[0],
    "coverage": lambda real, made: density_and_coverage(real, made, neighbours=_NEIGHBOURS)[1],
}
