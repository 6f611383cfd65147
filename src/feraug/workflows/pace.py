"""What slows a training down, and when it was too short: notes that the pictures alone would not explain."""

from __future__ import annotations

import os
from typing import Final

import torch

from feraug.words import plural

FEW_STEPS: Final = 500
"""Steps of a GAN that are hardly a beginning, whatever the model."""


def busy_note(device: torch.device) -> str | None:
    """A sentence for a training on the CPU of a machine that other programs keep busy; None elsewhere.

    Threads that share a step wait for the slowest of them: two cores with a load of 5 to 8 trained 19 images
    a second on one thread and 7 on two.
    """
    threads, cores = torch.get_num_threads(), os.cpu_count() or 1
    if device.type != "cpu" or threads < 2 or not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load < cores:
        return None
    here = f"load {load:.1f}, {plural(cores, 'core')}"
    return (
        f"other programs keep this machine busy ({here}): with OMP_NUM_THREADS=1 in "
        "front of the command a training may be more than twice as fast"
    )


def short_note(steps: int, budget: float | None) -> str | None:
    """A sentence for a training whose time was up after a few steps; None for others."""
    if budget is None or steps >= FEW_STEPS:
        return None
    return (
        f"only {plural(steps, 'step')} fitted into {budget:,.0f} s: hardly a beginning; "
        "look at the samples, and train it again for longer, with --overwrite"
    )
