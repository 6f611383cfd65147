"""Training batches by number: the faces lie on the device, and are chosen and augmented there.

Every draw is a function of (seed, stream, number of the batch) for the batch of all processes
together, of which each process takes its part: the number of devices changes no draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feraug.data.images import on_device, to_float
from feraug.data.streams import FaceStream, ShuffledFaces, ShuffledRows
from feraug.data.views import draw_views, warp
from feraug.objectives import EmotionBatch, NoiseBatch, TranslationBatch
from feraug.transfer import moved

_ORDER_STREAM, _FLIP_STREAM, _AUGMENT_STREAM, _MIX_STREAM = 10, 20, 40, 50
_CLASS_STREAM, _NOISE_STREAM, _OTHER_STREAM = 60, 70, 80
_SECOND_STREAMS = 100
"""Streams of random numbers, so that no two uses in a training share draws; a domain or class number is
added.  :mod:`feraug.data.streams` has 90 to 92.  A second sequence of the same faces has its own: this is
added."""


@dataclass(frozen=True)
class Sampling:
    """How batches are drawn: ``batch_size`` over all ``processes``, of which this one is ``rank``."""

    batch_size: int
    seed: int
    device: torch.device
    flip: bool = True
    augment: bool = False
    rank: int = 0
    processes: int = 1

    def random(self, stream: int, index: int) -> np.random.Generator:
        """The random numbers of a use in batch ``index``, the same in every process."""
        return np.random.default_rng((self.seed, stream, index))

    def mine(self, values: NDArray[Any]) -> NDArray[Any]:
        """The part of this process of what was drawn for the whole batch."""
        size = self.batch_size // self.processes
        return values[self.rank * size : (self.rank + 1) * size]

    def mix(self, index: int) -> Tensor:
        """Uniform draws from [0, 1], float (N, 1, 1, 1)."""
        drawn = self.random(_MIX_STREAM, index).random(self.batch_size, np.float32)
        return moved(self.mine(drawn), self.device)[:, None, None, None]

    def augmented(self, faces: Tensor, stream: int, index: int) -> Tensor:
        """The faces of this process in batch ``index``, mirrored, and warped too with ``augment``."""
        flips = np.zeros(self.batch_size, np.bool_)
        if self.flip:
            flips = self.random(_FLIP_STREAM + stream, index).random(self.batch_size) < 0.5
        if self.augment:
            random = self.random(_AUGMENT_STREAM + stream, index)
            return warp(faces, self.mine(draw_views(random, self.batch_size, flips)))
        mirrored = moved(self.mine(flips), self.device)
        return torch.where(mirrored[:, None, None, None], faces.flip(3), faces)


class BalancedRows:
    """Row numbers of an endless sequence in which groups of rows come equally often.

    In each turn every group gives one row (or as many as ``times`` says of it), in an order of the
    turn's own; within a group rows come in shuffled passes.
    """

    def __init__(
        self,
        groups: list[NDArray[np.int64]],
        *,
        seed: int,
        turns_stream: int,
        rows_stream: int,
        times: Sequence[int] | None = None,
    ) -> None:
        self._groups, self._seed, self._turns_stream = groups, seed, turns_stream
        self._times = np.ones(len(groups), np.int64) if times is None else np.array(times, np.int64)
        self._group_of = np.repeat(np.arange(len(groups)), self._times)
        self._nth = np.concatenate([np.arange(count) for count in self._times])
        self._rows = [
            ShuffledRows(len(group), seed=seed, stream=rows_stream + number)
            for number, group in enumerate(groups)
        ]

    def rows(self, index: int, batch_size: int) -> NDArray[np.int64]:
        """The rows of batch ``index``, int64 (batch_size,)."""
        length = len(self._group_of)  # of a turn
        places = np.arange(index * batch_size, (index + 1) * batch_size)
        turns = places // length
        orders = {turn: self._order(int(turn)) for turn in np.unique(turns)}
        slots = np.array([orders[turn][place % length] for turn, place in zip(turns, places, strict=True)])
        rows = np.empty(batch_size, np.int64)
        for number, group in enumerate(self._groups):
            here = self._group_of[slots] == number
            so_far = turns[here] * self._times[number] + self._nth[slots[here]]
            rows[here] = group[self._rows[number].at(so_far)]
        return rows

    def _order(self, turn: int) -> NDArray[np.int64]:
        return np.random.default_rng((self._seed, self._turns_stream, turn)).permutation(len(self._group_of))


class PairBatches:
    """Unpaired batches of two domains: images uint8 (N, 48, 48), or a stream of faces, each."""

    def __init__(
        self,
        domain_a: NDArray[np.uint8] | FaceStream,
        domain_b: NDArray[np.uint8] | FaceStream,
        sampling: Sampling,
    ) -> None:
        self._sampling = sampling
        self._domains = [
            ShuffledFaces(faces, sampling.device, seed=sampling.seed, stream=_ORDER_STREAM + domain)
            if isinstance(faces, np.ndarray)
            else faces
            for domain, faces in enumerate((domain_a, domain_b))
        ]

    def batch(self, index: int) -> TranslationBatch:
        """Batch ``index``: this process's float (N, 1, 48, 48) of each domain."""
        real_a, real_b = (self._domain(domain, index) for domain in range(2))
        return TranslationBatch(real_a, real_b, self._sampling.mix(index))

    def _domain(self, domain: int, index: int) -> Tensor:
        sampling = self._sampling
        places = np.arange(index * sampling.batch_size, (index + 1) * sampling.batch_size)
        faces = self._domains[domain].at(sampling.mine(places))
        return sampling.augmented(faces, domain, index)


