"""What a face detector is, and what all detectors share: scores of 48x48 images, faces in photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from feraug.faces.boxes import Box, Framing, crop_face, without_doubles
from feraug.images import SIDE

SMALLEST_FACE: Final = 0.5
"""Least width of a face in a 48x48 image, as a share of it: FER2013's are wider (99 % of 1,000: 0.51 and
more), the accidental ones in shuffled patches are not (median 0.41)."""

Find = Callable[[NDArray[np.uint8]], list[Box]]
"""Faces in a picture uint8 (H, W, 3): boxes in its pixels."""


class FaceDetector(Protocol):
    """A detector: which one, why it and no better one, and what it can do."""

    @property
    def name(self) -> str:
        """``mediapipe`` or ``cascade``."""
        ...

    @property
    def reason(self) -> str:
        """Why it was taken where there is a better one; empty otherwise."""
        ...

    @property
    def framing(self) -> Framing:
        """Where its boxes lie in FER2013's images."""
        ...

    @property
    def tilings(self) -> tuple[int, ...]:
        """How a photo is searched: 1 whole, n in overlapping squares of an n-th of its shorter side."""
        ...

    def opened(self, *, photos: bool) -> AbstractContextManager[Find]:
        """The detector, ready for photos, or for images that :meth:`prepare` has enlarged."""
        ...

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, float]:
        """An image (48, 48), padded and enlarged; what was padded, in its pixels; and the enlargement."""
        ...

    def worker_arguments(self) -> list[str]:
        """What another process needs in order to open the same detector."""
        ...


def enlarged(
    image: NDArray[np.uint8], *, padding: int, side: int, repeat_rim: bool
) -> tuple[NDArray[np.uint8], float, float]:
    """An image (48, 48) with ``padding`` black (or repeated) pixels on each side, enlarged to ``side``.

    A detector wants some surroundings, and more pixels than 48.  Gives the picture uint8 (side, side, 3),
    the padding, and the enlargement.
    """
    from PIL import Image

    padded = np.pad(image, padding, mode="edge") if repeat_rim else np.pad(image, padding)
    large = np.asarray(Image.fromarray(padded).resize((side, side), Image.Resampling.BICUBIC))
    return np.repeat(large[:, :, None], 3, axis=2), float(padding), side / len(padded)


def boxes_in_images(detector: FaceDetector, images: NDArray[np.uint8]) -> Iterator[Box | None]:
    """The best face of each image uint8 (N, 48, 48) in the image's pixels, or None."""
    with detector.opened(photos=False) as find:
        for image in images:
            picture, padding, enlargement = detector.prepare(image)
            found = [box.scaled(1 / enlargement).moved(-padding, -padding) for box in find(picture)]
            found = [box for box in found if box.width >= SMALLEST_FACE * SIDE]
            yield max(found, key=lambda box: box.score, default=None)


def scores_here(detector: FaceDetector, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Face scores of images uint8 (N, 48, 48), float32 (N,), in this process; 0: no face."""
    boxes = boxes_in_images(detector, images)
    return np.array([0.0 if box is None else box.score for box in boxes], np.float32)


def faces_in(detector: FaceDetector, photo: NDArray[np.uint8], least: float) -> list[Box]:
    """The faces of a photo uint8 (H, W, 3), best first: of score ``least`` or more, found and cropped."""
    found: list[Box] = []
    with detector.opened(photos=True) as find:
        for left, top, right, bottom in tiles(photo.shape[1], photo.shape[0], detector.tilings):
            tile = np.ascontiguousarray(photo[top:bottom, left:right])
            found += [box.moved(left, top) for box in find(tile) if box.score >= least]
    candidates = without_doubles(found)
    if not candidates:
        return []
    # A second look at each, by itself: what is a face only from afar, or only in a corner, goes.
    crops = np.stack([crop_face(photo, box, detector.framing) for box in candidates])
    again = scores_here(detector, crops)
    return [box for box, score in zip(candidates, again, strict=True) if score >= least]


def tiles(width: int, height: int, tilings: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """The parts of a photo to look at, (left, top, right, bottom); see :attr:`FaceDetector.tilings`."""
    for division in tilings:
        if division == 1:
            yield 0, 0, width, height
            continue
        side = max(-(-min(width, height) // division), 1)
        if side < 2 * SIDE:
            return
        for top in _starts(height, side):
            for left in _starts(width, side):
                yield left, top, left + side, top + side


def _starts(length: int, side: int) -> list[int]:
    """Where squares of ``side`` begin so that they cover ``length`` and overlap by half or more."""
    count = max(1, -(-2 * (length - side) // side) + 1)
    return [int(start) for start in np.linspace(0, length - side, count).round()]
