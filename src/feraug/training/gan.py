"""The one loop that trains every GAN, as a generator function: it never prints, saves or plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from feraug.errors import TrainingError
from feraug.objectives import LossTerms, Objective, TranslationBatch
from feraug.training.state import TrainState

HISTORY_STREAM = 1
"""Stream of the random numbers that choose images from the history."""


class Batches(Protocol):
    """Batches by number, so that a run can go on anywhere."""

    def batch(self, index: int) -> TranslationBatch:
        """The batch of step ``index``; the same number always gives the same batch."""
        ...


@dataclass(frozen=True)
class StepReport:
    """What one step did: its number, counted from 1, and the unweighted loss terms."""

    step: int
    terms: Mapping[str, float]


def constant_then_linear(decay_from: float) -> Callable[[float], float]:
    """Learning-rate factor over progress in [0, 1): 1 up to ``decay_from``, then linearly to 0.

    Zhu et al. (2017), section 4, with ``decay_from`` 0.5.
    """

    def factor(progress: float) -> float:
        if progress < decay_from:
            return 1.0
        return (1.0 - progress) / (1.0 - decay_from)

    return factor


def fit(
    state: TrainState,
    objective: Objective,
    batches: Batches,
    *,
    steps: int,
    schedule: Callable[[float], float],
) -> Iterator[StepReport]:
    """Train until ``state.step`` is ``steps``, yielding after each step, when ``state`` is whole.

    Generators first, then the discriminators on the same fakes, passed through the image
    history.  Raises :class:`TrainingError` when a loss is not finite; ``state`` is then not to
    be kept.
    """
    nets = state.networks
    while state.step < steps:
        progress = state.step / steps
        for name, optimizer in state.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = state.rates[name] * schedule(progress)
        batch = batches.batch(state.step)

        _require_grad(state, objective.discriminator_roles, False)  # their gradients are not needed here
        generator = objective.generator_loss(nets, batch, progress)
        _update(state.optimizers["generator"], generator.loss.total)
        _require_grad(state, objective.discriminator_roles, True)

        fakes = _through_history(state, generator.fakes)
        discriminator = objective.discriminator_loss(nets, batch, fakes)
        _update(state.optimizers["discriminator"], discriminator.total)

        state.step += 1
        state.update_ema()
        terms = _values(generator.loss, discriminator)
        _check_finite(terms, state.step)
        for name, value in terms.items():
            state.history.setdefault(name, []).append(value)
        yield StepReport(state.step, terms)


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _require_grad(state: TrainState, roles: tuple[str, ...], wanted: bool) -> None:
    for role in roles:
        state.networks[role].requires_grad_(wanted)


def _through_history(state: TrainState, fakes: Mapping[str, Tensor]) -> dict[str, Tensor]:
    random = state.random(HISTORY_STREAM)
    return {
        name: state.image_history[name].exchange(images.detach(), random) for name, images in fakes.items()
    }


def _values(*losses: LossTerms) -> dict[str, float]:
    """All terms as floats, with one transfer from the device."""
    names = [name for loss in losses for name in loss.terms]
    stacked = torch.stack([value.detach() for loss in losses for value in loss.terms.values()])
    return dict(zip(names, stacked.tolist(), strict=True))


def _check_finite(terms: Mapping[str, float], step: int) -> None:
    broken = [name for name, value in terms.items() if not math.isfinite(value)]
    if broken:
        raise TrainingError(
            f"the loss {broken[0]} is {terms[broken[0]]} at step {step}; "
            "try a lower --generator-rate and --discriminator-rate, or another --seed"
        )
