"""The classifiers: faces in, a score for each of the seven emotions out.

Shapes beside the layers are (channels, height, width) at width 1.  ``width`` multiplies the
number of channels of every layer but the last, for demos and tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from feraug.config import ClassifierConfig
from feraug.emotions import EMOTIONS
from feraug.models.layers import LocalResponseNorm


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


class Classifier(nn.Module):
    """Convolutional ``body``, flattened, then the dense ``head``.

    ``forward``: faces float (N, 1, S, S) in [-1, 1] -> logits float (N, 7); ``features``: the
    inputs of the last layer, (N, D), in which distances between sets of faces are measured.
    """

    def __init__(self, body: Sequence[nn.Module], head: Sequence[nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)
        self.head = nn.Sequential(*head)
        _initialise(self)

    def features(self, faces: Tensor) -> Tensor:
        """What the last layer is given, float (N, D)."""
        found: Tensor = self.head[:-1](self.body(faces).flatten(1))
        return found

    def forward(self, faces: Tensor) -> Tensor:
        """Logits, float (N, 7), in the order of :data:`feraug.emotions.EMOTIONS`."""
        logits: Tensor = self.head[-1](self.features(faces))
        return logits


class Simple(Classifier):
    """The slides' network: 5,905,863 values at width 1, 5,902,151 of them trained.

    The other 3,712 are running statistics.  Each convolution is followed by its ReLU and then,
    but for the first, by batch norm, in the order of Keras' ``Conv2D(activation="relu")``.
    """

    def __init__(self, width: float = 1.0, dropout: float = 0.5) -> None:
        def block(inputs: int, channels: int) -> list[nn.Module]:
            return [
                nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(channels),
                nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(channels),
                nn.MaxPool2d(2), nn.Dropout(dropout),
            ]  # fmt: skip

        one, two, three, four = (_scaled(channels, width) for channels in (64, 128, 256, 512))
        body = [
            nn.Conv2d(1, one, 3), nn.ReLU(),  # 64 x 46 x 46
            nn.Conv2d(one, one, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(one),  # 64 x 46 x 46
            nn.MaxPool2d(2), nn.Dropout(dropout),  # 64 x 23 x 23
            *block(one, two),  # 128 x 11 x 11
            *block(two, three),  # 256 x 5 x 5
            *block(three, four),  # 512 x 2 x 2
        ]  # fmt: skip
        dense = [_scaled(units, width) for units in (512, 256, 128)]
        head: list[nn.Module] = []
        for inputs, units in zip([four * 4, *dense[:-1]], dense, strict=True):  # 2048 -> 512 -> 256 -> 128
            head += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(body, [*head, nn.Linear(dense[-1], len(EMOTIONS))])


class VGG19(Classifier):
    """VGG-19 with batch norm on one channel, and one dense layer.

    The body is that of torchvision's ``vgg19_bn`` (Simonyan and Zisserman, 2015, configuration E;
    Ioffe and Szegedy, 2015) but for the number of input channels; faces of 44 x 44 or 48 x 48
    end as 512 x 1 x 1.
    """

    PLAN: Final[tuple[int | str, ...]] = (
        64,
        64,
        "M",
        128,
        128,
        "M",
        *[256] * 4,
        "M",
        *[512] * 4,
        "M",
        *[512] * 4,
        "M",
    )

    def __init__(self, width: float = 1.0, dropout: float = 0.5) -> None:
        body: list[nn.Module] = []
        inputs = 1
        for step in self.PLAN:
            if isinstance(step, str):
                body.append(nn.MaxPool2d(2))
                continue
            channels = _scaled(step, width)
            body += [nn.Conv2d(inputs, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
            inputs = channels
        super().__init__(body, [nn.Dropout(dropout), nn.Linear(inputs, len(EMOTIONS))])


class Surreal(Classifier):
    """Two convolutions with local response norm, as in TensorFlow's CIFAR-10 tutorial.

    Its norm divides by (1 + 0.001 / 9 x sum of the squares of 9 neighbouring channels) ^ 0.75;
    torch's ``alpha`` is divided by the number of neighbours, TensorFlow's is not.
    """

    def __init__(self, width: float = 1.0, dropout: float = 0.5) -> None:
        one, two = _scaled(64, width), _scaled(128, width)
        dense = _scaled(256, width)

        def norm() -> nn.Module:
            return LocalResponseNorm(9, alpha=0.001, beta=0.75, k=1.0)

        body = [
            nn.Conv2d(1, one, 3, padding=1), nn.ReLU(),  # 64 x 48 x 48
            nn.MaxPool2d(3, stride=2, padding=1), norm(),  # 64 x 24 x 24
            nn.Conv2d(one, two, 3, padding=1), nn.ReLU(),  # 128 x 24 x 24
            nn.MaxPool2d(3, stride=2, padding=1), norm(),  # 128 x 12 x 12
        ]  # fmt: skip
        head = [
            nn.Linear(two * 144, dense), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(dense, dense), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(dense, len(EMOTIONS)),
        ]  # fmt: skip
        super().__init__(body, head)


CLASSIFIER_NETWORKS: Final[Mapping[str, type[Simple] | type[VGG19] | type[Surreal]]] = {
    "simple": Simple,
    "vgg19": VGG19,
    "surreal": Surreal,
}


def build_classifier(config: ClassifierConfig) -> Classifier:
    """The classifier that ``config.model`` names, freshly initialised from torch's global random state."""
    return CLASSIFIER_NETWORKS[config.model](config.width, config.dropout)


def values_in(network: nn.Module) -> int:
    """Parameters and running statistics of a network, as Keras counts them."""
    statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    return sum(tensor.numel() for tensor in [*network.parameters(), *statistics])


def _initialise(network: nn.Module) -> None:
    """He's weights (He et al., 2015) before ReLUs, small ones for the last layer; biases zero."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    if layers[0].weight.is_meta:
        return  # about to be loaded; drawing numbers for no memory makes torch import sympy, 2 s
    with torch.no_grad():
        for layer in layers[:-1]:
            nn.init.kaiming_normal_(
                layer.weight, mode="fan_out" if isinstance(layer, nn.Conv2d) else "fan_in"
            )
        nn.init.normal_(layers[-1].weight, 0.0, 0.01)
        for layer in layers:
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
