"""How fast FER2013's CSV is read: pandas and ``str.split`` against feraug, in one run.

    python benchmarks/prepare_csv.py fer2013.csv [--rows N] [--repeats N]

Each reader runs in a process of its own, in turns, and reports the processor time and the peak memory it
took.  feraug's share includes the SHA-256 of the file, which pandas is spared, and every check.
``--rows`` lets pandas read only the first N rows; its time is then scaled up to all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def read_with_pandas(path: Path, rows: int | None) -> tuple[int, str]:
    """The usual recipe; returns the number of rows and the SHA-256 of all pixels."""
    import numpy as np
    import pandas as pd

    frame = pd.read_csv(path, nrows=rows)
    images = np.stack([np.array(text.split(" "), np.uint8) for text in frame["pixels"]])
    return len(images), hashlib.sha256(images).hexdigest()


def read_with_feraug(path: Path, rows: int | None) -> tuple[int, str]:
    """The reader under test, with the digest of the file; ``rows`` is ignored."""
    from feraug.sources import open_source

    source = open_source(str(path))
    source.digests()
    pixels, count = hashlib.sha256(), 0
    for batch in source.batches():
        pixels.update(batch.images)
        count += len(batch)
    return count, pixels.hexdigest()


READERS = {"pandas": read_with_pandas, "feraug": read_with_feraug}


def measure(reader: str, path: Path, rows: int | None) -> None:
    """Run one reader here and print what it took as JSON."""
    wall, processor = time.perf_counter(), time.process_time()
    count, digest = READERS[reader](path, rows)
    taken = {
        "rows": count,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - processor,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pixels_sha256": digest,
    }
    print(json.dumps(taken))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path)
    parser.add_argument("--rows", type=int, help="rows that pandas reads (default: all)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        measure(options.reader, options.csv, options.rows)
        return
    best: dict[str, dict[str, float]] = {}
    for _ in range(options.repeats):
        for reader in READERS:
            command = [sys.executable, __file__, str(options.csv), "--reader", reader]
            command += ["--rows", str(options.rows)] if options.rows else []
            taken = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            per_row = taken["cpu_s"] / taken["rows"] * 1e6
            print(
                f"{reader:7} {taken['rows']:6,} rows  {taken['wall_s']:6.2f} s wall  "
                f"{taken['cpu_s']:6.2f} s cpu  {per_row:6.1f} us/row  {taken['peak_mb']:6.0f} MB peak  "
                f"pixels {taken['pixels_sha256'][:12]}"
            )
            if reader not in best or per_row < best[reader]["per_row"]:
                best[reader] = {"per_row": per_row, "peak_mb": taken["peak_mb"]}
    ratio = best["feraug"]["per_row"] / best["pandas"]["per_row"]
    print(f"feraug takes {ratio:.3f} of pandas' time a row (best of {options.repeats}; the promise is 0.25)")


if __name__ == "__main__":
    main()
