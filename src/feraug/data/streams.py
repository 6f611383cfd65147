"""Endless sequences of faces, of which any place can be asked for: shuffled images, and mixtures."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feraug.data.images import on_device, to_float
from feraug.transfer import moved

SOURCE_STREAM: Final = 90
"""Streams of the random numbers that shuffle what a domain is mixed from: this, and two after it."""


class FaceStream(Protocol):
    """An endless sequence of faces: the same place always has the same face."""

    def at(self, places: NDArray[np.int64]) -> Tensor:
        """The faces at some places (n,), float (n, 1, 48, 48) in [-1, 1], on the device."""
        ...


class ShuffledRows:
    """Row numbers of an endless sequence of shuffled passes over ``count`` rows.

    The row at a place is a function of (seed, stream, place) alone; every pass shows every row once.
    """

    def __init__(self, count: int, *, seed: int, stream: int) -> None:
        self.count = count
        self._key = (seed, stream)
        self._passes: dict[int, NDArray[np.int64]] = {}

    def rows(self, index: int, batch_size: int) -> NDArray[np.int64]:
        """The rows of batch ``index``, int64 (batch_size,)."""
        return self.at(np.arange(index * batch_size, (index + 1) * batch_size))

    def at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows at some places of the sequence, int64, as many."""
        passes = places // self.count
        chosen = np.empty(len(places), np.int64)
        for number in np.unique(passes):
            here = passes == number
            chosen[here] = self._order(int(number))[places[here] % self.count]
        return chosen

    def _order(self, number: int) -> NDArray[np.int64]:
        if number not in self._passes:
            self._passes = {key: order for key, order in self._passes.items() if key >= number - 1}
            self._passes[number] = np.random.default_rng((*self._key, number)).permutation(self.count)
        return self._passes[number]


class ShuffledFaces:
    """Images in shuffled passes, as :class:`ShuffledRows`."""

    def __init__(
        self, images: NDArray[np.uint8], device: torch.device, *, seed: int, stream: int = SOURCE_STREAM
    ) -> None:
        self._images = on_device(images, device)
        self._rows = ShuffledRows(len(images), seed=seed, stream=stream)

    def at(self, places: NDArray[np.int64]) -> Tensor:
        """The faces at some places."""
        rows = moved(self._rows.at(places), self._images.device)
        return to_float(self._images[rows])


_BLOCK: Final = 1000
"""Places that are shuffled among themselves, for readers who skip some at a fixed stride."""


class MixedFaces:
    """Two sequences in one, ``share`` of whose places are the second's, evenly spread.

    With a ``seed`` they are in random order within every 1,000 places: generators with several critic steps
    are shown the places of one batch in ``critic_steps``, and with evenly spread ones that stride could meet
    one sequence alone.
    """

    def __init__(
        self, first: FaceStream, second: FaceStream, share: float, *, seed: int | None = None
    ) -> None:
        self._first, self._second, self._share = first, second, share
        shuffled = None if seed is None else ShuffledRows(_BLOCK, seed=seed, stream=SOURCE_STREAM + 2)
        self._shuffled = shuffled

    def at(self, places: NDArray[np.int64]) -> Tensor:
        """The faces at some places."""
        if self._shuffled is not None:
            places = places // _BLOCK * _BLOCK + self._shuffled.at(places)
        from_second, own = mixed_places(places, self._share)
        parts = [(self._first, ~from_second), (self._second, from_second)]
        faces = [(stream.at(own[here]), here) for stream, here in parts if here.any()]
        if len(faces) == 1:
            return faces[0][0]
        mixed = torch.empty((len(places), *faces[0][0].shape[1:]), device=faces[0][0].device)
        for part, here in faces:
            mixed[moved(np.flatnonzero(here), mixed.device)] = part  # a mask would have a GPU waited for
        return mixed


def mixed_places(places: NDArray[np.int64], share: float) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which places of a mixture belong to its second part, and the place of each in its own part, (n,) each.

    Of the first n places floor(n * share) belong to the second part, whatever n.
    """
    before = np.floor(places * share).astype(np.int64)
    from_second = np.floor((places + 1) * share).astype(np.int64) > before
    return from_second, np.where(from_second, before, places - before)
