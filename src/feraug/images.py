"""Face images as arrays: their size, and the conversion from any picture.

Outside the networks an image is ``uint8`` of shape (48, 48), a set of them ``uint8`` of shape
(N, 48, 48).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from feraug.errors import UsageError, one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

SIDE: Final = 48
"""Height and width of every face image, in pixels."""

PIXELS: Final = SIDE * SIDE
"""Number of pixels of a face image."""

LONGEST_SIDE: Final = 32_766
"""Longest side of a photo in which faces are looked for; on a longer one mediapipe ends the process."""

BACKDROP: Final = 128
"""What shows through the transparent parts of a picture: mid grey, which adds least contrast of its own."""

_EXIF_ORIENTATION: Final = 0x0112


def checked_faces(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Faces as an array uint8 (N, 48, 48); raises :class:`UsageError` for another shape or type."""
    import numpy as np

    try:
        images = np.asarray(images)
    except (TypeError, ValueError, RuntimeError) as problem:
        # A ragged list; of torch's a tensor on a GPU, or one with a gradient.
        raise UsageError(f"images must be uint8 (N, {SIDE}, {SIDE}): {one_line(str(problem))}") from problem
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise UsageError(f"images must be uint8 (N, {SIDE}, {SIDE}), not {images.dtype} {images.shape}")
    return images


def to_face(image: Image.Image) -> NDArray[np.uint8]:
    """Any picture as a face image: grey, square, 48x48, ``uint8`` (48, 48).

    - Colour becomes luma (ITU-R 601, as Pillow's ``L``); palettes, CMYK, 1-bit and the like go through RGB.
    - Transparency is laid over mid grey (:data:`BACKDROP`).
    - 16-bit, 32-bit and float pictures are scaled to 0-255, not clipped (see :func:`full_scale`).
    - What is not square is cropped to its central square: squeezing would change the proportions of the
      face, which is where the expression is, and padding would add bars that no other image has.
    - The size is changed with an antialiasing bicubic filter; 48x48 grey pictures keep every byte.
    - The orientation that a camera noted in EXIF is applied.
    - Of an animation the current frame is used, which is the first one after opening.

    ``image`` itself is not changed.  Raises whatever Pillow raises for broken data, and
    :class:`ValueError` for values that are not finite or a picture without pixels.
    """
    import numpy as np

    orientation = _orientation(image)  # before any conversion drops the EXIF data
    grey = _grey_square(image)
    if orientation is not None:
        grey = grey.transpose(orientation)
    return np.asarray(grey, dtype=np.uint8).copy()


def to_photo(image: Image.Image) -> NDArray[np.uint8]:
    """Any picture as a photo: its own size, upright, ``uint8`` (H, W, 3) RGB.

    Transparency, depth, animations and orientation as :func:`to_face` has them; raises as it does.
    """
    import numpy as np

    orientation = _orientation(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _from_deep(image, square=False)
    elif image.mode == "LAB":
        image = image.getchannel("L")
    elif image.has_transparency_data:
        image = _flatten(image.convert("RGBA"), "RGB")
    colour = image.convert("RGB")
    if not colour.width or not colour.height:
        raise ValueError("the picture has no pixels")
    if orientation is not None:
        colour = colour.transpose(orientation)
    return np.asarray(colour, dtype=np.uint8).copy()


def full_scale(mode: str, low: float, high: float) -> tuple[float, float]:
    """The values that become black and white in a picture of more than 8 bits, from its extremes.

    16-bit modes run from 0 to 65,535 by definition.  32-bit integers (``I``) and floats (``F``) have no
    such rule, so the smallest usual range that holds all values is taken: 0-1 (floats), 0-255,
    0-65,535, and otherwise the picture's own extremes.
    """
    if mode.startswith("I;16"):
        return 0.0, 65535.0
    for limit in (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= limit:
            return 0.0, limit
    return low, high


def _grey_square(image: Image.Image) -> Image.Image:
    """``image`` as mode ``L``, 48x48, EXIF orientation not yet applied."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_deep(image)
    if image.mode == "LAB":  # Pillow converts it to nothing else; its first channel is lightness
        return _square(image.getchannel("L"))
    if image.has_transparency_data:
        return _flatten(_square(image.convert("RGBA")))
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return _square(image.convert("L"))


def _square(image: Image.Image) -> Image.Image:
    """The central square of ``image``, scaled to 48x48."""
    from PIL import Image

    width, height = image.size
    side = min(width, height)
    if side < 1:
        raise ValueError("the picture has no pixels")
    if (width, height) == (SIDE, SIDE):
        return image
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)


def _flatten(image: Image.Image, mode: str = "L") -> Image.Image:
    """An RGBA picture over the backdrop, in another mode."""
    from PIL import Image

    backdrop = Image.new("RGBA", image.size, (BACKDROP, BACKDROP, BACKDROP, 255))
    return Image.alpha_composite(backdrop, image).convert(mode)


def _from_deep(image: Image.Image, *, square: bool = True) -> Image.Image:
    """A picture of 16 or 32 bits as mode ``L``, 48x48 unless ``square`` is False."""
    import numpy as np
    from PIL import Image

    mode = image.mode
    if mode.startswith("I;16"):
        image = image.convert("I")  # the one conversion that exists for every byte order
    extremes: tuple[float, float] = image.getextrema()  # type: ignore[assignment]  # one channel: one pair
    black, white = full_scale(mode, *extremes)
    wide = image.convert("F")
    values = np.asarray(_square(wide) if square else wide, np.float64)
    if not (np.isfinite([black, white]).all() and np.isfinite(values).all()):
        raise ValueError("the picture has values that are not finite")
    shares = (values - black) / max(white - black, 1e-30)
    return Image.fromarray(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8))


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """What to do to the picture so that it stands upright, by EXIF; None when it does already."""
    from PIL import Image

    if image.format == "TIFF":
        image.load()  # which turns it, and takes the note away; of other formats Pillow leaves that to us
    try:
        value = image.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # Pillow raises a dozen kinds; broken notes do not make the picture unreadable
        return None
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return turns.get(value) if isinstance(value, int) else None


def fingerprints(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """What tells images (N, 48, 48) apart without showing them: of each the first 8 bytes of its SHA-256."""
    import hashlib

    import numpy as np

    digests = [hashlib.sha256(image.tobytes()).digest()[:8] for image in images]
    return np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
