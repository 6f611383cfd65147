"""The shortlist beside all views of all pairs in plain numpy; its first look; its compiled search."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates
from tests.metrics.planted import Images, faces, shifted

from feraug.metrics import shortlist
from feraug.metrics.alignment import align, band_pass
from feraug.metrics.first_look import NUMBERS, FirstLook, in_tiles
from feraug.metrics.shortlist import MIN_PROPOSAL, PROBES, ReferenceIndex
from feraug.metrics.shortlist_kernels import TILE, Hits, most_alike

Float = npt.NDArray[np.float32]


ALTERED: tuple[Callable[[Images], Images], ...] = (
    lambda image: image[:, ::-1],
    lambda image: shifted(image, 2, 0),
    lambda image: shifted(image, -1, 2),
    lambda image: shifted(image, -3, 0),
    lambda image: shifted(image[:, ::-1], 1, -2),
    lambda image: (image * 0.8).astype(np.uint8),
    lambda image: np.array(Image.fromarray(image[2:46, 2:46]).resize((48, 48), Image.Resampling.BICUBIC)),
)


def planted(references: Images) -> Images:
    """Altered copies of the first references, of every kind, eight each."""
    return np.stack([ALTERED[row % len(ALTERED)](references[row]) for row in range(8 * len(ALTERED))])


def cosines(index: ReferenceIndex, queries: Images) -> tuple[Float, Float]:
    """Cosines (m, n, v) of all views of all pairs, as they are and mirrored."""
    views, points = index._views(queries), index._points
    even, odd = (
        (views[:, :, part].reshape(-1, 32) @ points[:, part].T).reshape(len(queries), len(PROBES), -1)
        for part in (slice(32), slice(32, 64))
    )
    return (even + odd).transpose(0, 2, 1), (even - odd).transpose(0, 2, 1)


def expected(index: ReferenceIndex, queries: Images) -> dict[tuple[int, int, bool], tuple[float, int]]:
    """Cosine and best view of every pair above the threshold, without a first look."""
    found = {}
    for mirrored, side in enumerate(cosines(index, queries)):
        for query, reference in np.argwhere(side.max(axis=2) > MIN_PROPOSAL).tolist():
            views = side[query, reference]
            found[query, reference, bool(mirrored)] = float(views.max()), int(views.argmax())
    return found


def listed(index: ReferenceIndex, queries: Images) -> dict[tuple[int, int, bool], tuple[float, ...]]:
    """The shortlist: the first guess of the warp by query, reference and whether mirrored."""
    found = index.shortlist(queries)
    keys = zip(found.query.tolist(), found.reference.tolist(), found.mirrored.tolist(), strict=True)
    return dict(zip(keys, map(tuple, found.warp.astype(float).round(5).tolist()), strict=True))


def guesses(
    hits: dict[tuple[int, int, bool], tuple[float, int]],
) -> dict[tuple[int, int, bool], tuple[float, ...]]:
    """The warps that the best views stand for, written down by hand."""
    found = {}
    for (query, reference, mirrored), (_, view) in hits.items():
        down, right, zoom = PROBES[view]
        warp = [down / 48, (zoom - 1) / 2, 0, (-right if mirrored else right) / 48, 0, (zoom - 1) / 2]
        found[query, reference, mirrored] = tuple(round(value, 5) for value in warp)
    return found


def test_without_a_first_look_it_is_all_views_of_all_pairs() -> None:
    references = faces(20, 300)
    queries, index = planted(references), ReferenceIndex(references)
    wanted = expected(index, queries)
    assert len(wanted) >= len(queries)
    assert listed(index, queries) == guesses(wanted)


def test_a_first_look_leaves_out_what_is_below_its_threshold_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    references = faces(21, TILE + 200)  # a whole tile and a part of one
    queries, index = planted(references[-200:]), ReferenceIndex(references)
    views, points = index._views(queries), index._points
    best = np.full((len(queries), len(references)), -1.0, np.float32)
    for signs in (-1, 1):
        look = [i for i, (down, _, zoom) in enumerate(PROBES) if down * signs > 0 or zoom != 1]
        even, odd = index._first_look.numbers(views[:, look].mean(axis=1))
        even_r, odd_r = index._first_look.numbers(points)
        best = np.maximum(best, even @ even_r.T + np.abs(odd @ odd_r.T))
    # So high that it takes away half of the pairs that it should not.
    wanted = expected(index, queries)
    strict = float(np.median([best[query, reference] for query, reference, _ in wanted]))
    monkeypatch.setattr(shortlist, "MIN_FIRST_LOOK", strict)
    left = {key: hit for key, hit in wanted.items() if best[key[:2]] > strict}
    assert 0.4 * len(wanted) < len(left) < 0.6 * len(wanted)
    assert listed(index, queries) == guesses(left)


def test_the_first_look_passes_copies_and_few_others() -> None:
    references = faces(22, 1500)
    queries, index = planted(references), ReferenceIndex(references)
    wanted = expected(index, queries)
    assert listed(index, queries) == guesses(wanted)
    assert compared(index, queries) < 0.25 * len(queries) * len(references)


def compared(index: ReferenceIndex, queries: Images) -> int:
    """Pairs that pass the first look."""
    views = index._views(queries)
    looks = [index._first_look.numbers(views[:, look].mean(axis=1)) for look in shortlist._LOOKS]
    return most_alike(looks, index._tiles, shortlist.MIN_FIRST_LOOK, views, index._points, 0.74, 100).compared


def test_few_references_need_no_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "MIN_FIRST_LOOK", 1.1)  # nothing would pass
    references = faces(23, 30)
    assert len(listed(ReferenceIndex(references), references[:5])) >= 5
    monkeypatch.setattr(shortlist, "FIRST_LOOK_FROM", 30)
    assert len(listed(ReferenceIndex(references), references[:5])) == 0


def test_the_first_look_s_numbers_by_hand() -> None:
    """Of two kinds of directions, one in which views move the points and one in which they do not."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((4000, 64)).astype(np.float32)
    views = np.repeat(points[:400, None], 10, axis=1)
    unstable = np.r_[1:12, 32:40]
    views[:, :, unstable] += 0.9 * rng.standard_normal((400, 10, len(unstable))).astype(np.float32)
    look = FirstLook.of(points, views, prior=0.0)
    assert look.even.shape == (31, NUMBERS)
    assert look.odd.shape == (32, NUMBERS)
    weights = np.zeros(64)
    weights[1:32], weights[32:] = np.linalg.norm(look.even, axis=1), np.linalg.norm(look.odd, axis=1)
    stable = np.setdiff1d(np.arange(1, 64), unstable)
    assert weights[unstable].max() < 0.2 * weights[stable].mean()
    # Among directions that no view changes, numbers are white: their second moments are the identity's.
    even = points[:, 1:32] @ look.even
    np.testing.assert_allclose(even.T @ even / len(points), np.eye(NUMBERS), atol=0.05)
    halves = look.numbers(points)
    np.testing.assert_allclose(sum((half**2).sum(axis=1) for half in halves), 1, atol=1e-5)
    assert not look.numbers(np.zeros((2, 64), np.float32))[0].any()


