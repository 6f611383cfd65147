"""Which device a workflow runs on, and in how many processes."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar

import torch

from feraug.errors import FeraugError, UsageError
from feraug.processes import is_only_process
from feraug.training import new_fabric

if TYPE_CHECKING:
    from lightning_fabric import Fabric

T = TypeVar("T")

_PATIENCE: Final = 3.0
"""Seconds for a child to end, when this process fails, before it is killed."""

_PROCESSES: Final = 16
"""Processes on the CPU that no machine is too small to try; more than its cores only slow it down."""

_SET_BY_LAUNCHERS: Final = frozenset({"TORCHELASTIC_RUN_ID", "NODE_RANK", "GROUP_RANK"})
"""Variables of which one says which of several machines this is: torchrun's (as under Slurm), Fabric's."""


def choose_device(name: str) -> torch.device:
    """``auto``: the GPU if there is one, else the CPU; otherwise any name torch knows (``cuda:1``, ``mps``).

    Raises :class:`UsageError` for a device that does not exist here, or that this torch has no code for.
    """
    if name == "auto":
        if torch.cuda.is_available() and can_compute(torch.device("cuda")):
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "meta":  # has shapes, and no numbers
            raise RuntimeError("meta")
        torch.empty(1, device=_own(device))
    except torch.cuda.OutOfMemoryError:  # it is there, and full
        raise
    # torch raises AssertionError where it was built without CUDA, RuntimeError for a bad name or index.
    # TypeError is of what is no name.
    except (RuntimeError, AssertionError, TypeError) as problem:
        raise UsageError(f"--device '{name}': not available here; there are {_available()}") from problem
    if device.type == "cuda" and not can_compute(device):
        raise UsageError(
            f"--device '{name}': this torch has no code for {torch.cuda.get_device_name(_own(device))}; say "
            "--device cpu, or install a torch for an older CUDA (docs/platforms.md)"
        )
    return device


def can_compute(card: torch.device) -> bool:
    """Whether this torch runs on an NVIDIA GPU: it has code for newer ones alone, and sees all."""
    try:
        torch.zeros(1, device=_own(card)).add_(1).cpu()
    except torch.cuda.OutOfMemoryError:  # it could
        return True
    except (RuntimeError, AssertionError) as problem:  # of anything else whoever asked is told
        return "no kernel image" not in str(problem)
    return True


def of_cpu() -> str:
    """What a command that trains a classifier needs where there is no GPU, or it takes many hours."""
    return " --preset cpu" if choose_device("auto").type == "cpu" else ""


def _own(device: torch.device) -> torch.device:
    """Of several processes on one machine each its own GPU, so that none takes memory of another's."""
    if device.type == "cuda" and device.index is None:
        rank = int(os.environ.get("LOCAL_RANK", "0"))
        return torch.device("cuda", rank if rank < torch.cuda.device_count() else 0)  # some see one each
    return device


