"""Settings of the commands that prepare data and make images."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from feraug.config.values import MAX_SEED, check, documented, one_of, option, setting
from feraug.emotions import (
    ALL,
    DomainPair,
    PairSet,
    meanings_text,
    parse_emotion,
    parse_meanings,
    parse_split,
)
from feraug.errors import UsageError

LABEL_SOURCES: Final = ("fer2013", "ferplus", "ferplus-majority")
SSIM_VARIANTS: Final = ("uniform", "gaussian")
FACE_DETECTORS: Final = ("auto", "mediapipe", "cascade")
"""What finds faces; ``auto``: mediapipe's detector where it can be had, else scikit-image's cascade."""

LEAST_IN_PHOTOS: Final = 0.7
"""Score of a face in a photo: below it most of mediapipe's finds are none (cups, a cat's cheek, a sleeve)."""

DEGRADATIONS: Final = (
    "noise",
    "watermark",
    "rotate",
    "flip",
    "scale",
    "shift",
    "contrast",
    "blur",
    "jpeg",
    "occlude",
)
"""How faces can be made worse on purpose; :mod:`feraug.data.degradations` does it."""

_MANY: Final = 100_000_000


def degradations(*names: str) -> tuple[str, ...]:
    """The degradations that are named, with commas between or one by one, once each and in one order.

    ``all`` names all of them.  Raises :class:`UsageError` for an unknown one, with the nearest name,
    and for a text that names none.
    """
    found = set()
    for text in names:
        parts = [part.strip().lower() for part in text.split(",") if part.strip()]
        if not parts:
            raise UsageError(f"--degrade: names none; known: {', '.join(DEGRADATIONS)}, all")
        for part in parts:
            one_of("degrade", part, (*DEGRADATIONS, "all"))
        found |= set(DEGRADATIONS) if "all" in parts else set(parts)
    return tuple(name for name in DEGRADATIONS if name in found)


MOST_FOLDS: Final = 100

_DRAWN_OTHERWISE: Final = {
    "validation_share": "the next fold is validation",
    "test_share": "a fold of N is one N-th",
    **dict.fromkeys(
        ("train_share", "drop_duplicates", "drop_leaks"),
        "it would leave other images in each fold, and those of all folds are to be one set",
    ),
}
"""Settings that folds cannot have, and why."""


def parse_fold(text: str) -> tuple[int, int] | None:
    """Number and count of ``K/N``, a fold of a cross-validation; None for an empty text.

    Raises :class:`UsageError` for anything but 1 <= K <= N with N from 3 to :data:`MOST_FOLDS`.

    >>> parse_fold("2/10"), parse_fold("")
    ((2, 10), None)
    """
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,4})\s*/\s*(\d{1,4})\s*", text, re.ASCII)
    if match and 1 <= int(match[1]) <= int(match[2]) and 3 <= int(match[2]) <= MOST_FOLDS:
        return int(match[1]), int(match[2])
    raise UsageError(
        f"--fold: '{text}' is no K/N, such as 1/5: fold K of N, N from 3 (train, validation and test) to "
        f"{MOST_FOLDS}"
    )


@documented
@dataclass(frozen=True)
class PrepareConfig:
    """What determines ``dataset.h5``, beside the files that are read (their SHA-256 stands in the header)."""

    source: str = "csv"
    """``csv``, ``folder``, or ``drawn:N``."""
    labels: str = setting(
        "fer2013",
        "fer2013: the source's own; ferplus: the most of the FER+ votes; ferplus-majority: more than half.",
        choices=LABEL_SOURCES,
    )
    emotions: str = setting(
        "",
        "What the source calls the emotions, where that is no name of theirs: 1=surprise,7=neutral; "
        "contempt=none leaves those out.",
    )
    validation_share: float = setting(
        0.0,
        "Share of the training images that becomes validation, where the source has none.",
        low=0.0,
        high=0.5,
    )
    test_share: float = setting(
        0.0,
        "Share of the training images that becomes test, where the source has none.",
        low=0.0,
        high=0.9,
    )
    train_share: float = setting(
        1.0,
        "Share of the training images that is kept, by emotion, at random.",
        low=0.001,
        high=1.0,
    )
    fold: str = setting(
        "",
        "Of a cross-validation, K/N: the K-th of N parts is test, the next one validation.",
    )
    person: str = setting(
        "",
        "Regular expression for the person in the names of pictures: one person, one split, if drawn.",
    )
    near_copies: bool = True
    drop_blank: bool = False
    drop_duplicates: bool = False
    drop_leaks: bool = False
    skip_bad_rows: bool = False
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "emotions", meanings_text(parse_meanings(self.emotions)))
        if fold := parse_fold(self.fold):
            object.__setattr__(self, "fold", "/".join(map(str, fold)))
            for name in _DRAWN_OTHERWISE:
                if getattr(self, name) != getattr(PrepareConfig, name):
                    raise UsageError(f"--fold: not with {option(name)}; {_DRAWN_OTHERWISE[name]}")


@documented
@dataclass(frozen=True)
class SynthConfig:
    """What determines a set of translated faces, beside the model and the source file."""

    pair: str = "neutral:happy"
    count: int = setting(5000, "Images to make.", low=1, high=100_000_000)
    split: str = "train"
    batch_size: int = setting(64, "Faces at a time.", low=1, high=65_536)
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)
    source_share: float = setting(
        0.0, "Share of the faces from --source (where it is given, 0 counts as 1).", low=0.0, high=1.0
    )
    strength: float = setting(
        1.0, "For stargan: strength of the expression; 1: full, 0.5: half.", low=0.0, high=2.0
    )

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(PairSet.parse(self.pair)))
        object.__setattr__(self, "split", parse_split(self.split))

    @property
    def pairs(self) -> PairSet:
        """What is translated into what."""
        return PairSet.parse(self.pair)


@documented
@dataclass(frozen=True)
class SsimConfig:
    """What determines a similarity analysis, beside the dataset and the synthetic sets."""

    variant: str = setting(
        "uniform",
        "uniform: 7x7 windows, scikit-image's default; gaussian: Wang et al.'s.",
        choices=SSIM_VARIANTS,
    )
    queries: int = setting(
        2000, "Images of each set whose nearest training image is looked up; 0: all.", low=0, high=_MANY
    )
    pairs: int = setting(20_000, "Random pairs of each kind.", low=1, high=_MANY)
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

    def __post_init__(self) -> None:
        check(self)


@documented
@dataclass(frozen=True)
class CompareConfig:
    """What determines a comparison of translators, beside the dataset, the judge and the models."""

    pair: str = "neutral:happy"
    images: int = setting(0, "Validation faces to translate; 0: all of them.", low=0, high=_MANY)
    references: int = setting(
        2000, "Real training faces of the target that distances are measured to; 0: all.", low=0, high=_MANY
    )
    queries: int = setting(
        2000, "Images of each set whose nearest training image is looked up; 0: all.", low=0, high=_MANY
    )
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)
    degrade: tuple[str, ...] = ()
    """Degradations under which the models are looked at, too."""
    degrade_images: int = setting(200, "Faces of each set that are degraded; 0: all.", low=0, high=_MANY)
    min_face: float = setting(LEAST_IN_PHOTOS, "For --photos: least score of a face.", low=0.0, high=1.0)
    detector: str = setting("auto", f"For --photos: {', '.join(FACE_DETECTORS)}.", choices=FACE_DETECTORS)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))
        object.__setattr__(self, "degrade", degradations(*self.degrade))


@documented
@dataclass(frozen=True)
class NoiseSynthConfig:
    """What determines a set of faces made from noise, beside the model."""

    count: int = setting(5000, "Images to make.", low=1, high=100_000_000)
    emotions: tuple[str, ...] = ()
    """Emotions to make, in turn; none: all that the model was trained on."""
    batch_size: int = setting(64, "Faces at a time.", low=1, high=65_536)
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "emotions", tuple(map(parse_emotion, self.emotions)))
        twice = [emotion for emotion in self.emotions if self.emotions.count(emotion) > 1]
        if twice:
            raise UsageError(f"--emotion: '{twice[0]}' is named twice")


@documented
@dataclass(frozen=True)
class PhotosConfig:
    """What determines the translations of the faces in photos, beside the photos and the model."""

    pair: str = "neutral:happy"
    min_face: float = setting(LEAST_IN_PHOTOS, "Least score of a face in a photo.", low=0.0, high=1.0)
    detector: str = setting("auto", ", ".join(FACE_DETECTORS) + ".", choices=FACE_DETECTORS)
    degrade: tuple[str, ...] = ()
    """Degradations under which the faces are translated, too."""
    seed: int = setting(0, "Seed of every random draw.", low=0, high=MAX_SEED)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))
        object.__setattr__(self, "degrade", degradations(*self.degrade))


@documented
@dataclass(frozen=True)
class FilterConfig:
    """What determines which images of a set are kept, beside the set, the dataset and the classifier.

    ``emotion`` is what all are to show, or ``all``: each what it was made as.  A limit that is None is taken
    from real validation images of the emotion.
    """

    emotion: str = "neutral"
    min_face: float | None = setting(
        None, "Minimum face-detector score; default: 5th percentile of real faces.", low=0.0, high=1.0
    )
    min_confidence: float | None = setting(
        None, "Minimum probability of the emotion; default: 5th percentile of real faces classified as it.",
        low=0.0, high=1.0,
    )  # fmt: skip
    max_similarity: float | None = setting(
        None, "Maximum SSIM with a training image (of translations: one of the emotion); "
        "default: 95th percentile of real faces.",
        low=-1.0, high=1.0,
    )  # fmt: skip
    keep: int | None = setting(
        None, "Keep at most this many per emotion, those of the highest probability.",
        low=1, high=100_000_000,
    )  # fmt: skip
    detector: str = setting("auto", ", ".join(FACE_DETECTORS) + ".", choices=FACE_DETECTORS)

    def __post_init__(self) -> None:
        check(self)
        every = self.emotion.strip().lower() == ALL
        object.__setattr__(self, "emotion", ALL if every else parse_emotion(self.emotion))
