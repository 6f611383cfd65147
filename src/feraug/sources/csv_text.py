"""CSV files as bounded lines of bytes and cells: compression, line ends, quotes, and what goes wrong there.

The readers of :mod:`feraug.sources.fer2013` and :mod:`feraug.sources.ferplus` share this ground.  It
never holds more than one line, and no line longer than :data:`MAX_LINE`.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from feraug.emotions import FER2013_USAGES, SPLITS, parse_split, suggestion
from feraug.errors import SourceError, UsageError, one_line

MAX_LINE: Final = 64 * 1024
"""Longest line that is looked at, in bytes; a row of FER2013 has 9,234 at most."""

_BUFFER: Final = 256 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"

_AFTER_QUOTE: Final = re.compile(r'"[ \t]+(?=,|$)')  # blanks that the csv module's strict mode refuses

_FOREIGN_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive (unpack it first), or a table of Excel (save it as CSV, UTF-8)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, not a CSV"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
    (b"%PDF", "a PDF, not a CSV"),
    (b"\x89PNG", "a picture; give the folder that holds the pictures"),
    (b"\xff\xd8\xff", "a picture; give the folder that holds the pictures"),
)


class BadRow(Exception):
    """A row that breaks the format; the reader reports it with file and row, or counts it by ``cause``."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message


class Line(NamedTuple):
    """One line as it stands in the file, line end included; ``number`` counts from 1."""

    number: int
    text: bytes


def printable(text: str | bytes, limit: int = 40) -> str:
    """``text`` cut to ``limit`` characters with control characters escaped, so a message stays one line."""
    if isinstance(text, bytes):
        text = text[: 4 * limit + 4].decode("utf-8", "backslashreplace").strip()
    shown = one_line(text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "..."


def file_name(path: Path) -> str:
    """The path as messages show it: as given, on one line."""
    return printable(str(path), 400)


def open_regular(path: Path) -> io.FileIO:
    """Open a plain file; folders, pipes, devices, missing and forbidden files raise :class:`SourceError`."""
    name = file_name(path)
    try:
        mode = path.stat().st_mode  # before open(): opening a pipe would wait for its writer
        if stat.S_ISDIR(mode):
            raise SourceError(f"{name} is a folder; expected a CSV file")
        if not stat.S_ISREG(mode):
            raise SourceError(f"{name} is not a regular file; expected a CSV file")
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise SourceError(f"{name} does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise SourceError(f"{name} cannot be read: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Why something failed, in the system's words, on one line."""
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200)


def _refuse_foreign(name: str, head: bytes) -> None:
    """Say what a file is that is plainly no CSV; ``head`` are its first bytes (after gunzip)."""
    for magic, what in _FOREIGN_MAGIC:
        if head.startswith(magic):
            raise SourceError(f"{name} is {what}")
    if head[257:262] == b"ustar":
        raise SourceError(f"{name} is a tar archive; unpack it first: tar xf {name}")


class _OldMacText(io.RawIOBase):
    """A stream whose line ends, carriage returns alone as on Macs before 2001, are read as line feeds."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer``; returns how many bytes there were."""
        data: bytes = self._stream.read1(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a CSV file but blank ones, gzip unpacked (known by its first bytes), UTF-8 BOM removed.

    Lines may end as Unix, Windows or old Macs end them; the last become line feeds.

    A line longer than :data:`MAX_LINE` is yielded cut, one byte longer than the limit, and the rest of
    it passed over: :func:`split_cells` refuses it.  Raises :class:`SourceError` for files that cannot be
    read, are empty, are plainly something else, or are damaged gzip.
    """
    name = file_name(path)
    with io.BufferedReader(open_regular(path), _BUFFER) as raw:
        number = 0
        zipped = False
        try:
            zipped = raw.peek(2)[:2] == _GZIP_MAGIC
            stream: Any = io.BufferedReader(gzip.GzipFile(fileobj=raw), _BUFFER) if zipped else raw
            head = stream.peek(512)[:512]
            if not head:
                raise SourceError(f"{name} is empty; copy or download the file again")
            _refuse_foreign(name, head)
            if head.startswith(_BOM):
                stream.read(len(_BOM))
            if b"\n" not in head and b"\r" in head[:-1]:  # a last one could be half of a Windows line end
                stream = io.BufferedReader(_OldMacText(stream), _BUFFER)
            while text := stream.readline(MAX_LINE + 1):
                number += 1
                if not text.isspace():
                    yield Line(number, text)
                while len(text) > MAX_LINE and not text.endswith(b"\n"):
                    text = stream.readline(MAX_LINE + 1)
        except (EOFError, zlib.error, OSError) as error:
            if not zipped:
                raise SourceError(f"{name} cannot be read after row {number}: {reason(error)}") from None
            cut = "cut off" if isinstance(error, EOFError) else "damaged"
            raise SourceError(
                f"{name}, after row {number}: the gzip data is {cut}; copy or download the file again"
            ) from None


def split_cells(text: bytes) -> list[bytes]:
    """The cells of one line, quotes removed; raises :class:`BadRow` for overlong lines and broken quotes.

    Cells cannot hold line ends.  The csv module is asked only where there are quotes: splitting at the
    commas is the same without them and many times as fast.
    """
    if len(text) > MAX_LINE:
        raise BadRow("row too long", f"the line is longer than {MAX_LINE:,} bytes")
    if b'"' not in text:
        cells = text.split(b",")
        cells[-1] = cells[-1].rstrip(b"\r\n")
        return cells
    try:
        # latin-1 maps every byte to one character and back, so cells come out byte for byte
        line = _AFTER_QUOTE.sub('"', text.rstrip(b"\r\n").decode("latin-1"))
        rows = list(csv.reader([line], strict=True, skipinitialspace=True))
    except csv.Error:
        rows = []
    if len(rows) != 1:
        raise BadRow("broken quotes", "the quotes do not match")
    return [cell.encode("latin-1") for cell in rows[0]]


def check_commas(header: bytes, column: bytes) -> None:
    """Raise :class:`BadRow` where something else than commas sets a ``column`` of a header apart."""
    for mark, words in ((b";", "semicolons"), (b"\t", "tabs")):
        cells = [cell.strip(b'" \r\n').lower() for cell in header.split(mark)]
        if len(cells) > 1 and column in cells:
            raise BadRow("header", f"the columns are separated by {words}; save the file with commas")


def cut_off_hint(line: Line) -> str:
    """What to add to the complaint about a bad row when it is the file's last and has no line end."""
    if line.text.endswith(b"\n") or len(line.text) > MAX_LINE:
        return ""
    return "; the last row has no line end: the file seems cut off"


@lru_cache(maxsize=64)  # once a spelling, not once a row
def parse_usage(cell: bytes) -> int:
    """The split code that a Usage cell names; raises :class:`BadRow` with the nearest name when none."""
    text = printable(cell)
    try:
        return SPLITS.index(parse_split(text))
    except UsageError:
        near = suggestion(text, FER2013_USAGES)
        expected = ", ".join(FER2013_USAGES)
        raise BadRow("unknown Usage", f"unknown Usage '{text}'{near}; expected one of {expected}") from None
