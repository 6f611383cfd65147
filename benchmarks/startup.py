"""Start of ``feraug --help`` against an empty Typer app with the same commands, in one run.

    python benchmarks/startup.py [RUNS]

Prints the median milliseconds of both and their ratio; the runs alternate, so that a busy
machine disturbs both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

EMPTY = """
import typer
app = typer.Typer(name="feraug", rich_markup_mode=None, pretty_exceptions_enable=False)
train = typer.Typer()
@train.callback()
def group(): pass
@train.command("cyclegan")
def cyclegan(): pass
def nothing(): pass
for name in ("prepare", "synth", "info", "export"):
    app.command(name)(nothing)
app.add_typer(train, name="train")
app()
"""


def milliseconds(command: list[str]) -> float:
    """Wall time of one run, in milliseconds."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    ours = [sys.executable, "-m", "feraug", "--help"]
    empty = [sys.executable, "-c", EMPTY, "--help"]
    times = [(milliseconds(ours), milliseconds(empty)) for _ in range(runs)]
    feraug, typer = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"feraug --help {feraug:.0f} ms, empty Typer app {typer:.0f} ms; median of {runs} runs")
    print(f"ratio {feraug / typer:.2f}")


if __name__ == "__main__":
    main()
