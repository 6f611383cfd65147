"""FER2013 relabelled by the FER+ votes: what changes, and where the ten voters disagree.

    python examples/ferplus_relabelling.py fer2013.csv fer2013new.csv artifacts

fer2013new.csv: https://github.com/microsoft/FERPlus
"""

from __future__ import annotations

import sys

import numpy as np

import feraug


def main(csv: str, votes: str, workspace: str = "artifacts") -> None:
    """Prepare both ways, and print how the labels move."""
    config = feraug.PrepareConfig(labels="ferplus", near_copies=False)
    prepared = feraug.prepare(csv, config, workspace=workspace, name="ferplus", ferplus=votes)
    faces = feraug.open_dataset(prepared.path)
    old, new = faces.columns["source_labels"], faces.labels

    print(f"{len(faces)} faces kept; dropped: {prepared.facts['dropped']}")
    print(f"another emotion than in FER2013: {(old != new).sum()} ({(old != new).mean():.1%})")
    for code, emotion in enumerate(feraug.EMOTIONS):
        counts = np.bincount(new[old == code], minlength=len(feraug.EMOTIONS))
        moved = ", ".join(
            f"{count} {feraug.EMOTIONS[to]}" for to, count in enumerate(counts) if count and to != code
        )
        print(f"  {emotion}: {counts[code]} stay" + (f"; {moved}" if moved else ""))

    agreement = faces.columns["ferplus"].max(axis=1) / faces.columns["ferplus"].sum(axis=1)
    print(f"votes for the winner: {agreement.mean():.0%} on average")
    sure = agreement >= 0.8
    print(
        f"faces on which at least 80 % agree: {sure.sum()}; train on those alone, if you like: images[sure]"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
