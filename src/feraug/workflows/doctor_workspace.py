"""What ``feraug doctor`` says of the workspace: damaged, unfinished, left over, cut off, and room."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from feraug.errors import ArtifactError, FeraugError
from feraug.quoting import command_line
from feraug.store.atomic import abandoned_below, moved_away
from feraug.store.header import DATASET, MAKE_AGAIN, MODEL, OTHER_FILE
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.doctor_findings import BROKEN, NOTE, OK, Finding
from feraug.workflows.doctor_models import check_model
from feraug.workflows.events import Notify, Progress
from feraug.workflows.info import describe

LITTLE_ROOM: Final = 2 * 10**9
"""Free bytes below which a note says so: a long training with FER2013 leaves about a fourth of that."""

_SECTION: Final = "workspace"


def workspace_health(workspace: Workspace, notify: Notify) -> Iterator[Finding]:
    """The folder and its disk, and every artifact in it, read whole."""
    root = workspace.root
    yield _folder(root)
    yield _room(root)
    if not root.is_dir():
        return
    whole: dict[Path, Mapping[str, Any]] = {}
    paths = workspace.artifacts()
    for number, path in enumerate(paths):
        notify(Progress("reading artifacts", number, len(paths), "files"))
        try:
            found = describe(path)
            if found["encoding-type"] == MODEL:
                check_model(path)
            whole[path] = found
        except Exception as problem:  # whatever is wrong with one file, the others are looked at
            what = problem.what if isinstance(problem, ArtifactError) else str(problem)
            what = what.removeprefix(f"{path}: ")
            if not isinstance(problem, FeraugError):
                what = f"damaged ({type(problem).__name__}: {what})"
            own = problem.next_step if isinstance(problem, ArtifactError) else ""
            advice = "move it out of the workspace"
            if own != OTHER_FILE:  # then it has not been feraug's
                advice = f"{_made_again(path.relative_to(root), own)}, or {advice}"
            yield Finding(_SECTION, str(path.relative_to(root)), what, BROKEN, advice)
    size = sum(facts["bytes"] for facts in whole.values())
    read = "all" if len(whole) == len(paths) else f"{len(whole):,}"
    yield Finding(
        _SECTION, "artifacts", f"{len(paths):,}, {read} readable ({size / 1e6:,.1f} MB)",
        OK if len(whole) == len(paths) else NOTE,
    )  # fmt: skip
    for path, facts in whole.items():
        yield from _unfinished(root, path, facts)
    yield from _unfinished_benches(workspace)
    yield from _cut_off(root, whole)
    yield from _left_over(root)


def _made_again(place: Path, own: str) -> str:
    """What to do about a damaged file; of a benchmark's, not --overwrite, which forgets all repeats."""
    if place.parts[0] == "bench" and own in ("", MAKE_AGAIN):
        return "delete it alone: the same 'feraug bench' makes it again, and keeps the repeats that are done"
    return own or MAKE_AGAIN


def _folder(root: Path) -> Finding:
    if root.is_dir():
        if os.access(root, os.W_OK | os.X_OK):
            return Finding(_SECTION, "folder", str(root.resolve()))
        advice = "choose another one with --workspace, or ask its owner"
        return Finding(_SECTION, "folder", f"{root.resolve()}: no permission to write", BROKEN, advice)
    if os.access(_existing(root), os.W_OK | os.X_OK):
        return Finding(_SECTION, "folder", f"{root.resolve()}: not there yet; 'feraug prepare' makes it")
    advice = "choose another one with --workspace"
    return Finding(_SECTION, "folder", f"{root.resolve()}: cannot be made here", BROKEN, advice)


def _room(root: Path) -> Finding:
    free = shutil.disk_usage(_existing(root)).free
    text = f"{free / 1e9:,.1f} GB"
    if free < LITTLE_ROOM:
        return Finding(_SECTION, "free disk", text, NOTE, "free some: a full disk stops a training")
    return Finding(_SECTION, "free disk", text)


