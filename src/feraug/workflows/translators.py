"""Trained translators: finding the one for a pair, loading it, translating."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import TranslatorConfig, from_json
from feraug.data import on_device, to_float, to_uint8
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError, TrainingError, UsageError
from feraug.images import SIDE
from feraug.models import build_generator
from feraug.store.header import MODEL
from feraug.store.model import read_model
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace
from feraug.training import load_network


@dataclass(frozen=True)
class Translator:
    """The two EMA generators of a trained translator, ready to translate."""

    config: TranslatorConfig
    step: int
    steps: int
    device: torch.device
    generators: dict[str, nn.Module]

    @property
    def pair(self) -> DomainPair:
        """The pair it was trained on; it translates both ways."""
        return self.config.domains

    @property
    def finished(self) -> bool:
        """Whether its training reached the last step."""
        return self.step >= self.steps

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

    Raises :class:`MissingArtifactError` when there is no such file and :class:`ArtifactError`
    when it is damaged or no translator.
    """
    path = Path(path)
    saved = read_model(path, ("ema",))
    config = translator_config(path, saved.header.provenance.config)
    generators: dict[str, nn.Module] = {}
    for role in ("a_to_b", "b_to_a"):
        with torch.device(
            "meta"
        ):  # shapes only: nothing is allocated for a config that the arrays do not fit
            network = build_generator(config)
        try:
            load_network(network, saved.arrays, f"ema/{role}", assign=True)
        except TrainingError as problem:
            raise ArtifactError(f"{path}: damaged ({problem})") from problem
        network.eval().requires_grad_(False)
        generators[role] = network.to(device=torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Translator(config, saved.step, saved.steps, torch.device(device), generators)


def translator_config(path: Path, values: object) -> TranslatorConfig:
    """The config in a model file, checked; :class:`ArtifactError` when it is not a translator's."""
    try:
        return from_json(TranslatorConfig, values)  # type: ignore[arg-type]
    except FeraugError as problem:
        raise ArtifactError(f"{path}: not a translator that this version knows ({problem})") from problem


def model_kind(path: Path) -> str:
    """The kind of translator in a model file, such as ``cyclegan``."""
    header = read_artifact_header(path)
    if header.encoding_type != MODEL:
        raise ArtifactError(f"{path}: not a model; give a file from 'feraug train'")
    return translator_config(path, header.provenance.config).model


def translator_for_pair(pair: DomainPair, workspace: Workspace) -> Path:
    """The only trained model for ``pair``, in either direction.

    Raises :class:`MissingArtifactError` when there is none and :class:`UsageError`, listing
    them, when there are several.
    """
    fitting = [path for path in workspace.models() if _translates(path, pair)]
    if not fitting:
        raise MissingArtifactError(
            f"no trained model for {pair} in {workspace.root / 'models'}; "
            f"train one with 'feraug train cyclegan --pair {pair}'"
        )
    if len(fitting) > 1:
        names = ", ".join(path.stem for path in fitting)
        raise UsageError(f"several models translate {pair} ({names}); choose one with --model NAME")
    return fitting[0]


def _translates(path: Path, pair: DomainPair) -> bool:
    """Whether the file is a translator of the pair; damaged files are not."""
    try:
        header = read_artifact_header(path)
        if header.encoding_type != MODEL:
            return False
        return translator_config(path, header.provenance.config).domains in (pair, pair.reversed)
    except FeraugError:
        return False
