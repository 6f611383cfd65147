"""Operations and bytes of a training step, counted without computing, and the machine's convolution rate.

Tensors may have shapes and no numbers: a step runs on such in no time, and every operator that it calls is
seen.  Bytes are what eager torch has to move at the least, each operator reading
its inputs and writing its outputs once; a compiler that fuses operators moves fewer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from plain_translator import PlainTranslator
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from feraug.config import TranslatorConfig
from feraug.images import SIDE


@dataclass(frozen=True)
class Work:
    """Floating-point operations (a multiplication and an addition are two), bytes, and operators called."""

    flops: float
    bytes: float
    operators: int

    def seconds(self, flops_per_s: float, bytes_per_s: float) -> tuple[float, float]:
        """The least time for the operations, and for the bytes."""
        return self.flops / flops_per_s, self.bytes / bytes_per_s


class _Traffic(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.bytes, self.operators = 0, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func.namespace == "aten" and not func.is_view and "empty" not in func.__name__:
            self.operators += 1
            tensors = [leaf for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, Tensor)]
            self.bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return out


def count(work: Callable[[], Any]) -> Work:
    """What ``work`` asks for; it should use tensors without numbers."""
    with FlopCounterMode(display=False) as flops, _Traffic() as traffic:
        work()
    return Work(flops.get_total_flops(), traffic.bytes, traffic.operators)


def translator_step(config: TranslatorConfig, autocast: torch.dtype | None = None) -> Work:
    """One plain step of a translator on a batch of the config's size."""
    # ``meta`` knows no autocast; fake tensors of the CPU do, and have no numbers either.
    device = "meta" if autocast is None else "cpu"
    with nullcontext() if autocast is None else FakeTensorMode():
        plain = PlainTranslator(config, device, autocast=autocast, foreach=False)
        faces = torch.empty(config.batch_size, 1, SIDE, SIDE, device=device)
        return count(lambda: plain.step(faces, faces, 0.5))


def convolution_rate(device: torch.device | str = "cpu", *, seconds: float = 1.0, batch: int = 32) -> float:
    """Operations a second of a 3 x 3 convolution, 64 channels to 64, of 24 x 24 pixels, there and back.

    The best of many runs within ``seconds``: what the machine can do when nothing else asks for it.
    """
    layer = nn.Conv2d(64, 64, 3, padding=1, bias=False).to(device, memory_format=torch.channels_last)
    x = torch.randn(batch, 64, 24, 24, device=device).to(memory_format=torch.channels_last).requires_grad_()
    gradient = torch.randn(batch, 64, 24, 24, device=device).to(memory_format=torch.channels_last)
    with FlopCounterMode(display=False) as flops:
        layer(x).backward(gradient)
    best, end = float("inf"), time.process_time() + seconds
    while time.process_time() < end:
        begun = time.process_time() if x.device.type == "cpu" else time.perf_counter()
        layer(x).backward(gradient)
        if x.device.type == "cpu":
            best = min(best, (time.process_time() - begun) / torch.get_num_threads())
        else:
            torch.cuda.synchronize()
            best = min(best, time.perf_counter() - begun)
    return flops.get_total_flops() / best
