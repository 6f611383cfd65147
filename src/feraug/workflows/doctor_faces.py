"""What ``feraug doctor`` says of the face detector: its model, its libraries, and which one serves."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from typing import Final

from feraug.errors import FeraugError
from feraug.faces import MODEL_URL, NoModelFileError, face_detector, kept_model
from feraug.workflows.doctor_findings import BROKEN, NOTE, Finding

LIBRARIES: Final = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
"""What mediapipe loads on Linux, and the package of Debian and Ubuntu that has it."""


def faces() -> Iterator[Finding]:
    """The face model on this machine, and the detector that would serve."""
    fetched = "its model is fetched on first use (230 kB)"
    try:
        model = kept_model()
    except NoModelFileError as problem:
        yield Finding("faces", "face model", str(problem), NOTE, "$FERAUG_FACE_MODEL can name the file")
        yield Finding("faces", "detector", "scikit-image's cascade, which finds fewer faces", NOTE)
        return
    whence = "$FERAUG_FACE_MODEL" if model.named else "cache"
    if model.right:
        yield Finding("faces", "face model", f"{model.path} ({whence}), SHA-256 as expected")
        yield _serving()
    elif model.named:
        wrong = "is not the model (wrong SHA-256)" if model.there else "is no file"
        yield Finding(
            "faces", "face model", f"{model.path} ($FERAUG_FACE_MODEL) {wrong}", BROKEN,
            f"get it from {MODEL_URL}, or unset FERAUG_FACE_MODEL",
        )  # fmt: skip
        yield Finding("faces", "detector", "none until that is fixed; --detector cascade works without it")
    else:
        wrong = "wrong SHA-256, so it is fetched anew" if model.there else "not there yet"
        yield Finding("faces", "face model", f"{model.path} ({whence}): {wrong}")
        yield Finding(
            "faces", "detector", f"mediapipe: {fetched}; without network the cascade, which finds fewer faces"
        )


def _serving() -> Finding:
    """The detector that ``auto`` takes; its model is there, so nothing is fetched."""
    try:
        detector = face_detector()
    except FeraugError as problem:
        return Finding("faces", "detector", str(problem), BROKEN)
    if detector.reason:
        text = f"scikit-image's cascade, which finds fewer faces; {detector.reason}"
        return Finding("faces", "detector", text, NOTE, "the system libraries below may be why")
    return Finding("faces", "detector", detector.name)


def system_libraries() -> Iterator[Finding]:
    """The libraries that mediapipe loads, and the packages that have the missing ones."""
    if not sys.platform.startswith("linux"):
        yield Finding("system libraries", "for mediapipe", "none needed beside it")
        return
    missing = [name for name in LIBRARIES if not _loads(name)]
    if not missing:
        yield Finding("system libraries", "for mediapipe", f"all there ({', '.join(LIBRARIES)})")
        return
    packages = dict.fromkeys(LIBRARIES[name] for name in missing)
    yield Finding(
        "system libraries", "for mediapipe", f"missing: {', '.join(missing)}", NOTE,
        f"apt-get install {' '.join(packages)} (Debian, Ubuntu); until then the cascade finds the faces",
    )  # fmt: skip


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
