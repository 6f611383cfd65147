"""A comparison's figures by group and by degradation, from what the judge says of every face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import DomainPair, emotion_code
from feraug.metrics.intervals import mean_interval, share_interval
from feraug.store.compare import CompareArrays

PHOTOS: Final = "photos"
"""The attribute that groups of photos are groups of."""


def breakdown(found: CompareArrays) -> dict[str, Any]:
    """The figures by group and by degradation as JSON values: ``by_group`` and ``by_degradation``."""
    return {
        "by_group": [*_by_group(found), *_by_photo_group(found)],
        "by_degradation": _by_degradation(found),
    }


def _by_group(found: CompareArrays) -> list[dict[str, Any]]:
    code, sets = _target(found), found.sets
    rows = []
    for attribute, codes in found.parts.groups.items():
        for number, group in enumerate(codes.names):
            here, there = codes.source == number, codes.real == number
            figures = [
                _figures(one.probabilities[mask], one.ssim[mask], _some(one.error, mask), code)
                for one, mask in zip(sets, (here, there, *[here] * (len(sets) - 2)), strict=True)
            ]
            figures[1]["identity"] = None
            rows.append(_row(found, attribute, group, int(here.sum()), int(there.sum()), figures))
    return rows


def _by_photo_group(found: CompareArrays) -> list[dict[str, Any]]:
    photos, rows = found.parts.photos, []
    if photos is None:
        return []
    for number, group in enumerate(photos.groups):
        mask = photos.group == number
        figures = [
            _figures(chances[mask], ssim[mask], None, _target(found))
            for chances, ssim in zip(photos.probabilities, photos.ssim, strict=True)
        ]
        rows.append(
            _row(found, PHOTOS, group["name"], int(mask.sum()), 0, [figures[0], _NOTHING, *figures[1:]])
        )
    return rows


def _by_degradation(found: CompareArrays) -> dict[str, Any] | None:
    degraded, code = found.parts.degraded, _target(found)
    if degraded is None:
        return None
    places = [degraded.source, degraded.real, *[degraded.source] * (len(found.sets) - 2)]
    clean = [one.probabilities[some].argmax(1) == code for one, some in zip(found.sets, places, strict=True)]
    levels_: list[Mapping[str, Any]] = [{"name": "clean", "strength": 0.0, "amount": ""}, *degraded.levels]
    rows = []
    for number, level in enumerate(levels_):
        hits = clean if number == 0 else [called[number - 1] == code for called in degraded.called]
        shares = [share_interval(one).as_json() for one in hits]
        models = [
            {"name": model["name"], "share": share}
            for model, share in zip(found.table["models"], shares[2:], strict=True)
        ]
        known = {name: level[name] for name in ("name", "strength", "amount")}
        rows.append({**known, "untouched": shares[0], "real": shares[1], "models": models})
    return {"faces": len(degraded.source), "real_faces": len(degraded.real), "levels": rows}


_NOTHING: Final[Mapping[str, Any]] = {"share": None, "identity": None, "error": None}


def _row(
    found: CompareArrays,
    attribute: str,
    group: str,
    faces: int,
    real: int,
    figures: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    models = [
        {"name": model["name"], **one} for model, one in zip(found.table["models"], figures[2:], strict=True)
    ]
    return {
        "attribute": attribute,
        "group": group,
        "faces": faces,
        "real_faces": real,
        "untouched": figures[0],
        "real": figures[1],
        "models": models,
    }


def _figures(
    chances: NDArray[np.float32], ssim: NDArray[np.float32], error: NDArray[np.float32] | None, code: int
) -> dict[str, Any]:
    """Share called the target, SSIM to the source and error of some faces; None where there are none."""
    if not len(chances):
        return dict(_NOTHING)
    return {
        "share": share_interval(chances.argmax(1) == code).as_json(),
        "identity": mean_interval(ssim, -1.0, 1.0).as_json(),
        "error": None if error is None else mean_interval(error, 0.0, 255.0).as_json(),
    }


def _some(values: NDArray[np.float32] | None, mask: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    return None if values is None else values[mask]


def _target(found: CompareArrays) -> int:
    return emotion_code(DomainPair.parse(found.table["pair"]).b)
