"""Training on a GPU: what a step asks for, how fast it could be, how fast it is.

    python benchmarks/gpu.py --peak-tflops 989 --bandwidth-gbs 4800 --out gpu.md
    python benchmarks/gpu.py --device cpu --tiny        # does the script run?

The figures given here are an H200's: dense bf16, and memory.

First the operations and bytes of a ``weighted`` step are counted (base channels 64, batch 64), and with the
card's peak figures make a prediction: no step can be faster than its operations at the peak rate, nor, while
operators are not fused, than its bytes at the memory's.  Then the step is timed: written plainly in eager
float32, then with bf16, channels-last and fused optimizers, torch.compile, CUDA graphs; and as feraug trains.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from gpu_steps import COMPILED, SKIPPED, Steps, classifier_step, translator_variants
from ssim import loop
from step_work import Work, convolution_rate, translator_step

from feraug.config import DEFAULTS, ClassifierConfig, TranslatorConfig
from feraug.metrics.similarity import all_pairs_ssim
from feraug.sources.drawn import draw

DOMAIN, TRAIN = 7_215, 28_709
"""FER2013's training images: of its larger domain in neutral:happy, and in all."""


@dataclass(frozen=True)
class Line:
    """A line of the page: what, what was predicted, what came, what was to be reached."""

    what: str
    predicted: str
    measured: str
    reach: str = ""


def timed_steps(steps: Steps, count: int, device: torch.device) -> float:
    """Seconds a step, the GPU's work included; after a few that warm up."""
    steps(3)
    _wait(device)
    started = time.perf_counter()
    steps(count)
    _wait(device)
    return (time.perf_counter() - started) / count


def in_rounds(steps: dict[str, Steps], count: int, rounds: int, device: torch.device) -> dict[str, float]:
    """Median seconds a step of each, in turns; those that fail are told and left out."""
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, step in steps.items():
            if name in SKIPPED:
                continue
            try:
                times.setdefault(name, []).append(timed_steps(step, count, device))
            except Exception as problem:  # torch.compile raises whatever its back end does
                times.pop(name, None)
                SKIPPED[name] = f"{type(problem).__name__}: {str(problem).splitlines()[0][:90]}"
                print(f"{name}: left out ({SKIPPED[name]})", file=sys.stderr)
    return {name: statistics.median(values) for name, values in times.items()}


