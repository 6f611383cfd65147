"""One writer at a time for a file that is written again and again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feraug.errors import StorageError
from feraug.store.atomic import storage_error

_WINDOWS = os.name == "nt"


class HeldError(StorageError):
    """Another process holds the file."""


@contextmanager
def exclusive(path: Path, *, leave: bool = True, otherwise: str = "use another --name") -> Iterator[None]:
    """Hold ``path`` for this process while the block runs; the lock ends with the process, however it ends.

    ``otherwise`` is what the user can do instead of waiting.
    The (empty, hidden) lock file stays; without ``leave``, outside of workspaces, it is removed.
    Raises :class:`HeldError` when another process holds it.  On file systems without locks nothing is held.
    """
    lock = path.parent / f".{path.name}.lock"
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as problem:
            raise storage_error(path, problem) from problem
        try:
            if not _locked(descriptor):
                raise HeldError(f"{path}: another feraug process is writing it; wait for it or {otherwise}")
            if not _is(lock, descriptor):  # another process has just removed it: what it locks is no one's
                continue
            try:
                yield
            finally:
                if not leave and not _WINDOWS:  # while it is held: later it may be another's
                    lock.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)
            if not leave and _WINDOWS:  # which removes no file that is open, here or elsewhere
                with suppress(PermissionError):
                    lock.unlink(missing_ok=True)


def _locked(descriptor: int) -> bool:
    """Lock an open file for this process; False where another has done so."""
    try:
        import fcntl
    except ImportError:
        return _locked_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True


def _locked_on_windows(descriptor: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError as problem:
        return problem.errno not in (errno.EACCES, errno.EDEADLK)
    return True


def _is(lock: Path, descriptor: int) -> bool:
    """Whether this is the file that has the name."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
