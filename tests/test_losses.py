"""Losses against values computed by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from feraug.losses import (
    binary_cross_entropy,
    face_quality,
    gradient_penalty,
    l1,
    least_squares,
    relativistic,
    wasserstein,
    weighted_cross_entropy,
    weighted_cycle,
    zero_centred_penalty,
)
from feraug.objectives.classification import Classification, LabelledBatch


def log_sigmoid(score: float) -> float:
    return -math.log(1.0 + math.exp(-score))


def softplus(x: float) -> float:
    return math.log(1.0 + math.exp(x))


class Linear(nn.Module):
    """x -> w x for images of two pixels: its gradient is w everywhere."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weights


def half_square(images: Tensor) -> Tensor:
    """|x|^2 / 2: its gradient is x itself."""
    return images.square().flatten(1).sum(1) / 2


def pixels(*values: float) -> Tensor:
    """Images of one pixel each."""
    return torch.tensor(values).view(-1, 1, 1, 1)


def two_pixels(count: int = 3) -> Tensor:
    return torch.linspace(-1, 1, 2 * count).view(count, 1, 1, 2)


HALVES = torch.full((3, 1, 1, 1), 0.5)


def test_least_squares_by_hand() -> None:
    scores = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    assert least_squares(scores, 1.0).item() == pytest.approx((1 + 0 + 1 + 4) / 4)
    assert least_squares(scores, 0.0).item() == pytest.approx((0 + 1 + 4 + 1) / 4)
    assert least_squares(scores, 0.9).item() == pytest.approx((0.81 + 0.01 + 1.21 + 3.61) / 4)


@pytest.mark.parametrize("target", [0.0, 0.9, 1.0])
def test_cross_entropy_by_hand(target: float) -> None:
    scores = [0.0, 2.0, -1.5]
    by_hand = [-(target * log_sigmoid(s) + (1 - target) * log_sigmoid(-s)) for s in scores]
    assert binary_cross_entropy(torch.tensor(scores), target).item() == pytest.approx(sum(by_hand) / 3)
    assert binary_cross_entropy(torch.zeros(4), target).item() == pytest.approx(math.log(2))


def test_cross_entropy_of_a_very_sure_discriminator_is_finite() -> None:
    assert binary_cross_entropy(torch.tensor([-1000.0]), 1.0).item() == 1000.0


LOGITS = ((0.0, 1.0, -2.0), (3.0, 0.5, 0.5))


def log_softmax(logits: tuple[float, ...]) -> list[float]:
    return [logit - math.log(sum(map(math.exp, logits))) for logit in logits]


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_weighted_cross_entropy_by_hand(smoothing: float) -> None:
    labels, weights = (1, 2), (0.5, 3.0)
    by_hand = [
        -weight
        * sum(((1 - smoothing) * (k == label) + smoothing / 3) * log_softmax(row)[k] for k in range(3))
        for row, label, weight in zip(LOGITS, labels, weights, strict=True)
    ]
    loss = weighted_cross_entropy(
        torch.tensor(LOGITS), torch.tensor(labels), torch.tensor(weights), smoothing
    )
    assert loss.item() == pytest.approx(sum(by_hand) / 2), "the mean is over images, not over weights"


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_mixup_s_loss_is_cross_entropy_with_interpolated_targets(smoothing: float) -> None:
    mix, labels, others = (0.25, 0.9), (1, 2), (0, 1)
    by_hand = 0.0
    for row, share, label, other in zip(LOGITS, mix, labels, others, strict=True):
        target = [share * (k == label) + (1 - share) * (k == other) for k in range(3)]
        target = [(1 - smoothing) * value + smoothing / 3 for value in target]
        by_hand -= sum(value * log for value, log in zip(target, log_softmax(row), strict=True)) / 2
    batch = LabelledBatch(
        torch.zeros(2, 1, 1, 1), torch.tensor(labels), torch.ones(2),
        torch.tensor(mix), torch.tensor(others), torch.ones(2),
    )  # fmt: skip
    assert Classification(smoothing).loss(torch.tensor(LOGITS), batch).item() == pytest.approx(by_hand)


