"""Sections of the page about classifiers: repeats of all machines together, differences with intervals.

The interval of a difference is a crossed bootstrap over test images (copies and near copies together) and
repeats, as ``feraug bench`` makes it, because each repeat's file says which test images were right; with one
repeat it is over test images alone. The page says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer2013.record import flags
from fer2013.steps import CHOSEN_ON_VALIDATION
from fer2013.tables import made_by, of_kind, percent, scaled, table
from feraug.config import ARMS
from feraug.emotions import EMOTIONS
from feraug.metrics.classification import balanced_accuracy
from feraug.metrics.significance import CrossedBootstrap, Difference, holm

Record = Mapping[str, Any]

OF_THE_ARM: Final = {
    "arm", "repeat", "seed", "balanced", "class_weights", "mixup", "randaugment", "use", "ratio",
    "per_class_cap", "synthetic_weight", "pretrain_share",
}  # fmt: skip
"""Settings in which the arms of one experiment differ."""

ORDER: Final = tuple(ARMS)
"""The arms in the order of the tables, ``real`` first."""

BESIDE: Final = ("simple-long", "simple-few")
"""Ways that the section on Neutral shows beside others, chosen on validation or not."""

READ_TOGETHER: Final = (
    "Above the rows of a classifier: what it comes to on real faces alone, in %. Below: differences from "
    "that in points, their 95 % intervals, and p, adjusted for all rows of the column (Holm); bold where "
    "that is below 0.05. "
    "Where trainings vary more than test images, intervals of two repeats hold the truth in "
    "[87 cases of 100](../bench.md), of three in 91. All rows of one classifier are differences from the "
    "same trainings on real faces: had those been lucky, every row would look worse."
)

ADDED: Final = {
    "oversampled": "nothing; rare emotions are shown more often",
    "class-weighted": "nothing; the loss of rare emotions weighs more",
    "mixup": "nothing; real faces are mixed in pairs",
    "randaugment": "nothing; real faces are distorted at random",
    "synthetic": "unfiltered translations, and no real face",
}
"""What an arm has beside real faces, where its benchmark's name does not say it; in words."""

ADDED_BY: Final = {
    "simple-neutral": "translations: those of *simple-long*, and other emotions made neutral",
    "simple-noise": "translations: those of *simple-long*; and neutral faces from noise",
    "simple-noise-sources": "translations of faces from noise, by the `stargan` of *simple-long*, unfiltered",
    **dict.fromkeys(("simple-wider", "vgg19", "surreal"), "translations: those of *simple-long*"),
}
"""The same of benchmarks that are none of the ways among which validation chooses."""

UNSEEN: Final = "Unseen: test images with neither copy nor near copy in `train`."

FEW_REPEATS: Final = "One repeat: nothing may be concluded, for what another seed would give is unknown."


@dataclass(frozen=True)
class Experiment:
    """Trainings of one classifier with the same settings on the same faces, by benchmark and arm."""

    scale: str
    classifier: str
    arms: Mapping[tuple[str, str], list[Record]]
    test: Record
    """What is known of the test images."""

    @property
    def whole(self) -> bool:
        """Whether it is of all training faces."""
        return "train" not in self.test

    @property
    def of_real(self) -> tuple[str, str]:
        """The arm of real faces alone: of the benchmark that is named after the classifier, or of another."""
        own = (self.classifier, "real")
        return own if own in self.arms else next((key for key in self.arms if key[1] == "real"), own)

    @property
    def real(self) -> list[Record]:
        """The repeats on real faces alone."""
        return self.arms.get(self.of_real, [])

    @property
    def ways(self) -> dict[tuple[str, str], list[Record]]:
        """The arms among which validation chooses."""
        return {
            key: found
            for key, found in self.only(tuple(CHOSEN_ON_VALIDATION)).items()
            if key[1] == "real+synthetic"
        }

    def only(self, benches: Sequence[str]) -> dict[tuple[str, str], list[Record]]:
        """The arms of these benchmarks."""
        return {key: found for key, found in self.arms.items() if key[0] in benches}


