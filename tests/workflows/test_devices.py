"""Which device is taken, and what happens to the other processes when one fails; no GPU is needed."""

from __future__ import annotations

import atexit
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from feraug.errors import MissingArtifactError, StorageError, UsageError
from feraug.store.workspace import Workspace
from feraug.training import new_fabric
from feraug.transfer import moved
from feraug.workflows import devices
from feraug.workflows.devices import choose_device, launched, of_cpu
from feraug.workflows.filter_inputs import classifier_file
from feraug.workflows.model_files import find_model


def test_a_full_gpu_is_no_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "empty", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        choose_device("cpu")


@pytest.mark.parametrize(("rank", "expected"), [(None, 0), ("3", 3), ("4", 0)])
def test_each_process_tries_its_own_gpu(
    monkeypatch: pytest.MonkeyPatch, rank: str | None, expected: int
) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    tried: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch, "empty", lambda *_, device: tried.append(device))
    assert choose_device("cuda") == torch.device("cuda"), "Fabric gives each its number"
    choose_device("cuda:1")
    assert tried == [torch.device("cuda", expected), torch.device("cuda:1")]


def test_a_gpu_that_torch_has_no_code_for_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's torch sees an old card, and has code for newer ones alone: the first kernel fails."""
    failures: list[Exception] = [RuntimeError("CUDA error: no kernel image is available for execution")]

    def kernel(*_: Any, **__: Any) -> None:
        raise failures[0]

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla V100")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    monkeypatch.setattr(torch, "zeros", kernel)
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(UsageError, match="--device 'cuda': this torch has no code for Tesla V100; say"):
        choose_device("cuda")
    failures[0] = torch.cuda.OutOfMemoryError("CUDA out of memory")
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda"), "it is there, and full"


@pytest.mark.parametrize("tasks", ["1", "2"])
def test_processes_are_ours_to_start_inside_a_job_of_slurm_too(
    monkeypatch: pytest.MonkeyPatch, tasks: str
) -> None:
    given = {"NTASKS": tasks, "NTASKS_PER_NODE": tasks, "JOB_NAME": "train", "PROCID": "0", "LOCALID": "0"}
    given |= {"NODELIST": "localhost", "JOB_ID": "7", "NODEID": "0"}
    for name, value in given.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    fabric = new_fabric(torch.device("cpu"), devices=2)
    assert fabric.world_size == 2 and fabric.strategy.launcher is not None


def test_one_gpu_by_its_number_is_not_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "choose_device", torch.device)
    with (
        pytest.raises(UsageError, match="--device cuda:2: is one device; for several say --device cuda"),
        launched("cuda:2", devices=2),
    ):
        pass


def test_a_process_that_fails_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """NCCL's group is closed by all together: who fails alone must not try it when it ends."""
    from lightning_fabric.utilities.distributed import _destroy_dist_connection

    ended: list[str] = []
    process = SimpleNamespace(terminate=lambda: ended.append("child"), wait=lambda _: None)
    fabric: Any = SimpleNamespace(strategy=SimpleNamespace(launcher=SimpleNamespace(procs=[process])))
    left_out: list[object] = []
    monkeypatch.setattr(atexit, "unregister", left_out.append)
    devices._let_go(fabric)
    assert ended == ["child"] and left_out == [_destroy_dist_connection]
    devices._let_go(SimpleNamespace(strategy=SimpleNamespace(launcher=None)))  # type: ignore[arg-type]


def test_a_child_that_minds_a_signal_in_a_step_without_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import time\nfrom feraug.workflows.interrupts import stop_on_signal\n"
        "with stop_on_signal():\n    print('in a step', flush=True)\n    time.sleep(600)\n"
    )
    monkeypatch.setattr(devices, "_PATIENCE", 0.3)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "in a step\n"
        fabric: Any = SimpleNamespace(strategy=SimpleNamespace(launcher=SimpleNamespace(procs=[child])))
        try:
            devices._let_go(fabric)
            assert child.wait(timeout=10) == -signal.SIGKILL
        finally:
            child.kill()  # else the block would wait for it


@pytest.mark.parametrize(("processes", "expected"), [(1, []), (2, ["let go"])])
def test_the_others_are_let_go_when_one_fails(
    monkeypatch: pytest.MonkeyPatch, processes: int, expected: list[str]
) -> None:
    fabric = SimpleNamespace(world_size=processes, launch=lambda: None)
    monkeypatch.setattr(devices, "new_fabric", lambda *_, **__: fabric)
    found: list[str] = []
    monkeypatch.setattr(devices, "_let_go", lambda _: found.append("let go"))
    with pytest.raises(StorageError), launched("cpu", devices=processes):
        raise StorageError("disk full")
    assert found == expected


def test_an_array_arrives_as_it_is() -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    tensor = moved(array, "cpu")
    assert tensor.dtype == torch.int16 and tensor.tolist() == array.tolist()
    assert moved(array, torch.device("meta")).device.type == "meta"


@pytest.mark.parametrize(("device", "words"), [("cpu", " --preset cpu"), ("cuda", ""), ("mps", "")])
def test_without_a_gpu_proposed_trainings_have_the_preset(
    monkeypatch: pytest.MonkeyPatch, device: str, words: str
) -> None:
    monkeypatch.setattr("feraug.workflows.devices.choose_device", lambda name: torch.device(device))
    assert of_cpu() == words
    nothing = Workspace(Path("nothing"))
    with pytest.raises(MissingArtifactError, match=f"'feraug train vgg19{words}'"):
        classifier_file(nothing.model("vgg19"), nothing)
    with pytest.raises(MissingArtifactError, match=f"'feraug train vgg19{words}'"):
        find_model("vgg19", nothing)


def test_several_machines_without_a_launcher_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would wait for the other, without a word and without end."""
    for name in ("TORCHELASTIC_RUN_ID", "NODE_RANK", "GROUP_RANK"):
        monkeypatch.delenv(name, raising=False)
    with (
        pytest.raises(UsageError, match="--num-nodes 2: nothing tells the machines apart"),
        launched("cpu", nodes=2),
    ):
        pass
