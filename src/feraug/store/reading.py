"""Opening an artifact and checking each array before a byte of it is allocated."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from feraug.emotions import suggestion
from feraug.errors import ArtifactError, FeraugError, MissingArtifactError
from feraug.store.header import (
    BENCH,
    COMPARE,
    DATASET,
    MAKE_AGAIN,
    MODEL,
    OTHER_FILE,
    PREDICTIONS,
    SSIM,
    SYNTHETIC,
    Header,
    read_header,
)

NUMBERS: Final = frozenset(("bool", "uint8", "uint16", "int32", "int64", "float16", "float32", "float64"))
"""Types of arrays, in the machine's byte order; HDF5 knows many more, which nothing here can use."""

_MAKERS: Final = {
    DATASET: "'feraug prepare'",
    MODEL: "'feraug train'",
    SYNTHETIC: "'feraug synth'",
    PREDICTIONS: "'feraug bench'",
    BENCH: "'feraug bench'",
    SSIM: "'feraug ssim'",
    COMPARE: "'feraug compare'",
}

EACH: Final = "*"
"""As the only key of a shape: whatever the keys are."""

FactsShape = type | tuple["FactsShape", ...] | list["FactsShape"] | Mapping[str, "FactsShape"] | None
"""What a value of ``facts`` must be: a type, one of several, a list, an object with these keys, or null."""


class ArtifactReader:
    """An open artifact whose header has been read and whose arrays are checked one by one.

    feraug writes its arrays without compression, so every declared byte must be there: a file
    that declares more than it holds is refused before anything is allocated.
    """

    def __init__(self, file: h5py.File, path: Path) -> None:
        self._file = file
        self._groups: dict[str, h5py.Group] = {"": file}
        self._size = path.stat().st_size
        self.path = path
        self.header: Header = read_header(file, str(path))

    def dataset(self, name: str, dtype: str | None, shape: tuple[int | None, ...] | None) -> h5py.Dataset:
        """The checked dataset ``name``; None in ``shape`` stands for any length, None as ``dtype`` for any.

        Raises :class:`ArtifactError` for what is missing, linked elsewhere, or other than declared.
        """
        found = self._hard_linked(name)
        if not isinstance(found, h5py.Dataset):
            raise self.damaged(f"'{name}' is not an array")
        if found.is_virtual or found.external:
            raise self.damaged(f"'{name}' refers to other files")
        there, has = found.shape, found.dtype
        if there is None or has.kind not in "iufb":
            raise self.damaged(f"'{name}' holds no numbers")
        if has.name not in NUMBERS or not has.isnative:
            raise self.damaged(f"'{name}' is {has.str}, which no array of feraug is")
        if dtype is not None and has != np.dtype(dtype):
            raise self.damaged(f"'{name}' is {has}, expected {dtype}")
        if shape is not None and not _fits(there, shape):
            raise self.damaged(f"'{name}' has shape {there}, expected {_describe(shape)}")
        if found.id.get_create_plist().get_nfilters():
            raise self.damaged(f"'{name}' is compressed; feraug's arrays are not")
        # From Python integers: numpy's product of absurd lengths would wrap around.
        declared = has.itemsize
        for length in there:
            declared *= int(length)
        if declared > min(found.id.get_storage_size(), self._size):
            raise self.damaged(f"'{name}' declares {declared:,} bytes and does not hold them")
        return found

    def array(self, name: str, dtype: str | None, shape: tuple[int | None, ...] | None) -> NDArray[Any]:
        """The checked array ``name``, read whole."""
        values = np.asarray(self.dataset(name, dtype, shape)[()])
        # numpy counts and compares the byte behind a bool, which a damaged file can make anything.
        if values.dtype == bool and values.size and values.view(np.uint8).max() > 1:
            raise self.damaged(f"'{name}' has values that are neither true nor false")
        return values

    def facts(self, expected: Mapping[str, FactsShape]) -> None:
        """Check that the header's facts have what ``expected`` names; others may stand beside it."""
        for name, shape in expected.items():
            if name not in self.header.extra:
                raise self.damaged(f"attribute 'facts' has no '{name}'")
            if not is_shaped(self.header.extra[name], shape):
                raise self.damaged(f"attribute 'facts' has an unusable '{name}'")

    def within(self, name: str, values: NDArray[Any], low: int, high: int) -> None:
        """Check that the whole numbers ``values``, read from ``name``, lie from ``low`` to ``high``."""
        if values.size and (values.min() < low or values.max() > high):
            wrong = values.min() if values.min() < low else values.max()
            raise self.damaged(f"'{name}' has the value {wrong}; {low} to {high} is possible")

    def has(self, name: str) -> bool:
        """Whether the file has an entry of this name."""
        return name in self._file

    def names(self, prefix: str = "") -> list[str]:
        """Paths of all datasets below the group ``prefix`` ('' for the whole file), sorted."""
        if prefix and prefix not in self._file:
            return []
        group = self._hard_linked(prefix) if prefix else self._file
        if not isinstance(group, h5py.Group):
            raise self.damaged(f"'{prefix}' is not a group")
        found: list[str] = []
        group.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        return sorted(f"{prefix}/{name}" if prefix else name for name in found)

    def damaged(self, what: str) -> ArtifactError:
        """The error for a file that is not what it should be."""
        return ArtifactError(f"{self.path}: damaged or not feraug's ({what})", MAKE_AGAIN)

    def _hard_linked(self, name: str) -> Any:
        """Follow ``name`` through hard links only: a soft or external link could lead out of the file."""
        above, _, last = name.rpartition("/")
        # A model has hundreds of arrays in a few groups, each of which is looked at once.
        group = self._groups.get(above) or self._hard_linked(above)
        if not isinstance(group, h5py.Group):
            raise self.damaged(f"'{name}' is missing")
        self._groups[above] = group
        links, encoded = group.id.links, last.encode("utf-8", "surrogateescape")
        if not links.exists(encoded):
            raise self.damaged(f"'{name}' is missing")
        if links.get_info(encoded).type != h5py.h5l.TYPE_HARD:
            raise self.damaged(f"'{name}' is a link to elsewhere")
        return group[last]


