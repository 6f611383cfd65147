"""The nearest image by SSIM is that of brute force; what the bound promises holds for every window."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.metrics import nearest, ssim_kernels
from feraug.metrics.nearest import nearest_by_ssim
from feraug.metrics.similarity import all_pairs_ssim, every_pair
from feraug.metrics.ssim_kernels import prepare, ssim_of_pairs
from feraug.sources.drawn import draw

Images = NDArray[np.uint8]
BOTH = pytest.mark.parametrize("variant", ["uniform", "gaussian"])


@pytest.fixture(scope="module")
def faces() -> Images:
    """Faces, noise and flat images."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 48), np.uint8)
    flat = np.arange(0, 250, 25, np.uint8)[:, None, None] * np.ones((48, 48), np.uint8)
    return np.concatenate([draw(0, range(300)), noise, flat])


@pytest.fixture(scope="module")
def queries() -> Images:
    """Other faces, the same ones a little brighter, noise, black."""
    brighter = np.clip(draw(0, range(0, 40, 2)).astype(int) + 9, 0, 255).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (5, 48, 48), np.uint8)
    return np.concatenate([draw(7, range(40)), brighter, noise, np.zeros((1, 48, 48), np.uint8)])


@BOTH
@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_is_lost(
    faces: Images, queries: Images, variant: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "ROWS_AT_ONCE", 50)
    full = all_pairs_ssim(queries, faces, variant)
    found = nearest_by_ssim(queries, faces, variant, threads=threads)
    assert np.array_equal(found.row, full.argmax(1))
    assert np.array_equal(found.ssim, full.max(1))
    assert found.row[40:60].tolist() == list(range(0, 40, 2))
    assert 0.1 < found.work < 0.95  # and something was saved


@BOTH
def test_on_a_device(faces: Images, queries: Images, variant: str) -> None:
    found = nearest_by_ssim(queries[30:45], faces[:50], variant, device="cpu")
    full = all_pairs_ssim(queries[30:45], faces[:50], variant)
    assert np.abs(found.ssim - full.max(1)).max() < 2e-6
    assert np.array_equal(found.row, full.argmax(1))
    assert found.work == 1.0


