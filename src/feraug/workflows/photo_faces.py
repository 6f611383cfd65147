"""The faces in folders of photographs: found, cropped as FER2013's are, by groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feraug.errors import ArtifactError, MissingArtifactError
from feraug.faces import FaceDetector, crop_face, find_faces
from feraug.sources.photos import PhotoGroup, of_other_formats, photo_groups, photos_digest, read_photo
from feraug.sources.pictures import UnreadablePicture
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.events import Note, Notify, Progress


@dataclass(frozen=True)
class PhotoFolder:
    """A folder of photos (or a single picture), its groups, and the SHA-256 of all of them together.

    ``unread`` tells in words of pictures in it of formats that are not read; empty where there are none.
    """

    path: Path
    groups: tuple[PhotoGroup, ...]
    digest: str
    unread: str = ""

    @property
    def name(self) -> str:
        """What it is called among the inputs of a file."""
        return self.path.resolve().name or "photos"


@dataclass(frozen=True)
class GroupFaces:
    """The faces of a group: images uint8 (N, 48, 48), and the photo of each."""

    group: PhotoGroup
    images: NDArray[np.uint8]
    photos: tuple[str, ...]
    without_face: tuple[str, ...]
    skipped: Mapping[str, str]
    """Why photos could not be read, by name."""


def photo_folder(path: Path, workspace: Workspace) -> PhotoFolder:
    """The photos at ``path``, but for the pictures of the ``workspace`` where that lies in it.

    Raises :class:`MissingArtifactError` when there is no such folder, and
    :class:`~feraug.errors.SourceError` when there is no photo in it.
    """
    if not path.exists():
        raise MissingArtifactError(f"--photos {path}: no such folder; give one with photos in it")
    groups = photo_groups(path, workspace.root)
    unread = of_other_formats(path, workspace.root)
    return PhotoFolder(path, tuple(groups), photos_digest(path, groups), unread)


def faces_in_photos(
    folder: PhotoFolder, detector: FaceDetector, least: float, notify: Notify
) -> list[GroupFaces]:
    """The faces of score ``least`` or more in all photos, group by group.

    Says what is passed over.  Raises :class:`ArtifactError` when there is no face in any photo.
    """
    place = folder.path.parent if folder.path.is_file() else folder.path
    total, done = sum(len(group.photos) for group in folder.groups), 0
    found = []
    if folder.unread:
        notify(Note(folder.unread))
    for group in folder.groups:
        images: list[NDArray[np.uint8]] = []
        photos: list[str] = []
        without, skipped = [], {}
        for name in group.photos:
            try:
                photo = read_photo(place / name)
            except UnreadablePicture as problem:
                skipped[name] = str(problem)
                notify(Note(f"{name}: skipped, {problem}"))
            else:
                boxes = find_faces(photo, detector, least=least)
                images += [crop_face(photo, box, detector.framing) for box in boxes]
                photos += [name] * len(boxes)
                if not boxes:
                    without.append(name)
                    notify(Note(f"{name}: no face found"))
            done += 1
            notify(Progress("looking for faces", done, total, "photos"))
        stacked = np.stack(images) if images else np.empty((0, 48, 48), np.uint8)
        found.append(GroupFaces(group, stacked, tuple(photos), tuple(without), skipped))
    if not any(len(faces.images) for faces in found):
        raise ArtifactError(f"--photos {folder.path}: {_nothing_found(found)}")
    return found


def _nothing_found(found: Sequence[GroupFaces]) -> str:
    photos = sum(len(faces.group.photos) for faces in found)
    unread = sum(len(faces.skipped) for faces in found)
    if unread == photos:
        return f"none of its {photos:,} photos could be read" if photos > 1 else "its photo could not be read"
    looked = plural(photos - unread, "photo")
    skipped = f" ({unread:,} more could not be read)" if unread else ""
    return f"no face found in {looked}{skipped}; check the photos, or lower --min-face"
