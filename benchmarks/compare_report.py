"""`feraug compare` on a workspace with trained translators and a judge, as a page of the docs.

    python benchmarks/compare_report.py WORKSPACE docs/results/compare-drawn.md --title "..." \
        [--pair neutral:happy --pair happy:neutral] [--references N] [--queries N] [--pictures] [--note TEXT]

`--pictures` copies the faces and the plots beside the page: only for drawn faces, never for FER2013's.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import feraug
from feraug.store.dataset import read_dataset

Figures = Mapping[str, Any]


def section(figures: Figures, seconds: float) -> list[str]:
    """One pair: the table of expression and distances, that of variety and copies, that of training."""
    a, b = figures["pair"].split(":")
    sets = [(f"{a}, untouched", figures["untouched"]), (f"real {b}", figures["real"])]
    sets += [(f"`{one['name']}`", one) for one in figures["models"]]
    floor = figures["floor"] or {}
    lines = [
        f"## {figures['pair']}",
        "",
        f"{figures['faces']:,} {a} validation faces were translated; {figures['real_faces']:,} {b} ones "
        "stand beside them. "
        f"Distances: {figures['subsample']:,} images against {figures['subsample']:,} of "
        f"{figures['references']:,} real {b} training faces, 20 times; in brackets the range of 95 %."
        + (f" The comparison took {seconds:.0f} s." if seconds else ""),
        "",
        f"| | called {b}, % | SSIM to source | true error | FER-FD | FER-KID, e-3 | density | coverage |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    kinds = (("share", 100, 1), ("identity", 1, 3), ("error", 1, 2), ("frechet", 1, 2))
    kinds += (("kernel", 1000, 1), ("density", 1, 2), ("coverage", 1, 2))
    rows = [*sets, ("floor: real train, other real train", floor)]
    for name, one in rows:
        lines.append(
            f"| {name} | "
            + " | ".join(cell(one.get(key), times, digits) for key, times, digits in kinds)
            + " |"
        )
    lines += [
        "",
        "| | SSIM within the set | variety / sources' | histogram distance "
        "| near copies, % | C_T | p of C_T | collapsed |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, one in sets:
        copies, test = one["near_copies"], one["copying"] or {}
        cells = [
            number(one["within"], 3),
            number(one["variety"], 2),
            number(one["histogram"], 2),
            number(copies and 100 * copies["share"], 1),
            number(test.get("statistic"), 1),
            number(test.get("p_value"), 3),
            ("yes" if one["collapsed"] else "no") if "training" in one else "",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "| | step | finished | minutes | images | losses' spread, % |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for one in figures["models"]:
        run = one["training"]
        spread = number(run["loss_spread"] is not None and 100 * run["loss_spread"], 0)
        lines.append(
            f"| `{one['name']}` | {run['step']:,} | {'yes' if run['finished'] else 'no'} | "
            f"{number(run['seconds'] and run['seconds'] / 60, 1)} | {run['images']:,} | {spread} |"
        )
    return lines


def cell(found: Figures | None, times: float, digits: int) -> str:
    """Mean, and the interval in brackets."""
    if not found:
        return ""
    mean, low, high = (f"{times * found[key]:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def number(value: float | None, digits: int) -> str:
    """A figure, or nothing."""
    return "" if value is None or value is False else f"{value:.{digits}f}"


def main() -> None:
    """Compare (or take what is done) and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--title", required=True)
    parser.add_argument("--pair", action="append")
    parser.add_argument("--references", type=int, default=2000)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--pictures", action="store_true")
    parser.add_argument("--note", default="")
    args = parser.parse_args()
    if args.pictures:
        source = str(read_dataset(args.workspace / "dataset.h5").header.provenance.config.get("source"))
        if not source.startswith("drawn"):
            raise SystemExit(f"the faces come from '{source}': only drawn ones may be shown")
    args.page.parent.mkdir(parents=True, exist_ok=True)
    body: list[str] = []
    judge: Figures = {}
    for pair in args.pair or ["neutral:happy"]:
        started = time.monotonic()
        config = feraug.CompareConfig(pair=pair, references=args.references, queries=args.queries)
        result = feraug.compare(config, workspace=args.workspace)
        seconds = 0.0 if result.already_done else time.monotonic() - started
        judge = result.figures["judge"]
        body += ["", *section(result.figures, seconds)]
        for picture in result.pictures if args.pictures else ():
            if picture.suffix == ".png":
                copy = args.page.with_name(f"{args.page.stem}-{picture.name}")
                shutil.copyfile(picture, copy)
                body += ["", f"![{picture.stem}]({copy.name})"]
    head = [
        f"# {args.title}",
        "",
        "Made by `benchmarks/compare_report.py` with `feraug compare`; do not edit. "
        f"{platform.machine()} CPU, "
        f"{os.cpu_count()} cores, {torch.get_num_threads()} thread(s), torch {torch.__version__}. "
        f"Judge: `{judge['name']}`, SHA-256 {judge['sha256'][:12]}, "
        f"{100 * (judge['validation_accuracy'] or 0):.1f} % right on validation. "
        "[What each figure means, and what it does not](../compare.md).",
        *(["", args.note] if args.note else []),
    ]
    args.page.write_text("\n".join([*head, *body]) + "\n")


if __name__ == "__main__":
    main()