def step_lines(config: TranslatorConfig, args: argparse.Namespace, device: torch.device) -> list[Line]:
    """The prediction, every variant, and what 100 epochs would take."""
    work = translator_step(config, torch.bfloat16)
    plain_work = translator_step(config)
    counted = (
        f"{work.flops / 1e12:.3g} TFLOP; {work.bytes / 1e9:.3g} GB and {work.operators:,} operators in bf16, "
        f"{plain_work.bytes / 1e9:.3g} GB in float32"
    )
    what = f"{config.model}, base channels {config.base_channels}, batch {config.batch_size}: a step"
    lines = [Line(f"{what} takes {counted}", prediction(work, args), "")]
    seconds = in_rounds(translator_variants(config, device), args.steps, args.rounds, device)
    first = seconds.get("eager float32, plainly")
    for name, value in seconds.items():
        speed = "" if first is None else f", {first / value:.2f} x the plain step"
        lines.append(
            Line(name, least(work, args), f"{value * 1e3:.2f} ms, {config.batch_size / value:,.0f} images/s{speed}, "  # noqa: E501
                 f"{work.flops / value / 1e12:.3g} TFLOP/s", "5 x" if name.startswith("feraug") else "")
        )  # fmt: skip
    lines += [Line(name, "", f"left out: {why}") for name, why in SKIPPED.items()]
    own = seconds.get("feraug, bf16-mixed")
    if own is not None:
        steps = 100 * -(-DOMAIN // config.batch_size)
        predicted = least(work, args, steps)
        lines.append(
            Line("100 epochs of neutral:happy, from the step", predicted, f"{own * steps:.0f} s", "120 s")
        )
    return lines


def classifier_line(config: ClassifierConfig, args: argparse.Namespace, device: torch.device) -> Line:
    """60 epochs of FER2013, from the step; validation comes on top."""
    seconds = in_rounds({"vgg19": classifier_step(config, device)}, args.steps, args.rounds, device)["vgg19"]
    steps = 60 * -(-TRAIN // config.batch_size)
    return Line(f"60 epochs of {config.model}, batch {config.batch_size}, from the step (without validation)",
                "", f"{seconds * steps:.0f} s", "90 s")  # fmt: skip


def ssim_line(args: argparse.Namespace, device: torch.device) -> Line:
    """Pairs a second beside scikit-image's loop on the CPU."""
    side, pairs = (64, 40) if args.tiny else (4096, 1000)
    images = draw(0, range(64))[np.arange(side) % 64]
    name = str(device)
    all_pairs_ssim(images[:64], images[:64], device=name)  # warms up
    ours, theirs = [], []
    for _ in range(args.rounds):
        started = time.perf_counter()
        all_pairs_ssim(images, images, device=name)
        ours.append((time.perf_counter() - started) / side**2)
        started = time.perf_counter()
        loop(images[:pairs], images[::-1][:pairs], "uniform")
        theirs.append((time.perf_counter() - started) / pairs)
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    return Line(f"SSIM of {side:,} x {side:,} images, beside scikit-image's loop", "",
                f"{ratio:,.0f} x ({1e9 * statistics.median(ours):,.0f} ns a pair)", "1,000 x")  # fmt: skip


def prediction(work: Work, args: argparse.Namespace) -> str:
    """The two floors in words."""
    if not args.peak_tflops or not args.bandwidth_gbs:
        return "no prediction: give --peak-tflops and --bandwidth-gbs"
    computing, moving = work.seconds(args.peak_tflops * 1e12, args.bandwidth_gbs * 1e9)
    return f"at {args.peak_tflops:g} TFLOP/s {computing * 1e3:.2f} ms, at {args.bandwidth_gbs:g} GB/s {moving * 1e3:.2f} ms"  # noqa: E501


def least(work: Work, args: argparse.Namespace, steps: int = 1) -> str:
    """The least time of some steps without fusion, from the card's figures."""
    if not args.peak_tflops or not args.bandwidth_gbs:
        return ""
    slowest = max(work.seconds(args.peak_tflops * 1e12, args.bandwidth_gbs * 1e9)) * steps
    return f">= {slowest:.0f} s" if steps > 1 else f">= {slowest * 1e3:.2f} ms unfused"


def page(lines: list[Line], title: str) -> str:
    """Markdown."""
    rows = [f"| {line.what} | {line.predicted} | {line.measured} | {line.reach} |" for line in lines]
    return "\n".join(
        [title, "", "| what | predicted | measured | target |", "| --- | --- | --- | --- |", *rows]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--peak-tflops", type=float, default=0.0, help="the card's dense bf16 rate")
    parser.add_argument("--bandwidth-gbs", type=float, default=0.0, help="the card's memory bandwidth")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="tiny networks and batches: does it run?")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--out", type=Path, help="write the page there as well")
    args = parser.parse_args()
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here; --device cpu --tiny tries the script")
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)  # what streams, graphs and waiting are about
    translator, vgg = DEFAULTS["weighted"], DEFAULTS["vgg19"]
    assert isinstance(translator, TranslatorConfig) and isinstance(vgg, ClassifierConfig)
    translator = replace(translator, base_channels=64, batch_size=64, precision="bf16-mixed")
    vgg = replace(vgg, precision="bf16-mixed")
    if args.tiny:
        args.steps, args.rounds = 1, 1
        translator = replace(translator, base_channels=4, residual_blocks=1, batch_size=4)
        vgg = replace(vgg, width=0.05, batch_size=8)
    if args.no_compile:
        SKIPPED.update(dict.fromkeys(COMPILED, "--no-compile"))
    torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "a CPU"
    rate = convolution_rate(device, seconds=0.2 if args.tiny else 2.0, batch=4 if args.tiny else 256)
    lines = [Line("a 3 x 3 convolution, there and back, float32", "", f"{rate / 1e12:.3g} TFLOP/s")]
    lines += step_lines(translator, args, device)
    lines += [classifier_line(vgg, args, device), ssim_line(args, device)]
    title = (
        f"`{' '.join(['python', 'benchmarks/gpu.py', *sys.argv[1:]])}` on {name}, torch {torch.__version__}"
    )
    print(page(lines, title))
    if args.out:
        args.out.write_text(page(lines, title) + "\n")


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
