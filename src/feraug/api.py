"""The Python API: the command line's work, arrays in and arrays out.

Import these names from ``feraug`` itself.  ``docs/python-api.md`` shows each in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feraug.api_arguments import config_of, place, several, spelled_out, text, workspace_at
from feraug.config import (
    AnyGanConfig,
    BenchConfig,
    ClassifierConfig,
    CompareConfig,
    NoiseConfig,
    NoiseSynthConfig,
    PrepareConfig,
    SsimConfig,
    StarGANConfig,
    SynthConfig,
    TranslatorConfig,
    model_config,
)
from feraug.emotions import EMOTIONS, SPLITS, parse_emotion, parse_split
from feraug.errors import Interrupted, UsageError
from feraug.metrics.similarity import all_pairs_ssim
from feraug.processes import is_first_process
from feraug.store.dataset import read_dataset, read_source_names, rows_of
from feraug.store.synthetic import SyntheticArrays, read_synthetic
from feraug.store.workspace import at_home
from feraug.words import plural
from feraug.workflows import bench as _bench
from feraug.workflows import bench_pool as _pool
from feraug.workflows import bench_predictions as _predictions
from feraug.workflows import compare as _compare
from feraug.workflows import export as _export
from feraug.workflows import prepare as _prepare
from feraug.workflows import report as _report
from feraug.workflows import ssim as _ssim
from feraug.workflows import synth as _synth
from feraug.workflows import train as _train
from feraug.workflows.bench_outcome import BenchResult
from feraug.workflows.bench_predictions import PredictionsResult
from feraug.workflows.classifiers import Classifier, load_classifier
from feraug.workflows.compare import CompareResult
from feraug.workflows.events import Notify, ignore
from feraug.workflows.export import ExportResult
from feraug.workflows.generators import FaceGenerator, load_generator
from feraug.workflows.prepare import PrepareResult
from feraug.workflows.report import ReportResult
from feraug.workflows.ssim import SsimResult
from feraug.workflows.synth import SynthResult
from feraug.workflows.train import TrainResult
from feraug.workflows.train_classifier import ClassifierResult
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.translators import Translator, load_translator

if TYPE_CHECKING:
    from feraug.data import FaceTensors

__all__ = [
    "BenchResult",
    "Classifier",
    "ClassifierResult",
    "CompareResult",
    "ExportResult",
    "FaceDataset",
    "FaceGenerator",
    "PredictionsResult",
    "PrepareResult",
    "ReportResult",
    "SsimResult",
    "SynthResult",
    "SyntheticFaces",
    "TrainResult",
    "Translator",
    "all_pairs_ssim",
    "bench",
    "compare",
    "export_artifact",
    "load_classifier",
    "load_generator",
    "load_translator",
    "open_dataset",
    "open_synthetic",
    "pool_folds",
    "prepare",
    "ssim",
    "synthesise",
    "train",
    "train_translator",
    "write_report",
]


@dataclass(frozen=True, eq=False)
class FaceDataset:
    """A prepared dataset: ``images`` uint8 (N, 48, 48), ``labels`` and ``split`` uint8 (N,).

    ``columns`` has the audit flags by name (``blank``, ``duplicate_group``, ``copy_in_train`` ...)
    and ``ferplus``, the votes, where they were given; ``source_name`` (str) of pictures out of a folder;
    one row an image each.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    columns: dict[str, NDArray[Any]]

    def __repr__(self) -> str:
        """Counts, without the arrays."""
        splits = (f"{int((self.split == code).sum()):,} in {name}" for code, name in enumerate(SPLITS))
        return f"FaceDataset({plural(len(self), 'image')}: {', '.join(splits)})"

    def __len__(self) -> int:
        return len(self.images)

    def select(
        self, *, split: str | SupportsIndex | None = None, emotion: str | SupportsIndex | None = None
    ) -> FaceDataset:
        """The images of a split and an emotion, in order; None means all of them.

        Both go by name, in any usual spelling, or by code, as in ``split`` and ``labels``.  Raises
        :class:`~feraug.FeraugError` for anything else.
        """
        rows = rows_of(
            self.labels,
            self.split,
            split=None if split is None else parse_split(split),
            emotion=None if emotion is None else parse_emotion(emotion),
        )
        columns = {name: values[rows] for name, values in self.columns.items()}
        return FaceDataset(self.images[rows], self.labels[rows], self.split[rows], columns)

    def torch(self) -> FaceTensors:
        """A ``torch.utils.data.Dataset`` of (float32 (1, 48, 48) in [-1, 1], emotion code)."""
        from feraug.data import FaceTensors

        return FaceTensors(self.images, self.labels)


