"""Arrays and networks to a device."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def moved(array: NDArray[Any], device: torch.device | str) -> Tensor:
    """An array as a tensor on ``device``; a CUDA device is not waited for.

    CUDA has copied pageable memory, to the device or to a buffer of its own, when the call returns, so
    the array may go or change; other devices do not promise that.
    """
    device = torch.device(device)
    return torch.from_numpy(array).to(device, non_blocking=device.type == "cuda")


def placed(network: nn.Module, device: torch.device | str) -> nn.Module:
    """A network on ``device``, itself, laid out as convolutions are fastest there: channels last.

    Not so on Apple's GPU, where the gradient of batch norm is wrong in that layout, or fails (torch up to
    2.13 at least; https://github.com/pytorch/pytorch/issues/175189).
    """
    if torch.device(device).type == "mps":
        return network.to(device=device)
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
