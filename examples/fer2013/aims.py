"""What was aimed at before anything was measured, and how far the figures have come.

The aims are for full scale; reduced figures stand beside them, labelled, for what else is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fer2013.experiments import Experiment, best_of, difference, experiments, in_points, mean, paired
from fer2013.summary import trained
from fer2013.tables import of_kind, percent, scaled, table
from feraug.emotions import EMOTIONS

Record = Mapping[str, Any]
Row = tuple[str, str, str]
"""An aim, what was found, and whether that reaches it."""

ABOUT: Final = (
    "Set before anything was measured, for full scale, on test, settings chosen on validation. What was "
    "tried: sections 5 and 7. Whether a person takes the faces for real at first sight no figure says: "
    "[what was seen](fer2013-stargan.md)."
)

JUDGE: Final = "vgg19"
"""Trained on real faces, and of no filter: it calls the translations by name in its benchmark's reverse."""


def aims(records: Sequence[Record]) -> list[str]:
    """A row for each aim and each experiment that says something about it."""
    rows = []
    for one in (each for each in experiments(records) if each.whole):
        for aim, found, reached in _of_classifier(one):
            classifier = f"{scaled(one.scale)} `{one.classifier}`, {trained(one)}"
            rows.append([f"{classifier}: {aim}", found, reached])
    for scale, (aim, found, reached) in _of_translations(records):
        rows.append([f"{scaled(scale)} {aim}", found, reached])
    return [ABOUT, table(["aim", "found", "reached"], rows)] if rows else []


def _of_classifier(one: Experiment) -> Iterator[Row]:
    if not one.real:
        return
    least = {"simple": 0.66, "vgg19": 0.726}.get(one.classifier)
    if least is None:
        return
    found = mean(one.real, "accuracy")
    yield f"real faces: {percent(least)} % right", f"{percent(found)} %", _yes(found >= least)
    arms = one.ways or {key: found for key, found in one.arms.items() if key[1] == "real+synthetic"}
    synthetic = arms[best_of(arms)] if arms else []
    if not (pairs := paired(synthetic, one.real)):
        return
    gain, _ = difference(pairs, one.test)
    if one.classifier == "vgg19":
        yield "with synthetic faces not lower", in_points(gain), _yes(gain.mean >= 0.0)
        f1 = mean(synthetic, "macro_f1")
        yield "with synthetic faces a macro F1 of 0.725", f"{f1:.3f}", _yes(f1 >= 0.725)
        return
    reached = _yes(gain.mean >= 0.012 and gain.low > 0.0)
    yield "with synthetic faces 1.2 points more, interval above zero", in_points(gain), reached
    oversampled = [each for key, found in one.arms.items() if key[1] == "oversampled" for each in found]
    if among := paired(synthetic, oversampled):
        more, _ = difference(among, one.test)
        reached = "not shown" if more.low <= 0.0 < more.mean else _yes(more.mean > 0.0)
        yield "with synthetic faces more than oversampled", in_points(more), reached
    by_emotion = {name: difference(pairs, one.test, name)[0] for name in EMOTIONS}
    worst = min(by_emotion, key=lambda name: by_emotion[name].mean)
    lost = by_emotion[worst]
    found_worst = f"{worst} {in_points(lost)}"
    yield "with synthetic faces no emotion loses more than 2 points", found_worst, _yes(lost.mean >= -0.02)


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _of_translations(records: Sequence[Record]) -> Iterator[tuple[str, Row]]:
    """Of neutral faces made happy: judged, and as near to their sources as they should be."""
    judged = {
        one["scale"]: one["per_class"]["happy"]
        for one in of_kind(records, "reverse")
        if one["bench"] == JUDGE and "happy" in one["per_class"]
    }
    for scale, counts in judged.items():
        share = counts["correct"] / counts["total"]
        found = f"{percent(share)} % of {counts['total']:,} (`{JUDGE}`; a filter chose them)"
        yield scale, ("filtered neutral:happy translations: 85 % called happy", found, _yes(share >= 0.85))
    for one in of_kind(records, "ssim"):
        for each in one["sets"]:
            if each["name"].endswith("neutral-happy") and "source" in each:
                to_source, to_others = each["source"]["mean"], each["within"]["mean"]
                found = f"{to_source:.3f}; pairs: {to_others:.3f}"
                aim = f"SSIM of `{each['name']}` and its sources well above that of random pairs"
                yield one["scale"], (aim, found, _yes(to_source > 2 * to_others))
