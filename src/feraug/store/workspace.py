"""Where each artifact lies in the workspace."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feraug.config import NOISE_GENERATORS
from feraug.emotions import suggestion
from feraug.errors import MissingArtifactError, UsageError

SAMPLE: Final = re.compile(r"step-(\d{1,12})\.png")
"""The names of sample grids; the group is the step."""


@dataclass(frozen=True)
class Workspace:
    """A folder of artifacts; nothing is created before something is written."""

    root: Path

    def dataset(self, name: str = "dataset") -> Path:
        """``dataset.h5``, what ``feraug prepare`` writes."""
        return self.root / f"{checked_name(name)}.h5"

    def dataset_file(self, given: Path | None) -> Path:
        """The dataset that was ``given``, a file or the name of one here; without one ``dataset.h5``."""
        return self.dataset() if given is None else self._called(given, "")

    def source_file(self, given: Path | None) -> Path | None:
        """What faces are to come from, if anything: a file, or the name of a synthetic set or a dataset."""
        return None if given is None else self._called(given, "synthetic", "")

    def _called(self, given: Path, *folders: str) -> Path:
        """``given``, or where there is no such file the one called so in the first of these folders.

        In ``synthetic`` a noise generator's kind is a name, too, as in :meth:`synthetic_set`.
        """
        if len(given.parts) != 1 or _is_there(given):
            return given
        stem = given.name.removesuffix(".h5")
        places = (self.root / folder / f"{stem}.h5" for folder in folders)
        with suppress(OSError):  # too long for a file's name
            if named := next((place for place in places if place.is_file()), None):
                return named
        return (self._made_by(stem) if "synthetic" in folders else None) or given

    def model(self, name: str) -> Path:
        """``models/NAME.h5``."""
        return self.root / "models" / f"{checked_name(name)}.h5"

    def samples(self, name: str) -> Path:
        """``models/NAME/``, the folder of a model's sample grids."""
        return self.root / "models" / checked_name(name)

    def synthetic(self, name: str) -> Path:
        """``synthetic/NAME.h5``."""
        return self.root / "synthetic" / f"{checked_name(name)}.h5"

    def synthetic_set(self, name: str) -> Path:
        """``synthetic/NAME.h5``, or where it is not there and NAME a kind of noise generator what that made.

        Raises :class:`UsageError`, naming them, where that may be one of several.
        """
        named = self.synthetic(name)
        return named if named.exists() else self._made_by(named.stem) or named

    def _made_by(self, kind: str) -> Path | None:
        """The set of a noise generator of this kind: ``KIND-all.h5``, or else the only ``KIND-*.h5``.

        None where there is none, and for words that are no such kind.
        """
        made = self.files(f"synthetic/{kind}-*.h5") if kind in NOISE_GENERATORS else []
        of_all = self.synthetic(f"{kind}-all") if made else None
        if of_all in made:
            return of_all
        if len(made) > 1:
            names = ", ".join(path.stem for path in made)
            raise UsageError(f"several synthetic sets are called {kind} ({names}); name one of them")
        return made[0] if made else None

    def bench(self, name: str) -> Path:
        """``bench/NAME.h5``; the folder ``bench/NAME`` has a file for each repeat of each arm."""
        return self.root / "bench" / f"{checked_name(name)}.h5"

    def bench_file(self, given: Path) -> Path:
        """The benchmark that was ``given``, a file or the name of one here."""
        return self._called(given, "bench")

    def ssim(self, name: str) -> Path:
        """``ssim/NAME.h5``; its pictures lie beside it."""
        return self.root / "ssim" / f"{checked_name(name)}.h5"

    def compare(self, name: str) -> Path:
        """``compare/NAME.h5``; its pictures lie beside it."""
        return self.root / "compare" / f"{checked_name(name)}.h5"

    def synthetics(self) -> list[Path]:
        """All synthetic sets, sorted by name."""
        return self.files("synthetic/*.h5")

    def models(self) -> list[Path]:
        """All model files, sorted by name."""
        return self.files("models/*.h5")

    def artifacts(self, *, parts: bool = True) -> list[Path]:
        """All artifacts of all kinds, sorted within each folder; with ``parts`` those of benchmarks, too."""
        patterns = (
            "",
            "models/",
            "synthetic/",
            "ssim/",
            "compare/",
            "bench/",
            *(["bench/*/"] if parts else []),
        )
        return [path for pattern in patterns for path in self.files(f"{pattern}*.h5")]

    def artifact(self, file: str | Path) -> Path:
        """The ``file``, or where there is none the one artifact that is called so, with ``.h5`` or without.

        ``synthetic/NAME`` is the one in that folder.  A kind of noise generator is the set that it made, as
        in :meth:`synthetic_set`.

        Raises :class:`UsageError` where several are, such as a model and what it made, and
        :class:`MissingArtifactError` where none is.
        """
        path = at_home(file)
        if len(path.parts) == 2 and not _is_there(path):  # ``synthetic/NAME``, as several may be called NAME
            inside = self.root / path.parent / f"{path.name.removesuffix('.h5')}.h5"
            if inside in self.artifacts(parts=False):
                return inside
            return (self._made_by(inside.stem) if path.parts[0] == "synthetic" else None) or path
        if len(path.parts) != 1 or _is_there(path):
            return path
        there = self.artifacts(parts=False)
        name = path.name.removesuffix(".h5")
        called = [one for one in there if one.stem == name]
        if not called and (made := self._made_by(name)):
            called = [one for one in there if one.stem == made.stem]
        if len(called) > 1:
            raise UsageError(f"{file}: name one of {', '.join(map(str, called))}")
        if not called:
            with suppress(OSError):  # too long for a file's name
                if path.exists():
                    return path
            told = suggestion(path.stem, [one.stem for one in there]) or _listed(there)
            raise MissingArtifactError(f"{file}: no such file, and nothing in {self.root} is called so{told}")
        return called[0]

    def files(self, pattern: str) -> list[Path]:
        """What matches ``pattern``, sorted by name, without dot files.

        macOS leaves a ``._NAME.h5`` beside every file on others' disks.
        """
        return sorted(path for path in self.root.glob(pattern) if not path.name.startswith("."))