def experiments(records: Sequence[Record]) -> list[Experiment]:
    """All benchmarks' repeats, put together."""
    tests = {one["faces"]: one for one in of_kind(records, "test")}
    groups: dict[str, list[Record]] = {}
    for one in of_kind(records, "bench"):
        same = {name: value for name, value in one["settings"].items() if name not in OF_THE_ARM}
        groups.setdefault(json.dumps([one["scale"], one["faces"], same], sort_keys=True), []).append(one)
    found = []
    for group in groups.values():
        arms: dict[tuple[str, str], list[Record]] = {}
        for one in group:
            arms.setdefault((one["bench"], one["arm"]), []).append(one)
        first = group[0]
        found.append(Experiment(first["scale"], first["settings"]["model"], arms, tests[first["faces"]]))
    return sorted(found, key=lambda one: (one.scale, one.classifier))


def side_by_side(records: Sequence[Record], benches: Sequence[str]) -> list[str]:
    """A table of the arms of these benchmarks beside ``real``, and one by emotion for each."""
    parts: list[str] = []
    for one in experiments(records):
        arms = one.only(benches)
        if arms:
            parts += _told(one, {one.of_real: one.real, **arms}) + _reverse(records, one, benches)
    return parts


def ways(records: Sequence[Record]) -> list[str]:
    """Accuracy on validation of every way, and on test of the best of them."""
    parts: list[str] = []
    for one in experiments(records):
        arms = one.ways
        if len(arms) < 2:
            continue
        rows = (
            [["real faces alone", str(len(one.real)), mean_percent(one.real, "validation_accuracy")]]
            if one.real
            else []
        )
        ranked = sorted(arms.items(), key=lambda arm: -_validation(arm[1]))
        rows += [
            [CHOSEN_ON_VALIDATION[bench], str(len(found)), mean_percent(found, "validation_accuracy")]
            for (bench, _), found in ranked
        ]
        best = best_of(arms)
        few = (
            f"It is the best of {len(arms)}, so its figure on validation is optimistic. Each way's test "
            "figures lie in its file; those of others than the chosen one are shown for other questions "
            f"alone. Differences pair repeats of the same seed.{_other_trainings(arms)}"
        )
        chosen = f"Chosen on validation: {CHOSEN_ON_VALIDATION[best[0]]}."
        about = f"{scaled(one.scale)} `{one.classifier}`. {chosen} {few}"
        parts += [about, table(["way", "repeats", "accuracy on validation, %"], rows)]
        parts += _told(one, {one.of_real: one.real, best: arms[best]})
    return parts


def _other_trainings(arms: Mapping[tuple[str, str], list[Record]]) -> str:
    """Which ways had sets of the same names made by another training than most; nothing where none had."""
    files: dict[str, dict[str, list[str]]] = {}
    for (bench, _), found in arms.items():
        sets = list(found[0]["inputs"].items())[1:]  # after the dataset, whose faces are the same in all
        for name, digest in sets:
            files.setdefault(name, {}).setdefault(digest, []).append(bench)
    others: dict[str, None] = {}
    for users in files.values():
        most = max(users, key=lambda digest: len(users[digest]))
        others |= {bench: None for digest, benches in users.items() if digest != most for bench in benches}
    if not others:
        return ""
    named = ", ".join(f'"{CHOSEN_ON_VALIDATION[bench]}"' for bench in others)
    return f" {named}: translations by another training of the translator than the other ways had."


def chosen_way(records: Sequence[Record]) -> str:
    """A row for each arm: its differences to real faces, on all test images and on unseen ones.

    They are read together, so the p of a column are adjusted together (Holm).  Above the rows of a
    classifier stands what it comes to on real faces alone.
    """
    found: list[tuple[list[str], int, list[Difference | None]]] = []
    alone: dict[int, list[str]] = {}
    for one in experiments(records):
        if not one.whole:  # another question, with a section of its own
            continue
        chosen = {key for key in one.arms if key[0] not in CHOSEN_ON_VALIDATION or key[0] == one.classifier}
        among = one.ways
        chosen |= {best_of(among)} if among else set()
        chosen |= {key for key in among if key[0] in BESIDE}
        alone[len(found)] = [f"{scaled(one.scale)} **`{one.classifier}`, {trained(one)}: real faces alone**"]
        alone[len(found)] += [str(len(one.real)), *_of_real(one)]
        for key in sorted(chosen):
            if key[1] == "real" or not (pairs := paired(one.arms[key], one.real)):
                continue
            best = ", chosen on validation" if among and key == best_of(among) else ""
            found.append(([f"{added(key)}{best}"], len(pairs), _four(pairs, one.test)))
    if not found:
        return "Nothing can be said yet: no benchmark with `real` and another arm is there."
    columns = []
    for column in zip(*(four for _, _, four in found), strict=True):
        # Of one repeat nothing is concluded, so it takes no part.
        p = [
            np.nan if repeats == 1 or one is None else one.p
            for (_, repeats, _), one in zip(found, column, strict=True)
        ]
        columns.append([_judged(*each) for each in zip(column, holm(np.array(p)), strict=True)])
    rows = []
    for place, ((arm, repeats, _), cells) in enumerate(zip(found, zip(*columns, strict=True), strict=True)):
        rows += [alone[place]] if place in alone else []
        rows.append([*arm, str(repeats), *cells])
    heads = ["added to the real faces", "repeats", "accuracy", "accuracy, unseen"]
    heads += ["balanced accuracy", "balanced accuracy, unseen"]
    few = [FEW_REPEATS] if any(repeats == 1 for _, repeats, _ in found) else []
    return "\n\n".join([" ".join([READ_TOGETHER, UNSEEN, *few]), table(heads, rows)])


