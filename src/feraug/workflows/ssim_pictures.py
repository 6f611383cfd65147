"""The pictures beside ``ssim/NAME.h5``: distributions, and the most and least similar pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.errors import FeraugError
from feraug.metrics.similarity import paired_ssim
from feraug.plots import PairRow, Panel, plot_distributions, plot_pairs
from feraug.store.atomic import atomic_path
from feraug.store.dataset import DatasetArrays
from feraug.store.ssim import Pairs, SetSimilarity, SsimArrays, read_ssim
from feraug.workflows.synthetic_sets import SyntheticSet

COLUMNS = 10

Images = NDArray[np.uint8]


def picture_paths(path: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The pictures of the analysis at ``path`` of sets of these names: PNG, SVG, and one PNG a set."""
    stem = path.with_suffix("")
    pairs = [f"{stem}-pairs.png"] if len(names) == 1 else [f"{stem}-pairs-{name}.png" for name in names]
    return tuple(map(Path, (f"{stem}.png", f"{stem}.svg", *pairs)))


def earlier_pictures(path: Path) -> tuple[Path, ...]:
    """The pictures of the analysis that is at ``path`` now; none where there is none, or a damaged one."""
    try:
        return picture_paths(path, [one.name for one in read_ssim(path).sets])
    except FeraugError:
        return ()


def write_pictures(
    path: Path,
    found: SsimArrays,
    sets: Sequence[SyntheticSet],
    dataset: DatasetArrays,
    sources: Mapping[str, Images],
) -> None:
    """Write all pictures of an analysis, named as :func:`picture_paths` has them."""
    paths = picture_paths(path, [one.name for one in sets])
    panels, variant = _panels(found), str(found.header.provenance.config["variant"])
    for place, kind in zip(paths, ("png", "svg"), strict=False):
        with atomic_path(place) as temporary:
            plot_distributions(panels, temporary, kind)
    by_digest = {one.sha256: one for one in found.sets}
    for place, one in zip(paths[2:], sets, strict=True):
        with atomic_path(place) as temporary:
            plot_pairs(pair_rows(by_digest[one.digest], one, dataset, sources, variant), temporary)


def _panels(found: SsimArrays) -> list[Panel]:
    real = {name: pairs.ssim for name, pairs in found.real.items()}
    return [
        Panel(
            "Nearest training image (of a translation: other than its source)",
            {"real: new validation images": real["validation"], "real: train, nearest other": real["train"]},
            {one.name: one.nearest.ssim for one in found.sets},
            found.threshold,
            "near copy from here on",
        ),
        Panel(
            "Translation and its source",
            {},
            {one.name: one.source.ssim for one in found.sets},  # no near copies of training images: no mark
        ),
        Panel(
            "Any two images of one emotion (variety: the less similar, the more varied)",
            {"real: one emotion": real["within"], "real: two emotions": real["across"]},
            {one.name: one.within.ssim for one in found.sets},
        ),
    ]


def pair_rows(
    similarity: SetSimilarity,
    one: SyntheticSet,
    dataset: DatasetArrays,
    sources: Mapping[str, Images],
    variant: str,
) -> list[PairRow]:
    """The most and least similar pairs of a set, a row a kind of pair; ``sources``: images by digest.

    Pairs with a source that is not among them are left out.  Where a face's mirror image is nearer to the
    training image, the training image is shown mirrored.
    """
    images = one.arrays.images
    rows = []
    for order, word in ((-1, "most"), (1, "least")):
        chosen = _extremes(similarity.nearest, order)
        title = f"{word} like their nearest training image (below)"
        rows.append(_as_compared(_row(title, chosen, images, dataset.images), variant))
    there = np.array([digest in sources for digest in one.arrays.sources], bool)
    known = there[one.arrays.origin_source[similarity.source.rows[:, 0]]]
    of_source = Pairs(similarity.source.rows[known], similarity.source.ssim[known])
    if len(of_source):
        for order, word in ((-1, "most"), (1, "least")):
            chosen = _extremes(of_source, order)
            origins = one.arrays.origin_source[chosen.rows[:, 0]]
            below = np.stack(
                [
                    sources[one.arrays.sources[source]][row]
                    for source, row in zip(origins, chosen.rows[:, 1], strict=True)
                ]
            )
            mirrored = one.arrays.origin_round[chosen.rows[:, 0]] == 1
            below[mirrored] = below[mirrored, :, ::-1]
            title = f"{word} like their source (below)"
            rows.append(PairRow(title, images[chosen.rows[:, 0]], below, chosen.ssim))
    if len(similarity.within):
        title = "most alike of the pairs within the set"
        rows.append(_row(title, _extremes(similarity.within, -1), images, images))
    return rows


def _row(title: str, chosen: Pairs, above: Images, below: Images) -> PairRow:
    return PairRow(title, above[chosen.rows[:, 0]], below[chosen.rows[:, 1]], chosen.ssim)


def _as_compared(row: PairRow, variant: str) -> PairRow:
    """The row with those images below mirrored that are nearer so."""
    mirrored = np.ascontiguousarray(row.below[:, :, ::-1])
    plain, turned = (paired_ssim(row.above, below, variant) for below in (row.below, mirrored))
    return replace(row, below=np.where((turned > plain)[:, None, None], mirrored, row.below))


def _extremes(pairs: Pairs, order: int) -> Pairs:
    """The highest (``order`` -1) or lowest (1) ones, each first image and each second one once."""
    chosen: list[int] = []
    seen: tuple[set[int], set[int]] = (set(), set())
    for number in np.argsort(order * pairs.ssim, kind="stable"):
        first, second = map(int, pairs.rows[number])
        if first not in seen[0] and second not in seen[1]:
            chosen.append(int(number))
            seen[0].add(first)
            seen[1].add(second)
        if len(chosen) == COLUMNS:
            break
    return Pairs(pairs.rows[chosen], pairs.ssim[chosen])
