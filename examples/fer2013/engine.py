"""Runs the steps: a process each, stopped in time, gone on with by the next call, skipped when done.

A step's stamp in ``WORKSPACE/reproduce.json`` is written when feraug has said that its artifact is done. It
counts for as long as the command, the artifact and what the artifact was made from are the same; else feraug
is asked again, and itself says "already done", goes on, or refuses.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer2013.steps import Step

INTERRUPTED = 130
"""Exit code of a command that was stopped and has saved."""

SAVING = 120.0
"""Seconds that a stopped command has for its last checkpoint, before it is killed."""

NONE_PASSES = "images passes as"
"""What ``feraug filter`` says when it keeps nothing."""

LENGTH = re.compile(r"--(epochs|budget|steps) \S+")


@dataclass(frozen=True)
class Run:
    """What all commands of a call have in common.

    ``source`` is what is prepared instead of ``csv``; ``steps`` shortens every training to so many steps, to
    try the script; ``seed`` is that of a benchmark's first repeat; ``repeats`` replaces the scale's;
    ``piece`` is in seconds; ``machine`` tells this machine from others of the same description.
    """

    workspace: Path
    csv: Path
    ferplus: Path | None
    scale: str
    source: str | None = None
    piece: float = 540.0
    steps: int | None = None
    count: int | None = None
    seed: int = 0
    repeats: int | None = None
    machine: str = ""

    @property
    def label(self) -> str:
        """What the results are called: the scale, or ``trial``."""
        return self.scale if self.steps is None else "trial"

    def artifact(self, step: Step) -> Path:
        """The file that a step makes."""
        return self.workspace / step.makes

    def line(self, step: Step, state: Mapping[str, Stamp] | None = None) -> str:
        """The plain command without ``feraug``, as one would type it with the workspace ``artifacts``.

        With the stamps in ``state``, sets of steps that came to nothing are left out.
        """
        line = (
            step.line if self.source is None else step.line.replace("fer2013.csv", shlex.quote(self.source))
        )
        if self.steps is not None and line.startswith(("train ", "bench ")):
            line = f"{' '.join(LENGTH.sub('', line).split())} --steps {self.steps}"
        if self.count is not None:
            line = re.sub(r"-n \d+", f"-n {self.count}", line)
        if line.startswith("bench "):
            if self.repeats is not None:
                line = re.sub(r"--repeats \d+", f"--repeats {self.repeats}", line)
            line += f" --seed {self.seed}" if self.seed else ""
        for name in step.sets:
            if state is None or name not in state or state[name].sha256:
                line += f" --synthetic {name}"
        return line

    def arguments(self, line: str) -> list[str]:
        """A plain command for this workspace and these source files."""
        files = {"fer2013.csv": str(self.csv), "fer2013new.csv": str(self.ferplus)}
        files |= {} if self.source is None else {self.source: self.source}  # as they were given
        words = [
            files.get(word) or re.sub("^artifacts/", lambda _: f"{self.workspace}/", word)
            for word in shlex.split(line)
        ]
        return [*words, "-w", str(self.workspace)]


@dataclass(frozen=True)
class Stamp:
    """How a step ended: its command, what it was made from, its artifact's SHA-256, or why there is none."""

    line: str
    inputs: Mapping[str, str]
    sha256: str
    why: str = ""


def read_stamps(workspace: Path) -> dict[str, Stamp]:
    """The stamps of a workspace."""
    path = workspace / "reproduce.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: Stamp(**values) for name, values in found.items()}


def write_stamps(workspace: Path, stamps: Mapping[str, Stamp]) -> None:
    """Replace the stamps of a workspace by these, all or none."""
    path = workspace / "reproduce.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".json.new")
    new.write_text(
        json.dumps({name: vars(stamp) for name, stamp in stamps.items()}, indent=1) + "\n",
        encoding="utf-8",
        newline="\n",
    )
    new.replace(path)


def settled(step: Step, run: Run, stamps: Mapping[str, Stamp]) -> bool:
    """Whether a step is done, or is known to come to nothing, and nothing before it has changed."""
    stamp = stamps.get(step.name)
    if stamp is None or stamp.line != run.line(step, stamps) or stamp.inputs != _inputs(step, stamps):
        return False
    return not stamp.sha256 or sha256(run.artifact(step)) == stamp.sha256


