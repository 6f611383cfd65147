"""Settings of the commands that prepare data and make images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from feraug.config.values import check, setting
from feraug.emotions import DomainPair, parse_emotion

LABEL_SOURCES: Final = ("fer2013", "ferplus")
SSIM_VARIANTS: Final = ("uniform", "gaussian")
_MAX_SEED: Final = 2**63 - 1
_MANY: Final = 100_000_000


@dataclass(frozen=True)
class PrepareConfig:
    """What determines ``dataset.h5``, beside the files that are read (their SHA-256 stands in the header)."""

    source: str = "csv"
    """``csv``, ``folder``, or ``drawn:N``."""
    labels: str = setting(
        "fer2013",
        "fer2013: the source's own labels; ferplus: the majority of the FER+ votes.",
        choices=LABEL_SOURCES,
    )
    near_copies: bool = True
    drop_blank: bool = False
    drop_duplicates: bool = False
    drop_leaks: bool = False
    skip_bad_rows: bool = False
    seed: int = setting(0, "Seed of every random draw.", low=0, high=_MAX_SEED)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class SynthConfig:
    """What determines a set of translated faces, beside the model and the source file."""

    pair: str = "neutral:happy"
    count: int = setting(5000, "Images to make.", low=1, high=100_000_000)
    split: str = "train"
    batch_size: int = setting(64, "Faces at a time.", low=1, high=65_536)
    seed: int = setting(0, "Seed of every random draw.", low=0, high=_MAX_SEED)
    source_share: float = setting(
        0.0, "Share of the faces out of --source; all of them where it is given.", low=0.0, high=1.0
    )

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))


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
    seed: int = setting(0, "Seed of every random draw.", low=0, high=_MAX_SEED)

    def __post_init__(self) -> None:
        check(self)


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
    seed: int = setting(0, "Seed of every random draw.", low=0, high=_MAX_SEED)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))


@dataclass(frozen=True)
class NoiseSynthConfig:
    """What determines a set of faces made from noise, beside the model."""

    count: int = setting(5000, "Images to make.", low=1, high=100_000_000)
    emotions: tuple[str, ...] = ()
    """Emotions to make, in turn; none: all that the model was trained on."""
    batch_size: int = setting(64, "Faces at a time.", low=1, high=65_536)
    seed: int = setting(0, "Seed of every random draw.", low=0, high=_MAX_SEED)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "emotions", tuple(map(parse_emotion, self.emotions)))


FACE_DETECTORS: Final = ("auto", "mediapipe", "cascade")
"""What finds faces; ``auto``: mediapipe's detector where it can be had, else scikit-image's cascade."""


@dataclass(frozen=True)
class PhotosConfig:
    """What determines the translations of the faces in photos, beside the photos and the model."""

    pair: str = "neutral:happy"
    min_face: float = setting(0.7, "Least score of a face in a photo.", low=0.0, high=1.0)
    detector: str = setting("auto", ", ".join(FACE_DETECTORS) + ".", choices=FACE_DETECTORS)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "pair", str(DomainPair.parse(self.pair)))


@dataclass(frozen=True)
class FilterConfig:
    """What determines which images of a set are kept, beside the set, the dataset and the classifier.

    A limit that is None is taken from real validation images of the emotion.
    """

    emotion: str = "neutral"
    min_face: float | None = setting(
        None, "Least face score; default: what 95 % of real faces reach.", low=0.0, high=1.0
    )
    min_confidence: float | None = setting(
        None, "Least probability of the emotion; default: what 95 % of real faces called so reach.",
        low=0.0, high=1.0,
    )  # fmt: skip
    max_similarity: float | None = setting(
        None, "Largest SSIM with a training image; default: what 95 % of real faces stay below.",
        low=-1.0, high=1.0,
    )  # fmt: skip
    keep: int | None = setting(
        None, "Keep no more than this many, those of the highest probability.", low=1, high=100_000_000
    )
    detector: str = setting("auto", ", ".join(FACE_DETECTORS) + ".", choices=FACE_DETECTORS)

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "emotion", parse_emotion(self.emotion))
