"""McNemar and Holm against published examples; the crossed bootstrap by known cases and by simulation."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t, ttest_1samp

from feraug.metrics import significance
from feraug.metrics.classification import balanced_accuracy, macro_f1
from feraug.metrics.significance import CrossedBootstrap, Difference, holm, mcnemar

Floats = NDArray[np.float64]


def right(only_first: int, only_second: int, both: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    first = np.repeat([True, False, True], [only_first, only_second, both])
    second = np.repeat([False, True, True], [only_first, only_second, both])
    return first, second


class TestMcNemar:
    def test_is_the_exact_two_sided_sign_test(self) -> None:
        assert mcnemar(*right(6, 0)) == pytest.approx(2 / 2**6)
        assert mcnemar(*right(9, 1)) == pytest.approx(2 * (1 + 10) / 2**10)
        by_hand = 2 * sum(comb(145, k) for k in range(60)) / 2**145
        assert mcnemar(*right(86, 59)) == pytest.approx(by_hand)

    def test_does_not_ask_which_is_first_nor_how_many_both_got_right(self) -> None:
        assert mcnemar(*right(3, 9)) == mcnemar(*right(9, 3)) == mcnemar(*right(9, 3, both=500)) < 1.0

    def test_is_1_when_nothing_changed_or_as_much_both_ways(self) -> None:
        assert mcnemar(*right(0, 0, both=5)) == 1.0
        assert mcnemar(*right(4, 4)) == 1.0


class TestHolm:
    def test_example(self) -> None:
        adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
        assert adjusted.tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])

    def test_never_above_1(self) -> None:
        assert holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]

    def test_what_is_not_known_stays_out_and_is_not_counted(self) -> None:
        adjusted = holm(np.array([np.nan, 0.01, 0.04]))
        assert np.isnan(adjusted[0])
        assert adjusted[1:].tolist() == pytest.approx([0.02, 0.04])


def each(count: int) -> NDArray[np.int64]:
    return np.arange(count)


def weights(bootstrap: CrossedBootstrap, groups: int, repeats: int) -> tuple[NDArray[np.uint16], Floats]:
    """How often each group is drawn, and how much each repeat then counts."""
    images, drawn = significance._drawn(bootstrap, groups, repeats)
    return images, bootstrap._stretched(drawn)


def width(found: Difference) -> float:
    return found.high - found.low


def one_image(called: NDArray[np.int64], labels: NDArray[np.int64], classes: int) -> Floats:
    """Confusion matrices (R, N, K, K) of single images called (R, N)."""
    eye = np.eye(classes)
    return eye[labels][None, :, :, None] * eye[called][:, :, None, :]


def accuracy(confusion: Floats) -> Floats:
    found: Floats = np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum((-2, -1))
    return found


def two_arms(gain: float = 0.0) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Three repeats' matrices of 120 images of 3 classes, and labels."""
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, 120)

    def arm(share: float) -> Floats:
        told = random.random((3, 120)) < share
        return one_image(np.where(told, labels, random.integers(0, 3, (3, 120))), labels, 3)

    return arm(0.6 + gain), arm(0.6), labels


class TestOneRepeat:
    values = np.random.default_rng(1).normal(0.05, 0.3, (1, 400))

    def test_interval_is_that_of_the_normal_distribution(self) -> None:
        found = CrossedBootstrap(draws=8000).mean_difference(self.values, each(400))
        error = self.values.std() / 20.0
        assert found.mean == pytest.approx(self.values.mean())
        assert found.low == pytest.approx(found.mean - 1.96 * error, abs=0.1 * error)
        assert found.high == pytest.approx(found.mean + 1.96 * error, abs=0.1 * error)

    def test_p_is_that_of_the_normal_distribution(self) -> None:
        shifted = self.values - self.values.mean() + 1.5 * self.values.std() / 20.0  # 1.5 standard errors
        assert CrossedBootstrap(draws=8000).mean_difference(shifted, each(400)).p == pytest.approx(
            0.134, abs=0.02
        )

    def test_sign_does_not_matter(self) -> None:
        bootstrap = CrossedBootstrap()
        up = bootstrap.mean_difference(self.values, each(400))
        down = bootstrap.mean_difference(-self.values, each(400))
        assert (down.mean, down.p) == (-up.mean, up.p)
        assert (down.low, down.high) == pytest.approx((-up.high, -up.low))

    def test_copies_that_are_drawn_together_narrow_nothing(self) -> None:
        bootstrap = CrossedBootstrap()
        once = bootstrap.mean_difference(self.values, each(400))
        doubled = np.repeat(self.values, 2, axis=1)
        together = bootstrap.mean_difference(doubled, np.repeat(each(400), 2))
        for name in ("mean", "low", "high", "p"):
            assert getattr(together, name) == pytest.approx(getattr(once, name))
        on_their_own = bootstrap.mean_difference(doubled, each(800))
        assert width(on_their_own) == pytest.approx(width(once) / 2**0.5, rel=0.05)

    def test_higher_confidence_is_a_wider_interval(self) -> None:
        narrow, wide = (
            width(CrossedBootstrap(confidence=c).mean_difference(self.values, each(400))) for c in (0.8, 0.99)
        )
        assert wide / narrow == pytest.approx(2.576 / 1.282, rel=0.1)


