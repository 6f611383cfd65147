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
    for A, in ``critic_steps`` steps for each of the generators'; where weighted ``mismatch``
    -(E[D_B(b)] - E[D_B(a)]), a real face of the other emotion.  The term ``wasserstein_a`` of
    the history is the estimate of the distance itself (positive: real faces score higher), unless
    there is a mismatch term, which the critic maximises too.
    """

    cycle: Cycle
    penalty_weight: float = 10.0
    critic_steps: int = 3
    mismatch_weight: float = 0.0

    generator_roles = ("a_to_b", "b_to_a")
    discriminator_roles = ("discriminator_a", "discriminator_b")
    fake_names = ("fake_a", "fake_b")

    def fakes(self, nets: Networks, batch: TranslationBatch) -> dict[str, Tensor]:
        """Both domains translated."""
        return translate_both(nets, batch)

    def generator_loss(self, nets: Networks, batch: TranslationBatch, progress: float) -> GeneratorLoss:
        """Adversarial terms of both directions; where weighted the cycle, identity and change terms."""
        fakes = translate_both(nets, batch)
        adversarial = {
            "adversarial_a_to_b": -nets["discriminator_b"](fakes["fake_b"]).float().mean(),
            "adversarial_b_to_a": -nets["discriminator_a"](fakes["fake_a"]).float().mean(),
        }
        cycle = self.cycle.terms(nets, batch, fakes, progress)
        return GeneratorLoss(joined(LossTerms(adversarial, {}), cycle), fakes)

    def discriminator_loss(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """Real faces up, fakes and real faces of the other domain down, slopes towards 1, for both."""
        terms, weights = {}, {}
        for domain, real, other in (("a", batch.real_a, batch.real_b), ("b", batch.real_b, batch.real_a)):
            critic, fake = nets[f"discriminator_{domain}"], fakes[f"fake_{domain}"]
            scores = critic(real)
            terms[f"wasserstein_{domain}"] = wasserstein(scores, critic(fake))
            weights[f"wasserstein_{domain}"] = -1.0
            if self.mismatch_weight:
                terms[f"mismatch_{domain}"] = wasserstein(scores, critic(other))
                weights[f"mismatch_{domain}"] = -self.mismatch_weight
            terms[f"penalty_{domain}"] = gradient_penalty(critic, real, fake, batch.mix)
            weights[f"penalty_{domain}"] = self.penalty_weight
        return LossTerms(terms, weights)
