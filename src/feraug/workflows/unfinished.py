"""The unfinished training that ``--resume`` goes on with: which it is, its config, its dataset."""

from __future__ import annotations

from pathlib import Path

from feraug.config import AnyGanConfig, ClassifierConfig
from feraug.errors import FeraugError, MissingArtifactError, UsageError
from feraug.store.header import MODEL
from feraug.store.model import WEIGHTS_ONLY
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace
from feraug.workflows.by_digest import to_go_on_with
from feraug.workflows.existing import is_finished
from feraug.workflows.model_files import config_of


def unfinished_run(model: str, usual: Path, workspace: Workspace) -> Path:
    """The run of a kind of ``model`` to go on with, where neither a name nor emotions are given.

    It is that at ``usual``, the file of the model's defaults, or where that is finished or not there the
    only unfinished one of the workspace; where none is unfinished, what is at ``usual``.

    Raises :class:`UsageError`, naming them, where there are several, and :class:`MissingArtifactError`
    where there is nothing.
    """
    states = {path: _is_finished(path, model) for path in {usual: None, **dict.fromkeys(workspace.models())}}
    begun = [path for path, finished in states.items() if finished is False]
    if usual in begun or len(begun) == 1:
        return begun[0]  # where it is unfinished, ``usual`` comes first
    if begun:
        names = ", ".join(path.stem for path in begun)
        raise UsageError(f"--resume: several runs of {model} are unfinished ({names}); name one with --name")
    if usual.exists():
        return usual
    done = ", ".join(path.stem for path, finished in states.items() if finished)
    there = f" (finished: {done})" if done else ""
    raise MissingArtifactError(f"{usual}: nothing to resume{there}; train without --resume")


def _is_finished(path: Path, model: str) -> bool | None:
    """Whether a training has ended; None for what is none of this ``model``, and for exported weights."""
    try:
        header = read_artifact_header(path)
    except FeraugError:
        return None
    if header.encoding_type != MODEL or header.provenance.config.get("model") != model:
        return None
    if is_finished(header):
        return True
    return None if header.extra.get(WEIGHTS_ONLY) else False


def unfinished_config(path: Path) -> AnyGanConfig | ClassifierConfig:
    """The config of a model file, for ``--resume``; :class:`MissingArtifactError` when there is none."""
    if not path.exists():
        raise MissingArtifactError(f"{path}: nothing to resume; train without --resume")
    return config_of(path)


def unfinished_dataset(path: Path, workspace: Workspace) -> Path | None:
    """The dataset that a model is trained on, for ``--resume``: found in the workspace by its digest.

    None where the model does not say; raises :class:`UsageError` where it is not there.
    """
    inputs = list(read_artifact_header(path).provenance.inputs.items())
    if not inputs:
        return None
    name, digest = inputs[0]  # a source comes after it
    return to_go_on_with(name, digest, workspace, f"{path.name} is trained on", "--dataset")
