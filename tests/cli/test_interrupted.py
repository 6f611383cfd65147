"""Signals, closed pipes and odd terminals: processes of their own."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.forked import become, start

from feraug.cli.main import main
from feraug.store.model import read_model
from feraug.store.workspace import Workspace

FERAUG = [sys.executable, "-m", "feraug"]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FERAUG, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        timeout=300,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_keeps_others_out_and_a_signal_saves_and_says_how_to_go_on(
    workspace: Workspace, feraug: Callable[..., Any], tiny: tuple[str, ...], number: signal.Signals
) -> None:
    arguments = ("train", "cyclegan", *tiny, "--steps", "100000", "-w", str(workspace.root))
    path = workspace.model("cyclegan-neutral-happy")
    process = start(*arguments, "--checkpoint-every", "0s")
    until = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    second = feraug(*arguments)
    process.send_signal(number)
    assert second.code == 1
    assert second.error == (
        f"{path}: another feraug process is writing it; wait for it or use another --name"
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "interrupted; saved. The same command goes on from here"
    saved = read_model(path)
    assert f"(step {saved.step:,} of 100,000)" in out
    assert 1 <= saved.step < 100_000
    assert not saved.finished
    assert len(saved.arrays["history/cycle_a"]) == saved.step
    assert sorted(entry.name for entry in path.parent.glob(".*")) == [f".{path.name}.lock"]


def test_a_terminal_that_closes_in_training_loses_nothing(
    workspace: Workspace, tiny: tuple[str, ...]
) -> None:
    import pty

    training = ["train", "cyclegan", *tiny, "--steps", "100000", "-w", str(workspace.root)]
    path = workspace.model("cyclegan-neutral-happy")
    child, terminal = pty.fork()
    if child == 0:
        become(*training, "--checkpoint-every", "0s")
    # The bar must be read, or the terminal would be full and the training wait for ever.
    until = time.monotonic() + 120
    while not path.exists() and time.monotonic() < until:
        os.read(terminal, 4096)
    os.close(terminal)  # the kernel sends SIGHUP, and nobody reads the words of farewell
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)
    saved = read_model(path)
    assert 1 <= saved.step < 100_000
    assert len(saved.arrays["history/cycle_a"]) == saved.step
    assert (workspace.samples(path.stem) / f"step-{saved.step:06d}.png").exists()


def test_an_interrupt_in_synth_leaves_nothing(trained: Workspace) -> None:
    process = start("synth", "-n", "1000000", "-w", str(trained.root))
    until = time.monotonic() + 120
    while not list(trained.root.glob("synthetic/.*.partial")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, ""), err
    assert err.splitlines()[-1].startswith("error: interrupted; files are whole, and the same command")
    assert "Traceback" not in err
    left = [path.name for path in (trained.root / "synthetic").iterdir()]
    assert left == [".cyclegan-neutral-happy.h5.lock"], "empty, and of use to the next"


@pytest.mark.parametrize("closed", ["| head -1", ">&-"])
def test_a_closed_stdout_is_not_worth_a_word(workspace: Workspace, closed: str) -> None:
    shell = f"'{sys.executable}' -m feraug info '{workspace.dataset()}' {closed}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert done.stderr == ""


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", [["info", "artifacts/dataset.h5"], ["info", "artifacts/dataset.h5", "--json"], [], ["--help"]]
)
def test_a_full_stdout_is_one_line(workspace: Workspace, command: list[str], unbuffered: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*FERAUG, *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=workspace.root.parent,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    reason = os.strerror(errno.ENOSPC)
    assert done.stderr == f"error: stdout: {reason}; free some space, or send the output elsewhere\n"
    assert done.returncode == 1


@needs_full
def test_a_failure_after_words_that_a_full_stdout_never_took(workspace: Workspace) -> None:
    # The words wait in a buffer, which Python would empty once more while it shuts down.
    script = """
import sys
import feraug.cli.console as console
from feraug.cli.main import main
from feraug.errors import SourceError

def fail(*_):
    sys.stdout.write("begun")
    raise SourceError("x.csv: bad; mend it")

console.print_text = fail
main()
"""
    with FULL.open("w") as full:
        command = [sys.executable, "-c", script, "info", str(workspace.dataset())]
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
    assert (done.returncode, done.stderr) == (1, "error: x.csv: bad; mend it\n")


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_stderr_takes_nothing_from_the_result(tmp_path: Path, unbuffered: str) -> None:
    command = [*FERAUG, "prepare", "drawn:280", "-w", str(tmp_path)]  # which has a note to tell
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, env=environment)
    assert done.returncode == 0
    assert "wrote: " in done.stdout


def test_a_reader_that_goes_before_the_help(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        FERAUG, stdout=writing, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_reader_that_has_gone_before_the_first_word(workspace: Workspace) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*FERAUG, "info", workspace.dataset(), "--json"], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_COLOR": "1"},
        {"COLUMNS": "20"},
        {"TERM": "dumb"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"HOME": ""},
    ],
    ids=str,
)
def test_odd_environments(workspace: Workspace, environment: dict[str, str]) -> None:
    done = run("info", workspace.dataset(), **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "happy" in done.stdout
    assert "280" in done.stdout
    assert "\x1b" not in done.stdout


def test_no_home(workspace: Workspace) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    command = [*FERAUG, "info", str(workspace.dataset()), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["images"] == 280


@pytest.mark.parametrize("step", ["make_context", "invoke", "resolve_command"])
def test_an_interrupt_before_the_work_begins_has_its_line_too(step: str) -> None:
    script = f"""
import sys
import typer.core
from feraug.cli.main import main

def interrupted(*_, **__):
    raise KeyboardInterrupt

typer.core.TyperGroup.{step} = interrupted
sys.argv = ["feraug", "info", "x"]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("error: interrupted; files are whole")


@pytest.mark.parametrize(
    "arguments", [["-m", "feraug"], ["-c", "from feraug.cli.main import main; main()"]], ids=["-m", "script"]
)
def test_an_interrupt_while_the_command_line_is_imported(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("error: interrupted; files are whole")
    assert done.stderr.count("\n") == 1


def test_little_is_imported_before_interrupts_are_minded() -> None:
    script = (
        "import sys, feraug.cli.main; print(sorted({'typer', 'typing', 'pathlib', 're'} & set(sys.modules)))"
    )
    # -S: what site-packages import at the start is not ours.
    command = [sys.executable, "-S", "-c", script]
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": source}, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("rank", "code"), [("0", 130), ("1", 0)])
def test_of_several_processes_the_first_alone_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, rank: str, code: int
) -> None:
    """Fabric kills the first, which may be saving, when another ends with a code."""
    monkeypatch.setattr("sys.argv", ["feraug", "doctor"])
    monkeypatch.setattr("feraug.cli.root.run", _interrupted)
    monkeypatch.setenv("RANK", rank)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == code


def _interrupted() -> int:
    raise KeyboardInterrupt
