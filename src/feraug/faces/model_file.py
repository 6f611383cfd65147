"""The file of mediapipe's face model: named by the user, or fetched once and checked."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from feraug.errors import ArtifactError

MODEL_NAME: Final = "blaze_face_short_range.tflite"
MODEL_URL: Final = (
    "https://storage.googleapis.com/mediapipe-models/face_detector/"
    f"blaze_face_short_range/float16/1/{MODEL_NAME}"
)
MODEL_SHA256: Final = "b4578f35940bf5a1a655214a1cce5cab13eba73c1297cd78e1a04c2380b0152f"
MODEL_BYTES: Final = 229_746
VARIABLE: Final = "FERAUG_FACE_MODEL"
"""The environment variable that names the file instead."""

_SECONDS: Final = 20
_OF_FILES: Final = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
)
"""What can be wrong with a cache, as opposed to a network."""


class NoModelFileError(Exception):
    """The model cannot be had; the text says why."""


@dataclass(frozen=True)
class KeptModel:
    """Where the model file is, or would be, on this machine; nothing is fetched to tell it."""

    path: Path
    named: bool
    """Whether ``$FERAUG_FACE_MODEL`` names it; else it is the place in the user's cache."""
    there: bool
    right: bool
    """Whether its SHA-256 is the model's."""


def kept_model() -> KeptModel:
    """The model file as it is now, without the network; raises :class:`NoModelFileError` without pooch."""
    named = os.environ.get(VARIABLE, "").strip()
    path = Path(named) if named else _cache() / MODEL_NAME
    return KeptModel(path, bool(named), path.is_file(), path.is_file() and _is_model(path))


def model_file() -> Path:
    """The model file, fetched into the user's cache if it is not there yet.

    Raises :class:`NoModelFileError` when it cannot be fetched, and :class:`ArtifactError` when
    ``$FERAUG_FACE_MODEL`` names no file or another one.
    """
    named = os.environ.get(VARIABLE, "").strip()
    return _checked(Path(named)) if named else _fetched()


def _checked(path: Path) -> Path:
    get = f"get it from {MODEL_URL}, or unset {VARIABLE}"
    if not path.is_file():
        raise ArtifactError(f"${VARIABLE}: no file {path}", get)
    try:
        path.open("rb").close()
    except OSError as problem:
        raise ArtifactError(f"${VARIABLE}: {path} cannot be read ({problem.strerror})", get) from problem
    if not _is_model(path):
        raise ArtifactError(
            f"${VARIABLE}: {path} is not the face model (SHA-256 {MODEL_SHA256[:16]}… expected)", get
        )
    return path


def _is_model(path: Path) -> bool:
    try:
        right = path.stat().st_size == MODEL_BYTES
        return right and hashlib.sha256(path.read_bytes()).hexdigest() == MODEL_SHA256
    except OSError:
        return False


def _cache() -> Path:
    """The user's folder that pooch keeps feraug's files in."""
    try:
        import pooch
    except ImportError as problem:
        raise NoModelFileError("pooch, which fetches its model, is not installed") from problem
    return Path(pooch.os_cache("feraug"))


def _fetched() -> Path:
    folder = _cache()
    import pooch

    pooch.get_logger().setLevel("ERROR")
    try:
        found = pooch.retrieve(
            MODEL_URL,
            known_hash=f"sha256:{MODEL_SHA256}",
            fname=MODEL_NAME,
            path=folder,
            downloader=pooch.HTTPDownloader(timeout=_SECONDS),
        )
    except ValueError as problem:  # the SHA-256 is not that of the model
        raise NoModelFileError(f"what {MODEL_URL} gave is not its model") from problem
    except OSError as problem:  # requests' failures are of this kind, too
        why = type(problem).__name__ if problem.strerror is None else problem.strerror
        if isinstance(problem, PermissionError) or problem.errno in _OF_FILES:
            raise NoModelFileError(f"its model could not be kept in {folder} ({why})") from problem
        raise NoModelFileError(f"its model could not be fetched ({why}: {MODEL_URL})") from problem
    return Path(found)