def test_leave_one_out_and_groups(faces: Images) -> None:
    images = np.concatenate([faces[:60], faces[:10]])  # the last ten are copies of the first
    groups = np.concatenate([np.arange(60), np.arange(10)])
    found = nearest_by_ssim(images, images, groups=groups, reference_groups=groups)
    full = all_pairs_ssim(images, images)
    full[groups[:, None] == groups[None]] = -2
    assert np.array_equal(found.row, full.argmax(1))
    assert np.array_equal(found.ssim, full.max(1))
    # Without a group every reference counts, and of equally near ones the first.
    free = nearest_by_ssim(images, images, groups=np.full(70, -1), reference_groups=groups)
    assert free.row.tolist() == [*range(60), *range(10)]
    assert free.ssim == pytest.approx(1.0)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_mirror_images_count_where_they_are_asked_for(faces: Images, device: str | None) -> None:
    images = np.concatenate([faces[:5], faces[5:10, :, ::-1], faces[40:60]])
    groups = np.append(np.arange(5), np.full(25, -1))  # the first five are not their own nearest
    told: list[tuple[int, int]] = []
    found = nearest_by_ssim(
        images, faces[:40], groups=groups, reference_groups=np.arange(40), mirrored=True, device=device,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    views = np.stack([all_pairs_ssim(view, faces[:40]) for view in (images, images[:, :, ::-1])])
    views[:, np.arange(5), np.arange(5)] = -2
    assert found.row[5:10].tolist() == [5, 6, 7, 8, 9] and found.mirrored[5:10].all()
    assert np.array_equal(found.row, views.max(0).argmax(1))
    np.testing.assert_allclose(found.ssim, views.max(0).max(1), atol=2e-6)
    assert np.array_equal(found.mirrored, views[1].max(1) > views[0].max(1))
    assert told[-1] == (2 * 30 * 40, 2 * 30 * 40)
    assert not nearest_by_ssim(images, faces[:40]).mirrored.any()


def test_a_mirror_image_that_is_no_nearer_does_not_count(faces: Images) -> None:
    references = np.concatenate([faces[:3, :, ::-1], faces[:3]])
    found = nearest_by_ssim(faces[:3], references, mirrored=True)
    assert found.row.tolist() == [3, 4, 5] and not found.mirrored.any(), (
        "the same as they are stand further on"
    )


def test_the_first_of_many_equals_is_found_in_any_order_of_work(faces: Images) -> None:
    references = np.concatenate([faces[:100], np.repeat(faces[3:4], 200, axis=0)])
    found = nearest_by_ssim(faces[3:5], references, groups=np.array([-1, 1]), reference_groups=np.arange(300))
    assert found.row[0] == 3


def test_nothing_allowed_nothing_there(faces: Images) -> None:
    one = nearest_by_ssim(faces[:1], faces[:1], groups=np.zeros(1, int), reference_groups=np.zeros(1, int))
    assert one.row.tolist() == [-1] and np.isnan(one.ssim).all()
    none = nearest_by_ssim(faces[:3], faces[:0])
    assert none.row.tolist() == [-1] * 3 and np.isnan(none.ssim).all()
    assert len(nearest_by_ssim(faces[:0], faces).row) == 0
    with pytest.raises(UsageError, match="one entry an image"):
        nearest_by_ssim(faces[:3], faces, groups=np.arange(2), reference_groups=np.arange(len(faces)))


def test_progress_ends_at_all_pairs(faces: Images, queries: Images) -> None:
    told: list[tuple[int, int]] = []
    nearest_by_ssim(queries, faces[:100], progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(queries) * 100,) * 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@BOTH
def test_what_is_abandoned_would_have_stayed_below(faces: Images, queries: Images, variant: str) -> None:
    a, b = prepare(queries, variant), prepare(faces, variant)
    ia, ib = every_pair(len(a), len(b))
    full, whole = ssim_of_pairs(a, b, ia, ib, np.full(len(ia), ssim_kernels.ABANDONED, np.float32))
    assert whole == len(ia)
    for needed in (-0.5, 0.0, 0.3, 0.9):
        some, work = ssim_of_pairs(a, b, ia, ib, np.full(len(ia), needed, np.float32))
        gone = some == ssim_kernels.ABANDONED
        assert (full[gone] < needed).all()
        assert np.array_equal(some[~gone], full[~gone])
        assert work <= len(ia)
    assert gone.any()


@BOTH
def test_no_window_is_above_the_bound(faces: Images, queries: Images, variant: str) -> None:
    """S <= L (2 sqrt(vw) + C2) / (v + w + C2) <= 1, as the proof says, window by window."""
    from skimage.metrics import structural_similarity

    options = {} if variant == "uniform" else {"gaussian_weights": True, "use_sample_covariance": False}
    a, b = prepare(queries, variant), prepare(faces, variant)
    side = 42 if variant == "uniform" else 38
    edge = (48 - side) // 2
    random = np.random.default_rng(2)
    for i, j in zip(random.integers(0, len(a), 40), random.integers(0, len(b), 40), strict=True):
        _, windows = structural_similarity(queries[i], faces[j], data_range=255, full=True, **options)
        means, spreads = [], []
        for prepared, number in ((a, i), (b, j)):
            squares = prepared.means[number, :, :side].astype(float) - ssim_kernels.C1 / 2
            means.append(np.sqrt(np.maximum(squares, 0)))
            spreads.append(prepared.variances[number, :, :side].astype(float) - ssim_kernels.C2 / 2)
        c1, c2 = ssim_kernels.C1, ssim_kernels.C2
        spreads = [np.maximum(spread, 0) for spread in spreads]
        luminance = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
        contrast = (2 * np.sqrt(spreads[0] * spreads[1]) + c2) / (spreads[0] + spreads[1] + c2)
        inner = windows[edge : 48 - edge, edge : 48 - edge]
        assert (inner <= luminance * contrast + 1e-5).all()
        assert (luminance * contrast <= 1 + 1e-6).all()


def test_groups_of_one_side_alone_are_refused(faces: Images) -> None:
    groups = np.arange(len(faces))
    for given in ({"groups": groups}, {"reference_groups": groups}):
        with pytest.raises(UsageError, match="give both, or none"):
            nearest_by_ssim(faces, faces, **given)
