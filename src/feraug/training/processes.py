"""One or several processes: where they run, and what they tell each other.

Networks are not wrapped (as in DistributedDataParallel): the objectives run several networks,
some twice, and differentiate gradients.  Instead every process does its part of the batch and
gradients are averaged before each update; see :func:`average`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def new_fabric(
    device: torch.device, *, devices: int = 1, nodes: int = 1, precision: str = "32-true"
) -> Fabric:
    """Fabric on ``devices`` devices like ``device`` on each of ``nodes`` machines; not launched yet.

    Under ``torchrun`` its own numbers count.  One process on the CPU has no use for Fabric, whose import
    takes nearly as long as torch's, and one on Apple's GPU none for older ones, whose mixed precision is
    NVIDIA's alone.
    """
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    if torchrun:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    several = devices * nodes > 1
    if device.type in ("cpu", "mps") and not several and precision in _ALONE:
        return cast("Fabric", _OneProcess(device, _ALONE[precision](device.type)))

    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces every process on stderr
    single = [device.index or 0] if device.type == "cuda" else 1
    return Fabric(
        accelerator=device.type,
        strategy="ddp" if several else "auto",
        devices=devices if several else single,
        num_nodes=nodes,
        precision=precision,  # type: ignore[arg-type]
        # Inside a job Fabric would take Slurm's, LSF's or MPI's, and leave it to them to start processes.
        plugins=None if torchrun else LightningEnvironment(),
    )


_ALONE: Final[Mapping[str, Callable[[str], Callable[[], AbstractContextManager[object]]]]] = {
    "32-true": lambda device: nullcontext,
    "bf16-mixed": lambda device: partial(torch.autocast, device, torch.bfloat16),
}
"""What one process computes in, by precision, on a kind of device; as Fabric does."""


def alone(fabric: Fabric) -> Fabric:
    """A process as if there were no others: for work that each does by itself."""
    return cast("Fabric", _OneProcess(fabric.device, fabric.autocast))


class _OneProcess:
    """What feraug asks of Fabric, for one process."""

    world_size, global_rank, is_global_zero = 1, 0, True

    def __init__(
        self, device: torch.device, autocast: Callable[[], AbstractContextManager[object]] = nullcontext
    ) -> None:
        self.device = device
        self.autocast = autocast

    def barrier(self) -> None:
        """Nobody to wait for."""


def any_of(fabric: Fabric, flag: bool) -> bool:
    """Whether ``flag`` is true in any process; all must ask."""
    if fabric.world_size == 1:
        return flag
    return bool(_reduced(fabric, torch.tensor(float(flag), device=fabric.device), "sum") > 0)


def first_says(fabric: Fabric, value: float) -> float:
    """The value that the first process has; all must ask."""
    if fabric.world_size == 1:
        return value
    said = torch.tensor(value, dtype=torch.float64, device=fabric.device)
    torch.distributed.broadcast(said, 0)
    return float(said)


def average(fabric: Fabric, tensors: Iterable[Tensor]) -> None:
    """Replace tensors by their means over all processes, which must all ask; in one message."""
    chosen = list(tensors)
    if fabric.world_size == 1 or not chosen:
        return
    flat = _reduced(fabric, torch.cat([tensor.detach().reshape(-1).float() for tensor in chosen]), "mean")
    start = 0
    for tensor in chosen:
        tensor.detach().copy_(flat[start : start + tensor.numel()].view_as(tensor))
        start += tensor.numel()


def gathered(fabric: Fabric, part: Tensor) -> Tensor:
    """The parts (N, ...) that all processes have, in order, (N x processes, ...); without their gradients."""
    if fabric.world_size == 1:
        return part
    mine = part.detach().contiguous()
    everywhere = [torch.empty_like(mine) for _ in range(fabric.world_size)]
    # Not Fabric's, which keeps gradients by a function that torch warns of at every call.
    torch.distributed.all_gather(everywhere, mine)
    return torch.cat(everywhere)


def _reduced(fabric: Fabric, tensor: Tensor, how: str) -> Tensor:
    # In place.  Not Fabric's, before which all wait for each other and, with NCCL, for their GPUs.
    torch.distributed.all_reduce(tensor)
    return tensor / fabric.world_size if how == "mean" else tensor
