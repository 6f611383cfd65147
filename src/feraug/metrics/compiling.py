"""How kernels are compiled: by numba, when first called, and kept for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(*, fast: bool) -> Callable[[Kernel], Kernel]:
    """Compile a function when it is first called, and keep it for the next process where a folder allows it.

    ``fast`` lets sums be taken in another order, and a product and a sum be rounded as one.
    """
    settings: dict[str, Any] = {"nogil": True, "fastmath": fast, "error_model": "numpy"}

    def compile_later(function: Kernel) -> Kernel:
        kernel: Kernel
        try:
            kernel = numba.njit(cache=True, **settings)(function)
        except RuntimeError:  # neither beside its file nor in the user's cache can anything be written
            kernel = numba.njit(**settings)(function)
        return kernel

    return compile_later
