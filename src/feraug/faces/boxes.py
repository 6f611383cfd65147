"""Boxes around faces, and the square that FER2013 would have cut out around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.images import LONGEST_SIDE, SIDE


@dataclass(frozen=True)
class Box:
    """Where a face is: the left upper corner and the size, in pixels of the picture, and the score in [0, 1].

    A box may reach beyond the picture.
    """

    left: float
    top: float
    width: float
    height: float
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """X and y."""
        return self.left + self.width / 2, self.top + self.height / 2

    def moved(self, x: float, y: float) -> Box:
        """The same box with the corner moved by ``x`` and ``y``."""
        return Box(self.left + x, self.top + y, self.width, self.height, self.score)

    def scaled(self, factor: float) -> Box:
        """The same box in a picture ``factor`` times as large."""
        return Box(
            self.left * factor, self.top * factor, self.width * factor, self.height * factor, self.score
        )


@dataclass(frozen=True)
class Framing:
    """Where a detector's boxes lie in FER2013's images: centre and width, in shares of the image's side."""

    x: float
    y: float
    width: float


def overlap(first: Box, second: Box) -> float:
    """The area that two boxes share, as a share of the smaller one's."""
    width = min(first.left + first.width, second.left + second.width) - max(first.left, second.left)
    height = min(first.top + first.height, second.top + second.height) - max(first.top, second.top)
    smaller = min(first.width * first.height, second.width * second.height)
    return max(width, 0.0) * max(height, 0.0) / smaller if smaller > 0 else 0.0


def without_doubles(boxes: Iterable[Box], limit: float = 0.3) -> list[Box]:
    """The boxes without those that share more than ``limit`` with one of a higher score; best first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: (-box.score, box.top, box.left)):
        if all(overlap(box, other) <= limit for other in kept):
            kept.append(box)
    return kept


def checked_photo(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo, uint8 (H, W) or (H, W, 3); :class:`UsageError` for anything else."""
    photo = np.asarray(photo)
    if photo.dtype != np.uint8 or photo.ndim not in (2, 3) or photo.shape[2:] not in ((), (3,)):
        raise UsageError(f"a photo must be uint8 (H, W) or (H, W, 3), not {photo.dtype} {photo.shape}")
    if not photo.size:
        raise UsageError("a photo must have pixels")
    if max(photo.shape[:2]) > LONGEST_SIDE:
        raise UsageError(f"a photo's sides must have {LONGEST_SIDE:,} pixels or fewer, not {photo.shape[:2]}")
    return photo


def crop_face(photo: NDArray[np.uint8], box: Box, framing: Framing) -> NDArray[np.uint8]:
    """The face in ``box`` of a photo (H, W) or (H, W, 3), framed as FER2013's are: uint8 (48, 48), grey.

    The square around it is chosen so that the box lies where the detector's boxes lie in FER2013's
    images.  Where the square leaves the photo, the photo's rim is repeated.  Raises
    :class:`UsageError` for a photo of another shape or type.
    """
    from PIL import Image

    photo = checked_photo(photo)
    side = max(box.width, box.height) / framing.width
    left, top = box.centre[0] - framing.x * side, box.centre[1] - framing.y * side
    outer = [int(np.floor(left)), int(np.floor(top)), int(np.ceil(left + side)), int(np.ceil(top + side))]
    height, width = photo.shape[:2]
    columns = np.clip(np.arange(outer[0], outer[2]), 0, width - 1)
    rows = np.clip(np.arange(outer[1], outer[3]), 0, height - 1)
    square = Image.fromarray(np.ascontiguousarray(photo[np.ix_(rows, columns)])).convert("L")
    inner = (left - outer[0], top - outer[1], left - outer[0] + side, top - outer[1] + side)
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=inner), np.uint8)
