"""Faces made worse on purpose: ten degradations, each at a strength from 0 (none) to 1 (the strongest).

To see what a translator does with pictures that are not as clean as those it learned from.  Every
change takes faces uint8 (N, 48, 48), a strength and a random generator, and gives uint8 (N, 48, 48);
the same generator makes the same draws at any strength, so that a stronger one is more of the same.
An image's draws depend on its place alone, not on how many follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from numbers import Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import DEGRADATIONS
from feraug.config.values import one_of, whole
from feraug.errors import UsageError
from feraug.images import SIDE, checked_faces

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]

_STREAM: Final = 160  # of random draws; see docs/contributing.md

MOST_NOISE: Final = 45.0
"""Standard deviation in grey levels."""
MOST_WATERMARK: Final = 0.6
"""Opacity."""
MOST_ROTATION: Final = 45.0
"""Degrees."""
MOST_SCALE: Final = 1.5
"""Factor of enlarging, or of shrinking."""
MOST_SHIFT: Final = 12.0
"""Pixels of 48."""
LEAST_CONTRAST: Final = 0.25
"""Share of the contrast that is left."""
MOST_BLUR: Final = 2.25
"""Standard deviation in pixels of 48."""
JPEG_QUALITIES: Final = (95, 5)
"""Next to strength 0, and at strength 1."""
MOST_OCCLUSION: Final = 24.0
"""Side of the square in pixels of 48: a quarter of the face."""

_WORD: Final = (
    ".###.  .#.  #...# ####. #.... #####",
    "#...# #...# ##.## #...# #.... #....",
    "#.... #...# #.#.# #...# #.... #....",
    ".###. ##### #...# ####. #.... ####.",
    "....# #...# #...# #.... #.... #....",
    "#...# #...# #...# #.... #.... #....",
    ".###. #...# #...# #.... ##### #####",
)
"""What the watermark says: SAMPLE, in letters of 5x7 pixels."""


@dataclass(frozen=True)
class Degradation:
    """How faces are changed, how much that is at a strength in words, and the strengths to look at."""

    change: Callable[[Images, float, np.random.Generator], Images]
    amount: Callable[[float], str]
    strengths: tuple[float, ...] = (1 / 3, 2 / 3, 1.0)


@dataclass(frozen=True)
class Level:
    """A degradation at one of its strengths; ``amount`` says how much that is, such as ``15°``."""

    name: str
    strength: float
    amount: str

    def of(self, images: Images, seed: int = 0) -> Images:
        """The degraded images; see :func:`degrade`."""
        return degrade(images, self.name, self.strength, seed=seed)


def degrade(images: Images, name: str, strength: float, *, seed: int = 0) -> Images:
    """Faces uint8 (N, 48, 48), degraded: the same shape; at strength 0 the same bytes.

    ``name`` is one of ``feraug.config.DEGRADATIONS``, ``strength`` lies from 0 to 1.  Raises
    :class:`UsageError` for another name or strength, a negative seed, and images of another shape or type.
    """
    images = checked_faces(images)
    one_of("degrade", name, DEGRADATIONS)
    if not isinstance(strength, Real) or not 0.0 <= strength <= 1.0:
        raise UsageError(f"the strength of a degradation is a number from 0 to 1, not {strength}")
    seed = whole("seed", seed, 0)
    if strength == 0.0 or not len(images):
        return images.copy()
    random = np.random.default_rng((seed, _STREAM, list(DEGRADATIONS).index(name)))
    return KINDS[name].change(images, float(strength), random)


def levels(names: Collection[str]) -> tuple[Level, ...]:
    """The strengths at which these degradations are looked at, weakest first."""
    return tuple(
        Level(name, strength, KINDS[name].amount(strength))
        for name in names
        for strength in KINDS[name].strengths
    )


def noise(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Independent Gaussian noise on every pixel, up to 45 grey levels."""
    return _rounded(images + MOST_NOISE * strength * random.standard_normal(images.shape, np.float32))


