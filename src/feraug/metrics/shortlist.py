"""Shortlist the pairs of faces that may be near copies, out of all pairs.

Every image becomes 63 numbers: its 8 x 8 lowest cosine frequencies but the mean.  The image is
standardised by its own mean and deviation first, so brightness and contrast do not count; each
frequency is centred and divided by its deviation over the reference images, so that the light on a
face does not drown its features.  The cosine of two such vectors then tells how alike two images are
in all but detail.  Mirroring an image turns the sign of its odd horizontal frequencies.

A query is looked up in ten views.  To compare all of them with all references would take most of the audit's
time, so a first look in few numbers (:mod:`feraug.metrics.first_look`) sorts most pairs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from feraug.images import SIDE

MIN_PROPOSAL: Final = 0.74
"""Cosine of two images' numbers from which on the pair is listed."""

PROBES: Final = (
    *((down, right, 1.0) for down in (-1, 1) for right in (-1, 1)),
    *((down, 0, 1.0) for down in (-3, 3)),
    *((0, right, 1.0) for right in (-3, 3)),
    *((0, 0, zoom) for zoom in (0.92, 1.09)),
)
"""(down, right, zoom) of the views in which a query image is looked up; pixels and a factor.  Every shift
of up to two pixels each way is within one pixel each way of one of the first four."""

MOST_PARTNERS: Final = 100
"""At most so many partners of one query image are listed, the most alike; only a set whose images all
look the same (a collapsed generator's) has more, and would take for ever."""

MIN_FIRST_LOOK: Final = 0.42
"""Cosine of the first look's numbers from which on a pair is compared in all views.

Of FER2013's 206 million pairs 4.6 % pass.  Of the 3,671 near copies that are found without a first look one
does not, whose image has others; of 2,200 planted copies all that are found without pass.  At 0.40, 5.8 %
pass and none is lost; at 0.46, 2.9 %, and 5 are lost, one of them its image's only one.
"""

FIRST_LOOK_FROM: Final = 1000
"""References from which on there is a first look; with fewer all pairs are soon compared."""

QUERIES_AT_ONCE: Final = 2048
"""Best number of query images a call; their views take 10 MB."""

_EVERY: Final = -2.0  # less than any cosine
_STILL: Final = (0, 0, 1.0)
_LOOKS: Final = tuple(
    [view for view, (down, _, zoom) in enumerate(PROBES) if sign * down > 0 or zoom != 1] for sign in (-1, 1)
)  # the views that move a query up or zoom it, and those that move it down or zoom it
_SAMPLE: Final = 512  # references whose views tell what stays as it is when an image is moved
_FREQUENCIES: Final = 8
_FADE: Final = 5  # pixels over which an image fades out at its border, where shifted copies differ
_FLAT: Final = 1.0  # grey levels; an image with a lower deviation is blank, or noise, and like no other
_PRIOR_IMAGES: Final = 100  # the assumed spectrum counts as much as so many reference images
_IMAGES_AT_ONCE: Final = 128  # when they are turned into frequencies; 4 MB stay in the cache

Float = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int32]
Probe = tuple[float, float, float]


@dataclass(frozen=True)
class Shortlist:
    """k pairs that deserve a closer look, sorted; each at most once plain and once mirrored."""

    query: Rows
    """(k,) Row of the query image."""

    reference: Rows
    """(k,) Row of the reference image."""

    mirrored: npt.NDArray[np.bool_]
    """(k,) The pair is alike with the query image mirrored left to right."""

    warp: Float
    """(k, 6) First guess of the warp of the reference image, as :mod:`feraug.metrics.alignment` counts."""

    def __len__(self) -> int:
        return len(self.query)

    def take(self, rows: npt.NDArray[np.intp]) -> Shortlist:
        """These pairs only, in this order."""
        return Shortlist(self.query[rows], self.reference[rows], self.mirrored[rows], self.warp[rows])


class ReferenceIndex:
    """The reference images as points, among which those near a query image are found."""

    def __init__(self, references: Images) -> None:
        """Centred and scaled by the mean and deviation of ``references`` (n, 48, 48), one or more."""
        from feraug.metrics.first_look import FirstLook, in_tiles

        spectra, deviations = _spectra(references, [_STILL])
        prior = _PRIOR_IMAGES / (len(references) + _PRIOR_IMAGES)
        weight = np.float32(1 - prior)
        mean = weight * spectra[:, 0].mean(axis=0)
        mean[:, 1::2] = 0  # as many faces look left as right; then mirroring changes signs, nothing else
        variance = weight * spectra[:, 0].var(axis=0) + (1 - weight) * _assumed_variance()
        self._mean, self._deviation = mean, np.sqrt(variance)
        self._points = self._as_points(spectra, deviations)[:, 0]
        self._first_look = FirstLook.of(self._points, self._views(_some_of(references)), prior)
        self._tiles = [in_tiles(half) for half in self._first_look.numbers(self._points)]

    def shortlist(self, queries: Images) -> Shortlist:
        """The pairs of these images, uint8 (m, 48, 48), and the references that are alike."""
        from feraug.metrics.shortlist_kernels import most_alike

        views = self._views(queries)
        looks = [self._first_look.numbers(views[:, look].mean(axis=1)) for look in _LOOKS]
        least_first = MIN_FIRST_LOOK if len(self._points) >= FIRST_LOOK_FROM else _EVERY
        hits = most_alike(looks, self._tiles, least_first, views, self._points, MIN_PROPOSAL, MOST_PARTNERS)
        warp = _warps(hits.view, hits.mirrored)
        return Shortlist(hits.query.astype(np.int32), hits.reference.astype(np.int32), hits.mirrored, warp)

    def _views(self, images: Images) -> Float:
        """The points (n, 10, 64) of the images seen in each of the :data:`PROBES`."""
        return self._as_points(*_spectra(images, PROBES))

    def _as_points(self, spectra: Float, deviations: Float) -> Float:
        """Unit vectors (n, v, 64), first the even and then the odd horizontal frequencies."""
        scaled = (spectra - self._mean) / self._deviation
        scaled[:, :, 0, 0] = 0
        scaled /= np.sqrt((scaled**2).sum(axis=(2, 3), keepdims=True)) + np.float32(1e-6)
        scaled[deviations < _FLAT] = 0  # so that nothing is near
        halves = [scaled[:, :, :, part::2].reshape(*scaled.shape[:2], -1) for part in (0, 1)]
        return np.concatenate(halves, axis=2)


