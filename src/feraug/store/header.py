"""What every artifact says of itself: its type and version, and how it came about."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import h5py
import numpy as np

from feraug.errors import ArtifactError
from feraug.version import __version__

FORMAT_VERSION: Final = 1
"""Version of the file format; readers take any file of this version or an older one."""

DATASET: Final = "feraug-dataset"
MODEL: Final = "feraug-model"
SYNTHETIC: Final = "feraug-synthetic"
PREDICTIONS: Final = "feraug-predictions"
BENCH: Final = "feraug-bench"
SSIM: Final = "feraug-ssim"
COMPARE: Final = "feraug-compare"
ENCODING_TYPES: Final = (DATASET, MODEL, SYNTHETIC, PREDICTIONS, BENCH, SSIM, COMPARE)

MAKE_AGAIN: Final = "copy it again, or repeat the command that made it with --overwrite"
"""What to do about a damaged file."""

OTHER_FILE: Final = "give an .h5 file that feraug wrote"
"""What to do about a file that never was feraug's."""

_MAX_TEXT: Final = 65_000  # an attribute has its place in the object header, where 64 KiB are the limit


@dataclass(frozen=True)
class Provenance:
    """How a file came about.

    ``config`` is all that determines the result, as JSON values; ``command`` the command line as
    typed (or the Python call); ``seed`` the seed of every random draw; ``inputs`` the SHA-256 of
    every file that was read, by name.
    """

    config: Mapping[str, Any]
    command: str
    seed: int
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def beside_dataset(self) -> dict[str, str]:
        """The inputs of a model or a benchmark but for its dataset, which always is the first of them."""
        return dict(list(self.inputs.items())[1:])


@dataclass(frozen=True)
class Header:
    """Type, version and provenance of an artifact, and the small facts in ``extra``."""

    encoding_type: str
    encoding_version: int
    feraug_version: str
    provenance: Provenance
    extra: Mapping[str, Any] = field(default_factory=dict)


def write_header(
    file: h5py.File, encoding_type: str, provenance: Provenance, extra: Mapping[str, Any]
) -> None:
    """Write the attributes that every artifact has; ``extra`` is stored as JSON in ``facts``.

    Raises :class:`ValueError` for a config, inputs or facts of more than 65,000 bytes.
    """
    _put_text(file, "encoding-type", encoding_type)
    file.attrs["encoding-version"] = FORMAT_VERSION
    _put_text(file, "feraug-version", __version__)
    _put_text(file, "config", json.dumps(dict(provenance.config), allow_nan=False))
    _put_text(file, "command", _shortened(provenance.command))
    file.attrs["seed"] = provenance.seed
    _put_text(file, "inputs", json.dumps(dict(provenance.inputs)))
    # Without blanks: of a benchmark of many arms they are a ninth of it.
    _put_text(file, "facts", json.dumps(dict(extra), allow_nan=False, separators=(",", ":")))


def read_header(file: h5py.File, name: str) -> Header:
    """Read and check the attributes; ``name`` is the file's name for error messages.

    Raises :class:`ArtifactError` when the file is foreign, damaged, or of a newer version.
    """
    encoding_type = _text(file, "encoding-type", name, foreign=True)
    if encoding_type not in ENCODING_TYPES:
        raise ArtifactError(
            f"{name}: not a feraug artifact this version knows (encoding-type '{encoding_type[:40]}')",
            "a newer one may: pip install -U feraug",
        )
    version = _integer(file, "encoding-version", name)
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{name}: written by a newer feraug (format {version}; this one reads up to {FORMAT_VERSION})",
            "upgrade with 'pip install -U feraug'",
        )
    if version < 1:
        raise _damaged(name, f"encoding-version {version}")
    inputs = _json_object(file, "inputs", name)
    if not all(isinstance(value, str) for value in inputs.values()):
        raise _damaged(name, "attribute 'inputs' holds something other than digests")
    provenance = Provenance(
        config=_json_object(file, "config", name),
        command=_text(file, "command", name),
        seed=_integer(file, "seed", name),
        inputs=inputs,
    )
    return Header(
        encoding_type,
        version,
        _text(file, "feraug-version", name),
        provenance,
        _json_object(file, "facts", name),
    )


def _damaged(name: str, what: str) -> ArtifactError:
    return ArtifactError(f"{name}: damaged ({what})", MAKE_AGAIN)


def _put_text(file: h5py.File, key: str, text: str) -> None:
    """Write a text of fixed length.

    h5py's own texts have variable length and lie in HDF5's global heap, in which libhdf5 2.0 and
    older can loop for ever when a byte is damaged; so feraug neither writes nor reads them.
    """
    encoded = text.encode("utf-8", "backslashreplace")  # of file names that are not UTF-8
    if len(encoded) > _MAX_TEXT:
        raise ValueError(f"attribute '{key}': {len(encoded):,} bytes; {_MAX_TEXT:,} is the limit")
    kind = h5py.string_dtype("utf-8", max(1, len(encoded)))
    file.attrs.create(key, np.bytes_(encoded), dtype=kind)


def _shortened(text: str) -> str:
    encoded = text.encode("utf-8", "backslashreplace")
    return encoded[:_MAX_TEXT].decode("utf-8", "ignore")


def _text(file: h5py.File, key: str, name: str, *, foreign: bool = False) -> str:
    if key not in file.attrs:
        if foreign:
            raise ArtifactError(
                f"{name}: an HDF5 file, but not one of feraug's (no attribute '{key}')", OTHER_FILE
            )
        raise _damaged(name, f"attribute '{key}' is missing")
    attribute = file.attrs.get_id(key)  # its shape and type, before anything is read
    text = h5py.check_string_dtype(attribute.dtype)
    if attribute.shape != () or text is None or text.length is None or text.length > 2**16:
        raise _damaged(name, f"attribute '{key}' is not a text of fixed length")
    try:
        return bytes(file.attrs[key]).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _damaged(name, f"attribute '{key}' is not UTF-8") from problem


def _integer(file: h5py.File, key: str, name: str) -> int:
    if key not in file.attrs:
        raise _damaged(name, f"attribute '{key}' is missing")
    attribute = file.attrs.get_id(key)
    if attribute.shape != () or attribute.dtype.kind not in "iu":
        raise _damaged(name, f"attribute '{key}' is not a whole number")
    return int(file.attrs[key])


def _json_object(file: h5py.File, key: str, name: str) -> dict[str, Any]:
    text = _text(file, key, name)
    try:
        value = json_values(text)
    except (ValueError, RecursionError) as problem:
        raise _damaged(name, f"attribute '{key}' is not JSON") from problem
    if not isinstance(value, dict):
        raise _damaged(name, f"attribute '{key}' is not a JSON object")
    return value


def json_values(text: str) -> Any:
    """What a JSON text holds; :class:`ValueError` where it is none, or has NaN, which the standard lacks."""
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    """A number of the JSON standard, which has neither NaN nor infinities."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a JSON number")
    return value