class _ClassSampler:
    """Faces with their classes, drawn in batches.

    ``classes`` int (N,) has the class of each image, 0 to the number of classes less one.  With
    ``balanced`` each class stands once in every turn of as many places as there are classes,
    however few faces it has; else faces come as often as they are there.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        classes: NDArray[np.integer[Any]],
        sampling: Sampling,
        *,
        balanced: bool,
    ) -> None:
        self.sampling = sampling
        self.count = int(classes.max()) + 1
        self._images = on_device(images, sampling.device)
        self._classes = classes.astype(np.int64)
        self._groups = [np.flatnonzero(classes == number) for number in range(self.count)]
        self._first_stream = 0
        self._rows: BalancedRows | ShuffledRows = (
            self._sequence() if balanced
            else ShuffledRows(len(images), seed=sampling.seed, stream=_CLASS_STREAM)
        )  # fmt: skip

    def second(self, times: Sequence[int]) -> _ClassSampler:
        """Another sequence of the same faces, in which a class comes ``times`` as often as another."""
        other = copy(self)
        other._first_stream = _SECOND_STREAMS
        other._rows = other._sequence(times)
        return other

    def _sequence(self, times: Sequence[int] | None = None) -> BalancedRows:
        return BalancedRows(
            self._groups,
            seed=self.sampling.seed,
            turns_stream=self._first_stream + _ORDER_STREAM,
            rows_stream=self._first_stream + _CLASS_STREAM,
            times=times,
        )

    def drawn(self, index: int) -> tuple[Tensor, Tensor]:
        """Batch ``index``: faces float (N, 1, 48, 48) of this process, and their classes int64 (N,)."""
        sampling = self.sampling
        rows = sampling.mine(self._rows.rows(index, sampling.batch_size))
        places = moved(rows, sampling.device)
        faces = sampling.augmented(to_float(self._images[places]), self._first_stream, index)
        return faces, moved(self._classes[rows], sampling.device)

    def others(self, classes: Tensor, index: int) -> Tensor | None:
        """For each face of this process a class that is not its own; None where there is only one."""
        if self.count == 1:
            return None
        sampling = self.sampling
        random = sampling.random(self._first_stream + _OTHER_STREAM, index)
        ahead = random.integers(1, self.count, sampling.batch_size)
        return (classes + moved(sampling.mine(ahead), sampling.device)) % self.count


class ClassBatches:
    """Batches of faces with their classes, and noise for as many fakes; see :class:`_ClassSampler`."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        classes: NDArray[np.integer[Any]],
        sampling: Sampling,
        *,
        latent_size: int,
        balanced: bool,
    ) -> None:
        self._faces = _ClassSampler(images, classes, sampling, balanced=balanced)
        self._latent_size = latent_size

    def batch(self, index: int) -> NoiseBatch:
        """Batch ``index``: this process's faces, classes and noise."""
        sampling = self._faces.sampling
        faces, classes = self._faces.drawn(index)
        drawn = noise(sampling.seed, index, sampling.batch_size, self._latent_size)
        z = moved(sampling.mine(drawn), sampling.device)
        return NoiseBatch(faces, classes, z, sampling.mix(index), self._faces.others(classes, index))


class EmotionBatches:
    """Batches of faces with their classes, and another class for each to be translated into.

    With ``times``, one number a class, faces that are translated come in a sequence of their own, where
    a class comes so many times as often as another: what a discriminator is shown as real stays as it is.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        classes: NDArray[np.integer[Any]],
        sampling: Sampling,
        *,
        balanced: bool,
        times: Sequence[int] | None = None,
    ) -> None:
        self._faces = _ClassSampler(images, classes, sampling, balanced=balanced)
        self._sources = None if times is None else self._faces.second(times)

    def batch(self, index: int) -> EmotionBatch:
        """Batch ``index``: this process's faces, classes and targets."""
        real = _drawn_with_others(self._faces, index)
        sources = real if self._sources is None else _drawn_with_others(self._sources, index)
        return EmotionBatch(*real, *sources, self._faces.sampling.mix(index))


def _drawn_with_others(labelled: _ClassSampler, index: int) -> tuple[Tensor, Tensor, Tensor]:
    faces, classes = labelled.drawn(index)
    others = labelled.others(classes, index)
    assert others is not None  # there are two emotions or more
    return faces, classes, others


def noise(
    seed: int, index: int, count: int, latent_size: int, *, stream: int = _NOISE_STREAM
) -> NDArray[np.float32]:
    """Normal noise float32 (count, latent_size): a function of its arguments alone.

    ``index`` is a training's batch; what is not to be noise that a training of this seed saw has another
    ``stream``.
    """
    random = np.random.default_rng((seed, stream, index))
    return random.standard_normal((count, latent_size), np.float32)
