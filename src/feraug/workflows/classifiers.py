"""Trained classifiers: what emotion a face shows, and the features that distances are measured in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import ClassifierConfig
from feraug.data import evaluation_views, on_device, to_float
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError
from feraug.images import SIDE, checked_faces
from feraug.models.classifiers import Classifier as Network
from feraug.models.classifiers import build_classifier
from feraug.store.digests import read_with_digest
from feraug.store.model import read_model
from feraug.store.workspace import at_home
from feraug.workflows.devices import choose_device, of_cpu
from feraug.workflows.model_files import config_in, load_average

BATCH = 256
"""Faces that are classified at a time."""

_MUCH_BETTER: Final = 0.05
"""A classifier that is not so much better than a constant answer has learned next to nothing."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """The network of a classifier's best epoch, ready to use."""

    config: ClassifierConfig
    path: Path
    digest: str
    """SHA-256 of the model file, which stands beside every figure that it takes part in."""
    finished: bool
    """Whether its training reached its end."""
    validation_accuracy: float | None
    """Of its epoch, as its training measured it; None where the file does not say."""
    device: torch.device
    network: nn.Module
    inputs: tuple[str, ...] = ()
    """SHA-256 of the artifacts that it was trained on."""

    def __repr__(self) -> str:
        """Without the network, which has a hundred lines."""
        file = f"{self.path.name}, SHA-256 {self.digest[:12]}…"
        return f"Classifier({self.config.model}, {file}, on {self.device})"

    @property
    def caution(self) -> str | None:
        """What to say before it is used, if anything."""
        if self.finished:
            return None
        return f"{self.path.name}: its training is not finished; its best epoch so far is used"

    def doubt(self, labels: NDArray[np.uint8]) -> str | None:
        """What to say where it was hardly better than naming the commonest of these validation ``labels``."""
        counts = np.bincount(labels)
        if self.validation_accuracy is None or not len(counts):
            return None
        commonest = counts.max() / len(labels)
        if self.validation_accuracy >= commonest + _MUCH_BETTER:
            return None
        return (
            f"{self.path.name} is right on {self.validation_accuracy:.1%} of validation; to call every face "
            f"'{EMOTIONS[int(counts.argmax())]}' would be right on {commonest:.1%}: do not rely on it before "
            "it is trained for longer"
        )

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Faces uint8 (N, 48, 48) -> probabilities float32 (N, 7), in the order of ``EMOTIONS``.

        Raises :class:`UsageError` for images of another shape or type.
        """
        return probabilities(self.network, _on_device(images, self.device), self.config.crop)

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Faces uint8 (N, 48, 48) -> features float32 (N, D), what the last layer is given.

        With ten crops, their mean.  Raises :class:`UsageError` as :meth:`probabilities`.
        """
        assert isinstance(self.network, Network)
        return _mean_over_views(self.network.features, _on_device(images, self.device), self.config.crop)

    def emotions(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The likeliest emotion of faces uint8 (N, 48, 48), as codes uint8 (N,)."""
        return np.asarray(self.probabilities(images).argmax(1), np.uint8)


def probabilities(
    network: nn.Module, images: Tensor, crop: int = SIDE, *, looked_at: Callable[[int], None] = lambda _: None
) -> NDArray[np.float32]:
    """Probabilities float32 (N, 7) of images uint8 (N, 48, 48) that lie on the network's device.

    With a ``crop`` below 48 the mean over ten crops, of which each is a face to the network.  ``looked_at``
    is told how many are done.
    """
    return _mean_over_views(lambda faces: network(faces).float().softmax(1), images, crop, looked_at)


def load_classifier(path: str | Path, *, device: str = "cpu") -> Classifier:
    """The classifier in a model file.

    Raises :class:`~feraug.errors.MissingArtifactError` when there is no such file,
    :class:`ArtifactError` when it is damaged or no classifier, and :class:`UsageError` for a
    device that does not exist here.
    """
    path, chosen = at_home(path), choose_device(device)
    saved, digest = read_with_digest(path, partial(read_model, path, ("chosen", "history")))
    config = config_in(path, saved.header.provenance.config)
    if not isinstance(config, ClassifierConfig):
        raise ArtifactError(
            f"{path}: a {config.model} is no classifier", f"train one with 'feraug train simple{of_cpu()}'"
        )
    epoch = saved.header.extra.get("chosen_epoch")
    if epoch == 0:
        raise ArtifactError(
            f"{path}: its training has not reached the end of an epoch, so no weights are chosen yet",
            f"go on with 'feraug train {config.model} --resume --name {path.stem}'",
        )
    build = partial(build_classifier, config)
    network = load_average(path, saved, "classifier", build, chosen, group="chosen")
    history = saved.arrays.get("history/validation_accuracy", np.zeros(0))
    accuracy = float(history[epoch - 1]) if epoch is not None and epoch <= len(history) else None
    inputs = tuple(saved.header.provenance.inputs.values())
    return Classifier(config, path, digest, saved.finished, accuracy, chosen, network, inputs)


@torch.inference_mode()
def _mean_over_views(
    measure: Callable[[Tensor], Tensor],
    images: Tensor,
    crop: int,
    looked_at: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    parts: list[Tensor] = []
    for start in range(0, max(1, len(images)), BATCH):  # of no images one batch, for the width
        views = evaluation_views(to_float(images[start : start + BATCH]), crop)
        parts.append(
            sum((measure(view).float() for view in views[1:]), measure(views[0]).float()) / len(views)
        )
        looked_at(min(start + BATCH, len(images)))
    return torch.cat(parts).cpu().numpy()


def _on_device(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    return on_device(checked_faces(images), device)
