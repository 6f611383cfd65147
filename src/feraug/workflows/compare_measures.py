"""What ``feraug compare`` measures of a set of faces, be it translations or real ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import emotion_code
from feraug.errors import UsageError
from feraug.metrics.copying import MIN_IN_CELL, copying_test
from feraug.metrics.distribution import histogram_distance
from feraug.metrics.intervals import mean_interval, share_interval
from feraug.metrics.similarity import all_pairs_ssim
from feraug.metrics.stability import pixel_variety
from feraug.store.compare import SetFaces
from feraug.workflows.compare_yardsticks import Images, Tell, Yardsticks
from feraug.workflows.distances import distances

_MOST_WITHIN: Final = 1000
"""Images of a set of which all pairs are compared."""
_COLLAPSED: Final = 0.5


def measures(yardsticks: Yardsticks, images: Images, faces: SetFaces, tell: Tell) -> dict[str, Any]:
    """The figures of a set of translations (or of the untouched sources), as JSON values."""
    sources = yardsticks.source_images
    variety = None
    if len(images) > 1 and (base := pixel_variety(sources)) > 0:
        variety = round(pixel_variety(images) / base, 6)
    return {
        "share": share_of(yardsticks, faces),
        "identity": mean_interval(faces.ssim, -1.0, 1.0).as_json(),
        "error": None if faces.error is None else mean_interval(faces.error, 0.0, 255.0).as_json(),
        **distances(yardsticks.references, faces.features, yardsticks.size, yardsticks.seed)[0],
        "histogram": _histogram(yardsticks, images),
        "within": within_ssim(images, yardsticks.seed),
        "variety": variety,
        "collapsed": variety is not None and variety < _COLLAPSED,
        "near_copies": near_copies(yardsticks, images, yardsticks.sources.rows, tell),
        "copying": copying(yardsticks, faces.features),
    }


def real_measures(yardsticks: Yardsticks, tell: Tell) -> dict[str, Any]:
    """The same of real validation faces of the target; without what needs a source."""
    images, faces = yardsticks.held_out_images, yardsticks.held_out
    return {
        "share": share_of(yardsticks, faces),
        "identity": None,
        "error": None,
        **distances(yardsticks.references, faces.features, yardsticks.size, yardsticks.seed)[0],
        "histogram": _histogram(yardsticks, images),
        "within": within_ssim(images, yardsticks.seed),
        "variety": None,
        "near_copies": near_copies(yardsticks, images, None, tell),
        "copying": None,
    }


def share_of(yardsticks: Yardsticks, faces: SetFaces) -> dict[str, float]:
    """Share of faces that the judge calls the target, with Wilson's 95 % interval."""
    return share_interval(faces.probabilities.argmax(1) == emotion_code(yardsticks.target)).as_json()


def near_copies(
    yardsticks: Yardsticks, images: Images, rows: NDArray[np.int64] | None, tell: Tell
) -> dict[str, Any] | None:
    """How many are near copies of a training image, as ``feraug ssim`` has it.

    ``rows``: what the images were made from; what is identical with it does not count.
    """
    most = yardsticks.queries.queries
    if yardsticks.threshold is None or not len(images):
        return None
    chosen = np.arange(len(images))
    if most and len(images) > most:
        chosen = np.sort(np.random.default_rng(yardsticks.seed).choice(len(images), most, replace=False))
    identity = np.full(len(chosen), -1) if rows is None else yardsticks.real.identity[rows[chosen]]
    near, ssim = yardsticks.real.nearest(
        images[chosen], identity, yardsticks.queries, yardsticks.device, tell
    )
    there = near >= 0
    count = int((ssim[there] >= yardsticks.threshold).sum())
    return {"images": count, "of": int(there.sum()), "share": round(count / max(1, int(there.sum())), 6)}


def copying(yardsticks: Yardsticks, features: NDArray[np.float32]) -> dict[str, float] | None:
    """C_T and its p on the judge's features; None for too few images."""
    if len(features) < MIN_IN_CELL or not len(yardsticks.held_out.rows) or not len(yardsticks.learned):
        return None
    try:
        found = copying_test(yardsticks.learned, yardsticks.held_out.features, features, seed=yardsticks.seed)
    except UsageError:
        return None
    return {"statistic": round(found.statistic, 4), "p_value": round(found.p_value, 6)}


def _histogram(yardsticks: Yardsticks, images: Images) -> float | None:
    """Distance of the pixels' histogram to that of all real training faces of the target, in grey levels."""
    if not len(images) or not len(yardsticks.target_images):
        return None
    return round(histogram_distance(images, yardsticks.target_images), 4)


def within_ssim(images: Images, seed: int) -> float | None:
    """Mean SSIM of two different images of the set: 1 for one image repeated."""
    if len(images) < 2:
        return None
    if len(images) > _MOST_WITHIN:
        images = images[np.random.default_rng(seed).choice(len(images), _MOST_WITHIN, replace=False)]
    found = all_pairs_ssim(images, images)
    return round(float(found[np.triu_indices(len(images), 1)].mean(dtype=np.float64)), 6)
