"""What is kept of a step: a small JSON file for each finished result, figures only.

Files are named by what they hold and by the digest of the artifact, so that results of other machines come
beside them and replace nothing. ``translators-*.json`` may be written by hand, for translators that were
trained and judged elsewhere:

    {"kind": "translators", "scale": "reduced", "model": "stargan", "commands": ["train stargan …"],
     "judge": {"name": "simple", "validation_accuracy": 0.55}, "device": "…", "versions": {"feraug": "…"},
     "seed": 0, "note": "one sentence, if any",
     "rows": [{"pair": "neutral:happy", "faces": 607, "share": 0.73, "untouched": 0.1, "ssim": 0.94}]}

``share`` of the translations is called by the target emotion, ``untouched`` of the faces before; ``ssim`` is
the mean SSIM of a translation and its source.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import feraug
from fer2013.engine import Run, device, sha256
from fer2013.steps import Step
from feraug.emotions import EMOTIONS
from feraug.metrics.classification import balanced_accuracy, confusion_matrix, logit_adjusted, macro_f1
from feraug.metrics.near_copies import near_copy_groups
from feraug.store.bench import Predictions, read_predictions
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.reading import read_artifact_header

Record = dict[str, Any]


class Recorder:
    """Writes the results of a run's steps into ``folder``."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run, self._folder = run, folder
        self._device = ""
        self._faces: dict[str, tuple[DatasetArrays, str]] = {}

    def keep(self, step: Step, line: str, printed: Any) -> None:
        """What a command printed, or, with None, the finished repeats of a benchmark that goes on."""
        if line.startswith("bench "):
            self._bench(step, line, printed)
        elif printed is not None and (figures := self._figures(line)) is not None:
            self._write(step, line, figures(printed), sha256(self._run.artifact(step)))

    def lacks(self, step: Step) -> bool:
        """Whether a step is done of which nothing is kept here: of another folder of results, or deleted."""
        if step.line.startswith("bench "):
            return not all(self._has(sha256(path)) for path in self._parts(step))
        digest = sha256(self._run.artifact(step))
        return bool(digest) and self._figures(step.line) is not None and not self._has(digest)

    def _figures(self, line: str) -> Callable[[Mapping[str, Any]], Record] | None:
        """What makes the figures out of what a command prints; None for commands that have none."""
        return {
            "prepare": self._prepared, "compare": self._compared, "filter": self._filtered,
            "ssim": self._similar,
        }.get(line.split()[0])  # fmt: skip

    def _prepared(self, printed: Mapping[str, Any]) -> Record:
        data = read_dataset(Path(printed["path"]))
        kept = {name: printed[name] for name in ("images", "splits", "audit", "dropped", "skipped", "labels")}
        kind = "fewer" if printed["dropped"].get("train_share") else "audit"
        return {"kind": "ferplus" if printed["labels"] == "ferplus" else kind, **kept, **relabelled(data)}

    def _compared(self, printed: Mapping[str, Any]) -> Record:
        figures = {name: value for name, value in printed.items() if not name.startswith("path")}
        for name in ("pictures", "already_done"):
            figures.pop(name, None)
        for one in figures["models"]:
            one.get("training", {}).pop("loss_spreads", None)
        return {"kind": "compare", **figures}

    def _filtered(self, printed: Mapping[str, Any]) -> Record:
        names = ("emotion", "images", "kept", "stages", "detector", "classifier_digest", "real_images")
        return {"kind": "filter", **{name: printed[name] for name in names}}

    def _similar(self, printed: Mapping[str, Any]) -> Record:
        names = ("variant", "threshold", "threshold_from", "judge", "real", "sets")
        return {"kind": "ssim", **{name: printed[name] for name in names if name in printed}}

    def _bench(self, step: Step, line: str, printed: Any) -> None:
        parts = self._parts(step)
        if not parts:
            return
        data, digest = self._dataset(line)
        self._put(f"test-{digest[:8]}.json", {"kind": "test", "faces": digest, **test_images(data)})
        for path in parts:
            adjusts = "--arm logit-adjusted" in line and path.name.startswith("real-")
            arms = ("", "logit-adjusted") if adjusts else ("",)
            if all(self._has(sha256(path), arm) for arm in arms):
                continue
            found = read_predictions(path)
            record: Record = {"kind": "bench", "bench": step.name.removeprefix("bench-"), "faces": digest}
            record |= repeat(found.probabilities, float(found.validation_accuracy.max()), data)
            record |= {name: found.facts[name] for name in ("arm", "chosen_epoch", "steps", "seconds")}
            header = found.header.provenance
            record |= {"settings": dict(header.config), "seed": header.seed, "inputs": dict(header.inputs)}
            self._write(step, line, record, sha256(path))
            if adjusts:
                self._write(step, line, record | adjusted(found, data), sha256(path))
        if printed and "reverse" in printed:
            record = {"kind": "reverse", "bench": step.name.removeprefix("bench-"), **printed["reverse"]}
            self._write(step, line, record, sha256(self._run.artifact(step)))

    def _parts(self, step: Step) -> list[Path]:
        """The files of a benchmark's finished repeats."""
        folder = self._run.artifact(step).with_suffix("")
        return sorted(path for path in folder.glob("*-[0-9]*.h5") if ".checkpoint" not in path.suffixes)

    def _dataset(self, line: str) -> tuple[DatasetArrays, str]:
        """A command's faces and the digest of what they are; a file's own changes with the path typed."""
        named = re.search(r"--dataset artifacts/(\S+)", line)
        name = named[1] if named else "dataset.h5"
        if name not in self._faces:
            data = read_dataset(self._run.workspace / name)
            digest = hashlib.sha256()
            for values in (data.images, data.labels, data.split):
                digest.update(np.ascontiguousarray(values))
            self._faces[name] = data, digest.hexdigest()
        return self._faces[name]

    def _has(self, digest: str, arm: str = "") -> bool:
        return any(self._folder.glob(f"{f'*-{arm}-*' if arm else '*'}-{digest[:8]}.json"))

    def _write(self, step: Step, line: str, figures: Record, digest: str) -> None:
        # CPUs of the same description may differ in their last bits, and so in what a training comes to:
        # repeats are compared with those of the same machine.
        self._device = self._device or ", ".join(filter(None, (device(), self._run.machine)))
        header = read_artifact_header(self._run.artifact(step)) if self._run.artifact(step).exists() else None
        about = {
            "scale": self._run.label,
            "command": f"feraug {line}",
            "sha256": digest,
            "device": self._device,
            "versions": versions(),
        }
        if "seed" not in figures:
            about["seed"] = 0 if header is None else header.provenance.seed
        names = [figures["kind"], step.name.removeprefix(f"{figures['kind']}-")]
        if figures["kind"] in ("audit", "ferplus", "fewer"):
            names = names[:1]  # which the scale does not change
        else:
            names.append(self._run.label)
        if "arm" in figures:
            names += [figures["arm"], f"seed{figures['seed']}"]
        self._put(f"{'-'.join(names)}-{digest[:8]}.json", figures | about)

    def _put(self, name: str, record: Record) -> None:
        path = self._folder / name
        if path.exists():
            return  # the same artifact has the same figures
        self._folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
        new.replace(path)


