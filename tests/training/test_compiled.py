"""Compiled networks: the same parameters and, but for rounding, the same results; else training as before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from feraug.config import TRANSLATORS, ClassifierConfig, TranslatorConfig, model_config
from feraug.errors import UsageError
from feraug.store.dataset import read_dataset
from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.training import compile_networks, compiled, new_fabric, without_compiler
from feraug.workflows.events import Event, Note
from feraug.workflows.train import train
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.training_run import TrainingRun

SMALL = TranslatorConfig(base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=4, steps=3)


@pytest.mark.skipif(without_compiler("cpu") is not None, reason="no C++ compiler")
def test_outputs_and_gradients_but_for_rounding() -> None:
    torch.manual_seed(0)
    networks = [nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.ReLU()) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    compile_networks(networks[1:])
    faces = torch.rand(2, 1, 12, 12)
    # The compiler would start processes that import torch: some to compile in, some to try vectors out.
    with torch._inductor.config.patch({"compile_threads": 1, "cpp.vec_isa_ok": True}):
        sums = [network(faces).square().mean() for network in networks]
        torch.testing.assert_close(sums[1], sums[0], rtol=1e-5, atol=1e-6)
        for one in sums:
            one.backward()
    plain, fused = (dict(network.named_parameters()) for network in networks)
    assert list(plain) == list(fused)
    for name in plain:
        torch.testing.assert_close(fused[name].grad, plain[name].grad, rtol=1e-3, atol=1e-5)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code of each graph that is compiled, by a back end that runs it as torch does without."""
    graphs: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        graphs.append(str(graph.code))
        return graph.forward

    monkeypatch.setattr(compiled, "BACKEND", backend)
    torch._dynamo.reset()
    return graphs


def arrays(workspace: Workspace, name: str) -> dict[str, Any]:
    return {
        path: values
        for path, values in read_model(workspace.model(name)).arrays.items()
        if not path.startswith("timing/")
    }


def test_a_training_compiled_is_the_same_but_for_what_the_compiler_rounds(
    workspace: Workspace, called: list[str]
) -> None:
    train(SMALL, workspace, name="plain")
    assert not called
    notes: list[Event] = []
    train(SMALL, workspace, name="fused", options=TrainOptions(compile=True), notify=notes.append)
    assert len(called) >= 1 + 4  # the trial, two generators, two discriminators
    assert any(isinstance(note, Note) and "compiling" in note.text for note in notes)
    plain, fused = arrays(workspace, "plain"), arrays(workspace, "fused")
    assert list(plain) == list(fused)
    for path in plain:
        np.testing.assert_array_equal(plain[path], fused[path], err_msg=path)


@pytest.mark.parametrize(
    "model, under_penalty",
    [
        ("cyclegan", ()),
        ("weighted", ()),
        ("wasserstein", ("discriminator_a", "discriminator_b")),
        ("stargan", ()),
        ("r3gan", ("discriminator",)),
    ],
)
def test_networks_under_a_penalty_are_not_compiled(
    workspace: Workspace, called: list[str], model: str, under_penalty: tuple[str, ...]
) -> None:
    emotions = {} if model in TRANSLATORS else {"emotions": ["neutral", "happy"]}
    config = model_config({"model": model, **emotions})
    run = TrainingRun(config, read_dataset(workspace.dataset()), new_fabric(torch.device("cpu")))
    run.compile()
    compiled_roles = {role for role, one in run.state.networks.items() if one._compiled_call_impl is not None}
    assert compiled_roles == {*run.state.networks} - {*under_penalty}
    assert all(average._compiled_call_impl is None for average in run.state.ema.values())


def test_a_budget_does_not_count_the_step_that_compiles(
    workspace: Workspace, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faces, now = read_dataset(workspace.dataset()), 1000.0
    monkeypatch.setattr("feraug.training.plan.time.monotonic", lambda: now)
    for with_compiler in (True, False):
        run = TrainingRun(replace(SMALL, steps=None, budget=100.0), faces, new_fabric(torch.device("cpu")))
        if with_compiler:
            run.compile()
        plan = run.plan()
        assert plan.progress(0) == 0.0
        now += 60.0
        assert plan.progress(1) == (0.0 if with_compiler else 0.6)


def test_classifiers_are_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="--compile: for generative models"):
        train(ClassifierConfig(), workspace, options=TrainOptions(compile=True))


def test_without_a_compiler_it_trains_as_before_and_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "/nowhere/g++")
    assert without_compiler("cpu") == "no C++ compiler (/nowhere/g++)"
    notes: list[Event] = []
    train(SMALL, workspace, options=TrainOptions(compile=True), notify=notes.append)
    told = [note.text for note in notes if isinstance(note, Note)]
    assert "--compile: trains without it here (no C++ compiler (/nowhere/g++))" in told
    assert read_model(workspace.model("cyclegan-neutral-happy")).finished


def test_a_compiler_that_fails_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        raise RuntimeError("out of registers\nand a long trace")

    monkeypatch.setattr(compiled, "without_compiler", lambda kind: None)
    monkeypatch.setattr(compiled, "BACKEND", backend)
    found = compiled.cannot_compile(torch.device("cpu"))
    assert found is not None
    assert "out of registers" in found
    assert "\n" not in found
