"""What a benchmark came to: its table, plots and file out of the finished repeats, or validation alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import BenchConfig
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, FeraugError, StorageError
from feraug.metrics.classification import balanced_accuracy, confusion_matrix, logit_adjusted
from feraug.plots.bench import confusion_figure, table_figure
from feraug.plots.files import write_figure
from feraug.store.atomic import remove
from feraug.store.bench import Predictions, read_bench, write_bench
from feraug.store.header import Provenance
from feraug.words import plural
from feraug.workflows.bench_conclusions import conclusions, is_of_a_set
from feraug.workflows.bench_folds import fold_facts
from feraug.workflows.bench_inputs import GATHER_AGAIN, BenchInputs
from feraug.workflows.bench_outcome import BenchResult
from feraug.workflows.bench_parts import AGAIN, CLASSIFIER, Part, lost_alone, read_part
from feraug.workflows.bench_table import table
from feraug.workflows.classifier_run import total_steps
from feraug.workflows.classifiers import load_classifier

NO_TEST: Final = "no test images: without --no-test there is nothing to report."


def gathered(
    config: BenchConfig, path: Path, parts: Sequence[Part], given: BenchInputs, provenance: Provenance
) -> BenchResult:
    """The benchmark of finished ``parts``, written to ``path`` and drawn."""
    found = _read(config, parts, given)
    probabilities = {arm: np.stack([one.test for one in each]) for arm, each in found.items()}
    test = given.test_columns
    figures = table(probabilities, test)
    for arm, values in _of_validation(found, given).items():
        figures["arms"][arm] |= values
    figures["synthetic"] = given.synthetic_json()
    if "reverse" in config.arms:
        figures["reverse"] = _reverse(path, given)
    figures["conclusions"] = conclusions(figures) + given.cautions
    facts = {"arms": list(found), **_size(config, given), "table": figures}
    return written(path, probabilities, test, provenance, facts | fold_facts(given.faces))


def written(
    path: Path,
    probabilities: Mapping[str, NDArray[np.float32]],
    test: Mapping[str, NDArray[Any]],
    provenance: Provenance,
    facts: Mapping[str, Any],
) -> BenchResult:
    """The benchmark of these figures, written to ``path`` and drawn."""
    remove(drawn_files(path))  # first: those that are there are not drawn again
    write_bench(path, probabilities, test, provenance, facts)
    _plot(path, facts, provenance.config)
    return _result(provenance.config, path, facts)


def on_validation(
    config: BenchConfig, path: Path, parts: Sequence[Part], given: BenchInputs, *, already_done: bool = False
) -> BenchResult:
    """What may be chosen by; the predictions on test stay in the repeats' files."""
    arms = _of_validation(_read(config, parts, given), given)
    figures = {"arms": arms, "differences": {}, "synthetic": given.synthetic_json()}
    figures["conclusions"] = given.cautions + ([] if len(given.test) else [NO_TEST])
    facts = {**_size(config, given), "table": figures}
    return _result(config.json(), path, facts, already_done=already_done, tested=False)


def kept_of_validation(config: BenchConfig, path: Path, cautions: Sequence[str] | None) -> BenchResult | None:
    """What the file of a finished benchmark says of validation; None where it is too old to say it.

    ``cautions`` about the synthetic files, or None where those are gone: as they were said then.
    """
    with lost_alone(GATHER_AGAIN):
        facts = read_bench(path).header.extra
    table, names = facts["table"], (*_OF_VALIDATION, "training_images")
    told = {arm: values for arm, values in table["arms"].items() if arm != "logit-adjusted"}
    if any(name not in values for values in told.values() for name in ("validation_accuracy", names[-1])):
        return None
    arms = {
        arm: {name: values[name] for name in names if name in values} for arm, values in table["arms"].items()
    }
    figures = {"arms": arms, "differences": {}, "synthetic": table.get("synthetic", [])}
    said = [one for one in table.get("conclusions", []) if is_of_a_set(one)]
    figures["conclusions"] = said if cautions is None else list(cautions)
    return _result(config.json(), path, {**facts, "table": figures}, already_done=True, tested=False)


@dataclass(frozen=True, eq=False)
class _Repeat:
    """What one repeat of an arm answers, and how good it is on validation; None where that is not known."""

    test: NDArray[np.float32]
    validation: NDArray[np.float32] | None
    validation_accuracy: float | None

    @classmethod
    def of(cls, part: Predictions) -> _Repeat:
        """The repeat that was trained."""
        best = float(part.validation_accuracy.max())
        return cls(part.probabilities, part.validation_probabilities, best)

    def adjusted(self, given: BenchInputs, smoothing: float) -> _Repeat:
        """The same answers, by logit adjustment."""
        counts = np.bincount(given.training.labels, minlength=len(EMOTIONS))
        adjust = partial(logit_adjusted, counts=counts, label_smoothing=smoothing)
        test = adjust(self.test)
        if self.validation is None:
            return _Repeat(test, None, None)
        validation = adjust(self.validation)
        right = validation.argmax(1) == given.validation.labels
        return _Repeat(test, validation, float(right.mean()))


def _read(config: BenchConfig, parts: Sequence[Part], given: BenchInputs) -> dict[str, list[_Repeat]]:
    """The repeats of each arm, all of which are done."""
    found: dict[str, list[_Repeat]] = {arm: [] for arm in config.tested_arms}
    for part in parts:
        if (predictions := read_part(part, len(given.test))) is None:
            raise FeraugError(f"{part.path}: gone while the benchmark ran; the same command makes it again")
        of_validation, images = predictions.validation_probabilities, len(given.validation)
        if of_validation is not None and len(of_validation) != images:
            what = f"{len(of_validation):,} validation images instead of {images:,}"
            raise ArtifactError(f"{part.path}: damaged: {what}", AGAIN)
        found[part.arm].append(_Repeat.of(predictions))
        with suppress(StorageError):
            remove([part.checkpoint])  # of one that was killed when its part was done
    if "logit-adjusted" in found:
        found["logit-adjusted"] = [
            one.adjusted(given, config.classifier.label_smoothing) for one in found["real"]
        ]
    return found


