"""The face model where it is at hand, and pictures with and without faces."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.sources.drawn import draw


@pytest.fixture(scope="session")
def face_model() -> Path:
    """The model file, named by $FERAUG_FACE_MODEL; without it the test is skipped."""
    named = os.environ.get("FERAUG_FACE_MODEL", "")
    if not Path(named).is_file():
        pytest.skip("FERAUG_FACE_MODEL names no file")
    pytest.importorskip("mediapipe")
    return Path(named)


@pytest.fixture(scope="session")
def drawn() -> NDArray[np.uint8]:
    """Sixty drawn faces."""
    return draw(0, range(60))


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """The public-domain portrait of Eileen Collins that scikit-image ships, (512, 512, 3)."""
    from skimage import data

    return np.asarray(data.astronaut())


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model file, and nowhere to fetch it from."""
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
