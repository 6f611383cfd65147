"""Arrays to a device."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def moved(array: NDArray[Any], device: torch.device | str) -> Tensor:
    """An array as a tensor on ``device``; a CUDA device is not waited for.

    CUDA has copied pageable memory, to the device or to a buffer of its own, when the call returns, so
    the array may go or change; other devices do not promise that.
    """
    device = torch.device(device)
    return torch.from_numpy(array).to(device, non_blocking=device.type == "cuda")
