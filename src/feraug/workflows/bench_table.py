"""From predictions to the table of a benchmark: figures, differences, and what may be concluded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import BenchConfig
from feraug.emotions import EMOTIONS
from feraug.metrics.classification import balanced_accuracy, calibration_error, confusion_matrix, macro_f1
from feraug.metrics.groups import joined
from feraug.metrics.significance import CrossedBootstrap, Difference, holm, mcnemar
from feraug.words import plural

Floats = NDArray[np.float64]
_CLASSES: Final = len(EMOTIONS)

REPEATS: Final = BenchConfig.repeats
FEW = 100
"""Test images of an emotion without a copy in ``train`` below which the table warns of it."""

FEW_PEOPLE: Final = 20
"""People in ``test`` below which they say too little of others."""

_TOO_FEW_PEOPLE: Final = 5
"""People up to whom no difference can be shown: p is never below 2^(1 - people), which is 0.06 of five."""

_PEOPLE: Final = {"person", "person_in_train"}

SIGNIFICANT: Final = 0.05
"""p below which a difference is called one; that of an arm's accuracy is adjusted for all arms first."""

_CAUTION: Final = re.compile(
    r"few test images|no test images|near copies of|every test image|people |with only \d|\d+ repeats know|"
    r".+\.h5: "
)
"""How the sentences begin that limit the others, here and in ``synthetic_origins.cautions``; old ones too."""


def is_caution(sentence: str) -> bool:
    """Whether a sentence of a benchmark's conclusions limits what its figures say, and is no finding."""
    return _CAUTION.match(sentence) is not None


def is_of_a_set(sentence: str) -> bool:
    """Whether a sentence of a benchmark's conclusions is a caution about a synthetic file."""
    return re.match(r".+\.h5: ", sentence) is not None


