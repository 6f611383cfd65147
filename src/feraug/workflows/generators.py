"""Trained generators of faces from noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import NoiseConfig
from feraug.config.values import whole
from feraug.data import noise, to_uint8
from feraug.emotions import emotion_code, parse_emotion
from feraug.errors import ArtifactError, UsageError
from feraug.images import SIDE
from feraug.models import build_noise_generator
from feraug.store.model import read_model
from feraug.store.workspace import at_home
from feraug.transfer import moved
from feraug.workflows.devices import choose_device
from feraug.workflows.model_files import config_in, load_average, purpose

_STREAM = (
    75  # of random draws, see docs/contributing.md: never the noise that a training of the seed began with
)


@dataclass(frozen=True, eq=False)
class FaceGenerator:
    """The EMA generator of a trained noise model, ready to make faces."""

    config: NoiseConfig
    step: int
    finished: bool
    """Whether its training reached its end."""
    device: torch.device
    network: nn.Module

    def __repr__(self) -> str:
        """Without the network, which has a hundred lines."""
        what = ", ".join(self.emotions)
        return f"FaceGenerator({self.config.model}, {what}, step {self.step:,}, on {self.device})"

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions it can make."""
        return self.config.emotions

    def class_of(self, emotion: str) -> int:
        """The generator's class of an emotion; :class:`UsageError` when it was not trained for it."""
        wanted = parse_emotion(emotion)
        if wanted not in self.emotions:
            raise UsageError(f"this model makes {', '.join(self.emotions)}, not {wanted}")
        return self.emotions.index(wanted)

    @torch.no_grad()  # no inference tensors: they could enter no training
    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        """Noise float (N, latent) and classes int64 (N,) -> faces float (N, 1, 48, 48) in (-1, 1)."""
        faces: Tensor = self.network(z, classes)
        return faces

    def generate(
        self, count: int, emotion: str | None = None, *, seed: int = 0, batch_size: int = 64
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """``count`` faces uint8 (N, 48, 48) and the emotions asked of the generator, uint8 (N,).

        ``emotion`` None: all that it was trained for, in turn.  Raises :class:`UsageError` for an
        emotion that it does not know, and numbers that make no sense.
        """
        count, seed = whole("count", count, 1), whole("seed", seed, 0)
        batch_size = whole("batch_size", batch_size, 1)
        chosen = self.emotions if emotion is None else (parse_emotion(emotion),)
        numbers = np.array([self.class_of(name) for name in chosen])
        codes = np.array([emotion_code(name) for name in chosen], np.uint8)
        images = np.empty((count, SIDE, SIDE), np.uint8)
        for start in range(0, count, batch_size):
            places = np.arange(start, min(start + batch_size, count))
            images[places] = self.faces_at(places, numbers[places % len(chosen)], seed)
        return images, codes[np.arange(count) % len(chosen)]

    def faces_at(
        self, places: NDArray[np.int64], classes: NDArray[np.integer], seed: int
    ) -> NDArray[np.uint8]:
        """The faces uint8 (n, 48, 48) at some places (n,) of the endless sequence of a seed."""
        size = self.config.latent_size
        drawn = [noise(seed, int(place), 1, size, stream=_STREAM) for place in places]
        z = moved(np.concatenate(drawn), self.device)
        wanted = moved(classes.astype(np.int64), self.device)
        return to_uint8(self.forward(z, wanted)).cpu().numpy()


def load_generator(path: str | Path, *, device: str = "cpu") -> FaceGenerator:
    """The generator of faces from noise in a model file.

    Raises :class:`~feraug.errors.MissingArtifactError` when there is no such file,
    :class:`ArtifactError` when it is damaged or makes no faces from noise, and
    :class:`UsageError` for a device that does not exist here.
    """
    path, chosen = at_home(path), choose_device(device)
    saved = read_model(path, ("ema",))
    config = config_in(path, saved.header.provenance.config)
    if not isinstance(config, NoiseConfig):
        raise ArtifactError(
            f"{path}: a {config.model} {purpose(config)} and is no noise generator",
            "train a generator with 'feraug train wgan-gp'",
        )
    network = load_average(path, saved, "generator", partial(build_noise_generator, config), chosen)
    return FaceGenerator(config, saved.step, saved.finished, chosen, network)
