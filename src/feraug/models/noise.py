"""Networks for faces from noise, after Radford et al., "Unsupervised Representation Learning with
Deep Convolutional Generative Adversarial Networks" (2016), for 48 pixels instead of 64.

Several classes share one network, so that rare ones borrow from frequent ones: the generator
scales and shifts each layer by class (Dumoulin et al., "A Learned Representation For Artistic
Style", 2017; used in GANs by Miyato and Koyama, 2018), the discriminator adds the inner product
of its last features with weights of the class (Miyato and Koyama, "cGANs with Projection
Discriminator", 2018, equation 3; place by place instead of summed, for an expression has its place).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from feraug.models.layers import LEAK, initialise, norm_layer

START_SIDE = 3
"""Side in pixels of the first map: doubled four times, 48."""


class _ByClass(nn.Module):
    """Scales and shifts every channel by amounts of the class; at first by 1 and 0."""

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.change = nn.Parameter(torch.zeros(classes, 2, channels))

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """(N, C, H, W), int64 (N,) -> (N, C, H, W)."""
        scale, shift = self.change[classes][..., None, None].unbind(1)
        return x * (1.0 + scale) + shift


class NoiseGenerator(nn.Module):
    """Noise float (N, latent) and class int64 (N,) -> faces float (N, 1, 48, 48) in (-1, 1).

    Transposed convolutions with kernel 4 and stride 2 (or resize-convolutions), normalisation,
    ReLU; tanh at the end.  ``norm`` is ``batch`` or ``none``.
    """

    def __init__(
        self,
        base_channels: int = 32,
        latent_size: int = 100,
        classes: int = 1,
        norm: str = "batch",
        upsampling: str = "transposed",
    ) -> None:
        super().__init__()
        base = base_channels
        widths = [base * 8, base * 4, base * 2, base]
        free = norm == "none"
        self.project = nn.ConvTranspose2d(  # (N, 8 base, 3, 3); by its stride, each output meets one weight
            latent_size, widths[0], START_SIDE, stride=START_SIDE, bias=free
        )
        self.up = nn.ModuleList(  # (N, 4 base, 6, 6), (N, 2 base, 12, 12), (N, base, 24, 24)
            _doubled(channels, half, upsampling, bias=free) for channels, half in pairwise(widths)
        )
        self.norms = nn.ModuleList(norm_layer(norm, channels) for channels in widths)
        self.by_class = nn.ModuleList(
            _ByClass(classes, channels) if classes > 1 else nn.Identity() for channels in widths
        )
        self.head = _doubled(base, 1, upsampling, bias=True)  # (N, 1, 48, 48)
        initialise(self, normalised=not free)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """(N, latent), int64 (N,) -> (N, 1, 48, 48) in (-1, 1)."""
        x = self._activated(0, self.project(z[:, :, None, None]), classes)
        for place, layer in enumerate(self.up, start=1):
            x = self._activated(place, layer(x), classes)
        return torch.tanh(self.head(x))

    def _activated(self, place: int, x: Tensor, classes: Tensor) -> Tensor:
        x = self.norms[place](x)
        by_class = self.by_class[place]
        if isinstance(by_class, _ByClass):
            x = by_class(x, classes)
        return torch.relu(x)


class NoiseDiscriminator(nn.Module):
    """Faces float (N, 1, 48, 48) in [-1, 1] and class int64 (N,) -> raw scores (N,), no sigmoid.

    With classes (N, M) scores (N, M): every face as one of M classes, for the work of one.

    Convolutions with kernel 4 and stride 2, normalisation but in the first, LeakyReLU; a score
    sees the whole face.
    """

    def __init__(self, base_channels: int = 32, classes: int = 1, norm: str = "batch") -> None:
        super().__init__()
        base = base_channels
        layers: list[nn.Module] = [nn.Conv2d(1, base, 4, stride=2, padding=1), nn.LeakyReLU(LEAK)]  # 24
        # (N, 2 base, 12, 12), (N, 4 base, 6, 6), (N, 8 base, 3, 3)
        for channels in (base, base * 2, base * 4):
            layers += [
                nn.Conv2d(channels, channels * 2, 4, stride=2, padding=1, bias=norm == "none"),
                norm_layer(norm, channels * 2),
                nn.LeakyReLU(LEAK),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(base * 8, 1, START_SIDE)  # (N, 1, 1, 1)
        per_class = (classes, base * 8, START_SIDE, START_SIDE)
        self.by_class = nn.Parameter(torch.zeros(per_class)) if classes > 1 else None
        initialise(self, normalised=norm != "none")

    def features(self, x: Tensor) -> Tensor:
        """Everything but the last layer: (N, 1, 48, 48) -> (N, 8 base, 3, 3)."""
        features: Tensor = self.body(x)
        return features

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """(N, 1, 48, 48) in [-1, 1], int64 (N,) or (N, M) -> raw scores, of the classes' shape."""
        features = self.features(x)
        of_face = classes.reshape(len(classes), -1)  # (N, M)
        scores: Tensor = self.head(features).flatten(1).expand(of_face.shape)
        if self.by_class is not None:
            scores = scores + (features[:, None] * self.by_class[of_face]).sum((2, 3, 4))
        return scores.reshape(classes.shape)


def _doubled(channels_in: int, channels_out: int, upsampling: str, *, bias: bool) -> nn.Module:
    """Twice the side: (N, in, H, W) -> (N, out, 2 H, 2 W)."""
    if upsampling == "transposed":
        return nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1, bias=bias)
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=bias),
    )
