"""What a classifier is trained on, and its loss."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from feraug.losses import weighted_cross_entropy


@dataclass(frozen=True)
class LabelledBatch:
    """Faces float (N, 1, S, S) in [-1, 1], labels int64 (N,), and weights float (N,) of their losses.

    With mixup ``faces`` are ``mix`` (N,) of one face and the rest of another, whose label and
    weight are ``other_labels`` and ``other_weights``; else those three are None.
    """

    faces: Tensor
    labels: Tensor
    weights: Tensor
    mix: Tensor | None = None
    other_labels: Tensor | None = None
    other_weights: Tensor | None = None


@dataclass(frozen=True)
class Classification:
    """Cross entropy with label smoothing, weights per image, and mixup's two labels."""

    label_smoothing: float = 0.0

    def loss(self, logits: Tensor, batch: LabelledBatch) -> Tensor:
        """The scalar loss of logits float (N, 7).

        With mixup E[m w CE(y) + (1 - m) w' CE(y')]: Zhang et al., "mixup: Beyond Empirical Risk
        Minimization" (2018), whose interpolated targets give the same, cross entropy being linear
        in the target.
        """
        if batch.mix is None or batch.other_labels is None or batch.other_weights is None:
            return weighted_cross_entropy(logits, batch.labels, batch.weights, self.label_smoothing)
        own = weighted_cross_entropy(logits, batch.labels, batch.mix * batch.weights, self.label_smoothing)
        other = weighted_cross_entropy(
            logits, batch.other_labels, (1.0 - batch.mix) * batch.other_weights, self.label_smoothing
        )
        return own + other
