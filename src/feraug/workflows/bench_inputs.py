"""What a benchmark is made from: the dataset's splits, the synthetic files, and what an earlier run did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import SYNTHETIC_ARMS, BenchConfig
from feraug.config.values import option
from feraug.data import LabelledFaces
from feraug.errors import ArtifactError, ConfigConflictError, UsageError
from feraug.quoting import quoted
from feraug.store.bench import TEST_COLUMNS
from feraug.store.dataset import DatasetArrays
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.header import BENCH, Provenance
from feraug.store.reading import open_artifact
from feraug.store.workspace import Workspace
from feraug.workflows.bench_arms import material
from feraug.workflows.bench_parts import lost_alone
from feraug.workflows.by_digest import artifacts_by_digest
from feraug.workflows.existing import OTHERWISE
from feraug.workflows.model_files import completed
from feraug.workflows.real_faces import read_faces
from feraug.workflows.synthetic_origins import cautions, filtered_by, training_sets
from feraug.workflows.synthetic_sets import SyntheticSet
from feraug.workflows.train_classifier import splits_of

GATHER_AGAIN: Final = (
    "delete that file, and the same command makes it again of its repeats (--overwrite: trains all anew)"
)
"""What to do about a damaged file of a whole benchmark."""


@dataclass(frozen=True)
class BenchInputs:
    """All that the trainings and the table of a benchmark are made from."""

    faces: DatasetArrays
    digest: str
    name: str
    files: list[SyntheticSet]
    training: LabelledFaces
    validation: LabelledFaces
    test: LabelledFaces
    test_rows: NDArray[np.int64]
    shown: Mapping[str, Mapping[str, int]]
    """By arm, how many ``real`` and ``synthetic`` images its first repeat is trained on."""
    cautions: list[str]
    """What is not known of the synthetic files, and which share images, as sentences."""
    filtered_by: Mapping[str, frozenset[str]]
    """By a synthetic file's SHA-256 those of the classifiers that chose its images."""

    def provenance(self, config: BenchConfig, command: str) -> Provenance:
        """How the benchmark comes about."""
        return Provenance(config.json(), command, config.classifier.seed, self.inputs(synthetic=True))

    def inputs(self, *, synthetic: bool) -> dict[str, str]:
        """SHA-256 by name, of the dataset and, where they are used, the ``synthetic`` files."""
        files = [(file.path, file.digest) for file in self.files] if synthetic else []
        return inputs_by_name((Path(self.name), self.digest), *files)

    @property
    def test_columns(self) -> dict[str, NDArray[Any]]:
        """The columns of the test images, by the names of ``TEST_COLUMNS``."""
        columns = {**self.faces.columns, "row": np.arange(len(self.faces.labels))}
        return {name: columns[name][self.test_rows] for name in TEST_COLUMNS if name in columns}

    def synthetic_json(self) -> list[dict[str, Any]]:
        """The synthetic files as JSON values."""
        return [
            {"name": file.path.name, "sha256": file.digest, "images": len(file.arrays.images)}
            for file in self.files
        ]


def read_inputs(
    config: BenchConfig,
    workspace: Workspace,
    synthetic: Sequence[Path | str],
    dataset: Path | None,
    *,
    test: bool = True,
) -> BenchInputs:
    """Read and check everything, so that nothing is missing hours later.

    Raises :class:`ArtifactError` for splits without images (``test`` may be empty where it is not asked for),
    synthetic images of an origin outside ``train``, and arms that have no synthetic image of their kind.
    """
    source = workspace.dataset_file(dataset)
    found = read_faces(source, workspace)
    faces, files = found.arrays, list[SyntheticSet]()
    there: dict[str, Path] = {}
    if set(config.arms) & set(SYNTHETIC_ARMS):
        there = artifacts_by_digest(workspace)
        files = training_sets(workspace, synthetic, faces, found.digest, there)
    elif synthetic:
        raise UsageError("--synthetic: no arm uses it; add --arm real+synthetic")
    _check_used(config)
    rows = faces.rows(split="test")
    if test and not len(rows):
        raise ArtifactError(
            f"{source}: no image in 'test', so there is nothing to report; --no-test compares on validation "
            f"alone; 'feraug info {quoted(str(source))}' lists what is there"
        )
    training, validation = splits_of(faces, config.classifier)
    tested = LabelledFaces(faces.images[rows], faces.labels[rows], np.ones(len(rows), np.float32))
    shown = {}
    for arm in config.trained_arms:
        made = material(config, arm, 0, training, files)
        shown[arm] = {"real": made.real, "synthetic": len(made.faces) - made.real}
    if "reverse" in config.arms and not any(file.labelled.any() for file in files):
        raise ArtifactError(
            "the arm 'reverse' has no image: the synthetic files have no labelled one",
            "leave it out, or label images with 'feraug filter NAME --emotion EMOTION'",
        )
    return BenchInputs(
        faces, found.digest, source.name, files, training, validation, tested, rows, shown,
        cautions(workspace, files, faces, found.digest, there),
        {file.digest: filtered_by(file, found.digest, there) for file in files},
    )  # fmt: skip


