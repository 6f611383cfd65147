"""mediapipe's Face Detector (BlazeFace, short range) by its Tasks API."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.faces.boxes import Box, Framing
from feraug.faces.detector import Find, enlarged

LEAST_SCORE: Final = 0.1
"""Fainter faces are not reported; they score 0."""

PADDING, ENLARGED_SIDE = 24, 128
"""Black pixels around a 48x48 image, and the size it is enlarged to, which is the network's.  Of paddings
from 0 to 48, black, grey, repeated and mirrored, this one and its neighbours find most faces."""


class CannotLoadError(Exception):
    """mediapipe is not here, or its native libraries do not load; the text says why."""


@dataclass(frozen=True)
class MediapipeDetector:
    """BlazeFace from a model file; scores in [0.1, 1]."""

    model: Path
    name: str = "mediapipe"
    reason: str = ""
    framing: Framing = Framing(0.492, 0.563, 0.829)  # noqa: RUF009 - frozen
    """Medians of 1,000 validation images; the eyes lie at 0.32 and 0.68, and 0.39 from above."""
    tilings: tuple[int, ...] = (1, 2, 4)  # the network misses faces that are small in what it is shown

    @contextmanager
    def opened(self, *, photos: bool) -> Iterator[Find]:
        """The detector, for photos and images alike; raises :class:`CannotLoadError`."""
        del photos
        with quietly():  # some of what it writes comes with a picture, not when it loads
            mediapipe, detector = _created(self.model)

            def find(picture: NDArray[np.uint8]) -> list[Box]:
                image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
                return _boxes(detector.detect(image))

            with detector:
                yield find

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, float]:
        """An image (48, 48) amid black, at the network's own size."""
        return enlarged(image, padding=PADDING, side=ENLARGED_SIDE, repeat_rim=False)

    def worker_arguments(self) -> list[str]:
        """The name and the model file."""
        return [self.name, str(self.model)]


def _created(model: Path) -> tuple[Any, Any]:
    """The module mediapipe, and its detector."""
    try:
        import mediapipe
        from mediapipe.tasks import python as tasks
        from mediapipe.tasks.python import vision

        options = vision.FaceDetectorOptions(
            # Not its path: on Windows mediapipe looks for that below its own folder.
            base_options=tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
            min_detection_confidence=LEAST_SCORE,
        )
        detector = vision.FaceDetector.create_from_options(options)
    except Exception as problem:  # a broken installation shows in many ways
        lines = str(problem).splitlines() or [type(problem).__name__]
        raise CannotLoadError(lines[0]) from problem
    return mediapipe, detector


def _boxes(result: object) -> list[Box]:
    found = []
    for detection in getattr(result, "detections", ()):
        box, score = detection.bounding_box, float(detection.categories[0].score)
        found.append(
            Box(float(box.origin_x), float(box.origin_y), float(box.width), float(box.height), score)
        )
    return found


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what native libraries write off stderr, which ``--quiet`` leaves empty."""
    with suppress(OSError, ValueError):  # a closed stderr, or a replaced one
        sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
