"""One translator for every pair of emotions, and the discriminator that tells them apart.

After Choi et al., "StarGAN: Unified Generative Adversarial Networks for Multi-Domain
Image-to-Image Translation" (2018), appendix 7.2, with two departures.  The target emotion enters
through the normalisation layers (Dumoulin et al., "A Learned Representation For Artistic Style",
2017; de Vries et al., "Modulating early visual processing by language", 2017), not as constant
maps beside the image: with padding that reflects the rim, the first instance norm subtracts those
exactly.  And the discriminator can score every emotion by a map of its own, as in Choi et al.,
"StarGAN v2" (2020), section 3.1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from feraug.images import SIDE
from feraug.models.discriminator import Discriminator
from feraug.models.generator import Output, Upsampling, apply_output, begin_near_identity, last_layer
from feraug.models.layers import initialise


class NormByEmotion(nn.Module):
    """Instance norm whose scale and shift are those of the wanted emotion, or between two emotions'."""

    def __init__(self, channels: int, emotions: int) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels)
        self.change = nn.Parameter(torch.zeros(emotions, 2, channels))

    def forward(self, x: Tensor, emotion: Tensor) -> Tensor:
        """(N, C, H, W), shares of the emotions float (N, K) -> (N, C, H, W)."""
        scale, shift = torch.einsum("nk,kpc->pnc", emotion, self.change)[..., None, None].unbind(0)
        out: Tensor = self.norm(x) * (1.0 + scale) + shift
        return out


class BlockByEmotion(nn.Module):
    """Two 3x3 convolutions with norms by emotion, added to the input; shape and channels unchanged."""

    def __init__(self, channels: int, emotions: int) -> None:
        super().__init__()
        self.first, self.second = _convolution(channels, channels), _convolution(channels, channels)
        self.first_norm = NormByEmotion(channels, emotions)
        self.second_norm = NormByEmotion(channels, emotions)

    def forward(self, x: Tensor, emotion: Tensor) -> Tensor:
        """(N, C, H, W), (N, K) -> (N, C, H, W)."""
        inner = torch.relu(self.first_norm(self.first(x), emotion))
        out: Tensor = x + self.second_norm(self.second(inner), emotion)
        return out


class UpByEmotion(nn.Module):
    """Twice the side, half the channels, a norm by emotion, ReLU."""

    def __init__(self, channels: int, emotions: int, upsampling: Upsampling) -> None:
        super().__init__()
        half = channels // 2
        self.transposed = upsampling == "transposed"
        self.convolution = (
            nn.ConvTranspose2d(channels, half, 3, stride=2, padding=1, output_padding=1, bias=False)
            if self.transposed
            else _convolution(channels, half)
        )
        self.norm = NormByEmotion(half, emotions)

    def forward(self, x: Tensor, emotion: Tensor) -> Tensor:
        """(N, C, H, W), (N, K) -> (N, C / 2, 2 H, 2 W)."""
        if not self.transposed:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        out: Tensor = torch.relu(self.norm(self.convolution(x), emotion))
        return out


class StarGenerator(nn.Module):
    """Faces float (N, 1, 48, 48) in [-1, 1] and the wanted emotion float (N, K) -> faces, same shape.

    The emotion is one-hot, or shares of several that add up to 1: halfway between the face's own
    and another is half as strong.  Layers, outputs and skips are those of
    :class:`feraug.models.TranslationGenerator`; the way down does not know the emotion.
    """

    def __init__(
        self,
        base_channels: int = 16,
        residual_blocks: int = 6,
        output: Output = "residual",
        upsampling: Upsampling = "resize",
        skips: bool = True,
        emotions: int = 7,
    ) -> None:
        super().__init__()
        base = base_channels
        self.output, self.skips, self.emotions = output, skips, emotions
        self.stem = nn.Sequential(  # (N, 1, 48, 48) -> (N, base, 48, 48)
            nn.Conv2d(1, base, 7, padding=3, padding_mode="reflect", bias=False),
            nn.InstanceNorm2d(base, affine=True),
            nn.ReLU(inplace=True),
        )
        self.down = nn.ModuleList([_down(base), _down(base * 2)])  # (N, 2 base, 24, 24), (N, 4 base, 12, 12)
        self.blocks = nn.ModuleList(BlockByEmotion(base * 4, emotions) for _ in range(residual_blocks))
        self.up = nn.ModuleList(  # (N, 2 base, 24, 24), (N, base, 48, 48)
            UpByEmotion(channels, emotions, upsampling) for channels in (base * 4, base * 2)
        )
        self.head = last_layer(base, output)  # (N, 1 or 3, 48, 48)
        initialise(self, normalised=True)
        begin_near_identity(self.head, output)

    def forward(self, x: Tensor, emotion: Tensor) -> Tensor:
        """(N, 1, 48, 48) in [-1, 1], (N, K) -> (N, 1, 48, 48)."""
        at_48 = self.stem(x)
        at_24 = self.down[0](at_48)
        inner = self.down[1](at_24)
        for block in self.blocks:
            inner = block(inner, emotion)
        for layer, skipped in zip(self.up, (at_24, at_48), strict=True):
            inner = layer(inner, emotion)
            inner = inner + skipped if self.skips else inner
        return apply_output(x, self.head(inner), self.output)


class Judgement(NamedTuple):
    """What a discriminator says of faces.

    ``scores`` (N, 1, 6, 6), raw, as faces of one emotion each, or (N, M, 6, 6), of M; ``logits``
    (N, K) of their emotions.
    """

    scores: Tensor
    logits: Tensor


class StarDiscriminator(Discriminator):
    """Scores how real faces are, and names their emotion.

    The body is that of :class:`Discriminator`; ``by_emotion``: a score map for each emotion, of
    which that of the face's (for a fake: the wanted) emotion counts.
    """

    def __init__(
        self, base_channels: int = 32, norm: str = "instance", emotions: int = 7, by_emotion: bool = True
    ) -> None:
        super().__init__(base_channels, norm)
        self.head = nn.Conv2d(base_channels * 4, emotions if by_emotion else 1, 3, padding=1)
        self.namer = nn.Conv2d(base_channels * 4, emotions, SIDE // 8)  # (N, 4 base, 6, 6) -> (N, K, 1, 1)
        initialise(self, normalised=norm != "none")

    def forward(self, x: Tensor, classes: Tensor) -> Judgement:  # type: ignore[override]
        """(N, 1, 48, 48) in [-1, 1], int64 (N,) -> raw scores (N, 1, 6, 6) and logits (N, K).

        With ``classes`` (N, M) scores (N, M, 6, 6): every face as one of M emotions, for the work of one.
        """
        features = self.features(x)
        scores: Tensor = self.head(features)
        of_face = classes.reshape(len(classes), -1)
        if scores.shape[1] > 1:
            faces = torch.arange(len(scores), device=scores.device)[:, None]
            scores = scores[faces, of_face]
        else:
            scores = scores.expand(-1, of_face.shape[1], -1, -1)
        return Judgement(scores, self.namer(features).flatten(1))


def _convolution(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect", bias=False)


def _down(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels * 2, 3, stride=2, padding=1, bias=False),
        nn.InstanceNorm2d(channels * 2, affine=True),
        nn.ReLU(inplace=True),
    )
