"""FER2013 as Kaggle hands it out: one CSV row an image, 48x48 pixels as decimal numbers.

``fer2013.csv`` (``emotion,pixels,Usage``), ``icml_face_data.csv`` (``emotion, Usage, pixels``) and
``train.csv`` (``emotion,pixels``) are all read; columns are found by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from feraug.emotions import EMOTIONS, emotion_words, suggestion, typed_name
from feraug.errors import SourceError
from feraug.images import SIDE
from feraug.sources.csv_text import (
    BadRow,
    Line,
    check_commas,
    cut_off_hint,
    file_name,
    open_regular,
    parse_usage,
    printable,
    read_lines,
    reason,
    split_cells,
)
from feraug.sources.pixel_text import BLOCK_ROWS, decode_cells, parse_pixels
from feraug.sources.records import NO_SPLIT, FaceRecords, Skipped
from feraug.store.digests import sha256_file
from feraug.words import plural

BATCH_ROWS: Final = 1000
"""Most rows that :meth:`Fer2013Csv.batches` yields at once (2.3 MB of pixels)."""

_COLUMNS: Final = ("emotion", "pixels", "usage")
_EXPECTED_HEADER: Final = "'emotion,pixels,Usage' (Usage may be missing)"
_CODES: Final = {str(code): emotion for code, emotion in enumerate(EMOTIONS)}
_WORDS: Final = frozenset(word.encode() for word in emotion_words())
_SAY_OTHERS: Final = "and --emotions says what others mean"
_LEFT_OUT: Final = "left out by --emotions"
_SEVEN: Final = "label 7"
"""The cause under which a label 7 counts: where there is no 0, it may mean that all are one too high."""
_SKIP_HINT: Final = "; --skip-bad-rows counts such rows instead"


@dataclass(frozen=True)
class Layout:
    """Where the columns stand: how many there are, and the position of each that is read."""

    width: int
    emotion: int
    pixels: int
    usage: int | None
    labels: Mapping[bytes, int | None] = field(default_factory=lambda: labels_of({}))
    """What stands in the column of the emotion, in lower case, and its code; None: to be left out."""
    met: set[bytes] = field(default_factory=set)
    """Which of these were read."""

    @classmethod
    def parse(cls, header: bytes, meanings: Mapping[str, str | None] | None = None) -> Layout:
        """Read the header line; raises :class:`BadRow` when it is not one of FER2013's.

        Any order and case; a column without a name (the index that pandas writes) is passed over, every
        other unknown column refused, so that a misspelt ``Usage`` cannot cost the splits unnoticed.
        """
        check_commas(header, b"pixels")
        names = [cell.strip().lower().decode("utf-8", "backslashreplace") for cell in split_cells(header)]
        if not set(names) & set(_COLUMNS):
            raise BadRow(
                "header", f"expected the header {_EXPECTED_HEADER}, found '{printable(header.strip())}'"
            )
        for name in names:
            if name not in _COLUMNS and name != "":
                near = suggestion(name, _COLUMNS)
                raise BadRow(
                    "header", f"unknown column '{printable(name)}'{near}; expected {_EXPECTED_HEADER}"
                )
            if name and names.count(name) > 1:
                raise BadRow("header", f"the column '{name}' stands there twice; expected {_EXPECTED_HEADER}")
        for name in ("emotion", "pixels"):
            if name not in names:
                raise BadRow("header", f"the column '{name}' is missing; expected {_EXPECTED_HEADER}")
        usage = names.index("usage") if "usage" in names else None
        labels = labels_of(meanings or {})
        return cls(len(names), names.index("emotion"), names.index("pixels"), usage, labels)


def labels_of(meanings: Mapping[str, str | None]) -> dict[bytes, int | None]:
    """Codes of what a CSV may call the emotions: words, FER2013's numbers, or what ``meanings`` say.

    Meanings of numbers replace FER2013's, all of them: another data set counts in another way.
    """
    own = {} if any(name.isdigit() for name in meanings) else _CODES
    known: dict[str, str | None] = {**emotion_words(), **own, **meanings}
    return {
        name.encode(): None if emotion is None else EMOTIONS.index(emotion) for name, emotion in known.items()
    }


class Cells(NamedTuple):
    """What one row says: label and split as codes, the pixels still as text."""

    label: int
    split: int
    pixels: bytes


def parse_cells(text: bytes, layout: Layout) -> Cells:
    """Read a row but for its pixels; raises :class:`BadRow` that says what is wrong with it."""
    cells = split_cells(text)
    if len(cells) != layout.width:
        raise BadRow("wrong number of columns", f"expected {layout.width} columns, found {len(cells)}")
    text = _lower(cells[layout.emotion])
    layout.met.add(text)
    label = layout.labels.get(text)
    if label is None:
        found = printable(cells[layout.emotion])
        if text in layout.labels:
            raise BadRow(_LEFT_OUT, f"'{found}' is left out by --emotions")
        raise BadRow(_SEVEN if text == b"7" else "bad label", _bad_label(found, layout))
    split = NO_SPLIT if layout.usage is None else parse_usage(cells[layout.usage])
    return Cells(label, split, cells[layout.pixels])


def _lower(cell: bytes) -> bytes:
    """A cell as names that are typed are known."""
    if cell.isascii():
        return cell.strip().lower()
    return typed_name(cell.decode("utf-8", "backslashreplace")).encode()


def _bad_label(found: str, layout: Layout) -> str:
    own = sorted(
        (name.decode() for name in layout.labels.keys() - _WORDS), key=lambda name: (len(name), name)
    )
    if own != list(_CODES):
        known = f"expected as emotion a word for it or one of --emotions ({', '.join(own)})"
        numbers = (
            "; once a number is explained, FER2013's own hold no more: list all" * found.strip().isdigit()
        )
        return f"{known}, found '{found}', {_SAY_OTHERS}{numbers}"
    told = f"expected a label 0-{len(EMOTIONS) - 1} as emotion, found '{found}'"
    if found.strip().isalpha():
        return f"{told}, {_SAY_OTHERS} (none leaves them out)"
    if not found.strip().isdigit():
        return told
    codes = ", ".join(f"{code} {emotion}" for code, emotion in enumerate(EMOTIONS))
    return f"{told}; FER2013's are {codes}, {_SAY_OTHERS}"


def parse_row(text: bytes, layout: Layout) -> FaceRecords:
    """One row, read exactly; raises :class:`BadRow` that says what is wrong with it."""
    cells = parse_cells(text, layout)
    return _records(parse_pixels(cells.pixels)[np.newaxis], [cells])


def parse_block(lines: Sequence[Line], layout: Layout) -> FaceRecords | None:
    """Several rows at once, or None when any is bad or merely unusual: then :func:`parse_row` decides.

    What it accepts :func:`parse_row` accepts too, with the same result.
    """
    try:
        rows = [parse_cells(line.text, layout) for line in lines]
    except BadRow:
        return None
    images = decode_cells([cells.pixels for cells in rows])
    return None if images is None else _records(images, rows)


def _records(images: NDArray[np.uint8], rows: Sequence[Cells]) -> FaceRecords:
    labels = np.array([cells.label for cells in rows], np.uint8)
    return FaceRecords(images, labels, np.array([cells.split for cells in rows], np.uint8))


class Fer2013Csv:
    """A FER2013 CSV file, plain or gzip, as a :class:`~feraug.sources.records.Source`.

    With ``skip_bad_rows`` bad rows are counted in :attr:`skipped` by cause; without it the first one
    raises :class:`SourceError` with file, row and what was expected.  What concerns the file as a whole
    (a wrong header, broken gzip, no usable row) raises either way.
    """

    kind: Final = "csv"

    def __init__(
        self,
        path: str | Path,
        *,
        skip_bad_rows: bool = False,
        meanings: Mapping[str, str | None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.skip_bad_rows = skip_bad_rows
        self.meanings = dict(meanings or {})
        self._skipped = Skipped()
        self._met: set[bytes] = set()

    @property
    def unmet(self) -> list[str]:
        """What ``meanings`` explain and no row has; complete once :meth:`batches` is exhausted."""
        return [name for name in self.meanings if name.encode() not in self._met]

    @property
    def skipped(self) -> Skipped:
        """The bad rows passed over; complete once :meth:`batches` is exhausted."""
        return self._skipped

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of the file as it lies on disk (still compressed), by its name.

        Raises :class:`SourceError` when it cannot be read.
        """
        open_regular(self.path).close()  # raises for what is no plain file
        try:
            return {self.path.name: sha256_file(self.path)}
        except OSError as error:
            raise SourceError(f"{file_name(self.path)} cannot be read: {reason(error)}") from None

    def batches(self) -> Iterator[FaceRecords]:
        """Yield all rows in file order, at most :data:`BATCH_ROWS` at a time.

        Raises :class:`SourceError` as described at the class; memory does not grow with the file.
        """
        self._skipped = Skipped()
        lines = read_lines(self.path)
        layout = self._read_header(lines)
        self._met = layout.met
        found = zeros = 0
        while blocks := list(islice(self._blocks(lines, layout), BATCH_ROWS // BLOCK_ROWS)):
            batch = _concatenate(blocks)
            found += len(batch)
            zeros += int(np.count_nonzero(batch.labels == 0))
            if len(batch):
                yield batch
        if not found:
            raise SourceError(self._nothing_left())
        if (sevens := self._skipped.causes.get(_SEVEN)) and not zeros:
            as_fer2013 = ",".join(f"{code + 1}={emotion}" for code, emotion in enumerate(EMOTIONS))
            told = plural(sevens, "row has", "rows have")
            raise SourceError(
                f"{file_name(self.path)}: {told} the label 7 and none has 0, so its numbers are not "
                f'FER2013\'s; say what they mean, as in --emotions "{as_fer2013}"'
            )

    def _blocks(self, lines: Iterator[Line], layout: Layout) -> Iterator[FaceRecords]:
        while block := list(islice(lines, BLOCK_ROWS)):
            records = parse_block(block, layout)
            yield self._row_by_row(block, layout) if records is None else records

    def _row_by_row(self, block: Sequence[Line], layout: Layout) -> FaceRecords:
        """The good rows of a block in which at least one row is bad or unusual."""
        good = []
        for line in block:
            try:
                good.append(parse_row(line.text, layout))
            except BadRow as bad:
                self._report(line, bad)
        return _concatenate(good)

    def _report(self, line: Line, bad: BadRow) -> None:
        """Count a bad row, or raise it as a :class:`SourceError`."""
        cut_off = "" if bad.cause == _LEFT_OUT else cut_off_hint(line)
        if self.skip_bad_rows or bad.cause == _LEFT_OUT:
            cause = "truncated last row" if cut_off else bad.cause
            self._skipped.add(cause, f"row {line.number}: {bad.message}")
            return
        hint = "" if _SAY_OTHERS in bad.message else _SKIP_HINT  # to skip a number may skip an emotion
        raise SourceError(f"{self._where(line)}: {bad.message}{cut_off}{hint}") from None

    def _read_header(self, lines: Iterator[Line]) -> Layout:
        header = next(lines, None)
        if header is None:
            raise SourceError(f"{file_name(self.path)} is empty; expected the header {_EXPECTED_HEADER}")
        try:
            return Layout.parse(header.text, self.meanings)
        except BadRow as bad:
            raise SourceError(f"{self._where(header)}: {bad.message}") from None

    def _where(self, line: Line) -> str:
        return f"{file_name(self.path)}, row {line.number}"

    def _nothing_left(self) -> str:
        name = file_name(self.path)
        if not self._skipped.total:
            return f"{name} has a header but no rows; the file seems cut off"
        first = self._skipped.examples[0]
        return f"{name}: none of its {plural(self._skipped.total, 'row')} can be used; first, {first}"


def _concatenate(parts: Sequence[FaceRecords]) -> FaceRecords:
    """One :class:`FaceRecords` of several; of none, an empty one."""
    if not parts:
        none = np.empty(0, np.uint8)
        return FaceRecords(np.empty((0, SIDE, SIDE), np.uint8), none, none)
    return FaceRecords(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.split for part in parts]),
    )
