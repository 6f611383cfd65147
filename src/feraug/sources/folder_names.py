"""What the names of folders say of their pictures, and what is told of those that say nothing."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from feraug.emotions import EMOTIONS, SPLITS, emotion_words, parse_split, suggestion, typed_name
from feraug.errors import SourceError, UsageError
from feraug.quoting import quoted
from feraug.sources.csv_text import file_name, printable
from feraug.sources.pictures import is_litter

EXPECTED: Final = f"expected train/happy/*.png or happy/*.png (emotions: {' '.join(EMOTIONS)})"
"""The folders that are read, for messages."""

_MOST_EMOTIONS: Final = 20
"""More folders than that, none of which is called by an emotion, are no emotions: people, perhaps."""


def split_of(name: str) -> int | None:
    """The code of the split that a folder is called by; None for any other name."""
    try:
        return SPLITS.index(parse_split(name))
    except UsageError:
        return None


def what_is_there(names: list[str]) -> str:
    """``" (it holds a, b, c and 12 more)"``, or that there is nothing."""
    if not names:
        return " (it is empty)"
    more = f" and {len(names) - 4:,} more" if len(names) > 4 else ""
    return f" (it holds {', '.join(printable(name) for name in names[:4])}{more})"


def csv_in(where: Path) -> str:
    """The command that reads the CSV in a folder, as FER2013's own archive has it; empty without one."""
    endings = (".csv", ".csv.gz")
    found = sorted(
        path for path in where.iterdir() if path.name.lower().endswith(endings) and _has_pixels(path)
    )
    return f"; for the CSV in it: 'feraug prepare {quoted(str(found[0]))}'" if found else ""


def _has_pixels(path: Path) -> bool:
    """Whether a CSV has images in it: others list the pictures that lie beside it."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            return b"pixels" in file.readline(1000).lower()
    except (OSError, EOFError, zlib.error):
        return False


def refuse_split(where: Path, name: str) -> None:
    """Raise for a folder beside those of splits that is none."""
    near = suggestion(name[:40].lower(), (*SPLITS, "training", "val", "PublicTest", "PrivateTest"))
    raise SourceError(
        f"{file_name(where / name)}: no split is called '{printable(name)}'{near}; rename it or move it away"
    )


def refuse_wrapped(where: Path, names: list[str], meanings: Mapping[str, str | None], *, whole: bool) -> None:
    """Raise where folders in place of emotions hold those: a download's outer folder, or splits' own names.

    ``whole``: ``where`` is the folder that was given.
    """
    known = emotion_words()
    inside = [
        name
        for name in names
        if typed_name(name) not in known and _holds_emotions(where / name, typed_name(name) in meanings)
    ]
    if not inside:
        return
    shown = [printable(name) for name in inside[:4]]
    if len(inside) > 1:
        named = ", ".join(shown) + " …" * (len(inside) > 4)
        raise SourceError(
            f"{file_name(where)}: {named} are no emotions, and hold folders of emotions or splits; if they "
            "are splits, rename them to train, validation and test"
        )
    inner = where / inside[0]
    if any(typed_name(name) in known for name in names):
        raise SourceError(
            f"{file_name(inner)} is no emotion: it holds folders of emotions or splits; move it away"
        )
    way = f"'feraug prepare {quoted(str(inner))}'" if whole else f"move what it holds up into {where.name}"
    raise SourceError(
        f"{file_name(where)} has no emotion folders, but {shown[0]} in it has some, or splits: {way}"
    )


def _holds_emotions(folder: Path, explained: bool) -> bool:
    """Whether there are folders of splits or emotions in it; numbers count unless the folder is explained.

    Within an emotion that --emotions explains, numbers may be people.
    """
    try:
        with os.scandir(folder) as entries:
            inner = [entry.name for entry in entries if entry.is_dir() and not is_litter(entry.name)]
    except OSError:
        return False  # that is told where its pictures are looked for
    known = emotion_words()
    return any(
        split_of(name) is not None or typed_name(name) in known or (not explained and name.strip().isdigit())
        for name in inner
    )


def refuse_emotions(where: Path, names: list[str], unknown: list[str]) -> None:
    """Raise what is wrong with folders that are not called by an emotion, all of them at once."""
    shown = [printable(name) for name in unknown[:8]]
    listed = ", ".join(f"'{name}'" for name in shown) + (" …" if len(unknown) > 8 else "")
    if comma := [name for name in shown if "," in name]:
        raise SourceError(
            f"{file_name(where)}: no emotion is called '{comma[0]}', and --emotions takes no commas in "
            "names; rename the folder"
        )
    if numbers := [name for name in shown if name.strip().isdigit()]:
        as_fer2013 = ",".join(f"{code}={emotion}" for code, emotion in enumerate(EMOTIONS))
        raise SourceError(
            f"{file_name(where)}: folders named by numbers ({', '.join(numbers)}) do not say which emotions "
            "they are: RAF-DB, AffectNet and FER2013 count differently; --emotions says it (for FER2013's "
            f'own numbers: --emotions "{as_fer2013}")'
        )
    near = [suggestion(name[:40].lower(), EMOTIONS) for name in unknown]
    asked = ",".join(f"{name}=EMOTION" for name in shown) + ",…" * (len(unknown) > 8)
    if len(unknown) == len(names) and not any(near):
        way = f'; {EXPECTED}, or names that --emotions explains ("{asked}")'
        if len(names) > _MOST_EMOTIONS:
            way = f"; {EXPECTED}: sort the pictures into such folders first"
        way = csv_in(where) or way
        raise SourceError(f"{file_name(where)} has no emotion folders{what_is_there(names)}{way}")
    if len(unknown) > 1:
        raise SourceError(
            f"{file_name(where)}: no emotions are called {listed}; say what they are (none leaves one out): "
            f'--emotions "{asked}"'
        )
    name = shown[0]
    if name.lower() in ("contempt", "contemptuous"):
        raise SourceError(
            f"{file_name(where / name)}: contempt is none of the seven emotions; "
            f'--emotions "{name}=none" leaves it out'
        )
    raise SourceError(
        f"{file_name(where / name)}: no emotion is called {listed}{near[0]}; rename it, or say what it is: "
        f'--emotions "{name}=EMOTION" (none leaves it out)'
    )
