"""The report on models: settings, losses, sample grids over time, translations of held-out faces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import CLASSIFIERS, NOISE_GENERATORS, STARGANS
from feraug.emotions import EMOTIONS, DomainPair
from feraug.errors import FeraugError
from feraug.plots.page import curves_plot
from feraug.report import Block, Cell, Details, Facts, Figures, Picture, Section, Strips, Table, Text
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.header import DATASET, MODEL
from feraug.store.model import read_model
from feraug.store.workspace import SAMPLE
from feraug.words import plural
from feraug.workflows.drawn_truth import truth_of
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import UNUSABLE, Artifact
from feraug.workflows.report_pictures import FACES, Room, read_grid, some
from feraug.workflows.report_words import code, cut, listed, minutes, number, values, word

if TYPE_CHECKING:
    from feraug.workflows.translators import Translator

_MODELS: Final = 12
_ROWS: Final = 100
_ROOM: Final = 1_400_000
_GRIDS: Final = 4
_PANELS: Final = 10
_LINES: Final = 6
_POINTS: Final = 80
_SHOWN: Final = 6
"""Of the twelve faces in a row of a sample grid, how many the page shows."""


Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def models_section(desk: Desk) -> list[Section]:
    """The section on models, if there are any."""
    found = desk.inventory.of(MODEL)
    others = {*NOISE_GENERATORS, *CLASSIFIERS}
    if all(one.facts["config"].get("model") in others for one in found):
        desk.lack("No translator", "feraug train cyclegan --pair neutral:happy")
    if not found:
        return []
    room = desk.room(_ROOM)
    rows = desk.rows(found[: desk.most(_ROWS)], lambda one: _row(desk, one))
    columns = ("model", "kind", "for", "step", "finished", "trained", "parameters", "validation, %")
    more = "" if len(found) <= len(rows) else f"The first {len(rows)} of {len(found):,} models."
    table = Table("All models", columns, rows, more, words=3)
    return [
        Section(
            "models",
            "Models",
            (table, *desk.groups(found, "model", _MODELS, lambda one: _model(desk, room, one))),
        )
    ]


def _row(desk: Desk, artifact: Artifact) -> tuple[Cell, ...]:
    facts = artifact.facts
    shown = desk.inventory.of(MODEL).index(artifact) < desk.most(_MODELS)
    accuracy = facts["losses"].get("validation_accuracy")
    return (
        Cell(cut(artifact.name, 60), link=desk.group_id("model", artifact) if shown else ""),
        word(facts["config"].get("model", "unknown")),
        word(_emotions(facts["config"])),
        number(facts["step"]),
        Cell("yes" if facts["finished"] else f"no, of {facts['steps']:,}", float(facts["finished"])),
        Cell(minutes(facts["seconds"]), facts["seconds"]),
        number(sum(facts["parameters"].values())),
        number(accuracy, ".1f", 100),
    )


def _emotions(config: Mapping[str, Any]) -> str:
    """What a model is for: a pair, emotions, or all seven."""
    if config.get("pair"):
        return str(config["pair"])
    emotions = config.get("emotions")
    return (
        ", ".join(map(str, emotions)) if isinstance(emotions, list) and len(emotions) < 7 else "all emotions"
    )


def _pair(artifact: Artifact) -> DomainPair | None:
    """The pair that a model was trained for, if that is what it was trained for."""
    try:
        return DomainPair.parse(str(artifact.facts["config"].get("pair", "")))
    except FeraugError:
        return None


def _model(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    facts = artifact.facts
    config = facts["config"]
    sources = [desk.inventory.find(digest) for digest in artifact.inputs.values()]
    known = [
        f"{name} ({'here' if one else 'not here'})"
        for name, one in zip(artifact.inputs, sources, strict=True)
    ]
    parameters = ", ".join(f"{cut(role, 40)} {count:,}" for role, count in facts["parameters"].items())
    yield Facts(
        (
            ("kind", f"{cut(config.get('model', 'unknown'))}, {cut(_emotions(config))}"),
            ("trained on", cut(", ".join(known)) or "nothing known"),
            ("steps", _steps(facts)),
            ("parameters", cut(parameters, 300)),
        )
    )
    plots = [plot for panel in _curves(desk, artifact) for plot in room.plot(*panel)]
    if plots:
        yield Figures(tuple(plots))
    yield from _grids(desk, room, artifact)
    yield from _triptychs(desk, room, artifact)
    yield Details("every setting, and the command", (Facts(values(config)), Text(code(facts["command"]))))


def _steps(facts: Mapping[str, Any]) -> str:
    long = minutes(facts["seconds"])
    text = f"{facts['step']:,} of {facts['steps']:,}" + (f" in {long}" if long else "")
    if facts.get("chosen_epoch"):
        text += f"; epoch {facts['chosen_epoch']:,} was kept, the best on validation"
    return text if facts["finished"] else f"{text}: unfinished"


def _curves(desk: Desk, artifact: Artifact) -> Iterator[tuple[str, str]]:
    """Each kind of loss as a plot of its own, with what it shows in words."""
    saved = read_model(artifact.path, ("history",))
    histories = {name.removeprefix("history/"): array for name, array in saved.arrays.items()}
    panels: dict[tuple[str, int], dict[str, Curve]] = {}
    for name, history in histories.items():
        if len(history):
            # An accuracy and a loss have no axis in common.
            kind = name if name.startswith("validation_") else name.partition("_")[0]
            panel = panels.setdefault((kind, len(history)), {})
            panel[name] = _thinned(history)
    by_step = saved.header.extra["step"]
    for (kind, length), lines in list(panels.items())[:_PANELS]:
        across = "step" if length == by_step else "epoch"
        shown = dict(list(lines.items())[:_LINES])
        ends = "; ".join(f"{cut(name, 60)} {y[0]:.3g} to {y[-1]:.3g}" for name, (_, y) in shown.items())
        title = cut(kind if len(lines) > 1 else next(iter(lines)), 60).replace("_", " ")
        named = {name.removeprefix(f"{kind}_").replace("_", " "): curve for name, curve in shown.items()}
        if len(named) == 1:
            named = {title: next(iter(named.values()))}
        share = kind == "validation_accuracy"
        svg = curves_plot(title, named, across, desk.ids.new("p", artifact.name), share=share)
        yield svg, f"{title} over {length:,} {across}s: {ends}"


def _thinned(history: NDArray[Any]) -> Curve:
    """At most 80 points: means of stretches of equal length, each at its middle."""
    parts = np.array_split(history.astype(np.float64), min(_POINTS, len(history)))
    ends = np.cumsum([len(part) for part in parts])
    x = np.array([end - (len(part) - 1) / 2 for end, part in zip(ends, parts, strict=True)])
    return x, np.array([part.mean() for part in parts])


def _grids(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    """A few of the sample grids that lie beside the model, from the first to the last."""
    if artifact.facts["config"].get("model") in CLASSIFIERS:
        return  # they draw none: what lies there is of a model that had the name before, and its faces
    found = sorted(
        (int(match[1]), path)
        for path in artifact.path.with_suffix("").glob("step-*.png")
        if (match := SAMPLE.fullmatch(path.name))
    )
    if not found:
        return
    if not (_from_noise(artifact) or desk.may_show(artifact)):
        yield desk.withheld("the sample grids")
        return
    pictures = []
    for step, path in _over_time(found):
        alt = f"Samples of {artifact.name} after {plural(step, 'step')}"
        try:
            grid = read_grid(path, _SHOWN)
        except UNUSABLE as problem:
            desk.inventory.problem(f"models/{artifact.name}/{path.name}", problem)
            continue
        pictures += list(room.picture(grid, alt, f"step {step:,}"))
    if pictures:
        yield Figures(tuple(pictures), _grid_words(artifact))


_SAME_FACES: Final = (
    "The same real faces at every step, held out of training if validation has any of the emotion."
)


def _grid_words(artifact: Artifact) -> str:
    pair = _pair(artifact)
    if pair is not None:
        share = artifact.facts["config"].get("source_share") or 0.0
        of_a = (
            f"real {pair.a} faces"
            if not share
            else f"{pair.a} faces ({float(share):.0%} of them of its source, which it was trained on)"
        )
        return (
            f"Rows: {of_a}, made {pair.b}, and back; real {pair.b} faces, made {pair.a}, "
            f"and back. {_SAME_FACES}"
        )
    if _from_noise(artifact):
        emotions = artifact.facts["config"].get("emotions") or EMOTIONS
        return f"Rows: {listed(map(str, emotions), 7)}; the same noise at every step."
    emotions = artifact.facts["config"].get("emotions") or EMOTIONS
    if artifact.facts["config"].get("model") in STARGANS:
        of = "neutral" if "neutral" in emotions else emotions[0]
        made = listed(map(str, emotions), 7)
        return f"Rows: real {of} faces; the same made {made}. {_SAME_FACES}"
    return "The same inputs at every step."


def _over_time(found: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """The first, two on the way, closer to the beginning, where more happens, and the last."""
    last = len(found) - 1
    chosen = sorted({0, round(last * 0.15), round(last * 0.45), last}) if last >= _GRIDS else range(last + 1)
    return [found[place] for place in chosen]


def _from_noise(artifact: Artifact) -> bool:
    """Whether a model makes faces from noise, so that nothing it draws is a real face."""
    return artifact.facts["config"].get("model") in NOISE_GENERATORS


def _triptychs(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    """Real, translated, recovered, both ways; of drawn faces the right answer, too."""
    pair, every = _pair(artifact), artifact.facts["config"].get("model") in STARGANS
    if not every and (pair is None or "a_to_b" not in artifact.facts["parameters"]):
        return
    homes = [found for digest in artifact.inputs.values() if (found := desk.inventory.find(digest))]
    home = next((one for one in homes if one.kind == DATASET), None)
    if home is None:
        yield Text("Its data set is not in this workspace, so there are no faces to show it on.", "missing")
        return
    if not desk.may_show(home):
        yield desk.withheld("real faces, their translations, and back")
        return
    from feraug.workflows.translators import load_translator

    dataset, translator = read_dataset(home.path), load_translator(artifact.path)
    if pair is None or every:
        yield from _every_emotion(room, dataset, translator)
        return
    for way in (pair, pair.reversed):
        rows, split = _held_out(dataset, way.a)
        if not len(rows):
            continue
        real = dataset.images[rows]
        made = translator.translate(real, str(way))
        parts = {
            f"real {way.a}": real,
            f"made {way.b}": made,
            f"made {way.a} again": translator.translate(made, str(way.reversed)),
        }
        truth = truth_of(dataset, rows, way.b)
        if truth is not None:
            parts[f"the truth: {way.b}"] = truth
        yield from _strips(room, parts, f"{way.a} to {way.b}, {split} faces, uncurated (evenly spaced).")


def _every_emotion(room: Room, dataset: DatasetArrays, translator: Translator) -> Iterator[Block]:
    """Real faces of one emotion, neutral if it was learned, and what they become in every other."""
    learned = [pair.a for pair in translator.config.pairs]
    source = "neutral" if "neutral" in learned else learned[0]
    rows, split = _held_out(dataset, source)
    if not len(rows):
        return
    real = dataset.images[rows]
    ways = [pair for pair in translator.config.pairs if pair.a == source]
    made = {pair.b: translator.translate(real, str(pair)) for pair in ways}
    parts = {f"real {source}": real, **{f"made {emotion}": faces for emotion, faces in made.items()}}
    last = ways[-1]
    parts[f"{last.b} made {source} again"] = translator.translate(made[last.b], str(last.reversed))
    caption = f"{source} to every other, {split} faces, uncurated (evenly spaced)."
    yield from _strips(room, parts, caption)


def _held_out(dataset: DatasetArrays, emotion: str) -> tuple[NDArray[np.int64], str]:
    for split in ("validation", "train"):
        rows = dataset.rows(split=split, emotion=emotion)
        if len(rows):
            return some(rows, FACES), split
    return rows, split


def _strips(room: Room, parts: Mapping[str, NDArray[np.uint8]], caption: str) -> Iterator[Block]:
    rows: list[tuple[str, Picture]] = []
    for label, images in parts.items():
        alt = f"{plural(len(images), 'face')}: {label}"
        rows += [(label, picture) for picture in room.strip(images, alt)]
    if len(rows) == len(parts):
        yield Strips(tuple(rows), caption)
