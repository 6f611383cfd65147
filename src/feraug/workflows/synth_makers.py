"""What ``feraug synth`` makes images with: a translator over real faces, or a generator over noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from feraug.config import NoiseSynthConfig, SynthConfig
from feraug.data import mixed_places, on_device, to_float, to_uint8, vary
from feraug.emotions import DomainPair, emotion_code
from feraug.workflows.generators import FaceGenerator
from feraug.workflows.translators import Translator


@dataclass(frozen=True)
class Made:
    """Images uint8 (n, 48, 48), labels uint8 (n,), and where each came from, (n,) each."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    rounds: NDArray[np.uint16]
    sources: NDArray[np.uint8]
    """Which of the set's source artifacts each came from."""


class Maker(Protocol):
    """Makes the images of a set by their places in it."""

    def make(self, places: NDArray[np.int64]) -> Made:
        """The images at ``places`` (n,): each a function of its place, the config and the model."""
        ...


class Translations:
    """Faces translated, each used once before any is used again; see :func:`feraug.data.vary`.

    ``turn`` (i, k): it is the i-th (from 0) of k that take turns in using the same faces.
    """

    def __init__(
        self,
        translator: Translator,
        faces: NDArray[np.uint8],
        rows: NDArray[np.int64],
        pair: DomainPair,
        config: SynthConfig,
        turn: tuple[int, int] = (0, 1),
    ) -> None:
        self._translator, self._faces, self._rows, self._seed = translator, faces, rows, config.seed
        self._pair, self.strength, self._turn = pair, config.strength, turn
        self._orders: dict[int, NDArray[np.int64]] = {}

    def make(self, places: NDArray[np.int64]) -> Made:
        """Translations of the sources that ``places`` come to."""
        chosen, rounds = self.sources(places)
        rows = self._rows[chosen]
        faces = to_float(on_device(self._faces[chosen], self._translator.device))
        views = vary(faces, rounds, rows, self._seed)
        images = to_uint8(self._translator.forward(views, self._pair, self.strength)).cpu().numpy()
        labels = np.full(len(places), emotion_code(self._pair.b), np.uint8)
        return Made(images, labels, rows, rounds.astype(np.uint16), np.zeros(len(places), np.uint8))

    def by_strength(self, strengths: Sequence[float], count: int) -> NDArray[np.uint8]:
        """The first ``count`` faces, a row for each strength: uint8 (strengths * count, 48, 48)."""
        chosen, _ = self.sources(np.arange(count))
        faces = to_float(on_device(self._faces[chosen], self._translator.device))
        rows = [self._translator.forward(faces, self._pair, strength) for strength in strengths]
        return np.concatenate([to_uint8(row).cpu().numpy() for row in rows])

    def sources(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of the sources each place uses, and the round, (n,) each: every source once a round."""
        count = len(self._rows)
        offset, stride = self._turn
        places = places * stride + offset
        rounds = places // count
        chosen = np.empty(len(places), np.int64)
        # A batch may span many rounds: there can be fewer sources than a batch has places.
        for number in np.unique(rounds):
            here = rounds == number
            chosen[here] = self._order(int(number))[places[here] % count]
        return chosen, rounds

    def _order(self, number: int) -> NDArray[np.int64]:
        """The order in which round ``number`` goes through the sources."""
        if number not in self._orders:
            self._orders = {key: order for key, order in self._orders.items() if key >= number - 1}
            # Without a stream: sets that are there hang on it.
            self._orders[number] = np.random.default_rng((self._seed, number)).permutation(len(self._rows))
        return self._orders[number]


class MixedTranslations:
    """Translations of two sources, ``share`` of them of the second, evenly spread."""

    def __init__(self, first: Translations, second: Translations, share: float) -> None:
        self._parts, self._share = (first, second), share

    def make(self, places: NDArray[np.int64]) -> Made:
        """Translations of the sources that ``places`` come to."""
        from_second, own = mixed_places(places, self._share)
        made = [
            part.make(own[here])
            for part, here in zip(self._parts, (~from_second, from_second), strict=True)
            if here.any()
        ]
        # Those of the first source stand before those of the second; back to the order of the places.
        order = np.argsort(np.argsort(from_second, kind="stable"), kind="stable")
        images, labels, rows, rounds = (
            np.concatenate([getattr(part, name) for part in made])[order]
            for name in ("images", "labels", "rows", "rounds")
        )
        return Made(images, labels, rows, rounds, from_second.astype(np.uint8))


class InTurn:
    """The images of several makers in turn: place p is place p // k of maker p % k."""

    def __init__(self, makers: Sequence[Maker]) -> None:
        self._makers = makers

    def make(self, places: NDArray[np.int64]) -> Made:
        """The images that ``places`` come to."""
        turns, own = places % len(self._makers), places // len(self._makers)
        order = np.argsort(turns, kind="stable")
        made = [maker.make(own[turns == turn]) for turn, maker in enumerate(self._makers) if turn in turns]
        back = np.argsort(order, kind="stable")
        columns = ([getattr(part, one.name) for part in made] for one in fields(Made))
        return Made(*(np.concatenate(column)[back] for column in columns))


class FromNoise:
    """Faces from noise, of the wanted emotions in turn."""

    def __init__(self, generator: FaceGenerator, config: NoiseSynthConfig) -> None:
        self._generator, self._seed = generator, config.seed
        emotions = config.emotions or generator.emotions
        self._classes = np.array([generator.class_of(emotion) for emotion in emotions])
        self._codes = np.array([emotion_code(emotion) for emotion in emotions], np.uint8)

    def make(self, places: NDArray[np.int64]) -> Made:
        """Faces from the noise that belongs to ``places``."""
        turns = places % len(self._classes)
        images = self._generator.faces_at(places, self._classes[turns], self._seed)
        rows, rounds = np.full(len(places), -1), np.zeros(len(places), np.uint16)
        return Made(images, self._codes[turns], rows, rounds, np.zeros(len(places), np.uint8))
