"""Names that people type, and the pairs made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from feraug.emotions import (
    EMOTIONS,
    FER2013_USAGES,
    SPLITS,
    UNLABELLED,
    DomainPair,
    emotion_code,
    emotion_words,
    meanings_text,
    parse_emotion,
    parse_meanings,
    parse_split,
    suggestion,
)
from feraug.errors import UsageError


def test_the_codes_are_fer2013s() -> None:
    assert EMOTIONS == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert [emotion_code(emotion) for emotion in EMOTIONS] == list(range(7))
    assert SPLITS == ("train", "validation", "test")
    assert [parse_split(usage) for usage in FER2013_USAGES] == list(SPLITS)
    assert UNLABELLED not in range(len(EMOTIONS))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_any_case_spaces_and_codes(emotion: str) -> None:
    for text in (emotion, emotion.upper(), f" {emotion.title()}\n", str(EMOTIONS.index(emotion))):
        assert parse_emotion(text) == emotion


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("happiness", "happy"),
        ("Sadness", "sad"),
        ("anger", "angry"),
        ("fearful", "fear"),
        ("SURPRISED", "surprise"),
        ("disgusted", "disgust"),
        ("joy", "happy"),
        ("calm", "neutral"),
        ("angriness", "angry"),
        ("mad", "angry"),
        ("afraid", "fear"),
        ("scared", "fear"),
        ("smile", "happy"),
        ("neutrality", "neutral"),
    ],
)
def test_usual_spellings(text: str, emotion: str) -> None:
    assert parse_emotion(text) == emotion


def test_codes_as_numbers() -> None:
    for kind in (int, np.uint8, np.int64, np.array):
        assert [parse_emotion(kind(code)) for code in range(7)] == list(EMOTIONS)
        assert [parse_split(kind(code)) for code in range(3)] == list(SPLITS)
    assert emotion_code(3) == 3
    for code in (-1, 7, 255, 10**30):
        with pytest.raises(UsageError, match=f"unknown emotion '{code}'"):
            parse_emotion(code)
    with pytest.raises(UsageError, match="unknown split '3'; known: train, validation, test"):
        parse_split(3)


@pytest.mark.parametrize("value", [None, True, 3.0, b"happy", ["happy"], np.arange(2), np.True_, object()])
def test_what_is_neither_text_nor_code(value: Any) -> None:
    with pytest.raises(UsageError, match=r"an emotion is a name or a code \(0-6\), not a .*; known: angry"):
        parse_emotion(value)
    with pytest.raises(UsageError, match=r"a split is a name or a code \(0-2\), not a .*; known: train"):
        parse_split(value)


@pytest.mark.parametrize("text", ["", " ", "7", "-1", "1.0", "٣", "²", "contempt", "happy sad", "255"])
def test_what_is_no_emotion(text: str) -> None:
    with pytest.raises(UsageError, match="unknown emotion") as caught:
        parse_emotion(text)
    assert str(caught.value).endswith("known: angry, disgust, fear, happy, sad, surprise, neutral")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("hapy", "happy"), ("netural", "neutral"), ("suprise", "surprise"), ("hapiness", "happiness")],
)
def test_the_nearest_emotion_is_suggested(text: str, nearest: str) -> None:
    with pytest.raises(UsageError, match=rf"\(did you mean '{nearest}'\?\)"):
        parse_emotion(text)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "validation"),
        ("TEST", "test"),
        ("valid", "validation"),
    ],
)
def test_splits(text: str, split: str) -> None:
    assert parse_split(text) == split


def test_what_is_no_split() -> None:
    with pytest.raises(UsageError, match=r"unknown split 'trian' \(did you mean 'train'\?\); known: train"):
        parse_split("trian")


def test_pairs() -> None:
    pair = DomainPair.parse(" Neutral : happiness ")
    assert pair == DomainPair("neutral", "happy")
    assert str(pair) == "neutral:happy"
    assert pair.slug == "neutral-happy"
    assert pair.reversed == DomainPair("happy", "neutral")
    assert pair.reversed.reversed == pair
    assert DomainPair.parse("6:3") == pair


@pytest.mark.parametrize("text", ["", ":", "happy", "happy:", ":sad", "a:b:c", "happy-sad", "happy: "])
def test_what_is_no_pair(text: str) -> None:
    with pytest.raises(UsageError, match="two emotions with a colon between, as in neutral:happy"):
        DomainPair.parse(text)


@pytest.mark.parametrize("text", ["happy:happy", "happy:Happiness", "3:happy"])
def test_a_pair_of_one_emotion(text: str) -> None:
    with pytest.raises(UsageError, match="names happy twice"):
        DomainPair.parse(text)


def test_nothing_near_is_suggested() -> None:
    assert suggestion("xyzzy", EMOTIONS) == ""
    assert suggestion("sadd", EMOTIONS) == " (did you mean 'sad'?)"


def test_meanings_of_a_source_s_own_names() -> None:
    found = parse_meanings(" 7 = Neutral, AN=anger,contempt=none,a=b=happy,")
    assert found == {"7": "neutral", "a=b": "happy", "an": "angry", "contempt": None}
    assert meanings_text(found) == "7=neutral,a=b=happy,an=angry,contempt=none"
    assert parse_meanings(meanings_text(found)) == found
    assert parse_meanings("") == parse_meanings(" , ") == {} and meanings_text({}) == ""
    assert set(emotion_words().values()) == set(EMOTIONS) and not any(map(str.isdigit, emotion_words()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7", "'7' is not NAME=EMOTION; an example: 1=surprise,7=neutral,8=none"),
        ("7=", "'7=' is not NAME=EMOTION"),
        ("=sad", "'=sad' is not NAME=EMOTION"),
        ("7=sad,7=happy", "'7' stands there twice"),
        ("7=3", "say what '7' is by name, not '3'"),
        ("7=hapy", "--emotions: unknown emotion 'hapy' (did you mean 'happy'?)"),
        ("7=contempt", "; none leaves '7' out"),
    ],
)
def test_what_is_no_list_of_meanings(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_meanings(text)
    assert told in str(caught.value)