def added(key: tuple[str, str]) -> str:
    """What an arm of a benchmark has beside real faces, in words; behind it what the sections below say."""
    bench, arm = key
    if arm in ADDED:
        return f"{ADDED[arm]} (`{arm}`)"
    way = f"translations: {CHOSEN_ON_VALIDATION[bench]}" if bench in CHOSEN_ON_VALIDATION else arm
    return f"{ADDED_BY.get(bench, way)} (*{bench}*)"


def trained(one: Experiment) -> str:
    """The settings in which reduced trainings are smaller or shorter."""
    settings = one.real[0]["settings"] if one.real else next(iter(one.arms.values()))[0]["settings"]
    return f"width {settings.get('width', 1.0):g}, {settings['epochs']:g} epochs"


def _of_real(one: Experiment) -> list[str]:
    """Accuracy and balanced accuracy on real faces alone, in %, each on all test images and on unseen."""
    clean = unseen(one.test)
    cells = []
    for name in ("accuracy", "balanced_accuracy"):
        cells += [mean_percent(one.real, name) if one.real else ""]
        cells += [_mean_of_unseen(one, name, clean) if one.real and clean is not None else ""]
    return cells


def _mean_of_unseen(one: Experiment, name: str, clean: NDArray[np.bool_]) -> str:
    count = len(clean)
    labels = np.repeat(np.arange(len(one.test["totals"])), one.test["totals"])[clean]
    right = np.array([flags(each["right"], count)[clean] for each in one.real], np.float64)
    if name == "accuracy":
        return percent(float(right.mean()))
    return percent(float(np.mean([right[:, labels == code].mean() for code in np.unique(labels)])))


def _four(pairs: Sequence[tuple[Record, Record]], test: Record) -> list[Difference | None]:
    """Of accuracy and of balanced accuracy, on all test images and on unseen ones (None: not known)."""
    known = unseen(test) is not None
    return [
        difference(pairs, test, balanced=balanced, without_copies=clean)[0] if known or not clean else None
        for balanced in (False, True)
        for clean in (False, True)
    ]


def _judged(found: Difference | None, p: float) -> str:
    """The difference and its adjusted p; bold where that says so."""
    if found is None:
        return ""
    middle = f"{100 * found.mean:+.1f}"
    shown = (found.low > 0 or found.high < 0) and p < 0.05
    points = in_points(found).replace(middle, f"**{middle}**", 1) if shown else in_points(found)
    return points if np.isnan(p) else f"{points}, {_p(p)}"


def difference(
    pairs: Sequence[tuple[Record, Record]],
    test: Record,
    emotion: str | None = None,
    *,
    balanced: bool = False,
    without_copies: bool = False,
) -> tuple[Difference, str]:
    """Of the pairs' accuracies (of one emotion), first minus second, and what its interval is over.

    ``balanced``: of their balanced accuracies, the mean of the recalls: every emotion counts alike.
    ``without_copies``: on the test images that have none in ``train``, near copies among them.
    """
    answers = tuple((mine["right"], other["right"]) for mine, other in pairs)
    found = _difference(answers, json.dumps(test), emotion, balanced, without_copies)
    return found, "test images and repeats" if len(pairs) > 1 else "test images alone"


