"""FER+ votes: aligned by position, checked against the splits, turned into labels by majority."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from feraug.emotions import EMOTIONS
from feraug.errors import SourceError
from feraug.sources.ferplus import (
    DROPPED,
    VOTE_COLUMNS,
    check_alignment,
    ferplus_labels,
    ferplus_majority_labels,
    read_ferplus,
)
from feraug.sources.records import NO_SPLIT

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
ROWS = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
    "Training,,6,0,1,1,0,0,0,0,2,0",
    "PublicTest,fer0000085.png,0,10,0,0,0,0,0,0,0,0",
    "PrivateTest,fer0000099.png,0,0,0,0,0,0,0,0,0,10",
]
VOTES = [[int(cell) for cell in row.split(",")[2:]] for row in ROWS]


def write(path: Path, *rows: str, header: str = HEADER, newline: str = "\n") -> Path:
    path.write_bytes((newline.join([header, *rows]) + newline).encode())
    return path


def test_votes_and_splits_in_file_order(tmp_path: Path) -> None:
    read = read_ferplus(write(tmp_path / "votes.csv", *ROWS))
    assert read.votes.dtype == read.split.dtype == np.uint8
    assert read.votes.tolist() == VOTES
    assert read.split.tolist() == [0, 0, 1, 2]
    assert tuple(HEADER.split(",")[2:]) == VOTE_COLUMNS
    assert len(read) == 4


def test_columns_in_any_order(tmp_path: Path) -> None:
    order = [3, 11, 0, 2, 4, 5, 1, 10, 9, 8, 7, 6]
    shuffled = [",".join(row.split(",")[column] for column in order) for row in (HEADER.upper(), *ROWS)]
    assert read_ferplus(write(tmp_path / "v.csv", *shuffled[1:], header=shuffled[0])).votes.tolist() == VOTES


def test_crlf_bom_quotes_blank_lines_gzip(tmp_path: Path) -> None:
    quoted = [row.replace("Training,", '"Training", ') for row in ROWS]
    path = write(tmp_path / "v.csv", *quoted, "", header="\ufeff" + HEADER, newline="\r\n")
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_ferplus(path).votes.tolist() == VOTES


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_line_ends_of_old_macs(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = write(tmp_path / "v.csv", *ROWS * 3000, header="\ufeff" + HEADER, newline="\r")
    path.write_bytes(pack(path.read_bytes()))
    assert read_ferplus(path).votes.tolist() == VOTES * 3000
    path = write(tmp_path / "v.csv", *ROWS, "Training,x,many", newline="\r")
    with pytest.raises(SourceError, match="row 6: expected 12 columns"):
        read_ferplus(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Training,x,4,0,0,1,3,2,0,0,0", "expected 12 columns, found 11"),
        ("Training,x,4,0,0,1,3,2,0,0,0,0,0", "expected 12 columns, found 13"),
        ("Trainin,x,4,0,0,1,3,2,0,0,0,0", "unknown Usage 'Trainin' (did you mean 'Training'?)"),
        ("Training,x,4,0,0,1,-3,2,0,0,0,0", "expected 0-255 as number of votes for anger, found '-3'"),
        ("Training,x,4,0,0,1,3,2,0,0,0,", "expected 0-255 as number of votes for NF, found ''"),
        ("Training,x,4,0,256,1,3,2,0,0,0,0", "number of votes for surprise, found '256'"),
        ("Training,x,4,0,0.5,1,3,2,0,0,0,0", "number of votes for surprise, found '0.5'"),
        ("Training,x,4,0,\x00,1,3,2,0,0,0,0", "number of votes for surprise, found '\\x00'"),
        ('Training,"x,4,0,0,1,3,2,0,0,0,0', "the quotes do not match"),
    ],
)
def test_a_bad_row(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path / "v.csv", ROWS[0], row, *ROWS)
    with pytest.raises(SourceError) as caught:
        read_ferplus(path)
    assert str(caught.value).startswith(f"{path}, row 3: ") and message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", " is empty"),
        (HEADER + "\n", " has a header but no rows"),
        (
            HEADER + "\n" + ROWS[0] + "\n" + ROWS[1][:-6],
            ", row 3: expected 12 columns, found 9; the last row has no",
        ),
        ("emotion,pixels,Usage\n", ", row 1: this is FER2013 itself; --ferplus takes the votes"),
        (
            HEADER.replace(",fear", "") + "\n",
            ", row 1: the column 'fear' is missing; expected the header 'Usage,Image",
        ),
        (HEADER + ",fear\n", ", row 1: the column 'fear' is there twice"),
        (HEADER + ",joy\n", ", row 1: unknown column 'joy'"),
        ("\x00\xff junk", ", row 1: the column 'usage' is missing"),
    ],
)
def test_a_bad_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "v.csv"
    path.write_text(content)
    with pytest.raises(SourceError) as caught:
        read_ferplus(path)
    assert str(caught.value).startswith(str(path) + message)


def test_damaged_gzip_and_folders(tmp_path: Path) -> None:
    (tmp_path / "v.gz").write_bytes(gzip.compress(write(tmp_path / "v.csv", *ROWS).read_bytes())[:-9])
    with pytest.raises(SourceError, match="the gzip data is cut off"):
        read_ferplus(tmp_path / "v.gz")
    with pytest.raises(SourceError, match="is a folder"):
        read_ferplus(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutations_never_escape(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray("\n".join([HEADER, *ROWS, ""]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        content = content or bytearray(b"x")
    path = tmp_path_factory.getbasetemp() / "mutated-votes.csv"
    path.write_bytes(content)
    try:
        read = read_ferplus(path)
    except SourceError as error:
        assert str(path) in str(error) and str(error).isprintable()
    else:
        assert read.votes.shape == (len(read), 10) and (read.split <= 2).all()


def test_alignment(tmp_path: Path) -> None:
    votes = read_ferplus(write(tmp_path / "votes.csv", *ROWS))
    check_alignment(votes, np.array([0, 0, 1, 2], np.uint8))
    check_alignment(votes, np.array([NO_SPLIT] * 4, np.uint8))
    with pytest.raises(
        SourceError, match=r"votes\.csv, row 3: Usage is Training, but row 3 .* is PublicTest"
    ):
        check_alignment(votes, np.array([0, 1, 1, 0], np.uint8))
    with pytest.raises(SourceError, match=r"votes for 4 rows, the dataset has 3; FER\+ needs every row"):
        check_alignment(votes, np.array([0, 0, 1], np.uint8))
    one = read_ferplus(write(tmp_path / "one.csv", *ROWS[:1]))
    with pytest.raises(SourceError, match=r"votes for 1 row, the dataset has 3"):
        check_alignment(one, np.array([0, 0, 1], np.uint8))


def ballot(**votes: int) -> list[int]:
    return [votes.get(column, 0) for column in VOTE_COLUMNS]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (ballot(neutral=4, anger=3, disgust=3), "neutral"),
        (ballot(happiness=10), "happy"),
        (ballot(surprise=5, fear=4), "surprise"),
        (ballot(sadness=1), "sad"),
        (ballot(anger=6, NF=4), "angry"),
        (ballot(disgust=3, unknown=2, contempt=2), "disgust"),
        (ballot(fear=10), "fear"),
        (ballot(contempt=6, neutral=4), "contempt"),
        (ballot(unknown=4, neutral=3), "unknown"),
        (ballot(NF=10), "not-a-face"),
        (ballot(neutral=5, happiness=5), "tie"),
        (ballot(neutral=5, contempt=5), "tie"),
        (ballot(NF=5, unknown=5), "tie"),
        (ballot(), "no-votes"),
    ],
)
def test_majority(votes: list[int], label: str) -> None:
    labels, dropped = ferplus_labels(np.array([votes], np.uint8))
    assert labels.dtype == np.uint8
    assert labels.tolist() == [EMOTIONS.index(label) if label in EMOTIONS else DROPPED]
    assert dropped == {cause: int(cause == label) for cause in dropped}
    assert list(dropped) == ["contempt", "unknown", "not-a-face", "tie", "no-votes"]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (ballot(neutral=6, sadness=4), "neutral"),
        (ballot(neutral=5, sadness=5), "no-majority"),
        (ballot(neutral=4, sadness=3, fear=3), "no-majority"),
        (ballot(neutral=4, sadness=1, fear=1, anger=1, disgust=1, happiness=1, surprise=1), "neutral"),
        (ballot(neutral=5, sadness=4, fear=1), "neutral"),  # of nine that count
        (ballot(contempt=6, neutral=4), "contempt"),
        (ballot(unknown=9), "unknown"),
        (ballot(NF=2), "not-a-face"),
        (ballot(neutral=1), "no-majority"),
        (ballot(), "no-majority"),
    ],
)
def test_ferplus_s_own_majority(votes: list[int], label: str) -> None:
    labels, dropped = ferplus_majority_labels(np.array([votes], np.uint8))
    assert labels.tolist() == [EMOTIONS.index(label) if label in EMOTIONS else DROPPED]
    assert dropped == {cause: int(cause == label) for cause in dropped}
    assert list(dropped) == ["contempt", "unknown", "not-a-face", "no-majority"]


@given(arrays(np.uint8, st.tuples(st.integers(0, 20), st.just(10)), elements=st.integers(0, 10)))
def test_labels_and_drops_add_up(votes: np.ndarray) -> None:
    labels, dropped = ferplus_labels(votes)
    assert labels.shape == (len(votes),)
    assert (labels == DROPPED).sum() == sum(dropped.values())
    for row, label in zip(votes.tolist(), labels.tolist(), strict=True):
        first, second, *_ = sorted(row, reverse=True)
        if label != DROPPED:
            assert first > second


DATA = Path(os.environ.get("FERAUG_TEST_DATA", "/nonexistent"))


@pytest.mark.skipif(
    not (DATA / "ferplus_fer2013new.csv").is_file(), reason="FERAUG_TEST_DATA has no FER+ file"
)
def test_the_real_votes() -> None:
    read = read_ferplus(DATA / "ferplus_fer2013new.csv")
    assert np.bincount(read.split).tolist() == [28709, 3589, 3589]
    assert set(read.votes.sum(axis=1).tolist()) == {9, 10}
    labels, dropped = ferplus_labels(read.votes)
    assert np.bincount(labels)[:7].tolist() == [3025, 228, 813, 9199, 4222, 4240, 11773]
    assert dropped == {"contempt": 212, "unknown": 222, "not-a-face": 177, "tie": 1776, "no-votes": 0}
    strict, dropped = ferplus_majority_labels(read.votes)
    assert (strict != DROPPED).sum() == 31_264 == len(strict) - sum(dropped.values())
    assert (labels[strict != DROPPED] == strict[strict != DROPPED]).all(), "fewer of the same"
