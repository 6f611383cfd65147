"""Losses as pure functions: tensors in, a scalar out; each names its paper and equation.

Scores in half precision are converted to float32 first: a mean of them, and a difference of two means, would
keep only two or three digits.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Judge = Callable[[Tensor], Tensor]
"""A discriminator or critic: images (N, 1, H, W) -> raw scores, N of them or N maps of them."""


def least_squares(scores: Tensor, target: float) -> Tensor:
    """E[(scores - target)^2], the least-squares GAN loss.

    Mao et al., "Least Squares Generative Adversarial Networks" (2017), equation 9 without the
    factor 1/2, as in Zhu et al. (2017), section 4.  ``scores`` are raw, of any shape; ``target``
    is 1 (or a little less: Salimans et al., "Improved Techniques for Training GANs", 2016,
    section 3.4) for what should look real and 0 for what should look fake.
    """
    return (scores.float() - target).square().mean()


def binary_cross_entropy(scores: Tensor, target: float) -> Tensor:
    """-E[t log s(scores) + (1 - t) log(1 - s(scores))] with s the sigmoid, which is applied here.

    Goodfellow et al., "Generative Adversarial Nets" (2014), equation 1; with ``target`` 1 on
    fakes it is the generator's non-saturating loss of their section 3.  ``scores`` are raw, of any
    shape; ``target`` is in [0, 1].
    """
    scores = scores.float()
    return functional.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor, smoothing: float = 0.0) -> Tensor:
    """E[w (-sum_k q_k log softmax(logits)_k)], the classifiers' loss.

    ``logits`` float (N, K), ``labels`` int64 (N,), ``weights`` float (N,); q is 1 - ``smoothing``
    at the label plus ``smoothing`` / K everywhere (Szegedy et al., "Rethinking the Inception
    Architecture", 2016, section 7).  The mean is over N, not over the sum of the weights.
    """
    each = functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
    return (weights * each).mean()


def classification(logits: Tensor, classes: Tensor) -> Tensor:
    """E[-log softmax(logits)_class]: how wrongly a discriminator names the emotion.

    Choi et al., "StarGAN" (2018), equation 2 on real faces and their own emotion, equation 3 on
    translated ones and the wanted emotion.  ``logits`` float (N, K), ``classes`` int64 (N,).
    """
    return functional.cross_entropy(logits, classes)


def l1(images: Tensor, originals: Tensor) -> Tensor:
    """E[|images - originals|_1] as a mean over pixels.

    The cycle-consistency loss of Zhu et al. (2017), equation 2, for one direction, and the
    identity loss of their section 5.2; between a face and its translation the self-regularisation
    of Shrivastava et al. (2017), equation 4.  Both (N, 1, H, W) in [-1, 1]; the result is in [0, 2].
    """
    return (images - originals).abs().mean()


def weighted_cycle(
    recovered: Tensor,
    real: Tensor,
    recovered_features: Tensor,
    real_features: Tensor,
    quality: Tensor,
    gamma: float,
) -> Tensor:
    """E[quality (gamma |f(recovered) - f(real)|_1 + (1 - gamma) |recovered - real|_1)].

    Wang and Lin, "CycleGAN with Better Cycles" (2018), section 3, with means over pixels and over
    features for the norms.  ``recovered`` and ``real`` are (N, 1, H, W), the features of any
    shape (N, ...); ``quality`` (N,) in [0, 1] weighs each image; ``gamma`` is in [0, 1].
    """
    pixels = (recovered - real).abs().flatten(1).mean(1)
    features = (recovered_features.float() - real_features.float()).abs().flatten(1).mean(1)
    return (quality * (gamma * features + (1.0 - gamma) * pixels)).mean()


def face_quality(scores: Tensor) -> Tensor:
    """How real each image looks to a discriminator: its mean score clipped to [0, 1], (N,), no gradient.

    The weight D(x) of Wang and Lin (2018), section 3.  ``scores`` are raw, (N, ...).
    """
    return scores.detach().float().reshape(len(scores), -1).mean(1).clamp(0.0, 1.0)


def wasserstein(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[D(real)] - E[D(fake)]: the critic's estimate of the Wasserstein-1 distance, which it maximises.

    Arjovsky et al., "Wasserstein GAN" (2017), equation 2.  Scores are raw, of any shape.
    """
    return real_scores.float().mean() - fake_scores.float().mean()


def gradient_penalty(critic: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E[(|grad D(x)|_2 - 1)^2] at x = mix real + (1 - mix) fake.

    Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), equation 3.  ``real`` and
    ``fake`` are (N, 1, H, W), ``mix`` (N, 1, 1, 1) uniform in [0, 1].  A critic that gives a map
    of scores counts as their mean.
    """
    between = (mix * real.float() + (1.0 - mix) * fake.float()).detach()
    slopes: Tensor = torch.linalg.vector_norm(_gradients(critic, between), dim=1)
    return (slopes - 1.0).square().mean()


def zero_centred_penalty(judge: Judge, images: Tensor) -> Tensor:
    """E[|grad D(x)|_2^2] at ``images`` (N, 1, H, W): R1 on real ones, R2 on fake ones, without gamma / 2.

    Mescheder et al., "Which Training Methods for GANs do actually Converge?" (2018), equations 9
    and 10.  A judge that gives a map of scores counts as their mean.
    """
    return _gradients(judge, images.detach().float()).square().sum(1).mean()


def relativistic(scores: Tensor, opposite: Tensor) -> Tensor:
    """E[softplus(-(scores - opposite))]: small where ``scores`` are above the other side's, pair by pair.

    Jolicoeur-Martineau, "The relativistic discriminator" (2018), as in Huang et al., "The GAN is
    dead; long live the GAN!" (2024), equation 2.  The discriminator passes (real, fake), the
    generator (fake, real); both (N, ...).
    """
    return functional.softplus(opposite.float() - scores.float()).mean()


def _gradients(judge: Judge, images: Tensor) -> Tensor:
    """The gradient of each image's mean score, float32 (N, pixels), itself differentiable.

    In full precision, whatever surrounds it: squares of small gradients vanish in half precision.
    """
    with torch.autocast(images.device.type, enabled=False):
        images = images.requires_grad_(True)
        scores = judge(images).float().reshape(len(images), -1).mean(1)
        (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradients.flatten(1)
