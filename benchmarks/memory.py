"""Memory while training on a set of FER2013's size: growth over the process after its imports.

    python benchmarks/memory.py [fer2013.csv] [--rounds 3]

Each contestant is a process of its own; what it grows by is its peak less what was resident after its
imports.  The bare loop reads the images, keeps them as bytes, and takes the same network's steps, with
batches cut from the array; feraug trains by its command.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from csv_files import csv_of
from rounds import Row, Setting, Target, forget_peak, in_child, in_turns, peak_mb, resident_mb
from tables import show

STEPS = 6


def growth_of_feraug(workspace: str, model: str) -> dict[str, float]:
    """``feraug train MODEL`` for some steps; MiB it grew by."""
    import feraug.workflows.train
    from feraug.cli.main import main as feraug

    before = _before()
    import sys

    sys.argv = ["feraug", "train", model, "--steps", str(STEPS), "--overwrite", "-q", "-w", workspace,
                "--device", "cpu"]  # fmt: skip
    with suppress(SystemExit):
        feraug()
    return {"growth_mb": peak_mb() - before}


def growth_of_bare_translator(dataset: str) -> dict[str, float]:
    """A plain CycleGAN on the file's images; MiB it grew by."""
    import h5py
    import numpy as np
    import torch
    from plain_translator import PlainTranslator

    from feraug.config import DEFAULTS
    from feraug.emotions import EMOTIONS

    before = _before()
    with h5py.File(dataset) as file:
        images, labels, split = (file[name][()] for name in ("images", "labels", "split"))
    train = split == 0
    a, b = (images[train & (labels == EMOTIONS.index(name))] for name in ("neutral", "happy"))
    plain, random = PlainTranslator(DEFAULTS["cyclegan"]), np.random.default_rng(0)
    for _ in range(STEPS):
        batch = [
            torch.from_numpy(part[random.integers(0, len(part), plain.config.batch_size)])[:, None].float()
            / 127.5 - 1.0
            for part in (a, b)
        ]  # fmt: skip
        plain.step(*batch)
    return {"growth_mb": peak_mb() - before}


def growth_of_bare_classifier(dataset: str) -> dict[str, float]:
    """A plain classifier on the file's images, tested on its validation images; MiB it grew by."""
    import h5py
    import numpy as np
    import torch
    from torch.nn import functional

    from feraug.config import DEFAULTS
    from feraug.models import build_classifier

    before = _before()
    with h5py.File(dataset) as file:
        images, labels, split = (file[name][()] for name in ("images", "labels", "split"))
    config, random = DEFAULTS["simple"], np.random.default_rng(0)
    network = build_classifier(config)
    optimizer = torch.optim.SGD(network.parameters(), config.rate, config.momentum, nesterov=True)
    train = np.flatnonzero(split == 0)
    for _ in range(STEPS):
        rows = random.choice(train, config.batch_size)
        faces = torch.from_numpy(images[rows])[:, None].float() / 127.5 - 1.0
        optimizer.zero_grad()
        functional.cross_entropy(network(faces), torch.from_numpy(labels[rows]).long()).backward()
        optimizer.step()
    network.eval()
    held_out = images[split == 1]
    with torch.inference_mode():
        for start in range(0, len(held_out), 256):
            network(torch.from_numpy(held_out[start : start + 256])[:, None].float() / 127.5 - 1.0)
    return {"growth_mb": peak_mb() - before}


def rows(setting: Setting) -> list[Row]:
    """A figure for a translator and one for a classifier."""
    from feraug.config import PrepareConfig
    from feraug.store.workspace import Workspace
    from feraug.workflows.prepare import prepare

    workspace = Workspace(setting.scratch / "memory")
    dataset = workspace.dataset()
    csv = csv_of(setting, setting.choose(None, 3000))
    made = prepare(str(csv), PrepareConfig(near_copies=False), dataset)
    found = []
    for model, bare in (("cyclegan", "growth_of_bare_translator"), ("simple", "growth_of_bare_classifier")):
        runs = in_turns(
            {
                "feraug": lambda model=model: in_child(
                    "memory", "growth_of_feraug", str(workspace.root), model
                ),
                "bare": lambda bare=bare: in_child("memory", bare, str(dataset)),
            },
            max(1, setting.rounds // 2),
            warm_up=False,
        )  # fmt: skip
        growth = {name: [one.result["growth_mb"] for one in ones] for name, ones in runs.items()}
        ratios = [mine / theirs for mine, theirs in zip(growth["feraug"], growth["bare"], strict=True)]
        found.append(
            Row(
                f"memory-{model}", f"memory growth, train {model}, {made.images:,} images", "a bare loop",
                ratios, target=Target(1.3, least=False), taken=runs,
                note=f"{growth['feraug'][-1]:.0f} MiB beside {growth['bare'][-1]:.0f} MiB",
            )
        )  # fmt: skip
    return found


def _before() -> float:
    """Resident memory after all imports: torch's first optimizer brings 160 MiB of further ones."""
    import lightning_fabric  # noqa: F401
    import torch

    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    forget_peak()
    return resident_mb()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    show(rows, rounds=args.rounds, csv=args.csv)


if __name__ == "__main__":
    main()