class TestSeveralRepeats:
    def test_their_variance_enters_with_its_unbiased_size(self) -> None:
        of_repeat = np.array([-0.06, -0.01, 0.02, 0.03, 0.07])
        values = np.repeat(of_repeat[:, None], 200, axis=1)
        error = of_repeat.std(ddof=1) / 5**0.5
        _, repeats = weights(CrossedBootstrap(draws=20_000), 1, 5)
        assert (repeats @ of_repeat / 5).std() == pytest.approx(error, rel=0.02)
        found = CrossedBootstrap(draws=20_000).mean_difference(values, each(200))
        assert found.mean == pytest.approx(0.01)
        # Where the images say nothing, it is Student's interval and test of the repeats.
        assert width(found) == pytest.approx(2 * 2.776 * error, rel=0.03)
        assert found.p == pytest.approx(ttest_1samp(of_repeat, 0.0).pvalue, rel=0.03)

    def test_images_and_repeats_share_the_degrees_of_freedom(self) -> None:
        random = np.random.default_rng(2)
        of_image, of_repeat = random.normal(0.0, 0.3, 200), np.array([-0.03, 0.0, 0.03])
        values = of_image - of_image.mean() + of_repeat[:, None]
        images, repeats = of_image.var() / 200, of_repeat.var(ddof=1) / 3
        freedom = (images + repeats) ** 2 / (images**2 / 199 + repeats**2 / 2)
        assert 5 < freedom < 50
        found = CrossedBootstrap(draws=20_000).mean_difference(values, each(200))
        expected = t.ppf(0.975, freedom) * (images + repeats) ** 0.5
        assert width(found) == pytest.approx(2 * expected, rel=0.03)

    def test_images_are_drawn_for_all_repeats_alike(self) -> None:
        of_image = np.random.default_rng(0).normal(0.0, 0.3, 200)
        found = CrossedBootstrap().mean_difference(np.tile(of_image, (5, 1)), each(200))
        assert width(found) == pytest.approx(2 * 1.96 * of_image.std() / 200**0.5, rel=0.05)

    def test_weights_are_1_in_the_mean_and_add_up(self) -> None:
        images, repeats = weights(CrossedBootstrap(draws=2000), 30, 4)
        assert images.shape == (2000, 30) and repeats.shape == (2000, 4)
        assert (images.sum(1) == 30).all()
        np.testing.assert_allclose(repeats.sum(1), 4.0)
        np.testing.assert_allclose(repeats.mean(0), 1.0, atol=0.1)
        assert (weights(CrossedBootstrap(), 30, 1)[1] == 1.0).all()

    @pytest.mark.parametrize("repeats", [1, 2, 5])
    def test_intervals_of_differences_stay_between_1_and_minus_1(self, repeats: int) -> None:
        of_repeat = np.where(np.arange(repeats) % 2, 1.0, -1.0)
        found = CrossedBootstrap().mean_difference(np.tile(of_repeat[:, None], (1, 10)), each(10))
        assert -1.0 <= found.low <= found.mean <= found.high <= 1.0


