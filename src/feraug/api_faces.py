"""The part of the Python API that is about faces: finding, filtering, tracing, photos."""

from __future__ import annotations

from pathlib import Path

from feraug.api_arguments import config_of, place, spelled_out, text, workspace_at
from feraug.config import FilterConfig, PhotosConfig
from feraug.config.values import whole
from feraug.store.workspace import at_home
from feraug.workflows import filtering as _filtering
from feraug.workflows import photos as _photos
from feraug.workflows import trace as _trace
from feraug.workflows.events import Notify, ignore
from feraug.workflows.filtering import FilterResult
from feraug.workflows.photos import PhotosResult
from feraug.workflows.trace import Link

__all__ = ["FilterResult", "Link", "PhotosResult", "filter_synthetic", "trace", "translate_photos"]


def filter_synthetic(
    file: str | Path,
    config: FilterConfig | None = None,
    *,
    workspace: str | Path | None = None,
    classifier: str | Path | None = None,
    dataset: str | Path | None = None,
    name: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    notify: Notify = ignore,
) -> FilterResult:
    """``feraug filter``: keep the images that pass; writes ``synthetic/NAME.h5``.

    ``file`` is a path, or a name in ``synthetic/``; ``classifier`` None: ``models/simple.h5``.  Raises
    :class:`~feraug.MissingArtifactError` without the set, a dataset or a classifier, and
    :class:`~feraug.ArtifactError` where no image passes or validation has none of the emotion.
    """
    return _filtering.filter_synthetic(
        config_of("filter_synthetic", config, FilterConfig()),
        spelled_out(file),
        workspace_at(workspace),
        classifier=place(classifier),
        dataset=place(dataset),
        name=name,
        options=_filtering.FilterOptions(device, overwrite),
        notify=notify,
    )


def translate_photos(
    folder: str | Path,
    config: PhotosConfig | None = None,
    *,
    workspace: str | Path | None = None,
    model: str | Path | None = None,
    classifier: str | Path | None = None,
    name: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    notify: Notify = ignore,
) -> PhotosResult:
    """``feraug synth --photos``: translate the faces in photos; writes ``photos/NAME/``.

    ``folder``: its sub-folders are groups; a single picture will do.  Raises
    :class:`~feraug.MissingArtifactError` without the folder or a model, and :class:`~feraug.FeraugError`
    where there is no photo, or no face in any.
    """
    return _photos.translate_photos(
        config_of("translate_photos", config, PhotosConfig()),
        at_home(folder),
        workspace_at(workspace),
        model=text(model),
        classifier=place(classifier),
        name=name,
        device=device,
        overwrite=overwrite,
        notify=notify,
    )


def trace(file: str | Path, row: int | None = None, *, workspace: str | Path | None = None) -> list[Link]:
    """``feraug info FILE --trace ROW``: the history of an image, or of any artifact, by digests.

    ``file`` is a path, or an artifact's name.  ``row`` counts from 0; None: the file itself.  Each file comes
    before those that it was made from; one that is not in the workspace has :attr:`Link.missing`.  Raises
    :class:`~feraug.UsageError` for a row of what has no images or one that is not there, and
    :class:`~feraug.ArtifactError` for a damaged file.
    """
    wanted = None if row is None else whole("row", row, 0)
    root = workspace_at(workspace)
    return _trace.trace(root.artifact(file), wanted, (root,))
