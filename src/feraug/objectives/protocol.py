"""What the training loop asks of an objective, and the values that pass between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

Networks = Mapping[str, nn.Module]
"""Networks by role: ``a_to_b``, ``b_to_a``, ``discriminator_a``, ``discriminator_b``."""


@dataclass(frozen=True)
class TranslationBatch:
    """Real faces of both domains, unpaired: float (N, 1, 48, 48) in [-1, 1] each."""

    real_a: Tensor
    real_b: Tensor


@dataclass(frozen=True)
class LossTerms:
    """The terms of a loss, unweighted, and their weights (1 where none is given)."""

    terms: Mapping[str, Tensor]
    weights: Mapping[str, float]

    @property
    def total(self) -> Tensor:
        """The weighted sum, a scalar; a term of weight 0 takes no part in it."""
        weighted = [
            value * self.weights.get(name, 1.0)
            for name, value in self.terms.items()
            if self.weights.get(name, 1.0) != 0.0
        ]
        total = weighted[0]
        for value in weighted[1:]:
            total = total + value
        return total


@dataclass(frozen=True)
class GeneratorLoss:
    """The generators' loss, and the fakes made on the way, which the discriminators see next."""

    loss: LossTerms
    fakes: Mapping[str, Tensor]


class Objective(Protocol):
    """A recipe for training: stateless, so that the loop can stop and go on anywhere."""

    @property
    def generator_roles(self) -> tuple[str, ...]:
        """Roles that the generators' optimizer updates, and of which an EMA is kept."""
        ...

    @property
    def discriminator_roles(self) -> tuple[str, ...]:
        """Roles that the discriminators' optimizer updates."""
        ...

    def generator_loss(self, nets: Networks, batch: TranslationBatch, progress: float) -> GeneratorLoss:
        """The generators' loss; ``progress`` is the share of training done, in [0, 1)."""
        ...

    def discriminator_loss(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """The discriminators' loss on real faces and on ``fakes`` (detached, from the image history)."""
        ...
