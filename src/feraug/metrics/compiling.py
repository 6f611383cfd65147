"""How kernels are compiled: by numba, when first called, and kept for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any], *, fast: bool) -> Callable[..., Any]:
    """``function`` compiled when first called, and kept for the next process where a folder allows it.

    ``fast`` lets sums be taken in another order, and a factor and a summand be rounded as one.
    """
    settings: dict[str, Any] = {"nogil": True, "fastmath": fast, "error_model": "numpy"}
    kernel: Callable[..., Any]
    try:
        kernel = numba.njit(cache=True, **settings)(function)
    except RuntimeError:  # neither beside its file nor in the user's cache can anything be written
        kernel = numba.njit(**settings)(function)
    return kernel
