"""The steps that ``gpu.py`` times: a translator's in six ways, and a classifier's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from plain_translator import PlainTranslator
from translator_training import Feraug

from feraug.config import ClassifierConfig, TranslatorConfig
from feraug.data import LabelledBatches, LabelledFaces, Sampling
from feraug.images import SIDE
from feraug.models import build_classifier
from feraug.sources.drawn import draw, row_emotions
from feraug.training import ClassifierState, fit_classifier, new_fabric

Steps = Callable[[int], object]
"""Takes so many steps."""

SKIPPED: dict[str, str] = {}
"""Ways that this machine has not, and why."""

COMPILED = ("the same, torch.compile", "torch.compile and CUDA graph", "feraug, bf16-mixed, --compile")
"""The ways that need a compiler."""


def ready_faces(batch: int, device: torch.device) -> torch.Tensor:
    """Random faces float (batch, 1, 48, 48) in [-1, 1]."""
    random = torch.Generator().manual_seed(0)
    return (2 * torch.rand(batch, 1, SIDE, SIDE, generator=random) - 1).to(device)


def translator_variants(config: TranslatorConfig, device: torch.device) -> dict[str, Steps]:
    """Each way of taking the same step, by name, from the plainest to the fastest, and feraug's own."""
    faces = ready_faces(config.batch_size, device), ready_faces(config.batch_size, device).flip(3)
    half, last = {"autocast": torch.bfloat16}, {"layout": torch.channels_last, "fused": True}
    plain = {
        "eager float32, plainly": PlainTranslator(config, device),
        "eager bf16": PlainTranslator(config, device, **half),
        "bf16, channels-last, fused Adam": PlainTranslator(config, device, **half, **last),
        COMPILED[0]: PlainTranslator(config, device, **half, **last, compiled=True),
    }
    steps: dict[str, Steps] = {name: repeated(one, faces) for name, one in plain.items()}
    for name, compiled in (("the same, CUDA graph", False), (COMPILED[1], True)):
        if device.type != "cuda":
            SKIPPED[name] = "needs a GPU"
            continue
        steps[name] = _Graphed(
            PlainTranslator(config, device, **half, **last, compiled=compiled, capturable=True), faces
        )
    domains = draw(0, range(64), "neutral"), draw(0, range(64), "happy")
    for precision, compiled in (("32-true", False), ("bf16-mixed", False), ("bf16-mixed", True)):
        own = Feraug(replace(config, precision=precision), domains, device, read_every=20, compiled=compiled)
        steps[f"feraug, {precision}{', --compile' if compiled else ''}"] = own.steps
    return steps


def repeated(plain: PlainTranslator, faces: tuple[torch.Tensor, torch.Tensor]) -> Steps:
    """Plain steps on the same faces; the losses are not read, which would make a GPU wait."""

    def steps(count: int) -> None:
        for _ in range(count):
            plain.step(*faces)

    return steps


class _Graphed:
    """A step recorded once as a CUDA graph, at the first call, and played again at the others."""

    def __init__(self, plain: PlainTranslator, faces: tuple[torch.Tensor, torch.Tensor]) -> None:
        self._plain, self._faces = plain, faces
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, count: int) -> None:
        if self._graph is None:
            self._graph = self._record()
        for _ in range(count):
            self._graph.replay()

    def _record(self) -> torch.cuda.CUDAGraph:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # autograd and the optimizers get ready outside the graph
            for _ in range(5):
                self._plain.step(*self._faces)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self._plain.optimizer_g.zero_grad(set_to_none=True)
        self._plain.optimizer_d.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self._plain.step(*self._faces)
        return graph


def classifier_step(config: ClassifierConfig, device: torch.device) -> Steps:
    """A step of feraug's classifier loop, augmentation included."""
    count = 512
    faces = LabelledFaces(
        draw(0, range(64))[np.arange(count) % 64],
        row_emotions(0, np.arange(count)).astype(np.uint8),
        np.ones(count, np.float32),
    )
    torch.manual_seed(0)
    state = ClassifierState.create(
        build_classifier(config), config, new_fabric(device, precision=config.precision)
    )
    batches = LabelledBatches(faces, config, Sampling(config.batch_size, 0, device))

    def steps(count: int) -> None:
        for _ in fit_classifier(
            state, batches, steps=state.step + count, steps_per_epoch=10**9, read_every=20,
            evaluate=lambda net: {"accuracy": 0.0},
        ):  # fmt: skip
            pass

    return steps
