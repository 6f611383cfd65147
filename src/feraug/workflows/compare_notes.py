"""What the user should know before trusting a comparison's figures."""

from __future__ import annotations

from collections.abc import Sequence

from feraug.workflows.compare_entrants import Entrant
from feraug.workflows.compare_yardsticks import Yardsticks
from feraug.workflows.judges import Judge, judge_notes
from feraug.workflows.real_faces import Faces


def notes(faces: Faces, judge: Judge, compared: Sequence[Entrant]) -> list[str]:
    """Other datasets, a judge that knows nothing, and trainings that have not finished."""
    found = judge_notes(faces.arrays, faces.digest, judge)
    for one in compared:
        if faces.digest not in one.inputs:
            found.append(
                f"{one.name}: was trained on another dataset, perhaps on the validation faces used here"
            )
        if not one.translator.finished:
            found.append(f"{one.name}: its training is not finished")
    return found


def few(yardsticks: Yardsticks) -> list[str]:
    """What there are too few faces for."""
    found = []
    if not yardsticks.size:
        found.append(
            "too few real faces for FER-FD and the like: they need 12 in validation and 24 in train, or more"
        )
    if yardsticks.threshold is None:
        found.append("too few validation faces to set the near-copy threshold: near copies are not counted")
    elif yardsticks.threshold_from == "train":
        found.append(
            "too few new validation faces to set the near-copy threshold: it is taken from training faces "
            "and their nearest other ones"
        )
    return found
