"""Whether two classifiers differ by more than chance: over test images and over repeated trainings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_AT_ONCE = 1 << 17
"""Counts that are multiplied at a time: 1 MB stays in a core's cache; more takes up to four times as long."""


@dataclass(frozen=True)
class Difference:
    """A mean difference, its interval [``low``, ``high``], and the two-sided ``p``-value of no difference.

    ``p`` is the chance, if there were none, of one at least as large.  ``mean``, ``low`` and
    ``high`` lie in [-1, 1].
    """

    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class CrossedBootstrap:
    """Resamples of test images (by ``groups`` of copies, drawn together) and of repeats.

    The pigeonhole bootstrap of two crossed factors: Owen, "The pigeonhole bootstrap" (2007), whose
    variance is a little too large rather than too small.  So few repeats know their own spread
    badly, so an interval is never narrower than Student's with that variance, and p never smaller.
    A resample of few images, or of images that all changed the same way, varies too little: the
    variance is never below that with one image more that changed for the better and one for the
    worse, each by as much as others did (Bonett and Price, "Adjusted Wald Confidence Interval for a
    Difference of Binomial Proportions Based on Paired Data", 2012).  With one repeat the randomness
    of training is not in the interval, and cannot be.
    """

    draws: int = 4000
    confidence: float = 0.95
    seed: int = 0

    def _stretched(self, drawn: NDArray[np.uint16]) -> Floats:
        """How much each repeat counts in each draw, float (draws, R).

        A repeat's deviations are stretched by sqrt(R / (R - 1)), because a plain bootstrap of so
        few as R finds only (R - 1) / R of their variance; weights then need not be whole.
        """
        counts, repeats = drawn.astype(np.float64), drawn.shape[1]
        return counts if repeats == 1 else 1.0 + (counts - 1.0) * np.sqrt(repeats / (repeats - 1.0))

    def _sums(self, groups: int, repeats: int, values: Floats) -> Floats:
        """Sums over each draw's images, float (draws, C), of ``values`` (groups, C).

        A few draws at a time: as numbers to multiply by, all of them are 1 GB for 30,000 groups.  Whole
        numbers, such as counts of images, take half the time as float32, in which they are exact.
        """
        images, _ = _drawn(self, groups, repeats)
        rows = max(1, _AT_ONCE // max(1, groups))
        exact = groups * np.abs(values).max(initial=0.0) < 1 << 24 and bool((values == np.rint(values)).all())
        kind: type[np.floating[Any]] = np.float32 if exact else np.float64
        # Columns of zeros, of classes that nothing was taken for, need no multiplication.
        columns = (values != 0).any(0) | (not exact)
        used = values[:, columns].astype(kind)
        sums = np.zeros((self.draws, values.shape[1]))
        for start in range(0, self.draws, rows):
            sums[start : start + rows, columns] = images[start : start + rows].astype(kind) @ used
        return sums

    def mean_difference(self, differences: Floats, groups: NDArray[np.integer]) -> Difference:
        """Of ``differences`` (R, N), such as right minus right of two arms; ``groups`` (N,) of copies.

        Differences are in [-1, 1].  Each repeat's mean is over images, a resample's over the images
        that it drew.
        """
        repeats = len(differences)
        sums, sizes = _by_group(differences, groups)
        drawn_repeats = self._stretched(_drawn(self, len(sizes), repeats)[1])
        drawn = self._sums(len(sizes), repeats, np.column_stack((sums, sizes)))
        means = drawn[:, :-1] / drawn[:, -1:]  # (draws, R)
        resampled = (means * drawn_repeats).mean(1)
        return self._summary(differences.mean(1), resampled, sums, _least_error(sums.mean(1) / sizes.mean()))

    def statistic_difference(
        self,
        statistic: Callable[[Floats], Floats],
        confusions: tuple[Floats, Floats],
        groups: NDArray[np.integer],
        *,
        of_recalls: bool = False,
    ) -> Difference:
        """Of a ``statistic`` of confusion matrices (..., K, K) -> (...), the first arm's minus the second's.

        ``confusions`` (R, N, K, K) each: one image's own matrix, a single 1.  The statistic is the mean over
        the classes present of 2 TP / (images + called), as macro F1, or, with ``of_recalls``, of TP / images,
        as balanced accuracy, which does not ask what a wrong image was called: then only images that one arm
        gets right are changed ones.  Each class has the least error of its own images.
        """
        first, second = map(_right_or_wrong, confusions) if of_recalls else confusions
        repeats, _, classes, _ = first.shape
        plain = statistic(first.sum(1)) - statistic(second.sum(1))
        count = len(np.unique(groups))
        drawn_repeats = self._stretched(_drawn(self, count, repeats)[1])
        resampled = np.empty((self.draws, repeats))
        right, other = (np.trace(confusion, axis1=2, axis2=3) for confusion in confusions)
        changed = right != other if of_recalls else (first != second).any((2, 3))
        change, _ = _by_group(changed.astype(np.float64), groups)  # (G, R)
        for repeat in range(repeats):
            cells = [confusion[repeat].reshape(len(groups), -1) for confusion in (first, second)]
            sums, _ = _by_group(np.hstack(cells).T, groups)
            drawn = self._sums(count, repeats, sums).reshape(self.draws, 2, classes, classes)
            resampled[:, repeat] = statistic(drawn[:, 0]) - statistic(drawn[:, 1])
        labels = first[0].sum(-1).argmax(-1)
        called = (first + second).sum((0, 1, 2)) / (2 * repeats)  # as each class: both arms' mean
        errors = []
        for code in np.unique(labels):
            here = labels == code
            sums, sizes = _by_group((right - other)[:, here], groups[here])
            slope = 1.0 if of_recalls else 2.0 * here.sum() / (here.sum() + called[code])  # of F1 by recall
            errors.append(slope * _least_error(sums.mean(1) / sizes.mean()))
        least = float(np.linalg.norm(errors)) / len(errors)
        return self._summary(plain, (resampled * drawn_repeats).mean(1), change, least)

    def _summary(
        self, of_repeat: Floats, resampled: Floats, change: Floats, least_error: float
    ) -> Difference:
        """Of what each repeat (R,) and each resample (draws,) came to; ``change`` (G, R) by image group."""
        mean, tail = float(of_repeat.mean()), (1.0 - self.confidence) / 2.0
        low, high = np.quantile(resampled, [tail, 1.0 - tail])
        # Two-sided, with the observed sample among the resamples (Davison and Hinkley, 1997, 4.2.3).
        # Resamples of no difference count on both sides, also where rounding has left 1e-17 of them.
        below, above = np.count_nonzero(resampled <= 1e-12), np.count_nonzero(resampled >= -1e-12)
        p = float(2.0 * (min(below, above) + 1.0) / (len(resampled) + 1.0))
        groups = len(change)
        # Resamples of G groups vary by (G - 1) / G of what new groups would: too little where those are few
        # people (Efron and Tibshirani, 1993, 5.3).  The repeats' share has been stretched already.
        variance, own = float(resampled.var()), _own_variance(of_repeat)
        variance += max(0.0, variance - own) / max(groups - 1, 1)
        error = max(float(np.sqrt(variance)), least_error)
        reach, students = _student(of_repeat, error, groups, 1.0 - tail)
        low, high = min(float(low), mean - reach), max(float(high), mean + reach)
        # The bootstrap of a handful of images is too sure of itself: p is never below the least that
        # flipping the signs of the images that changed could give, and the interval says no more than p.
        changed = int(np.count_nonzero((change != 0).any(1)))
        signs = 2.0 ** (1 - min(changed, 60))
        p = min(1.0, max(p, students, signs))
        if signs > 1.0 - self.confidence:
            low, high = min(low, 0.0), max(high, 0.0)
        return Difference(mean, max(low, -1.0), min(high, 1.0), p)


@lru_cache(maxsize=12)  # a benchmark asks for ten, for every arm the same: three test sets, seven emotions
def _drawn(
    bootstrap: CrossedBootstrap, groups: int, repeats: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """How often each group and each repeat is drawn, as whole numbers: (draws, groups), (draws, repeats)."""
    random = np.random.default_rng((bootstrap.seed, groups, repeats))
    images, drawn = (np.empty((bootstrap.draws, count), np.uint16) for count in (groups, repeats))
    for counts in (images, drawn):
        of = counts.shape[1]
        rows = max(1, _AT_ONCE // of)
        for start in range(0, len(counts), rows):  # many draws at once: far faster than Generator.multinomial
            some = counts[start : start + rows]
            places = random.integers(of, size=some.shape) + of * np.arange(len(some))[:, None]
            some[:] = np.bincount(places.ravel(), minlength=some.size).reshape(some.shape)
    return images, drawn


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> float:
    """Exact two-sided p-value of McNemar's test that two classifiers have the same error rate.

    ``first_right`` and ``second_right`` bool (N,): whether each got image n right.  McNemar (1947), by the
    binomial distribution over the images that one alone got right; 1 when there are none.
    """
    from scipy.stats import binomtest

    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(second_right & ~first_right))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def holm(p_values: Floats) -> Floats:
    """p-values (K,) adjusted for all being looked at together; NaN stays out.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = len(known) - np.arange(len(known))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return adjusted


def _least_error(change: Floats) -> float:
    """Standard error of the mean ``change`` (G,) with one gain and one loss more, as large as others are."""
    count, changed = len(change) + 2, change[change != 0]
    usual = float(np.mean(changed**2)) if len(changed) else 1.0
    variance = (float(change @ change) + 2.0 * usual) / count - (float(change.sum()) / count) ** 2
    return float(np.sqrt(variance / count))


def _own_variance(of_repeat: Floats) -> float:
    """The variance of the mean of ``of_repeat`` (R,) that is theirs; 0 of one, which cannot know it."""
    return float(of_repeat.var(ddof=1)) / len(of_repeat) if len(of_repeat) > 1 else 0.0


def _student(of_repeat: Floats, error: float, groups: int, quantile: float) -> tuple[float, float]:
    """Half the width of Student's interval about the mean of ``of_repeat`` (R,), and p of 0.

    ``error`` is the standard error.  Degrees of freedom by Satterthwaite, "An Approximate
    Distribution of Estimates of Variance Components" (1946): of R - 1 for the share of the variance
    that the repeats have, of the number of ``groups`` less one for the images' share.
    """
    from scipy.special import stdtr, stdtrit

    if error < 1e-12:
        return 0.0, 0.0
    repeats = len(of_repeat)
    own = min(1.0, _own_variance(of_repeat) / error**2)
    parts = own**2 / max(repeats - 1, 1) + (1.0 - own) ** 2 / max(groups - 1, 1)
    freedom = 1.0 / parts
    reach = float(stdtrit(freedom, quantile)) * error
    return reach, 2.0 * float(stdtr(freedom, -abs(float(of_repeat.mean())) / error))


def _right_or_wrong(confusions: Floats) -> Floats:
    """Confusion matrices (..., K, K) with what a class was taken for in one cell beside the diagonal.

    Recalls are the same, and far fewer cells are to be summed over resamples.
    """
    classes = np.arange(confusions.shape[-1])
    found = np.zeros_like(confusions)
    right = np.diagonal(confusions, axis1=-2, axis2=-1)
    found[..., classes, (classes + 1) % len(classes)] = confusions.sum(-1) - right
    found[..., classes, classes] += right
    return found


def _by_group(values: Floats, groups: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """Sums over each group of copies, float (G, R) of values (R, N), and the groups' sizes (G,)."""
    _, place = np.unique(groups, return_inverse=True)
    sizes = np.bincount(place).astype(np.float64)
    summed = [np.bincount(place, row, minlength=len(sizes)) for row in values]
    sums = np.stack(summed, axis=1).astype(np.float64)
    return sums, sizes
