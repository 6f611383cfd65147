"""CycleGAN with the least-squares loss (Zhu et al., 2017), and with a weighted cycle (Wang and Lin, 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from feraug.losses import least_squares, zero_centred_penalty
from feraug.objectives.protocol import GeneratorLoss, LossTerms, Networks, TranslationBatch
from feraug.objectives.translation import Cycle, joined, translate_both


@dataclass(frozen=True)
class CycleGAN:
    """Zhu et al. (2017), equation 3, with the least-squares loss of their section 4.

    Generators: E[(D_B(G(a)) - t)^2] + E[(D_A(F(b)) - t)^2] + the terms of ``cycle``, where G is
    ``a_to_b``, F ``b_to_a`` and t ``real_target``.
    Discriminators: E[(D_B(b) - t)^2] + E[D_B(G(a))^2], and the same for A; where weighted
    ``mismatch`` E[D_B(a)^2], a real face of the other emotion (Reed et al., 2016, algorithm 1),
    and with ``penalty_weight`` R1 (Mescheder et al., 2018) on real faces.
    """

    cycle: Cycle
    real_target: float = 1.0
    penalty_weight: float = 0.0
    mismatch_weight: float = 0.0

    generator_roles = ("a_to_b", "b_to_a")
    discriminator_roles = ("discriminator_a", "discriminator_b")
    fake_names = ("fake_a", "fake_b")
    critic_steps = 1

    def fakes(self, nets: Networks, batch: TranslationBatch) -> dict[str, Tensor]:
        """Both domains translated."""
        return translate_both(nets, batch)

    def generator_loss(self, nets: Networks, batch: TranslationBatch, progress: float) -> GeneratorLoss:
        """Adversarial terms of both directions; where weighted the cycle, identity and change terms."""
        fakes = translate_both(nets, batch)
        adversarial = {
            "adversarial_a_to_b": least_squares(nets["discriminator_b"](fakes["fake_b"]), self.real_target),
            "adversarial_b_to_a": least_squares(nets["discriminator_a"](fakes["fake_a"]), self.real_target),
        }
        cycle = self.cycle.terms(nets, batch, fakes, progress)
        return GeneratorLoss(joined(LossTerms(adversarial, {}), cycle), fakes)

    def discriminator_loss(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """Real faces towards the target, fakes and real faces of the other domain towards 0, for both."""
        terms, weights = {}, {}
        for domain, real, other in (("a", batch.real_a, batch.real_b), ("b", batch.real_b, batch.real_a)):
            judge = nets[f"discriminator_{domain}"]
            terms[f"discriminator_{domain}_real"] = least_squares(judge(real), self.real_target)
            terms[f"discriminator_{domain}_fake"] = least_squares(judge(fakes[f"fake_{domain}"]), 0.0)
            if self.mismatch_weight:
                terms[f"mismatch_{domain}"] = least_squares(judge(other), 0.0)
                weights[f"mismatch_{domain}"] = self.mismatch_weight
            if self.penalty_weight:
                terms[f"penalty_{domain}"] = zero_centred_penalty(judge, real)
                weights[f"penalty_{domain}"] = self.penalty_weight
        return LossTerms(terms, weights)