def table(
    probabilities: Mapping[str, NDArray[np.float32]], test: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    """``arms`` and ``differences`` as JSON values, of probabilities (R, T, 7) by arm.

    ``test`` has ``labels``, ``duplicate_group`` (``near_copy_group`` where near copies were looked for),
    ``person`` where it is known, and the flags of the test images (T,).  Arms are compared with ``real``, or
    without it with the first.  ``images`` counts the test images, also where none is left and the arms have
    no such accuracy; without an audit of near copies it lacks them.  ``unseen`` counts, by emotion, those
    without any known copy in ``train``; ``people`` whom the test images show, and how many of them show
    people in ``train``.
    """
    base = "real" if "real" in probabilities else next(iter(probabilities))
    groups = _groups(test)
    subsets = {"accuracy": np.ones(len(groups), bool), "accuracy_unleaked": ~test["copy_in_train"]}
    if "near_copy_in_train" in test:
        subsets["accuracy_without_near_copies"] = ~_known_copies(test)
    counts = {name: int(mask.sum()) for name, mask in subsets.items()}
    subsets = {name: mask for name, mask in subsets.items() if mask.any()}
    arms = {arm: _arm(found, test["labels"], subsets) for arm, found in probabilities.items()}
    differences = {
        f"{arm} - {base}": _differences(found, probabilities[base], test["labels"], groups, subsets)
        for arm, found in probabilities.items()
        if arm != base
    }
    for name in ("accuracy", "balanced_accuracy"):
        adjusted = holm(np.array([found[name]["p"] for found in differences.values()]))
        for found, p in zip(differences.values(), adjusted, strict=True):
            found[f"{name}_p_holm"] = round(float(p), 6)
    unseen = np.bincount(test["labels"][~_known_copies(test)], minlength=_CLASSES)
    return {
        **({"people": _people(test)} if test.keys() >= _PEOPLE else {}),
        "images": counts,
        "unseen": {emotion: int(count) for emotion, count in zip(EMOTIONS, unseen, strict=True)},
        "arms": arms,
        "differences": differences,
    }


def conclusions(found: Mapping[str, Any]) -> list[str]:
    """Plain sentences: what a table allows to be said of each arm, and what it does not."""
    sentences = []
    for name, difference in found["differences"].items():
        arm, _, base = name.partition(" - ")
        repeats = min(len(found["arms"][each]["accuracy"]) for each in (arm, base))
        sentences += _conclusion(arm, base, difference, repeats, len(found["differences"]))
        if repeats > 1 and difference["changed"]:
            sentences += _without_copies(arm, difference, found["images"])
    repeats = min(len(values["accuracy"]) for values in found["arms"].values())
    if found["differences"] and 1 < repeats < REPEATS:
        sentences.append(
            f"with only {repeats} repeats the variance between trainings is poorly known: intervals are wide "
            f"and may still be too narrow; plan for {REPEATS}, whatever these say."
        )
    sentences += _of_subsets(found["images"])
    if "people" in found:
        sentences += _of_people(found["people"], found["images"]["accuracy"])
    totals = {
        emotion: counts["total"]
        for emotion, counts in next(iter(found["arms"].values()))["per_class"].items()
    }
    if absent := [emotion for emotion, total in totals.items() if not total]:
        sentences.append(
            f"no test images of {', '.join(absent)}: balanced accuracy and macro F1 are means of the others."
        )
    few = [
        _few_of(emotion, total, found["unseen"][emotion])
        for emotion, total in totals.items()
        if total and found["unseen"][emotion] < FEW
    ]
    if few:
        sentences.append(
            f"few test images (in brackets: percentage points per image): {', '.join(few)}; "
            "look at the interval there, not at the difference."
        )
    return sentences


def _few_of(emotion: str, total: int, unseen: int) -> str:
    copies = "" if unseen == total else f", {unseen} of them without a copy in 'train'"
    return f"{emotion} {total} ({100 / total:.1f}){copies}"


def _arm(found: NDArray[np.float32], labels: NDArray[np.uint8], subsets: Mapping[str, Any]) -> dict[str, Any]:
    called = found.argmax(2)
    right = called == labels
    matrices = np.stack([confusion_matrix(labels, row, _CLASSES) for row in called])
    return {
        **{name: _rounded(right[:, mask].mean(1)) for name, mask in subsets.items()},
        "macro_f1": _rounded(macro_f1(matrices)),
        **{f"balanced_{name}": _balanced(labels[mask], called[:, mask]) for name, mask in subsets.items()},
        "calibration_error": _rounded([calibration_error(row, labels) for row in found]),
        "per_class": {
            emotion: {
                "correct": [int(count) for count in matrices[:, code, code]],
                "total": int(np.count_nonzero(labels == code)),
            }
            for code, emotion in enumerate(EMOTIONS)
        },
        "confusion": matrices.sum(0).tolist(),
    }


def _differences(
    found: NDArray[np.float32],
    base: NDArray[np.float32],
    labels: NDArray[np.uint8],
    groups: NDArray[np.int64],
    subsets: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Any]:
    repeats = min(len(found), len(base))  # repeats are paired by seed
    called, base_called = found[:repeats].argmax(2), base[:repeats].argmax(2)
    right, base_right = called == labels, base_called == labels
    change = right.astype(np.float64) - base_right
    bootstrap = CrossedBootstrap()
    result: dict[str, Any] = {"changed": int(np.count_nonzero((change != 0).any(0)))}
    result |= {
        name: _json(bootstrap.mean_difference(change[:, mask], groups[mask]))
        for name, mask in subsets.items()
    }
    matrices = (_one_hot(labels, called), _one_hot(labels, base_called))
    result["macro_f1"] = _json(bootstrap.statistic_difference(macro_f1, matrices, groups))
    for name, mask in subsets.items():
        arms = matrices[0][:, mask], matrices[1][:, mask]
        balanced = bootstrap.statistic_difference(balanced_accuracy, arms, groups[mask], of_recalls=True)
        result[f"balanced_{name}"] = _json(balanced)
    per_class = {}
    for code, emotion in enumerate(EMOTIONS):
        here = labels == code
        if here.any():
            per_class[emotion] = _json(bootstrap.mean_difference(change[:, here], groups[here]))
    adjusted = holm(np.array([values["p"] for values in per_class.values()]))
    for values, p in zip(per_class.values(), adjusted, strict=True):
        values["p_holm"] = round(float(p), 6)
    result["per_class"] = per_class
    result["mcnemar"] = [
        round(mcnemar(mine, other), 6) for mine, other in zip(right, base_right, strict=True)
    ]
    return result


def _conclusion(arm: str, base: str, difference: Mapping[str, Any], repeats: int, arms: int) -> list[str]:
    overall = difference["accuracy"]
    interval = f"{100 * overall['low']:+.1f} to {100 * overall['high']:+.1f} points"
    if not difference["changed"]:
        alike = f"{arm} and {base} are right on the same test images"
        if difference["macro_f1"]["mean"]:
            points = f"{100 * difference['macro_f1']['mean']:+.1f}"
            return [f"{alike}; only what they call the others differs (macro-F1 {points} points)."]
        return [f"{alike}: nothing to tell them apart by."]
    if repeats == 1:
        return [
            f"{arm}: one repeat, so nothing may be concluded: what another seed would give is "
            f"unknown. This one moved by {100 * overall['mean']:+.1f} ({interval}, test images alone)."
        ]
    p = _p(overall, difference["accuracy_p_holm"], arms)
    if _is_shown(overall) and difference["accuracy_p_holm"] < SIGNIFICANT:
        how = "better" if overall["mean"] > 0 else "worse"
        sentences = [
            f"{arm} is {how} than {base} by {abs(100 * overall['mean']):.1f} points ({interval}; {p})."
        ]
    else:
        sentences = [
            f"{arm} against {base}: no difference shown ({interval}; {p}); a gain of more than "
            f"{max(0.0, 100 * overall['high']):.1f} points is not to be expected."
        ]
    balanced = difference["balanced_accuracy"]
    sentences.append(
        f"{arm}: with every emotion counted alike (balanced accuracy) "
        f"{_points(balanced, _p(balanced, difference['balanced_accuracy_p_holm'], arms))}."
    )
    surely = {
        emotion: values["mean"]
        for emotion, values in difference["per_class"].items()
        if values["p_holm"] < SIGNIFICANT
    }
    if surely:
        listed = ", ".join(f"{emotion} {100 * mean:+.1f}" for emotion, mean in surely.items())
        of = "Holm" if arms == 1 else "Holm, over this arm's emotions alone"
        sentences.append(f"{arm}: emotions with a significant change (p < 0.05, {of}): {listed}.")
    return sentences


def _without_copies(arm: str, difference: Mapping[str, Any], images: Mapping[str, int]) -> Iterator[str]:
    """What is left of a difference without test images that have a copy in ``train``, if there are any."""
    words = {"accuracy_without_near_copies": "copy or near copy", "accuracy_unleaked": "copy"}
    for name, copies in words.items():
        if name in difference and images[name] < images["accuracy"]:
            yield (
                f"{arm}: on the {plural(images[name], 'test image')} without a {copies} in 'train' "
                f"{_left(difference, name)}; balanced accuracy {_left(difference, f'balanced_{name}')}."
            )
            return


def _left(difference: Mapping[str, Any], name: str) -> str:
    """What is left of a difference there; said plainly where it is shown on all images and not there."""
    whole = f"{name.partition('accuracy')[0]}accuracy"
    left, shown = difference[name], _is_shown(difference[whole])
    shown = shown and difference[f"{whole}_p_holm"] < SIGNIFICANT
    alone = "" if not shown or _is_shown(left) else ": none is shown there"
    return f"{_points(left, _p_words(left))}{alone}"


def _points(difference: Mapping[str, float], p: str) -> str:
    """``+1.2 points (-0.3 to +2.7; p = 0.120)``."""
    mean, low, high = (f"{100 * difference[name]:+.1f}" for name in ("mean", "low", "high"))
    return f"{mean} points ({low} to {high}; {p})"


def _is_shown(difference: Mapping[str, float]) -> bool:
    """Whether there is a difference by interval and p alike; at the edge they can disagree."""
    return (difference["low"] > 0 or difference["high"] < 0) and difference["p"] < SIGNIFICANT


def _p_words(difference: Mapping[str, float]) -> str:
    return "p < 0.001" if difference["p"] < 0.001 else f"p = {difference['p']:.3f}"


def _p(difference: Mapping[str, float], adjusted: float, arms: int) -> str:
    """p, and with a caution where one stands out among several arms, as one in twenty does by chance."""
    p = _p_words(difference)
    if not _is_shown(difference) or adjusted < SIGNIFICANT:
        return p
    return f"{p}, but {adjusted:.3f} (Holm) as one of {arms} arms compared"


def _of_subsets(images: Mapping[str, int]) -> list[str]:
    """What cannot be told of the copies of training images among the test images."""
    sentences = []
    if not images["accuracy_unleaked"]:
        sentences.append("every test image has a copy in 'train': no figure here is of unseen images.")
    near = images.get("accuracy_without_near_copies")
    if near is None:
        sentences.append(
            "near copies of training images were not looked for; if there are any, "
            "they are in every figure here."
        )
    elif not near:
        sentences.append("every test image has a copy or near copy in 'train'.")
    return sentences


def _people(test: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    return {
        "total": len(np.unique(test["person"])),
        "in_train": int(np.count_nonzero(test["person_in_train"])),
    }


def _of_people(found: Mapping[str, int], images: int) -> list[str]:
    """What it means that the test images are of people who are known, or of few."""
    sentences = []
    if found["in_train"]:
        sentences.append(
            f"people of 'train' are on {found['in_train']:,} of {plural(images, 'test image')}: "
            "how well new people are read, these figures do not say."
        )
    if found["total"] <= _TOO_FEW_PEOPLE:
        sentences.append(
            f"people on the test images: {found['total']}; with fewer than {_TOO_FEW_PEOPLE + 1} no "
            "difference of arms can be shown, however large."
        )
    elif found["total"] < FEW_PEOPLE:
        sentences.append(
            f"people on the test images: {found['total']}; fewer than {FEW_PEOPLE} say little of others, "
            "whatever the intervals say."
        )
    return sentences


def _groups(test: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """A number (T,) alike for copies of one image and for images of one person, where that is known."""
    known = test.get("near_copy_group", test["duplicate_group"])  # identical images share a group in both
    if test.keys() >= _PEOPLE:
        known = joined(known, test["person"])
    alone = np.arange(len(known), dtype=np.int64) + int(known.max(initial=0)) + 1
    return np.where(known < 0, alone, known)


def _known_copies(test: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Which test images (T,) have a copy, or near copy where those were looked for, in ``train``."""
    copies = test["copy_in_train"]
    return np.asarray(copies | test.get("near_copy_in_train", copies), np.bool_)


def _balanced(labels: NDArray[np.uint8], called: NDArray[np.int64]) -> list[float]:
    """Balanced accuracy of each repeat of ``called`` (R, T)."""
    return _rounded(balanced_accuracy(np.stack([confusion_matrix(labels, row, _CLASSES) for row in called])))


def _one_hot(labels: NDArray[np.uint8], called: NDArray[np.int64]) -> Floats:
    """Each image's own confusion matrix, float (R, T, 7, 7)."""
    matrices = np.zeros((*called.shape, _CLASSES, _CLASSES), np.float64)
    repeat, image = np.indices(called.shape)
    matrices[repeat, image, labels[image], called] = 1.0
    return matrices


def _json(difference: Difference) -> dict[str, float]:
    return {name: round(value, 6) for name, value in vars(difference).items()}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 6) for value in values]
