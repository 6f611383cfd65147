"""Finding an artifact by the SHA-256 that another one names it by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from feraug.errors import UsageError
from feraug.store.digests import sha256_file
from feraug.store.workspace import Workspace


def find_by_digest(digest: str, *workspaces: Workspace, likely: str = "") -> Path | None:
    """The artifact with this SHA-256 in the workspaces, or None; files called ``likely`` are tried first."""
    found = dict.fromkeys(path for workspace in workspaces for path in _artifacts(workspace))
    for path in sorted(found, key=lambda path: path.name != likely):
        with suppress(OSError):  # a file that went away, or may not be read
            if sha256_file(path) == digest:
                return path
    return None


def to_go_on_with(name: str, digest: str, workspace: Workspace, role: str, option: str) -> Path:
    """The file that an unfinished run was made from; :class:`UsageError` where the workspace has it not.

    ``role`` says what it was to the run, ``option`` how it is named.
    """
    found = find_by_digest(digest, workspace, likely=name)
    if found is None:
        raise UsageError(
            f"--resume: {name} (SHA-256 {digest[:12]}…), which {role}, is not in {workspace.root}; "
            f"name it with {option}"
        )
    return found


def artifacts_by_digest(workspace: Workspace) -> dict[str, Path]:
    """The same artifacts, each by its SHA-256: for who looks for many."""
    found: dict[str, Path] = {}
    for path in _artifacts(workspace):
        with suppress(OSError):
            found.setdefault(sha256_file(path), path)
    return found


def _artifacts(workspace: Workspace) -> Iterator[Path]:
    """All artifacts that others are made from: data sets, images, models, classifiers of benchmarks."""
    for pattern in ("*.h5", "synthetic/*.h5", "models/*.h5", "bench/*/classifier.h5"):
        yield from (path for path in workspace.files(pattern) if path.is_file())
