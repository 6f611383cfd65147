"""A source on its way into a dataset: what ``prepare`` keeps of each image and says of the reading."""

from __future__ import annotations

from typing import Final

import numpy as np

from feraug.errors import SourceError
from feraug.metrics.duplicates import blank_images, image_digests
from feraug.sources.fer2013 import Fer2013Csv
from feraug.sources.folder import PictureFolder
from feraug.sources.records import Source
from feraug.store.dataset import DatasetWriter
from feraug.words import plural
from feraug.workflows.audit import RowFacts
from feraug.workflows.events import Notify, Progress

_WEAK: Final = 16
"""Grey levels between the darkest and the brightest pixel below which an image has hardly any contrast."""


def read_source(
    source: Source, name: str, writer: DatasetWriter, notify: Notify
) -> tuple[RowFacts, list[str]]:
    """Stream the source's images into the file; keep 20 bytes a row in memory.

    Beside the rows: sentences on what was skipped, what was done to pictures, and what looks wrong with them.
    Raises :class:`SourceError` where nothing could be read.
    """
    labels, split, digests, blank = [], [], [], []
    names: list[str] = []
    weak = 0
    for records in source.batches():
        writer.append(records.images)
        labels.append(records.labels)
        split.append(records.split)
        digests.append(image_digests(records.images))
        blank.append(blank_images(records.images))
        names += records.names or ()
        weak += int(np.count_nonzero((np.ptp(records.images, axis=(1, 2)) < _WEAK) & ~blank[-1]))
        notify(Progress("reading", len(writer), None, "images"))
    if not labels:
        raise SourceError(f"{name}: no image could be read; give a file or folder with faces")
    all_labels = np.concatenate(labels)
    rows = RowFacts(
        labels=all_labels,
        source_labels=all_labels,
        split=np.concatenate(split),
        source_row=np.arange(len(all_labels), dtype=np.int64),
        digests=np.concatenate(digests),
        blank=np.concatenate(blank),
        votes=None,
        names=np.array(names, object) if names else None,
    )
    notes = [_skip_note(source)] if source.skipped.total else []
    if isinstance(source, Fer2013Csv) and source.unmet:
        notes.append(f"--emotions: no row has {', '.join(source.unmet)}")
    return rows, notes + _of_pictures(source, len(rows), weak)


def _of_pictures(source: Source, count: int, weak: int) -> list[str]:
    """What was done to pictures on their way in, and what looks wrong with them."""
    if not isinstance(source, PictureFolder):
        return []
    notes, pictures = [], plural(count, "picture")
    if source.scaled:
        cropped = f", {source.cropped:,} of them cropped to their central square first" * bool(source.cropped)
        notes.append(
            f"scaled to 48x48: {source.scaled:,} of {pictures}{cropped}; each should be a face "
            "and little else (feraug.find_faces and crop_face cut faces out of photographs)"
        )
    if weak > count / 100:
        notes.append(
            f"fewer than {_WEAK} grey levels from darkest to brightest: {weak:,} of {pictures}; "
            "16-bit pictures whose values are of 8 or 12 bits look like that: scale their values first"
        )
    return notes


def _skip_note(source: Source) -> str:
    causes = ", ".join(f"{count:,} {cause}" for cause, count in source.skipped.causes.items())
    return f"skipped {source.skipped.total:,}: {causes}; for instance {source.skipped.examples[0]}"
