"""The pictures beside ``compare/NAME.h5``: faces under every model, figures, and features."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.data.degradations import Level
from feraug.emotions import DomainPair
from feraug.errors import FeraugError
from feraug.metrics.projection import principal_axes
from feraug.plots.comparison import faces_figure, features_figure, figures_figure
from feraug.plots.files import write_figure
from feraug.plots.robustness import labelled_sheet, robustness_figure
from feraug.store.compare import CompareArrays, read_compare
from feraug.store.dataset import DatasetArrays
from feraug.words import plural
from feraug.workflows.compare_breakdown import breakdown
from feraug.workflows.compare_entrants import Entrant
from feraug.workflows.drawn_truth import truth_of

ROWS: Final = 10
_PANELS: Final[Mapping[str, tuple[str, float]]] = {
    "share": ("called the target by the judge, %", 100.0),
    "identity": ("SSIM to the source", 1.0),
    "error": ("true error, grey levels", 1.0),
    "frechet": ("FER-FD", 1.0),
    "kernel": ("FER-KID x 1000", 1000.0),
    "density": ("density", 1.0),
    "coverage": ("coverage", 1.0),
}
"""The title of each measure, and its factor: as in the table."""


def picture_paths(path: Path, found: CompareArrays) -> tuple[Path, ...]:
    """The pictures of the comparison at ``path``: faces as PNG; figures and features as PNG and SVG.

    Where faces were degraded, two more: a face under all degradations, and the shares (and as SVG).
    """
    stem = path.with_suffix("")
    endings = [".png", "-figures.png", "-figures.svg", "-features.png", "-features.svg"]
    if found.parts.degraded is not None:
        endings += ["-degraded-faces.png", "-degraded.png", "-degraded.svg"]
    return tuple(Path(f"{stem}{ending}") for ending in endings)


def earlier_pictures(path: Path) -> tuple[Path, ...]:
    """The pictures of the comparison that is at ``path`` now; none where there is none, or a damaged one."""
    try:
        return picture_paths(path, read_compare(path))
    except FeraugError:
        return ()


def write_pictures(
    path: Path, found: CompareArrays, dataset: DatasetArrays, compared: Sequence[Entrant], pair: DomainPair
) -> None:
    """Write all pictures of a comparison of these models, named as :func:`picture_paths` has them."""
    faces, figures, _, features, _, *degraded = picture_paths(path, found)
    columns = _columns(found, dataset, compared, pair)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names in letters that the font lacks
        write_figure(faces_figure(columns, f"{pair}, validation faces"), faces, kinds=("png",))
        write_figure(_figures(found.table), figures)
        write_figure(_features(found, pair), features)
        if degraded:
            write_figure(_degraded_face(found, dataset, compared, pair), degraded[0], kinds=("png",))
            write_figure(_robustness(found), degraded[1])


def _degraded_face(
    found: CompareArrays, dataset: DatasetArrays, compared: Sequence[Entrant], pair: DomainPair
) -> Any:
    """The first of the degraded faces under each degradation, and what each model makes of it."""
    degraded = found.parts.degraded
    assert degraded is not None
    face = dataset.images[found.sets[0].rows[degraded.source[:1]]]
    wanted = [Level(level["name"], level["strength"], level["amount"]) for level in degraded.levels]
    faces = np.concatenate([face, *(level.of(face, found.header.provenance.seed) for level in wanted)])
    by_digest = {one.digest: one for one in compared}
    models = [by_digest[model["sha256"]] for model in found.table["models"]]
    columns = np.stack([faces, *(one.translator.translate(faces, str(pair)) for one in models)], axis=1)
    labels = ["clean", *(f"{level.name} {level.amount}" for level in wanted)]
    names = ["input", *(one.name for one in models)]
    return labelled_sheet(list(zip(labels, columns, strict=True)), names, str(pair))


def _robustness(found: CompareArrays) -> Any:
    table = breakdown(found)["by_degradation"]
    target = found.table["pair"].split(":")[1]
    names = ["untouched", f"real {target}", *(model["name"] for model in found.table["models"])]
    levels = [
        {**level, "shares": [level["untouched"], level["real"], *(one["share"] for one in level["models"])]}
        for level in table["levels"]
    ]
    faces = plural(table["faces"], "degraded face")
    title = f"{found.table['pair']}: % called {target} by the judge, {faces}"
    return robustness_figure(levels, names, title)


def _columns(
    found: CompareArrays, dataset: DatasetArrays, compared: Sequence[Entrant], pair: DomainPair
) -> dict[str, NDArray[np.uint8]]:
    """Some of the faces as they are, the truth where it is known, and what each model makes of them."""
    rows = found.sets[0].rows
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).round().astype(int))]
    inputs = dataset.images[rows]
    columns = {"input": inputs}
    truth = truth_of(dataset, rows, pair.b)
    if truth is not None:
        columns["truth"] = truth
    by_digest = {one.digest: one for one in compared}
    for model in found.table["models"]:
        one = by_digest[model["sha256"]]
        name = f"{one.name} (model)" if one.name in columns else one.name
        columns[name] = one.translator.translate(inputs, str(pair))
    return columns


def _figures(table: Mapping[str, Any]) -> Any:
    target = table["pair"].split(":")[1]
    real = {"untouched": table["untouched"], f"real {target}": table["real"]}
    rows = dict(real)
    for one in table["models"]:
        rows[f"{one['name']} (model)" if one["name"] in real else one["name"]] = one
    floor = table["floor"] or {}
    panels = [
        {
            "title": title,
            "rows": {name: _times(figures[key], factor) for name, figures in rows.items()},
            "floor": _times(floor.get(key), factor),
            "real": set(real),
        }
        for key, (title, factor) in _PANELS.items()
        if any(figures[key] for figures in rows.values())
    ]
    faces = plural(table["faces"], "validation face")
    return figures_figure(
        panels,
        f"{table['pair']}, {faces}; 95 % intervals; grey: real against real\njudge: {_judge(table)}",
    )


def _times(found: Mapping[str, float] | None, factor: float) -> dict[str, float] | None:
    return {end: factor * value for end, value in found.items()} if found else None


def _judge(table: Mapping[str, Any]) -> str:
    """The classifier that the figures are by, with its digest."""
    return f"{table['judge']['name']} (SHA-256 {table['judge']['sha256'][:12]})"


def _features(found: CompareArrays, pair: DomainPair) -> Any:
    real = [one.features for one in found.sets[:2]]
    mean, axes = principal_axes(np.concatenate(real))
    a, b, *made = ((one.features - mean) @ axes for one in found.sets)
    names = [model["name"] for model in found.table["models"]]
    translations = dict(zip(names, made, strict=True))
    return features_figure(a, b, translations, (pair.a, pair.b), judge=_judge(found.table))