class TestP:
    @pytest.mark.parametrize("changed", [1, 3, 5])
    def test_is_no_smaller_than_so_few_changed_images_can_show(self, changed: int) -> None:
        values = np.zeros((2, 40))
        values[:, :changed] = 1.0
        found = CrossedBootstrap().mean_difference(values, each(40))
        assert found.p >= 2.0 ** (1 - changed)
        everywhere = CrossedBootstrap().mean_difference(np.ones((2, changed)), each(changed))
        assert everywhere.p == pytest.approx(2.0 ** (1 - changed))

    def test_copies_count_as_one_changed_image(self) -> None:
        values, groups = np.ones((1, 12)), np.repeat([0, 1, 2], 4)
        assert CrossedBootstrap().mean_difference(values, groups).p == 0.25

    def test_is_no_smaller_than_the_draws_can_show(self) -> None:
        assert CrossedBootstrap(draws=99).mean_difference(np.ones((1, 50)), each(50)).p == 0.02

    def test_is_1_when_nothing_changed(self) -> None:
        assert CrossedBootstrap().mean_difference(np.zeros((3, 20)), each(20)).p == 1.0
        first, _, labels = two_arms()
        nothing = CrossedBootstrap(draws=100).statistic_difference(
            macro_f1, (first, first), each(len(labels))
        )
        assert (nothing.mean, nothing.p) == (0.0, 1.0) and nothing.high == -nothing.low > 0.0


class TestRecalls:
    def test_images_that_move_between_wrong_answers_are_no_evidence(self) -> None:
        labels = np.zeros(60, int)
        called = np.ones((3, 60), int)  # all wrong
        other = called.copy()
        other[:, 5:25] = 2  # twenty are wrong otherwise
        other[:, :5] = 0  # five are right
        arms = one_image(other, labels, 3), one_image(called, labels, 3)
        found = CrossedBootstrap().statistic_difference(balanced_accuracy, arms, each(60), of_recalls=True)
        assert found.p == 2.0**-4 and found.low <= 0.0 < found.mean, "five, not twenty-five, have changed"


class TestFewImages:
    def test_variance_is_that_with_a_gain_and_a_loss_more(self) -> None:
        """Bonett and Price (2012): one more in each of the two cells of matched pairs that disagree."""
        values = np.repeat([[1.0, 0.0]], [6, 4], axis=1)  # 6 of 10 gained
        found = CrossedBootstrap(draws=400).mean_difference(values, each(10))
        gained, lost, count = 7, 1, 12
        by_hand = (((gained + lost) - (gained - lost) ** 2 / count) ** 0.5) / count
        assert found.low == pytest.approx(0.6 - t.ppf(0.975, 9) * by_hand, abs=1e-9)
        assert found.high == 1.0, "and no further"

    def test_all_or_none_of_a_few_is_no_certainty(self) -> None:
        for images, least in ((8, 0.3), (55, 0.05)):
            whole = CrossedBootstrap(draws=400).mean_difference(np.ones((3, images)), each(images))
            none = CrossedBootstrap(draws=400).mean_difference(np.zeros((3, images)), each(images))
            assert whole.high == 1.0 and 1.0 - whole.low > least
            assert none.mean == 0.0 and none.high == -none.low > least / 2

    def test_an_interval_says_no_more_than_p(self) -> None:
        values = np.zeros((3, 70))
        values[:, :5] = 1.0
        found = CrossedBootstrap().mean_difference(values, each(70))
        assert found.p == 2.0**-4 and found.low <= 0.0
        values[:, 5] = 1.0
        found = CrossedBootstrap().mean_difference(values, each(70))
        assert found.p < 0.05 and found.low > 0.0

    def test_copies_are_one_image(self) -> None:
        values = np.ones((1, 4))
        once = CrossedBootstrap(draws=400).mean_difference(values, each(4))
        copied = CrossedBootstrap(draws=400).mean_difference(np.repeat(values, 3, 1), np.repeat(each(4), 3))
        assert copied.low == pytest.approx(once.low)

    @pytest.mark.parametrize(("images", "gain"), [(8, 0.9), (55, 0.97), (55, 0.04)])
    def test_intervals_hold_large_and_one_sided_changes(self, images: int, gain: float) -> None:
        random = np.random.default_rng(5)
        held = 0
        for _ in range(100):
            values = np.tile(random.random(images) < gain, (3, 1)).astype(float)
            found = CrossedBootstrap(draws=200).mean_difference(values, each(images))
            held += found.low <= gain <= found.high
        assert held >= 88  # without those two 51, 84 and 89 %


