"""What the table of a benchmark allows to be said, and what it does not, in plain sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from feraug.config import BenchConfig
from feraug.words import plural

REPEATS: Final = BenchConfig.repeats
FEW = 100
"""Test images of an emotion without a copy in ``train`` below which the table warns of it."""

FEW_PEOPLE: Final = 20
"""People in ``test`` below which they say too little of others."""

_TOO_FEW_PEOPLE: Final = 5
"""People up to whom no difference can be shown: p is never below 2^(1 - people), which is 0.06 of five."""

SIGNIFICANT: Final = 0.05
"""p below which a difference is called one; of accuracy it is adjusted for all comparisons first."""

_CAUTION: Final = re.compile(
    r"few test images|no test images|near copies of|every test image|people |with only \d|\d+ folds: |"
    r"\d+ repeats know|.+\.h5: "
)
"""How the sentences begin that limit the others, here and in ``synthetic_origins.cautions``; old ones too."""


def is_caution(sentence: str) -> bool:
    """Whether a sentence of a benchmark's conclusions limits what its figures say, and is no finding."""
    return _CAUTION.match(sentence) is not None


def is_of_a_set(sentence: str) -> bool:
    """Whether a sentence of a benchmark's conclusions is a caution about a synthetic file."""
    return re.match(r".+\.h5: ", sentence) is not None


def conclusions(found: Mapping[str, Any]) -> list[str]:
    """Plain sentences: what a table allows to be said of each arm, and what it does not."""
    sentences = []
    bounded = found.get("people", {}).get("total", FEW_PEOPLE) > _TOO_FEW_PEOPLE
    usual = next(iter(found["differences"]), "").partition(" - ")[2]
    for name, difference in found["differences"].items():
        arm, _, base = name.partition(" - ")
        # An arm with a control has two sets of sentences.
        what = arm if base == usual else f"{arm} against {base}"
        repeats = min(len(found["arms"][each]["accuracy"]) for each in (arm, base))
        among = len(found["differences"])
        sentences += _conclusion(arm, base, what, difference, repeats, among, bounded=bounded)
        if repeats > 1 and difference["changed"]:
            sentences += _without_copies(what, difference, found["images"])
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


def _conclusion(
    arm: str, base: str, what: str, difference: Mapping[str, Any], repeats: int, among: int, *, bounded: bool
) -> list[str]:
    """Of a difference ``among`` so many; sentences that do not name both arms begin with ``what``.

    ``bounded``: whether what an interval leaves out may be ruled out.
    """
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
            f"{what}: one repeat, so nothing may be concluded: what another seed would give is "
            f"unknown. This one moved by {100 * overall['mean']:+.1f} ({interval}, test images alone)."
        ]
    p = _p(overall, difference["accuracy_p_holm"], among)
    bound = _bound(overall) if bounded else ""
    if _is_shown(overall) and difference["accuracy_p_holm"] < SIGNIFICANT:
        how = "better" if overall["mean"] > 0 else "worse"
        sentences = [
            f"{arm} is {how} than {base} by {abs(100 * overall['mean']):.1f} points ({interval}; {p})."
        ]
    else:
        sentences = [f"{arm} against {base}: no difference shown ({interval}; {p}){bound}."]
    balanced = difference["balanced_accuracy"]
    sentences.append(
        f"{what}: with every emotion counted alike (balanced accuracy) "
        f"{_points(balanced, _p(balanced, difference['balanced_accuracy_p_holm'], among))}."
    )
    surely = {
        emotion: values["mean"]
        for emotion, values in difference["per_class"].items()
        if values["p_holm"] < SIGNIFICANT
    }
    if surely:
        listed = ", ".join(f"{emotion} {100 * mean:+.1f}" for emotion, mean in surely.items())
        of = "Holm" if among == 1 else "Holm, over this arm's emotions alone"
        sentences.append(f"{what}: emotions with a significant change (p < 0.05, {of}): {listed}.")
    return sentences


def _bound(overall: Mapping[str, float]) -> str:
    """What gain an interval rules out, where no difference is shown.

    One that ends at 0 or below was widened to there, as p is large, or shows no difference only because so
    many are compared: its end is no estimate.
    """
    if (most := round(100 * overall["high"], 1)) > 0:
        return f"; a gain of more than {most:.1f} points is not to be expected"
    return "; if there is one, it is rather a loss"


def _without_copies(what: str, difference: Mapping[str, Any], images: Mapping[str, int]) -> Iterator[str]:
    """What is left of a difference without test images that have a copy in ``train``, if there are any."""
    words = {"accuracy_without_near_copies": "copy or near copy", "accuracy_unleaked": "copy"}
    for name, copies in words.items():
        if name in difference and images[name] < images["accuracy"]:
            yield (
                f"{what}: on the {plural(images[name], 'test image')} without a {copies} in 'train' "
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


def _p(difference: Mapping[str, float], adjusted: float, among: int) -> str:
    """p, and with a caution where one stands out among several, as one in twenty does by chance."""
    p = _p_words(difference)
    if not _is_shown(difference) or adjusted < SIGNIFICANT:
        return p
    return f"{p}, but {adjusted:.3f} (Holm) as one of {among} comparisons"


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