@dataclass(frozen=True, eq=False)
class SyntheticFaces:
    """A synthetic set: ``images`` uint8 (N, 48, 48), ``labels`` uint8 (N,), 255 where unlabelled.

    ``origin_row`` int64 (N,) is the row of the source artifact that each was made from, -1 for
    faces made from noise.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    origin_row: NDArray[np.int64]

    def __repr__(self) -> str:
        """Counts, without the arrays."""
        counts = ((name, int((self.labels == code).sum())) for code, name in enumerate(EMOTIONS))
        labels = ", ".join(f"{count:,} {name}" for name, count in counts if count)
        return f"SyntheticFaces({plural(len(self), 'image')}: {labels or 'without labels'})"

    def __len__(self) -> int:
        return len(self.images)

    def torch(self) -> FaceTensors:
        """A ``torch.utils.data.Dataset`` of (float32 (1, 48, 48) in [-1, 1], emotion code)."""
        from feraug.data import FaceTensors

        return FaceTensors(self.images, self.labels)


def open_dataset(path: str | Path) -> FaceDataset:
    """Read a ``dataset.h5`` whole; raises :class:`~feraug.FeraugError` when it is damaged."""
    arrays, names = read_dataset(at_home(path)), read_source_names(at_home(path))
    columns = dict(arrays.columns) | ({} if names is None else {"source_name": np.array(names, object)})
    return FaceDataset(arrays.images, arrays.labels, arrays.split, columns)


def open_synthetic(path: str | Path) -> SyntheticFaces:
    """Read a synthetic set whole; raises :class:`~feraug.FeraugError` when it is damaged."""
    arrays: SyntheticArrays = read_synthetic(at_home(path))
    return SyntheticFaces(arrays.images, arrays.labels, arrays.origin_row)


def prepare(
    source: str | Path,
    config: PrepareConfig | None = None,
    *,
    workspace: str | Path | None = None,
    name: str = "dataset",
    ferplus: str | Path | None = None,
    overwrite: bool = False,
    notify: Notify = ignore,
) -> PrepareResult:
    """``feraug prepare``: read a CSV, a folder or ``drawn:N``, audit it, write ``WORKSPACE/NAME.h5``.

    ``workspace`` None: ``$FERAUG_WORKSPACE``, or else ``artifacts``, as in all functions here.  Raises
    :class:`~feraug.FeraugError` for input that cannot be read, and :class:`~feraug.ConfigConflictError`
    when the file was made with other settings and ``overwrite`` is false.
    """
    return _prepare.prepare(
        spelled_out(source),
        config_of("prepare", config, PrepareConfig()),
        workspace_at(workspace).dataset(name),
        ferplus=place(ferplus),
        overwrite=overwrite,
        notify=notify,
    )


@overload
def train(
    model: Literal["simple", "vgg19", "surreal"] | ClassifierConfig, **options: Any
) -> ClassifierResult: ...
@overload
def train(
    model: Literal["cyclegan", "weighted", "wasserstein", "stargan", "dcgan", "wgan-gp", "r3gan"]
    | AnyGanConfig,
    **options: Any,
) -> TrainResult: ...
@overload
def train(model: str, **options: Any) -> TrainResult | ClassifierResult: ...
def train(
    model: str | AnyGanConfig | ClassifierConfig,
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    dataset: str | Path | None = None,
    source: str | Path | None = None,
    source_model: str | Path | None = None,
    device: str = "auto",
    devices: int = 1,
    compile: bool = False,
    checkpoint_seconds: float = 300.0,
    overwrite: bool = False,
    notify: Notify = ignore,
    **settings: Any,
) -> TrainResult | ClassifierResult:
    """``feraug train MODEL``: train, or go on training, and write ``WORKSPACE/models/NAME.h5``.

    ``model`` is a config, or a name such as ``"weighted"`` with settings on top of its defaults:
    ``train("weighted", pair="neutral:happy", steps=2000)``.  ``source`` and ``source_model`` are where a
    translator's domain a comes from: an artifact with images, a noise generator.  With ``devices`` above
    1 the calling script is started again for each further device.  ``compile``: torch.compile for a
    generative model, a minute at the start, faster steps then.  ``checkpoint_seconds``: seconds between
    checkpoints.  Raises :class:`~feraug.MissingArtifactError` without a dataset,
    :class:`~feraug.ConfigConflictError` when NAME has other settings and ``overwrite`` is false,
    :class:`~feraug.UsageError` for settings and devices that cannot be, :class:`~feraug.TrainingError`
    when a loss is not finite, and :class:`~feraug.Interrupted` when Ctrl-C or SIGTERM stopped it: saved, and
    the same call goes on.
    """
    if model is None:
        raise UsageError("train: takes a model's name, or a config")
    if isinstance(model, str):
        lengths = [name for name in ("epochs", "steps", "budget") if settings.get(name) is not None]
        if len(lengths) > 1:
            raise UsageError(f"{', '.join(lengths)}: give one of them")
        config = model_config({"model": model, **settings})
    elif settings:
        raise UsageError(f"train: {', '.join(settings)}: put settings into the config, or name the model")
    else:
        config = config_of("train", model, TranslatorConfig(), StarGANConfig, NoiseConfig, ClassifierConfig)
    result = _train.train(
        config,
        workspace_at(workspace),
        name=name,
        dataset=place(dataset),
        source=place(source),
        source_model=text(source_model),
        options=TrainOptions(device, checkpoint_seconds, overwrite, devices=devices, compile=compile),
        notify=notify,
    )
    if result.interrupted:
        raise Interrupted(f"interrupted; {result.path} is saved, and the same call goes on from there")
    return result


def train_translator(config: TranslatorConfig | StarGANConfig | None = None, **options: Any) -> TrainResult:
    """:func:`train` for a translator; without a config, the default cyclegan."""
    result = train(config_of("train_translator", config, TranslatorConfig(), StarGANConfig), **options)
    assert isinstance(result, TrainResult)
    return result


def bench(
    config: BenchConfig | None = None,
    *,
    workspace: str | Path | None = None,
    synthetic: str | Path | Sequence[str | Path] | None = (),
    name: str | None = None,
    dataset: str | Path | None = None,
    device: str = "auto",
    devices: int = 1,
    checkpoint_seconds: float = 300.0,
    overwrite: bool = False,
    test: bool = True,
    notify: Notify = ignore,
) -> BenchResult:
    """``feraug bench``: every arm's classifier, several seeds each; writes ``WORKSPACE/bench/NAME.h5``.

    ``synthetic`` empty: all sets of the workspace, filtered ones in place of their parents; only for arms
    that use them.  ``checkpoint_seconds``: seconds between checkpoints.  ``test=False``: accuracies on
    validation alone, to choose by, and no such file.  Raises as :func:`train`, and
    :class:`~feraug.ArtifactError` for synthetic images that come from outside ``train``.
    """
    result = _bench.bench(
        config_of("bench", config, BenchConfig()),
        workspace_at(workspace),
        synthetic=several(synthetic),
        name=name,
        dataset=place(dataset),
        options=TrainOptions(device, checkpoint_seconds, overwrite, command="feraug.bench", devices=devices),
        test=test,
        notify=notify,
    )
    if result.interrupted and is_first_process():  # the others leave when their part is done
        raise Interrupted("interrupted; what was done is saved, and the same call goes on from there")
    return result


def bench_predictions(
    predictions: Mapping[str, ArrayLike],
    *,
    workspace: str | Path | None = None,
    dataset: str | Path | None = None,
) -> PredictionsResult:
    """``feraug bench``'s figures, differences and conclusions of networks of your own; writes nothing.

    ``predictions`` by arm, such as ``{"real": …, "mixed": …}``: emotion codes int (R, T) or probabilities
    float (R, T, 7) in [0, 1] for the T images of ``open_dataset(…).select(split="test")``; row r of every arm
    is of the same seed.  Arms are compared with ``real``, or without it with the first.  Raises
    :class:`~feraug.UsageError` for predictions of another form.
    """
    return _predictions.bench_predictions(predictions, workspace_at(workspace), dataset=place(dataset))


def pool_folds(
    benchmarks: Sequence[str | Path],
    *,
    workspace: str | Path | None = None,
    name: str | None = None,
    overwrite: bool = False,
) -> BenchResult:
    """``feraug bench --pool``: the benchmarks of all folds of a cross-validation as one; trains nothing.

    ``benchmarks`` are their files, or names in the workspace's ``bench/``; writes ``bench/NAME.h5``, by
    default CLASSIFIER-folds.  Raises :class:`~feraug.ArtifactError` where they are not all folds of one
    dataset.
    """
    files = [Path(file) for file in several(benchmarks)]
    return _pool.pool(files, workspace_at(workspace), name=name, overwrite=overwrite)


def synthesise(
    config: SynthConfig | NoiseSynthConfig | None = None,
    *,
    workspace: str | Path | None = None,
    model: str | Path | None = None,
    name: str | None = None,
    dataset: str | Path | None = None,
    source: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    train_seconds: float | None = None,
    notify: Notify = ignore,
) -> SynthResult:
    """``feraug synth``: translate faces or make faces from noise; writes ``synthetic/NAME.h5``.

    The faces are real ones of ``train``, or those of ``source``, a dataset or synthetic set. Where no model
    translates the pair, one is trained for ``train_seconds`` first; None raises ``MissingModelError``.
    """
    return _synth.synthesise(
        config_of("synthesise", config, SynthConfig(), NoiseSynthConfig),
        workspace_at(workspace),
        model=text(model),
        name=name,
        dataset=place(dataset),
        source=place(source),
        options=_synth.SynthOptions(device, overwrite, train=train_seconds),
        notify=notify,
    )


def ssim(
    config: SsimConfig | None = None,
    *,
    workspace: str | Path | None = None,
    synthetic: str | Path | Sequence[str | Path] | None = (),
    name: str | None = None,
    dataset: str | Path | None = None,
    judge: str | Path | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    notify: Notify = ignore,
) -> SsimResult:
    """``feraug ssim``: compare synthetic sets with the dataset; writes ``ssim/NAME.h5`` and pictures.

    ``synthetic`` as for :func:`bench`; ``judge``: a classifier on whose features distributions are compared,
    too.  Raises :class:`~feraug.MissingArtifactError` without a dataset or
    synthetic images, and :class:`~feraug.ConfigConflictError` as :func:`prepare`.
    """
    return _ssim.ssim(
        config_of("ssim", config, SsimConfig()),
        workspace_at(workspace),
        synthetic=several(synthetic),
        dataset=place(dataset),
        judge=text(judge),
        name=name,
        options=_ssim.SsimOptions(None if device == "cpu" else device, overwrite),
        notify=notify,
    )


def compare(
    config: CompareConfig | None = None,
    *,
    workspace: str | Path | None = None,
    models: str | Path | Sequence[str | Path] | None = (),
    judge: str | Path | None = None,
    photos: str | Path | None = None,
    name: str | None = None,
    dataset: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    notify: Notify = ignore,
) -> CompareResult:
    """``feraug compare``: the translators of a pair side by side; writes ``compare/NAME.h5`` and pictures.

    ``models`` empty: all of the pair; ``judge`` None: ``models/vgg19.h5``.  Raises
    :class:`~feraug.MissingArtifactError` for a missing dataset, model or judge,
    :class:`~feraug.ArtifactError` for a judge that filtered for one of the models, and
    :class:`~feraug.ConfigConflictError` as :func:`prepare`.
    """
    return _compare.compare(
        config_of("compare", config, CompareConfig()),
        workspace_at(workspace),
        models=several(models),
        judge=text(judge),
        dataset=place(dataset),
        photos=place(photos),
        name=name,
        options=_compare.CompareOptions(device, overwrite),
        notify=notify,
    )


def export_artifact(
    path: str | Path,
    destination: str | Path,
    *,
    workspace: str | Path | None = None,
    weights: str | None = None,
    overwrite: bool = False,
    notify: Notify = ignore,
) -> ExportResult:
    """``feraug export``: images of a dataset or synthetic set, or weights of a model, for other tools.

    ``path`` is a file, or an artifact's name; ``destination`` a folder, a ``.csv`` or ``.csv.gz`` with
    FER2013's columns, or of a model a ``.h5`` (``weights`` ``"float16"``, or ``"float32"``).  Raises
    :class:`~feraug.ConfigConflictError` where something else stands there.
    """
    return _export.export_artifact(
        workspace_at(workspace).artifact(path),
        destination,
        weights=weights,
        overwrite=overwrite,
        notify=notify,
    )


def write_report(
    workspace: str | Path | None = None,
    *,
    out: str | Path | None = None,
    real_faces: bool = False,
    notify: Notify = ignore,
) -> ReportResult:
    """``feraug report``: one HTML page of everything in the workspace; writes ``WORKSPACE/report.html``.

    ``out`` is another place for it.  Raises :class:`~feraug.MissingArtifactError` for an empty workspace,
    and :class:`~feraug.ConfigConflictError` when something other than a report stands there.
    """
    return _report.report(
        workspace_at(workspace),
        out=place(out),
        real_faces=real_faces,
        notify=notify,
    )
