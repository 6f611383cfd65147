"""The discriminator of translators: a plain CNN that gives raw scores for overlapping windows of a face."""

from __future__ import annotations

from torch import Tensor, nn

from feraug.models.layers import LEAK, convolution, initialise, norm_layer


class Discriminator(nn.Module):
    """Raw scores (no sigmoid): float (N, 1, 48, 48) in [-1, 1] -> (N, 1, 6, 6).

    Three stride-2 convolutions and two at stride 1.  ``norm`` ``instance``: instance norm in the
    middle layers, as in Zhu et al. (2017); ``none``: for critics, whose gradient penalty holds for
    each image on its own (Gulrajani et al., 2017, section 4).  Each score sees a window of 54
    pixels (see :func:`receptive_field`), so nearly all of a 48-pixel face from the centre, and
    enough of it from the rim.
    """

    def __init__(self, base_channels: int = 32, norm: str = "instance") -> None:
        super().__init__()
        base = base_channels
        self.body = nn.Sequential(
            nn.Conv2d(1, base, 4, stride=2, padding=1),  # (N, base, 24, 24)
            nn.LeakyReLU(LEAK, inplace=True),
            *_layer(base, base * 2, norm, kernel=4, stride=2),  # (N, 2 base, 12, 12)
            *_layer(base * 2, base * 4, norm, kernel=4, stride=2),  # (N, 4 base, 6, 6)
            *_layer(base * 4, base * 4, norm, kernel=3, stride=1),  # (N, 4 base, 6, 6)
        )
        self.head = nn.Conv2d(base * 4, 1, 3, padding=1)  # (N, 1, 6, 6)
        initialise(self, normalised=norm != "none")

    def features(self, x: Tensor) -> Tensor:
        """Everything but the last layer: (N, 1, 48, 48) -> (N, 4 base, 6, 6)."""
        features: Tensor = self.body(x)
        return features

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 48, 48) in [-1, 1] -> raw scores (N, 1, 6, 6)."""
        scores: Tensor = self.head(self.features(x))
        return scores


def receptive_field(network: nn.Module) -> int:
    """Side in pixels of the input window that one output value of a chain of convolutions sees.

    ``r <- r + (kernel - 1) * jump`` and ``jump <- jump * stride`` over the layers in order
    (Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", 2019).
    """
    field, jump = 1, 1
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            field += (layer.kernel_size[0] - 1) * jump
            jump *= layer.stride[0]
    return field


def _layer(
    channels_in: int, channels_out: int, norm: str, *, kernel: int, stride: int
) -> tuple[nn.Module, ...]:
    return (
        convolution(channels_in, channels_out, kernel, stride, norm),
        norm_layer(norm, channels_out),
        nn.LeakyReLU(LEAK, inplace=True),
    )
