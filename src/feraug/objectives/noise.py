"""Faces from noise: DCGAN, Wasserstein GAN with gradient penalty, R3GAN.

In all three G is ``generator`` (z, class) and D ``discriminator`` (image, class); with one class
the class means nothing.  With several, ``class_weight`` weighs a term for D, ``mismatch``, in which
a real face under a class that is not its own stands for a fake (Reed et al., "Generative
Adversarial Text to Image Synthesis", 2016, algorithm 1).  Without it D looks at the class only once
fakes are as good as real faces, so that in short trainings G never learns what it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from feraug.losses import (
    binary_cross_entropy,
    gradient_penalty,
    relativistic,
    wasserstein,
    zero_centred_penalty,
)
from feraug.objectives.protocol import GeneratorLoss, LossTerms, Networks, NoiseBatch


class _Noise:
    generator_roles = ("generator",)
    discriminator_roles = ("discriminator",)
    fake_names = ("fake",)
    critic_steps = 1

    def fakes(self, nets: Networks, batch: NoiseBatch) -> dict[str, Tensor]:
        """Faces made from the batch's noise and classes."""
        return {"fake": nets["generator"](batch.z, batch.classes)}


@dataclass(frozen=True)
class DCGAN(_Noise):
    """Goodfellow et al. (2014), equation 1, with the non-saturating loss of G; Radford et al. (2016).

    D: -E[t log s(D(x)) + (1 - t) log(1 - s(D(x)))] - E[log(1 - s(D(G(z))))], t = ``real_target``;
    G: -E[log s(D(G(z)))].
    """

    real_target: float = 1.0
    class_weight: float = 0.0

    def generator_loss(self, nets: Networks, batch: NoiseBatch, progress: float) -> GeneratorLoss:
        """The term ``adversarial``."""
        fakes = self.fakes(nets, batch)
        scores = nets["discriminator"](fakes["fake"], batch.classes)
        return GeneratorLoss(LossTerms({"adversarial": binary_cross_entropy(scores, 1.0)}, {}), fakes)

    def discriminator_loss(self, nets: Networks, batch: NoiseBatch, fakes: Mapping[str, Tensor]) -> LossTerms:
        """The terms ``discriminator_real``, ``discriminator_fake`` and, where weighted, ``mismatch``."""
        real_scores, wrong_scores = _of_real(nets, batch, self.class_weight)
        terms = {
            "discriminator_real": binary_cross_entropy(real_scores, self.real_target),
            "discriminator_fake": binary_cross_entropy(_with_classes(nets, batch, fakes["fake"]), 0.0),
        }
        if wrong_scores is not None:
            terms["mismatch"] = binary_cross_entropy(wrong_scores, 0.0)
        return LossTerms(terms, {"mismatch": self.class_weight})


@dataclass(frozen=True)
class WGANGP(_Noise):
    """Gulrajani et al. (2017), equation 3 and algorithm 1.

    Critic, ``critic_steps`` times: -(E[D(x)] - E[D(G(z))]) + ``penalty_weight`` E[(|grad D| - 1)^2];
    G: -E[D(G(z))].  The term ``wasserstein`` of the history is the estimate of the distance.
    """

    penalty_weight: float = 10.0
    critic_steps: int = 5
    class_weight: float = 0.0

    def generator_loss(self, nets: Networks, batch: NoiseBatch, progress: float) -> GeneratorLoss:
        """The term ``adversarial``."""
        fakes = self.fakes(nets, batch)
        scores = nets["discriminator"](fakes["fake"], batch.classes)
        return GeneratorLoss(LossTerms({"adversarial": -scores.float().mean()}, {}), fakes)

    def discriminator_loss(self, nets: Networks, batch: NoiseBatch, fakes: Mapping[str, Tensor]) -> LossTerms:
        """The terms ``wasserstein``, ``penalty`` and, where weighted, ``mismatch``."""
        critic, fake = partial(_with_classes, nets, batch), fakes["fake"]
        real_scores, wrong_scores = _of_real(nets, batch, self.class_weight)
        terms = {
            "wasserstein": wasserstein(real_scores, critic(fake)),
            "penalty": gradient_penalty(critic, batch.real, fake, batch.mix),
        }
        weights = {"wasserstein": -1.0, "penalty": self.penalty_weight, "mismatch": -self.class_weight}
        if wrong_scores is not None:
            terms["mismatch"] = wasserstein(real_scores, wrong_scores)
        return LossTerms(terms, weights)


@dataclass(frozen=True)
class R3GAN(_Noise):
    """Huang et al. (2024), equation 2 with R1 and R2: relativistic pairs under two zero-centred penalties.

    D: E[softplus(D(G(z)) - D(x))] + ``penalty_weight`` / 2 (E|grad D(x)|^2 + E|grad D(G(z))|^2);
    G: E[softplus(D(x) - D(G(z)))].
    """

    penalty_weight: float = 1.0
    class_weight: float = 0.0

    def generator_loss(self, nets: Networks, batch: NoiseBatch, progress: float) -> GeneratorLoss:
        """The term ``adversarial``."""
        fakes = self.fakes(nets, batch)
        judge = partial(_with_classes, nets, batch)
        terms = {"adversarial": relativistic(judge(fakes["fake"]), judge(batch.real))}
        return GeneratorLoss(LossTerms(terms, {}), fakes)

    def discriminator_loss(self, nets: Networks, batch: NoiseBatch, fakes: Mapping[str, Tensor]) -> LossTerms:
        """``discriminator``, where weighted ``penalty_real`` (R1), ``penalty_fake`` (R2) and ``mismatch``."""
        judge = partial(_with_classes, nets, batch)
        real_scores, wrong_scores = _of_real(nets, batch, self.class_weight)
        terms = {"discriminator": relativistic(real_scores, judge(fakes["fake"]))}
        if self.penalty_weight:
            terms["penalty_real"] = zero_centred_penalty(judge, batch.real)
            terms["penalty_fake"] = zero_centred_penalty(judge, fakes["fake"])
        if wrong_scores is not None:
            terms["mismatch"] = relativistic(real_scores, wrong_scores)
        half = self.penalty_weight / 2.0
        weights = {"penalty_real": half, "penalty_fake": half, "mismatch": self.class_weight}
        return LossTerms(terms, weights)


def _with_classes(nets: Networks, batch: NoiseBatch, images: Tensor) -> Tensor:
    scores: Tensor = nets["discriminator"](images, batch.classes)
    return scores


def _of_real(nets: Networks, batch: NoiseBatch, class_weight: float) -> tuple[Tensor, Tensor | None]:
    """Scores (N,) of the real faces, and where that is weighted under classes that are not theirs."""
    if not class_weight or batch.other_classes is None:
        return _with_classes(nets, batch, batch.real), None
    scores = nets["discriminator"](batch.real, torch.stack((batch.classes, batch.other_classes), 1))
    return scores[:, 0], scores[:, 1]
