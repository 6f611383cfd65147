"""The translation generator: a residual encoder-decoder for 48x48 grey faces.

After Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (2017), appendix 7.2, itself after Johnson et al. (2016); the residual output and the
resize-convolutions (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016) are ours to
choose per config.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor, nn

from feraug.images import SIDE

INPUT_RANGE: Final = 0.98
"""Pixels are scaled by this before atanh, so that black and white stay finite."""

OUTPUT_INIT_STD: Final = 1e-3
"""Spread of the residual output's last weights: training starts at the identity."""

Output = Literal["residual", "direct"]
Upsampling = Literal["resize", "transposed"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance norm, added to the input; shape and channels unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", bias=False),
            nn.InstanceNorm2d(channels, affine=True),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", bias=False),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        out: Tensor = x + self.body(x)
        return out


class TranslationGenerator(nn.Module):
    """Translates faces: float (N, 1, 48, 48) in [-1, 1] -> the same shape, in (-1, 1).

    ``output="direct"``: ``tanh(net(x))``.  ``output="residual"``: ``tanh(atanh(0.98 x) + net(x))``
    with the last layer near zero, so that the untrained generator is the identity up to the
    factor 0.98, and learns what to change instead of how to draw a face.
    """

    def __init__(
        self,
        base_channels: int = 16,
        residual_blocks: int = 6,
        output: Output = "residual",
        upsampling: Upsampling = "resize",
    ) -> None:
        super().__init__()
        base = base_channels
        self.output = output
        self.stem = nn.Sequential(  # (N, 1, 48, 48) -> (N, base, 48, 48)
            nn.Conv2d(1, base, 7, padding=3, padding_mode="reflect", bias=False),
            nn.InstanceNorm2d(base, affine=True),
            nn.ReLU(inplace=True),
        )
        self.down = nn.Sequential(
            *_downsampling(base, base * 2),  # (N, 2 base, 24, 24)
            *_downsampling(base * 2, base * 4),  # (N, 4 base, 12, 12)
        )
        self.blocks = nn.Sequential(*(ResidualBlock(base * 4) for _ in range(residual_blocks)))
        self.up = nn.Sequential(
            *_upsampling(base * 4, base * 2, upsampling),  # (N, 2 base, 24, 24)
            *_upsampling(base * 2, base, upsampling),  # (N, base, 48, 48)
        )
        self.head = nn.Conv2d(base, 1, 7, padding=3, padding_mode="reflect")  # (N, 1, 48, 48)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights from N(0, 0.02) as in Zhu et al.; the residual output's last layer close to zero."""
        if self.head.weight.is_meta:
            return  # about to be loaded; and drawing numbers for no memory makes torch import sympy, 2 s
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0.0, 0.02)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
        if self.output == "residual":
            nn.init.normal_(self.head.weight, 0.0, OUTPUT_INIT_STD)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 48, 48) in [-1, 1] -> (N, 1, 48, 48) in (-1, 1)."""
        change = self.head(self.up(self.blocks(self.down(self.stem(x)))))
        if self.output == "direct":
            return torch.tanh(change)
        return torch.tanh(torch.atanh(INPUT_RANGE * x) + change)


def _downsampling(channels_in: int, channels_out: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1, bias=False),
        nn.InstanceNorm2d(channels_out, affine=True),
        nn.ReLU(inplace=True),
    )


def _upsampling(channels_in: int, channels_out: int, kind: Upsampling) -> tuple[nn.Module, ...]:
    normalised = (nn.InstanceNorm2d(channels_out, affine=True), nn.ReLU(inplace=True))
    if kind == "transposed":
        return (
            nn.ConvTranspose2d(
                channels_in, channels_out, 3, stride=2, padding=1, output_padding=1, bias=False
            ),
            *normalised,
        )
    return (
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect", bias=False),
        *normalised,
    )


assert SIDE % 4 == 0, "two stride-2 layers and back must return the same size"
