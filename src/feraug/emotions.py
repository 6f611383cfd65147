"""Emotions, splits and domain pairs: FER2013's codes and the names that people type."""

from __future__ import annotations

import difflib
import operator
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, SupportsIndex

from feraug.errors import UsageError

EMOTIONS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven emotions, in FER2013's order: the position is the code in ``emotion`` and ``/labels``."""

UNLABELLED: Final = 255
"""The label of an image whose emotion is not known, as in synthetic sets of earlier versions."""

SPLITS: Final = ("train", "validation", "test")
"""The three splits; the position is the code in ``/split``."""

FER2013_USAGES: Final = ("Training", "PublicTest", "PrivateTest")
"""FER2013's own names of the three splits, in the order of :data:`SPLITS`."""

_EMOTION_SPELLINGS: Final = {
    "anger": "angry",
    "angriness": "angry",
    "mad": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "smile": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "neutrality": "neutral",
    "calm": "neutral",
}
_SPLIT_SPELLINGS: Final = {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "publictest": "validation",
    "privatetest": "test",
    "testing": "test",
}


def parse_emotion(text: str | SupportsIndex) -> str:
    """The emotion that ``text`` names: any case, the usual spellings, or a code 0-6, as text or number.

    Raises :class:`UsageError` with the nearest name when it names none.
    """
    text = _word(text, "an emotion", EMOTIONS)
    word = text.strip().lower()
    word = _EMOTION_SPELLINGS.get(word, word)
    if word in EMOTIONS:
        return word
    if word.isascii() and word.isdigit() and len(word) < 10 and int(word) < len(EMOTIONS):
        return EMOTIONS[int(word)]
    known = (*EMOTIONS, *_EMOTION_SPELLINGS)
    raise UsageError(f"unknown emotion '{text}'{suggestion(word, known)}; known: {', '.join(EMOTIONS)}")


def parse_split(text: str | SupportsIndex) -> str:
    """The split that ``text`` names (as ``Training``, ``PublicTest``, ``val``, too), or a number 0-2.

    Raises :class:`UsageError` with the nearest name when it names none.
    """
    text = _word(text, "a split", SPLITS)
    word = text.strip().lower()
    word = _SPLIT_SPELLINGS.get(word, word)
    if word in SPLITS:
        return word
    known = (*SPLITS, *_SPLIT_SPELLINGS)
    raise UsageError(f"unknown split '{text}'{suggestion(word, known)}; known: {', '.join(SPLITS)}")


def _word(value: str | SupportsIndex, what: str, names: Sequence[str]) -> str:
    """What to look up: a text as it is, a whole number (numpy's too) as the name with this code."""
    if isinstance(value, str):
        return value
    # numpy below 2 still takes its own True for the index 1.
    is_truth = isinstance(value, bool) or str(getattr(value, "dtype", "")) == "bool"
    try:
        code = None if is_truth else operator.index(value)
    except TypeError:
        code = None
    if code is None:
        raise UsageError(
            f"{what} is a name or a code (0-{len(names) - 1}), not a {type(value).__name__}; "
            f"known: {', '.join(names)}"
        )
    return names[code] if 0 <= code < len(names) else str(code)


def emotion_code(emotion: str) -> int:
    """FER2013's code (0-6) of an emotion in any spelling that :func:`parse_emotion` takes."""
    return EMOTIONS.index(parse_emotion(emotion))


LEFT_OUT: Final = "none"
"""What stands for no emotion at all where it is said what a source's names mean."""


def emotion_words() -> dict[str, str]:
    """Every word for an emotion that people type, in lower case, and the emotion; no numbers."""
    return {**_EMOTION_SPELLINGS, **{emotion: emotion for emotion in EMOTIONS}}


def typed_name(name: str) -> str:
    """A name of a source's, by which names that are typed are known: in lower case, letters composed.

    macOS hands out file names with letters and accents apart.
    """
    return unicodedata.normalize("NFC", name).strip().lower()