class TestFewImagesOfAClass:
    """What :class:`TestFewImages` asks of one class's recall, of the means of all classes' figures."""

    @pytest.mark.parametrize(("statistic", "of_recalls"), [(balanced_accuracy, True), (macro_f1, False)])
    def test_variance_has_the_least_of_each_class(self, statistic: Any, of_recalls: bool) -> None:
        labels = np.repeat([0, 1, 2], [4, 20, 20])
        before = np.where(labels == 0, 1, labels)[None]  # the four are called otherwise, then rightly
        after = labels[None]
        arms = one_image(after, labels, 3), one_image(before, labels, 3)
        found = CrossedBootstrap(draws=400).statistic_difference(
            statistic, arms, each(44), of_recalls=of_recalls
        )
        rare = np.sqrt((6 - 4**2 / 6) / 6 / 6)  # of 4 that gained, with a gain and a loss more
        other = np.sqrt(2 / 22 / 22)  # of 20 without a change, with a gain and a loss more
        called = (2, 22, 20)  # of 0 and 4, of 24 and 20, of 20 and 20 by the two arms
        of_f1 = [2 * images / (images + each) for images, each in zip((4, 20, 20), called, strict=True)]
        slopes = [1.0, 1.0, 1.0] if of_recalls else of_f1
        error = np.linalg.norm(np.array([rare, other, other]) * slopes) / 3
        assert found.low == pytest.approx(min(0.0, found.mean - t.ppf(0.975, 43) * error), abs=1e-9)
        assert found.high == pytest.approx(found.mean + t.ppf(0.975, 43) * error, abs=1e-9)

    @pytest.mark.parametrize(("rare", "gain"), [(8, 0.9), (20, 0.95)])
    def test_intervals_hold_a_one_sided_change_of_a_rare_class(self, rare: int, gain: float) -> None:
        random, held = np.random.default_rng(0), 0
        labels = np.repeat(np.arange(7), [rare, *[40] * 6])
        wrong = (labels + 1) % 7
        for _ in range(100):
            right = random.random(len(labels)) < 0.7
            flipped, up = random.random(len(labels)) < 0.02, random.random(len(labels)) < 0.5
            before = np.where(labels == 0, False, np.where(flipped, up, right))
            after = np.where(labels == 0, random.random(len(labels)) < gain, np.where(flipped, ~up, right))
            arms = tuple(one_image(np.where(one, labels, wrong)[None], labels, 7) for one in (after, before))
            found = CrossedBootstrap(draws=200).statistic_difference(
                balanced_accuracy, (arms[0], arms[1]), each(len(labels)), of_recalls=True
            )
            held += found.low <= gain / 7 <= found.high
        assert held >= 88


class TestStatistics:
    def test_accuracy_as_a_statistic_is_the_mean_of_right_minus_right(self) -> None:
        first, second, labels = two_arms(gain=0.1)
        groups = np.arange(len(labels)) // 2
        by_statistic = CrossedBootstrap().statistic_difference(accuracy, (first, second), groups)
        told = [np.trace(arm, axis1=2, axis2=3) for arm in (first, second)]
        by_mean = CrossedBootstrap().mean_difference(told[0] - told[1], groups)
        for name in ("mean", "low", "high", "p"):
            assert getattr(by_statistic, name) == pytest.approx(getattr(by_mean, name))

    def test_macro_f1_s_difference_is_the_mean_of_the_repeats(self) -> None:
        first, second, labels = two_arms(gain=0.3)
        found = CrossedBootstrap().statistic_difference(macro_f1, (first, second), each(len(labels)))
        each_repeat = [
            macro_f1(one.sum(0)) - macro_f1(other.sum(0)) for one, other in zip(first, second, strict=True)
        ]
        assert found.mean == pytest.approx(np.mean(each_repeat))
        assert 0 < found.low < found.mean < found.high
        assert found.p < 0.01

    def test_p_knows_how_few_images_changed(self) -> None:
        labels = np.arange(30) % 3
        called = np.tile(labels, (2, 1))
        worse = called.copy()
        worse[:, 0] = 1
        arms = one_image(called, labels, 3), one_image(worse, labels, 3)
        assert CrossedBootstrap().statistic_difference(macro_f1, arms, each(30)).p == 1.0


