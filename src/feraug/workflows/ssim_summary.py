"""The figures of a similarity analysis, as ``feraug ssim`` and ``feraug info`` tell them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS
from feraug.store.ssim import MEASURES, Pairs, SsimArrays

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def summary(found: SsimArrays) -> dict[str, Any]:
    """Quantiles of every kind of pair and shares of near copies, as JSON values; None where nothing was."""
    real = {name: _quantiles(pairs) for name, pairs in found.real.items()}
    judged = found.distribution is not None
    return {
        "threshold": found.threshold,
        "threshold_from": found.header.extra["threshold_from"],
        **({"judge": found.header.extra["judge"]} if judged else {}),
        "real": {
            **real,
            "train_near_copies": _share(found.real["train"], found.threshold),
            **({"distribution": _distribution(found, -1)} if judged else {}),
        },
        "sets": [
            {
                "name": one.name,
                "sha256": one.sha256,
                "images": one.images,
                "nearest": _quantiles(one.nearest),
                "near_copies": _share(one.nearest, found.threshold),
                "source": _quantiles(one.source),
                "source_near_copies": _share(one.source, found.threshold),
                "within": _quantiles(one.within),
                **({"distribution": _distribution(found, place)} if judged else {}),
            }
            for place, one in enumerate(found.sets)
        ],
    }


def _distribution(found: SsimArrays, place: int) -> dict[str, Any]:
    """By emotion the figures of the set at this place, -1: of new validation faces; None: too few."""
    rows = found.distribution
    assert rows is not None, "there was a judge"

    def interval(values: NDArray[np.float64]) -> dict[str, float] | None:
        if np.isnan(values).any():
            return None
        mean, low, high = (round(float(value), 6) for value in values)
        return {"mean": mean, "low": low, "high": high}

    return {
        EMOTIONS[int(rows.emotion[row])]: {
            "images": int(rows.images[row]),
            "subsample": int(rows.subsample[row]),
            "share": interval(rows.share[row]),
            **{name: interval(rows.made[name][row]) for name in MEASURES},
            "histogram": None if np.isnan(rows.histogram[row]) else round(float(rows.histogram[row]), 4),
            "floor": {name: interval(rows.floor[name][row]) for name in MEASURES},
        }
        for row in np.flatnonzero(rows.set == place)
    }


def _quantiles(pairs: Pairs) -> dict[str, Any] | None:
    if not len(pairs):
        return None
    values = np.quantile(pairs.ssim.astype(np.float64), QUANTILES)
    quantiles = {
        f"{quantile:g}": round(float(value), 6) for quantile, value in zip(QUANTILES, values, strict=True)
    }
    return {
        "pairs": len(pairs),
        "mean": round(float(pairs.ssim.mean(dtype=np.float64)), 6),
        "quantiles": quantiles,
    }


def _share(pairs: Pairs, threshold: float | None) -> dict[str, Any] | None:
    """How many of the pairs are as near as a near copy."""
    if threshold is None or not len(pairs):
        return None
    count = int((pairs.ssim >= threshold).sum())
    return {"images": count, "of": len(pairs), "share": count / len(pairs)}
