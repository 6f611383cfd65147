"""What all translators share: fakes, recovered faces, and the terms that keep a face the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from feraug.losses import face_quality, l1, weighted_cycle
from feraug.objectives.protocol import LossTerms, Networks, TranslationBatch

A_TO_B, B_TO_A = "a_to_b", "b_to_a"


@dataclass(frozen=True)
class Cycle:
    """The cycle term of a translator, and the identity and change terms beside it.

    ``weight`` is lambda at the start of training, ``weight_end`` at its end, linear between; so are
    ``change_weight`` and ``change_weight_end``.
    ``gamma_end`` None: plain L1 (Zhu et al., 2017, equation 2).  Else the weighted cycle of Wang
    and Lin (2018), whose gamma rises linearly from 0 to ``gamma_end``; with ``by_quality`` False
    every face counts fully, for critics, whose scores have no scale.  ``change_weight`` weighs
    E|G(a) - a|_1 and its mirror image, which keep what need not change as it is (Shrivastava et
    al., 2017, equation 4).
    """

    weight: float
    weight_end: float | None = None
    identity_weight: float = 0.0
    gamma_end: float | None = None
    by_quality: bool = True
    change_weight: float = 0.0
    change_weight_end: float | None = None

    def terms(
        self, nets: Networks, batch: TranslationBatch, fakes: Mapping[str, Tensor], progress: float
    ) -> LossTerms:
        """Where weighted: the terms ``cycle_a``, ``cycle_b``, ``identity_a``, ``change_a`` ..."""
        terms: dict[str, Tensor] = {}
        weights: dict[str, float] = {}
        weight = weight_at(progress, self.weight, self.weight_end)
        change = weight_at(progress, self.change_weight, self.change_weight_end)
        if self.weight or self.weight_end:
            cycled_a, cycled_b = nets[B_TO_A](fakes["fake_b"]), nets[A_TO_B](fakes["fake_a"])
            terms["cycle_a"] = self._term(nets, "discriminator_a", cycled_a, batch.real_a, progress)
            terms["cycle_b"] = self._term(nets, "discriminator_b", cycled_b, batch.real_b, progress)
            weights = {"cycle_a": weight, "cycle_b": weight}
        if self.identity_weight:
            terms["identity_a"] = l1(nets[B_TO_A](batch.real_a), batch.real_a)
            terms["identity_b"] = l1(nets[A_TO_B](batch.real_b), batch.real_b)
            weights |= {"identity_a": self.identity_weight, "identity_b": self.identity_weight}
        if self.change_weight or self.change_weight_end:
            terms["change_a"] = l1(fakes["fake_b"], batch.real_a)
            terms["change_b"] = l1(fakes["fake_a"], batch.real_b)
            weights |= {"change_a": change, "change_b": change}
        return LossTerms(terms, weights)

    def _term(self, nets: Networks, judge: str, recovered: Tensor, real: Tensor, progress: float) -> Tensor:
        if self.gamma_end is None:
            return l1(recovered, real)
        features = nets[judge].features
        assert callable(features)
        quality = face_quality(nets[judge](real)) if self.by_quality else real.new_ones(len(real))
        gamma = self.gamma_end * progress
        return weighted_cycle(recovered, real, features(recovered), features(real), quality, gamma)


def weight_at(progress: float, start: float, end: float | None) -> float:
    """The weight of a term at this share of the training: linear from ``start`` to ``end``, where given."""
    return start if end is None else start + (end - start) * progress


def translate_both(nets: Networks, batch: TranslationBatch) -> dict[str, Tensor]:
    """``fake_a`` and ``fake_b``: each domain's faces translated into the other."""
    return {"fake_a": nets[B_TO_A](batch.real_b), "fake_b": nets[A_TO_B](batch.real_a)}


def joined(*losses: LossTerms) -> LossTerms:
    """The terms and weights of several losses as one."""
    terms = {name: value for loss in losses for name, value in loss.terms.items()}
    weights = {name: value for loss in losses for name, value in loss.weights.items()}
    return LossTerms(terms, weights)
