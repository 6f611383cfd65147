"""Differentiable augmentation of all that a discriminator sees, so that it cannot learn few faces by heart.

Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020), section 3.2,
with the strengths of the authors' code: ``brightness`` adds up to 0.5 to the whole image,
``translation`` shifts by up to an eighth of the side, filling with 0, ``cutout`` sets a square of
half the side to 0, in part beyond the rim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

DRAWS: Final = 5
"""Uniform draws from [0, 1) an image: brightness, shift down and right, cut-out's place."""

SHIFT: Final = 0.125
CUTOUT: Final = 0.5


def brightness(images: Tensor, draws: Tensor) -> Tensor:
    """(N, C, H, W), draws (N, 5) -> each image plus a number in [-0.5, 0.5)."""
    return images + (draws[:, 0, None, None, None] - 0.5)


def translation(images: Tensor, draws: Tensor) -> Tensor:
    """(N, C, H, W), draws (N, 5) -> each image shifted by whole pixels, up to an eighth of the side."""
    side = images.shape[2]
    most = round(side * SHIFT)
    shifts = (draws[:, 1:3] * (2 * most + 1)).long() - most  # (N, 2), down and right
    padded = functional.pad(images, (most, most, most, most))
    places = torch.arange(side, device=images.device)
    rows = (places + most - shifts[:, :1])[:, None, :, None]
    columns = (places + most - shifts[:, 1:])[:, None, None, :]
    numbers = torch.arange(len(images), device=images.device)[:, None, None, None]
    channels = torch.arange(images.shape[1], device=images.device)[None, :, None, None]
    return padded[numbers, channels, rows, columns]


def cutout(images: Tensor, draws: Tensor) -> Tensor:
    """(N, C, H, W), draws (N, 5) -> a square of half the side set to 0, its centre anywhere."""
    side = images.shape[2]
    size = round(side * CUTOUT)
    centres = (draws[:, 3:5] * (side + 1 - size % 2)).long()  # (N, 2)
    places = torch.arange(side, device=images.device)
    first = centres - size // 2
    inside = (places >= first[..., None]) & (places < first[..., None] + size)  # (N, 2, side)
    cut = inside[:, 0, :, None] & inside[:, 1, None, :]
    return images * (~cut[:, None]).to(images.dtype)


_POLICIES: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "brightness": brightness,
    "translation": translation,
    "cutout": cutout,
}


class AugmentedJudge(nn.Module):
    """A discriminator that sees augmented images; ``draws(n)`` gives fresh numbers (n, 5) at each call.

    Its features are those of images as they are: they compare two images, pixel by pixel.
    """

    def __init__(self, judge: nn.Module, policies: tuple[str, ...], draws: Callable[[int], Tensor]) -> None:
        super().__init__()
        self._judge = judge
        self._policies = [_POLICIES[name] for name in _POLICIES if name in policies]
        self._draws = draws

    def features(self, images: Tensor) -> Tensor:
        """The judge's features."""
        features = self._judge.features
        assert callable(features)
        out: Tensor = features(images)
        return out

    def forward(self, images: Tensor, *classes: Tensor) -> Tensor:
        """The judge's scores of augmented images."""
        draws = self._draws(len(images))
        for policy in self._policies:
            images = policy(images, draws)
        scores: Tensor = self._judge(images, *classes)
        return scores