def test_mixup_weighs_each_face_s_share_by_its_own_weight() -> None:
    own, other = (-log_softmax(LOGITS[0])[label] for label in (1, 2))
    batch = LabelledBatch(
        torch.zeros(1, 1, 1, 1), torch.tensor([1]), torch.tensor([2.0]),
        torch.tensor([0.25]), torch.tensor([2]), torch.tensor([0.5]),
    )  # fmt: skip
    loss = Classification().loss(torch.tensor(LOGITS[:1]), batch)
    assert loss.item() == pytest.approx(0.25 * 2.0 * own + 0.75 * 0.5 * other)


def test_classification_without_mixup_is_weighted_cross_entropy() -> None:
    logits, labels, weights = torch.tensor(LOGITS), torch.tensor([1, 2]), torch.tensor([0.5, 3.0])
    loss = Classification(0.1).loss(logits, LabelledBatch(torch.zeros(2, 1, 1, 1), labels, weights))
    assert loss.item() == weighted_cross_entropy(logits, labels, weights, 0.1).item()


def test_l1_by_hand() -> None:
    images = torch.tensor([[0.5, -1.0], [1.0, 0.0]])
    originals = torch.tensor([[0.0, 1.0], [1.0, -0.5]])
    assert l1(images, originals).item() == pytest.approx((0.5 + 2.0 + 0.0 + 0.5) / 4)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_weighted_cycle_by_hand(gamma: float) -> None:
    real = torch.zeros(2, 1, 1, 2)
    recovered = torch.tensor([[0.5, -0.1], [1.0, 0.0]]).view(2, 1, 1, 2)
    pixel_means = (0.6 / 2, 1.0 / 2)
    real_features = torch.ones(2, 3, 1, 1)
    recovered_features = torch.tensor([[1.0, 4.0, 1.0], [-1.0, 2.0, 7.0]]).view(2, 3, 1, 1)
    feature_means = (3 / 3, (2 + 1 + 6) / 3)
    quality = torch.tensor([1.0, 0.25])
    by_hand = [
        weight * (gamma * features + (1 - gamma) * pixels)
        for weight, features, pixels in zip((1.0, 0.25), feature_means, pixel_means, strict=True)
    ]
    loss = weighted_cycle(recovered, real, recovered_features, real_features, quality, gamma)
    assert loss.item() == pytest.approx(sum(by_hand) / 2)


def test_weighted_cycle_at_gamma_0_and_full_quality_is_l1() -> None:
    real, recovered = torch.rand(2, 3, 1, 4, 4)
    features = torch.full((3, 5), math.pi)
    loss = weighted_cycle(recovered, real, features, -features, torch.ones(3), 0.0)
    assert loss.item() == pytest.approx(l1(recovered, real).item())


def test_face_quality_is_the_clipped_mean_score_of_maps_and_flat_scores() -> None:
    maps = torch.tensor([[0.0, 0.5], [3.0, 1.0], [-4.0, 1.0], [1.0, 0.6]]).view(4, 1, 1, 2)
    assert face_quality(maps).tolist() == pytest.approx([0.25, 1.0, 0.0, 0.8])
    assert face_quality(torch.tensor([0.25, 2.0, -1.5])).tolist() == [0.25, 1.0, 0.0]


def test_face_quality_passes_no_gradient() -> None:
    scores = torch.tensor([0.2, 0.4], requires_grad=True)
    assert not face_quality(scores).requires_grad


def test_wasserstein_is_positive_when_real_faces_score_higher() -> None:
    assert wasserstein(torch.tensor([3.0, 1.0]), torch.tensor([-1.0, 0.0])).item() == 2.5
    assert wasserstein(torch.tensor([-1.0]), torch.ones(2, 1, 3, 3)).item() == -2.0


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 4.0), (-3.0, 4.0), (0.5, 0.25)])
def test_gradient_penalty_of_a_linear_critic(slope: float, penalty: float) -> None:
    critic = Linear(0.6 * slope, 0.8 * slope)
    loss = gradient_penalty(critic, two_pixels(), -two_pixels(), HALVES)
    assert loss.item() == pytest.approx(penalty, abs=1e-6)


def test_gradient_penalty_s_gradient_by_hand() -> None:
    critic = Linear(3.0, 4.0)
    loss = gradient_penalty(critic, two_pixels(), -two_pixels(), HALVES)
    assert loss.item() == pytest.approx(16.0)
    (gradient,) = torch.autograd.grad(loss, critic.weights)  # 2 (|w| - 1) w / |w|
    assert gradient.tolist() == pytest.approx([2 * 4 * 3 / 5, 2 * 4 * 4 / 5])


