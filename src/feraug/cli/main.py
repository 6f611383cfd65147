"""The ``feraug`` command: every way to end, each in one line.

Nothing that takes time is imported at the top: until :func:`main` runs, Ctrl-C is a traceback.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

from feraug.errors import FeraugError, Interrupted, StorageError, one_line
from feraug.processes import is_first_process

_OUT_OF_MEMORY = "out of memory; close other programs, or give a smaller --batch-size where there is one"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run the command line; exit code 0 done, 1 a failure, 2 a bad command line, 130 interrupted."""
    try:
        _ready_streams()
        _check_folder()
        from feraug.cli.root import run

        code = run()
        sys.stdout.flush()
    except OSError as problem:
        # The reader of our output has gone, as in `feraug info FILE | head`: not worth a word.
        code = 1 if _reader_has_gone(problem) else _fail(problem)
    except KeyboardInterrupt:
        # Of several processes the first may still be saving; Fabric kills it when another ends with a code.
        code = _fail(Interrupted()) if is_first_process() else 0
    except Exception as problem:
        if os.environ.get("FERAUG_TRACEBACK") and _is_bug(problem):
            raise
        code = _fail(problem)
    _drop_unwritten()
    sys.exit(code)


def _check_folder() -> None:
    """Raise :class:`StorageError` where the current folder was deleted: torch would end the process there."""
    try:
        os.getcwd()  # noqa: PTH109  pathlib would be a slow import before Ctrl-C is minded
    except FileNotFoundError:
        raise StorageError("the current folder is gone; cd to another one") from None


def _ready_streams() -> None:
    """Let every file name be printed, on any terminal, and even where a stream was closed (``>&-``)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not is_first_process():
        sys.stdout = _nowhere()


def _nowhere() -> io.TextIOWrapper:
    """A stream that takes every letter, whatever the locale, and keeps none."""
    return open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123


def _reader_has_gone(problem: OSError) -> bool:
    """Whether a pipe has no reader any more; Windows calls that an invalid argument."""
    return isinstance(problem, BrokenPipeError) or (
        sys.platform == "win32" and problem.errno == errno.EINVAL and problem.filename is None
    )


def _fail(problem: BaseException) -> int:
    """Say in one line why it ends; returns the exit code.

    What feraug explains it explains in all processes alike, and once is enough.
    """
    if isinstance(problem, FeraugError) and not is_first_process():
        return problem.exit_code
    from feraug.cli.hints import in_workspace

    line = in_workspace(one_line(" ".join(_words(problem).splitlines())), sys.argv[1:])
    with suppress(OSError):  # stderr may be full or gone as well; the exit code still tells
        with suppress(OSError):
            sys.stdout.flush()  # what was printed before it, where both go to one place
        sys.stderr.write(f"error: {line}\n")
        sys.stderr.flush()
    return problem.exit_code if isinstance(problem, FeraugError) else 1


def _words(problem: BaseException) -> str:
    if isinstance(problem, FeraugError):
        return str(problem)
    if isinstance(problem, MemoryError):
        return _OUT_OF_MEMORY
    if isinstance(problem, OSError):
        return _system_words(problem)
    if _is_missing_package(problem):
        return f"a package cannot be imported ({problem}); 'feraug doctor' says which, and what helps"
    text = str(problem)
    if any(words in text for words in ("out of memory", "can't allocate memory", "not enough memory")):
        return _OUT_OF_MEMORY  # torch's words
    if isinstance(problem, NotImplementedError) and "MPS" in text:
        missing = text.partition("'")[2].partition("'")[0] or "an operation"
        return f"this torch cannot do {missing} on Apple's GPU; say --device cpu, or install a newer torch"
    kind = type(problem).__name__
    return f"a bug in feraug: {kind}: {text}; set FERAUG_TRACEBACK=1 for the details to report"


def _is_bug(problem: Exception) -> bool:
    return not (isinstance(problem, FeraugError | MemoryError | OSError) or _is_missing_package(problem))


def _is_missing_package(problem: BaseException) -> bool:
    """Whether a package of others is not there, or cannot be loaded."""
    return isinstance(problem, ImportError) and not str(problem.name).startswith("feraug")


def _system_words(problem: OSError) -> str:
    """What the system refused; workflows explain their own files, so what is left is mostly stdout."""
    reason = problem.strerror or str(problem) or type(problem).__name__
    if problem.filename is not None:
        return f"{problem.filename}: {reason}; check the path and who may use it"
    if problem.errno in _FULL:
        return f"stdout: {reason}; free some space, or send the output elsewhere"
    return f"the system refused: {reason}; 'feraug doctor' checks the machine and the workspace"


def _drop_unwritten() -> None:
    """Write what is left of the output, or throw it away: Python would fail on it once more while it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):  # a stream without a descriptor
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
