"""Which device a workflow runs on."""

from __future__ import annotations

import torch

from feraug.errors import UsageError


def choose_device(name: str) -> torch.device:
    """``auto``: the GPU if there is one, else the CPU; otherwise any name torch knows (``cuda:1``, ``mps``).

    Raises :class:`UsageError` for a device that does not exist here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "meta":  # has shapes, and no numbers
            raise NotImplementedError
        torch.empty(1, device=device)
    # torch raises AssertionError where it was built without CUDA, RuntimeError for a bad name or index.
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise UsageError(f"--device '{name}': not available here; use auto, cpu, cuda or cuda:0") from problem
    return device