def test_the_mirror_image_turns_the_odd_numbers_of_the_first_look() -> None:
    references = faces(24, 200)
    index = ReferenceIndex(references)
    spectra = [shortlist._spectra(images, [(0, 0, 1.0)]) for images in (references, references[:, :, ::-1])]
    plain, mirrored = (index._first_look.numbers(index._as_points(*both)[:, 0]) for both in spectra)
    np.testing.assert_allclose(mirrored[0], plain[0], atol=1e-4)
    np.testing.assert_allclose(mirrored[1], -plain[1], atol=1e-4)


def test_neither_order_nor_chance_matter_to_the_first_look() -> None:
    references = faces(25, 900)
    order = np.random.default_rng(0).permutation(len(references))
    one, other = ReferenceIndex(references), ReferenceIndex(references[order])
    for half in range(2):
        ours, theirs = (
            one._first_look.numbers(one._points)[half],
            other._first_look.numbers(other._points)[half],
        )
        np.testing.assert_allclose(theirs @ theirs.T, (ours @ ours.T)[np.ix_(order, order)], atol=1e-3)


def test_tiles_are_filled_up_with_zeros() -> None:
    numbers = np.arange(1, (TILE + 3) * 4 + 1, dtype=np.float32).reshape(-1, 4)
    tiles = in_tiles(numbers)
    assert tiles.shape == (2, 4, TILE)
    np.testing.assert_array_equal(tiles.transpose(0, 2, 1).reshape(-1, 4)[: TILE + 3], numbers)
    assert not tiles[1, :, 3:].any()


