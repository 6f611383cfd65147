"""Start of ``feraug --help`` against an empty Typer app with the same commands, in one run.

    python benchmarks/startup.py [RUNS]

The runs alternate, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from rounds import Row, Setting, Taken, Target, in_turns
from tables import show

from feraug.cli.commands import COMMANDS
from feraug.config import CLASSIFIERS, GAN_MODELS

EMPTY = f"""
import typer
app = typer.Typer(name="feraug", rich_markup_mode=None, pretty_exceptions_enable=False)
train = typer.Typer()
@train.callback()
def group(): pass
def nothing(): pass
for name in {[*GAN_MODELS, *CLASSIFIERS]!r}:
    train.command(name)(nothing)
for name in {[name for name in COMMANDS if name != "train"]!r}:
    app.command(name)(nothing)
app.add_typer(train, name="train")
app()
"""


def help_run(command: list[str]) -> Taken:
    """One start of a process until its help stands there; the processor time is the child's alone."""
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--help"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Taken(time.perf_counter() - started, usage.ru_utime + usage.ru_stime)


def rows(setting: Setting) -> list[Row]:
    """Starts are short: five times as many rounds."""
    runs = in_turns(
        {
            "feraug": lambda: help_run([sys.executable, "-m", "feraug"]),
            "Typer": lambda: help_run([sys.executable, "-c", EMPTY]),
        },
        setting.choose(5, 2) * setting.rounds,
    )
    times = [
        theirs.speed(setting.clock) / mine.speed(setting.clock)
        for mine, theirs in zip(runs["feraug"], runs["Typer"], strict=True)
    ]
    return [
        Row(
            "startup", "start of feraug --help: its time", "an empty Typer app with the same commands",
            times, target=Target(1.3, least=False), taken=runs,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    show(rows, rounds=int(sys.argv[1]) // 5 if len(sys.argv) > 1 else 5)
