"""The translation generator: a residual encoder-decoder for 48x48 grey faces.

After Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks" (2017), appendix 7.2, itself after Johnson et al. (2016); the residual output and the
resize-convolutions (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016), and skip
connections from the way down to the way up (Ronneberger et al., "U-Net", 2015; added, not
concatenated) are ours to choose per config.  So is the warped output, after Zhou et al., "View
Synthesis by Appearance Flow" (2016): expressions move parts of a face, and what is moved keeps its
own lines.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from feraug.images import SIDE
from feraug.models.layers import initialise

INPUT_RANGE: Final = 0.98
"""Pixels are scaled by this before atanh, so that black and white stay finite; undone after tanh."""

OUTPUT_INIT_STD: Final = 1e-3
"""Spread of the residual output's last weights: training starts at the identity."""

REACH: Final = 4.0
"""Pixels by which the warped output can move a part of a face, along each axis."""

Output = Literal["residual", "warped", "direct"]
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
    """Translates faces: float (N, 1, 48, 48) in [-1, 1] -> the same shape.

    ``output="direct"``: ``tanh(net(x))``, in (-1, 1).  ``output="residual"``:
    ``tanh(atanh(0.98 x) + net(x)) / 0.98``, in (-1.021, 1.021), with the last layer near zero, so
    that the untrained generator is nearly the identity (0.02 off on average), and learns what to
    change instead of how to draw a face.  ``output="warped"``: the same of the face whose parts
    the network has moved before, :func:`warped`.  ``skips`` adds the activations of
    48 and 24 pixels on the way down to those on the way up, without
    parameters of their own: what changes can then follow the face's own lines.
    """

    def __init__(
        self,
        base_channels: int = 16,
        residual_blocks: int = 6,
        output: Output = "residual",
        upsampling: Upsampling = "resize",
        skips: bool = True,
    ) -> None:
        super().__init__()
        base = base_channels
        self.output = output
        self.skips = skips
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
        self.head = last_layer(base, output)  # (N, 1 or 3, 48, 48)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights from N(0, 0.02) as in Zhu et al.; the residual output's last layer close to zero."""
        initialise(self, normalised=True)
        begin_near_identity(self.head, self.output)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 48, 48) in [-1, 1] -> (N, 1, 48, 48)."""
        return apply_output(x, self.head(self._body(x)), self.output)

    def _body(self, x: Tensor) -> Tensor:
        """(N, 1, 48, 48) -> (N, base, 48, 48)."""
        halfway = len(self.up) // 2  # each of these is two layers of the same length
        at_48 = self.stem(x)
        at_24 = self.down[: len(self.down) // 2](at_48)
        inner = self.blocks(self.down[len(self.down) // 2 :](at_24))
        inner = self.up[:halfway](inner)
        inner = self.up[halfway:](inner + at_24 if self.skips else inner)
        out: Tensor = inner + at_48 if self.skips else inner
        return out


def last_layer(base_channels: int, output: Output) -> nn.Conv2d:
    """A generator's 7x7 convolution: (N, base, H, W) -> (N, 1, H, W), of the warped output (N, 3, H, W)."""
    channels = 3 if output == "warped" else 1
    return nn.Conv2d(base_channels, channels, 7, padding=3, padding_mode="reflect")


def apply_output(x: Tensor, change: Tensor, output: Output) -> Tensor:
    """Faces (N, 1, H, W) in [-1, 1] and the last layer's output, (N, 1, H, W) or for ``warped`` (N, 3, H, W).

    Gives the translation (N, 1, H, W), as :class:`TranslationGenerator` says for each ``output``.
    """
    if output == "direct":
        return torch.tanh(change)
    if output == "warped":
        x, change = warped(x, change[:, 1:]), change[:, :1]
    # A face that another generator made may reach beyond [-1, 1], where atanh has no value.
    return torch.tanh(torch.atanh(INPUT_RANGE * x.clamp(-1.0, 1.0)) + change) / INPUT_RANGE


def warped(x: Tensor, flow: Tensor) -> Tensor:
    """Faces (N, C, H, W) whose pixel at (row, column) is taken from ``REACH tanh(flow)`` pixels further.

    ``flow`` float (N, 2, H, W): to the right and down, smoothed over 2 x 2 pixels; the rim repeats.  Between
    pixels the face is interpolated linearly.
    """
    height, width = x.shape[-2:]
    smooth = functional.avg_pool2d(torch.tanh(flow), 2)
    smooth = functional.interpolate(smooth, scale_factor=2.0, mode="bilinear", align_corners=False)
    columns = torch.arange(width, device=x.device, dtype=x.dtype)
    rows = torch.arange(height, device=x.device, dtype=x.dtype)
    # Positions from -1, the middle of the first pixel, to 1, that of the last; clamped, as not every device
    # repeats the rim itself.
    across = 2.0 / (width - 1) * (columns + REACH * smooth[:, 0].to(x.dtype)) - 1.0  # (N, H, W)
    down = 2.0 / (height - 1) * (rows[:, None] + REACH * smooth[:, 1].to(x.dtype)) - 1.0
    grid = torch.stack([across, down], dim=1).clamp(-1.0, 1.0).permute(0, 2, 3, 1)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


def begin_near_identity(head: nn.Conv2d, output: Output) -> None:
    """Small weights for the last layer of an output that begins at the face itself."""
    if output != "direct" and not head.weight.is_meta:
        nn.init.normal_(head.weight, 0.0, OUTPUT_INIT_STD)


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
