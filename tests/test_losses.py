"""Losses against values computed by hand."""

from __future__ import annotations

import pytest
import torch

from feraug.losses import l1, least_squares


def test_least_squares_by_hand() -> None:
    scores = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    assert least_squares(scores, 1.0).item() == pytest.approx((1 + 0 + 1 + 4) / 4)
    assert least_squares(scores, 0.0).item() == pytest.approx((0 + 1 + 4 + 1) / 4)
    assert least_squares(scores, 0.9).item() == pytest.approx((0.81 + 0.01 + 1.21 + 3.61) / 4)


def test_l1_by_hand() -> None:
    images = torch.tensor([[0.5, -1.0], [1.0, 0.0]])
    originals = torch.tensor([[0.0, 1.0], [1.0, -0.5]])
    assert l1(images, originals).item() == pytest.approx((0.5 + 2.0 + 0.0 + 0.5) / 4)
