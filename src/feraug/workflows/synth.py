"""``feraug synth``: translate real faces into labelled synthetic ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feraug.config import SynthConfig, to_json
from feraug.data import on_device, to_float, to_uint8, vary
from feraug.emotions import DomainPair, emotion_code
from feraug.errors import ArtifactError, MissingArtifactError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import SYNTHETIC, Provenance
from feraug.store.synthetic import SyntheticWriter, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.devices import choose_device
from feraug.workflows.events import Note, Notify, Progress, ignore
from feraug.workflows.existing import existing_header
from feraug.workflows.translators import Translator, load_translator, model_kind, translator_for_pair

MAX_ROUNDS = 2**16
"""How often a face can be used: a file has 16 bits for the round."""


@dataclass(frozen=True)
class SynthResult:
    """A synthetic set; ``as_json`` is what ``--json`` prints."""

    path: Path
    already_done: bool
    model: Path
    pair: DomainPair
    images: int
    sources: int
    """Different real faces that were translated."""

    @property
    def rounds(self) -> int:
        """How often each source was used, rounded up."""
        return -(-self.images // self.sources)

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "path": str(self.path),
            "already_done": self.already_done,
            "model": str(self.model),
            "pair": str(self.pair),
            "label": self.pair.b,
            "images": self.images,
            "sources": self.sources,
            "rounds": self.rounds,
        }


@dataclass(frozen=True)
class SynthOptions:
    """What may differ between runs of the same synthesis."""

    device: str = "auto"
    overwrite: bool = False
    command: str = "feraug.synthesise"


def synthesise(
    config: SynthConfig,
    workspace: Workspace,
    *,
    model: str | None = None,
    dataset: Path | None = None,
    name: str | None = None,
    options: SynthOptions | None = None,
    notify: Notify = ignore,
) -> SynthResult:
    """Translate ``config.count`` faces of the split's domain a into b; writes ``synthetic/NAME.h5``.

    ``model`` is a file or a name in ``models/``; None: the only trained model for the pair.
    Raises :class:`MissingArtifactError` without a dataset or model, :class:`UsageError` when
    several models fit, :class:`ArtifactError` when the model is of another pair.
    """
    options = options or SynthOptions()
    pair = DomainPair.parse(config.pair)
    model_path = _model_path(model, pair, workspace)
    dataset_path = dataset or workspace.dataset()
    if not dataset_path.exists():
        raise MissingArtifactError(
            f"{dataset_path}: no dataset yet; make it with 'feraug prepare fer2013.csv' (or 'drawn')"
        )
    kind = model_kind(model_path)
    faces, rows = _sources(dataset_path, pair, config.split)
    digests = {dataset_path.name: sha256_file(dataset_path), model_path.name: sha256_file(model_path)}
    config = replace(config, pair=str(pair))
    provenance = Provenance(to_json(config), options.command, config.seed, digests)
    path = workspace.synthetic(name or f"{kind}-{pair.slug}")
    result = SynthResult(path.resolve(), False, model_path.resolve(), pair, config.count, len(rows))
    if existing_header(path, SYNTHETIC, provenance, overwrite=options.overwrite) is not None:
        return replace(result, already_done=True)
    if result.rounds > MAX_ROUNDS:
        raise UsageError(
            f"-n: {config.count:,} images from {len(rows):,} faces would use each {result.rounds:,} times; "
            f"{MAX_ROUNDS:,} is the limit, so use -n {MAX_ROUNDS * len(rows)} or fewer"
        )
    translator = load_translator(model_path, device=str(choose_device(options.device)))
    if not translator.finished:
        notify(
            Note(f"{model_path.name} is at step {translator.step:,} of {translator.steps:,}, not finished")
        )
    facts = {"sources": [digests[dataset_path.name]], "model": digests[model_path.name], "label": pair.b}
    with writing_synthetic(path, config.count, provenance, facts) as writer:
        _translate_all(writer, translator, faces, rows, config, notify)
    return result


def _model_path(model: str | None, pair: DomainPair, workspace: Workspace) -> Path:
    if model is None:
        return translator_for_pair(pair, workspace)
    as_file = Path(model)
    if as_file.suffix == ".h5" or as_file.exists():
        if not as_file.exists():
            raise MissingArtifactError(f"{model}: no such model file")
        return as_file
    for candidate in (workspace.model(model), workspace.model(f"{model}-{pair.slug}")):
        if candidate.exists():
            return candidate
    reverse = workspace.model(f"{model}-{pair.reversed.slug}")
    if reverse.exists():
        return reverse
    names = ", ".join(path.stem for path in workspace.models()) or "none"
    raise MissingArtifactError(
        f"no model '{model}' in {workspace.root / 'models'} (there: {names}); "
        f"train one with 'feraug train cyclegan --pair {pair}'"
    )


def _sources(dataset_path: Path, pair: DomainPair, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    dataset = read_dataset(dataset_path)
    rows = dataset.rows(split=split, emotion=pair.a)
    if not len(rows):
        raise ArtifactError(
            f"{dataset_path}: no '{pair.a}' images in its {split} split, so nothing to translate"
        )
    return dataset.images[rows], rows


def _translate_all(
    writer: SyntheticWriter,
    translator: Translator,
    faces: NDArray[np.uint8],
    rows: NDArray[np.int64],
    config: SynthConfig,
    notify: Notify,
) -> None:
    pair = DomainPair.parse(config.pair)
    label = emotion_code(pair.b)
    done = 0
    for places, rounds in source_batches(len(rows), config):
        batch = to_float(on_device(faces[places], translator.device))
        views = vary(batch, rounds, rows[places], config.seed)
        images = to_uint8(translator.forward(views, pair)).cpu().numpy()
        labels = np.full(len(images), label, np.uint8)
        writer.append(images, labels, rows=rows[places], source=0, rounds=rounds.astype(np.uint16))
        done += len(images)
        notify(Progress("translating", done, config.count, "images"))


def _order(available: int, config: SynthConfig, turn: int) -> NDArray[np.int64]:
    """The order in which round ``turn`` goes through the sources."""
    return np.random.default_rng((config.seed, turn)).permutation(available)


def source_batches(
    available: int, config: SynthConfig
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places among ``available`` sources and the round of each, a batch at a time, ``count`` in all.

    Every source is used once, in an order shuffled by the seed, before any is used again.
    """
    orders: dict[int, NDArray[np.int64]] = {}
    for start in range(0, config.count, config.batch_size):
        numbers = np.arange(start, min(start + config.batch_size, config.count))
        rounds = numbers // available
        # A batch may span many rounds: there can be fewer sources than a batch has places.
        turns = [int(turn) for turn in np.unique(rounds)]
        orders = {turn: orders[turn] if turn in orders else _order(available, config, turn) for turn in turns}
        places = np.array(
            [orders[int(turn)][number % available] for turn, number in zip(rounds, numbers, strict=True)],
            np.int64,
        )
        yield places, rounds
