"""Every generative model on drawn faces: one full run, and five short seeds to look for collapse.

    python benchmarks/drawn_models.py WORKSPACE [--only MODEL] [--threads 2] [--compile]

Each run is a plain feraug training in WORKSPACE and leaves WORKSPACE/results/MODEL-*.json; runs whose
JSON is there are skipped, and a killed one goes on.  ``drawn_report.py`` makes the page of the docs
from the JSON files.  On two cores at most 100 minutes in all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from drawn_judge import Judge, accuracy, judge
from numpy.typing import NDArray

import feraug
from feraug.config import NOISE_GENERATORS, PRECISIONS, PRESETS, STARGANS, TRANSLATORS, model_config
from feraug.emotions import EMOTIONS, emotion_code
from feraug.metrics.distribution import density_and_coverage
from feraug.plots import sheet, write_png
from feraug.sources.drawn import draw

FACES = 35_000
"""As many as FER2013 has: discriminators learn 7,000 by heart, and translations grow texture."""

MODELS = (*TRANSLATORS, *STARGANS, *NOISE_GENERATORS)
SHORT_SEEDS = (1, 2, 3, 4, 5)
FULL_STEPS = {
    "cyclegan": 10_000, "weighted": 8600, "wasserstein": 5000, "stargan": 10_000,
    "dcgan": 4000, "wgan-gp": 4000, "r3gan": 4000,
}  # fmt: skip
"""Steps of the full run: 7 to 25 minutes of one thread beside another training, by model."""

DEPARTURES = {
    "stargan": {
        "output": "warped",
        "mismatch_weight": 2.0,
        "change_weight": 4.0,
        "change_weight_end": 14.0,
        "neutral_times": 4,
    },
    "weighted": {"mismatch_weight": 0.0},
}
"""Settings that depart from the preset ``cpu``."""

SHORT_STEPS = {
    "cyclegan": 500, "weighted": 430, "wasserstein": 250, "stargan": 475,
    "dcgan": 800, "wgan-gp": 200, "r3gan": 400,
}  # fmt: skip
"""Steps of a short seed. After 200 the faces of ``dcgan`` and ``r3gan`` are still much alike."""


def run(
    workspace: Path, model: str, *, seed: int, steps: int, precision: str, compile: bool
) -> dict[str, Any]:
    """Train the preset ``cpu`` of a model (or go on), measure, and keep the figures as JSON.

    For some steps: unlike a time, the same on a busy machine.
    """
    name = f"{model}-seed{seed}"
    kept = workspace / "results" / f"{name}.json"
    if kept.exists():
        figures: dict[str, Any] = json.loads(kept.read_text())
        return figures
    settings = {"seed": seed, "steps": steps, "precision": precision}
    config = model_config({"model": model, **PRESETS["cpu"][model], **DEPARTURES.get(model, {}), **settings})
    try:
        result = feraug.train(config, workspace=workspace, name=name, device="cpu", compile=compile)
    except feraug.Interrupted:
        raise SystemExit(f"{name}: interrupted; the same command goes on") from None
    net = judge(workspace / "judge.npz")
    measure = _generator if model in NOISE_GENERATORS else measure_translator
    figures = {
        "model": model, "seed": seed, "steps": result.step, "seconds": round(result.seconds, 1),
        "threads": torch.get_num_threads(), "compile": compile,
        "torch": torch.__version__, "feraug": feraug.__version__,
        "config": feraug.config.to_json(config), **measure(result.path, net),
    }  # fmt: skip
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def _validation(emotion: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Rows and faces of the validation split of the drawn set."""
    from feraug.sources.drawn import row_emotions, row_split_codes

    rows = np.arange(FACES)
    chosen = rows[(row_emotions(0, rows) == emotion_code(emotion)) & (row_split_codes(0, rows) == 1)]
    return chosen, draw(0, chosen)


def measure_translator(path: Path, net: Judge) -> dict[str, Any]:
    """Share in the target class and distance to the true answer: both ways, or from neutral to all others."""
    translator = feraug.load_translator(path)
    figures: dict[str, Any] = {}
    pairs = translator.config.pairs
    for pair in [pair for pair in pairs if len(pairs) == 2 or pair.a == "neutral"]:
        rows, faces = _validation(pair.a)
        truth = draw(0, rows, pair.b).astype(float)
        made = translator.translate(faces, str(pair))
        figures[str(pair)] = {
            "faces": len(faces),
            "share": float((net.emotions(made) == emotion_code(pair.b)).mean()),
            "untouched": float((net.emotions(faces) == emotion_code(pair.b)).mean()),
            "truth_called": float((net.emotions(truth.astype(np.uint8)) == emotion_code(pair.b)).mean()),
            "error": float(np.abs(made - truth).mean()),
            "copy_error": float(np.abs(faces - truth).mean()),
            "variety": _variety(made) / _variety(faces),
        }
    return {"pairs": figures, "collapsed": any(part["variety"] < 0.5 for part in figures.values())}


