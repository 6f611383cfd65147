"""A CSV as FER2013's: the one that is named, or one of drawn faces with as many rows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from rounds import Setting

from feraug.sources.drawn import draw, row_emotions, row_split_codes

ROWS = 35_887
"""FER2013's."""

DRAWN = 2_000
"""Different faces in a CSV that is made; they come again and again, which no reader minds."""

_USAGE = ("Training", "PublicTest", "PrivateTest")


def csv_of(setting: Setting, limit: int | None = None) -> Path:
    """The CSV to read; with ``limit`` so many of its rows, evenly spread, in the scratch folder."""
    if setting.csv is None:
        return drawn_csv(setting.scratch / "drawn.csv", limit or ROWS)
    if limit is None:
        return setting.csv
    some, step = setting.scratch / f"{limit}-rows.csv", max(1, ROWS // limit)
    with setting.csv.open("rb") as file, some.open("wb") as out:
        out.write(next(file))
        out.writelines(islice(file, 0, step * limit, step))
    return some


def drawn_csv(path: Path, rows: int, different: int = DRAWN) -> Path:
    """Write drawn faces with FER2013's columns; each row has its own noise, so that few are alike."""
    faces, random = draw(0, range(min(rows, different))), np.random.default_rng(0)
    labels, splits = row_emotions(0, np.arange(rows)), row_split_codes(0, np.arange(rows))
    numbers = np.array([str(value) for value in range(256)])
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for row in range(rows):
            noise = random.integers(-2, 3, faces.shape[1:])
            image = np.clip(faces[row % len(faces)] + noise, 0, 255)
            pixels = " ".join(numbers[image.reshape(-1)])
            file.write(f"{labels[row]},{pixels},{_USAGE[splits[row]]}\n")
    return path


def image_arrays(setting: Setting, limit: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images uint8 (N, 48, 48), labels and splits uint8 (N,) of the CSV."""
    from feraug.sources import open_source

    parts = [*open_source(str(csv_of(setting, limit))).batches()]
    images, labels, splits = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels", "split")
    )
    return images, labels, splits
