"""``feraug info FILE --trace ROW|file``: how an image or a file came about, from file to file by digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from feraug.emotions import EMOTIONS, SPLITS, UNLABELLED
from feraug.errors import FeraugError, UsageError
from feraug.sources.csv_text import printable
from feraug.store.compare import read_compare
from feraug.store.dataset import read_dataset, read_source_names
from feraug.store.digests import sha256_file
from feraug.store.header import BENCH, COMPARE, DATASET, MODEL, PREDICTIONS, SSIM, SYNTHETIC, Header
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import SyntheticArrays, read_synthetic
from feraug.store.workspace import Workspace
from feraug.words import plural
from feraug.workflows.by_digest import find_by_digest

MAX_DEPTH: Final = 24
"""Files after which a chain is given up: feraug makes none that long."""

KEPT_ELSEWHERE: Final = "not one of feraug's files"
"""What is said of a file that is not looked for."""

FOREIGN: Final = "read from"
"""The role of what a dataset was read from, or a comparison beside artifacts: a CSV, pictures, votes, photos.

They are not looked for.
"""

_FOLDERS: Final = ("synthetic", "models", "ssim", "compare", "bench")
"""Where a workspace has its artifacts, but for datasets and a benchmark's repeats."""


@dataclass(frozen=True)
class Link:
    """A file in the history of an image or an artifact, or one that is missing.

    ``depth`` counts the files above it; ``role`` says what it was to the one above.
    """

    depth: int
    role: str
    name: str
    digest: str
    path: Path | None
    """None: no such file in the workspaces that were looked through."""
    row: int | None = None
    what: str = ""

    @property
    def missing(self) -> bool:
        """Whether an artifact was looked for and is not there."""
        return self.path is None and self.what != KEPT_ELSEWHERE

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {**vars(self), "path": None if self.path is None else str(self.path), "missing": self.missing}


@dataclass(frozen=True)
class _Wanted:
    """A file that another one names."""

    role: str
    digest: str
    row: int | None = None


def trace(path: Path, row: int | None = None, workspaces: tuple[Workspace, ...] = ()) -> list[Link]:
    """The history of any artifact, or of image ``row`` in it, each file before those it was made from.

    Files are looked for, by digest, around ``path`` and in ``workspaces``.  Raises
    :class:`UsageError` for a row of what has no images and for one that is not there, and
    :class:`~feraug.errors.ArtifactError` when ``path`` is damaged.
    """
    header = read_artifact_header(path)
    if row is not None and header.encoding_type not in (DATASET, SYNTHETIC):
        raise UsageError(
            f"--trace {row}: {path} has no images; '--trace file' tells how the file itself came about"
        )
    history = _History((*_around(path), *workspaces))
    return list(history.of(path, sha256_file(path), _Wanted("file" if row is None else "image", "", row), 0))


def _around(path: Path) -> Iterator[Workspace]:
    """The workspaces that a file may lie in, wherever it lies in them."""
    home = path.resolve().parent
    yield Workspace(home)
    if home.name in _FOLDERS:
        yield Workspace(home.parent)
    if home.parent.name == "bench":  # a repeat, or the classifier that a benchmark left
        yield Workspace(home.parent.parent)


class _History:
    def __init__(self, workspaces: tuple[Workspace, ...]) -> None:
        self._workspaces = workspaces
        self._found: dict[str, Path | None] = {}

    def of(self, path: Path, digest: str, wanted: _Wanted, depth: int) -> Iterator[Link]:
        """The link of a file that is there, then those of what it was made from."""
        header = read_artifact_header(path)
        what, parts = _TELLERS[header.encoding_type](path, header, wanted.row)
        yield Link(depth, wanted.role, path.name, digest, path.resolve(), wanted.row, what)
        for part in parts:
            yield from self._part(header, part, depth + 1)

    def _part(self, header: Header, wanted: _Wanted, depth: int) -> Iterator[Link]:
        names = {digest: name for name, digest in header.provenance.inputs.items()}
        name = names.get(wanted.digest, "a file")
        if wanted.role == FOREIGN or name.endswith(".tflite"):  # of a face detector
            yield Link(depth, wanted.role, name, wanted.digest, None, wanted.row, KEPT_ELSEWHERE)
            return
        if depth > MAX_DEPTH:
            yield Link(depth, wanted.role, name, wanted.digest, None, wanted.row, "the chain is too long")
            return
        path = self._find(wanted.digest, name.rpartition("/")[2])
        if path is None:
            yield Link(depth, wanted.role, name, wanted.digest, None, wanted.row)
            return
        try:
            yield from self.of(path, wanted.digest, wanted, depth)
        except FeraugError as problem:  # the history so far is worth telling
            yield Link(depth, wanted.role, name, wanted.digest, path.resolve(), wanted.row, str(problem))

    def _find(self, digest: str, name: str) -> Path | None:
        if digest not in self._found:
            self._found[digest] = find_by_digest(digest, *self._workspaces, likely=name)
        return self._found[digest]


