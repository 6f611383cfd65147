"""The face detector of a command, and a word where it is the weaker one."""

from __future__ import annotations

from feraug.faces import FaceDetector, face_detector
from feraug.workflows.events import Note, Notify


def told_detector(name: str, notify: Notify) -> FaceDetector:
    """:func:`~feraug.faces.face_detector`, with a note where the cascade had to be taken."""
    detector = face_detector(name)
    tell_of_cascade(detector, notify)
    return detector


def tell_of_cascade(detector: FaceDetector, notify: Notify) -> None:
    """Say why the cascade serves, where it had to be taken."""
    if detector.reason:
        notify(Note(f"{detector.reason}; scikit-image's cascade serves, and finds fewer faces"))