@cache  # the sections and the summary ask for the same ones
def _difference(
    answers: tuple[tuple[str, str], ...],
    known: str,
    emotion: str | None,
    balanced: bool,
    without_copies: bool,
) -> Difference:
    test = json.loads(known)
    totals, count = test["totals"], sum(test["totals"])
    right = np.array([[flags(one, count) for one in pair] for pair in answers], np.float64)
    labels, groups = np.repeat(np.arange(len(totals)), totals), _groups(test)
    chosen = np.ones(count, bool) if emotion is None else labels == EMOTIONS.index(emotion)
    if without_copies:
        clean = unseen(test)
        assert clean is not None, "the audit looked for near copies"
        chosen = chosen & clean
    right, labels, groups = right[:, :, chosen], labels[chosen], groups[chosen]
    if balanced:
        arms = _matrices(right[:, 0], labels), _matrices(right[:, 1], labels)
        return CrossedBootstrap().statistic_difference(balanced_accuracy, arms, groups, of_recalls=True)
    return CrossedBootstrap().mean_difference(right[:, 0] - right[:, 1], groups)


def unseen(test: Record) -> NDArray[np.bool_] | None:
    """Which test images (T,) have neither copy nor near copy in ``train``; None where that is not known."""
    count = sum(test["totals"])
    if "near_copy_in_train" not in test:
        return None
    return ~(flags(test["copy_in_train"], count) | flags(test["near_copy_in_train"], count))


