"""Files that are either the old ones or the new ones, never half of one."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from feraug.errors import InUseError, StorageError

_WINDOWS = os.name == "nt"
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to replace what another program has open."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TEMPORARY = re.compile(r"^\.(?P<name>.+)\.(?P<pid>\d+)(?:@(?P<host>[\w-]+))?\.partial$", re.ASCII)
_FORGOTTEN = 24 * 3600.0  # no write takes a day; of another machine's processes this is all that we know


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on leaving without an error it becomes ``path``.

    The temporary file is synced before the rename, and the folder after it, so that a machine
    that loses power also has the old file or the new one.  On any error it is removed and
    ``path`` stays as it was.  Raises :class:`StorageError` for any :class:`OSError`: the disk is
    full or read-only.
    """
    temporary = temporary_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        yield temporary
        _sync_file(temporary)
        _put(temporary, path)
        _sync_folder(path.parent)
    except BaseException as problem:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(problem, OSError):
            raise storage_error(path, problem) from problem
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside ``path``; on leaving without an error it becomes ``path``.

    What stands there before, a folder or nothing, is replaced; on any error it stays as it was.
    Killed between the two renames it leaves neither there: the next attempt begins by putting the new one
    in its place, which was whole by then.
    Raises :class:`StorageError` for any :class:`OSError`.
    """
    temporary = temporary_path(path)
    new, old = temporary / "new", temporary / "old"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        new.mkdir(parents=True)
        yield new
        if path.exists():
            _put(path, old)
        _put(new, path)
    except OSError as problem:
        raise storage_error(path, problem) from problem
    finally:
        if old.exists() and not path.exists():  # the second rename failed, or Ctrl-C came between
            old.replace(path)
        shutil.rmtree(temporary, ignore_errors=True)


def remove(paths: Iterable[Path]) -> None:
    """Remove the files that are there; raises :class:`StorageError` for one that cannot be removed.

    For pictures of an artifact that is replaced: what is missing is drawn again, what is old stays for good.
    """
    for path in paths:
        try:
            _unlink(path)
        except OSError as problem:
            raise storage_error(path, problem) from problem


def _unlink(path: Path) -> None:
    """Remove it, if it is there; what another program has open is waited for as in :func:`_put`."""
    for pause in _PAUSES if _WINDOWS else ():
        try:
            return path.unlink(missing_ok=True)
        except PermissionError:
            time.sleep(pause)
    return path.unlink(missing_ok=True)


def storage_error(path: Path, problem: OSError) -> StorageError:
    """Put a failed write into one line that says what to do about it."""
    code = problem.errno
    text = str(problem)
    if code in _FULL:
        return StorageError(
            f"{path}: the disk is full; nothing was changed. Free some space, and run the same command again"
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        if _WINDOWS and path.exists():
            return InUseError(path)
        return StorageError(f"{path}: no permission to write here; choose another folder")
    if code in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return StorageError(
            f"{path}: a file stands where a folder is needed, or the reverse; choose another place or name"
        )
    first_line = text.splitlines()[0] if text else type(problem).__name__
    return StorageError(
        f"{path}: not written ({first_line}), nothing was changed; check the disk and the path"
    )


def temporary_path(path: Path) -> Path:
    """The hidden place beside ``path`` where this process writes it: ``.NAME.PID@HOST.partial``.

    The host's name keeps machines that share a folder from taking each other's processes for dead.
    """
    return path.parent / f".{path.name}.{os.getpid()}@{_host()}.partial"


def _host() -> str:
    return re.sub(r"[^\w-]", "-", platform.node(), flags=re.ASCII)[:32] or "unknown"


def abandoned_below(folder: Path) -> list[Path]:
    """What killed processes left of files and folders below ``folder``, sorted."""
    found = []
    for entry in folder.rglob(".*.partial"):
        match = _TEMPORARY.match(entry.name)
        with suppress(OSError):
            if match and _is_abandoned(entry, int(match["pid"]), match["host"]):
                found.append(entry)
    return sorted(found)


def _remove_abandoned(path: Path) -> None:
    """Delete what killed processes left of earlier attempts at the same file or folder."""
    for entry in path.parent.glob(f".{escape(path.name)}.*.partial"):
        match = _TEMPORARY.match(entry.name)
        if match and match["name"] == path.name:
            with suppress(OSError):
                if _is_abandoned(entry, int(match["pid"]), match["host"]):
                    if moved_away(entry) and not path.exists():
                        (entry / "new").replace(path)
                    _remove(entry)


def moved_away(entry: Path) -> bool:
    """Whether a killed :func:`atomic_folder` left here what stood in its place, beside what was to come."""
    return (entry / "old").is_dir() and (entry / "new").is_dir()


def _is_abandoned(entry: Path, pid: int, host: str | None) -> bool:
    if host in (None, _host()) and _is_running(pid):
        return False
    return host == _host() or time.time() - _last_touched(entry) > _FORGOTTEN


def _last_touched(entry: Path) -> float:
    """When anything in a file or folder was written last."""
    return max(path.lstat().st_mtime for path in (entry, *entry.rglob("*")))


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink()


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False  # ours, from an attempt that is over
    if _WINDOWS:  # where os.kill(pid, 0) ends the process
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _runs_on_windows(pid: int) -> bool:
    """Whether there is such a process; one that may not be looked at counts as one."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return bool(ctypes.get_last_error() != 87)  # type: ignore[attr-defined,unused-ignore]  # no such process
    try:
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(ctypes.c_void_p(handle), ctypes.byref(code))
        return code.value == 259  # STILL_ACTIVE
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))


def _put(source: Path, target: Path) -> None:
    """Rename, over what is there.

    On Windows a file that any program has open, a virus scanner for instance, cannot be replaced: it is
    waited for, a few seconds.
    """
    for pause in _PAUSES if _WINDOWS else ():
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    source.replace(target)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as stream:
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the platform lets a folder be opened."""
    if _WINDOWS:
        return
    with suppress(OSError):  # some network file systems refuse; the rename has happened all the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