_OF_VALIDATION: Final = ("validation_accuracy", "validation_balanced_accuracy")


def _of_validation(found: Mapping[str, list[_Repeat]], given: BenchInputs) -> dict[str, dict[str, Any]]:
    """Of each arm what is known of validation by each repeat's chosen epoch, and how many images it saw."""
    labels = given.validation.labels
    arms: dict[str, dict[str, Any]] = {}
    for arm, each in found.items():
        figures = arms[arm] = {
            "training_images": dict(given.shown["real" if arm == "logit-adjusted" else arm])
        }
        accuracy = [one.validation_accuracy for one in each if one.validation_accuracy is not None]
        called = [one.validation.argmax(1) for one in each if one.validation is not None]
        if len(accuracy) == len(each):
            figures["validation_accuracy"] = [round(one, 6) for one in accuracy]
        if len(called) == len(each):
            matrices = np.stack([confusion_matrix(labels, one, len(EMOTIONS)) for one in called])
            balanced = balanced_accuracy(matrices)
            figures["validation_balanced_accuracy"] = [round(float(one), 6) for one in balanced]
    return arms


def _size(config: BenchConfig, given: BenchInputs) -> dict[str, Any]:
    """The steps of a training, and in what the benchmark is less than the defaults."""
    reductions = config.reductions(len(given.training))
    steps = total_steps(config.classifier, len(given.training))
    return {"steps": steps, "reduced": bool(reductions), "reductions": reductions}


def _plot(path: Path, facts: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    repeats, steps = plural(config["repeats"], "repeat"), plural(facts["steps"], "step")
    title = f"{config['model']}, {repeats} of {steps}"
    if folds := config.get("folds"):
        title += f", {folds} folds"
    if facts["reduced"]:
        title += f"\nREDUCED: {', '.join(facts.get('reductions', ['less than the defaults']))}"
    for place, figure in zip(
        _plots(path),
        (table_figure(facts["table"], title), confusion_figure(facts["table"], title)),
        strict=True,
    ):
        write_figure(figure, place)


def _plots(path: Path) -> list[Path]:
    """The plots of a benchmark, as PNG; each has an SVG beside it."""
    folder = path.parent.parent / "plots"
    return [folder / f"bench-{path.stem}.png", folder / f"bench-{path.stem}-confusion.png"]


def drawn_files(path: Path) -> list[Path]:
    """All files of the plots of a benchmark."""
    return [place.with_suffix(ending) for place in _plots(path) for ending in (".png", ".svg")]


def _reverse(path: Path, given: BenchInputs) -> dict[str, Any]:
    """The first classifier of ``real`` on the synthetic images: correct and total by emotion.

    Without the images that it has chosen itself: of those it calls nearly all as they are labelled.
    """
    with lost_alone(AGAIN):
        classifier = load_classifier(path.with_suffix("") / CLASSIFIER)
    own = [file for file in given.files if classifier.digest in given.filtered_by[file.digest]]
    result: dict[str, Any] = {
        "classifier": classifier.digest,
        "per_class": {},
        "left_out": [file.path.name for file in own],
    }
    files = [file for file in given.files if file not in own]
    if not files:
        return result
    images = np.concatenate([file.arrays.images[file.labelled] for file in files])
    labels = np.concatenate([file.arrays.labels[file.labelled] for file in files])
    called = classifier.emotions(images)
    for code, emotion in enumerate(EMOTIONS):
        here = labels == code
        if here.any():
            correct = int((called[here] == code).sum())
            result["per_class"][emotion] = {"correct": correct, "total": int(here.sum())}
    return result


def finished(config: Mapping[str, Any], path: Path, *, draws: bool) -> BenchResult:
    """What is there, of this config as JSON values; the process that ``draws`` makes plots anew that went."""
    with lost_alone(GATHER_AGAIN):
        facts = read_bench(path).header.extra
    if draws and not all(place.exists() for place in drawn_files(path)):
        _plot(path, facts, config)
    return _result(config, path, facts, already_done=True)


def interrupted_result(config: BenchConfig, path: Path) -> BenchResult:
    """What is told of a benchmark that was stopped, or by a process that is not the first."""
    facts = {"steps": 0, "reduced": False, "table": {"arms": {}, "differences": {}}}
    return _result(config.json(), path, facts, interrupted=True)


def _result(
    config: Mapping[str, Any],
    path: Path,
    facts: Any,
    *,
    already_done: bool = False,
    interrupted: bool = False,
    tested: bool = True,
) -> BenchResult:
    figures = {name: value for name, value in facts["table"].items() if name != "conclusions"}
    return BenchResult(
        path=path.resolve(),
        already_done=already_done,
        interrupted=interrupted,
        tested=tested,
        folds=int(config.get("folds", 0)),
        classifier=str(config["model"]),
        repeats=int(config["repeats"]),
        steps=int(facts["steps"]),
        reduced=bool(facts["reduced"]),
        reductions=list(facts.get("reductions", [])),
        table=figures,
        conclusions=list(facts["table"].get("conclusions", [])),
        plots=[place.resolve() for place in _plots(path) if place.exists()],
    )