_Told = tuple[str, list[_Wanted]]


def _dataset(path: Path, header: Header, row: int | None) -> _Told:
    """An image of a dataset, and what was read; without a row, what was read alone."""
    source = [_Wanted(FOREIGN, digest) for digest in header.provenance.inputs.values()]
    if row is None:
        return "", source
    dataset = read_dataset(path)
    _check_row(path, row, len(dataset.images))
    label, split = EMOTIONS[int(dataset.labels[row])], SPLITS[int(dataset.split[row])]
    own = int(dataset.columns["source_row"][row])
    what = f"a real '{label}' image of {split}"
    if (names := read_source_names(path)) is not None:
        what += f", {printable(names[row], 200)}"
    if source:
        return what, [_Wanted(FOREIGN, source[0].digest, own), *source[1:]]
    return f"{what}, row {own} of {header.provenance.config.get('source', 'its source')}", []


def _synthetic(path: Path, header: Header, row: int | None) -> _Told:
    """A synthetic image, and the set it was filtered from, or its model and the image it was made from."""
    if row is None:
        return _whole(path, header, row)
    faces = read_synthetic(path)
    _check_row(path, row, len(faces.images))
    code = int(faces.labels[row])
    label = "unlabelled" if code == UNLABELLED else f"'{EMOTIONS[code]}'"
    if faces.filtered is not None:
        parent = str(header.extra["parent"])
        return f"{label}, kept by a filter", [_Wanted("kept from", parent, int(faces.filtered.row[row]))]
    model = header.extra.get("model")
    parts = [_Wanted("made by", model)] if isinstance(model, str) else []
    if faces.origin_row[row] < 0:
        return f"{label}, made from noise (seed {header.provenance.seed}, place {row})", parts
    return f"{label}, translated{_round(faces, row)}", [*parts, _origin(faces, row)]


def _origin(faces: SyntheticArrays, row: int) -> _Wanted:
    return _Wanted(
        "translated from", faces.sources[int(faces.origin_source[row])], int(faces.origin_row[row])
    )


def _round(faces: SyntheticArrays, row: int) -> str:
    turn = int(faces.origin_round[row])
    return "" if turn == 0 else " from its mirror image" if turn == 1 else " from a turned view of it"


def _model(path: Path, header: Header, row: int | None) -> _Told:
    """A model, and what it was trained on."""
    config = header.provenance.config
    kind, of = config.get("model", "model"), config.get("pair") or ", ".join(config.get("emotions") or ())
    step, steps = (header.extra.get(name) for name in ("step", "steps"))
    whole = plural(steps, "step") if isinstance(steps, int) else "? steps"
    done = f"{step:,}" if isinstance(step, int) else "?"
    parts = [_Wanted("trained on", digest) for digest in header.provenance.inputs.values()]
    return f"{kind} {of}".strip() + f", {done} of {whole}", parts


def _whole(path: Path, header: Header, row: int | None) -> _Told:
    """What a file was made from, when none of its images is asked for."""
    del path, row
    return "", [_Wanted("made from", digest) for digest in header.provenance.inputs.values()]


def _compare(path: Path, header: Header, row: int | None) -> _Told:
    """What was compared; the last of it is a folder, where there were photos."""
    what, parts = _whole(path, header, row)
    if parts and read_compare(path).parts.photos is not None:
        parts[-1] = _Wanted(FOREIGN, parts[-1].digest)
    return what, parts


_TELLERS: Final[Mapping[str, Callable[[Path, Header, int | None], _Told]]] = {
    DATASET: _dataset,
    SYNTHETIC: _synthetic,
    MODEL: _model,
    PREDICTIONS: _whole,
    BENCH: _whole,
    SSIM: _whole,
    COMPARE: _compare,
}


def _check_row(path: Path, row: int, images: int) -> None:
    if not 0 <= row < images:
        raise UsageError(f"--trace {row}: {path} has rows 0 to {images - 1}")