def _available() -> str:
    names = ["auto", "cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    return ", ".join([*names, "mps"] if torch.backends.mps.is_available() else names)


@contextmanager
def launched(
    device: str,
    *,
    devices: int = 1,
    nodes: int = 1,
    precision: str = "32-true",
    batch_size: int | None = None,
) -> Iterator[Fabric]:
    """Fabric, running: with several devices the command is started again for each of the others.

    Under ``torchrun`` the processes are there already.  Raises :class:`UsageError` for a device,
    a number of devices or a precision that cannot be had here, and for a ``batch_size`` that the
    processes cannot share evenly.
    """
    chosen = choose_device(device)
    if devices < 1 or nodes < 1:
        raise UsageError("--devices, --num-nodes: one or more")
    if chosen.type == "mps" and (devices * nodes > 1 or not is_only_process()):
        raise UsageError("Apple's GPU is one device, for one process; for several say --device cpu")
    if chosen.type == "cuda" and chosen.index is not None and devices * nodes > 1:
        raise UsageError(f"--device {device}: is one device; for several say --device cuda")
    if chosen.type == "cuda" and devices > torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(f"--devices {devices}: {count} NVIDIA GPU(s) here; use --devices {count} or fewer")
    most = max(_PROCESSES, os.cpu_count() or 1)
    if chosen.type == "cpu" and devices > most:
        raise UsageError(f"--devices {devices}: on the CPU each is a process; {most} is the limit here")
    if precision == "16-mixed" and chosen.type != "cuda":
        raise UsageError("--precision 16-mixed: needs an NVIDIA GPU; use 32-true or bf16-mixed")
    if nodes > 1 and not os.environ.keys() & _SET_BY_LAUNCHERS:
        raise UsageError(
            f"--num-nodes {nodes}: nothing tells the machines apart, and this one would wait for ever; start "
            f"the command on each with torchrun --nnodes {nodes} (docs/scaling-out.md)"
        )
    fabric = new_fabric(chosen, devices=devices, nodes=nodes, precision=precision)
    if batch_size is not None and batch_size % fabric.world_size:
        raise UsageError(
            f"--batch-size {batch_size}: counts over all devices, and {fabric.world_size} of them need "
            f"a multiple of {fabric.world_size}"
        )
    with _torch_of_its_own(_own(chosen)):
        if fabric.world_size > 1:
            _let_be_started_again()
            fabric.launch()
        try:
            yield fabric
        except BaseException:
            if fabric.world_size > 1:
                _let_go(fabric)
            raise
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


@contextmanager
def _torch_of_its_own(device: torch.device) -> Iterator[None]:
    """Torch as a fresh process has it, whatever a notebook has set; its random numbers go on as they were."""
    dtype = torch.get_default_dtype()
    with ExitStack() as held:
        cards = [device] if device.type == "cuda" else []
        held.enter_context(torch.random.fork_rng(cards))
        held.enter_context(torch.inference_mode(False))
        held.enter_context(torch.enable_grad())
        if torch.get_default_device().type != "cpu":  # else no function mode, which takes time
            held.enter_context(torch.device("cpu"))
        held.enter_context(_outside_autocast({"cpu", device.type} & {"cpu", "cuda"}))
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


@contextmanager
def _outside_autocast(kinds: Collection[str]) -> Iterator[None]:
    """No autocast of the notebook's, nor the place of one.

    ``torch.autocast(enabled=False)`` would leave that: torch drops the weights that it has cast where the
    outermost region ends, so that a training inside of one would go on with the weights of its first step.
    """
    depth = torch.autocast_increment_nesting() - 1  # which is all that tells
    torch.autocast_decrement_nesting()
    enabled = {kind: torch.is_autocast_enabled(kind) for kind in kinds}
    torch.clear_autocast_cache()
    for _ in range(depth):
        torch.autocast_decrement_nesting()
    for kind in kinds:
        torch.set_autocast_enabled(kind, False)
    try:
        yield
    finally:
        for kind, was in enabled.items():
            torch.set_autocast_enabled(kind, was)
        for _ in range(depth):
            torch.autocast_increment_nesting()
        torch.clear_autocast_cache()


def _let_be_started_again() -> None:
    """Have Fabric, which starts this command again, name a module that other processes can import.

    Windows' ``feraug.exe`` is a zip file with a ``__main__`` of its own.
    """
    main = sys.modules["__main__"]
    if getattr(main.__spec__, "name", None) == "__main__":
        main.__spec__ = find_spec("feraug.__main__")


def _let_go(fabric: Fabric) -> None:
    """Let this process end by itself, and with it those that it started.

    With NCCL Fabric has every process close the group when it ends, which waits for all others; and
    those may be waiting for this one, for half an hour.
    """
    from lightning_fabric.utilities import distributed

    if (closing := getattr(distributed, "_destroy_dist_connection", None)) is not None:
        atexit.unregister(closing)
    # One that trains finishes its step first, and may wait in it for this process.
    end_children(fabric, _PATIENCE)


def children(fabric: Fabric) -> list[subprocess.Popen[bytes]]:
    """The processes that ``--devices`` started beside this one; none under ``torchrun`` or in one of them."""
    launcher = getattr(getattr(fabric, "strategy", None), "launcher", None)
    found: list[subprocess.Popen[bytes]] = getattr(launcher, "procs", [])
    return found


def end_children(fabric: Fabric, patience: float = 60.0) -> None:
    """Have the other processes stop as at Ctrl-C, and wait for them; kill one that takes too many seconds."""
    started = list(children(fabric))
    children(fabric).clear()  # or Fabric, which watches them, kills this process for how they end
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()


def on_first_process(fabric: Fabric, work: Callable[[], T]) -> T:
    """Do ``work`` in the first process alone, and give its result, or its failure, to all."""
    if fabric.world_size == 1:
        return work()
    result: T | None = None
    failure: FeraugError | None = None
    if fabric.is_global_zero:
        try:
            result = work()
        except FeraugError as problem:
            failure = problem
    result, failure = fabric.broadcast((result, failure))
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]
