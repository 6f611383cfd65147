"""How far synthetic sets lie from real faces as distributions, emotion by emotion, beside new real faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import SsimConfig
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError
from feraug.metrics.distribution import histogram_distance
from feraug.metrics.intervals import share_interval
from feraug.store.ssim import MEASURES, Distribution
from feraug.store.workspace import Workspace
from feraug.workflows.by_digest import artifacts_by_digest
from feraug.workflows.classifiers import Classifier
from feraug.workflows.distances import distances, subsample
from feraug.workflows.judges import Judge, load_judge
from feraug.workflows.ssim_measures import RealFaces, sample_of
from feraug.workflows.synthetic_origins import filtered_by
from feraug.workflows.synthetic_sets import SyntheticSet

Images = NDArray[np.uint8]

_MOST: Final = 2000
"""Images of a set and emotion, and real ones, that are measured: distances of more take minutes."""
_TOO_FEW: Final = (np.nan, np.nan, np.nan)
REAL: Final = -1
"""In place of a set's place: new validation faces."""


def judge_of(
    sets: Sequence[SyntheticSet], workspace: Workspace, given: str | Path, device: str, digest: str
) -> Judge:
    """The classifier that was ``given``, which must not have filtered a set, or what that was made from.

    ``digest`` is the dataset's.  Raises :class:`ArtifactError`, and as :func:`load_judge`.
    """
    judge = load_judge(workspace, given, device)
    there = artifacts_by_digest(workspace)
    for one in sets:
        if judge.classifier.digest in filtered_by(one, digest, there):
            raise ArtifactError(
                f"{judge.classifier.path} filtered {one.name}, so it cannot judge that set "
                f"(SHA-256 {judge.classifier.digest[:12]})",
                "name another classifier with --judge, or other sets with --synthetic",
            )
    return judge


def distribution(
    judge: Classifier,
    real: RealFaces,
    sets: Sequence[SyntheticSet],
    config: SsimConfig,
    tell: Callable[[int, int], None],
) -> Distribution:
    """The rows of every emotion that a set has, new validation faces first.

    Up to 2,000 images of each set and emotion, at random by ``config.seed``, against as many real training
    faces of that emotion.
    """
    labels = real.arrays.labels
    emotions = sorted({int(code) for one in sets for code in np.unique(one.arrays.labels[one.labelled])})
    rows: list[dict[str, Any]] = []
    for number, code in enumerate(emotions):
        tell(number, len(emotions))
        train = real.train[labels[real.train] == code]
        target = real.arrays.images[train]
        chosen = sample_of(target, _MOST, config, f"real {EMOTIONS[code]}")
        references = judge.features(chosen) if len(chosen) else np.empty((0, 1), np.float32)
        for place, images in _of_emotion(real, sets, code):
            if len(images):
                some = sample_of(images, _MOST, config, f"made {EMOTIONS[code]}")
                found = _row(judge, some, code, references, target, config)
                rows.append({"set": place, "emotion": code, **found})
    tell(len(emotions), len(emotions))
    return _table(rows)


def _of_emotion(real: RealFaces, sets: Sequence[SyntheticSet], code: int) -> Iterator[tuple[int, Images]]:
    """The images of an emotion: of new validation faces, and of each set."""
    new = real.new_validation_rows()
    yield REAL, real.arrays.images[new[real.arrays.labels[new] == code]]
    for place, one in enumerate(sets):
        yield place, one.arrays.images[one.arrays.labels == code]


def _row(
    judge: Classifier,
    images: Images,
    code: int,
    references: NDArray[np.float32],
    target: Images,
    config: SsimConfig,
) -> dict[str, Any]:
    """The figures of a set's images of the emotion ``code``, whose real training faces are ``target``."""
    size = subsample(len(references), len(images))
    made, floor = distances(references, judge.features(images), size, config.seed)
    called = judge.probabilities(images).argmax(1)
    return {
        "images": len(images),
        "subsample": size,
        "histogram": histogram_distance(images, target) if len(target) else np.nan,
        "share": _three(share_interval(called == code).as_json()),
        **{name: _three(made[name]) for name in MEASURES},
        **{f"floor/{name}": _three(floor[name]) for name in MEASURES},
    }


def _three(found: Mapping[str, float] | None) -> tuple[float, float, float]:
    return _TOO_FEW if found is None else (found["mean"], found["low"], found["high"])


def _table(rows: Sequence[Mapping[str, Any]]) -> Distribution:
    def column(name: str, kind: Any) -> NDArray[Any]:
        return np.array([row[name] for row in rows], kind)

    def threes(name: str) -> NDArray[np.float64]:
        return column(name, np.float64).reshape(-1, 3)

    return Distribution(
        set=column("set", np.int64),
        emotion=column("emotion", np.uint8),
        images=column("images", np.int64),
        subsample=column("subsample", np.int64),
        histogram=column("histogram", np.float64),
        share=threes("share"),
        made={name: threes(name) for name in MEASURES},
        floor={name: threes(f"floor/{name}") for name in MEASURES},
    )
