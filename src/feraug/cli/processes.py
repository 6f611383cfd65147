"""Which of several processes this is: the first alone speaks."""

from __future__ import annotations

import os


def is_first_process() -> bool:
    """Whether this is the only process or the first of those that ``torchrun`` or ``--devices`` started."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"
