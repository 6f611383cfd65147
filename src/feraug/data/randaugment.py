"""RandAugment on batches of grey faces, by torchvision's operations, each on the faces that drew it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional

from feraug.transfer import moved

STRENGTHS: Final = 30
"""Highest magnitude, as in the paper."""

_AFFINE: Final = {"angle": 0.0, "translate": [0.0, 0.0], "scale": 1.0, "shear": [0.0, 0.0]}


def _affine(**change: object) -> Callable[[Tensor], Tensor]:
    settings = {**_AFFINE, **change}
    return lambda faces: functional.affine(
        faces, **settings, interpolation=functional.InterpolationMode.BILINEAR
    )


def _operations(magnitude: int, sign: float) -> Mapping[str, Callable[[Tensor], Tensor]]:
    """The paper's operations but for colour, which grey faces have none of; ranges are torchvision's.

    Cubuk et al., "RandAugment" (2020), section 3.  ``sign`` is 1 or -1; not all have use for it.
    """
    strength = magnitude / STRENGTHS
    shear = math.degrees(math.atan(float(torch.linspace(0.0, 0.3, STRENGTHS + 1)[magnitude]) * sign))
    shift = float(int(150.0 / 331.0 * 48.0 * strength) * sign)  # whole pixels
    factor = 1.0 + 0.9 * strength * sign
    return {
        "identity": lambda faces: faces,
        "autocontrast": functional.autocontrast,
        "equalize": functional.equalize,
        "rotate": lambda faces: functional.rotate(
            faces, 30.0 * strength * sign, interpolation=functional.InterpolationMode.BILINEAR
        ),
        "solarize": lambda faces: functional.solarize(faces, 255.0 * (1.0 - strength)),
        "posterize": lambda faces: functional.posterize(faces, 8 - round(4 * strength)),
        "contrast": lambda faces: functional.adjust_contrast(faces, factor),
        "brightness": lambda faces: functional.adjust_brightness(faces, factor),
        "sharpness": lambda faces: functional.adjust_sharpness(faces, factor),
        "shear-x": _affine(shear=[shear, 0.0], center=[0.0, 0.0]),  # about the corner, as PIL's do
        "shear-y": _affine(shear=[0.0, shear], center=[0.0, 0.0]),
        "translate-x": _affine(translate=[shift, 0.0]),
        "translate-y": _affine(translate=[0.0, shift]),
    }


OPERATIONS: Final = tuple(_operations(0, 1.0))
"""Names of the operations."""


def randaugment(
    faces: Tensor, operations: NDArray[np.int64], signs: NDArray[np.bool_], magnitude: int
) -> Tensor:
    """Faces uint8 (N, 48, 48) after some operations each, in turn.

    ``operations`` (N, n) are numbers in :data:`OPERATIONS`, ``signs`` (N, n) which way each goes,
    ``magnitude`` 0 to 30 how far.
    """
    done = faces.unsqueeze(1).clone()
    by_sign = {True: _operations(magnitude, 1.0), False: _operations(magnitude, -1.0)}
    for turn in range(operations.shape[1]):
        for number, name in enumerate(OPERATIONS):
            for sign, known in by_sign.items():
                here = np.flatnonzero((operations[:, turn] == number) & (signs[:, turn] == sign))
                if len(here):
                    rows = moved(here, faces.device)
                    done[rows] = known[name](done[rows])
    return done.squeeze(1)
