"""A command of feraug in a process of its own, without the seconds in which it would import torch.

The process is forked from this one, which has imported it: for tests of signals, kills and locks, which
want a process but not its start.  That a start works is what ``tests/cli/test_command_line.py`` is for.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
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

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        self.send_signal(signal.SIGTERM)

    def communicate(self, timeout: float = 120.0) -> tuple[str, str]:
        """Wait for the end; what it wrote to stdout and to stderr."""
        self.wait(timeout)
        out, err = (_text(stream) for stream in self.streams)
        return out, err


def start(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    command: Callable[[], object] = main,
) -> Forked:
    """Start ``feraug ARGUMENTS`` (or another ``command``); ``environment`` beside that of this process."""
    streams = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  (read at the end)
    with warnings.catch_warnings():
        # Other threads of this process: xdist's, which reads and writes pipes that the child leaves alone.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.environ.update(environment or {})
        for number, stream in enumerate(streams, start=1):
            os.dup2(stream.fileno(), number)
        become(*arguments, command=command)
    return Forked(pid, streams=streams)


def start_two(*arguments: str | Path, command: Callable[[], object] = main) -> tuple[Forked, Forked]:
    """As ``start``, in two processes that work together, as ``torchrun`` would."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    together = {
        "TORCHELASTIC_RUN_ID": "tests", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        "GROUP_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
    }  # fmt: skip
    first, second = (
        start(*arguments, environment={**together, "RANK": rank, "LOCAL_RANK": rank}, command=command)
        for rank in "01"
    )
    return first, second


def become(*arguments: str | Path, command: Callable[[], object] = main) -> NoReturn:
    """In a process that has been forked: be ``feraug ARGUMENTS``.

    Nothing of pytest's may run here, so it leaves without cleaning up.
    """
    code = 1
    try:
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        sys.argv = ["feraug", *map(str, arguments)]
        command()
        code = 0
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
