"""The report on benchmarks: what may be concluded first, then the figures behind it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from feraug.config import ARMS
from feraug.emotions import EMOTIONS
from feraug.plots.page import Interval, intervals_plot
from feraug.report import Beside, Block, Cell, Details, Facts, Figures, Section, Table, Text
from feraug.store.header import BENCH
from feraug.words import plural
from feraug.workflows.bench_conclusions import is_caution, is_of_a_set
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import Artifact
from feraug.workflows.report_pictures import Room
from feraug.workflows.report_words import code, cut, listed, number, values

_BENCHMARKS: Final = 6
_ROOM: Final = 400_000
_ARMS: Final = 12
_SENTENCES: Final = 80
"""More than a benchmark of all arms has, whose cautions come last."""
_ANSWERS: Final = 2
_LINE: Final = (
    "Percentage points gained or lost, with 95 % intervals: an interval across the line shows no difference."
)
_OF_ONE: Final = "Of one repeat: what another seed would give is not in them."

_MEASURES: Final = {
    "validation_accuracy": "validation",
    "validation_balanced_accuracy": "balanced, validation",
    "accuracy": "accuracy",
    "accuracy_unleaked": "without identical copies",
    "accuracy_without_near_copies": "without near copies",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "balanced_accuracy_unleaked": "balanced accuracy without identical copies",
    "balanced_accuracy_without_near_copies": "balanced accuracy without near copies",
    "calibration_error": "calibration error",
}


def bench_section(desk: Desk) -> list[Section]:
    """The section on benchmarks, if there are any."""
    found = desk.inventory.of(BENCH)
    if not found:
        desk.lack("No benchmark", "feraug bench --classifier simple --with-synthetic")
        return []
    room = desk.room(_ROOM)
    blocks = desk.groups(found, "bench", _BENCHMARKS, lambda one: _benchmark(desk, room, one))
    return [Section("bench", "Does it help?", tuple(blocks))]


def answers(desk: Desk) -> Iterator[Text]:
    """What the benchmarks say, for the top of the page."""
    found = sorted(desk.inventory.of(BENCH), key=lambda one: bool(one.facts["reduced"]))
    for artifact in found[:_ANSWERS]:
        conclusions = artifact.facts["conclusions"]
        if isinstance(conclusions, list) and conclusions:
            less = (
                ", REDUCED, which shows that the chain works and is no result"
                if artifact.facts["reduced"]
                else ""
            )
            yield Text(f"Benchmark {artifact.name}{less}: {cut(conclusions[0], 300)}", "finding")
    if len(found) > _ANSWERS:
        yield Text(f"{plural(len(found) - _ANSWERS, 'more benchmark')} below.")


def _benchmark(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    facts = artifact.facts
    if facts["reduced"]:
        yield Text(
            f"REDUCED: {cut(', '.join(map(str, facts['reductions'])) or 'less than the defaults', 400)}. It "
            "shows that the chain works, and is no result.",
            "warning",
        )
    for sentence in facts["conclusions"][:_SENTENCES]:
        yield Text(_sentence(cut(sentence, 400)), "plain" if is_caution(str(sentence)) else "finding")
    arms = dict(list(facts["arms"].items())[:_ARMS])
    yield Facts(
        (
            ("classifier", cut(facts["config"].get("model", "?"))),
            (
                "repeats",
                listed([f"{cut(arm, 40)} {count}" for arm, count in facts["repeats"].items()], _ARMS),
            ),
            ("steps a training", f"{facts['steps']:,}"),
            ("test images", f"{facts['images']:,}"),
        )
    )
    yield _overall(arms, facts["test_sets"])
    differences = {
        name: found for name, found in facts["differences"].items() if name.partition(" - ")[0] in arms
    }
    one = min(facts["repeats"].values()) == 1
    heading = f"points (95 % CI{', images alone' if one else ''})"
    line = f"{_LINE} {_OF_ONE}" if one else _LINE
    for name, found in differences.items():
        plots = tuple(room.plot(*_difference_plot(desk, artifact, name, found)))
        by_emotion = _class_table(arms, name, found, heading)
        yield Beside((Figures(plots, line), by_emotion)) if plots else by_emotion
        yield _difference_table(name, found, heading)
    if not differences:
        yield _recall_table(arms)
    for arm, figures in arms.items():
        yield _confusion(arm, figures["confusion"])
    yield from _reverse(facts["reverse"] or {})
    yield Details(
        "every setting, and the command", (Facts(values(facts["config"])), Text(code(facts["command"])))
    )


def _sentence(text: str) -> str:
    """With a capital, but where it begins with the name of an arm or of a file."""
    named = text.split(" ")[0].rstrip(":") in ARMS or is_of_a_set(text)
    return text if named else text[:1].upper() + text[1:]


def _overall(arms: Mapping[str, Any], counts: Mapping[str, int]) -> Table:
    shown = [name for name in _MEASURES if any(name in figures for figures in arms.values())]
    rows = [
        (Cell(cut(arm, 40)), *(_spread(figures[name]) if name in figures else Cell("") for name in shown))
        for arm, figures in arms.items()
    ]
    named = {**_MEASURES, "accuracy": "all"}
    sizes = listed([f"{named[name]} {counts[name]:,}" for name in shown if name in counts])
    return Table(
        "Means over the repeats, in %, and their standard deviations",
        ("arm", *(_MEASURES[name] for name in shown)),
        tuple(rows),
        f"Test images: {sizes}.",
    )


def _spread(found: Sequence[float]) -> Cell:
    mean = statistics.fmean(found)
    spread = f"± {100 * statistics.stdev(found):.1f}" if len(found) > 1 else ""
    return Cell(f"{100 * mean:.1f}", mean, below=spread)


def _difference_plot(desk: Desk, artifact: Artifact, name: str, found: Mapping[str, Any]) -> tuple[str, str]:
    rows = {emotion: change for emotion, change in found["per_class"].items() if emotion in EMOTIONS}
    rows |= {_MEASURES[key]: found[key] for key in ("accuracy", "balanced_accuracy") if key in found}
    shown = [
        Interval(word, 100 * row["mean"], 100 * row["low"], 100 * row["high"]) for word, row in rows.items()
    ]
    svg = intervals_plot(name, shown, "points", desk.ids.new("p", artifact.name), line=0.0)
    return svg, f"{cut(name)}, points: " + "; ".join(f"{row.name} {row.mean:+.1f}" for row in shown)


def _difference_table(name: str, found: Mapping[str, Any], heading: str) -> Table:
    rows = [
        (Cell(words), _points(found[key]), _p(found[key]["p"]))
        for key, words in _MEASURES.items()
        if key in found
    ]
    return Table(
        f"{cut(name)}: all emotions together",
        ("measure", heading, "p"),
        tuple(rows),
        sortable=False,
    )


def _class_table(arms: Mapping[str, Any], name: str, found: Mapping[str, Any], heading: str) -> Table:
    arm, _, base = name.partition(" - ")
    sides = [side for side in (base, arm) if side in arms]
    rows = []
    for emotion, change in found["per_class"].items():
        cells = [_recall(arms[side]["per_class"][emotion]) for side in sides]
        rows.append((Cell(cut(emotion, 20)), *cells, _points(change), _p(change["p_holm"])))
    columns = ("emotion", *sides, heading, "p, Holm")
    note = "Recall, and correct of total, means over the repeats; points: percentage points."
    return Table(f"{cut(name)}: by emotion", columns, tuple(rows), note)


def _recall_table(arms: Mapping[str, Any]) -> Table:
    emotions = [name for name in EMOTIONS if next(iter(arms.values()))["per_class"][name]["total"]]
    rows = [
        (Cell(emotion), *(_recall(figures["per_class"][emotion]) for figures in arms.values()))
        for emotion in emotions
    ]
    return Table("Recall by emotion", ("emotion", *arms), tuple(rows))


def _recall(counts: Mapping[str, Any]) -> Cell:
    mean = statistics.fmean(counts["correct"])
    form = ".0f" if len(counts["correct"]) == 1 else ".1f"
    share = mean / counts["total"]
    return Cell(f"{share:.0%}", share, below=f"{mean:{form}} of {counts['total']:,}")


def _points(found: Mapping[str, float]) -> Cell:
    mean, low, high = (100 * found[name] for name in ("mean", "low", "high"))
    return Cell(f"{mean:+.1f}", mean, below=f"{low:+.1f} to {high:+.1f}")


def _p(value: float) -> Cell:
    return Cell("< 0.001" if value < 0.001 else f"{value:.3f}", value)


def _confusion(arm: str, counts: Sequence[Sequence[int]]) -> Table:
    """A matrix in shares of each row, darker where more."""
    rows = []
    for emotion, row in zip(EMOTIONS, counts, strict=True):
        total = sum(row)
        cells = (Cell(f"{100 * n / total:.0f}", n / total, n / total) if total else Cell("") for n in row)
        rows.append((Cell(emotion), *cells))
    return Table(
        f"Confusion of {cut(arm, 40)}: % of each true emotion, over all repeats",
        ("true", *EMOTIONS), tuple(rows), sortable=False, across="called",
    )  # fmt: skip


def _reverse(reverse: Mapping[str, Any]) -> Iterator[Block]:
    """What the classifier of real faces says of the synthetic ones."""
    rows = [
        (
            Cell(cut(emotion, 20)), number(counts["correct"]), number(counts["total"]),
            number(counts["correct"] / max(1, counts["total"]), ".1f", 100),
        )
        for emotion, counts in reverse.get("per_class", {}).items()
    ]  # fmt: skip
    if rows:
        yield Table(
            "The classifier of real faces on the synthetic ones",
            ("made as", "called so", "of", "%"),
            tuple(rows),
            f"The classifier's SHA-256: {cut(reverse.get('classifier', '?'), 16)}.",
        )