@cache
def another_take(pair: str) -> float:
    """Mean distance between two true answers to a direction: the same people show the emotion twice.

    What remains to whoever knows all but the variant and the details that a face happens to choose.
    """
    a, b = pair.split(":")
    rows, _ = _validation(a)
    return float(np.abs(draw(0, rows, b).astype(float) - draw(0, rows, b, take=1)).mean())


def _generator(path: Path, net: Judge) -> dict[str, Any]:
    """Classes found, density and coverage in the judge's features, variety."""
    generator = feraug.load_generator(path)
    real = draw(1000, range(1400), [EMOTIONS[row % 7] for row in range(1400)])
    made, asked = generator.generate(1400, seed=1)
    called = net.emotions(made)
    density, coverage = density_and_coverage(net.features(real), net.features(made))
    by_class = {name: float((called[asked == code] == code).mean()) for code, name in enumerate(EMOTIONS)}
    variety = _variety(made) / _variety(real)
    return {
        "classes_made": int(sum((called == code).mean() >= 0.02 for code in range(7))),
        "asked_and_called": by_class,
        "share": float((called == asked).mean()),
        "density": density,
        "coverage": coverage,
        "variety": variety,
        "collapsed": variety < 0.5,
    }


def _variety(images: NDArray[np.uint8]) -> float:
    """Mean distance of an image to the next one, in grey levels."""
    shifted = np.roll(images, 1, axis=0).astype(float)
    return float(np.abs(images - shifted).mean())


def picture(workspace: Path) -> None:
    """Three sheets: translations beside the truth, of one pair and of all, and faces from noise."""
    rows, faces = _validation("neutral")
    lines = [faces[:12], draw(0, rows[:12], "happy")]
    for model in TRANSLATORS:
        path = workspace / "models" / f"{model}-seed0.h5"
        lines += [feraug.load_translator(path).translate(faces[:12])] if path.exists() else []
    write_png(sheet(np.concatenate(lines), 12, enlarge=2), workspace / "results" / "translators.png")
    path = workspace / "models" / "stargan-seed0.h5"
    if path.exists():
        translator, lines = feraug.load_translator(path), [faces[:12]]
        for emotion in (name for name in EMOTIONS if name != "neutral"):
            made = translator.translate(faces[:12], f"neutral:{emotion}")
            lines += [draw(0, rows[:12], emotion), made]
        write_png(sheet(np.concatenate(lines), 12, enlarge=2), workspace / "results" / "stargan.png")
    lines = []
    for model in NOISE_GENERATORS:
        path = workspace / "models" / f"{model}-seed0.h5"
        lines += [feraug.load_generator(path).generate(42, seed=1)[0]] if path.exists() else []
    if lines:
        write_png(sheet(np.concatenate(lines), 14, enlarge=2), workspace / "results" / "noise.png")


def main() -> None:
    """Run what is missing, and print one line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--only", choices=MODELS, action="append")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, *SHORT_SEEDS], help="0: the full run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    parser.add_argument("--compile", action="store_true", help="translators; noise generators gain nothing")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    feraug.prepare(f"drawn:{FACES}", workspace=args.workspace)
    facts = {
        "judge": accuracy(judge(args.workspace / "judge.npz")),
        "machine": f"{platform.machine()} CPU, {os.cpu_count()} cores, {args.threads} "
        f"thread{'s' * (args.threads > 1)}, {args.precision}, torch {torch.__version__}.",
    }
    (args.workspace / "results").mkdir(exist_ok=True)
    (args.workspace / "results" / "machine.json").write_text(json.dumps(facts) + "\n")
    print(f"judge: {facts['judge']:.1%} of fresh people", flush=True)
    models = args.only or MODELS
    for seed in args.seeds:
        for model in models:
            figures = run(
                args.workspace, model,
                seed=seed, steps=(SHORT_STEPS if seed else FULL_STEPS)[model], precision=args.precision,
                compile=args.compile and model not in NOISE_GENERATORS,
            )  # fmt: skip
            brief = {key: figures[key] for key in ("pairs", "share", "density", "coverage") if key in figures}
            print(model, seed, figures["steps"], json.dumps(brief), flush=True)
        picture(args.workspace)


if __name__ == "__main__":
    sys.exit(main())
