"""What the training loop asks of an objective, and the values that pass between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

Networks = Mapping[str, nn.Module]
"""Networks by role: ``a_to_b``, ``discriminator_a`` ... of a translator, ``generator`` and
``discriminator`` of a stargan or a noise generator."""


@dataclass(frozen=True)
class TranslationBatch:
    """Real faces of both domains, unpaired: float (N, 1, 48, 48) in [-1, 1] each.

    ``mix`` (N, 1, 1, 1) are uniform draws from [0, 1] for the gradient penalty.
    """

    real_a: Tensor
    real_b: Tensor
    mix: Tensor


@dataclass(frozen=True)
class EmotionBatch:
    """Faces that are shown as real ones, and faces to translate, float (N, 1, 48, 48) in [-1, 1] each.

    ``classes`` int64 (N,) are the emotions of ``real``, ``others`` emotions that they are not of;
    ``source_classes`` those of ``sources``, and ``targets`` what to translate them into, never the face's
    own class.  ``real`` and ``sources`` are often the same faces.  ``mix`` (N, 1, 1, 1) are uniform draws
    from [0, 1] for the gradient penalty.
    """

    real: Tensor
    classes: Tensor
    others: Tensor
    sources: Tensor
    source_classes: Tensor
    targets: Tensor
    mix: Tensor


@dataclass(frozen=True)
class NoiseBatch:
    """Real faces float (N, 1, 48, 48) in [-1, 1], their classes int64 (N,), and noise ``z`` (N, latent).

    Fakes are made with the same classes.  ``mix`` (N, 1, 1, 1) are uniform draws from [0, 1].
    ``other_classes`` int64 (N,) are classes that the faces are not of; None where there is only one.
    """

    real: Tensor
    classes: Tensor
    z: Tensor
    mix: Tensor
    other_classes: Tensor | None = None


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
    """A recipe for training: stateless, so that the loop can stop and go on anywhere.

    One that leaves parameters without a gradient names the prefixes of their paths, ``ROLE/NAME``, in an
    attribute ``unreached``; see :attr:`feraug.training.TrainState.unreached`.
    """

    @property
    def generator_roles(self) -> tuple[str, ...]:
        """Roles that the generators' optimizer updates, and of which an EMA is kept."""
        ...

    @property
    def discriminator_roles(self) -> tuple[str, ...]:
        """Roles that the discriminators' optimizer updates."""
        ...

    @property
    def fake_names(self) -> tuple[str, ...]:
        """What :meth:`fakes` gives, in the same order; each has its own image history."""
        ...

    @property
    def critic_steps(self) -> int:
        """Discriminator updates for each update of the generators, one or more."""
        ...

    def fakes(self, nets: Networks, batch: Any) -> Mapping[str, Tensor]:
        """Fakes for the discriminators' further steps; called without gradients."""
        ...

    def generator_loss(self, nets: Networks, batch: Any, progress: float) -> GeneratorLoss:
        """The generators' loss; ``progress`` is the share of training done, in [0, 1)."""
        ...

    def discriminator_loss(self, nets: Networks, batch: Any, fakes: Mapping[str, Tensor]) -> LossTerms:
        """The discriminators' loss on real faces and on ``fakes`` (detached, from the image history)."""
        ...
