"""Drawn faces, and a machine without the face model."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.sources.drawn import draw


@pytest.fixture(scope="session")
def drawn() -> NDArray[np.uint8]:
    """Sixty drawn faces."""
    return draw(0, range(60))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model file, and nowhere to fetch it from."""
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)
