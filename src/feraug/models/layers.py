"""Pieces that several networks are made of, and how their weights begin."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAK: Final = 0.2
"""Slope of every LeakyReLU below zero (Radford et al., 2016, section 3)."""


def norm_layer(norm: str, channels: int) -> nn.Module:
    """``batch`` or ``instance`` normalisation with scale and shift, or the identity for ``none``."""
    if norm == "none":
        return nn.Identity()
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.InstanceNorm2d(channels, affine=True)


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int, norm: str) -> nn.Conv2d:
    """A convolution with padding 1; a bias only where no normalisation would take it away again."""
    return nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=1, bias=norm == "none")


class LocalResponseNorm(nn.LocalResponseNorm):
    """Local response norm (Krizhevsky et al., 2012, section 3.3) of features float (N, C, H, W).

    Numbers and settings are those of torch's but for rounding (on NVIDIA GPUs to TF32), which sums over
    neighbouring channels by ``avg_pool3d``; on a CPU one matrix product (a convolution of 1 x 1) takes a
    fifth of that.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The features, each divided by what it and its neighbours are."""
        channels, kind = input.shape[1], input.device.type
        exact = torch.promote_types(input.dtype, torch.float32)
        near = torch.ones(channels, channels, dtype=exact, device=input.device)
        near = near.tril((self.size - 1) // 2).triu(-(self.size // 2))
        # Squares of half precision overflow; torch's norm sums them in single precision, too.
        with nullcontext() if kind == "meta" else torch.autocast(kind, enabled=False):
            sums = functional.conv2d(input.to(exact).square(), near[:, :, None, None])
        return input / (self.k + self.alpha / self.size * sums).pow(self.beta)


def initialise(network: nn.Module, *, normalised: bool) -> None:
    """Weights from N(0, 0.02) where norms set the scale anyway (Radford et al., 2016), else He's.

    He et al., "Delving Deep into Rectifiers" (2015), equation 15 with the slope of the LeakyReLU (which
    r3gan's generator takes, too), keeps the scale of activations through layers without norms; 0.02
    would shrink them to nothing.  Biases are zero.
    """
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            continue
        if layer.weight.is_meta:
            return  # about to be loaded; and drawing numbers for no memory makes torch import sympy, 2 s
        if normalised:
            nn.init.normal_(layer.weight, 0.0, 0.02)
        else:
            _he(layer)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _he(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    weights_per_output = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
    if isinstance(layer, nn.ConvTranspose2d):  # each output meets a kernel thinned by the stride
        weights_per_output //= layer.stride[0] * layer.stride[1]
    gain = nn.init.calculate_gain("leaky_relu", LEAK)
    nn.init.normal_(layer.weight, 0.0, float(gain) / max(1, weights_per_output) ** 0.5)
