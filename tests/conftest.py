"""Fixtures: a workspace of drawn faces, made once, and the real data where they are at hand."""

from __future__ import annotations

import base64
import gc
import io
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Tests run side by side; threads of torch and of numpy's products, which read this when they are imported,
# would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.config import PrepareConfig
from feraug.faces.boxes import Box
from feraug.faces.cascade import CascadeDetector
from feraug.faces.detector import Find
from feraug.sources.drawn.source import _face as draw_face
from feraug.store.workspace import Workspace

# In the background of a script (`pytest &`) Ctrl-C is ignored, here and in every process started
# from here; the tests of interrupts need it as a user has it.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # likewise under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

gc.disable()  # until the tests are collected: imports and rewritten assertions leave next to no garbage


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through thousands of tests and torch again and again.

    Without its thresholds, which are for small programs, a sixth of the suite's time.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


FIGURES_ARE_DRAWN = ("plots", "report")
"""Folders of tests that look at figures; elsewhere ``@pytest.mark.figures`` asks for them."""

PIXEL = {
    "png": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    ),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
}


class Unseen:
    """Axes that nobody looks at: whatever is called on them is done."""

    def __getattr__(self, name: str) -> Unseen:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> Unseen:
        return self

    def get_legend_handles_labels(self) -> tuple[list[object], list[str]]:
        """Nothing for the legend."""
        return [], []


class QuickFigure(Unseen):
    """In place of matplotlib's figure, whose drawing takes longer than most of what is tested."""

    def __init__(self, *_: object, **__: object) -> None:
        """Without a canvas."""

    def subplots(self, rows: int = 1, columns: int = 1, *, squeeze: bool = True, **_: object) -> object:
        """As many axes as there would be, in the same arrangement."""
        axes = np.full((rows, columns), Unseen())
        return axes.squeeze()[()] if squeeze else axes

    def savefig(self, place: Path | io.BytesIO | str, *, format: str, **_: object) -> None:
        """Write a pixel."""
        write = place.write if isinstance(place, io.IOBase) else Path(place).write_bytes
        write(PIXEL[format])


ARCHIVED_CLASSIFIER = Path(__file__).parent / "data" / "archives" / "v1-simple.h5"


@pytest.fixture(autouse=True)
def quick_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pixel for each figure but in the tests that look at some."""
    if not {*FIGURES_ARE_DRAWN} & {*request.path.parts} and not request.node.get_closest_marker("figures"):
        import matplotlib.pyplot  # noqa: F401 - mediapipe imports it, and it reads its figure's methods

        monkeypatch.setattr("matplotlib.figure.Figure", QuickFigure)


replaced = os.replace  # some tests let it fail
SHARED: list[Path] = []
"""The folder of faces that all workers of this run have drawn; only where there are several."""


@pytest.fixture(scope="session", autouse=True)
def shared_faces(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Workers of xdist have a folder in common, above those of their own; it is new in every run."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        SHARED.append(tmp_path_factory.getbasetemp().parent / "drawn-faces")
        SHARED[0].mkdir(exist_ok=True)


@cache
def remembered_face(*which: Any) -> NDArray[np.uint8]:
    """A drawn face: tests ask for the same few thousand again and again, in one worker or another."""
    if not SHARED:
        return draw_face(*which)
    there = SHARED[0] / "-".join(map(str, which))
    try:
        return np.frombuffer(there.read_bytes(), np.uint8).reshape(48, 48)
    except FileNotFoundError:
        face = draw_face(*which)
        written = there.with_name(f"{there.name}-{os.getpid()}.partial")
        written.write_bytes(face.tobytes())
        replaced(written, there)  # whole or not at all, whoever reads it now
        return face


FOUND: dict[tuple[bool, tuple[int, ...], bytes], list[Box]] = {}
opened_cascade = CascadeDetector.opened


@contextmanager
def remembering_cascade(self: CascadeDetector, *, photos: bool) -> Iterator[Find]:
    """In place of ``CascadeDetector.opened``."""
    with opened_cascade(self, photos=photos) as search:

        def find(picture: NDArray[np.uint8]) -> list[Box]:
            which = photos, picture.shape, picture.tobytes()
            if which not in FOUND:
                FOUND[which] = search(picture)
            return list(FOUND[which])

        yield find


@pytest.fixture(autouse=True)
def quick_drawn_faces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawn face is drawn once, but in the tests of the drawing and those marked ``drawing``."""
    if request.path.name != "test_drawn.py" and not request.node.get_closest_marker("drawing"):
        monkeypatch.setattr("feraug.sources.drawn.source._face", remembered_face)


@pytest.fixture(autouse=True)
def quick_cascade(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cascade searches each picture once, but in its own tests: others give it the same few."""
    if "faces" not in request.path.parts:
        monkeypatch.setattr(CascadeDetector, "opened", remembering_cascade)


def unsynced(descriptor: int) -> None:
    """In place of ``os.fsync``: the descriptor must be an open one."""
    os.fstat(descriptor)


@pytest.fixture(autouse=True)
def quick_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file waits for the disk, but in the tests of the store: none of the others cuts the power."""
    if "store" not in request.path.parts:
        monkeypatch.setattr("os.fsync", unsynced)


@pytest.fixture
def quick_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second of a training's budget is over each time it is looked at, however long it took."""
    looks = count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) / 10)
    monkeypatch.setattr("feraug.training.plan.time", clock)


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


@pytest.fixture
def judge(workspace: Workspace) -> Path:
    """``models/judge.h5``: a classifier that has hardly learned anything, of another dataset."""
    workspace.model("judge").parent.mkdir(exist_ok=True)
    return Path(shutil.copy(ARCHIVED_CLASSIFIER, workspace.model("judge")))


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
