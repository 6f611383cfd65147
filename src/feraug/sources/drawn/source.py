"""Drawn faces as arrays, and as a source for ``prepare``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feraug.emotions import EMOTIONS, parse_emotion
from feraug.errors import UsageError
from feraug.images import SIDE
from feraug.sources.drawn.expression import ActionUnits, shown
from feraug.sources.drawn.identity import Identity, make_identity
from feraug.sources.drawn.render import render
from feraug.sources.drawn.schedule import row_labels, row_splits
from feraug.sources.records import FaceRecords, Skipped
from feraug.words import plural

DEFAULT_COUNT: Final = 7000
"""How many faces ``drawn`` without a number means."""

MAXIMUM_COUNT: Final = 1_000_000
"""The largest set: 2.3 GB, which ``info`` and training hold in memory."""

_BATCH: Final = 512
# Independent random streams of a row: who it is, how it shows each emotion, textures and noise.
_IDENTITY, _EXPRESSION, _TEXTURE = 1, 2, 3

Rows = Sequence[int] | NDArray[np.integer[Any]]


def _stream(seed: int, row: int, *purpose: int) -> np.random.Generator:
    return np.random.default_rng((seed, row, *purpose))


def checked_rows(seed: int, rows: Rows) -> NDArray[np.int64]:
    """Row numbers as int64 (n,); :class:`UsageError` for what are none, and for a negative seed."""
    wanted = np.asarray(rows)
    whole = wanted.size == 0 or wanted.dtype.kind in "iu"
    if not whole or wanted.ndim != 1 or (wanted < 0).any() or seed < 0:
        raise UsageError("seed and rows of drawn faces are whole numbers, none of them negative")
    return wanted.astype(np.int64)


def identity_of(seed: int, row: int) -> Identity:
    """Who row ``row`` of the drawn faces of ``seed`` is: group attributes, shape, light, pose, camera."""
    return make_identity(_stream(seed, row, _IDENTITY))


def action_units_of(seed: int, row: int, emotion: str, strength: float | None = None) -> ActionUnits:
    """The action units of a row's face with an emotion; strength as in :func:`draw`."""
    return _units(seed, row, identity_of(seed, row), parse_emotion(emotion), strength)


def _units(
    seed: int, row: int, identity: Identity, emotion: str, strength: float | None, take: int = 0
) -> ActionUnits:
    purpose = (_EXPRESSION, EMOTIONS.index(emotion), *([take] if take else []))
    full = shown(emotion, _stream(seed, row, *purpose))
    return identity.resting.plus(full, identity.expressiveness if strength is None else strength)


def row_emotions(seed: int, rows: Rows) -> NDArray[np.uint8]:
    """The emotions that rows have in the data set, as codes of ``EMOTIONS``, uint8 (n,)."""
    return row_labels(seed, checked_rows(seed, rows))


def row_split_codes(seed: int, rows: Rows) -> NDArray[np.uint8]:
    """The splits that rows have in the data set, as codes of ``SPLITS``, uint8 (n,)."""
    return row_splits(seed, checked_rows(seed, rows))


def draw(
    seed: int,
    rows: Rows,
    emotions: Sequence[str] | str | None = None,
    *,
    strength: ArrayLike | None = None,
    take: int = 0,
) -> NDArray[np.uint8]:
    """Draw the faces of some rows, uint8 (n, 48, 48).

    ``rows`` (n,) are row numbers, any from 0 up; row i of a seed is the same picture alone or among
    others.  ``emotions`` is one name for all, one name each, or ``None`` for what each row shows in
    the data set.  Another emotion on the same row is the same person in the same light and pose,
    with the same noise: the true answer to "this face, but happy".  ``strength`` (a number or (n,))
    goes from 0, the face at rest (as ``"neutral"`` at any strength), to 1, the full expression;
    ``None`` takes each row's own, :attr:`Identity.expressiveness`.  ``take`` is which time the person shows
    the emotion: each is as true as another, with lips pressed or teeth bared, and 0 is that of the data set.

    Raises :class:`UsageError` for an unknown emotion, negative rows or takes, or lengths that do not match.
    """
    if take < 0:
        raise UsageError("takes of drawn faces are whole numbers from 0 up")
    wanted = checked_rows(seed, rows)
    names = _names(seed, wanted, emotions)
    strengths = _strengths(wanted, strength)
    faces = np.empty((len(wanted), SIDE, SIDE), np.uint8)
    for place, (row, name, much) in enumerate(zip(wanted.tolist(), names, strengths, strict=True)):
        faces[place] = _face(seed, row, name, much, take)
    return faces


def _face(seed: int, row: int, emotion: str, strength: float | None, take: int) -> NDArray[np.uint8]:
    identity = identity_of(seed, row)
    units = _units(seed, row, identity, emotion, strength, take)
    return render(identity, units, _stream(seed, row, _TEXTURE))


def _names(seed: int, rows: NDArray[np.int64], emotions: Sequence[str] | str | None) -> list[str]:
    if emotions is None:
        return [EMOTIONS[code] for code in row_labels(seed, rows)]
    if isinstance(emotions, str):
        return [parse_emotion(emotions)] * len(rows)
    if len(emotions) != len(rows):
        raise UsageError(
            f"{plural(len(emotions), 'emotion')} for {plural(len(rows), 'row')} of drawn faces; "
            "give one each, or one name"
        )
    return [parse_emotion(emotion) for emotion in emotions]


def _strengths(rows: NDArray[np.int64], strength: ArrayLike | None) -> list[float] | list[None]:
    if strength is None:
        return [None] * len(rows)
    given = np.asarray(strength, np.float64)
    if given.shape not in ((), rows.shape) or not ((given >= 0.0) & (given <= 1.0)).all():
        raise UsageError("the strength of drawn faces is one number between 0 and 1, or one for each row")
    return [float(much) for much in np.broadcast_to(given, rows.shape)]


class DrawnSource:
    """``count`` drawn faces of a seed, as a source for ``prepare`` (``drawn`` or ``drawn:N``)."""

    def __init__(self, count: int = DEFAULT_COUNT, seed: int = 0) -> None:
        if count < 1:
            raise UsageError(f"drawn:{count} has no face; use drawn:1 or more")
        if count > MAXIMUM_COUNT:
            size = f"{MAXIMUM_COUNT * SIDE**2 / 1e9:.1f} GB"
            raise UsageError(
                f"drawn:{count} is too many; {MAXIMUM_COUNT:,} faces ({size}) is the limit, "
                f"so use drawn:{MAXIMUM_COUNT} or fewer"
            )
        if seed < 0:
            raise UsageError(f"the seed of drawn faces must not be negative; got {seed}")
        self.count, self.seed = count, seed
        self._skipped = Skipped()

    @property
    def kind(self) -> str:
        """``drawn``."""
        return "drawn"

    @property
    def skipped(self) -> Skipped:
        """Nothing, always."""
        return self._skipped

    def digests(self) -> Mapping[str, str]:
        """No files are read."""
        return {}

    def batches(self) -> Iterator[FaceRecords]:
        """All faces in the order of their rows, at most 512 at a time."""
        for start in range(0, self.count, _BATCH):
            rows = np.arange(start, min(start + _BATCH, self.count))
            yield FaceRecords(
                draw(self.seed, rows), row_emotions(self.seed, rows), row_split_codes(self.seed, rows)
            )
