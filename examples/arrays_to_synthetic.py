"""From arrays in memory to synthetic faces in HDF5, with the Python API alone.

    python examples/arrays_to_synthetic.py artifacts

``faces`` uint8 (N, 48, 48) and ``emotions`` (N,) stand for whatever you have; here they are drawn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import feraug


def write_folder(faces: NDArray[np.uint8], emotions: NDArray[np.uint8], folder: Path) -> None:
    """One PNG a face, in ``folder/EMOTION/``: a source that ``prepare`` reads byte for byte."""
    for number, (face, code) in enumerate(zip(faces, emotions, strict=True)):
        place = folder / feraug.EMOTIONS[code]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(place / f"{number:06d}.png")


def main(workspace: Path, steps: int = 2000, count: int = 1000) -> None:
    """Prepare, train a translator, make ``count`` happy faces, and look at them as an array."""
    drawn = feraug.open_dataset(feraug.prepare("drawn:350", workspace=workspace, name="drawn").path)
    faces, emotions = drawn.images, drawn.labels  # your arrays

    write_folder(faces, emotions, workspace / "pictures")
    prepared = feraug.prepare(
        workspace / "pictures", feraug.PrepareConfig(near_copies=False), workspace=workspace
    )
    print(f"{prepared.images} faces: {prepared.path.name}")

    model = feraug.train("cyclegan", pair="neutral:happy", steps=steps, workspace=workspace)
    made = feraug.synthesise(feraug.SynthConfig("neutral:happy", count), workspace=workspace)
    print(f"{made.images} 'happy' faces by {model.path.name}: {made.path.name}")

    synthetic = feraug.open_synthetic(made.path)  # .images uint8 (count, 48, 48), .labels uint8 (count,)
    row = synthetic.origin_row[0]
    before = feraug.open_dataset(prepared.path).images[row].astype(int)
    change = abs(synthetic.images[0] - before).mean()
    print(f"the first was made from row {row}, {change:.1f} grey levels from it on average")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0] if arguments else "artifacts"), *map(int, arguments[1:]))