@pytest.mark.parametrize("most", [1, 3, 8])
def test_the_most_alike_stay(most: int) -> None:
    rng = np.random.default_rng(1)
    points = rng.standard_normal((60, 64)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    views = np.repeat(points[:4, None], 2, axis=1)  # two views, the same
    halves = [points[:, part] for part in (slice(32), slice(32, 64))]
    hits: Hits = most_alike(
        [(halves[0][:4], halves[1][:4])], [in_tiles(half) for half in halves], -2.0, views, points, 0.05, most
    )
    even, odd = (half[:4] @ half.T for half in halves)
    both = np.stack([even + odd, even - odd], axis=2).reshape(4, -1)
    for query in range(4):
        best = np.argsort(-both[query])[: min(most, int((both[query] > 0.05).sum()))]
        here = hits.query == query
        assert (2 * hits.reference[here] + hits.mirrored[here]).tolist() == sorted(best.tolist())


def test_aligning_rows_of_banks_is_aligning_the_images() -> None:
    passed = band_pass(faces(26, 6))
    ours, theirs = np.array([3, 0, 3], np.int32), np.array([1, 5, 3], np.int32)
    mirrored = np.array([True, False, False])
    by_rows = align(passed, passed, iterations=3, rows=(ours, theirs), mirrored=mirrored)
    first = passed[ours]
    first[0] = first[0, :, ::-1]
    directly = align(first, passed[theirs], iterations=3)
    np.testing.assert_array_equal(by_rows.score, directly.score)
    np.testing.assert_array_equal(by_rows.warp, directly.warp)
    assert by_rows.score[2] == pytest.approx(1, abs=1e-5)


def test_the_warp_undoes_shift_zoom_and_shear() -> None:
    """Against an independent resampling: the second image at the displaced places is the first."""
    second = band_pass(faces(27, 4))
    true = np.array([[1.5, 1.0, -0.5, -1.0, 0.4, 0.8]], np.float32) / 48
    at = (np.arange(48) + 0.5) * 2 / 48 - 1
    y, x = np.meshgrid(at, at, indexing="ij")
    down = true[0, 0] + true[0, 1] * y + true[0, 2] * x
    right = true[0, 3] + true[0, 4] * y + true[0, 5] * x
    places = [(y + 1) * 24 - 0.5 + down * 48, (x + 1) * 24 - 0.5 + right * 48]
    first = np.stack([map_coordinates(image, places, order=1, mode="nearest") for image in second])
    found = align(first.astype(np.float32), second, iterations=12)
    np.testing.assert_allclose(found.warp * 48, np.repeat(true * 48, 4, axis=0), atol=0.05)
    assert (found.score > 0.999).all()


def test_more_iterations_never_align_worse() -> None:
    """Unrelated images run away from each other; the best iteration counts, not the last."""
    first, second = band_pass(faces(28, 40)), band_pass(faces(29, 40))
    fits = [align(first, second, iterations=iterations) for iterations in range(7)]
    scores = np.stack([fit.score for fit in fits])
    assert (np.diff(scores, axis=0) >= 0).all()
    assert (np.diff(scores, axis=0) > 0.01).any()
    for pair in range(40):  # the warp is that of the best iteration, too
        again = align(
            first[pair : pair + 1], second[pair : pair + 1], fits[-1].warp[pair : pair + 1], iterations=0
        )
        assert again.score[0] == pytest.approx(scores[-1, pair], abs=1e-5)
