"""How often `feraug bench` calls arms different that are not: looked at again, many arms, few people, folds.

    python benchmarks/false_differences.py [--benchmarks 1000]

Simulated benchmarks of 150 test images in which no arm differs from another on average: an image has a
difficulty that all arms share and a preference of its own for each, a repeat a luck of its own (normal, in
logits).  Where the images are of people, 600 of them, each arm has a preference for each person, too, and a
repeat no luck.  Where another draw of training faces would have given other classifiers, each arm likes or
dislikes those of a split, or of a fold, in all its repeats.  Prints the share of benchmarks in which an arm
is called better or worse.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from feraug.metrics.significance import CrossedBootstrap, Difference, holm

IMAGES = 150
LOOKS = (2, 3, 4, 5, 6, 8, 10, 12)
ARMS, REPEATS = 7, 5
PEOPLE, KNOWN, OF_PEOPLE = (5, 8, 10, 15, 20, 40), (0.3, 1.0, 2.0), 600
"""How many people are on the test images, the standard deviations of two arms' preferences for them, and how
many images: the more, and the stronger the preferences, the more hangs on the few people."""
LUCK = (0.2, 0.5, 1.0)
"""Standard deviations of a repeat's luck, in logits, of the difference of two arms."""

FOLDS, SHARED, OF_FOLDS = (1, 5), 0.5, (20, 14)
"""One split, or a cross-validation; of five folds two share half of their training faces on average; and how
many people are tested, with so many images each."""
DRAWN = (0.0, 0.3, 0.6)
"""Standard deviations, in logits, of what the training faces of a draw do to the difference of two arms."""

BOOTSTRAP = CrossedBootstrap(draws=600)

Floats = NDArray[np.float64]


def right(random: np.random.Generator, difficulty: Floats, repeats: int, luck: float) -> Floats:
    """Which images an arm gets right in each repeat, 0 or 1, float (repeats, images)."""
    preference = random.normal(0.0, 0.35, len(difficulty))
    fortune = random.normal(0.0, luck / np.sqrt(2.0), (repeats, 1))
    chance = 1 / (1 + np.exp(-(difficulty + preference + fortune)))
    return np.asarray(random.random((repeats, len(difficulty))) < chance, np.float64)


def of_people(random: np.random.Generator, people: int, known: float, benchmarks: int) -> list[float]:
    """Shares with a difference: people with as many images each, and with as many as chance gives them."""
    hits = np.zeros(2)
    for place, shares in enumerate((np.full(people, 1 / people), None)):
        for _ in range(benchmarks):
            dealt = random.dirichlet(np.ones(people)) if shares is None else shares
            rest = random.choice(people, OF_PEOPLE - people, p=dealt)
            person = np.concatenate((np.arange(people), rest))
            difficulty = random.normal(0.4, 1.0, OF_PEOPLE)
            mine, other = (
                right(random, difficulty + of_person[person], REPEATS, 0.0)
                for of_person in random.normal(0.0, known / np.sqrt(2.0), (2, people))
            )
            found = BOOTSTRAP.mean_difference(mine - other, person)
            hits[place] += is_shown(found, found.p)
    return list(hits / benchmarks)


def of_folds(random: np.random.Generator, drawn: float, benchmarks: int) -> list[float]:
    """Shares with a difference: people tested by trainings on one draw of faces, and on those of folds."""
    people, each = OF_FOLDS
    person, hits = np.repeat(np.arange(people), each), np.zeros(len(FOLDS))
    for place, folds in enumerate(FOLDS):
        fold = person % folds
        for _ in range(benchmarks):
            difficulty = random.normal(0.4, 1.0, len(person))

            def arm(difficulty: Floats = difficulty, folds: int = folds, fold: Floats = fold) -> Floats:
                common, own = random.normal(0.0, drawn / np.sqrt(2.0)), random.normal(0.0, 1.0, folds)
                faces = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * drawn / np.sqrt(2.0) * own
                luck = random.normal(0.0, LUCK[0] / np.sqrt(2.0), (REPEATS, folds))
                known = random.normal(0.0, KNOWN[0] / np.sqrt(2.0), people)[person]
                chance = 1 / (1 + np.exp(-(difficulty + known + (faces + luck)[:, fold])))
                return np.asarray(random.random(chance.shape) < chance, np.float64)

            found = BOOTSTRAP.mean_difference(arm() - arm(), person)
            hits[place] += is_shown(found, found.p)
    return list(hits / benchmarks)


def is_shown(found: Difference, p: float) -> bool:
    """Whether a benchmark calls it a difference."""
    return (found.low > 0 or found.high < 0) and p < 0.05


def looks(random: np.random.Generator, luck: float, benchmarks: int) -> list[float]:
    """Shares with a difference: after five repeats, after one of five and more, after one of two and more."""
    hits = np.zeros(3)
    for _ in range(benchmarks):
        difficulty = random.normal(0.4, 1.0, IMAGES)
        arms = [right(random, difficulty, max(LOOKS), luck) for _ in range(2)]
        change = arms[0] - arms[1]
        shown = {}
        for repeats in LOOKS:
            found = BOOTSTRAP.mean_difference(change[:repeats], np.arange(IMAGES))
            shown[repeats] = is_shown(found, found.p)
        later = [shown[repeats] for repeats in LOOKS if repeats >= REPEATS]
        hits += (shown[REPEATS], any(later), any(shown.values()))
    return list(hits / benchmarks)


def arms(random: np.random.Generator, luck: float, benchmarks: int) -> list[float]:
    """Shares with a difference of the first arm, of any of seven, and of any by the adjusted p."""
    hits = np.zeros(3)
    for _ in range(benchmarks):
        difficulty = random.normal(0.4, 1.0, IMAGES)
        base, *others = (right(random, difficulty, REPEATS, luck) for _ in range(ARMS + 1))
        found = [BOOTSTRAP.mean_difference(other - base, np.arange(IMAGES)) for other in others]
        plain = [is_shown(one, one.p) for one in found]
        adjusted = holm(np.array([one.p for one in found]))
        hits += (plain[0], any(plain), any(map(is_shown, found, adjusted)))
    return list(hits / benchmarks)


def main() -> None:
    """Simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmarks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("| a repeat's luck | 5 repeats | looked at after 5, 6, 8, 10, 12 | from 2 on |")
    for luck in LUCK:
        found = looks(np.random.default_rng((args.seed, round(10 * luck))), luck, args.benchmarks)
        print(f"| {luck} |" + "".join(f" {share:.1%} |" for share in found), flush=True)
    print("| a repeat's luck | one arm | any of seven | any of seven, Holm |")
    for luck in LUCK:
        found = arms(np.random.default_rng((args.seed, 100, round(10 * luck))), luck, args.benchmarks)
        print(f"| {luck} |" + "".join(f" {share:.1%} |" for share in found), flush=True)
    print("| people on the test images, an arm's preference for each | as many images each | uneven |")
    for people in PEOPLE:
        for known in KNOWN:
            random = np.random.default_rng((args.seed, 200, people, round(10 * known)))
            found = of_people(random, people, known, args.benchmarks)
            print(f"| {people}, {known} |" + "".join(f" {share:.1%} |" for share in found), flush=True)
    print("| how much hangs on the faces trained on | one split | five folds |")
    for drawn in DRAWN:
        random = np.random.default_rng((args.seed, 300, round(10 * drawn)))
        found = of_folds(random, drawn, args.benchmarks)
        print(f"| {drawn} |" + "".join(f" {share:.1%} |" for share in found), flush=True)


if __name__ == "__main__":
    main()
