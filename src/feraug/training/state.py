"""All that training carries from one step to the next, and its form as plain arrays."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import GanConfig
from feraug.errors import TrainingError
from feraug.objectives import Objective
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
from feraug.training.diff_augment import DRAWS
from feraug.training.image_history import ImageHistory
from feraug.training.processes import gathered
from feraug.transfer import moved, placed

if TYPE_CHECKING:
    from lightning_fabric import Fabric

HISTORY_STREAM: Final = 1
"""Stream of the random numbers that choose images from the history."""

DIFF_AUGMENT_STREAM: Final = 2
"""Stream of the random numbers of differentiable augmentation."""


@dataclass
class TrainState:
    """Networks, EMA, optimizers, image history, histories of the losses, and the step.

    Random draws need no state of their own: each is a function of (seed, step), so a run that
    was stopped goes on exactly as if it had not been.
    """

    networks: dict[str, nn.Module]
    ema: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    rates: dict[str, float]
    """The initial learning rate of each optimizer."""
    image_history: dict[str, ImageHistory]
    """A pool for each kind of fake, of the fakes of all processes."""
    scaler: torch.amp.GradScaler
    """Keeps small gradients above zero in ``16-mixed`` precision; does nothing in others."""
    fabric: Fabric
    ema_decay: float
    clip_norm: float
    head_start: float
    """Share of training in which the generators stay as they are."""
    diff_augment: tuple[str, ...]
    seed: int
    unreached: tuple[str, ...] = ()
    """Path prefixes of parameters without a gradient: the optimizer has no state for them.

    An objective says so by an attribute of this name, which not all have."""
    step: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    """Unweighted loss terms, one value a step."""

    @classmethod
    def create(
        cls, networks: dict[str, nn.Module], objective: Objective, config: GanConfig, fabric: Fabric
    ) -> TrainState:
        """A state at step 0 for freshly built networks, moved to Fabric's device."""
        device = fabric.device
        for network in networks.values():
            placed(network, device)
        capacity = getattr(config, "image_history", 0)
        return cls(
            networks=networks,
            ema={role: _frozen_copy(networks[role]) for role in objective.generator_roles},
            optimizers={
                "generator": _adam(networks, objective.generator_roles, config.generator_rate, config),
                "discriminator": _adam(
                    networks, objective.discriminator_roles, config.discriminator_rate, config
                ),
            },
            rates={"generator": config.generator_rate, "discriminator": config.discriminator_rate},
            image_history={name: ImageHistory(capacity, device) for name in objective.fake_names},
            scaler=torch.amp.GradScaler(device.type, enabled=config.precision == "16-mixed"),
            fabric=fabric,
            ema_decay=config.ema_decay,
            clip_norm=config.clip_norm,
            head_start=getattr(config, "head_start", 0.0),
            diff_augment=config.diff_augmentations,
            seed=config.seed,
            unreached=getattr(objective, "unreached", ()),
        )

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.fabric.device

    def random(self, stream: int, further: int = 0) -> np.random.Generator:
        """The random numbers of this step, the same in every process; each use has a ``stream`` of its own.

        ``further`` tells uses of one stream within a step apart.
        """
        key = (self.seed, stream, self.step, further) if further else (self.seed, stream, self.step)
        return np.random.default_rng(key)

    def uniform_draws(self, stream: int) -> Callable[[int], Tensor]:
        """A function that gives this process's fresh draws (n, 5) from [0, 1) at every call of this step."""
        random = self.random(stream)

        def draws(count: int) -> Tensor:
            everywhere = random.random((count * self.fabric.world_size, DRAWS), np.float32)
            mine = everywhere[self.fabric.global_rank * count :][:count]
            return moved(mine, self.device)

        return draws

    def exchange(self, name: str, fakes: Tensor, random: np.random.Generator) -> Tensor:
        """Fakes for this process's discriminators: new ones and ones from the pool ``name``.

        Every process keeps the same pool, of the fakes of all.
        """
        pool = self.image_history[name]
        if pool.capacity == 0:
            return fakes
        mixed = pool.exchange(gathered(self.fabric, fakes), random)
        return mixed[self.fabric.global_rank * len(fakes) :][: len(fakes)]

    def update_ema(self) -> None:
        """Move the EMA towards the networks."""
        for role, average in self.ema.items():
            move_average(average, self.networks[role], self.ema_decay, self.step)

    def to_arrays(self) -> Arrays:
        """Everything as arrays by path; see ``docs/file-format.md``.

        Raises :class:`TrainingError` when the last update left NaN or infinity in the networks.
        """
        arrays: Arrays = {}
        for group, networks in (("networks", self.networks), ("ema", self.ema)):
            for role, network in networks.items():
                for name, tensor in network.state_dict().items():
                    arrays[f"{group}/{role}/{name}"] = to_numpy(tensor)
        for kind, optimizer in self.optimizers.items():
            for path, parameter in self._optimized(optimizer):
                for key, value in optimizer.state.get(parameter, {}).items():
                    arrays[f"optimizers/{kind}/{path}/{key}"] = to_numpy(value)
        arrays |= scaler_arrays(self.scaler)
        arrays["random/seed"] = np.asarray(self.seed, np.int64)
        arrays["random/step"] = np.asarray(self.step, np.int64)
        for name, pool in self.image_history.items():
            if len(pool.images):
                arrays[f"image_history/{name}"] = to_numpy(pool.images)
        arrays |= history_arrays(self.history)
        refuse_non_finite(arrays, self.step, "--generator-rate and --discriminator-rate")
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what :meth:`to_arrays` gave, into networks of the same config.

        Raises :class:`TrainingError` when an array is missing, or of another shape.
        """
        for group, networks in (("networks", self.networks), ("ema", self.ema)):
            for role, network in networks.items():
                load_network(network, arrays, f"{group}/{role}")
        self.step = int(found(arrays, "random/step", ()))
        for kind, optimizer in self.optimizers.items():
            if not _any_below(arrays, f"optimizers/{kind}/"):
                if kind == "generator" and self.head_start:
                    continue  # it has not moved yet
                raise TrainingError(f"'optimizers/{kind}' is missing")
            for path, parameter in self._optimized(optimizer):
                prefix = f"optimizers/{kind}/{path}/"
                if path.startswith(self.unreached) and not _any_below(arrays, prefix):
                    continue  # it has not moved and never will
                shape = tuple(parameter.shape)
                optimizer.state[parameter] = {
                    key: like(found(arrays, prefix + key, of), parameter)
                    for key, of in (("step", ()), ("exp_avg", shape), ("exp_avg_sq", shape))
                }
        load_scaler(self.scaler, arrays)
        for name, pool in self.image_history.items():
            if f"image_history/{name}" in arrays:
                pool.images = moved(np.array(arrays[f"image_history/{name}"]), self.device)
        self.history = histories(arrays)

    def _optimized(self, optimizer: torch.optim.Optimizer) -> list[tuple[str, nn.Parameter]]:
        """Path ``role/name`` and parameter, in the optimizer's order."""
        paths = {
            id(parameter): f"{role}/{name}"
            for role, network in self.networks.items()
            for name, parameter in network.named_parameters()
        }
        return [
            (paths[id(parameter)], parameter)
            for group in optimizer.param_groups
            for parameter in group["params"]
        ]


@torch.no_grad()
def move_average(average: nn.Module, source: nn.Module, decay: float, step: int) -> None:
    """Move an EMA towards its network after step ``step``: decay min(``decay``, (1 + step) / (10 + step)).

    The warm-up, as in TensorFlow's ExponentialMovingAverage, keeps the random start from
    lingering in short runs.
    """
    share = 1.0 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(source.parameters()), share)
    for kept, new in zip(average.buffers(), source.buffers(), strict=True):
        if new.is_floating_point():  # statistics of a batch norm: as old as the weights they serve
            kept.lerp_(new, share)
        else:
            kept.copy_(new)


def _adam(
    networks: Mapping[str, nn.Module], roles: tuple[str, ...], rate: float, config: GanConfig
) -> torch.optim.Adam:
    parameters = [parameter for role in roles for parameter in networks[role].parameters()]
    return torch.optim.Adam(parameters, rate, betas=(config.beta1, config.beta2), fused=True)


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).eval().requires_grad_(False)


def _any_below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> bool:
    return any(path.startswith(prefix) for path in arrays)