def versions() -> dict[str, str]:
    """Of what the figures hang on."""
    return {"feraug": feraug.__version__, "torch": version("torch"), "numpy": np.__version__}


def relabelled(data: DatasetArrays) -> Record:
    """How the labels of the images differ from those of the source: counts (7, 7), source by label."""
    counts = confusion_matrix(data.columns["source_labels"], data.labels, len(EMOTIONS))
    return {"from_to": counts.tolist(), "changed": int(counts.sum() - np.trace(counts))}


def in_order(data: DatasetArrays) -> NDArray[np.int64]:
    """Places (T,) of the test images, emotion by emotion: the order of all bits that are kept."""
    labels = data.labels[data.rows(split="test")]
    return np.argsort(labels, kind="stable")


def test_images(data: DatasetArrays) -> Record:
    """What an interval needs to know of the test images: how many of each emotion, and which are alike."""
    rows = data.rows(split="test")[in_order(data)]
    exact = data.columns["duplicate_group"]
    near = data.columns.get("near_copy_group")
    if near is None and data.near_copies_known:  # prepared by an earlier build
        near = near_copy_groups(data.images, data.split, exact)
    groups = (exact if near is None else near)[rows]
    alike = [np.flatnonzero(groups == group).tolist() for group in np.unique(groups[groups >= 0])]
    found: Record = {
        "totals": np.bincount(data.labels[rows], minlength=len(EMOTIONS)).tolist(),
        "alike": [places for places in alike if len(places) > 1],
    }
    if data.header.extra["dropped"].get("train_share"):
        found["train"] = len(data.rows(split="train"))
    for name in ("copy_in_train", "near_copy_in_train"):
        if name in data.columns:
            found[name] = bits(data.columns[name][rows])
    return found


def adjusted(found: Predictions, data: DatasetArrays) -> Record:
    """The figures of the same training by the arm ``logit-adjusted``, which ``feraug bench`` makes of it."""
    counts = np.bincount(data.labels[data.rows(split="train")], minlength=len(EMOTIONS))
    smoothing = float(found.header.provenance.config["label_smoothing"])
    rule = partial(logit_adjusted, counts=counts, label_smoothing=smoothing)
    accuracy = None  # of an earlier build, which kept no answers on validation
    if found.validation_probabilities is not None:
        called = rule(found.validation_probabilities).argmax(1)
        accuracy = float((called == data.labels[data.rows(split="validation")]).mean())
    return {**repeat(rule(found.probabilities), accuracy, data), "arm": "logit-adjusted"}


def repeat(probabilities: NDArray[np.float32], validation: float | None, data: DatasetArrays) -> Record:
    """The figures of a training: of probabilities (T, 7), and its accuracy on validation, where known."""
    labels = data.labels[data.rows(split="test")]
    called = probabilities.argmax(1)
    matrix = confusion_matrix(labels, called, len(EMOTIONS))
    return {
        "validation_accuracy": None if validation is None else round(validation, 6),
        "accuracy": round(float((called == labels).mean()), 6),
        "macro_f1": round(float(macro_f1(matrix)), 6),
        "balanced_accuracy": round(float(balanced_accuracy(matrix)), 6),
        "per_class": {
            emotion: {"correct": int(matrix[code, code]), "total": int(matrix[code].sum())}
            for code, emotion in enumerate(EMOTIONS)
        },
        "right": bits((called == labels)[in_order(data)]),
    }


def bits(flags: NDArray[np.bool_]) -> str:
    """Flags (T,) as hex digits."""
    return np.packbits(flags).tobytes().hex()


def flags(text: str, count: int) -> NDArray[np.bool_]:
    """The ``count`` flags that :func:`bits` wrote."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=count).astype(bool)