def test_gradient_penalty_is_taken_between_real_and_fake_for_each_image_on_its_own() -> None:
    loss = gradient_penalty(half_square, pixels(4.0, 4.0), pixels(0.0, 0.0), pixels(0.75, 0.5))
    assert loss.item() == pytest.approx(((3 - 1) ** 2 + (2 - 1) ** 2) / 2)  # slopes 3 and 2


def test_penalties_count_a_map_of_scores_as_its_mean() -> None:
    def critic(images: Tensor) -> Tensor:
        return torch.cat([images * 2, images * 4], dim=3)  # mean: 3 x

    assert gradient_penalty(critic, pixels(0.1), pixels(0.2), pixels(0.3)).item() == pytest.approx(4.0)
    assert zero_centred_penalty(critic, pixels(0.1)).item() == pytest.approx(9.0)


def test_penalties_pass_no_gradient_to_the_images_and_leave_them_as_they_are() -> None:
    weight = torch.tensor(2.0, requires_grad=True)
    real, fake = pixels(0.5), pixels(0.25).requires_grad_()
    for loss in (
        gradient_penalty(lambda x: weight * half_square(x), real, fake, pixels(0.5)),
        zero_centred_penalty(lambda x: weight * half_square(x), fake),
        zero_centred_penalty(lambda x: weight * half_square(x), real),
    ):
        to_weight, to_fake = torch.autograd.grad(loss, [weight, fake], allow_unused=True)
        assert to_weight != 0
        assert to_fake is None
    assert not real.requires_grad


def test_zero_centred_penalty_by_hand() -> None:
    assert zero_centred_penalty(Linear(1.8, 2.4), two_pixels()).item() == pytest.approx(9.0)
    assert zero_centred_penalty(half_square, pixels(1.0, -3.0)).item() == pytest.approx((1 + 9) / 2)
    critic = Linear(3.0, 4.0)
    (gradient,) = torch.autograd.grad(zero_centred_penalty(critic, two_pixels()), critic.weights)  # 2 w
    assert gradient.tolist() == pytest.approx([6.0, 8.0])


def test_penalties_are_computed_in_full_precision() -> None:
    slope = 1 + 2**-9  # bfloat16 would make 1 of it
    with torch.autocast("cpu", dtype=torch.bfloat16):
        critic = Linear(slope, 0.0)
        assert critic(torch.tensor([[[[1.0, 0.0]]]])).item() == 1.0
        assert zero_centred_penalty(critic, two_pixels()).item() == slope**2
        assert gradient_penalty(critic, two_pixels(), two_pixels(), HALVES).item() == (slope - 1) ** 2


def test_relativistic_compares_pair_by_pair() -> None:
    scores, opposite = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 5.0])
    assert relativistic(scores, opposite).item() == pytest.approx((softplus(-1) + softplus(2)) / 2)
    assert relativistic(opposite, scores).item() == pytest.approx((softplus(1) + softplus(-2)) / 2)
    assert relativistic(scores + 1000, opposite).item() == 0.0


def test_scores_in_half_precision_are_taken_on_in_full() -> None:
    low, high = (torch.full((3,), value, dtype=torch.bfloat16) for value in (100.0, 100.5))  # both exact
    mixed = torch.cat([low, high])  # whose mean bfloat16 cannot hold
    assert wasserstein(mixed, low).item() == pytest.approx(0.25)
    assert least_squares(mixed, 0.0).item() == pytest.approx((100.0**2 + 100.5**2) / 2)
    small = torch.full((1,), 2.0**-9, dtype=torch.bfloat16)
    found = relativistic(torch.ones(1, dtype=torch.bfloat16), small).item()
    assert found == pytest.approx(softplus(2.0**-9 - 1.0), rel=1e-6)


def test_losses_of_bfloat16_scores_are_computed_in_float32() -> None:
    scores = torch.full((1,), 2.0, dtype=torch.bfloat16)
    expected = math.log(1 + math.exp(-2.0)) + 0.1 * 2.0  # 0.9 is 0.8984 in bfloat16
    assert binary_cross_entropy(scores, 0.9).item() == pytest.approx(expected, abs=1e-6)
