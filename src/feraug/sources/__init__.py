"""Foreign data on its way in: FER2013 CSVs, FER+ votes, picture folders, drawn faces."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from feraug.emotions import suggestion
from feraug.errors import SourceError, UsageError
from feraug.sources.csv_text import file_name, printable, reason
from feraug.sources.records import Source


def open_source(
    text: str,
    *,
    meanings: Mapping[str, str | None] | None = None,
    skip_bad_rows: bool = False,
    seed: int = 0,
    without: Path | None = None,
) -> Source:
    """The source that ``text`` names: ``drawn``, ``drawn:N``, a folder of pictures, or a FER2013 CSV.

    ``drawn`` comes first: a folder of that name is ``./drawn``.  ``meanings`` of the source's own names of
    emotions as :func:`~feraug.emotions.parse_meanings` reads them.  ``skip_bad_rows`` counts bad CSV rows
    instead of raising (pictures that cannot be read are always counted); ``seed`` draws the drawn faces.
    Raises :class:`UsageError` for a bad ``drawn:N`` and :class:`SourceError` when there is nothing of that
    name; what is wrong inside a file shows when its batches are read.
    """
    if text == "drawn" or text.startswith("drawn:"):
        if meanings:
            raise UsageError("--emotions: drawn faces have feraug's own emotions; leave it out")
        return _open_drawn(text, seed)
    path = Path(text)
    try:
        if not text:
            raise FileNotFoundError
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the path
        possible = "a FER2013 CSV, a folder of pictures, drawn or drawn:N"
        near = suggestion(text, ["drawn"])
        raise SourceError(f"there is no '{printable(text, 400)}'{near}; give {possible}") from None
    except OSError as error:
        raise SourceError(f"{file_name(path)} cannot be read: {reason(error)}") from None
    if is_folder:
        from feraug.sources.folder import PictureFolder

        return PictureFolder(path, without=without, meanings=meanings)
    from feraug.sources.fer2013 import Fer2013Csv

    return Fer2013Csv(path, skip_bad_rows=skip_bad_rows, meanings=meanings)


def _open_drawn(text: str, seed: int) -> Source:
    from feraug.sources.drawn import DEFAULT_COUNT, DrawnSource

    _, colon, number = text.partition(":")
    if not colon:
        return DrawnSource(DEFAULT_COUNT, seed)
    if not (number.isascii() and number.isdigit() and number.strip("0")):
        raise UsageError(f"drawn:N needs a whole number of faces, as in drawn:5000; got '{printable(text)}'")
    # int() of a very long number is an error of its own; twenty digits are beyond the limit already.
    return DrawnSource(int(number.lstrip("0")[:20]), seed)
