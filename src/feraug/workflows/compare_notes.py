"""What the user should know before trusting a comparison's figures."""

from __future__ import annotations

from collections.abc import Sequence

from feraug.workflows.compare_entrants import Entrant, Judge
from feraug.workflows.compare_measures import Material
from feraug.workflows.real_faces import Faces


def notes(faces: Faces, judge: Judge, compared: Sequence[Entrant]) -> list[str]:
    """Other datasets, and trainings that have not finished."""
    found = []
    if faces.digest not in judge.inputs:
        found.append(
            "the judge was trained on another dataset; its accuracy is of that one's validation faces, and "
            "these may be among its training faces"
        )
    if not judge.classifier.finished:
        found.append("the judge's training is not finished; the figures are of its best epoch so far")
    for one in compared:
        if faces.digest not in one.inputs:
            found.append(
                f"{one.name}: was trained on another dataset, so these validation faces may be among its "
                "training faces"
            )
        if not one.translator.finished:
            found.append(f"{one.name}: its training is not finished")
    return found


def few(material: Material) -> list[str]:
    """What there are too few faces for."""
    found = []
    if not material.size:
        found.append(
            "too few real faces for distances of distributions: 12 in validation, 24 in train are least"
        )
    if material.threshold is None:
        found.append("too few validation faces to say what a near copy is")
    return found
