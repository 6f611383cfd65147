"""A command of feraug in a process of its own, without the seconds in which it would import torch.

The process is forked from this one, which has imported it: for tests of signals, kills and locks, which
want a process but not its start.  That a start works is what ``tests/cli/test_command_line.py`` is for.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from feraug.cli.main import main


@dataclass
class Forked:
    """A running command; of :class:`subprocess.Popen` it has what the tests need."""

    pid: int
    returncode: int | None = None
    """The exit code, or minus the number of the signal that ended it; None while it runs."""
    streams: tuple[IO[bytes], ...] = ()

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float = 120.0) -> int:
        """Wait for the end; after ``timeout`` seconds it is killed."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                self.send_signal(signal.SIGKILL)
            time.sleep(0.005)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 120.0) -> tuple[str, str]:
        """Wait for the end; what it wrote to stdout and to stderr."""
        self.wait(timeout)
        out, err = (_text(stream) for stream in self.streams)
        return out, err


def start(*arguments: str | Path) -> Forked:
    """Start ``feraug ARGUMENTS``."""
    streams = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  (read at the end)
    with warnings.catch_warnings():
        # Other threads of this process: xdist's, which reads and writes pipes that the child leaves alone.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        for number, stream in enumerate(streams, start=1):
            os.dup2(stream.fileno(), number)
        become(*arguments)
    return Forked(pid, streams=streams)


def become(*arguments: str | Path) -> NoReturn:
    """In a process that has been forked: be ``feraug ARGUMENTS``.

    Nothing of pytest's may run here, so it leaves without cleaning up.
    """
    code = 1
    try:
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        sys.argv = ["feraug", *map(str, arguments)]
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a terminal that has gone
                stream.flush()
        os._exit(code)


def _text(stream: IO[bytes]) -> str:
    with stream:
        stream.seek(0)
        return stream.read().decode()
