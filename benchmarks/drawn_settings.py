"""What single settings do to a translator on drawn faces: the table of ``docs/methods.md``.

    python benchmarks/drawn_settings.py WORKSPACE docs/methods.md [--steps 1500] [--compile]

Each line is one training with one departure from ``feraug train cyclegan --preset cpu
--mismatch-weight 0`` (or ``weighted``), the same seed and number of steps.  Finished ones are skipped,
killed ones go on.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import torch
from drawn_judge import judge
from drawn_models import FACES, measure_translator

import feraug
from feraug.config import PRESETS, model_config

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "preset `cpu`": ("cyclegan", {}),
    "`--output direct --no-skips`": ("cyclegan", {"output": "direct", "skips": False}),
    "`--cycle-weight 5`": ("cyclegan", {"cycle_weight": 5.0}),
    "`--real-target 0.9`": ("cyclegan", {"real_target": 0.9}),
    "`--image-history 0`": ("cyclegan", {"image_history": 0}),
    "`--ema-decay 0`": ("cyclegan", {"ema_decay": 0.0}),
    "`weighted`, `--gamma-end 0.5`": ("weighted", {"gamma_end": 0.5}),
    "`weighted`, `--gamma-end 1`": ("weighted", {"gamma_end": 1.0}),
}
WITHOUT = {"mismatch_weight": 0.0}
"""The preset as it was when the settings were chosen; what the term does is in ``docs/results``."""

MARKS = ("<!-- settings-table -->", "<!-- settings-table-end -->")


def run(workspace: Path, label: str, steps: int, compile: bool) -> dict[str, Any]:
    """Train one variant (or go on), measure it, and keep the figures as JSON."""
    model, settings = VARIANTS[label]
    name = "set-" + re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-")
    kept = workspace / "results" / f"{name}-{steps}.json"
    if not kept.exists():
        config = model_config(
            {"model": model, **PRESETS["cpu"][model], **WITHOUT, **settings, "steps": steps}
        )
        try:
            result = feraug.train(
                config, workspace=workspace, name=f"{name}-{steps}", device="cpu", compile=compile
            )
        except feraug.Interrupted:
            raise SystemExit(f"{name}: interrupted; the same command goes on") from None
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps(measure_translator(result.path, judge(workspace / "judge.npz"))) + "\n")
    figures: dict[str, Any] = json.loads(kept.read_text())
    return figures


def main() -> None:
    """Run what is missing, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    feraug.prepare(f"drawn:{FACES}", workspace=args.workspace)
    lines = [
        MARKS[0],
        "",
        f"Measured by `benchmarks/drawn_settings.py`: {args.steps:,} steps each on drawn faces, one seed,",
        "one departure from `--preset cpu --mismatch-weight 0` (`weighted`'s has γ 0.5). Shares are of",
        "validation faces that the judge puts into the target class, errors the mean distance to the true",
        "answer in grey levels, beside that of the untouched face; both neutral:happy / happy:neutral.",
        "One seed: differences of a few points say nothing.",
        "",
        "| | called target | error | untouched |",
        "| --- | ---: | ---: | ---: |",
    ]
    for label in VARIANTS:
        parts = list(run(args.workspace, label, args.steps, args.compile)["pairs"].values())
        figures = [
            " / ".join(format(part[key], style) for part in parts)
            for key, style in (("share", ".0%"), ("error", ".2f"), ("copy_error", ".2f"))
        ]
        lines.append(f"| {label} | {' | '.join(figures)} |")
        print(lines[-1], flush=True)
    text = args.page.read_text()
    start, end = text.index(MARKS[0]), text.find(MARKS[1])
    rest = text[end + len(MARKS[1]) :] if end >= 0 else text[start + len(MARKS[0]) :]
    args.page.write_text(text[:start] + "\n".join([*lines, "", MARKS[1]]) + rest)


if __name__ == "__main__":
    main()