def _check_used(config: BenchConfig) -> None:
    """Raise :class:`UsageError` for settings of synthetic images that no arm would follow."""
    arms = set(config.trained_arms) & set(SYNTHETIC_ARMS)
    for name in ("use", "ratio", "per_class_cap", "synthetic_weight"):
        if getattr(config, name) == getattr(BenchConfig, name):
            continue
        if not arms:
            raise UsageError(f"{option(name)}: no arm is trained on synthetic images; add --with-synthetic")
        if name in ("use", "synthetic_weight") and arms == {"synthetic"}:
            raise UsageError(f"{option(name)}: is against real images, and the arm 'synthetic' has none")


def _earlier(path: Path) -> Provenance:
    with lost_alone(GATHER_AGAIN), open_artifact(path, BENCH) as reader:
        provenance = reader.header.provenance
    if "folds" in provenance.config:
        raise ConfigConflictError(f"{path} holds the folds of a cross-validation, from --pool", OTHERWISE)
    return provenance


def _joined(config: BenchConfig, there: Provenance) -> BenchConfig:
    """The config with the arms and repeats of an earlier benchmark, too."""
    arms, repeats = there.config.get("arms"), there.config.get("repeats")
    if isinstance(arms, list) and isinstance(repeats, int):
        return config.joined([str(arm) for arm in arms], repeats)
    return config


def done_without_its_files(
    config: BenchConfig, path: Path, workspace: Workspace, dataset: Path | None
) -> BenchConfig | None:
    """The config of the benchmark at ``path`` where it has all that is asked for, and a set of it is gone.

    Nothing is to be trained then, and nothing read but its own file.  None for any other.
    """
    asks_for_sets = bool(set(config.arms) & set(SYNTHETIC_ARMS))
    source = workspace.dataset_file(dataset)
    if not path.is_file() or not source.is_file() or (asks_for_sets and workspace.synthetics()):
        return None  # sets that are there are meant, and may be others
    there = _earlier(path)
    if not set(there.beside_dataset.values()) - {sha256_file(place) for place in workspace.synthetics()}:
        return None
    config = _joined(config, there)
    same = completed(there.config) == config.json() and sha256_file(source) in there.inputs.values()
    return config if same else None


def with_earlier(
    config: BenchConfig, path: Path, synthetic: Sequence[Path | str], workspace: Workspace
) -> tuple[BenchConfig, Sequence[Path | str]]:
    """The config with the arms and repeats of the benchmark at ``path``, if there is one.

    Where only those arms need synthetic files and none were given, the earlier run's are taken; raises
    :class:`ArtifactError` for one that is not in the workspace.
    """
    if not path.is_file():
        return config, synthetic
    asked = set(config.arms)
    there = _earlier(path)
    config = _joined(config, there)
    # With no set at all left, "all that are there" would send the user to make others.
    if not synthetic and (not asked & set(SYNTHETIC_ARMS) or not workspace.synthetics()):
        found = {sha256_file(place): place for place in workspace.synthetics()}
        used = there.beside_dataset
        gone = [f"{name} (SHA-256 {digest[:12]}…)" for name, digest in used.items() if digest not in found]
        if gone:
            parts = path.with_suffix("")
            raise ArtifactError(
                f"the benchmark {path.stem} used {', '.join(gone)}, not in {workspace.root}/synthetic now",
                "make them again by the very commands that made them, or name them with --synthetic where "
                "they lie; --name NAME begins another benchmark, which trains 'real' no second time where "
                f"{parts}/real-*.h5 are copied into {parts.parent}/NAME first",
            )
        synthetic = [found[digest] for digest in used.values()]
    return config, synthetic
