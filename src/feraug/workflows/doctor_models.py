"""Whether a model in the workspace is of use: what any command that takes it would find out."""

from __future__ import annotations

from pathlib import Path

from feraug.config import CLASSIFIERS, NOISE_GENERATORS
from feraug.store.reading import read_artifact_header


def check_model(path: Path) -> None:
    """Load the model as ``synth``, ``filter`` and others do.

    Raises what they raise.  A classifier that has not reached the end of an epoch has nothing to load, and
    where torch cannot be imported nothing is told of models: that is told of torch.
    """
    try:
        from feraug.workflows.classifiers import load_classifier
        from feraug.workflows.generators import load_generator
        from feraug.workflows.model_files import config_of
        from feraug.workflows.translators import load_translator
    except ImportError:
        return
    model = config_of(path).model
    if model not in CLASSIFIERS:
        (load_generator if model in NOISE_GENERATORS else load_translator)(path)
    elif read_artifact_header(path).extra.get("chosen_epoch") != 0:
        load_classifier(path)
