"""How long training goes on, and how the learning rates fall: both as shares of the whole."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import torch

_GPU_READ_EVERY = 20


def read_every(device: torch.device) -> int:
    """Steps between looks at the losses: on a GPU each look makes it wait."""
    return 1 if device.type == "cpu" else _GPU_READ_EVERY


class Plan(Protocol):
    """Where training stands."""

    @property
    def uncounted(self) -> float:
        """Seconds since its beginning that are not counted as training."""
        ...

    def progress(self, step: int) -> float:
        """The share of training done after ``step`` steps; 1 or more: finished."""
        ...

    def steps_in_all(self, step: int, progress: float) -> int:
        """The number of steps at the end, as far as it is known after ``step`` of them."""
        ...


@dataclass(frozen=True)
class StepPlan:
    """A number of steps."""

    steps: int
    uncounted: ClassVar[float] = 0.0

    def progress(self, step: int) -> float:
        """``step / steps``."""
        return step / self.steps

    def steps_in_all(self, step: int, progress: float) -> int:
        """``steps``."""
        return self.steps


class BudgetPlan:
    """A number of seconds, ``spent`` of them before now.

    ``agree`` makes one value of those of several processes.  With ``compiles`` the first step does not count,
    in which networks are compiled: a minute of it would be a part of the schedules without a step.
    """

    def __init__(
        self,
        seconds: float,
        *,
        spent: float = 0.0,
        agree: Callable[[float], float] = lambda value: value,
        compiles: bool = False,
    ) -> None:
        self._seconds, self._spent, self._agree = seconds, spent, agree
        self._began = time.monotonic()
        self._compiles, self._first = compiles, -1
        self.uncounted = 0.0

    def progress(self, step: int) -> float:
        """The share of the time that is over."""
        passed = time.monotonic() - self._began
        if self._compiles:
            self._first = step if self._first < 0 else self._first
            self.uncounted = passed
            self._compiles = step == self._first
        return self._agree((self._spent + passed - self.uncounted) / self._seconds)

    def steps_in_all(self, step: int, progress: float) -> int:
        """As many as fit if they go on as fast."""
        return step if progress >= 1.0 else max(step + 1, round(step / max(progress, 1e-9)))


def constant_then_linear(decay_from: float) -> Callable[[float], float]:
    """Learning-rate factor over progress in [0, 1): 1 up to ``decay_from``, then linearly to 0.

    Zhu et al. (2017), section 4, with ``decay_from`` 0.5.
    """

    def factor(progress: float) -> float:
        if progress < decay_from:
            return 1.0
        return (1.0 - progress) / (1.0 - decay_from)

    return factor


def one_cycle(warmup: float) -> Callable[[float], float]:
    """Learning-rate factor over progress in [0, 1): by cosines from 1/25 up to 1, and down to 4e-6.

    Smith and Topin, "Super-Convergence" (2018), in the form and with the numbers of torch's
    ``OneCycleLR``; ``warmup`` is the share of training in which the rate rises.
    """

    def factor(progress: float) -> float:
        if progress < warmup:
            return _cosine(0.04, 1.0, progress / warmup)
        return _cosine(1.0, 0.04 / 1e4, (progress - warmup) / (1.0 - warmup))

    return factor


def by_steps(progress: float) -> float:
    """Learning-rate factor: 1, a tenth after half of training, a hundredth after three quarters."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0
