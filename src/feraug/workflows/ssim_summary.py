"""The figures of a similarity analysis, as ``feraug ssim`` and ``feraug info`` tell them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from feraug.store.ssim import Pairs, SsimArrays

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def summary(found: SsimArrays) -> dict[str, Any]:
    """Quantiles of every kind of pair and shares of near copies, as JSON values; None where nothing was."""
    real = {name: _quantiles(pairs) for name, pairs in found.real.items()}
    return {
        "threshold": found.threshold,
        "threshold_from": found.header.extra["threshold_from"],
        "real": {**real, "train_near_copies": _share(found.real["train"], found.threshold)},
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
            }
            for one in found.sets
        ],
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
