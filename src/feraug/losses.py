"""Losses as pure functions: tensors in, a scalar out; each names its paper and equation."""

from __future__ import annotations

from torch import Tensor


def least_squares(scores: Tensor, target: float) -> Tensor:
    """E[(scores - target)^2], the least-squares GAN loss.

    Mao et al., "Least Squares Generative Adversarial Networks" (2017), equation 9 without the
    factor 1/2, as in Zhu et al. (2017), section 4.  ``scores`` are raw, of any shape; ``target``
    is 1 for what should look real and 0 for what should look fake.
    """
    return (scores - target).square().mean()


def l1(images: Tensor, originals: Tensor) -> Tensor:
    """E[|images - originals|_1] as a mean over pixels.

    The cycle-consistency loss of Zhu et al. (2017), equation 2, for one direction, and the
    identity loss of their section 5.2.  Both (N, 1, H, W) in [-1, 1]; the result is in [0, 2].
    """
    return (images - originals).abs().mean()
