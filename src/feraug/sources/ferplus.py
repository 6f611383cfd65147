"""FER+: ten people's votes for every image of FER2013 (Barsoum et al. 2016), from ``fer2013new.csv``.

The file has one row for each row of ``fer2013.csv``, in the same order.  That position is what joins the
two: the number inside ``Image name`` is not (it is off by up to 85, and some names are empty).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import FER2013_USAGES, UNLABELLED, emotion_code, suggestion
from feraug.errors import SourceError
from feraug.sources.csv_text import (
    BadRow,
    Line,
    check_commas,
    cut_off_hint,
    file_name,
    parse_usage,
    printable,
    read_lines,
    split_cells,
)
from feraug.sources.records import NO_SPLIT
from feraug.words import plural

VOTE_COLUMNS: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""What people could vote for, in the file's order; ``NF`` is *not a face*."""

DROPPED: Final = UNLABELLED
"""The code, among FER+ labels, of an image that the votes leave without one of the seven emotions."""

NO_EMOTION: Final = {"contempt": "contempt", "unknown": "unknown", "NF": "not-a-face"}
"""The columns that are none of the seven emotions, and the cause under which an image of theirs counts."""

_HEADER: Final = ("usage", "image name", *(name.lower() for name in VOTE_COLUMNS))
_EXPECTED_HEADER: Final = "'Usage,Image name," + ",".join(VOTE_COLUMNS) + "'"


@dataclass(frozen=True)
class FerPlusVotes:
    """The votes for all rows of FER2013.

    ``votes`` uint8 (N, 10), one column for each of :data:`VOTE_COLUMNS`; ``split`` uint8 (N,), codes of
    ``SPLITS``; ``name`` is the file's, for messages.
    """

    votes: NDArray[np.uint8]
    split: NDArray[np.uint8]
    name: str = "the FER+ file"

    def __len__(self) -> int:
        return len(self.split)


def read_ferplus(path: str | Path) -> FerPlusVotes:
    """Read ``fer2013new.csv``; columns by name in any order, gzip, CRLF, BOM and quotes as they come.

    Raises :class:`SourceError` with file, row and what was expected.
    """
    path = Path(path)
    name = file_name(path)
    lines = read_lines(path)
    line: Line | None = None
    votes, splits = bytearray(), bytearray()  # a byte a value: memory stays near what the arrays take
    try:
        line = next(lines, None)
        if line is None:
            raise SourceError(f"{name} is empty; expected the header {_EXPECTED_HEADER}")
        order = _parse_header(line.text)
        for line in lines:
            split, row = _parse_row(line.text, order)
            splits.append(split)
            votes += row
    except BadRow as bad:
        assert line is not None
        raise SourceError(f"{name}, row {line.number}: {bad.message}{cut_off_hint(line)}") from None
    if not splits:
        raise SourceError(f"{name} has a header but no rows; the file seems cut off")
    counts = np.frombuffer(bytes(votes), np.uint8).reshape(-1, len(VOTE_COLUMNS))
    return FerPlusVotes(counts, np.frombuffer(bytes(splits), np.uint8), name=path.name)


def check_alignment(votes: FerPlusVotes, split: NDArray[np.uint8]) -> None:
    """Make sure that the votes belong to a dataset with these split codes, uint8 (N,), row by row.

    A row whose split the dataset's source does not tell (``NO_SPLIT``) agrees with anything.  Raises
    :class:`SourceError` that names the first row that differs, or the two numbers of rows.
    """
    name = printable(votes.name, 200)
    if len(votes) != len(split):
        raise SourceError(
            f"{name} has votes for {plural(len(votes), 'row')}, the dataset has {len(split):,}; "
            "FER+ needs every row of fer2013.csv in its order, none skipped"
        )
    differs = np.flatnonzero((votes.split != split) & (split != NO_SPLIT))
    if len(differs):
        row = int(differs[0])
        theirs, ours = FER2013_USAGES[votes.split[row]], FER2013_USAGES[split[row]]
        raise SourceError(
            f"{name}, row {row + 2}: Usage is {theirs}, but row {row + 2} of the dataset's CSV is {ours}; "
            "FER+ needs the rows of fer2013.csv in their order"
        )


