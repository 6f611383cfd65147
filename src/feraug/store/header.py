"""What every artifact says of itself: its type and version, and how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import h5py

from feraug.errors import ArtifactError
from feraug.version import __version__

FORMAT_VERSION: Final = 1
"""Version of the file format; readers take any file of this version or an older one."""

DATASET: Final = "feraug-dataset"
MODEL: Final = "feraug-model"
SYNTHETIC: Final = "feraug-synthetic"
ENCODING_TYPES: Final = (DATASET, MODEL, SYNTHETIC)

_MAX_TEXT: Final = 60_000  # HDF5 keeps an attribute in the object header up to 64 KiB


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
    """Write the attributes that every artifact has; ``extra`` is stored as JSON in ``facts``."""
    file.attrs["encoding-type"] = encoding_type
    file.attrs["encoding-version"] = FORMAT_VERSION
    file.attrs["feraug-version"] = __version__
    file.attrs["config"] = json.dumps(dict(provenance.config))
    file.attrs["command"] = provenance.command[:_MAX_TEXT]
    file.attrs["seed"] = provenance.seed
    file.attrs["inputs"] = json.dumps(dict(provenance.inputs))
    file.attrs["facts"] = json.dumps(dict(extra))


def read_header(file: h5py.File, name: str) -> Header:
    """Read and check the attributes; ``name`` is the file's name for error messages.

    Raises :class:`ArtifactError` when the file is foreign, damaged, or of a newer version.
    """
    encoding_type = _text(file, "encoding-type", name, foreign=True)
    if encoding_type not in ENCODING_TYPES:
        raise ArtifactError(
            f"{name}: not a feraug artifact this version knows (encoding-type '{encoding_type[:40]}')"
        )
    version = _integer(file, "encoding-version", name)
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{name}: written by a newer feraug (format {version}; this one reads up to {FORMAT_VERSION}); "
            "upgrade with 'pip install -U feraug'"
        )
    if version < 1:
        raise ArtifactError(f"{name}: damaged (encoding-version {version})")
    inputs = _json_object(file, "inputs", name)
    if not all(isinstance(value, str) for value in inputs.values()):
        raise ArtifactError(f"{name}: damaged (attribute 'inputs' holds something other than digests)")
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


def _text(file: h5py.File, key: str, name: str, *, foreign: bool = False) -> str:
    if key not in file.attrs:
        if foreign:
            raise ArtifactError(f"{name}: an HDF5 file, but not one of feraug's (no attribute '{key}')")
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is missing)")
    attribute = file.attrs.get_id(key)  # its shape and type, before anything is read
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is not a text)")
    value = file.attrs[key]
    if not isinstance(value, str):
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is not UTF-8)")
    return value


def _integer(file: h5py.File, key: str, name: str) -> int:
    if key not in file.attrs:
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is missing)")
    attribute = file.attrs.get_id(key)
    if attribute.shape != () or attribute.dtype.kind not in "iu":
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is not a whole number)")
    return int(file.attrs[key])


def _json_object(file: h5py.File, key: str, name: str) -> dict[str, Any]:
    text = _text(file, key, name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is not JSON)") from problem
    if not isinstance(value, dict):
        raise ArtifactError(f"{name}: damaged (attribute '{key}' is not a JSON object)")
    return value
