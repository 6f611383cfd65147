"""Images for tests of near copies: such as faces are in their spectrum, and moved ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]


def faces(seed: int, count: int) -> Images:
    """Structured random images: noise with a falling spectrum over one common blob, like a face's head."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(48)[:, None], np.fft.rfftfreq(48)) * 48
    spectrum = np.fft.rfft2(rng.standard_normal((count, 48, 48))) / (1 + frequency) ** 1.5
    noise = np.fft.irfft2(spectrum, s=(48, 48))
    noise /= noise.std(axis=(1, 2), keepdims=True)
    at = np.linspace(-1, 1, 48)
    head = 1.5 * np.exp(-2 * (at[:, None] ** 2 + at**2))
    images: Images = np.clip(120 + 30 * (noise + head), 0, 255).astype(np.uint8)
    return images


def shifted(image: Images, down: int, right: int) -> Images:
    padded = np.pad(image, 4, mode="edge")
    moved: Images = padded[4 - down : 52 - down, 4 - right : 52 - right]
    return moved
