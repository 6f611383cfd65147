"""``feraug synth --train 20m``: the translator that is not there yet, trained first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from feraug.config import PRESETS, STARGANS, TRANSLATORS, AnyGanConfig, gan_config
from feraug.emotions import PairSet
from feraug.errors import ConfigConflictError, FeraugError, Interrupted, MissingModelError
from feraug.quoting import quoted
from feraug.store.header import MODEL
from feraug.store.model import WEIGHTS_ONLY
from feraug.store.reading import read_artifact_header
from feraug.store.workspace import Workspace
from feraug.workflows.devices import choose_device
from feraug.workflows.events import Note, Notify
from feraug.workflows.model_files import config_in, find_model
from feraug.workflows.train import train
from feraug.workflows.train_options import TrainOptions
from feraug.workflows.translators import translates, translator_for, usual_kind

PRESET: Final = "cpu"
"""The preset where there is no GPU; on one, the model's defaults."""


def kind_for(pairs: PairSet, model: str | None) -> str | None:
    """The kind of translator to train for ``pairs``; None where ``model`` names no kind that would do.

    >>> kind_for(PairSet.parse("neutral:happy"), "weighted")
    'weighted'
    """
    if model is None:
        return usual_kind(pairs)
    return model if model in STARGANS or (len(pairs.pairs) == 1 and model in TRANSLATORS) else None


def train_missing_translator(
    pairs: PairSet,
    workspace: Workspace,
    model: str | None,
    seconds: float,
    *,
    dataset: Path | None,
    check: Callable[[str], None],
    options: TrainOptions,
    notify: Notify,
) -> None:
    """Train a translator for ``pairs`` for ``seconds`` where the workspace has none.

    Before that ``check`` is given its kind, and may refuse what it is wanted for.
    Goes on with such a training that was interrupted.  Does nothing where there is another model for the
    pairs, or where ``model`` names a file.
    Raises as :func:`~feraug.workflows.train.train`, and :class:`Interrupted` when Ctrl-C ended it early.
    """
    kind = kind_for(pairs, model)
    if kind is None:
        return
    preset = {} if choose_device(options.device).type == "cuda" else PRESETS[PRESET][kind]
    of_pair: dict[str, Any] = {} if kind in STARGANS else {"pair": str(pairs)}
    config = gan_config({"model": kind, **preset, **of_pair, "budget": seconds})
    path = workspace.model(config.name)
    begun = path.exists() and _is_unfinished(path, config)
    if not begun and (path.exists() or _has_translator(pairs, workspace, model)):
        return
    check(kind)
    time = f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"
    words = ["feraug train", kind, *(["--pair", str(pairs)] if of_pair else [])]
    words += [*(["--preset", PRESET] if preset else []), "--budget", time]
    words += [] if dataset is None else ["--dataset", quoted(str(dataset))]
    state = f"going on with {path.name}" if begun else f"no model for {pairs} yet: training one first"
    notify(Note(f"{state}, as '{' '.join(words)}' would"))
    try:
        result = train(config, workspace, dataset=dataset, options=options, notify=notify)
    except ConfigConflictError as problem:  # whose --overwrite and --name are those of the set here
        anew = f"'{' '.join([*words, '--overwrite'])}' trains it anew; with --train never it is used as it is"
        raise ConfigConflictError(problem.what, anew) from problem
    if getattr(result, "interrupted", False):
        raise Interrupted(
            f"interrupted; saved at step {result.step:,}. The same command with --train {time} goes on; "
            "with --train never the model is used as it is"
        )


def _has_translator(pairs: PairSet, workspace: Workspace, model: str | None) -> bool:
    """Whether synthesis would find one; a model of the reverse pair translates both ways."""
    try:
        if model is None:
            translator_for(pairs, workspace)
            return True
        path = find_model(model, workspace, pairs.only)
        # Of a kind, one of fewer emotions is not the one that is wanted.
        return model not in STARGANS or translates(path, pairs.pairs)
    except MissingModelError:
        return False
    except FeraugError:  # several, which synthesis will tell
        return True


def _is_unfinished(path: Path, config: AnyGanConfig) -> bool:
    try:
        header = read_artifact_header(path)
        return (
            header.encoding_type == MODEL
            and not header.extra.get("finished")
            and not header.extra.get(WEIGHTS_ONLY)  # with which no training can go on
            and config_in(path, header.provenance.config) == config
        )
    except FeraugError:
        return False
