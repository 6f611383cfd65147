"""Which of several processes this is: the first alone speaks."""

from __future__ import annotations

import os


def is_first_process() -> bool:
    """Whether this is the only process or the first of those that ``torchrun`` or ``--devices`` started."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


def is_only_process() -> bool:
    """Whether ``torchrun`` or ``--devices`` started no other beside this one."""
    return os.environ.get("WORLD_SIZE", "1") == "1"
