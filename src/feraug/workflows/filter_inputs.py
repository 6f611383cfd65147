"""What ``feraug filter`` works on: the set, its images by emotion, the real ones, the classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.config import CLASSIFIERS
from feraug.emotions import ALL, EMOTIONS, UNLABELLED, emotion_code, suggestion
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError
from feraug.quoting import quoted
from feraug.store.dataset import DatasetArrays
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import SyntheticArrays
from feraug.store.workspace import Workspace, at_home
from feraug.words import plural
from feraug.workflows.devices import of_cpu
from feraug.workflows.events import Note, Notify


def synthetic_file(file: str | Path, workspace: Workspace) -> Path:
    """The file, or the set of this name or kind in ``synthetic/``.

    Raises :class:`MissingArtifactError` without one.
    """
    path = at_home(file)
    if not path.is_file() and path.parent == Path():
        path = workspace.synthetic_set(path.name)
    if not path.is_file():
        there = [path.stem for path in workspace.synthetics()]
        near = suggestion(Path(file).stem, there) or f" (there: {', '.join(there) or 'none'})"
        raise MissingArtifactError(f"{file}: no such synthetic set{near}; 'feraug synth' makes them")
    return path


def classifier_file(classifier: Path | None, workspace: Workspace) -> Path:
    """The file, or the one of this name in ``models/``; None: ``simple``.

    Raises :class:`MissingArtifactError` where there is none.
    """
    path = classifier or workspace.model("simple")
    if path.is_file() or (path.exists() and len(path.parts) > 1):  # a folder here may be called as a model is
        return path
    if path.suffix != ".h5" and len(path.parts) > 1:  # a name has no folder, and a file its ending
        raise MissingArtifactError(
            f"{path}: no such classifier file; check the name, or give NAME.h5, or a name in models/"
        )
    model = path.stem if path.stem in CLASSIFIERS else "simple"
    named = workspace.model(path.name) if len(path.parts) == 1 else path
    if named.exists():
        return named
    there = [each.stem for each in workspace.models() if _is_classifier(each)]
    if path.stem not in CLASSIFIERS and there:
        near = suggestion(path.stem, there) or f" (there: {', '.join(there)})"
        raise MissingArtifactError(f"{named}: no such classifier{near}; name another with --classifier")
    near = "" if path.stem in CLASSIFIERS else suggestion(path.stem, CLASSIFIERS)
    raise MissingArtifactError(
        f"{named}: no classifier yet{near}; train one with 'feraug train {model}{of_cpu()}'"
    )


def _is_classifier(path: Path) -> bool:
    try:
        return str(read_artifact_header(path).provenance.config.get("model")) in CLASSIFIERS
    except FeraugError:
        return False


def real_rows(path: Path, dataset: DatasetArrays, emotion: str) -> NDArray[np.int64]:
    """The real validation images of an emotion that are not blank; :class:`ArtifactError` without any."""
    rows: NDArray[np.int64] = dataset.rows(split="validation", emotion=emotion)
    rows = rows[~dataset.columns["blank"][rows]]
    if not len(rows):
        raise ArtifactError(
            f"{path}: no '{emotion}' images in its validation split, from which the limits come",
            "name a dataset that has some with --dataset",
        )
    return rows


def places_by_emotion(
    path: Path, synthetic: SyntheticArrays, emotion: str, as_named: str, notify: Notify
) -> dict[str, NDArray[np.int64]]:
    """Which images (n,) have to show which emotion: all the one, or each what it was made as.

    Raises :class:`ArtifactError` where none was made as the emotion, or with ``all`` some as none.
    """
    if emotion != ALL:
        _check_labels(path, synthetic, emotion)
        others = ~np.isin(synthetic.labels, (emotion_code(emotion), UNLABELLED))
        if others.any():
            other, are = plural(int(others.sum()), "image"), "is" if others.sum() == 1 else "are"
            notify(
                Note(
                    f"{other} made as another emotion {are} left out; 'feraug filter "
                    f"{quoted(as_named)} --emotion all' asks of each what it was made as"
                )
            )
        return {emotion: np.arange(len(synthetic.labels))}
    if unlabelled := int((synthetic.labels == UNLABELLED).sum()):
        raise ArtifactError(
            f"{path}: {plural(unlabelled, 'image in it was', 'images in it were')} made as no emotion",
            "say what all are to show with --emotion",
        )
    return {EMOTIONS[code]: np.flatnonzero(synthetic.labels == code) for code in np.unique(synthetic.labels)}


def _check_labels(path: Path, synthetic: SyntheticArrays, emotion: str) -> None:
    """Refuse a set in which nothing was made as ``emotion``, before anything is looked at."""
    labels = set(synthetic.labels.tolist())
    if labels & {emotion_code(emotion), UNLABELLED}:
        return
    made = ", ".join(EMOTIONS[label] for label in sorted(labels))
    raise ArtifactError(
        f"{path}: nothing in it was made as '{emotion}'",
        f"what it holds was made as {made}: say so with --emotion",
    )