def parse_meanings(text: str) -> dict[str, str | None]:
    """What a source's own names of emotions mean: ``"1=surprise,7=neutral,contempt=none"``.

    Names in lower case, each with an emotion, or None where it is to be left out; in the order of the names.
    Raises :class:`UsageError` for what is no such list, and for a name that stands there twice.
    """
    found: dict[str, str | None] = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, meaning = (piece.strip() for piece in part.rpartition("="))
        if not (name and equals and meaning):
            raise UsageError(
                f"--emotions: '{part.strip()}' is not NAME=EMOTION; an example: 1=surprise,7=neutral,8=none"
            )
        if typed_name(name) in found:
            raise UsageError(f"--emotions: '{name}' stands there twice")
        if meaning.isdigit():
            raise UsageError(f"--emotions: say what '{name}' is by name, not '{meaning}'")
        if meaning.lower() == LEFT_OUT:
            found[typed_name(name)] = None
            continue
        try:
            found[typed_name(name)] = parse_emotion(meaning)
        except UsageError as problem:
            raise UsageError(f"--emotions: {problem}; none leaves '{name}' out") from None
    return dict(sorted(found.items()))


def meanings_text(meanings: Mapping[str, str | None]) -> str:
    """Meanings as text that :func:`parse_meanings` reads."""
    return ",".join(f"{name}={meaning or LEFT_OUT}" for name, meaning in meanings.items())


def suggestion(word: str, known: Iterable[str], ending: str = "") -> str:
    """``" (did you mean 'happy'?)"`` for the nearest known word, with ``ending``; nothing if none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1)
    return f" (did you mean '{near[0]}{ending}'?)" if near else ""


@dataclass(frozen=True)
class DomainPair:
    """The two emotions that a translator maps between; ``a`` is the source by default."""

    a: str
    b: str

    @classmethod
    def parse(cls, text: str) -> DomainPair:
        """Read ``"neutral:happy"``.

        Raises :class:`UsageError` when it is not two different emotions with a colon between.
        """
        parts = text.split(":")
        if len(parts) != 2 or not all(part.strip() for part in parts):
            raise UsageError(
                f"a pair is two emotions with a colon between, as in neutral:happy; got '{text}'"
            )
        if ALL in (part.strip().lower() for part in parts):
            raise UsageError(
                f"'{text}': here a pair is of two emotions; 'all' is for 'feraug synth' with a stargan"
            )
        pair = cls(parse_emotion(parts[0]), parse_emotion(parts[1]))
        if pair.a == pair.b:
            raise UsageError(f"a pair needs two different emotions; '{text}' names {pair.a} twice")
        return pair

    @property
    def reversed(self) -> DomainPair:
        """The same two domains, other way round."""
        return DomainPair(self.b, self.a)

    @property
    def slug(self) -> str:
        """``neutral-happy``, as in file names."""
        return f"{self.a}-{self.b}"

    def __str__(self) -> str:
        return f"{self.a}:{self.b}"


ALL: Final = "all"
"""Stands for every other emotion in a :class:`PairSet`."""


@dataclass(frozen=True)
class PairSet:
    """One pair of emotions, or one and all others: ``neutral:happy``, ``neutral:all``, ``all:disgust``.

    ``all:all`` are the 42 ordered pairs of seven emotions.
    """

    a: str
    b: str

    @classmethod
    def parse(cls, text: str) -> PairSet:
        """Read it as :meth:`DomainPair.parse` does; raises :class:`UsageError` as that one."""
        sides = [part.strip().lower() for part in text.split(":")]
        if len(sides) != 2 or ALL not in sides:
            pair = DomainPair.parse(text)
            return cls(pair.a, pair.b)
        a, b = (side if side == ALL else parse_emotion(side) for side in sides)
        return cls(a, b)

    @property
    def pairs(self) -> tuple[DomainPair, ...]:
        """The pairs, in FER2013's order of the emotions."""
        sides = [EMOTIONS if side == ALL else (side,) for side in (self.a, self.b)]
        return tuple(DomainPair(a, b) for a in sides[0] for b in sides[1] if a != b)

    @property
    def only(self) -> DomainPair | None:
        """The pair, if it is one."""
        return self.pairs[0] if len(self.pairs) == 1 else None

    @property
    def targets(self) -> tuple[str, ...]:
        """What is made, in FER2013's order."""
        made = {pair.b for pair in self.pairs}
        return tuple(emotion for emotion in EMOTIONS if emotion in made)

    @property
    def slug(self) -> str:
        """``neutral-all``, as in file names."""
        return f"{self.a}-{self.b}"

    def __str__(self) -> str:
        return f"{self.a}:{self.b}"