def watermark(images: Images, strength: float, random: np.random.Generator) -> Images:
    """The word SAMPLE in white, in rows all over the picture and rising by 25 degrees, up to 60 % opaque."""
    word = np.array([[letter == "#" for letter in f"{line}   "] for line in _WORD])
    height, width = len(word) + 7, word.shape[1]
    cell = np.zeros((2 * height, width), np.float32)  # every second row of words starts half a word later
    cell[: len(word)], cell[height : height + len(word)] = word, np.roll(word, width // 2, axis=1)
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    cosine, sine = np.cos(np.deg2rad(25.0)), np.sin(np.deg2rad(25.0))
    offsets = random.random((len(images), 2)) * (width, 2 * height)
    x = np.floor(across * cosine - down * sine + offsets[:, 0, None, None]).astype(int) % width
    y = np.floor(across * sine + down * cosine + offsets[:, 1, None, None]).astype(int) % (2 * height)
    opacity = MOST_WATERMARK * strength * cell[y, x]
    return _rounded(images + opacity * (255.0 - images))


def rotate(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Turned about the middle by up to 45 degrees, half of them each way; the rim is repeated."""
    angle = np.deg2rad(MOST_ROTATION * strength) * _either(len(images), random)
    cosine, sine = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    x, y = _from_the_middle()
    return _sampled(images, cosine * x - sine * y, sine * x + cosine * y)


def flip(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Mirrored, left for right, at whatever strength."""
    del strength, random
    return np.ascontiguousarray(images[:, :, ::-1])


def scale(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Enlarged or shrunk by a factor of up to 1.5, half of them each way; the rim is repeated."""
    factor = _scale_factor(strength) ** _either(len(images), random)[:, None, None]
    x, y = _from_the_middle()
    return _sampled(images, x / factor, y / factor)


def shift(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Moved by up to 12 whole pixels in any direction; the rim is repeated."""
    angle = 2.0 * np.pi * random.random(len(images))
    x, y = _from_the_middle()
    far = MOST_SHIFT * strength
    right, down = np.rint(far * np.cos(angle)), np.rint(far * np.sin(angle))
    return _sampled(images, x - right[:, None, None], y - down[:, None, None])


def contrast(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Pulled towards each image's mean, until a quarter of the contrast is left."""
    del random
    mean = images.mean((1, 2), keepdims=True, dtype=np.float32)
    return _rounded(mean + _contrast_left(strength) * (images - mean))


def blur(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Blurred by a Gaussian of up to 2.25 pixels; the rim is repeated."""
    del random
    reach = int(np.ceil(3.0 * MOST_BLUR))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (MOST_BLUR * strength)) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    wide = np.pad(images.astype(np.float32), ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    rows = sum(weight * wide[:, start : start + SIDE] for start, weight in enumerate(weights))
    return _rounded(sum(weight * rows[:, :, start : start + SIDE] for start, weight in enumerate(weights)))


def jpeg(images: Images, strength: float, random: np.random.Generator) -> Images:
    """Written as JPEG and read again, at a quality from 95 down to 5."""
    from PIL import Image

    del random
    found = np.empty_like(images)
    for place, image in enumerate(images):
        file = BytesIO()
        Image.fromarray(image).save(file, format="JPEG", quality=_quality(strength))
        file.seek(0)
        with Image.open(file) as read:
            found[place] = np.asarray(read)
    return found


def occlude(images: Images, strength: float, random: np.random.Generator) -> Images:
    """A square of up to 24 pixels, of one grey level, anywhere in the picture."""
    side = max(1, round(MOST_OCCLUSION * strength))
    drawn = random.random((len(images), 3))
    left, top = np.floor(drawn[:, :2] * (SIDE - side + 1)).astype(int).T[:, :, None]
    places = np.arange(SIDE)
    across, down = ((places >= start) & (places < start + side) for start in (left, top))
    grey = np.floor(drawn[:, 2] * 256).astype(np.uint8)[:, None, None]
    return np.where(down[:, :, None] & across[:, None, :], grey, images)


KINDS: Final[Mapping[str, Degradation]] = {
    "noise": Degradation(noise, lambda strength: f"sd {MOST_NOISE * strength:.0f}"),
    "watermark": Degradation(watermark, lambda strength: f"{MOST_WATERMARK * strength:.0%}"),
    "rotate": Degradation(rotate, lambda strength: f"{MOST_ROTATION * strength:.0f}°"),
    "flip": Degradation(flip, lambda strength: "mirrored", (1.0,)),
    "scale": Degradation(scale, lambda strength: f"x {_scale_factor(strength):.2f}"),
    "shift": Degradation(shift, lambda strength: f"{MOST_SHIFT * strength:.0f} px"),
    "contrast": Degradation(contrast, lambda strength: f"{_contrast_left(strength):.0%}"),
    "blur": Degradation(blur, lambda strength: f"{MOST_BLUR * strength:.2f} px"),
    "jpeg": Degradation(jpeg, lambda strength: f"quality {_quality(strength)}"),
    "occlude": Degradation(occlude, lambda strength: f"{MOST_OCCLUSION * strength:.0f} px"),
}
"""Every degradation, by the names that ``--degrade`` takes."""


def _scale_factor(strength: float) -> float:
    return 1.0 + (MOST_SCALE - 1.0) * strength


def _contrast_left(strength: float) -> float:
    return 1.0 - (1.0 - LEAST_CONTRAST) * strength


def _quality(strength: float) -> int:
    best, worst = JPEG_QUALITIES
    return round(best + (worst - best) * strength)


def _either(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """1 or -1, float64 (count,)."""
    return np.where(random.random(count) < 0.5, -1.0, 1.0)


def _from_the_middle() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X and y of every pixel, float64 (48, 48), from the middle of the picture."""
    places = np.arange(SIDE) - (SIDE - 1) / 2
    x, y = np.meshgrid(places, places)
    return x, y


def _sampled(images: Images, x: NDArray[np.float64], y: NDArray[np.float64]) -> Images:
    """The images at points float64 (N, 48, 48) from the middle, bilinear; beyond the rim its pixels."""
    across, down = (
        np.clip(np.broadcast_to(points, images.shape) + (SIDE - 1) / 2, 0, SIDE - 1) for points in (x, y)
    )
    left, top = (np.minimum(points.astype(int), SIDE - 2) for points in (across, down))
    right, below = across - left, down - top
    row = np.arange(len(images))[:, None, None]
    above = images[row, top, left] * (1 - right) + images[row, top, left + 1] * right
    under = images[row, top + 1, left] * (1 - right) + images[row, top + 1, left + 1] * right
    return _rounded(above * (1 - below) + under * below)


def _rounded(values: NDArray[np.floating[Any]]) -> Images:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
