"""Sections of the page that are not about trained classifiers: data, translators, filters, similarity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fer2013.steps import TARGETS
from feraug.emotions import EMOTIONS

Record = Mapping[str, Any]

SPLITS = ("train", "validation", "test")


def of_kind(records: Sequence[Record], *kinds: str) -> list[Record]:
    """The records of these kinds."""
    return [record for record in records if record["kind"] in kinds]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its first column of words and the others of figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def made_by(records: Sequence[Record]) -> str:
    """The commands of some results, and where and with what they were made."""
    commands = {line: None for one in records for line in one.get("commands", [one.get("command")]) if line}
    where = {
        f"{one['device']}; " + ", ".join(f"{name} {version}" for name, version in one["versions"].items())
        for one in records
    }
    seeds = sorted({one["seed"] for one in records})
    about = f"{'; '.join(sorted(where))}; seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}."
    return "```bash\n" + "\n".join(commands) + "\n```\n\n" + about


def scaled(scale: str) -> str:
    """The label of what a scale gave; that of a trial says that it says nothing."""
    return {"full": "**Full.**", "reduced": "**Reduced.**"}.get(
        scale, "**Trial: a few steps, to see whether the chain runs.**"
    )


def latest(records: Sequence[Record], *names: str) -> list[Record]:
    """Of results that have the same values under ``names``, the last."""
    return list({tuple(str(one.get(name)) for name in names): one for one in records}.values())


def data(records: Sequence[Record]) -> list[str]:
    """The audit, and what FER+'s votes change."""
    parts: list[str] = []
    audits, cleaned = of_kind(records, "audit")[-1:], of_kind(records, "ferplus")[-1:]
    for one in audits:
        parts += [made_by(audits), _splits(one["splits"]), _audit(one)]
    for one in cleaned:
        parts += ["### FER+ cleaned labels", made_by(cleaned), _dropped(one)]
        if audits:
            parts += [_before_and_after(audits[0], one)]
        parts += [_moves(one)]
    return parts


def _splits(splits: Mapping[str, Mapping[str, int]]) -> str:
    rows = [
        [emotion, *(f"{splits[name][emotion]:,}" for name in SPLITS),
         f"{sum(splits[name][emotion] for name in SPLITS):,}"]
        for emotion in EMOTIONS
    ]  # fmt: skip
    sums = [sum(splits[name].values()) for name in SPLITS]
    rows.append(["all", *(f"{count:,}" for count in sums), f"{sum(sums):,}"])
    return table(["emotion", *SPLITS, "all"], rows)


def _audit(one: Record) -> str:
    audit = one["audit"]
    leaks, near = audit["leaks"], audit["near_copies"]
    text = (
        f"{audit['blank']:,} blank images; {audit['duplicate_groups']:,} groups of identical images "
        f"({audit['redundant']:,} redundant images, "
        f"{audit['conflicting_groups']:,} groups with conflicting labels). "
        f"Copies of training images: {leaks['validation']:,} in validation, {leaks['test']:,} in test"
    )
    if near is not None:
        text += f"; near copies: {near['validation']:,} and {near['test']:,}"
    return text + "."


def _dropped(one: Record) -> str:
    causes = {name: count for name, count in one["dropped"]["ferplus"].items() if count}
    gone, kept = sum(causes.values()), one["images"]
    told = ", ".join(f"{name} {count:,}" for name, count in causes.items())
    return (
        f"Of {gone + kept:,} images {gone:,} ({percent(gone / (gone + kept))} %) are dropped; causes, by "
        f"the most of ten votes: {told}. Of the {kept:,} that stay, {one['changed']:,} "
        f"({percent(one['changed'] / kept)} %) have another label than FER2013 gives them. "
        f"What is left has {_audit(one)}"
    )


def _before_and_after(audit: Record, cleaned: Record) -> str:
    """By emotion: images under FER2013's label and under FER+'s, and what became of the former."""
    rows = []
    for code, emotion in enumerate(EMOTIONS):
        moved = cleaned["from_to"][code]
        before, train = (
            sum(audit["splits"][name][emotion] for name in names) for names in (SPLITS, ("train",))
        )
        after = sum(cleaned["splits"][name][emotion] for name in SPLITS)
        rows.append([
            emotion, f"{before:,}", f"{moved[code]:,} ({moved[code] / max(1, before):.0%})",
            f"{sum(moved) - moved[code]:,}",
            f"{before - sum(moved):,}", f"{after - moved[code]:,}", f"{after:,}",
            f"{train:,}", f"{cleaned['splits']['train'][emotion]:,}",
        ])  # fmt: skip
    heads = ["emotion", "FER2013", "kept", "moved away", "dropped", "moved here", "FER+"]
    return table([*heads, "train, FER2013", "train, FER+"], rows)


