"""Translations beside real faces alone, and beside oversampling, which needs no GAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fer2013.experiments import Record, difference, experiments, in_points, paired
from fer2013.steps import BOTH, EMOTIONS, OTHERS_AGAIN, RUNS
from fer2013.summary import four, judged_rows, trained
from fer2013.tables import scaled, table
from fer2013.trainings import FEW_REPEATS, UNSEEN
from feraug.metrics.significance import Difference

IN_ITS_PLACE: Final = (
    "Do translations gain more than oversampling? Differences of real and translated faces from oversampled "
    "real ones on the same machine, in points; p is adjusted for the rows of a column (Holm)."
)

TOGETHER: Final = (
    "In each arm every emotion is shown equally often; real faces alone in one of them, in the other real "
    "and translated ones from one pool. Differences of the second from the first on the same machine, in "
    "points; p is adjusted for the rows of a column (Holm)."
)


OF_OTHER_RUNS: Final = (
    "What the translations of the other runs add to real faces alone, on the same machine, in points; p is "
    "adjusted for the rows of a column (Holm)."
)


def of_other_runs(records: Sequence[Record]) -> list[str]:
    """Differences of the other runs' translations from real faces alone, for every classifier."""
    overall, _ = _rows(records, "real+synthetic", (*RUNS[1:], *OTHERS_AGAIN), "real")
    return _tables(OF_OTHER_RUNS, overall)


def in_its_place(records: Sequence[Record]) -> list[str]:
    """Differences of the translations of every run from oversampling."""
    benches = (*RUNS, "simple-wider", "vgg19", "surreal", *OTHERS_AGAIN)
    overall, _ = _rows(records, "real+synthetic", benches, "oversampled")
    return _tables(IN_ITS_PLACE, overall)


def together(records: Sequence[Record]) -> list[str]:
    """Differences of oversampling with translations from oversampling alone, overall and by emotion."""
    overall, by_emotion = _rows(records, "oversampled+synthetic", BOTH, "oversampled")
    return _tables(TOGETHER, overall) + [table(["recall of", *EMOTIONS], by_emotion)] * bool(overall)


Row = tuple[str, int, list[Difference | None]]
"""What is compared, of how many repeats, and the four differences."""


def _rows(
    records: Sequence[Record], arm: str, benches: Sequence[str], base: str
) -> tuple[list[Row], list[list[str]]]:
    """Differences of an arm of these benchmarks from the arm ``base`` of any, overall and by emotion."""
    overall: list[Row] = []
    by_emotion: list[list[str]] = []
    for one in experiments(records):
        alone = [each for (_, name), some in one.arms.items() if name == base for each in some]
        for bench in sorted(benches):
            if not (pairs := paired(one.arms.get((bench, arm), []), alone)):
                continue
            what = f"{scaled(one.scale)} `{one.classifier}`, {trained(one)} (*{bench}*)"
            overall.append((what, len(pairs), four(pairs, one.test)))
            by_emotion.append([what, *(in_points(difference(pairs, one.test, each)[0]) for each in EMOTIONS)])
    return overall, by_emotion


def _tables(about: str, overall: Sequence[Row]) -> list[str]:
    if not overall:
        return []
    cells = judged_rows([(repeats, found) for _, repeats, found in overall])
    rows = [[what, str(repeats), *own] for (what, repeats, _), own in zip(overall, cells, strict=True)]
    few = [FEW_REPEATS] if any(repeats == 1 for _, repeats, _ in overall) else []
    heads = ["classifier", "repeats", "accuracy", "accuracy, unseen"]
    heads += ["balanced accuracy", "balanced accuracy, unseen"]
    return [" ".join([about, UNSEEN, *few]), table(heads, rows)]