def _is_there(path: Path) -> bool:
    """Whether it is a file or a link; a folder of a model's samples is called as the model is."""
    try:
        return path.is_file() or path.is_symlink()
    except OSError:  # too long for a file's name
        return False


_MOST_NAMES: Final = 8
"""Names of artifacts in a message."""


def _listed(there: list[Path]) -> str:
    """What else could have been meant, as the end of a message."""
    names = list(dict.fromkeys(path.stem for path in there))  # of a model and its set once
    if not names:
        return "; 'feraug prepare' makes a dataset"
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names[:_MOST_NAMES])}{more}"


_LONGEST: Final = 100
"""Bytes of a name."""

_RESERVED: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)))
)
"""What Windows takes for a device, with any ending."""


def at_home(place: str | Path) -> Path:
    """A place as a path, ``~`` at its beginning the home folder; what only begins with that letter stays.

    Raises :class:`UsageError` for an empty name, which would be the current folder, and for ``~`` of a user
    without one.
    """
    if not str(place):
        raise UsageError("'' is no file or folder: a name is empty, as that of a variable that is not set")
    if Path(place).parts[:1] != ("~",):
        return Path(place)
    try:
        return Path(place).expanduser()
    except RuntimeError as problem:
        raise UsageError(
            f"{place}: this user has no home folder; give the whole path, or set $HOME"
        ) from problem


def same_place(one: Path, other: Path) -> bool:
    """Whether two paths are of one file: where a file system minds no capitals, whatever theirs are."""
    try:
        return one.samefile(other)
    except OSError:  # one is not there
        return one.resolve() == other.resolve()


def checked_name(name: str) -> str:
    """``name``, if files and folders can be called so everywhere; :class:`UsageError` otherwise."""
    stem = name.removesuffix(".h5")
    if not stem or not all(map(_is_allowed, stem)) or stem.startswith((".", "-")) or stem.endswith("."):
        raise UsageError(f"'{name}' cannot be a file's name; use letters, digits, '-', '_' and '.'")
    if len(stem.encode()) > _LONGEST:
        raise UsageError(f"'{name}' cannot be a file's name: it is longer than {_LONGEST} bytes")
    if stem.split(".")[0].lower() in _RESERVED:
        raise UsageError(f"'{name}' cannot be a file's name: Windows has a device called so")
    return stem


def name_after(stem: str, ending: str = "", *, most: int = _LONGEST) -> str:
    """A name for what is made from a file of any name: its stem, cleaned and cut to fit, and ``ending``."""
    clean = "".join(letter if _is_allowed(letter) else "-" for letter in stem).lstrip(".-") or "set"
    if clean.split(".")[0].lower() in _RESERVED:
        clean = f"set-{clean}"
    room = most - len(ending.encode())
    while len(clean.encode()) > room:
        clean = clean[:-1]
    return clean.rstrip(".") + ending


def _is_allowed(letter: str) -> bool:
    return letter.isalnum() or letter in "-_.+"
