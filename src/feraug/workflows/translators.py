"""Trained translators: finding the one for a pair, loading it, translating."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import ClassifierConfig, TranslatorConfig
from feraug.data import on_device, to_float, to_uint8
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError, UsageError
from feraug.images import SIDE
from feraug.models import build_generator
from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.workflows.devices import choose_device
from feraug.workflows.model_files import config_in, config_of, load_average


@dataclass(frozen=True)
class Translator:
    """The two EMA generators of a trained translator, ready to translate."""

    config: TranslatorConfig
    step: int
    finished: bool
    """Whether its training reached its end."""
    device: torch.device
    generators: dict[str, nn.Module]

    @property
    def pair(self) -> DomainPair:
        """The pair it was trained on; it translates both ways."""
        return self.config.domains

    def generator(self, pair: DomainPair) -> nn.Module:
        """The generator from ``pair.a`` to ``pair.b``; :class:`UsageError` when it has none."""
        if pair == self.pair:
            return self.generators["a_to_b"]
        if pair == self.pair.reversed:
            return self.generators["b_to_a"]
        raise UsageError(f"this model translates {self.pair} and {self.pair.reversed}, not {pair}")

    @torch.inference_mode()
    def forward(self, faces: Tensor, pair: DomainPair) -> Tensor:
        """Faces float (N, 1, 48, 48) in [-1, 1] on the translator's device -> the same, translated."""
        translated: Tensor = self.generator(pair)(faces)
        return translated

    def translate(
        self, images: NDArray[np.uint8], pair: str | None = None, *, batch_size: int = 64
    ) -> NDArray[np.uint8]:
        """Faces uint8 (N, 48, 48) -> the same people with the other expression, uint8 (N, 48, 48).

        ``pair`` is the direction, such as ``"happy:neutral"``; None: the one it was trained for.
        Raises :class:`UsageError` for images of another shape or type and for other pairs.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
            raise UsageError(f"images must be uint8 (N, {SIDE}, {SIDE}), not {images.dtype} {images.shape}")
        direction = self.pair if pair is None else DomainPair.parse(pair)
        self.generator(direction)
        translated = np.empty_like(images)
        for start in range(0, len(images), batch_size):
            here = slice(start, start + batch_size)
            faces = to_float(on_device(images[here], self.device))
            translated[here] = to_uint8(self.forward(faces, direction)).cpu().numpy()
        return translated


def load_translator(path: str | Path, *, device: str = "cpu") -> Translator:
    """The translator in a model file.

    Raises :class:`MissingArtifactError` when there is no such file, :class:`ArtifactError` when
    it is damaged or no translator, and :class:`UsageError` for a device that does not exist here.
    """
    path, chosen = Path(path), choose_device(device)
    saved = read_model(path, ("ema",))
    config = config_in(path, saved.header.provenance.config)
    if not isinstance(config, TranslatorConfig):
        does = "classifies faces" if isinstance(config, ClassifierConfig) else "makes faces from noise"
        raise ArtifactError(f"{path}: a {config.model} {does}, it translates none")
    generators = {
        role: load_average(path, saved, role, partial(build_generator, config), chosen)
        for role in ("a_to_b", "b_to_a")
    }
    return Translator(config, saved.step, saved.finished, chosen, generators)


def translator_for_pair(pair: DomainPair, workspace: Workspace) -> Path:
    """The only trained model for ``pair``, in either direction.

    Raises :class:`MissingArtifactError` when there is none and :class:`UsageError`, listing
    them, when there are several.
    """
    fitting = translators_for_pair(pair, workspace)
    if len(fitting) > 1:
        names = ", ".join(path.stem for path in fitting)
        raise UsageError(f"several models translate {pair} ({names}); choose one with --model NAME")
    return fitting[0]


def translators_for_pair(pair: DomainPair, workspace: Workspace) -> list[Path]:
    """All trained models for ``pair``, in either direction, by name.

    Raises :class:`MissingArtifactError`, with the command that trains one, when there is none.
    """
    fitting = [path for path in workspace.models() if _translates(path, pair)]
    if not fitting:
        raise MissingArtifactError(
            f"no trained model for {pair} in {workspace.root / 'models'}; "
            f"train one with 'feraug train cyclegan --pair {pair}'"
        )
    return fitting


def _translates(path: Path, pair: DomainPair) -> bool:
    """Whether the file is a translator of the pair; damaged files are not."""
    try:
        config = config_of(path)
    except FeraugError:
        return False
    return isinstance(config, TranslatorConfig) and config.domains in (pair, pair.reversed)