def _matrices(right: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Confusion matrices (R, T, 7, 7) of single images; what a wrong one was called is not on record."""
    called = np.where(right > 0, labels, (labels + 1) % len(EMOTIONS))
    eye = np.eye(len(EMOTIONS))
    return eye[labels][None, :, :, None] * eye[called][:, :, None, :]


def _told(one: Experiment, arms: Mapping[tuple[str, str], list[Record]]) -> list[str]:
    rows, clean_rows, by_emotion, over = [], [], [], set()
    for key, found in sorted(arms.items(), key=lambda arm: (ORDER.index(arm[0][1]), arm[0][0])):
        if not found:
            continue
        row = [arm_name(key), str(len(found))]
        row += [mean_percent(found, name) for name in ("validation_accuracy", "accuracy")]
        row += [_unleaked(found, one.test), mean_percent(found, "macro_f1")]
        pairs = [] if key[1] == "real" else paired(found, one.real)
        if pairs:
            overall, what = difference(pairs, one.test)
            balanced, _ = difference(pairs, one.test, balanced=True)
            over.add(what)
            row += [
                in_points(overall),
                _p(overall.p, len(pairs)),
                in_points(balanced),
                _p(balanced.p, len(pairs)),
            ]
            by_emotion += _by_emotion(key, pairs, one.test)
        if unseen(one.test) is not None:
            clean_rows.append(_without_copies(key, found, pairs, one.test))
        rows.append([*row, *[""] * (10 - len(row))])
    every = [record for found in arms.values() for record in found]
    heads = [
        "trained on", "repeats", "validation, %", "test, %", "without copies, %", "macro F1, %",
        "test minus real, points", "p", "balanced accuracy minus real, points", "p",
    ]  # fmt: skip
    fewer = "" if one.whole else f", {one.test['train']:,} training faces"
    about = [f"{scaled(one.scale)} `{one.classifier}`{fewer}."]
    about += [f"Intervals (95 %) are over {' or '.join(sorted(over))}."] if over else []
    about += [FEW_REPEATS] if min(map(len, filter(None, arms.values()))) == 1 else []
    parts = [" ".join(about), made_by(every), table(heads, rows)]
    if clean_rows:
        heads = ["trained on", "unseen, %", "unseen minus real, points", "p"]
        heads += ["balanced accuracy, unseen, minus real, points", "p"]
        parts += [UNSEEN, table(heads, clean_rows)]
    return [*parts, *by_emotion]


def _without_copies(
    key: tuple[str, str], found: Sequence[Record], pairs: Sequence[tuple[Record, Record]], test: Record
) -> list[str]:
    """A row on the test images without a copy: accuracy, and what it and balanced accuracy differ by."""
    clean, count = unseen(test), sum(test["totals"])
    row = [
        arm_name(key),
        percent(float(np.mean([flags(one["right"], count)[clean].mean() for one in found]))),
    ]
    for balanced in (False, True):
        if pairs:
            left, _ = difference(pairs, test, balanced=balanced, without_copies=True)
            row += [in_points(left), _p(left.p, len(pairs))]
    return row + [""] * (6 - len(row))


def _by_emotion(key: tuple[str, str], pairs: Sequence[tuple[Record, Record]], test: Record) -> list[str]:
    present = [name for name in EMOTIONS if pairs[0][0]["per_class"][name]["total"]]
    found = [difference(pairs, test, name)[0] for name in present]
    adjusted = holm(np.array([each.p for each in found]))
    rows = [
        [name, *(_counted([pair[side] for pair in pairs], name) for side in (1, 0)), in_points(each),
         _p(p, len(pairs))]
        for name, each, p in zip(present, found, adjusted, strict=True)
    ]  # fmt: skip
    return [
        table(
            [arm_name(key), "real: correct / total", "correct / total", "difference, points", "p (Holm)"],
            rows,
        )
    ]


def beside(records: Sequence[Record]) -> list[str]:
    """What two ways of using the translations of *simple-long* change beside it, emotion by emotion."""
    parts: list[str] = []
    for one in experiments(records):
        base = one.arms.get(("simple-long", "real+synthetic"), [])
        rows = []
        for bench in ("simple-few", "simple-neutral"):
            if pairs := paired(one.arms.get((bench, "real+synthetic"), []), base):
                cells = [difference(pairs, one.test, name)[0] for name in (None, *EMOTIONS)]
                rows.append([bench, str(len(pairs)), *map(in_points, cells)])
        if rows:
            parts += [
                f"{scaled(one.scale)} `{one.classifier}`: differences from *simple-long*, in points.",
                table(["real+synthetic", "repeats", "accuracy", *EMOTIONS], rows),
            ]
    return parts


def _reverse(records: Sequence[Record], one: Experiment, benches: Sequence[str]) -> list[str]:
    parts = dict[str, None]()  # of the first classifier, so more repeats say the same again
    for each in of_kind(records, "reverse"):
        if each["bench"] in benches and each["scale"] == one.scale and each["bench"] == one.of_real[0]:
            told = ", ".join(
                f"{emotion} {percent(counts['correct'] / counts['total'])} % of {counts['total']:,}"
                for emotion, counts in each["per_class"].items()
            )
            parts[f"Reverse: `{one.classifier}`, trained on real faces, calls synthetic ones so: {told}."] = (
                None
            )
    return list(parts)


def paired(found: Sequence[Record], real: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Repeats of an arm with those of ``real`` that have the same seed and were made on the same device."""
    bases = {(one["seed"], one["device"], one["versions"]["torch"]): one for one in real}
    pairs = {}
    for one in found:
        key = (one["seed"], one["device"], one["versions"]["torch"])
        if key in bases:
            pairs[key] = (one, bases[key])
    return list(pairs.values())


def best_of(arms: Mapping[tuple[str, str], list[Record]]) -> tuple[str, str]:
    """The arm that validation chooses."""
    return max(arms, key=lambda key: _validation(arms[key]))


def _validation(found: Sequence[Record]) -> float:
    return float(np.mean([one["validation_accuracy"] for one in found]))


def _groups(test: Record) -> NDArray[np.int64]:
    """A number (T,) for each test image, alike for copies of one another."""
    groups = np.arange(sum(test["totals"]), dtype=np.int64)
    for places in test.get("alike", test.get("identical", ())):  # of earlier builds: identical ones alone
        groups[places] = places[0]
    return groups


def _unleaked(found: Sequence[Record], test: Record) -> str:
    """Mean accuracy without test images that have an exact copy in ``train``."""
    count = sum(test["totals"])
    clean = ~flags(test["copy_in_train"], count)
    return percent(float(np.mean([flags(one["right"], count)[clean].mean() for one in found])))


def mean(found: Sequence[Record], name: str) -> float:
    """Of a figure of the repeats."""
    return float(np.mean([one[name] for one in found]))


def mean_percent(found: Sequence[Record], name: str) -> str:
    """The same, in percent."""
    return percent(mean(found, name))


def _counted(found: Sequence[Record], emotion: str) -> str:
    counts = [one["per_class"][emotion] for one in found]
    return f"{sum(each['correct'] for each in counts):,} / {sum(each['total'] for each in counts):,}"


def in_points(found: Difference) -> str:
    """A difference and its interval, in points."""
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def _p(p: float, repeats: int = 2) -> str:
    """Of one repeat nothing: what another seed would give is unknown."""
    if repeats == 1:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def arm_name(key: tuple[str, str]) -> str:
    """An arm, with its benchmark where another has the same arm."""
    bench, arm = key
    return (
        f"{arm}"
        if "-" not in bench or bench.endswith(("-controls", "-synthetic", "-noise"))
        else f"{arm} ({bench})"
    )