def fewer(records: Sequence[Record]) -> list[str]:
    """A dataset with fewer training faces, and the command that made it."""
    return [
        part for one in of_kind(records, "fewer")[-1:] for part in (made_by([one]), _splits(one["splits"]))
    ]


def _moves(one: Record) -> str:
    moves = [
        (count, EMOTIONS[old], EMOTIONS[new])
        for old, row in enumerate(one["from_to"])
        for new, count in enumerate(row)
        if old != new and count
    ]
    told = ", ".join(f"{old} to {new} {count:,}" for count, old, new in sorted(moves, reverse=True)[:8])
    return f"The most frequent changes: {told}."


def translators(records: Sequence[Record]) -> list[str]:
    """Translations of neutral faces, emotion by emotion: by name given by hand, or of comparisons."""
    parts: list[str] = []
    for one in of_kind(records, "translators"):
        judge = one["judge"]
        rows = [
            [row["pair"], f"{row['faces']:,}", percent(row["share"]), percent(row["untouched"]),
             f"{row['ssim']:.3f}"]
            for row in one["rows"]
        ]  # fmt: skip
        heads = ["pair", "faces", "called target, %", "untouched, %", "SSIM to source"]
        about = f"{scaled(one['scale'])} `{one['model']}`. {_judged(judge)} {one.get('note', '')}"
        parts += [about.strip(), made_by([one]), table(heads, rows)]
    names = tuple(f"stargan-neutral-{emotion}" for emotion in TARGETS)
    return (
        parts
        + compared(records, names)
        + filtered(records, "stargan-neutral")
        + similar(records, "stargan-neutral")
    )


def of_other_translators(records: Sequence[Record]) -> list[str]:
    """The same of the translators that serve as ways: how they compare, and what is left of their sets."""
    kinds = ("mismatch", "pair", "long")
    parts = compared(records, [f"{kind}-neutral-{emotion}" for kind in kinds for emotion in TARGETS])
    for kind in kinds:
        parts += filtered(records, f"{kind}-neutral")
    return parts + distributions(records, "long-neutral")


def compared(records: Sequence[Record], names: Sequence[str]) -> list[str]:
    """Comparisons by ``feraug compare`` of these names, a table a scale."""
    parts: list[str] = []
    found = [one for one in of_kind(records, "compare") if _name(one) in names]
    for scale in sorted({one["scale"] for one in found}):
        here = latest([one for one in found if one["scale"] == scale], "command", "device")
        judges = {_judged(one["judge"]) for one in here}
        rows = [
            [f"{one['pair']} {name}", _faces(one, name), interval(each.get("share"), 100, 1),
             interval(each.get("identity"), 1, 3), interval(each.get("frechet"), 1, 2),
             interval(each.get("coverage"), 1, 2), _copying(each.get("copying")),
             *_training(each.get("training"))]
            for one in here
            for name, each in [
                ("untouched", one["untouched"]), ("real", one["real"]),
                *((f"`{each['name']}`", each) for each in one["models"]),
            ]
        ]  # fmt: skip
        heads = ["", "faces", "called target, %", "SSIM to source", "FER-FD", "coverage", "C_T"]
        heads += ["trained: steps", "minutes"]
        said = "In brackets 95 %, of these models: other seeds would differ by more."
        said += (
            " C_T (against the `--references`, before it took all training faces) far below 0: nearer "
            "to them than new faces are, copied or only more typical."
        )
        parts += [f"{scaled(scale)} {' '.join(sorted(judges))} {said}", made_by(here), table(heads, rows)]
    return parts


def _faces(one: Record, row: str) -> str:
    """How many faces a row of a comparison is of: validation faces of the target, or of the source."""
    return f"{one['real_faces' if row == 'real' else 'faces']:,}"


def _copying(found: Record | None) -> str:
    """C_T, where it was measured."""
    return "" if found is None else f"{found['statistic']:.1f}"


def _training(facts: Record | None) -> list[str]:
    """Steps and minutes of a model's training."""
    return ["", ""] if facts is None else [f"{facts['step']:,}", f"{facts['seconds'] / 60:.0f}"]


