"""Shortlist the pairs of faces that may be near copies, out of all pairs, by matrix products.

Every image becomes 63 numbers: its 8 x 8 lowest cosine frequencies but the mean.  The image is
standardised by its own mean and deviation first, so brightness and contrast do not count; each
frequency is centred and divided by its deviation over the reference images, so that the light on a
face does not drown its features.  The cosine of two such vectors then tells how alike two images are
in all but detail.  Mirroring an image turns the sign of its odd horizontal frequencies, so the sums
``even + odd`` and ``even - odd`` of two smaller products give the answer for both.
"""

from __future__ import annotations

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

_FREQUENCIES: Final = 8
_FADE: Final = 5  # pixels over which an image fades out at its border, where shifted copies differ
_FLAT: Final = 1.0  # grey levels; an image with a lower deviation is blank, or noise, and like no other
_PRIOR_IMAGES: Final = 100  # the assumed spectrum counts as much as so many reference images
QUERIES_AT_ONCE: Final = 2048
"""Best number of query images a call.  With as many references a matrix product gives 16 MB: on a busy
machine BLAS threads lose milliseconds waiting for each other at every product, so few large ones it is."""

_REFERENCES_AT_ONCE: Final = 2048
_IMAGES_AT_ONCE: Final = 1024  # when they are turned into frequencies; 9 MB
_ROWS_AT_ONCE: Final = 64  # of such a product, when it is looked through; 0.5 MB stay in the cache
_CROWD: Final = 32  # hits a query and product from which on only so many best ones are kept

