"""Translations beside real faces alone, and beside oversampling, which needs no GAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fer2013.experiments import Record, difference, experiments, in_points, paired
from fer2013.steps import AGAIN, BOTH, EMOTIONS, OTHERS_AGAIN, RESAMPLED, RUNS
from fer2013.summary import four, judged_rows, trained
from fer2013.tables import scaled, table
from fer2013.trainings import FEW_REPEATS, UNSEEN
from feraug.metrics.significance import Difference

IN_ITS_PLACE: Final = (
    "Do translations gain more than oversampling? Differences of real and translated faces from oversampled "
    "real ones on the same machine, in points; p is adjusted for the rows of a column (Holm)."
)

WITH_CONTROLS: Final = tuple(f"{classifier}-{AGAIN[0]}" for classifier in ("simple", "surreal", "vgg19"))
"""The benchmarks of the translations whose number :data:`RESAMPLED` has in real faces."""

TOGETHER: Final = (
    "In each arm every emotion is shown equally often; real faces alone in one of them, in the other real "
    "and translated ones from one pool. Differences of the second from the first on the same machine, in "
    "points; p is adjusted for the rows of a column (Holm)."
)


OF_OTHER_RUNS: Final = (
    "What the translations of the other runs add to real faces alone, on the same machine, in points; p is "
    "adjusted for the rows of a column (Holm)."
)


OF_CONTROLS: Final = (
    "What is gained without a GAN: `real+resampled` shows as many real faces again, of the same emotions, as "
    "the second run of the translator made; `logit-adjusted` trains nothing, but divides the probabilities "
    "of the classifiers of `real` by the emotions' shares of the training faces. Differences from real faces "
    "alone on the same machine, in points; p is adjusted for the rows of a column (Holm)."
)

BESIDE_CONTROLS: Final = (
    "And what translations gain beyond that: differences of real and translated faces from each control, on "
    "the same machine, in points; p is adjusted for the rows of a column (Holm)."
)


def controls(records: Sequence[Record]) -> list[str]:
    """What the controls without a GAN gain, what translations gain beyond them, overall and by emotion."""
    gained, by_emotion = _rows(records, "real+resampled", RESAMPLED, "real")
    more, by_emotion_more = _rows(records, "logit-adjusted", ("simple", "surreal", "vgg19"), "real")
    beyond, beyond_by_emotion = _rows(records, "real+synthetic", WITH_CONTROLS, "real+resampled")
    adjusted, _ = _rows(records, "real+synthetic", (*RUNS, *OTHERS_AGAIN), "logit-adjusted")
    named = [
        (_with(row, "`real+resampled`") for row in gained),
        (_with(row, "`logit-adjusted`") for row in more),
    ]
    against = [(_with(row, "less `real+resampled`") for row in beyond)]
    against += [(_with(row, "less `logit-adjusted`") for row in adjusted)]
    emotions = [table(["recall of", *EMOTIONS], by_emotion + by_emotion_more)] * bool(gained or more)
    beyond_emotions = [table(["recall of", *EMOTIONS], beyond_by_emotion)] * bool(beyond)
    return [
        *_tables(OF_CONTROLS, [row for rows in named for row in rows]), *emotions,
        *_tables(BESIDE_CONTROLS, [row for rows in against for row in rows]), *beyond_emotions,
    ]  # fmt: skip


OF_NUMBER: Final = (
    "Is it the filter, or the number? At most 1,000 unfiltered translations an emotion (*simple-cap*) "
    "beside what the same translator gave to other ways: all 29,790 unfiltered, and those that the filter "
    "left. Differences on the same machine, in points; p is adjusted for the rows of a column (Holm)."
)


def number_or_filter(records: Sequence[Record]) -> list[str]:
    """Differences of few unfiltered translations from none, from all of them, and from filtered ones."""
    rows: list[Row] = []
    for one in experiments(records):
        few = one.arms.get(("simple-cap", "real+synthetic"), [])
        others = {
            "real faces alone": one.real,
            "*simple*": one.arms.get(("simple", "real+synthetic"), []),
            "*simple-filtered*": one.arms.get(("simple-filtered", "real+synthetic"), []),
        }
        for name, base in others.items():
            if pairs := paired(few, base):
                rows.append(
                    (f"{scaled(one.scale)} *simple-cap* less {name}", len(pairs), four(pairs, one.test))
                )
    return _tables(OF_NUMBER, rows)


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


def _with(row: Row, what: str) -> Row:
    """The row with more in its name."""
    name, repeats, found = row
    return f"{name}, {what}", repeats, found


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
