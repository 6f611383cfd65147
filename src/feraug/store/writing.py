"""New HDF5 files, written so that a full disk is an error and not a crash."""

from __future__ import annotations

import atexit
import io
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import h5py

from feraug.store.atomic import atomic_path


class _PatientStream(io.FileIO):
    """A file that remembers its first failure and takes all that comes after without a word.

    libhdf5 cannot cope with a write that fails while it closes a file: it tries again, prints, and
    in the end crashes the process.  So it never hears of one, nor of Ctrl-C in the middle of a
    write; :meth:`check` tells us.
    """

    problem: BaseException | None = None

    def write(self, data: Any) -> int:
        """Write all of ``data``, or remember why not."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.problem is None and done < len(view):
                done += super().write(view[done:])
        except BaseException as problem:
            self.problem = problem
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Cut or extend the file, or remember why not."""
        try:
            return super().truncate(size)
        except BaseException as problem:
            self.problem = self.problem or problem
            return size or 0

    def check(self) -> None:
        """Raise the failure that came first, if there was one."""
        if self.problem is not None:
            raise self.problem


@dataclass(frozen=True)
class NewArtifact:
    """A file that is being written; call :meth:`check` after writing much, to stop early on a full disk."""

    file: h5py.File
    _stream: _PatientStream

    def check(self) -> None:
        """Raise the :class:`OSError` of the first write that failed, if one did."""
        self._stream.check()


@contextmanager
def new_artifact(path: Path) -> Iterator[NewArtifact]:
    """An empty HDF5 file that becomes ``path`` on leaving without an error, as ``atomic_path`` says."""
    with atomic_path(path) as temporary:
        opened = ExitStack()
        try:
            with _interrupts_wait():
                # A file that is still open while Python goes down crashes it.
                atexit.register(opened.close)
                stream = opened.enter_context(_PatientStream(temporary, "w+"))
                # The version bounds keep the bytes the same, whichever libhdf5 writes them.
                file = opened.enter_context(h5py.File(stream, "w", libver=("earliest", "v110")))
            yield NewArtifact(file, stream)
        finally:
            with _interrupts_wait():
                opened.close()
                atexit.unregister(opened.close)
        stream.check()


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Let Ctrl-C come only after the block: half-opened and half-closed HDF5 files never go away."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(signal.SIGINT, came[0])
