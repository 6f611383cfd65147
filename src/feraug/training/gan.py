"""The one loop that trains every GAN, as a generator function: it never prints, saves or plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from feraug.errors import TrainingError
from feraug.objectives import Objective
from feraug.training.diff_augment import AugmentedJudge
from feraug.training.plan import Plan
from feraug.training.processes import average
from feraug.training.state import DIFF_AUGMENT_STREAM, HISTORY_STREAM, TrainState


class Batches(Protocol):
    """Batches by number, so that a run can go on anywhere."""

    def batch(self, index: int) -> Any:
        """Batch ``index``, as the objective wants it; the same number always gives the same batch."""
        ...


@dataclass(frozen=True)
class StepReport:
    """Where training stands: the step, counted from 1, its unweighted loss terms, and the share done."""

    step: int
    terms: Mapping[str, float]
    progress: float


def fit(
    state: TrainState,
    objective: Objective,
    batches: Batches,
    plan: Plan,
    *,
    schedule: Callable[[float], float],
    read_every: int = 1,
) -> Iterator[StepReport]:
    """Train until ``plan`` is done, yielding every ``read_every`` steps, when ``state`` is whole.

    Reading the losses makes a GPU wait, so they are read for several steps at once.  Raises
    :class:`TrainingError` when one is not finite; ``state`` is then not to be kept.
    """
    unread: list[dict[str, Tensor]] = []
    progress = plan.progress(state.step)
    while progress < 1.0:
        for name, optimizer in state.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = state.rates[name] * schedule(progress)
        unread.append(_train_step(state, objective, batches, progress))
        progress = plan.progress(state.step)
        if len(unread) >= read_every or progress >= 1.0:
            yield StepReport(state.step, _read(state, unread), min(progress, 1.0))
            unread.clear()


def _train_step(
    state: TrainState, objective: Objective, batches: Batches, progress: float
) -> dict[str, Tensor]:
    """Generators first, then the discriminators on the same fakes, passed through the image history.

    With several critic steps the further ones see new batches and new fakes.  During the head start the
    generators' loss is only measured.
    """
    nets = _as_seen(state, objective)
    first = state.step * objective.critic_steps
    batch = batches.batch(first)

    _require_grad(state, objective.discriminator_roles, False)  # their gradients are not needed here
    with state.fabric.autocast():
        generator = objective.generator_loss(nets, batch, progress)
        total = generator.loss.total
    if progress >= state.head_start:
        _update(state, "generator", total)
    _require_grad(state, objective.discriminator_roles, True)

    fakes = generator.fakes
    for further in range(objective.critic_steps):
        if further:
            batch = batches.batch(first + further)
            with torch.no_grad(), state.fabric.autocast():
                fakes = objective.fakes(nets, batch)
        shown = _through_history(state, fakes, further)
        with state.fabric.autocast():
            discriminator = objective.discriminator_loss(nets, batch, shown)
            total = discriminator.total
        _update(state, "discriminator", total)

    state.step += 1
    average(state.fabric, _statistics(state.networks))
    state.update_ema()
    terms = {**generator.loss.terms, **discriminator.terms}
    return {name: value.detach() for name, value in terms.items()}


def _as_seen(state: TrainState, objective: Objective) -> Mapping[str, nn.Module]:
    """The networks as the objective sees them: discriminators behind differentiable augmentation."""
    if not state.diff_augment:
        return state.networks
    draws = state.uniform_draws(DIFF_AUGMENT_STREAM)
    judges = {
        role: AugmentedJudge(state.networks[role], state.diff_augment, draws)
        for role in objective.discriminator_roles
    }
    return {**state.networks, **judges}


def _update(state: TrainState, kind: str, loss: Tensor) -> None:
    """One step of an optimizer, on the gradients of all processes."""
    optimizer, scaler = state.optimizers[kind], state.scaler
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    optimizer.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    # Before the scale is taken off, so that every process sees the same overflow.
    average(state.fabric, [parameter.grad for parameter in parameters if parameter.grad is not None])
    if state.clip_norm:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(parameters, state.clip_norm)
    scaler.step(optimizer)
    scaler.update()


def _require_grad(state: TrainState, roles: tuple[str, ...], wanted: bool) -> None:
    for role in roles:
        state.networks[role].requires_grad_(wanted)


def _through_history(state: TrainState, fakes: Mapping[str, Tensor], further: int) -> dict[str, Tensor]:
    random = state.random(HISTORY_STREAM, further)
    return {name: state.exchange(name, images.detach().float(), random) for name, images in fakes.items()}


def _statistics(networks: Mapping[str, nn.Module]) -> list[Tensor]:
    """Running statistics of batch norms, of which each process has seen its own part."""
    return [
        buffer for network in networks.values() for buffer in network.buffers() if buffer.is_floating_point()
    ]


def _read(state: TrainState, unread: list[dict[str, Tensor]]) -> dict[str, float]:
    """Move the terms of some steps into the history, with one transfer; returns the last step's."""
    names = list(unread[0])
    stacked = torch.stack([terms[name].float() for terms in unread for name in names])
    average(state.fabric, [stacked])
    values = stacked.view(len(unread), len(names)).tolist()
    for back, row in zip(range(len(unread) - 1, -1, -1), values, strict=True):
        for name, value in zip(names, row, strict=True):
            if not math.isfinite(value):
                raise TrainingError(
                    f"the loss {name} is {value} at step {state.step - back}; "
                    "try a lower --generator-rate and --discriminator-rate, or another --seed, "
                    "under another --name or with --overwrite"
                )
            state.history.setdefault(name, []).append(value)
    return dict(zip(names, values[-1], strict=True))
