"""CycleGAN with critics: the Wasserstein loss under a gradient penalty (Gulrajani et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from feraug.losses import gradient_penalty, wasserstein
from feraug.objectives.protocol import GeneratorLoss, LossTerms, Networks, TranslationBatch
from feraug.objectives.translation import Cycle, joined, translate_both


@dataclass(frozen=True)
class WassersteinCycleGAN:
    """Generators: -E[D_B(G(a))] - E[D_A(F(b))] + the terms of ``cycle``.

    Critics: -(E[D_B(b)] - E[D_B(G(a))]) + ``penalty_weight`` E[(|grad D_B| - 1)^2], and the same
    for A, in ``critic_steps`` steps for each of the generators'.  The term ``wasserstein_a`` of
    the history is the estimate of the distance itself (positive: real faces score higher).
    """

    cycle: Cycle
    penalty_weight: float = 10.0
    critic_steps: int = 3

    generator_roles = ("a_to_b", "b_to_a")
    discriminator_roles = ("discriminator_a", "discriminator_b")
    fake_names = ("fake_a", "fake_b")

    def fakes(self, nets: Networks, batch: TranslationBatch) -> dict[str, Tensor]:
        """Both domains translated."""
        return translate_both(nets, batch)

    def generator_loss(self, nets: Networks, batch: TranslationBatch, progress: float) -> GeneratorLoss:
        """Adversarial, cycle and (if weighted) identity terms for both directions."""
        fakes = translate_both(nets, batch)
        adversarial = {
            "adversarial_a_to_b": -nets["discriminator_b"](fakes["fake_b"]).mean(),
            "adversarial_b_to_a": -nets["discriminator_a"](fakes["fake_a"]).mean(),
        }
        cycle = self.cycle.terms(nets, batch, fakes, progress)
        return GeneratorLoss(joined(LossTerms(adversarial, {}), cycle), fakes)

    def discriminator_loss(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """Real faces up, fakes down, slopes towards 1, for both domains."""
        terms, weights = {}, {}
        for domain, real in (("a", batch.real_a), ("b", batch.real_b)):
            critic, fake = nets[f"discriminator_{domain}"], fakes[f"fake_{domain}"]
            terms[f"wasserstein_{domain}"] = wasserstein(critic(real), critic(fake))
            weights[f"wasserstein_{domain}"] = -1.0
            terms[f"penalty_{domain}"] = gradient_penalty(critic, real, fake, batch.mix)
            weights[f"penalty_{domain}"] = self.penalty_weight
        return LossTerms(terms, weights)
