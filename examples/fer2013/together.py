"""Section 10 of the page: what translations add where rare emotions are shown more often anyway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fer2013.experiments import Record, difference, experiments, in_points, paired
from fer2013.steps import EMOTIONS
from fer2013.summary import four, judged_rows, trained
from fer2013.tables import scaled, table
from fer2013.trainings import FEW_REPEATS, UNSEEN
from feraug.metrics.significance import Difference

TOGETHER: Final = "oversampled+synthetic"

ABOUT: Final = (
    "In each arm every emotion is shown equally often; real faces alone in one of them, in the other real "
    "and translated ones from one pool. Differences of the second from the first on the same machine, in "
    "points; p is adjusted for the rows of a column (Holm)."
)


def over_oversampling(records: Sequence[Record]) -> list[str]:
    """Differences of oversampling with translations from oversampling alone, overall and by emotion."""
    rows: list[list[str]] = []
    found: list[tuple[int, list[Difference | None]]] = []
    by_emotion: list[list[str]] = []
    for one in experiments(records):
        alone = [each for (_, arm), some in one.arms.items() if arm == "oversampled" for each in some]
        for (bench, arm), some in sorted(one.arms.items()):
            if arm != TOGETHER or not (pairs := paired(some, alone)):
                continue
            name = f"{scaled(one.scale)} `{one.classifier}`, {trained(one)} (*{bench}*)"
            rows.append([name, str(len(pairs))])
            found.append((len(pairs), four(pairs, one.test)))
            by_emotion.append([name, *(in_points(difference(pairs, one.test, each)[0]) for each in EMOTIONS)])
    if not rows:
        return []
    for row, cells in zip(rows, judged_rows(found), strict=True):
        row += cells
    few = [FEW_REPEATS] if any(repeats == 1 for repeats, _ in found) else []
    heads = ["classifier", "repeats", "accuracy", "accuracy, unseen"]
    heads += ["balanced accuracy", "balanced accuracy, unseen"]
    return [
        " ".join([ABOUT, UNSEEN, *few]),
        table(heads, rows),
        table(["recall of", *EMOTIONS], by_emotion),
    ]
