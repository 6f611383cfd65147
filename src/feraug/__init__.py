"""feraug: do GAN-made faces make your facial-expression classifier better?

The names below are imported when they are first used, so that ``import feraug`` is quick; see
``docs/python-api.md``.
"""

from __future__ import annotations

import importlib

from feraug.version import __version__

TYPE_CHECKING = False  # typing's own would be the one slow import before the command line minds Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from feraug.api import (
        Classifier,
        FaceDataset,
        FaceGenerator,
        SyntheticFaces,
        Translator,
        all_pairs_ssim,
        bench,
        bench_predictions,
        compare,
        export_artifact,
        load_classifier,
        load_generator,
        load_translator,
        open_dataset,
        open_synthetic,
        pool_folds,
        prepare,
        ssim,
        synthesise,
        train,
        train_translator,
        write_report,
    )
    from feraug.api_faces import filter_synthetic, trace, translate_photos
    from feraug.config import (
        DEFAULTS,
        BenchConfig,
        ClassifierConfig,
        CompareConfig,
        FilterConfig,
        NoiseConfig,
        NoiseSynthConfig,
        PhotosConfig,
        PrepareConfig,
        SsimConfig,
        StarGANConfig,
        SynthConfig,
        TranslatorConfig,
    )
    from feraug.data.degradations import degrade
    from feraug.emotions import EMOTIONS, SPLITS
    from feraug.errors import (
        ArtifactError,
        ConfigConflictError,
        FeraugError,
        Interrupted,
        InUseError,
        MissingArtifactError,
        MissingModelError,
        SourceError,
        StorageError,
        TrainingError,
        UsageError,
    )
    from feraug.faces import crop_face, face_detector, face_scores, find_faces

_HOMES = {
    "all_pairs_ssim": "feraug.api",
    "ArtifactError": "feraug.errors",
    "bench": "feraug.api",
    "bench_predictions": "feraug.api",
    "BenchConfig": "feraug.config",
    "Classifier": "feraug.api",
    "ClassifierConfig": "feraug.config",
    "compare": "feraug.api",
    "CompareConfig": "feraug.config",
    "ConfigConflictError": "feraug.errors",
    "crop_face": "feraug.faces",
    "DEFAULTS": "feraug.config",
    "degrade": "feraug.data.degradations",
    "EMOTIONS": "feraug.emotions",
    "export_artifact": "feraug.api",
    "face_detector": "feraug.faces",
    "face_scores": "feraug.faces",
    "FaceDataset": "feraug.api",
    "FaceGenerator": "feraug.api",
    "FeraugError": "feraug.errors",
    "filter_synthetic": "feraug.api_faces",
    "FilterConfig": "feraug.config",
    "find_faces": "feraug.faces",
    "Interrupted": "feraug.errors",
    "InUseError": "feraug.errors",
    "load_classifier": "feraug.api",
    "load_generator": "feraug.api",
    "load_translator": "feraug.api",
    "MissingArtifactError": "feraug.errors",
    "MissingModelError": "feraug.errors",
    "NoiseConfig": "feraug.config",
    "NoiseSynthConfig": "feraug.config",
    "open_dataset": "feraug.api",
    "open_synthetic": "feraug.api",
    "pool_folds": "feraug.api",
    "PhotosConfig": "feraug.config",
    "prepare": "feraug.api",
    "PrepareConfig": "feraug.config",
    "SourceError": "feraug.errors",
    "SPLITS": "feraug.emotions",
    "ssim": "feraug.api",
    "SsimConfig": "feraug.config",
    "StarGANConfig": "feraug.config",
    "StorageError": "feraug.errors",
    "SynthConfig": "feraug.config",
    "synthesise": "feraug.api",
    "SyntheticFaces": "feraug.api",
    "trace": "feraug.api_faces",
    "train": "feraug.api",
    "train_translator": "feraug.api",
    "TrainingError": "feraug.errors",
    "translate_photos": "feraug.api_faces",
    "Translator": "feraug.api",
    "TranslatorConfig": "feraug.config",
    "UsageError": "feraug.errors",
    "write_report": "feraug.api",
}

__all__ = [
    "DEFAULTS",
    "EMOTIONS",
    "SPLITS",
    "ArtifactError",
    "BenchConfig",
    "Classifier",
    "ClassifierConfig",
    "CompareConfig",
    "ConfigConflictError",
    "FaceDataset",
    "FaceGenerator",
    "FeraugError",
    "FilterConfig",
    "InUseError",
    "Interrupted",
    "MissingArtifactError",
    "MissingModelError",
    "NoiseConfig",
    "NoiseSynthConfig",
    "PhotosConfig",
    "PrepareConfig",
    "SourceError",
    "SsimConfig",
    "StarGANConfig",
    "StorageError",
    "SynthConfig",
    "SyntheticFaces",
    "TrainingError",
    "Translator",
    "TranslatorConfig",
    "UsageError",
    "__version__",
    "all_pairs_ssim",
    "bench",
    "bench_predictions",
    "compare",
    "crop_face",
    "degrade",
    "export_artifact",
    "face_detector",
    "face_scores",
    "filter_synthetic",
    "find_faces",
    "load_classifier",
    "load_generator",
    "load_translator",
    "open_dataset",
    "open_synthetic",
    "pool_folds",
    "prepare",
    "ssim",
    "synthesise",
    "trace",
    "train",
    "train_translator",
    "translate_photos",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'feraug' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
