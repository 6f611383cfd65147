"""Which detector there is, and the two things that are asked of it."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import NDArray

from feraug.config import FACE_DETECTORS, LEAST_IN_PHOTOS
from feraug.errors import ArtifactError, UsageError
from feraug.faces.boxes import Box, checked_photo
from feraug.faces.cascade import CascadeDetector
from feraug.faces.detector import FaceDetector, faces_in
from feraug.faces.mediapipe import CannotLoadError, MediapipeDetector
from feraug.faces.model_file import NoModelFileError, model_file
from feraug.faces.workers import scores_by_all_cores
from feraug.images import checked_faces


def face_detector(name: str = "auto") -> FaceDetector:
    """The detector of this name; its ``reason`` says why ``auto`` had to take the cascade.

    Raises :class:`UsageError` for an unknown name, and :class:`ArtifactError` when mediapipe was asked for
    and cannot be had, or when ``$FERAUG_FACE_MODEL`` does not name its model.
    """
    if name not in FACE_DETECTORS:
        raise UsageError(f"unknown face detector '{name}'; known: {', '.join(FACE_DETECTORS)}")
    if name == "cascade":
        return CascadeDetector()
    try:
        detector = MediapipeDetector(model_file())
        with detector.opened(photos=False):
            return detector
    except (NoModelFileError, CannotLoadError) as problem:
        what = f"mediapipe's detector cannot be had: {problem}"
        if name == "mediapipe":
            raise ArtifactError(
                what, "'feraug doctor' says what is missing; or use --detector cascade"
            ) from problem
        return CascadeDetector(what)


def face_scores(images: NDArray[np.uint8], detector: FaceDetector | str | None = None) -> NDArray[np.float32]:
    """How sure the detector is of a face in each image uint8 (N, 48, 48): float32 (N,) in [0, 1].

    0: none found.  Each image is padded and enlarged first; many are shared out over all cores.
    ``detector``: one, or its name; None: :func:`face_detector`'s choice.  Raises :class:`UsageError` for
    other shapes and names.
    """
    return scores_by_all_cores(_detector(detector), checked_faces(images))


def find_faces(
    photo: NDArray[np.uint8], detector: FaceDetector | str | None = None, *, least: float = LEAST_IN_PHOTOS
) -> list[Box]:
    """The faces of a photo, uint8 (H, W) grey or (H, W, 3) RGB, of score ``least`` or more, best first.

    ``detector`` and errors as for :func:`face_scores`; ``least`` is a number from 0 to 1.
    """
    photo = checked_photo(photo)
    if not isinstance(least, Real) or not 0.0 <= least <= 1.0:
        raise UsageError(f"least: {least!r} is not a number from 0 to 1")
    colour = np.repeat(photo[:, :, None], 3, axis=2) if photo.ndim == 2 else photo
    return faces_in(_detector(detector), np.ascontiguousarray(colour), least)


def _detector(chosen: FaceDetector | str | None) -> FaceDetector:
    return face_detector(chosen or "auto") if isinstance(chosen, str | None) else chosen