def _existing(path: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    full = path.resolve()
    return next(folder for folder in (full, *full.parents) if folder.is_dir())


def _unfinished(root: Path, path: Path, facts: Mapping[str, Any]) -> Iterator[Finding]:
    if facts["encoding-type"] != MODEL or facts["finished"]:
        return
    text, advice = f"not finished: step {facts['step']:,} of {facts['steps']:,}", ""
    if facts["weights_only"]:
        text, advice = f"weights of a training that was {text}", "export them again when it is"
    else:
        advice = f"to go on: {_going_on(facts['command'], root, facts['config'].get('budget'))}"
    yield Finding(_SECTION, str(path.relative_to(root)), text, NOTE, advice)


def _going_on(command: str, root: Path, budget: float | None) -> str:
    """The command that began a training, for the workspace where it lies now.

    Without --overwrite, which would throw it away; with the time that 'synth' was only asked to train for,
    as it takes the model as it is otherwise.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:1] != ["feraug"]:  # out of Python anything may stand there
        return command
    kept, named = [], False
    for word in words:
        if named or word in ("--overwrite", "-q", "--quiet"):
            named = False
        elif word in ("-w", "--workspace"):
            named = True  # the next word is the folder
        elif not word.startswith("--workspace=") and not (word.startswith("-w") and word[2:]):
            kept.append(word)
    if kept[1:2] == ["synth"] and budget and not any(word.split("=")[0] == "--train" for word in kept):
        kept += ["--train", f"{budget:g}s"]
    return command_line([*kept, "-w", str(root)])


def _unfinished_benches(workspace: Workspace) -> Iterator[Finding]:
    """Benchmarks that have repeats and no table: interrupted, or made with --no-test."""
    folder = workspace.root / "bench"
    for parts in sorted(path for path in folder.glob("*") if path.is_dir()):
        there = Workspace(parts).files("*-*.h5")
        done = len([path for path in there if not path.name.endswith(".checkpoint.h5")])
        if done and not parts.with_name(parts.name + ".h5").exists():
            text = f"no figures on test yet: {plural(done, 'repeat')} done"
            advice = "if it was interrupted, the same 'feraug bench' goes on; fine after --no-test"
            yield Finding(_SECTION, f"bench/{parts.name}", text, NOTE, advice)


def _cut_off(root: Path, whole: Mapping[Path, Mapping[str, Any]]) -> Iterator[Finding]:
    """Artifacts whose inputs are no longer in the workspace, or no longer as they were."""
    here = {facts["sha256"] for facts in whole.values()}
    lacking: dict[tuple[str, str], int] = {}
    for path, facts in whole.items():
        if facts["encoding-type"] == DATASET:  # made from foreign files, which lie where they will
            continue
        gone = [
            name for name, digest in facts["inputs"].items() if digest not in here and name.endswith(".h5")
        ]
        if gone:
            place = path.relative_to(root)
            repeat = place.parts[0] == "bench" and len(place.parts) > 2  # of which a benchmark has many
            key = str(place.parent if repeat else place), ", ".join(gone)
            lacking[key] = lacking.get(key, 0) + 1
    for (name, gone_files), files in lacking.items():
        text = f"made from {gone_files}, not in this workspace as it was then"
        advice = "fine if it lies elsewhere; else make it again with --overwrite"
        if Path(name).parts[0] == "bench":  # of which --overwrite would forget every repeat
            advice = "fine: its figures stay; to add repeats or arms, put that file back"
        yield Finding(_SECTION, name, f"{files} files, {text}" if files > 1 else text, NOTE, advice)


def _left_over(root: Path) -> Iterator[Finding]:
    """What killed processes were writing."""
    for path in abandoned_below(root):
        advice = "can be deleted; goes by itself when the file is written again"
        if path.is_dir() and moved_away(path):
            advice = (
                "holds what stood there (old) and what was to come (new), which the same command puts there"
            )
        yield Finding(_SECTION, str(path.relative_to(root)), "left by a killed process", NOTE, advice)
