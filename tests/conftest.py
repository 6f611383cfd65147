"""Fixtures: a workspace of drawn faces, made once, and the real data where they are at hand."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.config import PrepareConfig
from feraug.store.workspace import Workspace

# Tests run side by side; torch's own threads would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# In the background of a script (`pytest &`) Ctrl-C is ignored, here and in every process started
# from here; the tests of interrupts need it as a user has it.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # likewise under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def drawn_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``dataset.h5`` of 280 drawn faces; not to be changed."""
    from feraug.workflows.prepare import prepare

    path = tmp_path_factory.mktemp("drawn") / "dataset.h5"
    prepare("drawn:280", PrepareConfig(near_copies=False), path)
    return path


@pytest.fixture
def workspace(tmp_path: Path, drawn_dataset: Path) -> Workspace:
    """A fresh workspace that holds the drawn dataset."""
    root = tmp_path / "artifacts"
    root.mkdir()
    shutil.copy(drawn_dataset, root / "dataset.h5")
    return Workspace(root)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with the real FER2013, named by $FERAUG_TEST_DATA; without it the test is skipped."""
    folder = os.environ.get("FERAUG_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("FERAUG_TEST_DATA names no folder with the real data")
    return Path(folder)


@pytest.fixture(scope="session")
def face_model() -> Path:
    """mediapipe's face model, named by $FERAUG_FACE_MODEL; without it the test is skipped."""
    named = os.environ.get("FERAUG_FACE_MODEL", "")
    if not Path(named).is_file():
        pytest.skip("FERAUG_FACE_MODEL names no file")
    pytest.importorskip("mediapipe")
    return Path(named)


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """The public-domain portrait of Eileen Collins that scikit-image ships, uint8 (512, 512, 3)."""
    from skimage import data

    return np.asarray(data.astronaut())
