"""Networks that torch.compile makes faster: their operations fused, less read and written between them."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Final

import torch
from torch import Tensor, nn

BACKEND: Final = "inductor"

_COMPILERS: Final = {"darwin": "clang++", "win32": "cl"}


def compile_networks(networks: Iterable[nn.Module]) -> None:
    """Let torch compile what the networks compute, at their first call; their parameters stay as they are.

    Results change by rounding.  Not for networks whose gradient is differentiated again (a gradient
    penalty's): torch's compiler cannot do that.
    """
    for network in networks:
        network.compile(backend=BACKEND, dynamic=False)  # faces and batches keep their sizes


def without_compiler(device_type: str) -> str | None:
    """What torch.compile would need here and does not find; None when all seems to be there."""
    if device_type == "cuda":
        return None if find_spec("triton") else "triton is not installed"
    compiler = os.environ.get("CXX", _COMPILERS.get(sys.platform, "g++"))
    return None if shutil.which(compiler) else f"no C++ compiler ({compiler})"


def cannot_compile(device: torch.device) -> str | None:
    """Why torch.compile does not work on ``device``, tried on a small function; None where it does."""
    if (missing := without_compiler(device.type)) is not None:
        return missing
    # Its notes on compilers for kernels of one's own, which feraug has none of.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    try:
        torch.compile(_probe, backend=BACKEND)(torch.ones(8, device=device))
    except Exception as problem:  # whatever a back end raises
        said = " ".join(str(problem).splitlines()[:2])  # the first names the back end, the second its problem
        return f"{type(problem).__name__}: {said}"
    return None


def _probe(values: Tensor) -> Tensor:
    return (values.sin() + 1.0).relu()
