"""The scores of ``feraug filter``: the face detector's, the classifier's, and the nearest training image."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import FilterConfig
from feraug.emotions import EMOTIONS, emotion_code
from feraug.faces import FaceDetector, face_scores
from feraug.metrics.nearest import nearest_by_ssim
from feraug.store.dataset import DatasetArrays, known_copies
from feraug.store.synthetic import SyntheticArrays
from feraug.workflows.classifiers import Classifier
from feraug.workflows.devices import of_cpu
from feraug.workflows.events import Note, Notify, Progress
from feraug.workflows.filter_stages import OfEmotion, Scores, counted, dropped_at, limits_from

_SCORED_AT_ONCE: Final = 2048
_RARE: Final = 0.5 / len(EMOTIONS)
"""An emotion with a smaller share of the training images than this is rare."""
_HARDLY_KNOWN: Final = 1 / 3
"""A classifier that calls fewer of an emotion's real images so hardly knows it."""


class Scorer:
    """Scores images of one emotion, or of any."""

    def __init__(
        self,
        detector: FaceDetector,
        judge: Classifier,
        dataset: DatasetArrays,
        emotion: str | None,
        notify: Notify,
    ) -> None:
        """``emotion``: that of the training images among which copies are looked for; None: of all."""
        self._detector, self._judge, self._notify = detector, judge, notify
        self.weighted = bool(getattr(judge.config, "class_weights", False))
        self._rows = dataset.rows(split="train", emotion=emotion)
        self._train = dataset.images[self._rows]

    def scores(self, images: NDArray[np.uint8], what: str) -> Scores:
        """All scores of images uint8 (N, 48, 48)."""
        face = np.empty(len(images), np.float32)
        probabilities = np.empty((len(images), len(EMOTIONS)), np.float32)
        for start in range(0, len(images), _SCORED_AT_ONCE):
            here = slice(start, start + _SCORED_AT_ONCE)
            face[here] = face_scores(images[here], self._detector)
            probabilities[here] = self._judge.probabilities(images[here])
            done = min(start + _SCORED_AT_ONCE, len(images))
            self._notify(Progress(f"looking at {what}", done, len(images), "images"))
        if not len(self._rows):
            return Scores(face, probabilities)

        def show(done: int, total: int) -> None:
            self._notify(Progress(f"comparing {what}", done, total, "pairs"))

        nearest = nearest_by_ssim(images, self._train, mirrored=True, progress=show)
        return Scores(face, probabilities, nearest.ssim, self._rows[nearest.row])


def examined(
    config: FilterConfig,
    scorer: Scorer,
    synthetic: SyntheticArrays,
    places: NDArray[np.int64],
    dataset: DatasetArrays,
    rows: NDArray[np.int64],
    detector: str,
    notify: Notify,
) -> tuple[Scores, NDArray[np.uint8], OfEmotion]:
    """Scores of the images at ``places`` (n,), the stage that drops each uint8 (n,), and the counts."""
    real = scorer.scores(dataset.images[rows], f"real '{config.emotion}' images")
    scores = scorer.scores(synthetic.images[places], f"synthetic '{config.emotion}' images")
    limits = limits_from(config, real, independent(dataset, rows))
    dropped = dropped_at(config, limits, scores, synthetic.labels[places])
    stages = counted(config, limits, dropped, dropped_at(config, limits, real, None))
    if limits.face is None:
        found = float((real.face > 0).mean())
        of = f"{found:.0%} of the real '{config.emotion}' faces"
        text = f"{detector} finds only {of}: no image is dropped for its face score; --min-face sets a limit"
        notify(Note(text))
    if not scorer.weighted:
        _tell_of_rare(config.emotion, real, dataset, notify)
    return scores, dropped, OfEmotion(stages, len(rows))


def _tell_of_rare(emotion: str, real: Scores, dataset: DatasetArrays, notify: Notify) -> None:
    """That the classifier hardly knows an emotion of which few faces are there to learn it from."""
    code = emotion_code(emotion)
    called = float((real.probabilities.argmax(axis=1) == code).mean())
    share = float((dataset.labels[dataset.rows(split="train")] == code).mean())
    if called < _HARDLY_KNOWN and share < _RARE:
        notify(
            Note(
                f"the classifier calls {called:.0%} of the real '{emotion}' faces so, and will keep few; one "
                f"that knows rare emotions: 'feraug train simple{of_cpu()} --class-weights "
                "--name simple-weighted', then --classifier simple-weighted"
            )
        )


def independent(dataset: DatasetArrays, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some rows have neither a copy nor a near copy in ``train``."""
    return ~known_copies(dataset.columns)[rows]