def filtered(records: Sequence[Record], beginning: str) -> list[str]:
    """What ``feraug filter`` kept of the sets whose name begins so."""
    parts: list[str] = []
    found = [one for one in of_kind(records, "filter") if f"filter {beginning}" in one["command"]]
    for scale in sorted({one["scale"] for one in found}):
        here = latest([one for one in found if one["scale"] == scale], "command", "device", "sha256")
        rows = []
        for one in here:
            first, last = one["stages"][0], one["stages"][-1]
            real = last["real_left"] / max(1, first["real_left"])
            rows.append([one["emotion"], one["sha256"][:8], f"{first['left']:,}", f"{last['left']:,}",
                         percent(last["left"] / max(1, first["left"])), percent(real)])  # fmt: skip
        heads = ["filtered", "SHA-256", "images", "kept", "kept, %", "of real ones, %"]
        trainings = len(here) // len({one["command"] for one in here})
        several = " Several rows of an emotion are of several trainings." if trainings > 1 else ""
        parts += [f"{scaled(scale)} `feraug filter`.{several}", made_by(here), table(heads, rows)]
    return parts


def similar(records: Sequence[Record], name: str) -> list[str]:
    """Similarity to sources and to the training images, by the measurement of this name."""
    parts: list[str] = []
    for one in latest(_similarities(records, name), "scale", "command", "device"):
        rows = [
            [each["name"], *(f"{each[name]['mean']:.3f}" if each[name] else "" for name in ("source", "nearest", "within")),  # noqa: E501
             percent(each["near_copies"]["share"]) if each["near_copies"] else ""]
            for each in one["sets"]
        ]  # fmt: skip
        real = one["real"]
        within, copies = f"{real['within']['mean']:.3f}", percent(real["train_near_copies"]["share"])
        rows += [
            ["real faces of `train`", "", f"{real['train']['mean']:.3f}", within, copies],
            [
                "real faces of `validation`, without near copies",
                "",
                f"{real['validation']['mean']:.3f}",
                "",
                "",
            ],
        ]
        heads = [
            "mean SSIM of",
            "and its source",
            "the nearest of train",
            "another of the set",
            "near copies, %",
        ]
        parts += [scaled(one["scale"]), made_by([one]), table(heads, rows)]
    return parts


def distributions(records: Sequence[Record], name: str) -> list[str]:
    """How far sets lie from real faces, emotion by emotion, by the measurement of this name."""
    parts: list[str] = []
    for one in latest(_similarities(records, name), "scale", "command", "device"):
        sets = {"real faces of `validation`, new": one["real"]["distribution"]}
        sets |= {each["name"]: each["distribution"] for each in one["sets"]}
        rows = [
            [emotion, each, f"{here[emotion]['images']:,}", percent(here[emotion]["share"]["mean"]),
             interval(here[emotion]["frechet"], 1, 1), f"{here[emotion]['floor']['frechet']['mean']:.1f}",
             interval(here[emotion]["coverage"], 1, 2), f"{here[emotion]['histogram']:.1f}"]
            for emotion in EMOTIONS
            for each, here in sets.items()
            if any(emotion in found for found in list(sets.values())[1:]) and emotion in here
        ]  # fmt: skip
        heads = ["", "faces", "images", "called so, %", "FER-FD", "floor", "coverage", "grey levels"]
        said = (
            "Distance of each set to training faces of its emotion, each beside a floor of its own size; "
            "only sets of one size can be compared."
        )
        about = f"{scaled(one['scale'])} {_judged(one['judge'])} {said}"
        parts += [about, made_by([one]), table(heads, rows)]
    return parts


def _similarities(records: Sequence[Record], name: str) -> list[Record]:
    return [one for one in of_kind(records, "ssim") if _name(one) == name]


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100 * share:.1f}"


def interval(found: Mapping[str, float] | None, times: float, digits: int) -> str:
    """A mean and its interval, or nothing."""
    if not found:
        return ""
    mean, low, high = (f"{times * found[name]:.{digits}f}" for name in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def _judged(judge: Mapping[str, Any]) -> str:
    right = judge.get("validation_accuracy")
    told = "" if right is None else f", right on {percent(right)} % of validation"
    digest = f", SHA-256 {judge['sha256'][:12]}" if judge.get("sha256") else ""
    return f"Judge: `{judge['name']}`{told}{digest}."


def _name(one: Record) -> str:
    return str(one["command"]).partition("--name ")[2].split(" ")[0]
