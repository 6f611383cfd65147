"""The whole protocol on FER2013, with feraug's own commands, in pieces; results are added to a page.

    python examples/reproduce_fer2013.py --csv fer2013.csv --ferplus fer2013new.csv --scale full
    python examples/reproduce_fer2013.py --list            # the plain commands, and what is there
    python examples/reproduce_fer2013.py --report          # docs/results/fer2013.md out of what was found

Call it again, with the same options, until all is done: what is done is skipped, what was stopped goes on.
To see whether it would run, without any data: --source drawn:1000 --scale reduced --steps 3 --count 20.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from fer2013 import engine
from fer2013.engine import Run
from fer2013.steps import PRIORITIES, SCALES, Step, steps


def main(arguments: list[str] | None = None) -> int:
    """0: all that was asked for is done; 1: something failed; 3: there is more to do."""
    args = parsed(arguments)
    if args.report:
        from fer2013.report import write_page

        if not results(args).is_dir():
            sys.exit(f"error: {results(args)}: no such folder; --results names that of the JSON files")
        print(f"wrote: {write_page(results(args))}")
        return 0
    run = Run(
        workspace=args.workspace, csv=args.csv, source=args.source, ferplus=args.ferplus, scale=args.scale,
        piece=60 * min(args.piece, args.minutes), steps=args.steps, count=args.count, seed=args.seed,
        repeats=args.repeats, machine=args.machine,
    )  # fmt: skip
    every = steps(SCALES[args.scale], ferplus=args.ferplus is not None or args.list)
    unknown = set(args.only) - {step.name for step in every} - {str(number) for number in PRIORITIES}
    if unknown:
        sys.exit(f"error: --only {sorted(unknown)[0]}: no such step; --list names them")
    chosen = [step for step in every if not args.only or {step.name, str(step.priority)} & set(args.only)]
    return listed(chosen, run) if args.list else work(chosen, run, args)


def work(chosen: list[Step], run: Run, args: argparse.Namespace) -> int:
    """Run what is not done of the chosen steps, in their order, for ``--minutes``."""
    from fer2013.record import Recorder

    engine.mind_interrupts()
    deadline = time.monotonic() + 60 * args.minutes
    stamps, recorder = engine.read_stamps(run.workspace), Recorder(run, results(args))
    ends: dict[str, str] = {}
    for step in chosen:
        if engine.settled(step, run, stamps) and not recorder.lacks(step):
            ends[step.name] = "done"
        elif lacking := engine.missing(step, stamps):
            ends[step.name] = "waits"
            print(f"{step.name}: waits for {', '.join(lacking)}")
        elif time.monotonic() >= deadline:
            ends[step.name] = "later"
        else:
            print(f"{step.name}: {engine.shown(run, run.line(step, stamps))}", flush=True)
            try:
                ends[step.name] = engine.run_step(step, run, stamps, deadline, recorder.keep)
            except KeyboardInterrupt:
                recorder.keep(step, run.line(step, stamps), None)
                print(f"{step.name}: stopped; the same command goes on", file=sys.stderr)
                return engine.INTERRUPTED
            print(f"{step.name}: {ends[step.name]}", flush=True)
    count = {end: list(ends.values()).count(end) for end in ("done", "nothing", "failed", "waits", "later")}
    print(", ".join(f"{number} {end}" for end, number in count.items() if number))
    return 1 if count["failed"] else 3 if count["later"] or count["waits"] else 0


def results(args: argparse.Namespace) -> Path:
    """The folder of the JSON files; a trial's stay out of the docs."""
    if args.results is not None:
        return Path(args.results)
    return Path("docs/results/fer2013") if args.steps is None else Path(args.workspace) / "trial"


def listed(chosen: list[Step], run: Run) -> int:
    """Print the plain commands in their order, each with whether it is done."""
    stamps, priority = engine.read_stamps(run.workspace), 0
    for step in chosen:
        if step.priority != priority:
            priority = step.priority
            print(f"\n# {priority}. {PRIORITIES[priority].replace('`', '')}")
        there = engine.settled(step, run, stamps)
        state = "done" if there else "there" if run.artifact(step).exists() else ""
        if there and not stamps[step.name].sha256:
            state = "nothing"
        print(f"{engine.shown(run, run.line(step, stamps))}  # {step.name}{': ' if state else ''}{state}")
    return 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--csv", type=Path, default=Path("fer2013.csv"), help="FER2013 (default: fer2013.csv)")
    add("--source", help="another source instead, as 'feraug prepare' takes it")
    add("--ferplus", type=Path, help="the FER+ votes, fer2013new.csv; without them their steps are left out")
    add("-w", "--workspace", type=Path, default=Path("artifacts"), help="(default: artifacts)")
    add("--scale", choices=list(SCALES), default="full", help="full: a GPU; reduced: two CPU cores")
    add(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="this step, or priority 1 to 10; repeatable",
    )
    add("--list", action="store_true", help="print the plain commands in order, and what is there")
    add("--minutes", type=float, default=9.0, help="time to spend in this call (default: 9)")
    add("--piece", type=float, default=9.0, help="minutes before a command is stopped, saved (default: 9)")
    add("--repeats", type=int, help="repeats of every benchmark, instead of the scale's")
    add("--seed", type=int, default=0, help="first seed of the benchmarks: another machine's repeats")
    add(
        "--machine",
        default="",
        help="what to call this one, where another looks alike: its repeats pair with its own",
    )
    add("--steps", type=int, help="train everything for so many steps only; results are called 'trial'")
    add("--count", type=int, help="images a synthetic set, instead of the scale's")
    add(
        "--results",
        type=Path,
        help="of the JSON files (default: docs/results/fer2013; with --steps WORKSPACE/trial)",
    )
    add(
        "--report",
        action="store_true",
        help="write the page, RESULTS with .md at its end, out of the JSON files",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
