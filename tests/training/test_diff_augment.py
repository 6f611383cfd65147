"""Differentiable augmentation against plain loops written from Zhao et al. (2020), section 3.2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.training.diff_augment import AugmentedJudge, brightness, cutout, translation

Array = NDArray[np.float64]
Policy = Callable[[Tensor, Tensor], Tensor]
SIDES = [10, 16]  # squares of odd and even side
EXTREMES = [0.0, 0.999, float(np.float32(1 - 2**-24))]  # the last is the largest float32 below 1


def brightness_by_loop(image: Array, draws: Array) -> Array:
    made = np.empty_like(image)
    for place in np.ndindex(image.shape):
        made[place] = image[place] + (draws[0] - 0.5)
    return made


def translation_by_loop(image: Array, draws: Array) -> Array:
    side = image.shape[1]
    most = round(side / 8)
    down, right = (int(np.floor(draw * (2 * most + 1))) - most for draw in draws[1:3])
    made = np.zeros_like(image)
    for channel, row, column in np.ndindex(image.shape):
        if 0 <= row + down < side and 0 <= column + right < side:
            made[channel, row + down, column + right] = image[channel, row, column]
    return made


def cutout_by_loop(image: Array, draws: Array) -> Array:
    side = image.shape[1]
    size = round(side / 2)
    # The centre of an even square is a corner between pixels, of which there is one more.
    centres = [int(np.floor(draw * (side if size % 2 else side + 1))) for draw in draws[3:5]]
    made = image.copy()
    for channel, row, column in np.ndindex(image.shape):
        inside = [
            centre - size // 2 <= place < centre - size // 2 + size
            for place, centre in zip((row, column), centres, strict=True)
        ]
        if all(inside):
            made[channel, row, column] = 0.0
    return made


POLICIES: list[tuple[Policy, Callable[[Array, Array], Array]]] = [
    (brightness, brightness_by_loop),
    (translation, translation_by_loop),
    (cutout, cutout_by_loop),
]


def images(count: int, side: int, channels: int = 1) -> Tensor:
    random = torch.Generator().manual_seed(side)
    return torch.rand(count, channels, side, side, generator=random, dtype=torch.float64) + 0.5  # never 0


def rows(count: int) -> Tensor:
    return torch.rand(count, 5, generator=torch.Generator().manual_seed(3))


def constant(values: list[float], place: int | None = None) -> Tensor:
    """Draws of each value: in all five places, or in one with 0.5 in the others."""
    drawn = torch.full((len(values), 5), 0.5)
    drawn[:, slice(None) if place is None else slice(place, place + 1)] = torch.tensor(values)[:, None]
    return drawn


def assert_same(made: Tensor, given: Tensor, draws: Tensor, by_loop: Callable[[Array, Array], Array]) -> None:
    for image, original, row in zip(made, given, draws, strict=True):
        expected = by_loop(original.numpy(), row.double().numpy())
        np.testing.assert_allclose(image.numpy(), expected, atol=1e-7)


@pytest.mark.parametrize(("policy", "by_loop"), POLICIES)
@pytest.mark.parametrize("side", SIDES)
def test_policies_are_what_the_paper_says(
    policy: Policy, by_loop: Callable[[Array, Array], Array], side: int
) -> None:
    given, draws = images(8, side, channels=2), rows(8)
    assert_same(policy(given, draws), given, draws, by_loop)


@pytest.mark.parametrize(("policy", "by_loop"), POLICIES)
@pytest.mark.parametrize("side", [*SIDES, 48])
def test_policies_at_the_ends_of_the_draws(
    policy: Policy, by_loop: Callable[[Array, Array], Array], side: int
) -> None:
    given = images(1, side).expand(len(EXTREMES), -1, -1, -1)
    assert_same(policy(given, constant(EXTREMES)), given, constant(EXTREMES), by_loop)


def test_brightness_reaches_half_of_the_range_down_and_up() -> None:
    change = brightness(torch.zeros(2, 1, 48, 48), constant([0.0, 0.999], place=0))
    assert change[:, 0].amin((1, 2)).tolist() == pytest.approx([-0.5, 0.499])
    assert change[:, 0].amax((1, 2)).tolist() == pytest.approx([-0.5, 0.499])


def test_every_shift_up_to_an_eighth_comes_equally_often() -> None:
    draws = torch.full((13 * 4, 5), 0.5)
    draws[:, 1] = (torch.arange(13 * 4) + 0.5) / (13 * 4)
    image = torch.zeros(1, 1, 48, 48)
    image[0, 0, 20, 30] = 1.0
    shifted = translation(image.expand(len(draws), -1, -1, -1), draws)
    places = [divmod(int(place), 48) for place in shifted.flatten(1).argmax(1)]
    assert places == [(20 + shift, 30) for shift in range(-6, 7) for _ in range(4)]


def test_cutout_leaves_the_rest_and_its_square_may_pass_the_rim() -> None:
    zeros = (cutout(images(4, 48), constant([0.0, 0.25, 0.5, 0.999])) == 0).sum((1, 2, 3))
    assert zeros.tolist() == [12 * 12, 24 * 24, 24 * 24, 12 * 12]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [(brightness, 16 * 16), (translation, 14 * 14), (cutout, 16 * 16 - 4 * 4)],
    ids=["brightness", "translation", "cutout"],
)
def test_gradients_reach_the_pixels_that_are_still_seen(policy: Policy, kept: int) -> None:
    given = images(2, 16).requires_grad_()
    made = policy(given, constant([0.0, 0.0]))
    (gradient,) = torch.autograd.grad(made.sum(), given)
    assert set(gradient.flatten().tolist()) <= {0.0, 1.0}
    assert gradient.sum((1, 2, 3)).tolist() == [kept, kept]


class Judge(nn.Module):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Tensor] = []
        self.weight = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def features(self, x: Tensor) -> Tensor:
        return self.weight * x

    def forward(self, x: Tensor, *classes: Tensor) -> Tensor:
        self.shown.append(x)
        scores = self.weight * x.mean((1, 2, 3))
        return scores + classes[0] if classes else scores


def augmented(*policies: str) -> tuple[AugmentedJudge, Judge, Callable[[], int]]:
    judge, calls = Judge(), [0]

    def draws(count: int) -> Tensor:
        calls[0] += 1
        return torch.full((count, 5), 0.1 * calls[0])

    return AugmentedJudge(judge, policies, draws), judge, lambda: calls[0]


def test_augmented_judge_s_features_are_of_images_as_they_are() -> None:
    seen, judge, calls = augmented("brightness", "translation", "cutout")
    given = images(2, 16)
    assert torch.equal(seen.features(given), judge.features(given))
    assert calls() == 0
    assert not torch.equal(seen(given), judge(given))


@pytest.mark.parametrize(
    "chosen",
    [(), ("brightness",), ("translation",), ("cutout",), ("cutout", "brightness"),
     ("cutout", "translation", "brightness")],
)  # fmt: skip
def test_only_the_chosen_policies_act_in_one_order(chosen: tuple[str, ...]) -> None:
    seen, judge, _ = augmented(*chosen)
    given = images(2, 16)
    seen(given)
    expected, draws = given, torch.full((2, 5), 0.1)
    for policy, _by_loop in POLICIES:
        if policy.__name__ in chosen:
            expected = policy(expected, draws)
    assert torch.equal(judge.shown[0], expected)


def test_every_call_has_fresh_draws_and_classes_pass_through() -> None:
    seen, judge, calls = augmented("brightness")
    given = images(2, 16)
    scores = [seen(given, torch.tensor([0.0, 5.0])) for _ in range(2)]
    assert calls() == 2
    assert (scores[1] - scores[0]).tolist() == pytest.approx([0.2, 0.2])  # 2 (0.2 - 0.1)
    plain = judge(given)
    assert (scores[0] - plain).tolist() == pytest.approx([-0.8, 4.2])  # 2 (0.1 - 0.5), and the class


def test_gradients_pass_through_the_augmented_judge_to_images_and_weights() -> None:
    seen, judge, _ = augmented("brightness", "translation", "cutout")
    given = images(2, 16).requires_grad_()
    to_images, to_weight = torch.autograd.grad(seen(given).sum(), [given, judge.weight])
    assert to_images.abs().max() > 0
    assert to_weight != 0
