"""FER2013's CSV into a dataset: ``feraug prepare --no-near-copies`` against pandas and ``str.split``.

    python benchmarks/prepare_csv.py [fer2013.csv] [--rows N] [--rounds 3]

Each runs in a process of its own, start and imports included.  pandas parses the rows and splits each into
pixels, and keeps them; feraug also checks every cell, audits, digests the file and writes ``dataset.h5``.
Without a CSV one of drawn faces, as large, is made.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from csv_files import csv_of
from rounds import Row, Setting, Target, in_child, in_turns, speed_ratios
from tables import show


def read_with_pandas(path: str) -> dict[str, Any]:
    """The usual recipe; the number of rows and the SHA-256 of all pixels."""
    import numpy as np
    import pandas as pd

    frame = pd.read_csv(path)
    images = np.stack([np.array(text.split(" "), np.uint8) for text in frame["pixels"]])
    return {"amount": len(images), "pixels": hashlib.sha256(images).hexdigest()}


def prepare_with_feraug(path: str, workspace: str) -> None:
    """The command."""
    from feraug.cli.main import main as feraug

    sys.argv = ["feraug", "prepare", path, "--no-near-copies", "--overwrite", "-q", "-w", workspace]
    with suppress(SystemExit):
        feraug()


def pixels_digest(out: Path) -> str:
    """The SHA-256 of a dataset's pixels."""
    from feraug.store.dataset import read_dataset

    return hashlib.sha256(read_dataset(out).images).hexdigest()


def rows(setting: Setting, limit: int | None = None) -> list[Row]:
    """Time a row, and feraug's peak memory."""
    limit = limit or setting.choose(None, 6000)
    path, out = csv_of(setting, limit), setting.scratch / "dataset.h5"
    runs = in_turns(
        {
            "feraug": lambda: in_child("prepare_csv", "prepare_with_feraug", str(path), str(out.parent)),
            "pandas": lambda: in_child("prepare_csv", "read_with_pandas", str(path)),
        },
        setting.rounds,
        warm_up=False,
    )
    count = runs["pandas"][0].amount
    runs["feraug"] = [replace(one, amount=count) for one in runs["feraug"]]
    if pixels_digest(out) != runs["pandas"][0].result["pixels"]:
        raise SystemExit(f"{path}: feraug and pandas read different pixels")
    peaks = {name: [one.peak_mb or 0.0 for one in runs[name]] for name in runs}
    size = f"{path.stat().st_size / 1e6:.0f} MB, {runs['pandas'][0].amount:,.0f} rows; the same pixels"
    return [
        Row("prepare", "prepare --no-near-copies, rows/s", "pandas, split per row",
            speed_ratios(runs, "feraug", "pandas", setting.clock), target=Target(4.0), note=size, taken=runs),
        Row("prepare-memory", "prepare --no-near-copies, peak", "(pandas: "
            f"{statistics.median(peaks['pandas']):.0f} MiB)", peaks["feraug"], unit="MiB",
            target=Target(400.0, least=False)),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, help="only the first N rows (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    show(lambda setting: rows(setting, options.rows), rounds=options.rounds, csv=options.csv)


if __name__ == "__main__":
    main()
