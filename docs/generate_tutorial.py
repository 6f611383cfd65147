"""Run the console blocks of docs/tutorial.md and write what they print now into the page.

    python docs/generate_tutorial.py            # rewrite outputs that are old, and the tutorial's pictures
    python docs/generate_tutorial.py --fresh    # and those that differ in no more than hardware decides
    python docs/generate_tutorial.py --check    # only say what would change

Every ``console`` block of the page is a list of ``$ feraug ...`` lines, each followed by what it
prints on stdout.  They run in the order of the page in an empty folder, which the page calls /home/you.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

DOCS = Path(__file__).parent
PAGE = DOCS / "tutorial.md"
HOME = "/home/you"
PICTURES = {
    "artifacts/models/cyclegan-neutral-happy/step-000020.png": "tutorial-samples.png",
    "artifacts/ssim/cyclegan-neutral-happy.png": "tutorial-ssim.png",
    "artifacts/ssim/cyclegan-neutral-happy-pairs.png": "tutorial-pairs.png",
    "artifacts/compare/neutral-happy.png": "tutorial-compare.png",
    "artifacts/plots/bench-simple.png": "tutorial-bench.png",
}
"""What the commands draw, and its name in ``docs/pictures``."""

MEASURED = ("train", "filter", "ssim", "compare", "bench")
"""Commands whose figures come out of trained networks: other hardware rounds otherwise."""


@dataclass(frozen=True)
class Command:
    """A command of the page and what the page says it prints; ``start``, ``end``: lines of the output."""

    line: str
    output: str
    start: int
    end: int

    @property
    def arguments(self) -> list[str]:
        """The words after ``feraug``."""
        return shlex.split(self.line, comments=True)[1:]


def commands(page: str) -> Iterator[Command]:
    """The commands of a page's console blocks, in order."""
    lines = page.split("\n")
    inside, typed, start = False, "", 0
    for number, line in enumerate(lines):
        if line.startswith("```"):
            ended = inside
            inside = not inside and line == "```console"
        else:
            ended = inside and line.startswith("$ ")
        if ended and typed:
            yield Command(typed, "\n".join(lines[start:number]), start, number)
            typed = ""
        if inside and line.startswith("$ "):
            typed, start = line.removeprefix("$ "), number + 1


def run(command: Command, folder: Path) -> str:
    """What a command prints on stdout when run in ``folder``, as the page shows it.

    Raises :class:`RuntimeError` with its stderr when it fails.
    """
    from feraug.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FERAUG_")}
    with (
        contextlib.chdir(folder),
        patch.dict(os.environ, {**clean, "COLUMNS": "80"}, clear=True),
        patch.object(sys, "argv", ["feraug", *command.arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = 0
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
    if code:
        raise RuntimeError(f"{command.line}: exit code {code}\n{err.getvalue()}")
    lines = [line.rstrip() for line in out.getvalue().replace(str(folder), HOME).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n"))


def comparable(command: Command, output: str) -> str:
    """An output without what may differ from machine to machine; all else must be the same.

    Digests go everywhere: they are of files with trained weights in them, and of faces drawn in
    floating point.  Of commands that print what networks did, the numbers go, and with them the
    widths of columns; which epoch was chosen; and what a benchmark concludes.
    """
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "<digest>", output)
    if command.arguments[0] not in MEASURED:
        return text
    text = re.sub(r"(?m)^real\+synthetic.*$", "<conclusion>", text)  # tables begin with a blank
    text = re.sub(r"(?:<conclusion>\n)+", "<conclusion>\n", text)
    text = text.replace(" (chosen)", "")
    text = re.sub(r"[+-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?", "#", text)
    return re.sub(r"─+", "─", re.sub(r" +", " ", text))


def rewritten(page: str, folder: Path) -> str:
    """The page with the outputs of now; an output that differs in nothing but the incomparable stays."""
    lines = page.split("\n")
    for command in reversed([*_ran(page, folder)]):
        lines[command.start : command.end] = command.output.split("\n") if command.output else []
    return "\n".join(lines)


def _ran(page: str, folder: Path) -> Iterator[Command]:
    for command in commands(page):
        began = time.process_time()
        now = run(command, folder)
        print(f"{time.process_time() - began:5.1f} s  {command.line}", file=sys.stderr)
        same = "--fresh" not in sys.argv and comparable(command, now) == comparable(command, command.output)
        yield Command(command.line, command.output if same else now, command.start, command.end)


def main() -> int:
    """Rewrite the page, or with ``--check`` say what would change."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        now = rewritten(page, folder)
        if "--check" in sys.argv:
            sys.stdout.writelines(difflib.unified_diff(page.splitlines(True), now.splitlines(True)))
            return int(now != page)
        PAGE.write_text(now, encoding="utf-8")
        for there, here in PICTURES.items():
            shutil.copy(folder / there, DOCS / "pictures" / here)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
