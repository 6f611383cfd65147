"""A translator of every pair, measured: what becomes of the validation faces of an emotion, target by target.

    python benchmarks/every_pair.py WORKSPACE MODEL CLASSIFIER [--source neutral] [--json OUT.json]

MODEL and CLASSIFIER are names in WORKSPACE/models or files.  For each other emotion: the share that
the classifier puts into it, before and after, the SSIM of face and translation and, where the faces
are drawn, the error to the true answer and that of handing back the face unchanged, in grey levels.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

import feraug
from feraug.emotions import EMOTIONS, emotion_code
from feraug.metrics.similarity import paired_ssim
from feraug.plots import sheet, write_png
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.workflows.drawn_truth import truth_of
from feraug.workflows.model_files import find_model


def measure(workspace: Workspace, model: Path, classifier: Path, source: str) -> dict[str, Any]:
    """The figures of a model by target, and what they were measured with."""
    translator, judge = feraug.load_translator(model), feraug.load_classifier(classifier)
    dataset = read_dataset(workspace.dataset())
    rows = dataset.rows(split="validation", emotion=source)
    faces = dataset.images[rows]
    before = judge.probabilities(faces).argmax(1)
    targets = {}
    for pair in translator.config.pairs:
        if pair.a != source:
            continue
        made = translator.translate(faces, str(pair))
        code = emotion_code(pair.b)
        figures = {
            "called": float((judge.probabilities(made).argmax(1) == code).mean()),
            "untouched": float((before == code).mean()),
            "ssim": float(paired_ssim(made, faces).mean()),
        }
        truth = truth_of(dataset, rows, pair.b)
        if truth is not None:
            figures["truth_called"] = float((judge.probabilities(truth).argmax(1) == code).mean())
            figures["error"] = float(np.abs(made.astype(float) - truth).mean())
            figures["copying"] = float(np.abs(faces.astype(float) - truth).mean())
        targets[pair.b] = {name: round(value, 4) for name, value in figures.items()}
    saved = read_model(model, ("timing",))
    return {
        "source": source, "faces": len(faces), "targets": targets,
        "model": {
            "sha256": sha256_file(model), "command": saved.header.provenance.command, "steps": saved.step,
            "finished": saved.finished, "seed": saved.header.provenance.seed,
            "minutes": round(float(saved.arrays["timing/seconds"]) / 60, 1),
        },
        "judge": {"model": judge.config.model, "sha256": judge.digest, "finished": judge.finished},
        "machine": f"{platform.machine()}, torch {torch.__version__}, feraug {feraug.__version__}",
    }  # fmt: skip


def table(found: dict[str, Any]) -> list[str]:
    """The figures as lines of Markdown."""
    drawn = any("error" in one for one in found["targets"].values())
    lines = [
        f"| {found['source']} to | called so | untouched | SSIM to source |",
        "| --- | ---: | ---: | ---: |",
    ]
    if drawn:
        lines = [f"{lines[0]} error | copying |", f"{lines[1]} ---: | ---: |"]
    for emotion in EMOTIONS:
        if emotion in found["targets"]:
            one = found["targets"][emotion]
            line = f"| {emotion} | {one['called']:.1%} | {one['untouched']:.1%} | {one['ssim']:.3f} |"
            lines.append(line + (f" {one['error']:.2f} | {one['copying']:.2f} |" if drawn else ""))
    return lines


def main() -> None:
    """Measure, print, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("model")
    parser.add_argument("classifier")
    parser.add_argument("--source", default="neutral")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--sheet", type=Path, help="write a sheet of some faces there: real ones, so keep it")
    args = parser.parse_args()
    workspace = Workspace(args.workspace)
    model, classifier = (find_model(name, workspace) for name in (args.model, args.classifier))
    found = measure(workspace, model, classifier, args.source)
    print("\n".join(table(found)))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    if args.sheet:
        dataset = read_dataset(workspace.dataset())
        faces = dataset.images[dataset.rows(split="validation", emotion=args.source)[:24]]
        translator = feraug.load_translator(model)
        rows = [translator.translate(faces, f"{args.source}:{emotion}") for emotion in found["targets"]]
        write_png(sheet(np.concatenate([faces, *rows]), 24, enlarge=2), args.sheet)


if __name__ == "__main__":
    main()
