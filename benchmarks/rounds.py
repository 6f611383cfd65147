"""Contestants in turns, what each run took, and the rows of the table that come of it.

A figure is a ratio of two runs of one round, so that a busy machine is busy for both, and its median and
range over the rounds.  Both clocks are kept: ``wall`` is what a user waits; ``cpu``, the processor time, is
what can be told on a machine that does other work as well (with one thread they mean the same).
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MEBI = 1024**2
CLOCKS = ("wall", "cpu")


@dataclass(frozen=True)
class Setting:
    """How to measure: sizes (``quick``: small ones), rounds, the clock, and where files may lie."""

    scratch: Path
    quick: bool = False
    rounds: int = 5
    clock: str = "wall"
    csv: Path | None = None

    def choose(self, full: Any, quick: Any) -> Any:
        """A size, by ``quick``."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Taken:
    """What one run took, and the ``amount`` of images, pairs or whatever it did."""

    wall_s: float
    cpu_s: float
    amount: float = 1.0
    peak_mb: float | None = None
    """The largest resident memory of the run's own process, in MiB."""
    result: Any = field(default=None, compare=False)
    """What a child gave back."""

    def speed(self, clock: str) -> float:
        """Amount a second of ``wall`` or ``cpu``."""
        return self.amount / max(self.wall_s if clock == "wall" else self.cpu_s, 1e-9)


@dataclass(frozen=True)
class Target:
    """What a figure is to reach: at least, or at most, a number."""

    number: float
    least: bool = True

    def reached(self, value: float) -> bool:
        """Whether ``value`` does."""
        return value >= self.number if self.least else value <= self.number

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {self.number:g}"


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure in every round, its median, its range, and what it is to reach."""

    name: str
    work: str
    against: str
    values: list[float]
    unit: str = "x"
    target: Target | None = None
    note: str = ""
    taken: Mapping[str, list[Taken]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the target; None without one."""
        return None if self.target is None else self.target.reached(self.median)

    def as_json(self) -> dict[str, Any]:
        """Everything, runs included."""
        return {
            "name": self.name,
            "work": self.work,
            "against": self.against,
            "median": self.median,
            "low": min(self.values),
            "high": max(self.values),
            "unit": self.unit,
            "target": None if self.target is None else str(self.target),
            "reached": self.reached,
            "note": self.note,
            "values": self.values,
            "taken": {
                name: [{k: v for k, v in asdict(one).items() if k != "result"} for one in runs]
                for name, runs in self.taken.items()
            },
        }


def taken(work: Callable[[], Any], amount: float = 1.0) -> Taken:
    """Run ``work`` in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu, amount)


def in_turns(
    contestants: Mapping[str, Callable[[], Taken]], rounds: int, *, warm_up: bool = True
) -> dict[str, list[Taken]]:
    """A B A B …: every contestant once a round; the round that warms up is not kept."""
    runs: dict[str, list[Taken]] = {name: [] for name in contestants}
    for number in range(rounds + warm_up):
        for name, run in contestants.items():
            one = run()
            if number or not warm_up:
                runs[name].append(one)
    return runs


def speed_ratios(runs: Mapping[str, list[Taken]], ours: str, theirs: str, clock: str) -> list[float]:
    """How many times as fast as ``theirs`` ours was, round by round."""
    return [
        mine.speed(clock) / other.speed(clock)
        for mine, other in zip(runs[ours], runs[theirs], strict=True)
    ]  # fmt: skip


def in_child(module: str, function: str, *arguments: Any) -> Taken:
    """Run ``module.function(*arguments)`` of this folder in a fresh process, start and imports included.

    Arguments and result go as JSON; a result with ``amount`` sets the amount.
    """
    call = json.dumps([module, function, arguments])
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import rounds; rounds.child()"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, call], check=True, stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - started
    told = json.loads(done.stdout.splitlines()[-1])
    one = Taken(wall, told["cpu_s"], 1.0, told["peak_mb"], told["result"])
    amount = one.result.get("amount") if isinstance(one.result, dict) else None
    return one if amount is None else replace(one, amount=amount)


def child() -> None:
    """The other side of :func:`in_child`."""
    module, function, arguments = json.loads(sys.argv[1])
    result = getattr(__import__(module), function)(*arguments)
    told = {"cpu_s": time.process_time(), "peak_mb": peak_mb(), "result": result}
    sys.stdout.write("\n" + json.dumps(told) + "\n")


def resident_mb() -> float:
    """Resident memory of this process now, MiB; where the system does not tell, its peak so far."""
    return _status("VmRSS") or _peak_usage()


def peak_mb() -> float:
    """The most that this process has had, MiB.

    Linux' ``ru_maxrss`` may also be that of the process which started it, so ``VmHWM`` comes first.
    """
    return _status("VmHWM") or _peak_usage()


def forget_peak() -> None:
    """Let the peak begin anew from what is resident now, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> float | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) / 1024 if found else None


def _peak_usage() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage / MEBI if sys.platform == "darwin" else usage / 1024
