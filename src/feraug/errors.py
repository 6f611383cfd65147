"""The failures that feraug reports in one line.

Every message says what happened, where (file, row), and what to do next.  The command line
prints the message and leaves with ``exit_code``; callers of the Python API catch
:class:`FeraugError`.
"""

from __future__ import annotations


class FeraugError(Exception):
    """Base of all failures that feraug explains itself; the message is one printable line."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UsageError(FeraugError):
    """The request makes no sense as written: unknown emotion, same emotion twice, bad option."""

    exit_code = 2


class SourceError(FeraugError):
    """Foreign data (CSV, pictures) that cannot be read; the message names file and row."""


class ArtifactError(FeraugError):
    """A file that is not a feraug artifact, is damaged, or is of a newer version.

    ``what`` is the message without the ``next_step``: who wanted to write the file knows better.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what}; {next_step}" if next_step else what)
        self.what, self.next_step = one_line(what), one_line(next_step)


class MissingArtifactError(FeraugError):
    """A file that another command has to make first; the message names that command."""


class MissingModelError(MissingArtifactError):
    """No model of that name, or none for the pair; the message names the command that trains one."""


class ConfigConflictError(FeraugError):
    """A file of this name exists and was made with another config; the message says what differs.

    ``what`` is the message without what to do next, as an :class:`ArtifactError` has it.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what}; {next_step}" if next_step else what)
        self.what = one_line(what)


class TrainingError(FeraugError):
    """Training cannot go on, for instance because a loss is not finite."""


class StorageError(FeraugError):
    """The disk is full, the folder cannot be written, another process holds the file."""


class InUseError(StorageError):
    """Another program has the file open, on Windows: later it may be written.

    ``goes_on`` says so of a training's checkpoint.
    """

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path}: not replaced, as another program has it open or may not be overwritten; close that "
            "program and run the same command again, or choose another name"
        )
        self.goes_on = (
            f"{path}: not replaced, as another program has it open; the training goes on, and tries again at "
            "the next checkpoint"
        )


class Interrupted(FeraugError):
    """The user pressed Ctrl-C."""

    exit_code = 130

    def __init__(
        self, message: str = "interrupted; files are whole, and the same command starts or continues the work"
    ) -> None:
        super().__init__(message)


def one_line(text: str) -> str:
    """``text`` with line breaks and control characters escaped, as Python writes them in quotes.

    Messages quote names out of files that strangers made: these must neither break the line nor
    send commands to the terminal.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