def ferplus_labels(votes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """Labels by most of the ``votes`` uint8 (N, 10): uint8 (N,) with :data:`DROPPED`, and drops by cause.

    The column with most votes, of all ten, decides, be they half of them or not.  The image is dropped
    when that is ``contempt``, ``unknown`` or ``NF`` (counted as ``not-a-face``), when several columns
    share the maximum (``tie``), and when nobody voted at all (``no-votes``).  The counts hold every
    cause, also those at zero.
    """
    most = votes.max(axis=1, initial=0)
    winner = votes.argmax(axis=1)
    no_votes = most == 0
    tie = ((votes == most[:, np.newaxis]).sum(axis=1) > 1) & ~no_votes
    decided = ~tie & ~no_votes
    labels, dropped = _labels_of(winner, decided)
    return labels, {**dropped, "tie": int(tie.sum()), "no-votes": int(no_votes.sum())}


def ferplus_majority_labels(votes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """As :func:`ferplus_labels`, by the rule of FER+'s own reader in its mode ``majority``.

    Columns with a single vote are taken for slips and do not count; of the other votes a column needs
    more than half, else the image is dropped (``no-majority``).  Barsoum et al. (2016), section 3.1,
    and their ``ferplus.py``.
    """
    counted = np.where(votes > 1, votes, 0).astype(np.int64)
    decided = 2 * counted.max(axis=1, initial=0) > counted.sum(axis=1)
    labels, dropped = _labels_of(counted.argmax(axis=1), decided)
    return labels, {**dropped, "no-majority": int((~decided).sum())}


BY_VOTES: Final = {"ferplus": ferplus_labels, "ferplus-majority": ferplus_majority_labels}
"""What makes labels of the votes, by the name that ``--labels`` has for it."""


def _labels_of(
    winner: NDArray[np.int64], decided: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """The labels uint8 (N,) of the columns that won, where one did, and how many won that are no emotion."""
    label_of_column = np.array(
        [DROPPED if column in NO_EMOTION else emotion_code(column) for column in VOTE_COLUMNS], np.uint8
    )
    labels = np.where(decided, label_of_column[winner], DROPPED).astype(np.uint8)
    winners = np.bincount(winner[decided], minlength=len(VOTE_COLUMNS))
    return labels, {cause: int(winners[VOTE_COLUMNS.index(column)]) for column, cause in NO_EMOTION.items()}


def _parse_header(text: bytes) -> list[int]:
    """The position of each of :data:`_HEADER`; raises :class:`BadRow` when they are not all there."""
    check_commas(text, b"neutral")
    names = [printable(cell.strip(), 100).lower() for cell in split_cells(text)]
    if "pixels" in names:
        raise BadRow("header", "this is FER2013 itself; --ferplus takes the votes, fer2013new.csv")
    for name in _HEADER:
        if names.count(name) != 1:
            state = "missing" if name not in names else "there twice"
            raise BadRow("header", f"the column '{name}' is {state}; expected the header {_EXPECTED_HEADER}")
    for name in names:
        if name not in _HEADER:
            near = suggestion(name, _HEADER)
            raise BadRow("header", f"unknown column '{name}'{near}; expected the header {_EXPECTED_HEADER}")
    return [names.index(name) for name in _HEADER]


def _parse_row(text: bytes, order: list[int]) -> tuple[int, bytes]:
    """Split code and the ten votes of one row; raises :class:`BadRow`."""
    cells = split_cells(text)
    if len(cells) != len(order):
        raise BadRow("wrong number of columns", f"expected {len(order)} columns, found {len(cells)}")
    usage, _, *votes = (cells[position] for position in order)
    return parse_usage(usage), bytes(
        _parse_vote(vote, column) for vote, column in zip(votes, VOTE_COLUMNS, strict=True)
    )


@lru_cache(maxsize=4096)
def _parse_vote(cell: bytes, column: str) -> int:
    word = cell.strip()
    if word.isdigit() and len(word) <= 3 and int(word) <= 255:
        return int(word)
    raise BadRow("bad vote", f"expected 0-255 as number of votes for {column}, found '{printable(cell)}'")
