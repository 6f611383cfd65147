"""Near copies: planted ones are found, unrelated images are not; what alignment and shortlist promise."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from tests.metrics.planted import Images, faces, shifted

from feraug.metrics import near_copies, shortlist
from feraug.metrics.alignment import align, band_pass
from feraug.metrics.near_copies import CopyPairs, find_near_copies, match_near_copies, near_copy_groups

TRAIN, VALIDATION, TEST = 0, 1, 2


def jpeg(image: Images) -> Images:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=90)
    return np.array(Image.open(stream))


def scaled(image: Images, contrast: float, brightness: float) -> Images:
    values = image.mean() + (image - image.mean()) * contrast + brightness * 255
    pixels: Images = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def window(image: Images) -> Images:
    return np.array(Image.fromarray(image[2:46, 2:46]).resize((48, 48), Image.Resampling.BICUBIC))


ALTERED: dict[str, Callable[[Images], Images]] = {
    "mirrored": lambda image: image[:, ::-1],
    "down": lambda image: shifted(image, 2, 0),
    "up and right": lambda image: shifted(image, -1, 2),
    "both by two": lambda image: shifted(image, -2, -2),
    "wrapped": lambda image: np.roll(image, (1, -2), (0, 1)),
    "brighter": lambda image: scaled(image, 1, 0.1),
    "darker": lambda image: scaled(image, 1, -0.1),
    "stronger": lambda image: scaled(image, 1.2, 0),
    "weaker": lambda image: scaled(image, 0.8, 0),
    "jpeg": jpeg,
    "mirrored and shifted": lambda image: shifted(image[:, ::-1], 2, -1),
    "mirrored and darker": lambda image: scaled(image[:, ::-1], 0.9, -0.1),
    "mirrored jpeg": lambda image: jpeg(image[:, ::-1]),
    "enlarged": window,
}


@pytest.mark.parametrize("kind", ALTERED)
def test_planted_copies_are_found_and_nothing_else(kind: str) -> None:
    references = faces(1, 400)
    sources = np.arange(0, 400, 8)
    planted = np.stack([ALTERED[kind](image) for image in references[sources]])
    found = match_near_copies(planted, references)
    assert found.query.tolist() == list(range(len(sources)))
    assert found.reference.tolist() == sources.tolist()
    assert (found.mirrored == kind.startswith("mirrored")).all()
    assert (found.score >= near_copies.MIN_SCORE).all()
    assert (found.score <= 1).all()


def test_unrelated_images_are_no_copies() -> None:
    found = match_near_copies(faces(2, 300), faces(3, 1500))
    assert len(found) == 0
    assert found.shift.shape == (0, 2)


def test_shift_and_zoom_are_told() -> None:
    references = faces(4, 40)
    moved = match_near_copies(np.stack([shifted(image, 2, -1) for image in references]), references)
    # What the reference shows at the centre, the query shows two pixels lower and one to the left.
    np.testing.assert_allclose(moved.shift, np.tile([[-2, 1]], (40, 1)), atol=0.1)
    np.testing.assert_allclose(moved.zoom, 1, atol=0.01)
    turned = match_near_copies(np.stack([shifted(image, 2, -1)[:, ::-1] for image in references]), references)
    assert turned.mirrored.all()
    np.testing.assert_allclose(turned.shift, np.tile([[-2, 1]], (40, 1)), atol=0.1)
    enlarged = match_near_copies(np.stack([window(image) for image in references]), references)
    np.testing.assert_allclose(enlarged.zoom, 44 / 48, atol=0.01)
    np.testing.assert_allclose(enlarged.shift, 0, atol=0.1)


def test_the_shortlist_loses_nothing_that_verification_would_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    references = faces(5, 60)
    planted = np.stack([alter(references[row]) for row, alter in enumerate(ALTERED.values())])
    quick = match_near_copies(planted, references)
    monkeypatch.setattr(shortlist, "MIN_PROPOSAL", -2.0)
    monkeypatch.setattr(near_copies, "MIN_COARSE_SCORE", -2.0)
    every_pair = match_near_copies(planted, references)
    assert quick.query.tolist() == every_pair.query.tolist() == list(range(len(ALTERED)))
    assert quick.reference.tolist() == every_pair.reference.tolist()


def test_find_near_copies_looks_from_validation_and_test_into_train() -> None:
    originals = faces(6, 120)
    split = np.full(120, TRAIN, np.uint8)
    split[60:90], split[90:] = VALIDATION, TEST
    images = originals.copy()
    images[60], images[61] = originals[3][:, ::-1], shifted(originals[4], 1, 1)
    images[90] = jpeg(originals[3])
    images[91] = originals[5]  # identical: not near
    images[92] = shifted(originals[62], 1, 0)  # validation against test does not count
    images[7] = scaled(originals[6], 0.9, 0)  # nor does train against train
    steps: list[tuple[int, int]] = []
    found = find_near_copies(images, split, progress=lambda done, total: steps.append((done, total)))
    assert np.flatnonzero(found.near_copy_in_train).tolist() == [60, 61, 90]
    assert found.nearest[[60, 61, 90]].tolist() == [3, 4, 3]
    assert (found.nearest[~found.near_copy_in_train] == -1).all()
    assert found.leaks == {"validation": 2, "test": 1}
    assert found.pairs.query.tolist() == [60, 61, 90]
    assert found.pairs.mirrored.tolist() == [True, False, False]
    assert steps[-1] == (60, 60)

    exclude = np.zeros(120, bool)
    exclude[[3, 61]] = True  # a training image and a query
    assert not find_near_copies(images, split, exclude=exclude).near_copy_in_train.any()


def test_copies_within_a_split_share_a_group_also_by_a_chain() -> None:
    originals = faces(6, 60)
    split = np.array([TRAIN, VALIDATION, TEST] * 20, np.uint8)
    images = originals.copy()
    images[5] = scaled(originals[2], 0.9, 0)
    images[14] = images[5]  # identical to 5, which is near 2
    images[56] = images[14][:, ::-1]
    images[4] = jpeg(originals[1])
    images[11] = jpeg(originals[4])  # test against validation: another split
    images[9] = scaled(originals[6], 0.9, 0)  # train is not looked at
    images[0] = images[3]
    exact = np.full(60, -1, np.int32)
    exact[[5, 14]], exact[[0, 3]] = 4, 1
    steps: list[tuple[int, int]] = []
    found = near_copy_groups(images, split, exact, progress=lambda *step: steps.append(step))
    assert {row: int(group) for row, group in enumerate(found) if group >= 0} == {
        1: 0, 4: 0, 2: 1, 5: 1, 14: 1, 56: 1,
    }  # fmt: skip
    assert found.dtype == np.int32
    assert steps == [(20, 40), (40, 40)]


def test_without_near_copies_groups_are_those_of_identical_images() -> None:
    exact = np.array([7, 7, -1, 7, 3, 3, -1, 3], np.int32)
    split = np.array([TEST, TEST, TEST, TRAIN, TEST, VALIDATION, VALIDATION, VALIDATION], np.uint8)
    found = near_copy_groups(faces(9, 8), split, exact)
    assert found.tolist() == [0, 0, -1, -1, -1, 1, -1, 1]
    assert near_copy_groups(faces(9, 3), np.zeros(3, np.uint8), exact[:3]).tolist() == [-1] * 3
    with pytest.raises(ValueError, match="one entry for each of the 8 images"):
        near_copy_groups(faces(9, 8), split, exact[:7])


def test_an_image_may_have_an_identical_and_a_near_copy() -> None:
    images = faces(7, 30)
    images[1] = images[0][:, ::-1]
    images[29] = images[0]
    found = find_near_copies(images, np.array([TRAIN] * 29 + [TEST], np.uint8))
    assert found.pairs.reference.tolist() == [1]
    assert found.nearest[29] == 1


def test_the_best_match_comes_first() -> None:
    references = faces(8, 50)
    references[10] = scaled(references[20], 1.0, 0.02)
    references[30] = window(window(references[20]))
    found = match_near_copies(jpeg(references[20])[None], references)
    assert sorted(found.reference.tolist()) == [10, 20, 30]
    assert found.reference[2] == 30
    assert (np.diff(found.score) <= 0).all()


def test_blank_and_flat_images_are_never_near_copies() -> None:
    blank = np.stack([np.full((48, 48), value, np.uint8) for value in (0, 0, 90, 255)])
    ripple = blank + (np.indices((48, 48)).sum(axis=0) % 2).astype(np.uint8)[None]  # one grey level of noise
    images = np.concatenate([blank, ripple[:2], faces(9, 20)])
    assert len(match_near_copies(images[:6], images)) == 0


def test_the_result_does_not_depend_on_the_order_of_rows() -> None:
    references = faces(10, 200)
    planted = np.stack([shifted(image, 1, -2) for image in references[:40]])
    order, other = np.random.default_rng(0).permutation(200), np.random.default_rng(1).permutation(40)
    direct = match_near_copies(planted, references)
    mixed = match_near_copies(planted[other], references[order])
    pairs = {(int(other[q]), int(order[r])) for q, r in zip(mixed.query, mixed.reference, strict=True)}
    assert pairs == set(zip(direct.query.tolist(), direct.reference.tolist(), strict=True))


def test_a_set_of_look_alikes_stays_affordable() -> None:
    base = faces(11, 1)[0].astype(int)
    rng = np.random.default_rng(0)
    alike = np.clip(base + rng.integers(-3, 4, (1500, 48, 48)), 0, 255).astype(np.uint8)
    found = match_near_copies(alike[:20], alike[20:])
    assert (np.bincount(found.query) == shortlist.MOST_PARTNERS).all()


@pytest.mark.parametrize("queries, references", [(0, 0), (0, 5), (5, 0), (1, 1)])
def test_tiny_sets(queries: int, references: int) -> None:
    found = match_near_copies(faces(12, queries), faces(13, references))
    assert isinstance(found, CopyPairs)
    assert len(found) == 0


def test_one_image_against_one() -> None:
    image = faces(14, 1)
    assert len(match_near_copies(image[:, :, ::-1], image)) == 1


def test_wrong_arrays_are_refused() -> None:
    images = faces(15, 4)
    with pytest.raises(ValueError, match="queries must be uint8"):
        match_near_copies(images.astype(np.float32), images)
    with pytest.raises(ValueError, match="references must be uint8"):
        match_near_copies(images, images[:, :40, :40])
    with pytest.raises(ValueError, match="one entry for each"):
        find_near_copies(images, np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="one entry for each"):
        find_near_copies(images, np.zeros(4, np.uint8), exclude=np.zeros(5, bool))


def test_band_pass_ignores_brightness_and_light() -> None:
    image = faces(16, 1)
    light = np.linspace(0, 30, 48).astype(np.uint8)
    lit = np.clip(image.astype(int) // 2 + light, 0, 255).astype(np.uint8)
    plain = (image // 2).astype(np.uint8)
    inner = np.s_[:, 8:40, 8:40]
    assert np.corrcoef(band_pass(lit)[inner].ravel(), band_pass(plain)[inner].ravel())[0, 1] > 0.99
    np.testing.assert_allclose(band_pass(np.full((1, 48, 48), 200, np.uint8)), 0, atol=1e-3)
    np.testing.assert_allclose(band_pass(image[:, :, ::-1]), band_pass(image)[:, :, ::-1], atol=1e-3)
    assert band_pass(image, half=True).shape == (1, 24, 24)


def test_aligning_an_image_with_itself_is_perfect() -> None:
    passed = band_pass(faces(17, 5))
    fit = align(passed, passed, iterations=2)
    np.testing.assert_allclose(fit.score, 1, atol=1e-5)
    np.testing.assert_allclose(fit.warp, 0, atol=1e-5)
    assert align(passed, np.zeros_like(passed), iterations=2).score.tolist() == [0] * 5