def missing(step: Step, stamps: Mapping[str, Stamp]) -> list[str]:
    """What has to be done before a step, and is not: steps that it needs, and sets not yet tried.

    Where every set came to nothing they all are missing: without them ``bench`` would take whatever there is.
    """
    needed = [name for name in step.needs if name not in stamps or not stamps[name].sha256]
    untried = [name for name in step.sets if name not in stamps]
    empty = not any(stamps[name].sha256 for name in step.sets if name in stamps)
    return list(dict.fromkeys(needed + (list(step.sets) if empty else untried)))


def run_step(
    step: Step, run: Run, stamps: dict[str, Stamp], deadline: float, keep: Callable[[Step, str, Any], None]
) -> str:
    """Run a step in pieces until ``deadline`` (of ``time.monotonic``); ``done``, ``nothing``, ``failed``, ``later``.

    ``keep`` is given the step, its command and what it printed (None after a piece that is not the last).
    """  # noqa: E501
    line = run.line(step, stamps)
    while True:
        seconds = min(run.piece, deadline - time.monotonic())
        if seconds <= 0:
            return "later"
        code, printed, told = command(run.arguments(line), seconds)
        if code == 0:
            stamps[step.name] = Stamp(line, _inputs(step, stamps), sha256(run.artifact(step)))
            write_stamps(run.workspace, stamps)
            keep(step, line, json.loads(printed))
            return "done"
        keep(step, line, None)
        if code == INTERRUPTED:
            if seconds > 0.9 * run.piece and not step.pieces:  # it was the first of this call, or nearly
                print(
                    f"{step.name}: cannot be cut, and takes longer; --piece and --minutes give it more",
                    file=sys.stderr,
                )
                return "failed"
            continue
        if code == 1 and NONE_PASSES in told:  # a result, and others go on without the set
            stamps[step.name] = Stamp(line, _inputs(step, stamps), "", "no image passed")
            write_stamps(run.workspace, stamps)
            return "nothing"
        return "failed"


def command(arguments: Sequence[str], seconds: float) -> tuple[int, str, str]:
    """Run ``feraug ARGUMENTS --json`` for so many seconds at most: its exit code, and what it printed.

    After that it is interrupted (SIGINT), as by Ctrl-C: it saves, and ends with 130. It has a session of its
    own, so that Ctrl-C here reaches it once, through this function. What goes to stderr, such as progress, is
    shown as it comes; that of a filter is kept, shown at its end, and returned.
    """
    kept = subprocess.PIPE if arguments[0] == "filter" else None
    child = subprocess.Popen(
        [sys.executable, "-m", "feraug", *arguments, "--json"],
        stdout=subprocess.PIPE, stderr=kept, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        code, printed, told = _ended(child, seconds)
    except subprocess.TimeoutExpired:
        code, printed, told = _stopped(child)
    except BaseException:
        _stopped(child)
        raise
    sys.stderr.write(told)
    return code, printed, told


def _stopped(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    child.send_signal(signal.SIGINT)
    try:
        return _ended(child, SAVING)
    except subprocess.TimeoutExpired:  # the last checkpoint stays
        child.kill()
        return INTERRUPTED, *_ended(child, None)[1:]


def _ended(child: subprocess.Popen[str], seconds: float | None) -> tuple[int, str, str]:
    printed, told = child.communicate(timeout=seconds)
    return child.returncode, printed, told or ""


def shown(run: Run, line: str) -> str:
    """A command as a person types it."""
    other = "" if str(run.workspace) == "artifacts" else f" -w {shlex.quote(str(run.workspace))}"
    return f"feraug {line}{other}"


def sha256(path: Path) -> str:
    """SHA-256 of a file, hex; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mind_interrupts() -> None:
    """Let Ctrl-C and a time limit's SIGINT through where a script has started this in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a handler is not inherited, SIG_IGN would be


def device() -> str:
    """What ``--device auto`` takes here, in words."""
    if any(map(shutil.which, ("nvidia-smi", "rocm-smi"))):  # without these it is not worth seconds to ask
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name(0)
    threads = os.environ.get("OMP_NUM_THREADS")
    return f"{platform.machine()} CPU, {os.cpu_count()} cores" + (
        f", OMP_NUM_THREADS={threads}" if threads else ""
    )


def _inputs(step: Step, stamps: Mapping[str, Stamp]) -> dict[str, str]:
    return {name: stamps[name].sha256 for name in step.before if name in stamps}
