"""The translators on the real FER2013 for a time, judged, with the table of the docs.

    feraug prepare fer2013.csv -w WORKSPACE
    python benchmarks/fer2013_translators.py WORKSPACE docs/results --budget 20m

Each training is the plain command that the page shows; finished ones are skipped, killed ones go on.
The picture of translations stays in WORKSPACE: many are so near to their source (SSIM 0.95) that they are
FER2013's images for all purposes, and those are nobody's to pass on.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from drawn_judge import Judge, train_judge
from skimage.metrics import structural_similarity

import feraug
from feraug.config import TRANSLATORS
from feraug.emotions import emotion_code
from feraug.plots import sheet, write_png

COLUMNS = 12

# What the page in docs/results was made with; the preset has had the mismatch term since.
WITHOUT = ("--mismatch-weight", "0")
GENTLE = ("--discriminator-rate", "1e-3", "--change-weight", "1", *WITHOUT)
SETTINGS: dict[str, tuple[str, ...]] = {
    "cyclegan": GENTLE,
    "weighted": (*GENTLE, "--decay-from", "0", "--augment"),
    "wasserstein": (*WITHOUT, "--change-weight", "10"),
}
"""Departures from the preset, by model."""


def command(model: str, workspace: Path, budget: str) -> list[str]:
    """What is run for a model."""
    return [
        *("feraug", "train", model, "--pair", "neutral:happy"),
        *("--preset", "cpu", *SETTINGS[model], "--budget", budget, "-w", str(workspace)),
    ]


def fer2013_judge(workspace: Path) -> tuple[Judge, float]:
    """A small CNN trained on the ``train`` split, kept in the workspace, and its validation accuracy."""
    faces = feraug.open_dataset(workspace / "dataset.h5")
    train, validation = faces.select(split="train"), faces.select(split="validation")
    net = train_judge(workspace / "judge.npz", train.images, train.labels, epochs=8)
    return net, float((net.emotions(validation.images) == validation.labels).mean())


def measure(workspace: Path, model: str, net: Judge) -> dict[str, Any]:
    """Share in the target class and SSIM to the source over the validation split, both ways."""
    faces = feraug.open_dataset(workspace / "dataset.h5")
    path = workspace / "models" / f"{model}-neutral-happy.h5"
    translator = feraug.load_translator(path)
    result: dict[str, Any] = {"model": model, "steps": translator.step, "pairs": {}}
    for pair in (translator.pair, translator.pair.reversed):
        real = faces.select(split="validation", emotion=pair.a).images
        made = translator.translate(real, str(pair))
        similar = [
            structural_similarity(one, other, data_range=255)
            for one, other in zip(real[:300], made[:300], strict=True)
        ]
        result["pairs"][str(pair)] = {
            "faces": len(real),
            "share": float((net.emotions(made) == emotion_code(pair.b)).mean()),
            "untouched": float((net.emotions(real) == emotion_code(pair.b)).mean()),
            "ssim": float(np.mean(similar)),
        }
    return result


def picture(workspace: Path, models: list[str], path: Path) -> None:
    """Twelve neutral validation faces made happy and twelve happy ones made neutral, two rows a model."""
    faces = feraug.open_dataset(workspace / "dataset.h5")
    rows = []
    for model in models:
        translator = feraug.load_translator(workspace / "models" / f"{model}-neutral-happy.h5")
        for pair in (translator.pair, translator.pair.reversed):
            real = faces.select(split="validation", emotion=pair.a).images[:COLUMNS]
            rows.append(translator.translate(real, str(pair)))
    write_png(sheet(np.concatenate(rows), COLUMNS, enlarge=2), path)


def page(results: list[dict[str, Any]], accuracy: float, threads: int, budget: str) -> str:
    """The Markdown page."""
    lines = [
        "# Translators on FER2013, reduced",
        "",
        f"**Reduced**: {budget} each on {threads} CPU thread{'s' if threads > 1 else ''} "
        f"(torch {torch.__version__}), one seed, preset `cpu`. Full scale wants a GPU and hours. Made by",
        "`benchmarks/fer2013_translators.py` after `feraug prepare fer2013.csv`; the commands:",
        "",
        "```bash",
        *(shlex.join([*command(result["model"], Path("artifacts"), budget)[:-2]]) for result in results),
        "```",
        "",
        f"The judge is a small CNN trained on `train`, right on {accuracy:.1%} of the",
        "validation faces, so its shares are rough; *untouched* is what it says of the faces before. SSIM",
        "(scikit-image, uniform window) is between a face and its translation, mean of 300.",
        "",
        "| model | steps | called target | untouched | SSIM to source |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        for pair, part in result["pairs"].items():
            lines.append(
                f"| `{result['model']}` {pair} | {result['steps']:,} | {part['share']:.1%} "
                f"| {part['untouched']:.1%} | {part['ssim']:.2f} |"
            )
    closing = (
        "The grids were looked at and are not shown: translations so near to their source are FER2013's own "
        "images for all purposes."
    )
    return "\n".join([*lines, "", closing, ""])


def main() -> int:
    """Train what is missing, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("docs", type=Path)
    parser.add_argument("--budget", default="20m")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=list(TRANSLATORS), action="append")
    args = parser.parse_args()
    models = args.only or list(TRANSLATORS)
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    for model in models:
        line = command(model, args.workspace, args.budget)
        subprocess.run([sys.executable, "-m", *line], check=True, env=environment)
    net, accuracy = fer2013_judge(args.workspace)
    results = [measure(args.workspace, model, net) for model in models]
    args.docs.mkdir(parents=True, exist_ok=True)
    (args.docs / "fer2013-translators.json").write_text(
        json.dumps({"judge": accuracy, "threads": args.threads, "results": results}, indent=1) + "\n"
    )
    (args.docs / "fer2013-translators.md").write_text(page(results, accuracy, args.threads, args.budget))
    picture(args.workspace, models, args.workspace / "fer2013-translators.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
