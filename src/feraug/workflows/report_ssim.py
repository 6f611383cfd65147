"""The report on similarity: copies, sources, variety, each beside the same of real images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS
from feraug.plots import PairRow, sheet
from feraug.plots.page import histograms_plot
from feraug.report import Block, Cell, Facts, Figures, Picture, Section, Strips, Table, Text
from feraug.store.dataset import read_dataset
from feraug.store.header import DATASET, SSIM, SYNTHETIC
from feraug.store.ssim import SsimArrays, read_ssim
from feraug.store.synthetic import read_synthetic
from feraug.words import plural
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import Artifact
from feraug.workflows.report_pictures import FACES, Room
from feraug.workflows.report_words import cut, interval_cell, number
from feraug.workflows.ssim_pictures import pair_rows
from feraug.workflows.synthetic_sets import SyntheticSet

_ANALYSES: Final = 4
_ROOM: Final = 600_000
_SETS: Final = 24
_PLOTTED: Final = 8
_PICTURED: Final = 3
_QUANTILES: Final = ("0.01", "0.25", "0.5", "0.75", "0.99")


def ssim_section(desk: Desk) -> list[Section]:
    """The section on similarity, if it was measured."""
    found = desk.inventory.of(SSIM)
    if not found:
        desk.lack("No similarity of synthetic to real faces", "feraug ssim")
        return []
    room = desk.room(_ROOM)
    blocks = desk.groups(found, "ssim", _ANALYSES, lambda one: _analysis(desk, room, one))
    return [Section("ssim", "Similarity", tuple(blocks))]


def _analysis(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    facts, found = artifact.facts, read_ssim(artifact.path)
    sets = facts["sets"][: desk.most(_SETS)]
    yield Facts(tuple(_near_copies(facts, sets)))
    plots = [plot for panel in _panels(desk, artifact, found) for plot in room.plot(*panel)]
    if plots:
        yield Figures(tuple(plots))
    yield _table(facts, sets)
    if found.distribution is not None:
        yield _distributions(facts, sets)
    yield from _pairs(desk, room, artifact, found)


def _near_copies(facts: Mapping[str, Any], sets: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    yield "variant", cut(facts["config"].get("variant", "?"))
    if facts["threshold"] is None:
        return
    of = cut(facts["threshold_from"], 20)
    pairs = (facts["real"].get(of) or {}).get("pairs")
    kind = "new validation" if of == "validation" else f"real {of}"
    whose = f"the 99 % quantile of {'' if pairs is None else f'{pairs:,} '}{kind} images"
    yield "near copy", f"SSIM {facts['threshold']:.3f} or more to a training image, {whose}"
    shares = [("real training images", facts["real"]["train_near_copies"])]
    shares += [(cut(one["name"], 60), one["near_copies"]) for one in sets]
    for name, share in shares:
        if share:
            copies = plural(share["images"], "near copy", "near copies")
            yield name, f"{copies} of {share['of']:,} ({share['share']:.1%})"


def _panels(desk: Desk, artifact: Artifact, found: SsimArrays) -> Iterator[tuple[str, str]]:
    real = {name: pairs.ssim for name, pairs in found.real.items()}
    sets = found.sets[:_PLOTTED]
    mark = None if found.threshold is None else (float(found.threshold), "near copy from here on")
    panels: tuple[tuple[str, dict[str, Any], dict[str, Any], tuple[float, str] | None], ...] = (
        (
            "To the nearest training image",
            {"real: validation, new": real["validation"], "real: train, others": real["train"]},
            {one.name: one.nearest.ssim for one in sets},
            mark,
        ),
        ("Translation to its source", {}, {one.name: one.source.ssim for one in sets}, None),
        (
            "Two images of one emotion",
            {"real: one emotion": real["within"], "real: two emotions": real["across"]},
            {one.name: one.within.ssim for one in sets},
            None,
        ),
    )
    for title, yardsticks, made, line in panels:
        made = {name: values for name, values in made.items() if len(values)}
        if made:
            svg = histograms_plot(
                title,
                yardsticks,
                made,
                "SSIM (1: the same picture)",
                desk.ids.new("p", artifact.name),
                mark=line,
            )
            yield svg, f"{title}: distribution of SSIM of {', '.join(cut(name, 40) for name in made)}"


def _table(facts: Mapping[str, Any], sets: list[Mapping[str, Any]]) -> Table:
    kinds = {
        "nearest training image": [
            ("real: train, others", facts["real"]["train"]),
            ("real: validation, new", facts["real"]["validation"]),
            *((one["name"], one["nearest"]) for one in sets),
        ],
        "translation to its source": [(one["name"], one["source"]) for one in sets],
        "two images of one emotion": [
            ("real", facts["real"]["within"]),
            *((one["name"], one["within"]) for one in sets),
        ],
        "two images of two emotions": [("real", facts["real"]["across"])],
    }
    rows = [
        (
            Cell(cut(name, 60)),
            Cell(kind),
            number(found["pairs"]),
            *(number(found["quantiles"][quantile], ".3f") for quantile in _QUANTILES),
        )
        for kind, each in kinds.items()
        for name, found in each
        if found
    ]
    columns = ("images", "SSIM", "pairs", *(f"{100 * float(quantile):g} %" for quantile in _QUANTILES))
    return Table("Quantiles of SSIM", columns, tuple(rows), words=2)


def _distributions(facts: Mapping[str, Any], sets: list[Mapping[str, Any]]) -> Table:
    """How far the sets lie from real faces of their emotions, beside new real faces."""
    judge = facts["judge"]
    of_sets = [("real: validation, new", facts["real"]["distribution"])]
    of_sets += [(one["name"], one["distribution"]) for one in sets]
    rows = [
        (
            Cell(cut(name, 60)),
            Cell(emotion),
            number(found["images"]),
            interval_cell(found["share"], ".1f", 100.0),
            interval_cell(found["frechet"], ".3g"),
            interval_cell(found["floor"]["frechet"], ".3g"),
            interval_cell(found["density"], ".2f"),
            interval_cell(found["coverage"], ".2f"),
            number(found["histogram"], ".1f"),
        )
        for emotion in EMOTIONS
        for name, by_emotion in of_sets
        if (found := by_emotion.get(emotion))
    ]
    columns = ("images", "emotion", "number", "called so, %", "FER-FD", "floor", "density", "coverage")
    note = (
        f"By {cut(judge['name'], 60)} (SHA-256 {cut(judge['sha256'], 16)}), which filtered none of these "
        "sets. Each set and its floor are of subsamples of one size; histogram: grey levels."
    )
    return Table("Distributions", (*columns, "histogram"), tuple(rows), note, words=2)


def _pairs(desk: Desk, room: Room, artifact: Artifact, found: SsimArrays) -> Iterator[Block]:
    """The most and least similar pairs of some sets, which show real faces."""
    if not desk.may_show(artifact):
        yield desk.withheld("the most and least similar pairs")
        return
    here = [one for digest in artifact.inputs.values() if (one := desk.inventory.find(digest))]
    home = next((one for one in here if one.kind == DATASET), None)
    sets = {one.sha256: one for one in found.sets}
    paths = [one for one in here if one.kind == SYNTHETIC and one.digest in sets]
    if home is None or not paths:
        yield Text(
            "The images themselves are not in this workspace, so there are no pairs to show.", "missing"
        )
        return
    dataset = read_dataset(home.path)
    for one in paths[:_PICTURED]:
        images = SyntheticSet(one.path, one.name, one.digest, read_synthetic(one.path))
        sources = {
            digest: _images(there)
            for digest in images.arrays.sources
            if (there := desk.inventory.find(digest)) is not None
        }
        variant = str(found.header.provenance.config["variant"])
        rows = pair_rows(sets[one.digest], images, dataset, sources, variant)
        strips = [(_label(row), picture) for row in rows for picture in _pair_picture(room, row, one.name)]
        if strips:
            yield Strips(tuple(strips), f"{one.name}: above, and what it is compared with, below.")
    if more := paths[_PICTURED:]:
        names = ", ".join(cut(one.name, 60) for one in more[:10])
        yield Text(f"The pairs of {plural(len(more), 'more set')} lie beside the analysis alone: {names}.")


def _images(found: Artifact) -> NDArray[np.uint8]:
    """The images of a data set or synthetic set."""
    return read_dataset(found.path).images if found.kind == DATASET else read_synthetic(found.path).images


def _label(row: PairRow) -> str:
    first, last = (f"{value:.2f}" for value in row.ssim[:FACES][[0, -1]])
    return f"{row.title.replace(' (below)', '')}: {first}" + ("" if first == last else f" to {last}")


def _pair_picture(room: Room, row: PairRow, name: str) -> Iterator[Picture]:
    both = np.concatenate([row.above[:FACES], row.below[:FACES]])
    alt = f"{name}: {plural(min(FACES, len(row.above)), 'pair')}, {row.title}"
    return room.picture(sheet(both, len(both) // 2), alt)
