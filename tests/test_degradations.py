"""Faces made worse: nothing at strength 0, more at more, by hand where that can be done."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.config import DEGRADATIONS, CompareConfig, PhotosConfig
from feraug.config.tasks import degradations
from feraug.data.degradations import KINDS, degrade, levels
from feraug.errors import UsageError
from feraug.sources.drawn import draw

Images = NDArray[np.uint8]
EACH = pytest.mark.parametrize("name", DEGRADATIONS)


@pytest.fixture(scope="module")
def faces() -> Images:
    return draw(0, range(6))


def distance(a: Images, b: Images) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@EACH
def test_nothing_at_strength_0_and_the_same_for_a_seed(name: str, faces: Images) -> None:
    before = faces.copy()
    nothing = degrade(faces, name, 0.0)
    np.testing.assert_array_equal(nothing, faces)
    assert nothing is not faces
    strong = degrade(faces, name, 1.0, seed=3)
    assert strong.shape == faces.shape and strong.dtype == np.uint8
    np.testing.assert_array_equal(degrade(faces, name, 1.0, seed=3), strong)
    np.testing.assert_array_equal(faces, before)
    # An image's draws do not depend on how many follow.
    np.testing.assert_array_equal(degrade(faces[:2], name, 1.0, seed=3), strong[:2])
    by_chance = name not in ("flip", "contrast", "blur", "jpeg")
    assert (degrade(faces, name, 1.0, seed=4) != strong).any() == by_chance
    assert degrade(faces[:0], name, 1.0).shape == (0, 48, 48)


@EACH
def test_more_strength_is_further_away(name: str, faces: Images) -> None:
    found = [distance(one.of(faces), faces) for one in levels([name])]
    assert found == sorted(found) and found[0] > 0.5
    assert len({one.amount for one in levels([name])}) == len(found) == len(KINDS[name].strengths)


def test_all_are_known_by_name() -> None:
    assert tuple(KINDS) == DEGRADATIONS
    assert len(levels(DEGRADATIONS)) == 3 * 9 + 1
    assert all(0 < one.strength <= 1 for one in levels(DEGRADATIONS))


def test_noise_has_its_spread_and_is_the_same_at_every_strength() -> None:
    grey = np.full((4, 48, 48), 128, np.uint8)
    weak, strong = (degrade(grey, "noise", strength).astype(float) - 128 for strength in (0.2, 0.4))
    assert weak.std() == pytest.approx(9, rel=0.05) and abs(weak.mean()) < 0.5
    assert np.abs(strong - 2 * weak).max() <= 1.5


def test_what_can_be_done_by_hand(faces: Images) -> None:
    np.testing.assert_array_equal(degrade(faces, "flip", 0.3), faces[:, :, ::-1])
    flat = np.repeat(np.uint8([0, 200])[:, None, None], 48, 1).repeat(48, 2)
    for name in ("contrast", "blur", "rotate", "scale", "shift"):
        np.testing.assert_array_equal(degrade(flat, name, 1.0), flat)
    two = np.where(np.arange(48) < 24, 0, 200).astype(np.uint8)[None, None].repeat(48, 1)
    assert set(np.unique(degrade(two, "contrast", 1.0))) == {75, 125}  # a quarter of 100 about 100
    file = BytesIO()
    Image.fromarray(faces[0]).save(file, format="JPEG", quality=5)
    np.testing.assert_array_equal(degrade(faces[:1], "jpeg", 1.0)[0], np.asarray(Image.open(file)))


def test_shifts_are_of_whole_pixels_and_repeat_the_rim(faces: Images) -> None:
    moved = degrade(faces[:1], "shift", 1.0)[0]
    places = [
        (down, right)
        for down in range(-12, 13)
        for right in range(-12, 13)
        if np.array_equal(
            moved[max(0, down) : 48 + min(0, down), max(0, right) : 48 + min(0, right)],
            faces[0][max(0, -down) : 48 + min(0, -down), max(0, -right) : 48 + min(0, -right)],
        )
    ]
    ((down, right),) = places
    assert 11 <= np.hypot(down, right) <= 13
    rim = np.pad(faces[0], 12, mode="edge")
    np.testing.assert_array_equal(moved, rim[12 - down : 60 - down, 12 - right : 60 - right])


def test_turned_and_scaled_by_what_is_said() -> None:
    """A bright spot above the middle, at 12 pixels."""
    spot = np.zeros((40, 48, 48), np.uint8)
    spot[:, 10:13, 22:26] = 255

    def middle(images: Images) -> NDArray[np.float64]:
        weights = images / images.sum((1, 2), keepdims=True, dtype=float)
        y, x = (np.arange(48) - 23.5 for _ in range(2))
        return np.stack([(weights.sum(1) * x).sum(1), (weights.sum(2) * y).sum(1)], 1)

    turned = middle(degrade(spot, "rotate", 1.0))
    angle = np.rad2deg(np.arctan2(turned[:, 0], -turned[:, 1]))
    assert set(np.round(angle / 45).astype(int)) == {-1, 1}
    assert np.abs(np.abs(angle) - 45).max() < 1
    factor = np.hypot(*middle(degrade(spot, "scale", 1.0)).T) / np.hypot(*middle(spot).T)
    large = factor > 1
    assert 5 < large.sum() < 35
    assert np.abs(factor[large] - 1.5).max() < 0.05 and np.abs(factor[~large] - 1 / 1.5).max() < 0.05


def test_a_square_is_hidden_and_a_watermark_is_white() -> None:
    black = np.zeros((200, 48, 48), np.uint8)
    hidden = degrade(black, "occlude", 1.0) > 0
    assert set(hidden.sum((1, 2))) <= {0, 24 * 24}
    assert hidden.any((0, 1)).all() and hidden.any((0, 2)).all()  # in every row and column
    marked = degrade(black, "watermark", 1.0)
    assert set(np.unique(marked)) == {0, 153}  # 60 % of 255
    assert 0.05 < (marked > 0).mean() < 0.3
    assert not (degrade(np.full((1, 48, 48), 255, np.uint8), "watermark", 1.0) < 255).any()


@pytest.mark.parametrize(
    ("images", "name", "strength", "seed", "words"),
    [
        (np.zeros((2, 48, 47), np.uint8), "noise", 1.0, 0, r"uint8 \(N, 48, 48\)"),
        (np.zeros((2, 48, 48)), "noise", 1.0, 0, "float64"),
        (np.zeros((2, 48, 48), np.uint8), "noize", 1.0, 0, "unknown 'noize' .did you mean 'noise'"),
        (np.zeros((2, 48, 48), np.uint8), "noise", 1.1, 0, "from 0 to 1, not 1.1"),
        (np.zeros((2, 48, 48), np.uint8), "noise", float("nan"), 0, "not nan"),
        (np.zeros((2, 48, 48), np.uint8), "noise", 1.0, -1, "seed: -1 is not a whole number"),
        (np.zeros((2, 48, 48), np.uint8), "noise", "a", 0, "from 0 to 1, not a"),
        (np.zeros((2, 48, 48), np.uint8), "noise", 1.0, 1.5, "seed: 1.5 is not a whole number"),
    ],
)
def test_what_cannot_be_degraded(images: Any, name: str, strength: Any, seed: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        degrade(images, name, strength, seed=seed)


def test_names_as_they_are_typed() -> None:
    assert degradations(" JPEG,noise,, jpeg") == ("noise", "jpeg")
    assert degradations("blur", "noise") == ("noise", "blur")
    assert degradations("all") == degradations("noise,all") == DEGRADATIONS
    assert degradations() == ()
    for text in ("", " , "):
        with pytest.raises(UsageError, match="--degrade: names none; known: noise, watermark"):
            degradations(text)
    for kind in (CompareConfig, PhotosConfig):
        assert kind(degrade=("blur,noise",)).degrade == ("noise", "blur")
        with pytest.raises(UsageError, match="unknown 'blurr'"):
            kind(degrade=("blurr",))


@pytest.mark.parametrize("strength", [1 / 3, 2 / 3, 1.0])
def test_between_the_ends_strengths_are_what_is_said(strength: float, faces: Images) -> None:
    edge = np.where(np.arange(48) < 24, 20, 220).astype(np.uint8)[None, None].repeat(48, 1)
    slope = np.diff(degrade(edge, "blur", strength)[0, 24].astype(float)) / 200
    spread = np.sqrt((slope * (np.arange(47) - 23) ** 2).sum())
    assert spread == pytest.approx(2.25 * strength, rel=0.03)
    left = 1 - 0.75 * strength
    assert set(np.unique(degrade(edge, "contrast", strength))) == {
        round(120 - 100 * left), round(120 + 100 * left),
    }  # fmt: skip
    file = BytesIO()
    Image.fromarray(faces[0]).save(file, format="JPEG", quality=round(95 - 90 * strength))
    np.testing.assert_array_equal(degrade(faces[:1], "jpeg", strength)[0], np.asarray(Image.open(file)))


def test_kinds_are_drawn_each_on_its_own() -> None:
    """Else what is turned left would always be what is shrunk."""
    spot = np.zeros((40, 48, 48), np.uint8)
    spot[:, 8:12, 22:26] = 255
    turned = degrade(spot, "rotate", 1.0)
    left = turned[:, :, :24].any((1, 2))
    large = degrade(spot, "scale", 1.0).sum((1, 2), dtype=int) > spot.sum((1, 2), dtype=int)
    assert len(set(zip(left.tolist(), large.tolist(), strict=True))) == 4