def _some_of(images: Images) -> Images:
    """At most 512 of the images, chosen by their pixels: neither chance nor the order of the rows matters."""
    sums = images.reshape(len(images), -1).sum(axis=1, dtype=np.uint64)
    scattered = sums * np.uint64(2_654_435_761) % np.uint64(2**32)  # Knuth's multiplicative hashing
    return images[np.argsort(scattered, kind="stable")[:_SAMPLE]]


def _spectra(images: Images, probes: Sequence[Probe]) -> tuple[Float, Float]:
    """Lowest cosine frequencies (n, p, 8, 8) of the standardised images, and their deviations (n, p).

    The images are seen as if moved and zoomed by each of the ``probes``: instead of resampling them, the
    cosines are sampled at the moved places.
    """
    axes = sorted({(down, zoom) for down, _, zoom in probes} | {(right, zoom) for _, right, zoom in probes})
    waves = np.concatenate(
        [_cosines(*axis) for axis in axes]
    )  # (8 an axis, 48), the first of 8 is the fading
    fades = waves[::_FREQUENCIES]
    rows = [axes.index((down, zoom)) for down, _, zoom in probes]
    cols = [axes.index((right, zoom)) for _, right, zoom in probes]
    weights = (fades.sum(axis=1)[rows] * fades.sum(axis=1)[cols]).astype(np.float32)
    blank = _blocks(waves.sum(axis=1)[:, None] * waves.sum(axis=1), rows, cols)
    spectra = np.empty((len(images), len(probes), _FREQUENCIES, _FREQUENCIES), np.float32)
    deviations = np.empty((len(images), len(probes)), np.float32)
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        part = slice(start, start + _IMAGES_AT_ONCE)
        block = images[part].astype(np.float32)
        block -= block.mean(axis=(1, 2), keepdims=True)  # else squares would cancel
        found = _blocks(_both_ways(block, waves, waves), rows, cols)
        squares = _both_ways(block * block, fades, fades)[:, rows, cols] / weights
        means = found[:, :, 0, 0] / weights
        deviations[part] = np.sqrt(np.maximum(squares - means**2, 0))
        found -= means[:, :, None, None] * blank
        spectra[part] = found / np.maximum(deviations[part], 1e-3)[:, :, None, None]
    return spectra, deviations


def _both_ways(images: Float, down: Float, across: Float) -> Float:
    """Sums (n, d, a) of images (n, 48, 48) times ``down`` (d, 48) and ``across`` (a, 48)."""
    sums: Float = down @ (images.reshape(-1, SIDE) @ across.T).reshape(len(images), SIDE, len(across))
    return sums


def _blocks(sums: Float, rows: Sequence[int], cols: Sequence[int]) -> Float:
    """Of sums over waves (..., 8 an axis, 8 an axis) the blocks (..., p, 8, 8) of the probes' axes."""
    shape = (*sums.shape[:-2], sums.shape[-2] // _FREQUENCIES, _FREQUENCIES, -1, _FREQUENCIES)
    apart = np.moveaxis(sums.reshape(shape), -2, -3)
    blocks: Float = apart[..., rows, cols, :, :]
    return blocks


def _warps(probe: npt.NDArray[np.int64], mirrored: npt.NDArray[np.bool_]) -> Float:
    """The warps (k, 6) that these probes stand for."""
    down, right, zoom = np.array(PROBES, np.float32)[probe].T
    right = np.where(mirrored, -right, right)  # the query was moved before it was mirrored
    still = np.zeros(len(probe), np.float32)
    # A warp tells displacements in sides, at the edge, which is half a side from the centre.
    return np.stack([down / SIDE, (zoom - 1) / 2, still, right / SIDE, still, (zoom - 1) / 2], axis=1)


def _cosines(shift: float, zoom: float) -> Float:
    """Faded cosines (8, 48) of 0 to 7 half waves a side, moved and zoomed; the first is the fading itself."""
    at = (np.arange(SIDE) + 0.5 - SIDE / 2) * zoom + shift + SIDE / 2
    fade = np.clip(np.minimum(at, SIDE - at) / _FADE, 0, 1)
    waves = np.cos(np.pi / SIDE * np.arange(_FREQUENCIES)[:, None] * at) * fade
    faded: Float = waves.astype(np.float32)
    return faded


def _assumed_variance() -> Float:
    """The falling spectrum of faces (8, 8), in the units of :func:`_spectra`; it rules small sets."""
    squared = np.arange(_FREQUENCIES, dtype=np.float32) ** 2
    falling = (1 + squared[:, None] + squared) ** np.float32(-1.3)
    return np.float32((SIDE * SIDE / 4) ** 2) * falling
