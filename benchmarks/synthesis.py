"""``feraug synth`` against the bare network on ready tensors: images a second.

    python benchmarks/synthesis.py [--count 2048] [--rounds 5]

feraug reads the dataset and the model, makes the images and writes the file, digests and all; the bare
network has its tensors and throws its output away.  The model has the default networks, untrained but for a
step.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rounds import Row, Setting, Taken, Target, in_turns, speed_ratios, taken
from tables import show

from feraug.config import DEFAULTS, PrepareConfig, SynthConfig, TranslatorConfig
from feraug.data import on_device, to_float
from feraug.store.dataset import read_dataset
from feraug.store.workspace import Workspace
from feraug.workflows.prepare import prepare
from feraug.workflows.synth import SynthOptions, synthesise
from feraug.workflows.train import train_translator
from feraug.workflows.translators import Translator, load_translator


def workspace_with_model(root: Path, faces: int, **settings: int) -> Workspace:
    """A workspace of drawn faces and a CycleGAN that has trained one step."""
    workspace = Workspace(root)
    prepare(f"drawn:{faces}", PrepareConfig(near_copies=False), workspace.dataset())
    base = DEFAULTS["cyclegan"]
    assert isinstance(base, TranslatorConfig)
    train_translator(replace(base, steps=1, **settings), workspace)
    return workspace


def synth(workspace: Workspace, count: int, name: str = "benchmark") -> None:
    """The command's work."""
    options = SynthOptions(device="cpu", overwrite=True)
    synthesise(SynthConfig(count=count), workspace, name=name, options=options)


@torch.inference_mode()
def bare(translator: Translator, faces: torch.Tensor, batch_size: int) -> torch.Tensor:
    """The network over all faces; the last batch's translations."""
    network = translator.networks["a_to_b"]
    for start in range(0, len(faces), batch_size):
        out = network(faces[start : start + batch_size])
    return out


def contestants(workspace: Workspace, count: int) -> dict[str, Callable[[], Taken]]:
    """Both make ``count`` images with the same weights in the same batches."""
    translator = load_translator(workspace.model("cyclegan-neutral-happy"))
    dataset = read_dataset(workspace.dataset())
    images = dataset.images[dataset.rows(split="train", emotion="neutral")]
    rows = torch.arange(count) % len(images)
    ready = to_float(on_device(images, "cpu"))[rows]
    size = SynthConfig().batch_size
    return {
        "feraug": lambda: taken(lambda: synth(workspace, count), count),
        "bare": lambda: taken(lambda: bare(translator, ready, size), count),
    }


def rows(setting: Setting, count: int | None = None) -> list[Row]:
    """One figure."""
    count = count or setting.choose(2048, 256)
    workspace = workspace_with_model(setting.scratch / "synthesis", setting.choose(8000, 2300))
    runs = in_turns(contestants(workspace, count), setting.rounds)
    return [
        Row("synth", "synth, images/s, files read and written", "the bare network on ready tensors",
            speed_ratios(runs, "feraug", "bare", setting.clock), target=Target(0.9), taken=runs,
            note=f"cyclegan's default generator, {count:,} images")
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    show(lambda setting: rows(setting, args.count), rounds=args.rounds)


if __name__ == "__main__":
    main()