@pytest.mark.parametrize("factor", [1.0, 1 / 3, 2.0**23], ids=["counts", "fractions", "beyond float32"])
def test_sums_over_the_draws_are_those_of_float64(factor: float) -> None:
    """Counts to the bit, and of a class that nothing was taken for 0."""
    bootstrap, groups = CrossedBootstrap(draws=50), 40
    values = np.random.default_rng(0).integers(-2, 3, (groups, 6)) * factor + (factor > 1)
    values[:, 2] = 0.0
    images, _ = significance._drawn(bootstrap, groups, 3)
    by_hand = (images[:, :, None] * values).sum(1)
    found = bootstrap._sums(groups, 3, values)
    np.testing.assert_allclose(found, by_hand, rtol=0 if factor == 1.0 else 1e-13, atol=1e-12 * (factor < 1))


def test_one_seed_gives_one_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(0).normal(0.0, 0.3, (3, 50))
    first, again = (CrossedBootstrap(seed=0).mean_difference(values, each(50)) for _ in range(2))
    assert first == again
    assert CrossedBootstrap(seed=1).mean_difference(values, each(50)) != first


@pytest.mark.parametrize("people", [8, 12, 30])
def test_an_interval_over_few_people_is_student_s_of_their_means(people: int) -> None:
    """A bootstrap of G people finds (G - 1) / G of their variance: of eight a margin 7 % too small."""
    random = np.random.default_rng(people)
    of_person = random.normal(0.02, 0.2, people)
    groups = np.repeat(np.arange(people), 5)
    found = CrossedBootstrap(draws=20_000).mean_difference(of_person[groups][None], groups)
    expected = ttest_1samp(of_person, 0.0)
    low, high = expected.confidence_interval(0.95)
    assert (found.high - found.low) == pytest.approx(high - low, rel=0.02)
    assert found.p == pytest.approx(expected.pvalue, rel=0.1)


def test_few_people_change_no_interval_of_what_the_repeats_alone_vary_by() -> None:
    """Theirs is stretched already; the rest would be taken for the people's, who know their spread better."""
    of_repeat, people = np.array([0.0, 0.1, 0.2]), np.arange(8)
    found = CrossedBootstrap(draws=40_000).mean_difference(np.repeat(of_repeat[:, None], 8, 1), people)
    low, high = ttest_1samp(of_repeat, 0.0).confidence_interval(0.95)
    assert (found.high - found.low) == pytest.approx(high - low, rel=0.02)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """200 benchmarks of 5 repeats and 100 images, whose images and repeats differ by chance.

    Nine times in ten an image has the same luck in every training, as the classifiers know much alike.
    """
    random, gain = np.random.default_rng(0), 0.03
    held = 0
    for _ in range(200):
        hardness = random.uniform(0.35, 0.65, 100)
        of_image = random.normal(gain, 0.08, 100).clip(gain - 0.2, gain + 0.2)
        of_repeat = random.normal(0.0, 0.02, 5).clip(-0.06, 0.06)
        own, luck = random.random((2, 5, 100)) < 0.1, random.random((2, 1, 100))
        luck = np.where(own, random.random((2, 5, 100)), luck)
        better = luck[0] < hardness + of_image + of_repeat[:, None]
        plain = luck[1] < hardness
        found = CrossedBootstrap(draws=400).mean_difference(better.astype(float) - plain, each(100))
        held += found.low <= gain <= found.high
    assert 0.92 <= held / 200 <= 0.995


@pytest.mark.parametrize(("repeats", "least"), [(2, 0.82), (5, 0.89)])
def test_intervals_hold_the_truth_where_the_repeats_differ_more_than_the_images(
    repeats: int, least: float
) -> None:
    """A bootstrap alone holds it in 68 and 84 % of such cases."""
    random, held = np.random.default_rng(0), 0
    bootstrap = CrossedBootstrap(draws=400)
    for _ in range(300):
        values = random.normal(0.0, 0.05, (repeats, 40)) + random.normal(0.0, 0.05, (repeats, 1))
        found = bootstrap.mean_difference(values, each(40))
        held += found.low <= 0.0 <= found.high
    assert least <= held / 300 <= 0.99
