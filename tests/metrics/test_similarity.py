"""SSIM against scikit-image: drawn faces, flat images, edges, anything; pairs, blocks, devices."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from feraug.errors import UsageError
from feraug.metrics import similarity
from feraug.metrics.similarity import all_pairs_ssim, paired_ssim
from feraug.metrics.threads import in_threads
from feraug.sources.drawn import draw

Images = NDArray[np.uint8]
OPTIONS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "gaussian": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
}
BOTH = pytest.mark.parametrize("variant", ["uniform", "gaussian"])


def skimage(a: Images, b: Images, variant: str) -> NDArray[np.float64]:
    return np.array(
        [[structural_similarity(x, y, data_range=255, **OPTIONS[variant]) for y in b] for x in a]
    ).reshape(len(a), len(b))


def awkward() -> Images:
    """Images where means, variances or covariances vanish or are as large as they can be."""
    rows, columns = np.indices((48, 48))
    flats = [np.full((48, 48), level) for level in (0, 1, 128, 254, 255)]
    checks = (rows + columns) % 2 * 255
    half = np.where(columns < 24, 0, 255)
    spot = np.zeros((48, 48), int)
    spot[20, 30] = 255
    near_white = np.full((48, 48), 255)
    near_white[::5, ::3] = 254
    return np.array(
        [*flats, checks, 255 - checks, half, 255 - half, spot, 255 - spot, near_white, columns * 5]
    ).astype(np.uint8)


@BOTH
def test_drawn_faces(variant: str) -> None:
    a, b = draw(0, range(12)), draw(1, range(17))
    found = all_pairs_ssim(a, b, variant)
    assert (found.shape, found.dtype) == ((12, 17), np.float32)
    assert np.abs(found - skimage(a, b, variant)).max() < 2e-6


@BOTH
def test_flat_black_and_extreme_images(variant: str) -> None:
    images = awkward()
    found = all_pairs_ssim(images, images, variant)
    assert np.abs(found - skimage(images, images, variant)).max() < 2e-6
    assert np.allclose(np.diagonal(found), 1.0, atol=1e-6)
    assert np.abs(found - found.T).max() < 2e-6


@BOTH
@pytest.mark.parametrize("device", [None, "cpu"])
def test_rounding_leads_above_1_nowhere(variant: str, device: str | None) -> None:
    """A histogram up to 1 would leave such pairs out: those of a generator that makes one image."""
    levels = np.array([0, 1, 2, *range(23, 29), 31, 128, 237, 253, 255], np.uint8)  # those that round so
    flat = np.repeat(levels, 48 * 48).reshape(-1, 48, 48)
    alike = np.diagonal(all_pairs_ssim(flat, flat, variant, device=device))
    assert alike.max() <= 1.0 and alike.min() > 1 - 1e-6


@st.composite
def images(draw_from: st.DrawFn) -> Images:
    """Blocks of a few sizes at levels in a range, with or without noise on top."""
    random = np.random.default_rng(draw_from(st.integers(0, 2**32)))
    low, high = sorted((draw_from(st.integers(0, 255)), draw_from(st.integers(0, 255))))
    side = draw_from(st.sampled_from([1, 2, 3, 7, 8, 24, 48]))
    levels = random.integers(low, high + 1, (-(-48 // side), -(-48 // side)))
    image = levels.repeat(side, 0).repeat(side, 1)[:48, :48]
    noise = draw_from(st.sampled_from([0, 1, 20]))
    return np.clip(image + random.integers(-noise, noise + 1, (48, 48)), 0, 255).astype(np.uint8)


@BOTH
@settings(max_examples=60, deadline=None)
@given(x=images(), y=images())
def test_any_images(variant: str, x: Images, y: Images) -> None:
    found = all_pairs_ssim(x[None], np.stack([y, x]), variant)[0]
    assert abs(found[0] - skimage(x[None], y[None], variant)[0, 0]) < 1e-5
    assert abs(found[1] - 1.0) < 2e-6


@BOTH
def test_in_pairs(variant: str) -> None:
    a, b = awkward(), awkward()[::-1]
    found = paired_ssim(a, b, variant)
    assert found.dtype == np.float32
    assert np.array_equal(found, np.diagonal(all_pairs_ssim(a, b, variant)))


@BOTH
def test_the_same_on_a_device(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.metrics import ssim_torch

    monkeypatch.setattr(ssim_torch, "_BLOCK", {"uniform": (5, 7), "gaussian": (5, 7)})  # ragged ends
    a = np.concatenate([awkward(), draw(0, range(3))])
    b = np.concatenate([draw(2, range(5)), awkward()])
    on_device = all_pairs_ssim(a, b, variant, device="cpu")
    assert np.abs(on_device - all_pairs_ssim(a, b, variant)).max() < 2e-6


@BOTH
@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_change_nothing(
    variant: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = draw(0, range(11)), draw(1, range(10))
    whole = all_pairs_ssim(a, b, variant)
    monkeypatch.setattr(similarity, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(similarity, "TILE", 3)
    assert np.array_equal(all_pairs_ssim(a, b, variant, threads=threads), whole)
    assert np.array_equal(paired_ssim(a[:10], b, variant, threads=threads), np.diagonal(whole))


def test_none_and_one() -> None:
    faces = draw(0, range(2))
    assert all_pairs_ssim(faces[:0], faces).shape == (0, 2)
    assert all_pairs_ssim(faces, faces[:0]).shape == (2, 0)
    assert paired_ssim(faces[:0], faces[:0]).shape == (0,)
    assert all_pairs_ssim(faces[:1], faces[:1]) == pytest.approx(1.0)
    strided = np.stack([faces, faces], axis=-1)[..., 0]  # not contiguous
    assert np.array_equal(
        all_pairs_ssim(strided, faces[:, :, ::-1]), all_pairs_ssim(faces, faces[:, :, ::-1])
    )


def test_memory_stays_bounded() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3000, 48, 48), np.uint8)
    all_pairs_ssim(images[:1], images[:1])  # compiled
    tracemalloc.start()
    try:
        all_pairs_ssim(images, images[:100])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6  # prepared whole, they would take 75 MB


@pytest.mark.parametrize(
    ("a", "variant", "words"),
    [
        (np.zeros((2, 48, 48)), "uniform", "uint8"),
        (np.zeros((2, 47, 48), np.uint8), "uniform", r"\(2, 47, 48\)"),
        (np.zeros((48, 48), np.uint8), "uniform", r"\(N, 48, 48\)"),
        (np.zeros((1, 48, 48), np.uint8), "ms", "known: uniform, gaussian"),
    ],
)
def test_what_cannot_be_compared(a: Any, variant: str, words: str) -> None:
    other = np.zeros((2, 48, 48), np.uint8)
    with pytest.raises(UsageError, match=words):
        all_pairs_ssim(a, other, variant)
    with pytest.raises(UsageError, match=words):
        paired_ssim(other, a, variant)


def test_unequal_pairs_and_unknown_devices() -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    with pytest.raises(UsageError, match="2 and 1 are not as many"):
        paired_ssim(images, images[:1])
    with pytest.raises(UsageError, match="device 'abacus'"):
        all_pairs_ssim(images, images, device="abacus")
    np.testing.assert_array_equal(all_pairs_ssim(images, images, device="auto").shape, (len(images),) * 2)


def test_threads_take_items_as_needed_and_stop_with_the_caller() -> None:
    taken: list[int] = []
    gate = threading.Event()

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_threads(lambda number: gate.wait(10) and number, items(), 2)
    gate.set()
    assert next(results) is not None
    results.close()  # type: ignore[attr-defined]
    assert len(taken) < 20


def test_a_failure_in_a_thread_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda number: 1 // number, range(9, -1, -1), 2))
