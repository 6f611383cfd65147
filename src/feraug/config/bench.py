"""Settings of ``feraug bench``: the arms, and how synthetic images enter training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from feraug.config.classifiers import BOTH_BALANCED, CLASSIFIER_DEFAULTS, ClassifierConfig
from feraug.config.values import MAX_SEED, check, documented, one_of, setting, to_json
from feraug.errors import UsageError
from feraug.words import plural

ARMS: Final[Mapping[str, str]] = {
    "real": "real training faces",
    "real+synthetic": "real and translated faces",
    "real+synthetic+noise": "real, translated and noise-generated faces",
    "real+resampled": "real faces, and in place of the translations as many of the same emotions again",
    "oversampled": "real faces, every emotion equally often",
    "oversampled+synthetic": "real and translated faces, every emotion equally often",
    "class-weighted": "real faces, every emotion with the same total weight",
    "mixup": "real faces with mixup (alpha 0.2)",
    "randaugment": "real faces with RandAugment (2 operations, magnitude 9)",
    "synthetic": "synthetic faces alone",
    "logit-adjusted": "no training: the answers of real, each probability divided by its emotion's share "
    "of the training faces",
    "reverse": "no training: the first classifier of real, tested on the synthetic faces",
}
"""What a classifier can be trained on, and a line about each."""

SYNTHETIC_ARMS: Final = (
    "real+synthetic", "real+synthetic+noise", "real+resampled", "oversampled+synthetic", "synthetic",
    "reverse",
)  # fmt: skip
"""Arms that need synthetic files, be it to count their images."""

CONTROLS: Final[Mapping[str, tuple[str, ...]]] = {
    "real+synthetic": ("real+resampled", "oversampled", "logit-adjusted"),
    "real+synthetic+noise": ("oversampled", "logit-adjusted"),
    "oversampled+synthetic": ("oversampled",),
}
"""Arms that are compared with others beside ``real``: a gain counts where it needs a GAN."""

_OF_REAL: Final[Mapping[str, str]] = {
    "logit-adjusted": "adjusts the answers",
    "reverse": "tests the classifier",
}
"""Arms without a training of their own: what each does with ``real``."""

USES: Final = ("mixed", "pretrain", "fill")

MOST_TRAININGS: Final = 90
"""Arms times repeats of a benchmark: the figures of so many, in all arms, fit into the header of its file."""

_CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "oversampled": {"balanced": True},
    "oversampled+synthetic": {"balanced": True},
    "class-weighted": {"class_weights": True},
    "mixup": {"mixup": 0.2},
    "randaugment": {"randaugment": 2},
}


@documented
@dataclass(frozen=True)
class BenchConfig:
    """What determines a benchmark, beside the dataset and the synthetic files.

    Every arm is trained ``repeats`` times, from seed ``classifier.seed`` on; repeat ``r`` of one
    arm starts from the same weights as repeat ``r`` of another.
    """

    classifier: ClassifierConfig = field(default_factory=lambda: CLASSIFIER_DEFAULTS["simple"])
    arms: tuple[str, ...] = ("real",)
    repeats: int = setting(5, "Trainings of every arm, each with a seed of its own.", low=1, high=1000)
    use: str = setting(
        "mixed",
        "Synthetic images: mixed with real ones; pretrain: first and alone; fill: to balance the classes.",
        choices=USES,
    )
    ratio: float | None = setting(
        None, "Maximum number of synthetic images per real image.", low=0.0001, high=1e6
    )
    per_class_cap: int | None = setting(
        None, "Maximum number of synthetic images per emotion.", low=1, high=10**9
    )
    synthetic_weight: float = setting(1.0, "Weight of a synthetic image's loss.", low=0.0, high=100.0)
    pretrain_share: float = setting(
        0.5, "With --use pretrain: share of the steps on synthetic images alone.", low=0.01, high=0.99
    )

    def __post_init__(self) -> None:
        check(self)
        for arm in self.arms:
            one_of("arm", arm, ARMS)
        if not self.arms:
            raise UsageError(f"--arm: none; known: {', '.join(ARMS)}")
        twice = [arm for arm in self.arms if self.arms.count(arm) > 1]
        if twice:
            raise UsageError(f"--arm: '{twice[0]}' is named twice")
        for arm, what in _OF_REAL.items():
            if arm in self.arms and "real" not in self.arms:
                raise UsageError(f"--arm {arm}: {what} of the real arm; add --arm real")
        if "logit-adjusted" in self.arms:
            for name in ("balanced", "class_weights"):
                if getattr(self.classifier, name):
                    raise UsageError(
                        f"--arm logit-adjusted: the classifier's settings have {name}, so it answers as if "
                        "every emotion were equally frequent already; leave one of the two out"
                    )
        for arm in self.arms:
            for name in _CHANGES.get(arm, {}):
                if value := getattr(self.classifier, name):
                    raise UsageError(
                        f"--arm {arm}: the classifier's settings have {name} {value} already, "
                        "so 'real' has it, too; leave one of the two out"
                    )
        for arm in self.trained_arms:
            changed = {**vars(self.classifier), **_CHANGES.get(arm, {})}
            if changed["balanced"] and changed["class_weights"]:
                raise UsageError(f"--arm {arm}: {BOTH_BALANCED}")
        if self.use != "pretrain" and self.pretrain_share != BenchConfig.pretrain_share:
            raise UsageError("--pretrain-share: is for --use pretrain")
        if self.classifier.seed + self.repeats - 1 > MAX_SEED:
            raise UsageError(f"--seed: with those of --repeats after it more than {MAX_SEED}, the largest")
        arms = len(self.tested_arms)
        if arms * self.repeats > MOST_TRAININGS:
            raise UsageError(
                f"--repeats: {self.repeats} of {plural(arms, 'arm')} are more than the "
                f"{MOST_TRAININGS} that one file holds; give fewer, or each arm a --name of its own"
            )

    @property
    def trained_arms(self) -> tuple[str, ...]:
        """The arms that a classifier is trained for."""
        return tuple(arm for arm in self.arms if arm not in _OF_REAL)

    @property
    def tested_arms(self) -> tuple[str, ...]:
        """The arms that have answers on the test images: all but ``reverse``."""
        return tuple(arm for arm in self.arms if arm != "reverse")

    def reductions(self, images: int) -> list[str]:
        """In what this is less than the defaults, with ``images`` real training faces; empty: in nothing."""
        default, mine = CLASSIFIER_DEFAULTS[self.classifier.model], self.classifier
        epochs = mine.epochs if mine.steps is None else mine.steps * mine.batch_size / images
        compared = (
            (self.repeats, BenchConfig.repeats, "repeats"),
            (epochs, default.epochs, "epochs"),
            (mine.width, default.width, "width"),
        )
        return [f"{what} {have:.3g} (default {usual:g})" for have, usual, what in compared if have < usual]

    def joined(self, arms: Sequence[str], repeats: int) -> BenchConfig:
        """With the arms and repeats of an earlier run, too."""
        together = tuple(dict.fromkeys([*arms, *self.arms]))
        return replace(self, arms=together, repeats=max(self.repeats, repeats))

    def of_arm(self, arm: str, repeat: int) -> ClassifierConfig:
        """The classifier's config in one repeat (from 0) of an arm."""
        return replace(self.classifier, seed=self.classifier.seed + repeat, **_CHANGES.get(arm, {}))

    def json_of_arm(self, arm: str, repeat: int) -> dict[str, Any]:
        """All that determines one repeat of an arm, as JSON values; no more, so that files can be shared."""
        values = {"arm": arm, "repeat": repeat, **to_json(self.of_arm(arm, repeat))}
        if arm in SYNTHETIC_ARMS:
            names = ("use", "ratio", "per_class_cap", "synthetic_weight")
            values |= {name: getattr(self, name) for name in names}
            values |= {"pretrain_share": self.pretrain_share} if self.use == "pretrain" else {}
        return values

    def json(self) -> dict[str, Any]:
        """All settings as flat JSON values, the classifier's among them."""
        own = {name: value for name, value in vars(self).items() if name != "classifier"}
        return {**to_json(self.classifier), **own, "arms": list(self.arms)}
