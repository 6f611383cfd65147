"""scikit-image's frontal face cascade: no download, fewer faces found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.faces.boxes import Box, Framing
from feraug.faces.detector import Find, enlarged

PADDING, ENLARGED_SIDE = 16, 192
"""Repeated pixels around a 48x48 image, and the size it is enlarged to."""

SEARCHED_SIDE: Final = 480
"""The longer side at which a photo is searched: the cascade is slow."""

_IN_IMAGES: Final = (0.3, 0.75, 1)
_IN_PHOTOS: Final = (0.09, 1.0, 8)
"""Widths of the smallest and largest face that is looked for, as shares of the longer side, and how many
overlapping windows of the search must agree."""


@dataclass(frozen=True)
class CascadeDetector:
    """Local binary patterns in boosted cascades (Liao et al., 2007); a score is 1, or 0."""

    reason: str = ""
    name: str = "cascade"
    framing: Framing = Framing(0.504, 0.5, 0.969)  # noqa: RUF009 - frozen
    """Medians of 250 validation images."""
    tilings: tuple[int, ...] = (1,)

    @contextmanager
    def opened(self, *, photos: bool) -> Iterator[Find]:
        """The cascade that lies in scikit-image."""
        from skimage import data
        from skimage.feature import Cascade

        low, high, agreeing = _IN_PHOTOS if photos else _IN_IMAGES
        cascade = Cascade(data.lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]

        def find(picture: NDArray[np.uint8]) -> list[Box]:
            small, factor = _reduced(picture)
            smallest = max(24, round(low * max(small.shape)))
            largest = min(round(high * max(small.shape)), *small.shape)
            if smallest > largest:
                return []
            found = cascade.detect_multi_scale(
                img=small,
                scale_factor=1.1,
                step_ratio=1,
                min_size=(smallest, smallest),
                max_size=(largest, largest),
                min_neighbor_number=agreeing,
            )
            return [
                Box(float(box["c"]), float(box["r"]), float(box["width"]), float(box["height"]), 1.0).scaled(
                    1 / factor
                )
                for box in found
            ]

        yield find

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, float]:
        """An image (48, 48) with its rim repeated, 2.4 times as large."""
        return enlarged(image, padding=PADDING, side=ENLARGED_SIDE, repeat_rim=True)

    def worker_arguments(self) -> list[str]:
        """The name."""
        return [self.name]


def _reduced(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """A picture uint8 (H, W, 3) in grey at the size to search it, and the enlargement."""
    from PIL import Image

    grey = Image.fromarray(picture).convert("L")
    factor = min(1.0, SEARCHED_SIDE / max(grey.size))
    if factor < 1.0:
        grey = grey.resize(
            (max(1, round(grey.width * factor)), max(1, round(grey.height * factor))),
            Image.Resampling.BILINEAR,
        )
    return np.asarray(grey, np.uint8), factor
