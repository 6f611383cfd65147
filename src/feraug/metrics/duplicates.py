"""The exact half of the audit: blank images, identical images, and identical images across splits.

Two images are *identical* when all their pixels are equal.  Comparing digests instead of pixels lets
a set of any size be audited while it streams past: 16 bytes an image stay in memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from feraug.emotions import SPLITS, UNLABELLED

DIGEST_BYTES: Final = 16
"""Bytes of an image's digest; 128 bits make a chance collision of two images out of question."""

_TRAIN: Final = SPLITS.index("train")


@dataclass(frozen=True)
class ExactAudit:
    """What :func:`find_duplicates` found in a set of N images.

    A *group* is two or more identical images, of whatever split and label.
    """

    group: npt.NDArray[np.int32]
    """(N,) The image's group, from 0 in order of first appearance; -1 for an image without a copy."""

    conflicting: npt.NDArray[np.int32]
    """Sorted ids of the groups whose images carry more than one label (``UNLABELLED`` does not count)."""

    copy_in_train: npt.NDArray[np.bool_]
    """(N,) True for a validation or test image of which ``train`` holds an identical one; false for train."""

    blank: npt.NDArray[np.bool_]
    """(N,) True for an image whose pixels are all equal, as handed in."""

    duplicate_groups: int
    """Number of groups."""

    redundant: int
    """Images that could go without losing a distinct picture: sizes of all groups minus their number."""

    leaks: dict[str, int]
    """Images with a copy in ``train``: ``{"validation": n, "test": n}``."""

    @property
    def blank_count(self) -> int:
        """Number of blank images."""
        return int(self.blank.sum())

    @property
    def conflicting_groups(self) -> int:
        """Number of groups with more than one label."""
        return len(self.conflicting)


def image_digests(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """BLAKE2b digests, uint8 (n, 16), of images, uint8 (n, height, width).

    Equal images have equal digests and, for all practical purposes, only they do.  The digest is of
    the pixels alone, so only digests of images of the same size may be compared.  Batches may be
    digested one by one and concatenated.

    Raises :class:`ValueError` when ``images`` is not uint8 of three dimensions.
    """
    rows = _as_rows(images)
    digests = b"".join([hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest() for row in rows])
    return np.frombuffer(digests, np.uint8).reshape(len(rows), DIGEST_BYTES)


def blank_images(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which of the images, uint8 (n, height, width), are blank: all pixels equal; bool (n,).

    Raises :class:`ValueError` when ``images`` is not uint8 of three dimensions.
    """
    rows = _as_rows(images)
    blank: npt.NDArray[np.bool_] = rows[:, 0] == rows[:, -1]
    # Most images already differ in two corners; only the others need all their pixels read.
    doubtful = np.flatnonzero(blank)
    blank[doubtful] = (rows[doubtful] == rows[doubtful, :1]).all(axis=1)
    return blank


def find_duplicates(
    digests: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    split: npt.NDArray[np.uint8],
    blank: npt.NDArray[np.bool_],
) -> ExactAudit:
    """Groups of identical images, their label conflicts, and the leaks from ``train``.

    ``digests`` (N, 16) from :func:`image_digests`; ``labels`` (N,) emotion codes, 255 for unlabelled;
    ``split`` (N,) positions in :data:`~feraug.emotions.SPLITS`; ``blank`` (N,) from
    :func:`blank_images`.  Blank images are grouped like any other.  On FER2013: 12 blank, 1,516
    groups, 1,853 redundant, 57 conflicting, leaks 280 and 288.

    Raises :class:`ValueError` when the lengths differ.
    """
    count = len(digests)
    if digests.shape != (count, DIGEST_BYTES) or not len(labels) == len(split) == len(blank) == count:
        raise ValueError(
            f"digests must be (N, {DIGEST_BYTES}) and labels, split and blank (N,); got "
            f"{digests.shape}, {labels.shape}, {split.shape}, {blank.shape}"
        )
    group, sizes = _group_by_digest(digests)
    in_group = group >= 0
    copy_in_train = in_group & (split != _TRAIN) & np.isin(group, group[in_group & (split == _TRAIN)])
    return ExactAudit(
        group=group,
        conflicting=_conflicting_groups(group, labels),
        copy_in_train=copy_in_train,
        blank=blank.astype(np.bool_),
        duplicate_groups=len(sizes),
        redundant=int(sizes.sum()) - len(sizes),
        leaks={
            name: int((copy_in_train & (split == code)).sum())
            for code, name in enumerate(SPLITS)
            if code != _TRAIN
        },
    )


def _as_rows(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(n, height, width) as contiguous (n, height * width)."""
    if images.ndim != 3 or images.dtype != np.uint8 or images.shape[1] * images.shape[2] == 0:
        raise ValueError(f"images must be uint8 (n, height, width); got {images.dtype} {images.shape}")
    return np.ascontiguousarray(images).reshape(len(images), images.shape[1] * images.shape[2])


def _group_by_digest(digests: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The group of each image, int32 (N,), and the size of each group, int64 (groups,)."""
    # As one opaque item of 16 bytes a digest sorts in one go; a string type would drop trailing zeros.
    keys = np.ascontiguousarray(digests).view(np.dtype((np.void, DIGEST_BYTES))).reshape(-1)
    _, first, distinct, sizes = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    by_appearance = np.argsort(first)
    by_appearance = by_appearance[sizes[by_appearance] > 1]
    group_of_distinct = np.full(len(first), -1, np.int32)
    group_of_distinct[by_appearance] = np.arange(len(by_appearance), dtype=np.int32)
    return group_of_distinct[distinct.reshape(-1)], sizes[by_appearance].astype(np.int64)


def _conflicting_groups(group: npt.NDArray[np.int32], labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Sorted ids of the groups that hold two or more different labels."""
    counted = (group >= 0) & (labels != UNLABELLED)
    pairs = np.unique(np.stack([group[counted], labels[counted].astype(np.int32)]), axis=1)
    ids, labels_of_id = np.unique(pairs[0], return_counts=True)
    return ids[labels_of_id > 1].astype(np.int32)
