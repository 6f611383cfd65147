"""How many cores there are to work with."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup/cpu.max")


def available_cores() -> int:
    """Cores that this process may use, which may be fewer than the machine has: in a container above all."""
    affinity = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(count, math.ceil(_limit(count))))


def _limit(most: int) -> float:
    """Cores' worth of time that the control group has (version 2; ``docker run --cpus 2``), or ``most``."""
    try:
        limit, period = _CGROUP.read_text(encoding="ascii").split()
        return most if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return most