@contextmanager
def open_artifact(path: Path, encoding_type: str | None = None) -> Iterator[ArtifactReader]:
    """Open an artifact for reading, of ``encoding_type`` if one is given.

    Raises :class:`MissingArtifactError` when there is no such file and :class:`ArtifactError`
    when it is not HDF5, truncated, foreign, of another type or of a newer version.  Whatever
    the HDF5 library says of a damaged file while it is open comes out as :class:`ArtifactError`.
    """
    try:
        _check_regular(path)
        # Without HDF5's own locks, which some network file systems refuse: files are replaced, never changed.
        with h5py.File(path, "r", locking=False) as file:
            reader = ArtifactReader(file, path)
            found = reader.header.encoding_type
            if encoding_type is not None and found != encoding_type:
                what = f"holds a {_plain(found)}, not a {_plain(encoding_type)}"
                raise ArtifactError(f"{path}: {what}", f"give one that {_MAKERS[encoding_type]} wrote")
            yield reader
    except FeraugError:
        raise
    except PermissionError as problem:
        raise ArtifactError(f"{path}: no permission to read it", "ask its owner, or name a copy") from problem
    except MemoryError as problem:
        raise ArtifactError(
            f"{path}: declares more than this machine's memory holds", "close other programs"
        ) from problem
    # h5py passes the library's complaints on as any of these.
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, OverflowError) as problem:
        what, next_step = _library_words(problem)
        raise ArtifactError(f"{path}: {what}", next_step) from problem


def _check_regular(path: Path) -> None:
    if path.is_dir():
        raise ArtifactError(f"{path}: a folder, not an artifact", "name a file in it, such as dataset.h5")
    if path.is_symlink() and not path.exists():
        raise ArtifactError(f"{path}: a symbolic link that leads nowhere", "mend or remove it")
    if not path.exists():
        raise MissingArtifactError(
            f"{path}: no such file{_nearest(path)}; check the name "
            "('feraug --help' lists the commands that make files)"
        )
    if not path.is_file():  # a pipe would keep us waiting for ever
        raise ArtifactError(f"{path}: not a regular file", OTHER_FILE)
    if not path.stat().st_size:
        raise ArtifactError(f"{path}: empty (0 bytes)", MAKE_AGAIN)


def _nearest(path: Path) -> str:
    """The file beside a missing one whose name is most like it."""
    return suggestion(path.stem, [each.stem for each in path.parent.glob("[!.]*.h5")], ".h5")


def read_artifact_header(path: Path) -> Header:
    """The header of any artifact; raises as :func:`open_artifact` does."""
    with open_artifact(path) as reader:
        return reader.header


def _library_words(problem: Exception) -> tuple[str, str]:
    """What HDF5's complaint means, and what to do next."""
    text = str(problem)
    if isinstance(problem, OSError) and problem.errno == errno.ENAMETOOLONG:
        return "no such file (the name is too long)", "check the name"
    if "signature not found" in text:
        return "not an HDF5 file", OTHER_FILE
    if "truncated file" in text or "eof" in text:
        return "truncated: the end of the file is missing", MAKE_AGAIN
    return "damaged: the HDF5 library cannot read it", MAKE_AGAIN


def _plain(encoding_type: str) -> str:
    return {
        "feraug-dataset": "dataset",
        "feraug-model": "model",
        "feraug-synthetic": "synthetic set",
        "feraug-ssim": "similarity analysis",
        "feraug-compare": "comparison of models",
        "feraug-bench": "benchmark",
        "feraug-predictions": "repeat of a benchmark",
    }.get(encoding_type, encoding_type)


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        want is None or want == have for have, want in zip(shape, expected, strict=True)
    )


def is_shaped(value: Any, shape: FactsShape) -> bool:
    """Whether a value of ``facts`` is what it must be."""
    if shape is None:
        return value is None
    if isinstance(shape, tuple):
        return any(is_shaped(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(is_shaped(one, shape[0]) for one in value)
    if isinstance(shape, Mapping) and EACH in shape:
        return isinstance(value, dict) and all(is_shaped(one, shape[EACH]) for one in value.values())
    if isinstance(shape, Mapping):
        return isinstance(value, dict) and all(
            key in value and is_shaped(value[key], inner) for key, inner in shape.items()
        )
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, shape)


def _describe(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("N" if length is None else str(length) for length in shape) + ")"
