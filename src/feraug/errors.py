"""The failures that feraug reports in one line.

Every message says what happened, where (file, row), and what to do next.  The command line
prints the message and leaves with ``exit_code``; callers of the Python API catch
:class:`FeraugError`.
"""

from __future__ import annotations


class FeraugError(Exception):
    """Base of all failures that feraug explains itself."""

    exit_code = 1


class UsageError(FeraugError):
    """The request makes no sense as written: unknown emotion, same emotion twice, bad option."""

    exit_code = 2


class SourceError(FeraugError):
    """Foreign data (CSV, pictures) that cannot be read; the message names file and row."""


class ArtifactError(FeraugError):
    """A file that is not a feraug artifact, is damaged, or is of a newer version."""


class MissingArtifactError(FeraugError):
    """A file that another command has to make first; the message names that command."""


class ConfigConflictError(FeraugError):
    """A file of this name exists and was made with another config; the message says what differs."""


class TrainingError(FeraugError):
    """Training cannot go on, for instance because a loss is not finite."""


class StorageError(FeraugError):
    """The disk is full, the folder cannot be written, another process holds the file."""
