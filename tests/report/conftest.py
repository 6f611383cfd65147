"""A workspace with an artifact of every kind, made once, and parsed pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from feraug.config import (
    BenchConfig,
    ClassifierConfig,
    NoiseConfig,
    SsimConfig,
    SynthConfig,
    TranslatorConfig,
    to_json,
)
from feraug.plots import sheet, write_png
from feraug.store.bench import TEST_COLUMNS, write_bench
from feraug.store.compare import SetFaces, write_compare
from feraug.store.compare_parts import CompareParts
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.synthetic import read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.bench_conclusions import conclusions
from feraug.workflows.bench_table import table
from feraug.workflows.report import report
from feraug.workflows.ssim import ssim
from feraug.workflows.synth import synthesise
from feraug.workflows.train import train_translator
from feraug.workflows.train_classifier import train_classifier

TINY = TranslatorConfig(
    base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=2, image_history=2
)
SAMPLES = 12


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, ids, texts, and whether its tags fit."""

    VOID = frozenset(("meta", "link", "img", "br"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """All that a reader sees, in one line."""
        return " ".join(" ".join(self.texts).split())


def add_bench(workspace: Workspace, repeats: int = 3, name: str = "simple", **facts: Any) -> Path:
    """A benchmark of two arms on the dataset's test images, with predictions by chance."""
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="test")
    test = {"row": rows} | {
        column: values[rows] for column, values in dataset.columns.items() if column in TEST_COLUMNS
    }
    random = np.random.default_rng(0)
    truth = np.eye(7)[test["labels"]]

    def arm(weight: float) -> NDArray[np.float32]:
        noise = random.random((repeats, len(rows), 7))
        found = noise + weight * truth
        return (found / found.sum(2, keepdims=True)).astype(np.float32)

    found = {"real": arm(0.4), "real+synthetic": arm(0.6)}
    figures = table(found, test)
    figures["conclusions"] = conclusions(figures)
    figures["reverse"] = {"classifier": "ab", "per_class": {"happy": {"correct": 3, "total": 12}}}
    inputs = {"dataset.h5": sha256_file(workspace.dataset())}
    known = {"arms": list(found), "steps": 40, "reduced": True, "table": figures} | facts
    path = workspace.bench(name)
    write_bench(path, found, test, Provenance(BenchConfig().json(), "feraug bench", 0, inputs), known)
    return path


def add_filtered(workspace: Workspace, parent: Path) -> Path:
    """A set of which a filter has kept every second image."""
    faces = read_synthetic(parent)
    kept = np.arange(0, len(faces.images), 2)
    stage = {"name": "called", "limit": None, "dropped": len(faces.images) - len(kept), "left": len(kept)}
    facts = {
        "sources": faces.sources,
        "model": faces.header.extra["model"],
        "label": "happy",
        "parent": sha256_file(parent),
        "filter": {
            "stages": [stage | {"real_dropped": 1, "real_left": 4}],
            "real_images": 5,
            "detector": "cascade",
            "classifier": "cd" * 32,
        },
    }
    inputs = {parent.name: sha256_file(parent), "dataset.h5": sha256_file(workspace.dataset())}
    path = workspace.synthetic(f"{parent.stem}-filtered")
    dropped = np.full(len(faces.images), 3, np.uint8)
    dropped[kept] = 0
    with writing_synthetic(path, len(kept), Provenance({}, "feraug filter", 0, inputs), facts) as writer:
        writer.append(
            faces.images[kept], faces.labels[kept], rows=faces.origin_row[kept],
            source=faces.origin_source[kept], rounds=faces.origin_round[kept],
        )  # fmt: skip
        scores = {"face": np.ones(len(dropped)), "probabilities": np.ones((len(dropped), 7)) / 7}
        writer.filtered(kept, scores | {"dropped_at": dropped})
    return path


def add_compare(workspace: Workspace, *models: str, parts: CompareParts | None = None) -> Path:
    """A comparison of models of these names, with figures out of the air, and its picture."""
    interval = {"mean": 0.5, "low": 0.25, "high": 1}
    measures: dict[str, Any] = {
        **dict.fromkeys(("share", "identity", "error", "frechet", "kernel", "density", "coverage"), interval),
        **dict.fromkeys(("within", "variety", "near_copies", "copying")),
    }
    training = {"step": 1, "steps": 2, "images": 4, "finished": True, "seconds": 9.0, "loss_spread": 0.5}
    trained = {"collapsed": True, "training": training}
    judge = {"name": "vgg19", "model": "vgg19", "sha256": "cd" * 32, "finished": True}
    figures = {
        "pair": "neutral:happy",
        **dict.fromkeys(("faces", "real_faces", "references", "subsample"), 4),
        "threshold": 0.6,
        "judge": judge | {"validation_accuracy": 0.5},
        "floor": dict.fromkeys(("frechet", "kernel", "density", "coverage"), interval),
        "untouched": measures,
        "real": measures,
        "models": [
            measures | {"name": name, "model": "cyclegan", "sha256": "ab"} | trained for name in models
        ],
    }  # fmt: skip
    one = SetFaces(
        np.arange(4), np.full((4, 7), 1 / 7, np.float32), np.ones((4, 5), np.float32), np.ones(4, np.float32)
    )
    inputs = {"dataset.h5": sha256_file(workspace.dataset())}
    path = workspace.compare("neutral-happy")
    provenance = Provenance({}, "feraug compare", 0, inputs)
    write_compare(path, (one,) * (2 + len(models)), figures, provenance, parts)
    write_png(sheet(read_dataset(workspace.dataset()).images[:8], 4), path.with_suffix(".png"))
    return path


def add_model(workspace: Workspace, name: str, config: dict[str, Any], *roles: str) -> Path:
    """A model file with histories and two sample grids, and networks that nothing can run."""
    arrays: dict[str, Any] = {f"networks/{role}/weight": np.ones((2, 3), np.float32) for role in roles}
    arrays |= {"history/adversarial": np.linspace(1, 0, 9, dtype=np.float32), "timing/seconds": np.float64(7)}
    facts = {"step": 9, "steps": 9, "steps_per_epoch": 3, "finished": True}
    inputs = {"dataset.h5": sha256_file(workspace.dataset())}
    path = workspace.model(name)
    write_model(path, arrays, Provenance(config, f"feraug train {config['model']}", 0, inputs), facts)
    faces = read_dataset(workspace.dataset()).images[: 3 * SAMPLES]
    workspace.samples(name).mkdir(exist_ok=True)
    for step in (3, 9):
        write_png(sheet(faces, SAMPLES, enlarge=2), workspace.samples(name) / f"step-{step:06}.png")
    return path


@pytest.fixture(scope="session")
def everything_once(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    """A workspace of drawn faces with an artifact of every kind; not to be changed."""
    workspace = Workspace(tmp_path_factory.mktemp("everything") / "artifacts")
    workspace.root.mkdir()
    shutil.copy(drawn_dataset, workspace.dataset())
    train_translator(TINY, workspace)
    made = synthesise(SynthConfig("neutral:happy", 12), workspace)
    add_filtered(workspace, made.path)
    train_classifier(ClassifierConfig(width=0.02, steps=1, batch_size=8), workspace, name="judge")
    ssim(SsimConfig(queries=8, pairs=9), workspace, synthetic=[made.path], judge="judge")
    add_compare(workspace, "cyclegan-neutral-happy")
    add_bench(workspace)
    noise = to_json(NoiseConfig(emotions=("happy",)))
    add_model(workspace, "dcgan-happy", noise, "generator")
    add_model(workspace, "latergan-all", {"model": "latergan", "emotions": ["happy", "sad"]}, "generator")
    return workspace.root


@pytest.fixture
def everything(everything_once: Path, tmp_path: Path) -> Workspace:
    """A fresh copy of the workspace with an artifact of every kind."""
    shutil.copytree(everything_once, tmp_path / "artifacts")
    return Workspace(tmp_path / "artifacts")


@pytest.fixture(scope="session")
def read_page() -> Callable[[Path], Page]:
    """Parse a page; its tags must fit."""
    return lambda path: Page(path.read_text("utf-8"))


@pytest.fixture(scope="session")
def whole(everything_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the workspace with everything."""
    out = tmp_path_factory.mktemp("page") / "page.html"
    result = report(Workspace(everything_once), out=out)
    assert (result.problems, result.missing, result.left_out) == ([], [], 0)
    return result.path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots that take no time, for tests that are about something else."""

    def svg(draw: Any, prefix: str, height: float) -> str:
        return f'<svg viewBox="0 0 100 {height}"><g id="{prefix}-plot"></g></svg>'

    monkeypatch.setattr("feraug.plots.page._svg", svg)


@pytest.fixture(scope="session")
def read_text() -> Callable[[str], Page]:
    """Parse the text of a page, or a part of one; its tags must fit."""
    return Page


@pytest.fixture(scope="session")
def bench_with() -> Callable[..., Path]:
    """Write a benchmark: ``bench_with(workspace, repeats, name, FACT=...)``."""
    return add_bench


@pytest.fixture(scope="session")
def compare_with() -> Callable[..., Path]:
    """Write a comparison: ``compare_with(workspace, *models, parts=...)``."""
    return add_compare


@pytest.fixture(scope="session")
def model_with() -> Callable[..., Path]:
    """Write a model: ``model_with(workspace, name, config, *roles)``."""
    return add_model
