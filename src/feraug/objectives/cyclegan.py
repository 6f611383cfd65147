"""CycleGAN with the least-squares loss (Zhu et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from feraug.losses import l1, least_squares
from feraug.objectives.protocol import GeneratorLoss, LossTerms, Networks, TranslationBatch


@dataclass(frozen=True)
class CycleGAN:
    """Zhu et al. (2017), equation 3, with the least-squares loss of their section 4.

    Generators: E[(D_B(G(a)) - 1)^2] + E[(D_A(F(b)) - 1)^2]
    + lambda (E|F(G(a)) - a|_1 + E|G(F(b)) - b|_1)
    + identity_weight (E|F(a) - a|_1 + E|G(b) - b|_1), where G is ``a_to_b`` and F ``b_to_a``.
    Discriminators: E[(D_B(b) - 1)^2] + E[D_B(G(a))^2], and the same for A.
    """

    cycle_weight: float
    identity_weight: float = 0.0

    generator_roles = ("a_to_b", "b_to_a")
    discriminator_roles = ("discriminator_a", "discriminator_b")

    def generator_loss(self, nets: Networks, batch: TranslationBatch, progress: float) -> GeneratorLoss:
        """Adversarial, cycle and (if weighted) identity terms for both directions."""
        fake_b = nets["a_to_b"](batch.real_a)
        fake_a = nets["b_to_a"](batch.real_b)
        terms = {
            "adversarial_a_to_b": least_squares(nets["discriminator_b"](fake_b), 1.0),
            "adversarial_b_to_a": least_squares(nets["discriminator_a"](fake_a), 1.0),
            "cycle_a": l1(nets["b_to_a"](fake_b), batch.real_a),
            "cycle_b": l1(nets["a_to_b"](fake_a), batch.real_b),
        }
        weights = {"cycle_a": self.cycle_weight, "cycle_b": self.cycle_weight}
        if self.identity_weight:
            terms["identity_a"] = l1(nets["b_to_a"](batch.real_a), batch.real_a)
            terms["identity_b"] = l1(nets["a_to_b"](batch.real_b), batch.real_b)
            weights |= {"identity_a": self.identity_weight, "identity_b": self.identity_weight}
        return GeneratorLoss(LossTerms(terms, weights), {"fake_a": fake_a, "fake_b": fake_b})

    def discriminator_loss(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """Real faces towards 1, fakes towards 0, for both domains."""
        judge_a, judge_b = nets["discriminator_a"], nets["discriminator_b"]
        terms = {
            "discriminator_a_real": least_squares(judge_a(batch.real_a), 1.0),
            "discriminator_a_fake": least_squares(judge_a(fakes["fake_a"]), 0.0),
            "discriminator_b_real": least_squares(judge_b(batch.real_b), 1.0),
            "discriminator_b_fake": least_squares(judge_b(fakes["fake_b"]), 0.0),
        }
        return LossTerms(terms, {})
