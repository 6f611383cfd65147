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

    def __post_init__(self) -> None:
        check(self)
        DomainPair.parse(self.pair)


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
