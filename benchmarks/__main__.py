"""``python -m benchmarks``: feraug's speed and memory beside what one would use instead, in one table.

Every figure is a ratio of runs that took turns on this machine, the median of some rounds with its range.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":  # as `python -m benchmarks`; the scripts import each other by their plain names
    sys.path.insert(0, str(Path(__file__).parent))

from rounds import CLOCKS, Row, Setting
from tables import machine, markdown_table, text_table, write_json

BENCHMARKS = {
    "prepare": ("prepare_csv", "a CSV of FER2013's size, beside pandas: time, peak memory"),
    "translator": ("translator_training", "training, beside a plain loop, a PIL loop, the convolution rate"),
    "classifier": ("classifier_training", "training, beside the bare network and a PIL loop"),
    "synth": ("synthesis", "images a second, beside the bare network"),
    "ssim": ("ssim", "all pairs, beside scikit-image"),
    "startup": ("startup", "feraug --help, beside an empty Typer app"),
    "near-copies": ("near_copies", "the audit, beside perceptual hashes (ImageHash): time, recall"),
    "memory": ("memory", "growth while training on FER2013's size, beside a bare loop"),
    "growth": ("growth", "1, 10 and 100 times the images: time linear, memory flat?"),
}
"""Name, module and what it measures; each module has a function ``rows``, and runs on its own."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    listed = "\n".join(f"  {name:12} {text}" for name, (_, text) in BENCHMARKS.items())
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n{listed}\n\nOn a GPU: python benchmarks/gpu.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help="repeatable")
    made.add_argument("--quick", action="store_true", help="small sizes: does it run, and roughly what comes")
    made.add_argument("--rounds", type=int, default=5, help="turns of each contestant (default 5)")
    made.add_argument(
        "--clock", choices=CLOCKS, default="wall",
        help="cpu: compare processor times, on a machine that does other work; with OMP_NUM_THREADS=1",
    )  # fmt: skip
    made.add_argument("--csv", type=Path, help="fer2013.csv; without it one of drawn faces, as large")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every run there")
    made.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return made


def measured(names: list[str], setting: Setting) -> list[Row]:
    """All rows of the named benchmarks; one whose packages are not installed is left out, and told."""
    rows: list[Row] = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            module = importlib.import_module(BENCHMARKS[name][0])
        except ModuleNotFoundError as problem:
            print(f"{name}: needs {problem.name}; pip install '.[benchmarks]'", file=sys.stderr)
            continue
        rows += module.rows(setting)
    return rows


def main() -> None:
    """Measure what is asked for, print the table, write the file."""
    options = parser().parse_args()
    if options.rounds < 1:
        raise SystemExit("--rounds: one or more")
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(Path(scratch), options.quick, options.rounds, options.clock, options.csv)
        rows = measured(options.only or [*BENCHMARKS], setting)
    about = machine()
    print(
        f"{about['processor']}, {about['cores']} cores, {about['threads']} threads, "
        f"Python {about['python']}; medians of {options.rounds} rounds by {options.clock} time"
    )
    print((markdown_table if options.markdown else text_table)(rows))
    if options.json:
        write_json(options.json, rows, setting)


if __name__ == "__main__":
    main()