Float = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int32]
Index = npt.NDArray[np.int64]


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

    def __init__(self, mean: Float, deviation: Float) -> None:
        self._mean = mean
        self._deviation = deviation
        self._even = np.zeros((0, 0), np.float32)
        self._odd = np.zeros((0, 0), np.float32)

    @classmethod
    def of(cls, references: Images) -> ReferenceIndex:
        """Centred and scaled by the mean and deviation of ``references`` (n, 48, 48)."""
        spectra, deviations = _spectra(references, (0.0, 0.0, 1.0))
        weight = np.float32(len(references) / (len(references) + _PRIOR_IMAGES))
        mean = weight * spectra.mean(axis=0)
        mean[:, 1::2] = 0  # as many faces look left as right; then mirroring changes signs, nothing else
        variance = weight * spectra.var(axis=0) + (1 - weight) * _assumed_variance()
        index = cls(mean, np.sqrt(variance))
        index._even, index._odd = index._points(spectra, deviations)
        return index

    def shortlist(self, queries: Images) -> Shortlist:
        """The pairs of these images, uint8 (m, 48, 48), and the references that are alike."""
        keys, cosines, probes = [], [], []
        # One place for all products: fresh memory for each would cost a fifth of the time.
        products = np.empty((2, len(queries) * min(_REFERENCES_AT_ONCE, len(self._even))), np.float32)
        for number, probe in enumerate(PROBES):
            even, odd = self._points(*_spectra(queries, probe))
            for start in range(0, len(self._even), _REFERENCES_AT_ONCE):
                query, reference, mirrored, cosine = self._near(even, odd, start, products)
                keys.append((query * len(self._even) + reference) * 2 + mirrored)
                cosines.append(cosine)
                probes.append(np.full(len(cosine), number))
        key, cosine, probe_of = (np.concatenate(column) for column in (keys, cosines, probes))
        best = _best_per_key(key, cosine)
        best = best[_among_first(key[best] // (2 * len(self._even)), cosine[best], MOST_PARTNERS)]
        pair, turned = np.divmod(key[best], 2)
        query, reference = np.divmod(pair, len(self._even))
        flipped = turned.astype(np.bool_)
        warp = _warps(probe_of[best], flipped)
        return Shortlist(query.astype(np.int32), reference.astype(np.int32), flipped, warp)

    def _near(
        self, even: Float, odd: Float, start: int, products: Float
    ) -> tuple[Index, Index, Index, Float]:
        """Query, reference, whether mirrored, and cosine, of the pairs with one tile of references.

        ``products`` (2, enough) is overwritten.
        """
        width = min(_REFERENCES_AT_ONCE, len(self._even) - start)
        by_even, by_odd = products[:, : len(even) * width].reshape(2, len(even), width)
        np.matmul(even, self._even[start : start + width].T, out=by_even)
        np.matmul(odd, self._odd[start : start + width].T, out=by_odd)
        at = np.concatenate(
            [
                _high(by_even[row : row + _ROWS_AT_ONCE], by_odd[row : row + _ROWS_AT_ONCE]) + row * width
                for row in range(0, len(even), _ROWS_AT_ONCE)
            ]
        )
        query, reference = np.divmod(np.tile(at, 2), width)
        mirrored = np.repeat([0, 1], len(at))
        even_part, odd_part = by_even.reshape(-1)[at], by_odd.reshape(-1)[at]
        cosine = np.concatenate([even_part + odd_part, even_part - odd_part])
        near = cosine > MIN_PROPOSAL
        return query[near], reference[near] + start, mirrored[near], cosine[near]

    def _points(self, spectra: Float, deviations: Float) -> tuple[Float, Float]:
        """Unit vectors (n, 64) in two halves: even and odd horizontal frequencies, (n, 32) each."""
        scaled = (spectra - self._mean) / self._deviation
        scaled[:, 0, 0] = 0
        scaled /= np.sqrt((scaled**2).sum(axis=(1, 2), keepdims=True)) + np.float32(1e-6)
        scaled[deviations < _FLAT] = 0  # so that nothing is near
        even, odd = scaled[:, :, 0::2], scaled[:, :, 1::2]
        return even.reshape(len(spectra), -1), odd.reshape(len(spectra), -1)


def _high(even: Float, odd: Float) -> Index:
    """Flat positions in (rows, references) where ``even`` plus or minus ``odd`` is high enough."""
    better = np.abs(odd)
    better += even
    at = np.flatnonzero(better > MIN_PROPOSAL)
    if len(at) > _CROWD * len(better) and better.shape[1] > _CROWD:
        columns = np.argpartition(better, -_CROWD, axis=1)[:, -_CROWD:]
        at = (columns + np.arange(len(better))[:, None] * better.shape[1]).reshape(-1)
    return at


def _best_per_key(key: Index, cosine: Float) -> Index:
    """Where the highest cosine of each distinct key stands, in order of the keys."""
    order = np.lexsort((-cosine, key))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = np.diff(key[order]) != 0
    return order[fresh]


def _among_first(query: Index, cosine: Float, most: int) -> Index:
    """Sorted positions that leave each query, in ascending order, its ``most`` highest cosines."""
    order = np.lexsort((-cosine, query))
    rank = np.arange(len(order)) - np.searchsorted(query, query)
    return np.sort(order[rank < most])


def _spectra(images: Images, probe: tuple[float, float, float]) -> tuple[Float, Float]:
    """Lowest cosine frequencies (n, 8, 8) of the standardised images, and their deviations (n,).

    The images are seen as if moved and zoomed by ``probe``: instead of resampling them, the cosines are
    sampled at the moved places.
    """
    down, right, zoom = probe
    rows, row_fade = _cosines(down, zoom)
    cols, col_fade = _cosines(right, zoom)
    weights = np.outer(row_fade, col_fade).reshape(-1)
    weights /= weights.sum()
    spectra = np.empty((len(images), _FREQUENCIES, _FREQUENCIES), np.float32)
    deviations = np.empty(len(images), np.float32)
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        part = slice(start, start + _IMAGES_AT_ONCE)
        block = images[part].astype(np.float32)
        flat = block.reshape(len(block), -1)
        flat -= np.einsum("np,p->n", flat, weights)[:, None]
        deviations[part] = np.sqrt(np.einsum("np,np,p->n", flat, flat, weights))
        across = (block.reshape(-1, SIDE) @ cols.T).reshape(len(block), SIDE, _FREQUENCIES)
        spectra[part] = rows @ across / np.maximum(deviations[part], 1e-3)[:, None, None]
    return spectra, deviations


def _warps(probe: Index, mirrored: npt.NDArray[np.bool_]) -> Float:
    """The warps (k, 6) that these probes stand for."""
    down, right, zoom = np.array(PROBES, np.float32)[probe].T
    right = np.where(mirrored, -right, right)  # the query was moved before it was mirrored
    still = np.zeros(len(probe), np.float32)
    # A warp tells displacements in sides, at the edge, which is half a side from the centre.
    return np.stack([down / SIDE, (zoom - 1) / 2, still, right / SIDE, still, (zoom - 1) / 2], axis=1)


def _cosines(shift: float, zoom: float) -> tuple[Float, Float]:
    """Faded cosines (8, 48) of 0 to 7 half waves a side, and the fading (48,), moved and zoomed."""
    at = (np.arange(SIDE) + 0.5 - SIDE / 2) * zoom + shift + SIDE / 2
    fade = np.clip(np.minimum(at, SIDE - at) / _FADE, 0, 1)
    waves = np.cos(np.pi / SIDE * np.arange(_FREQUENCIES)[:, None] * at) * fade
    return waves.astype(np.float32), fade.astype(np.float32)


def _assumed_variance() -> Float:
    """The falling spectrum of faces (8, 8), in the units of :func:`_spectra`; it rules small sets."""
    squared = np.arange(_FREQUENCIES, dtype=np.float32) ** 2
    falling = (1 + squared[:, None] + squared) ** np.float32(-1.3)
    return np.float32((SIDE * SIDE / 4) ** 2) * falling
