"""Training a translator: feraug's loop, the same networks and losses written plainly, and a PIL loop.

    python benchmarks/translator_training.py [--batch-size 4] [--base-channels 16] [--rounds 5]

On drawn faces, without and with ``--compile``.  The plain loop gets ready tensors and takes bare steps;
feraug's also draws, mirrors, keeps an image history and an average of the generators, and reads the losses
every step.  The PIL loop is what public repositories do by default: picture files, one face of each domain a
step, losses read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from pil_loop import UnpairedPictures, write_pictures
from plain_translator import PlainTranslator
from rounds import Row, Setting, Taken, Target, in_turns, speed_ratios, taken
from step_work import convolution_rate, translator_step
from tables import show
from torch.utils.data import DataLoader

from feraug.config import DEFAULTS, TranslatorConfig
from feraug.data import PairBatches, Sampling
from feraug.models import build_networks
from feraug.objectives import build_objective
from feraug.sources.drawn import draw
from feraug.training import StepPlan, TrainState, cannot_compile, compile_networks, fit, new_fabric

CPU = torch.device("cpu")


class Feraug:
    """feraug's own loop over drawn faces, step by step."""

    def __init__(
        self, config: TranslatorConfig, domains: tuple[np.ndarray, np.ndarray], device: torch.device = CPU,
        read_every: int = 1, compiled: bool = False,
    ) -> None:  # fmt: skip
        self.objective, self._read_every = build_objective(config), read_every
        torch.manual_seed(config.seed)
        fabric = new_fabric(device, precision=config.precision)
        self.state = TrainState.create(build_networks(config), self.objective, config, fabric)
        if compiled:
            compile_networks(self.state.networks.values())
        self.batches = PairBatches(
            *domains, Sampling(config.batch_size, config.seed, device, config.flip, config.augment)
        )

    def steps(self, count: int) -> dict[str, float]:
        """So many steps more; the terms of the last."""
        plan = StepPlan(self.state.step + count)
        reports = fit(
            self.state, self.objective, self.batches, plan, schedule=lambda progress: 1.0,
            read_every=self._read_every,
        )  # fmt: skip
        return dict([*reports][-1].terms)


def plain_steps(plain: PlainTranslator, batches: Iterator[Any]) -> tuple[float, float]:
    """A step on each batch, the losses read after each as everybody does; the last two."""
    losses = (0.0, 0.0)
    for real_a, real_b in batches:
        loss_g, loss_d = plain.step(real_a, real_b)
        losses = (loss_g.item(), loss_d.item())
    return losses


def domains(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn faces of two emotions."""
    return draw(0, range(count), "neutral"), draw(0, range(count, 2 * count), "happy")


def contestants(config: TranslatorConfig, steps: int, setting: Setting) -> dict[str, Callable[[], Taken]]:
    """Feraug and the plain loop, ``steps`` steps of the config's batch; the PIL loop as many steps of one.

    Where there is a compiler also ``compiled``, feraug with ``--compile``.
    """
    faces = domains(64)
    own, plain, pil = Feraug(config, faces), PlainTranslator(config), PlainTranslator(config)
    ready = own.batches.batch(0)
    paths = [write_pictures(images, setting.scratch / name) for images, name in zip(faces, "ab", strict=True)]
    loader = DataLoader(UnpairedPictures(*paths, flip=config.flip), batch_size=1, shuffle=True)

    def pil_batches(count: int) -> Iterator[Any]:
        while count > 0:
            for batch in loader:
                yield batch
                count -= 1
                if not count:
                    return

    ready_pair = (ready.real_a, ready.real_b)
    images = steps * config.batch_size
    found: dict[str, Callable[[], Taken]] = {}
    if cannot_compile(CPU) is None:
        compiled = Feraug(config, faces, compiled=True)
        found["compiled"] = lambda: taken(lambda: compiled.steps(steps), images)
    return found | {
        "feraug": lambda: taken(lambda: own.steps(steps), images),
        "plain": lambda: taken(lambda: plain_steps(plain, iter([ready_pair] * steps)), images),
        "PIL": lambda: taken(lambda: plain_steps(pil, pil_batches(steps)), steps),
    }


def rows(setting: Setting, config: TranslatorConfig | None = None) -> list[Row]:
    """Beside the plain and the PIL loop, without and with ``--compile``; share of the convolution rate."""
    config = config or DEFAULTS["cyclegan"]
    assert isinstance(config, TranslatorConfig)
    steps = setting.choose(24, 4)
    rates: list[float] = []

    def rate() -> Taken:
        rates.append(convolution_rate(seconds=setting.choose(1.0, 0.2)))
        return Taken(1.0, 1.0)

    runs = in_turns({**contestants(config, steps, setting), "convolution": rate}, setting.rounds)
    flops = translator_step(config).flops / config.batch_size
    shares = [
        100 * run.speed(setting.clock) * flops / one
        for run, one in zip(runs["feraug"], rates[1:], strict=True)
    ]
    del runs["convolution"]
    what = f"{config.model}, base channels {config.base_channels}, batch {config.batch_size}"
    named = "translator training, images/s"
    compiled = [
        Row("translator-compiled", f"{named}, --compile", "same networks and losses, plainly, ready tensors",
            speed_ratios(runs, "compiled", "plain", setting.clock), note=what),
        Row("translator-compiled-loop", f"{named}, --compile", "DataLoader + PIL files, batch 1",
            speed_ratios(runs, "compiled", "PIL", setting.clock), target=Target(2.0)),
    ]  # fmt: skip
    return (compiled if "compiled" in runs else []) + [
        Row("translator", named, "same networks and losses, plainly, ready tensors",
            speed_ratios(runs, "feraug", "plain", setting.clock), target=Target(1.0), note=what, taken=runs),
        Row("translator-loop", named, "DataLoader + PIL files, batch 1",
            speed_ratios(runs, "feraug", "PIL", setting.clock), target=Target(2.0),
            note="a hope rather than a promise; no loader workers, which would only share the same cores"),
        Row("translator-rate", "translator training, share of", "this machine's convolution rate", shares,
            unit="%", note=f"{flops / 1e9:.2f} GFLOP an image; the machine's best 3 x 3 convolution "
            f"{max(rates) / 1e9:.0f} GFLOP/s; torch.utils.flop_counter counts convolutions alone"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    base = DEFAULTS["cyclegan"]
    parser.add_argument("--model", default="cyclegan", choices=("cyclegan", "weighted"))
    parser.add_argument("--batch-size", type=int, default=base.batch_size)
    parser.add_argument("--base-channels", type=int, default=base.base_channels)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    config = replace(DEFAULTS[args.model], batch_size=args.batch_size, base_channels=args.base_channels)
    assert isinstance(config, TranslatorConfig)
    show(lambda setting: rows(setting, config), rounds=args.rounds)


if __name__ == "__main__":
    main()
