"""Once, ten and a hundred times the images: is the time linear, is the memory flat?

    python benchmarks/growth.py [--images 359] [--rounds 3]

Drawn faces, written into CSVs beforehand: drawing them would take longer than all that is measured.  Each
size runs in a process of its own, in turns: ``prepare`` of the CSV; ``synth`` with a tiny network, so
that the rest of the work counts; and the data path of ``bench``, an epoch of labelled and augmented batches.
Compared are a hundred and ten times the images: with fewer, starting up is most of the time, and the batches
that the work goes by are not full yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from csv_files import drawn_csv
from rounds import Row, Setting, Taken, Target, in_child, in_turns
from tables import show

TIMES = (1, 10, 100)


def prepare_csv(csv: str, path: str) -> None:
    """``prepare --no-near-copies`` of a CSV."""
    from feraug.config import PrepareConfig
    from feraug.workflows.prepare import prepare

    prepare(csv, PrepareConfig(near_copies=False), Path(path), overwrite=True)


def synth_some(count: int, root: str) -> None:
    """``synth -n N``."""
    from synthesis import synth

    from feraug.store.workspace import Workspace

    synth(Workspace(Path(root)), count, f"made-{count}")


def bench_batches(path: str) -> None:
    """One epoch of a classifier's batches, from the file on, without the network."""
    import numpy as np
    import torch

    from feraug.config import DEFAULTS
    from feraug.data import LabelledBatches, LabelledFaces, Sampling
    from feraug.store.dataset import read_dataset

    dataset, config = read_dataset(Path(path)), DEFAULTS["simple"]
    rows = dataset.rows(split="train")
    faces = LabelledFaces(dataset.images[rows], dataset.labels[rows], np.ones(len(rows), np.float32))
    batches = LabelledBatches(faces, config, Sampling(config.batch_size, 0, torch.device("cpu")))
    for number in range(-(-len(rows) // config.batch_size)):
        batches.batch(number)


def rows(setting: Setting, images: int | None = None) -> list[Row]:
    """Time of all three, memory of the first two."""
    images = images or setting.choose(359, 140)
    rounds = max(1, setting.rounds // 2)
    sizes = [images * times for times in TIMES]
    found = []

    paths = {size: str(setting.scratch / f"drawn-{size}.h5") for size in sizes}
    csvs = {size: str(drawn_csv(setting.scratch / f"{size}.csv", size, 140)) for size in sizes}
    runs = _sizes(sizes, rounds, lambda size: in_child("growth", "prepare_csv", csvs[size], paths[size]))
    found += _figures("prepare", runs, sizes, setting.clock, flat=True)

    root = str(setting.scratch / "growth")
    in_child("growth", "make_workspace", root)
    runs = _sizes(sizes, rounds, lambda size: in_child("growth", "synth_some", size, root))
    found += _figures("synth", runs, sizes, setting.clock, flat=True)

    runs = _sizes(sizes, rounds, lambda size: in_child("growth", "bench_batches", paths[size]))
    return found + _figures("bench data path", runs, sizes, setting.clock, flat=False)


def make_workspace(root: str) -> None:
    """Drawn faces and a tiny CycleGAN."""
    from synthesis import workspace_with_model

    workspace_with_model(
        Path(root), 280, base_channels=2, residual_blocks=1, discriminator_channels=2, batch_size=4
    )


def _sizes(sizes: list[int], rounds: int, run: Callable[[int], Taken]) -> dict[str, list[Taken]]:
    contestants = {str(size): (lambda size=size: run(size)) for size in sizes}
    return in_turns(contestants, rounds, warm_up=False)


def _figures(
    name: str, runs: Mapping[str, list[Taken]], sizes: list[int], clock: str, *, flat: bool
) -> list[Row]:
    _, ten, hundred = (runs[str(size)] for size in sizes)
    slug = name.split()[0]
    # Amount is 1 in each: ten times the time for ten times the images gives 1.
    times = [middle.speed(clock) / late.speed(clock) / 10 for middle, late in zip(ten, hundred, strict=True)]
    peaks = [late.peak_mb / middle.peak_mb for late, middle in zip(hundred, ten, strict=True)]
    last = {size: runs[str(size)][-1] for size in sizes}
    told = ", ".join(
        f"{size:,}: {run.cpu_s:.1f} s of CPU, {run.peak_mb:.0f} MiB" for size, run in last.items()
    )
    first, *later = last.items()
    each = [1e3 * (run.cpu_s - first[1].cpu_s) / (size - first[0]) for size, run in later]
    told += f"; above the first, an image takes {each[0]:.2g} and {each[1]:.2g} ms"
    rows = [
        Row(f"growth-{slug}", f"{name}: time an image, {sizes[2]:,} images", f"{sizes[1]:,} images", times,
            target=Target(1.1, least=False), note=told, taken=runs)
    ]  # fmt: skip
    if flat:
        rows.append(
            Row(f"growth-{slug}-memory", f"{name}: peak memory, {sizes[2]:,} images", f"{sizes[1]:,} images",
                peaks, target=Target(1.1, least=False))
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=359, help="the smallest of the three sizes")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    show(lambda setting: rows(setting, args.images), rounds=args.rounds)


if __name__ == "__main__":
    main()
