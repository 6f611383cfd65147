"""All that training carries from one step to the next, and its form as plain arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import TranslatorConfig
from feraug.errors import TrainingError
from feraug.objectives import Objective
from feraug.training.image_history import ImageHistory

Arrays = dict[str, NDArray[Any]]


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
    ema_decay: float
    seed: int
    device: torch.device
    step: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    """Unweighted loss terms, one value a step."""

    @classmethod
    def create(
        cls,
        networks: dict[str, nn.Module],
        objective: Objective,
        config: TranslatorConfig,
        device: torch.device,
    ) -> TrainState:
        """A state at step 0 for freshly built networks, moved to ``device``."""
        for network in networks.values():
            network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
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
            image_history={name: ImageHistory(config.image_history, device) for name in ("fake_a", "fake_b")},
            ema_decay=config.ema_decay,
            seed=config.seed,
            device=device,
        )

    def random(self, stream: int) -> np.random.Generator:
        """The random numbers of this step; each use has a ``stream`` of its own."""
        return np.random.default_rng((self.seed, stream, self.step))

    @torch.no_grad()
    def update_ema(self) -> None:
        """Move the EMA towards the networks: decay min(``ema_decay``, (1 + step) / (10 + step)).

        The warm-up, as in TensorFlow's ExponentialMovingAverage, keeps the random start from
        lingering in short runs.
        """
        decay = min(self.ema_decay, (1 + self.step) / (10 + self.step))
        for role, average in self.ema.items():
            source = self.networks[role]
            torch._foreach_lerp_(list(average.parameters()), list(source.parameters()), 1.0 - decay)
            for kept, new in zip(average.buffers(), source.buffers(), strict=True):
                kept.copy_(new)

    def to_arrays(self) -> Arrays:
        """Everything as arrays by path; see ``docs/file-format.md``."""
        arrays: Arrays = {}
        for group, networks in (("networks", self.networks), ("ema", self.ema)):
            for role, network in networks.items():
                for name, tensor in network.state_dict().items():
                    arrays[f"{group}/{role}/{name}"] = _to_numpy(tensor)
        for kind, optimizer in self.optimizers.items():
            for path, parameter in self._optimized(optimizer):
                for key, value in optimizer.state.get(parameter, {}).items():
                    arrays[f"optimizers/{kind}/{path}/{key}"] = _to_numpy(value)
        arrays["random/seed"] = np.asarray(self.seed, np.int64)
        arrays["random/step"] = np.asarray(self.step, np.int64)
        for name, pool in self.image_history.items():
            if len(pool.images):
                arrays[f"image_history/{name}"] = _to_numpy(pool.images)
        for term, values in self.history.items():
            arrays[f"history/{term}"] = np.asarray(values, np.float32)
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what :meth:`to_arrays` gave, into networks of the same config.

        Raises :class:`TrainingError` when an array is missing, or of another shape.
        """
        for group, networks in (("networks", self.networks), ("ema", self.ema)):
            for role, network in networks.items():
                load_network(network, arrays, f"{group}/{role}")
        self.step = int(_wanted(arrays, "random/step"))
        for kind, optimizer in self.optimizers.items():
            for path, parameter in self._optimized(optimizer):
                prefix = f"optimizers/{kind}/{path}/"
                optimizer.state[parameter] = {
                    key: _like(_wanted(arrays, prefix + key), parameter, scalar=key == "step")
                    for key in ("step", "exp_avg", "exp_avg_sq")
                }
        for name, pool in self.image_history.items():
            if f"image_history/{name}" in arrays:
                pool.images = torch.from_numpy(np.array(arrays[f"image_history/{name}"])).to(self.device)
        self.history = {
            path.removeprefix("history/"): values.tolist()
            for path, values in arrays.items()
            if path.startswith("history/")
        }

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


def load_network(
    network: nn.Module, arrays: Mapping[str, NDArray[Any]], prefix: str, *, assign: bool = False
) -> None:
    """Fill ``network`` from the arrays ``prefix/PARAMETER``; ``assign`` puts new tensors in its place.

    Assigning is for networks built on the ``meta`` device, which have shapes but no storage.

    Raises :class:`TrainingError` when one is missing or of another shape or kind; the network
    is left untouched then.
    """
    tensors = {}
    for name, current in network.state_dict().items():
        values = _wanted(arrays, f"{prefix}/{name}")
        if values.shape != tuple(current.shape):
            raise TrainingError(
                f"'{prefix}/{name}' has shape {values.shape}, its config says {tuple(current.shape)}"
            )
        if not np.isfinite(values).all():
            raise TrainingError(f"'{prefix}/{name}' holds values that are not finite")
        tensors[name] = torch.from_numpy(np.array(values)).to(current.dtype)
    network.load_state_dict(tensors, assign=assign)


def _adam(
    networks: Mapping[str, nn.Module], roles: tuple[str, ...], rate: float, config: TranslatorConfig
) -> torch.optim.Adam:
    parameters = [parameter for role in roles for parameter in networks[role].parameters()]
    return torch.optim.Adam(parameters, rate, betas=(config.beta1, config.beta2), fused=True)


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).eval().requires_grad_(False)


def _to_numpy(tensor: Tensor) -> NDArray[Any]:
    return tensor.detach().cpu().contiguous().numpy().copy()


def _wanted(arrays: Mapping[str, NDArray[Any]], path: str) -> NDArray[Any]:
    if path not in arrays:
        raise TrainingError(f"'{path}' is missing")
    return arrays[path]


def _like(values: NDArray[Any], parameter: nn.Parameter, *, scalar: bool) -> Tensor:
    """An optimizer's array as a tensor laid out like its parameter."""
    expected = () if scalar else tuple(parameter.shape)
    if values.shape != expected:
        raise TrainingError(f"an optimizer array has shape {values.shape}, expected {expected}")
    tensor = torch.from_numpy(np.array(values))
    if scalar:
        return tensor.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(tensor)
