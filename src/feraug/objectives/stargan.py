"""StarGAN (Choi et al., 2018): one generator for every pair of emotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from feraug.losses import (
    classification,
    face_quality,
    gradient_penalty,
    l1,
    least_squares,
    wasserstein,
    weighted_cycle,
    zero_centred_penalty,
)
from feraug.objectives.protocol import EmotionBatch, GeneratorLoss, LossTerms, Networks
from feraug.objectives.translation import weight_at


@dataclass(frozen=True)
class StarGAN:
    """Choi et al. (2018), equations 5 and 6, with the least-squares or the Wasserstein loss.

    x is a face of emotion c, c' another one, G(x, c') its translation; D(x, c) scores how real it
    is as a face of c (or, with one map for all, as a face), N(x) are the logits of its emotions.
    Faces that are translated may be others than those that D is shown as real.

    G: E[(D(G(x, c'), c') - t)^2] + ``class_weight`` E[CE(N(G(x, c')), c')] + ``cycle_weight``
    E|G(G(x, c'), c) - x|_1, and where weighted ``identity`` E|G(x, c) - x|_1 and ``change``
    E|G(x, c') - x|_1; the cycle is Wang and Lin's (2018) where ``gamma_end`` is given.  The weights
    of cycle and change go linearly to their ``_end`` where that is given.
    D: E[(D(x, c) - t)^2] + E[D(G(x, c'), c')^2] + ``class_weight`` E[CE(N(x), c)]; where weighted
    ``mismatch`` E[D(x, c')^2], a real face that is not of the wanted emotion (Reed et al., 2016,
    algorithm 1), and R1 (Mescheder et al., 2018) with ``penalty_weight``.

    ``critic``: -E[D(G(x, c'), c')] for G, and for D the Wasserstein estimate under the penalty of
    Gulrajani et al. (2017), as in the paper (its equation 8), instead of the squares.
    """

    cycle_weight: float = 1.0
    cycle_weight_end: float | None = None
    class_weight: float = 1.0
    identity_weight: float = 0.0
    change_weight: float = 0.0
    gamma_end: float | None = None
    real_target: float = 1.0
    penalty_weight: float = 0.0
    critic: bool = False
    critic_steps: int = 1
    emotions: int = 7
    mismatch_weight: float = 0.0
    change_weight_end: float | None = None

    @property
    def unreached(self) -> tuple[str, ...]:
        """Path prefixes of parameters without a gradient: those of N's layer where ``class_weight`` is 0."""
        return () if self.class_weight else ("discriminator/namer.",)

    generator_roles = ("generator",)
    discriminator_roles = ("discriminator",)
    fake_names = ("fake",)

    def fakes(self, nets: Networks, batch: EmotionBatch) -> dict[str, Tensor]:
        """Every face translated into its target."""
        return {"fake": self._translated(nets, batch.sources, batch.targets)}

    def generator_loss(self, nets: Networks, batch: EmotionBatch, progress: float) -> GeneratorLoss:
        """The terms ``adversarial``, ``class_fake``; where weighted ``cycle``, ``identity``, ``change``."""
        fakes = self.fakes(nets, batch)
        fake = fakes["fake"]
        scores, logits = nets["discriminator"](fake, batch.targets)
        terms = {
            "adversarial": -scores.float().mean() if self.critic else least_squares(scores, self.real_target),
            "class_fake": classification(logits, batch.targets),
        }
        weights = {
            "class_fake": self.class_weight,
            "cycle": weight_at(progress, self.cycle_weight, self.cycle_weight_end),
            "identity": self.identity_weight,
            "change": weight_at(progress, self.change_weight, self.change_weight_end),
        }
        if self.cycle_weight or self.cycle_weight_end:
            terms["cycle"] = self._cycle(nets, batch, fake, progress)
        if self.identity_weight:
            terms["identity"] = l1(self._translated(nets, batch.sources, batch.source_classes), batch.sources)
        if self.change_weight or self.change_weight_end:
            terms["change"] = l1(fake, batch.sources)
        return GeneratorLoss(LossTerms(terms, weights), fakes)

    def discriminator_loss(
        self, nets: Networks, batch: EmotionBatch, fakes: Mapping[str, Tensor]
    ) -> LossTerms:
        """Real faces as real ones of their emotion, translations as fakes, and the emotion of real faces."""
        judge, fake = nets["discriminator"], fakes["fake"]
        shown_as = [batch.classes, batch.others] if self.mismatch_weight else [batch.classes]
        by_emotion, logits = judge(batch.real, torch.stack(shown_as, 1))
        real_scores, wrong_scores = by_emotion[:, :1], by_emotion[:, 1:]
        fake_scores = judge(fake, batch.targets).scores
        terms = {"class_real": classification(logits, batch.classes)}
        sign = -1.0 if self.critic else 1.0
        weights = {
            "class_real": self.class_weight, "penalty": self.penalty_weight, "wasserstein": -1.0,
            "mismatch": sign * self.mismatch_weight,
        }  # fmt: skip
        if self.mismatch_weight:
            terms["mismatch"] = (
                wasserstein(real_scores, wrong_scores) if self.critic else least_squares(wrong_scores, 0.0)
            )
        if self.critic:
            terms["wasserstein"] = wasserstein(real_scores, fake_scores)
            terms["penalty"] = gradient_penalty(
                lambda images: judge(images, batch.targets).scores, batch.real, fake, batch.mix
            )
            return LossTerms(terms, weights)
        terms["discriminator_real"] = least_squares(real_scores, self.real_target)
        terms["discriminator_fake"] = least_squares(fake_scores, 0.0)
        if self.penalty_weight:
            terms["penalty"] = zero_centred_penalty(
                lambda images: judge(images, batch.classes).scores, batch.real
            )
        return LossTerms(terms, weights)

    def _translated(self, nets: Networks, faces: Tensor, classes: Tensor) -> Tensor:
        wanted = functional.one_hot(classes, self.emotions).to(faces.dtype)
        translated: Tensor = nets["generator"](faces, wanted)
        return translated

    def _cycle(self, nets: Networks, batch: EmotionBatch, fake: Tensor, progress: float) -> Tensor:
        recovered = self._translated(nets, fake, batch.source_classes)
        if self.gamma_end is None:
            return l1(recovered, batch.sources)
        judge = nets["discriminator"]
        features = judge.features
        assert callable(features)
        if self.critic:  # whose scores have no scale
            quality = batch.sources.new_ones(len(batch.sources))
        else:
            with torch.no_grad():
                quality = face_quality(judge(batch.sources, batch.source_classes).scores)
        return weighted_cycle(
            recovered, batch.sources, features(recovered), features(batch.sources), quality,
            self.gamma_end * progress,
        )  # fmt: skip
