"""Layers of our own against torch's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from feraug.models.layers import LocalResponseNorm

SETTINGS = (0.1, 0.6, 2.0)
"""Such that the norm divides by about a hundred."""


def out_and_gradient(layer: nn.Module, values: Tensor) -> tuple[Tensor, Tensor]:
    """What ``layer`` makes of ``values``, and the gradient of a sum weighted by position."""
    values = values.detach().requires_grad_()
    found: Tensor = layer(values)
    (found * torch.arange(found.numel(), dtype=torch.float64).view_as(found)).sum().backward()
    assert values.grad is not None
    return found.detach(), values.grad


@pytest.mark.parametrize("neighbours", [1, 2, 5, 8, 9])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_local_response_norm_is_torch_s(neighbours: int, channels: int) -> None:
    values = torch.randn(2, channels, 5, 4, dtype=torch.float64) * 50
    ours = out_and_gradient(LocalResponseNorm(neighbours, *SETTINGS), values)
    theirs = out_and_gradient(nn.LocalResponseNorm(neighbours, *SETTINGS), values)
    assert ours[0].dtype == torch.float64
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_local_response_norm_of_half_precision_sums_in_single(half: torch.dtype) -> None:
    values = (torch.randn(2, 16, 5, 4) * 300).to(half)
    assert values.square().isfinite().all() == (half == torch.bfloat16), "float16 ends at 65,504"
    with torch.autocast("cpu", half):
        found = LocalResponseNorm(9, *SETTINGS)(values)
    exact = nn.LocalResponseNorm(9, *SETTINGS)(values.double())
    torch.testing.assert_close(found.double(), exact, rtol=1e-6, atol=1e-6)
