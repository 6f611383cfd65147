"""The loop that trains every classifier, as a generator function: it never prints, saves or plots."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import ClassifierConfig
from feraug.errors import TrainingError
from feraug.objectives.classification import Classification, LabelledBatch
from feraug.training.arrays import (
    Arrays,
    found,
    histories,
    history_arrays,
    like,
    load_network,
    load_scaler,
    refuse_non_finite,
    scaler_arrays,
    to_numpy,
)
from feraug.training.gan import Batches, StepReport
from feraug.training.plan import by_steps, one_cycle
from feraug.training.processes import average
from feraug.training.state import move_average
from feraug.transfer import placed

if TYPE_CHECKING:
    from lightning_fabric import Fabric

RATE: Final = "(--rate; for a benchmark 'rate' in the file of --config)"
"""Where the learning rate is set: ``feraug bench`` has no option of its own for it."""

ROLE: Final = "classifier"
"""The role of the one network, in the paths of arrays."""

_SCHEDULES: Final[Mapping[str, Callable[[ClassifierConfig], Callable[[float], float]]]] = {
    "one-cycle": lambda config: one_cycle(config.warmup),
    "step": lambda config: by_steps,
    "constant": lambda config: lambda progress: 1.0,
}

Evaluate = Callable[[nn.Module], Mapping[str, float]]
"""Measures a network on validation faces; gives ``accuracy`` and whatever else belongs in the history."""


@dataclass
class ClassifierState:
    """Network, moving average, optimizer, the best epoch so far, histories, and the step.

    Random draws need no state of their own: each is a function of (seed, step).
    """

    network: nn.Module
    ema: nn.Module | None
    chosen: nn.Module
    """As the network (or its average) was after the epoch that did best on validation."""
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    fabric: Fabric
    config: ClassifierConfig
    step: int = 0
    chosen_epoch: int = 0
    """Counted from 1; 0: none yet."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """``loss`` a step; ``validation_accuracy`` and others an epoch."""

    @classmethod
    def create(cls, network: nn.Module, config: ClassifierConfig, fabric: Fabric) -> ClassifierState:
        """A state at step 0 for a freshly built network, moved to Fabric's device."""
        device = fabric.device
        placed(network, device)
        decays = [parameter for parameter in network.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
        # Biases and the scales of norms stay out of weight decay (He et al., "Bag of Tricks", 2019, 3.1).
        groups = [
            {"params": decays, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimizer: torch.optim.Optimizer
        if config.optimizer == "adamw":
            optimizer = torch.optim.AdamW(groups, config.rate, betas=(config.momentum, 0.999), fused=True)
        else:
            optimizer = torch.optim.SGD(
                groups, config.rate, momentum=config.momentum, nesterov=config.momentum > 0, fused=True
            )
            # Torch's fused SGD leaves momentum uninitialised when the scaler skips the first step.
            for parameter in network.parameters() if config.momentum else ():
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter).detach()
        return cls(
            network=network,
            ema=copy.deepcopy(network).eval().requires_grad_(False) if config.ema_decay else None,
            chosen=copy.deepcopy(network).eval().requires_grad_(False),
            optimizer=optimizer,
            scaler=torch.amp.GradScaler(device.type, enabled=config.precision == "16-mixed"),
            fabric=fabric,
            config=config,
        )

    @property
    def judged(self) -> nn.Module:
        """What is measured on validation: the moving average if there is one."""
        return self.network if self.ema is None else self.ema

    def choose(self, epoch: int) -> None:
        """Keep the judged network as it is now."""
        self.chosen.load_state_dict(self.judged.state_dict())
        self.chosen_epoch = epoch

    def to_arrays(self, *, finished: bool) -> Arrays:
        """Everything as arrays by path; of a ``finished`` training the chosen network and the histories.

        Raises :class:`TrainingError` when the last update left NaN or infinity in any of it.
        """
        networks = {"chosen": self.chosen}
        arrays: Arrays = {}
        if not finished:
            networks["networks"] = self.network
            networks |= {} if self.ema is None else {"ema": self.ema}
            for name, parameter in self.network.named_parameters():
                for key, value in self.optimizer.state.get(parameter, {}).items():
                    if value is not None:
                        arrays[f"optimizers/{ROLE}/{name}/{key}"] = to_numpy(value)
            arrays |= scaler_arrays(self.scaler)
        for group, network in networks.items():
            for name, tensor in network.state_dict().items():
                arrays[f"{group}/{ROLE}/{name}"] = to_numpy(tensor)
        arrays["random/seed"] = np.asarray(self.config.seed, np.int64)
        arrays["random/step"] = np.asarray(self.step, np.int64)
        arrays |= history_arrays(self.history)
        refuse_non_finite(arrays, self.step, f"learning rate {RATE}")
        return arrays

    def from_arrays(
        self, arrays: Mapping[str, NDArray[Any]], *, chosen_epoch: int, finished: bool = False
    ) -> None:
        """Take over what :meth:`to_arrays` gave of a training of the same config.

        Of a ``finished`` one only the chosen network, the histories and the step are there, and no step may
        follow.  Raises :class:`TrainingError` when an array is missing, or of another shape.
        """
        load_network(self.chosen, arrays, f"chosen/{ROLE}")
        self.chosen_epoch = chosen_epoch
        self.step = int(found(arrays, "random/step", ()))
        if not finished:
            self._go_on_from(arrays)
        self.history = histories(arrays)

    def _go_on_from(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """What a next step needs: the network, its average, the optimizer and the scaler."""
        load_network(self.network, arrays, f"networks/{ROLE}")
        if self.ema is not None:
            load_network(self.ema, arrays, f"ema/{ROLE}")
        for name, parameter in self.network.named_parameters() if self.step else ():
            self.optimizer.state[parameter] = {
                key: like(found(arrays, f"optimizers/{ROLE}/{name}/{key}", shape), parameter)
                for key, shape in self._optimizer_shapes(parameter).items()
            }
        load_scaler(self.scaler, arrays)

    def _optimizer_shapes(self, parameter: nn.Parameter) -> dict[str, tuple[int, ...]]:
        """What the optimizer keeps of a parameter, once it has moved it."""
        shape = tuple(parameter.shape)
        if self.config.optimizer == "adamw":
            return {"step": (), "exp_avg": shape, "exp_avg_sq": shape}
        return {"momentum_buffer": shape} if self.config.momentum else {}


def fit_classifier(
    state: ClassifierState,
    batches: Batches,
    *,
    steps: int,
    steps_per_epoch: int,
    evaluate: Evaluate,
    read_every: int = 1,
) -> Iterator[StepReport]:
    """Train up to ``steps``, yielding every ``read_every`` steps and after epochs; ``state`` is whole then.

    After each epoch, and at the end, the network is measured by ``evaluate``; the epoch with the
    highest ``accuracy`` is chosen, of equals the first.  Raises :class:`TrainingError` when the
    loss is not finite; ``state`` is then not to be kept.
    """
    config = state.config
    schedule, objective = _SCHEDULES[config.schedule](config), Classification(config.label_smoothing)
    unread: list[Tensor] = []
    while state.step < steps:
        for group in state.optimizer.param_groups:
            group["lr"] = config.rate * schedule(state.step / steps)
        unread.append(_train_step(state, objective, batches.batch(state.step)))
        at_end_of_epoch = state.step % steps_per_epoch == 0 or state.step == steps
        if at_end_of_epoch or len(unread) >= read_every:
            terms = {"loss": _read(state, unread)}
            unread.clear()
            if at_end_of_epoch:
                _evaluate(state, evaluate, -(-state.step // steps_per_epoch))
            if state.history.get("validation_accuracy"):
                terms["accuracy"] = state.history["validation_accuracy"][-1]
            yield StepReport(state.step, terms, state.step / steps)


def _train_step(state: ClassifierState, objective: Classification, batch: LabelledBatch) -> Tensor:
    state.network.train()
    state.optimizer.zero_grad(set_to_none=True)
    with _dropout_of_step(state), state.fabric.autocast():
        loss = objective.loss(state.network(batch.faces), batch)
    state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    parameters = list(state.network.parameters())
    average(state.fabric, [parameter.grad for parameter in parameters if parameter.grad is not None])
    if state.config.clip_norm:
        state.scaler.unscale_(state.optimizer)
        nn.utils.clip_grad_norm_(parameters, state.config.clip_norm)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.step += 1
    average(state.fabric, [buffer for buffer in state.network.buffers() if buffer.is_floating_point()])
    if state.ema is not None:
        move_average(state.ema, state.network, state.config.ema_decay, state.step)
    return loss.detach()


@contextmanager
def _dropout_of_step(state: ClassifierState) -> Iterator[None]:
    """Dropout drawn from (seed, step, rank); torch's global random state, but for other GPUs', stays."""
    device = state.fabric.device
    key = np.random.SeedSequence((state.config.seed, state.step, state.fabric.global_rank))
    seed = int(key.generate_state(1, np.uint64)[0] >> np.uint64(1))
    with torch.random.fork_rng([device.index or 0] if device.type == "cuda" else []):
        if device.type == "cpu":  # torch.manual_seed would note down the stack for CUDA, in a millisecond
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        yield


def _evaluate(state: ClassifierState, evaluate: Evaluate, epoch: int) -> None:
    # Rounded as histories are kept, so that a continued run compares the same numbers.
    measured = {name: float(np.float32(value)) for name, value in evaluate(state.judged.eval()).items()}
    best = max(state.history.get("validation_accuracy", []), default=-math.inf)
    for name, value in measured.items():
        state.history.setdefault(f"validation_{name}", []).append(value)
    if measured["accuracy"] > best:
        state.choose(epoch)


def _read(state: ClassifierState, unread: list[Tensor]) -> float:
    """Move the losses of some steps into the history, with one transfer; returns the last."""
    stacked = torch.stack([loss.float() for loss in unread])
    average(state.fabric, [stacked])
    values = stacked.tolist()
    for back, value in zip(range(len(values) - 1, -1, -1), values, strict=True):
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is {value} at step {state.step - back}; try a lower learning rate {RATE}, or "
                "another --seed, under another --name or with --overwrite"
            )
        state.history.setdefault("loss", []).append(value)
    return float(values[-1])
