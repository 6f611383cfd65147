"""The classifier that judges faces: what ``feraug compare`` and ``feraug ssim`` measure distances by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from feraug.config import ClassifierConfig
from feraug.errors import ArtifactError
from feraug.store.dataset import DatasetArrays
from feraug.store.workspace import Workspace
from feraug.workflows.classifiers import Classifier, load_classifier
from feraug.workflows.devices import of_cpu
from feraug.workflows.model_files import config_of, find_model

DEFAULT_JUDGE: Final = "vgg19"


@dataclass(frozen=True)
class Judge:
    """The classifier that judges, and the digests of what it was trained on."""

    classifier: Classifier
    inputs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What stands beside its figures."""
        accuracy = self.classifier.validation_accuracy
        return {
            "name": self.classifier.path.stem,
            "model": self.classifier.config.model,
            "sha256": self.classifier.digest,
            "finished": self.classifier.finished,
            "validation_accuracy": None if accuracy is None else round(accuracy, 6),
        }


def load_judge(workspace: Workspace, given: str | Path | None, device: str) -> Judge:
    """The classifier that was ``given`` (a file, or a name), or ``models/vgg19.h5``.

    Raises :class:`~feraug.errors.MissingArtifactError`, with the command that trains one, where there
    is none, and :class:`ArtifactError` for a file that is no classifier.
    """
    path = find_model(str(DEFAULT_JUDGE if given is None else given), workspace, kind=DEFAULT_JUDGE)
    if not isinstance(config := config_of(path), ClassifierConfig):
        raise ArtifactError(
            f"--judge {path}: a {config.model} makes faces, it cannot judge them",
            f"train a judge with 'feraug train {DEFAULT_JUDGE}{of_cpu()}'",
        )
    classifier = load_classifier(path, device=device)
    return Judge(classifier, classifier.inputs)


def judge_notes(arrays: DatasetArrays, digest: str, judge: Judge) -> list[str]:
    """What to say of a judge that is unfinished, poor, or of another dataset than that of this ``digest``."""
    found = []
    if digest not in judge.inputs:
        found.append(
            "the judge was trained on another dataset: its accuracy was measured there, and it may have been "
            "trained on the validation faces used here"
        )
    if not judge.classifier.finished:
        found.append("the judge's training is not finished; the figures are of its best epoch so far")
    if doubt := judge.classifier.doubt(arrays.labels[arrays.rows(split="validation")]):
        found.append(f"the judge {doubt}")
    return found
