"""SSIM of all pairs beside a loop over scikit-image, and the search for nearest images, in one run.

    python benchmarks/ssim.py                          # drawn faces
    python benchmarks/ssim.py artifacts/dataset.h5     # real ones
    python benchmarks/ssim.py artifacts/dataset.h5 --nearest 5000
    python benchmarks/ssim.py --device cuda            # the same by torch; its numbers beside the CPU's

Medians over rounds in which both take turns, so that a busy machine is busy for both.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

import feraug
from feraug.metrics.nearest import nearest_by_ssim
from feraug.metrics.similarity import all_pairs_ssim, available_cores, paired_ssim
from feraug.sources.drawn import draw

OPTIONS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "gaussian": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
}
Images = npt.NDArray[np.uint8]


def compare(images: Images, variant: str, arguments: argparse.Namespace) -> None:
    random = np.random.default_rng(0)
    rounds, pairs, device = arguments.rounds, arguments.pairs, arguments.device
    a, b = (images[random.permutation(len(images))[: arguments.images]] for _ in range(2))
    left, right = (images[random.integers(0, len(images), pairs)] for _ in range(2))
    found = paired_ssim(left, right, variant)  # compiled here, before anything is timed
    if device is not None:
        some, others = left[:300], right[:300]
        on_device = all_pairs_ssim(some, others, variant, device=device)  # and the device warmed up
        largest = np.abs(on_device - all_pairs_ssim(some, others, variant)).max()
        print(
            f"{variant}: {device} differs from the CPU's engine by {largest:.1e} in {on_device.size:,} pairs"
        )
    ours: list[float] = []
    loop: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        all_pairs_ssim(a, b, variant, device=device)  # the result is fetched, so the device has finished
        ours.append((time.perf_counter() - start) / (len(a) * len(b)) * 1e6)
        start = time.perf_counter()
        expected = [
            structural_similarity(x, y, data_range=255, **OPTIONS[variant])
            for x, y in zip(left, right, strict=True)
        ]
        loop.append((time.perf_counter() - start) / pairs * 1e6)
    mine, theirs = statistics.median(ours), statistics.median(loop)
    where = "" if device is None else f" on {_device_name(device)}"
    largest = np.abs(found - expected).max()
    print(
        f"{variant}{where}: {mine:.3g} microseconds a pair, scikit-image {theirs:.0f}; {theirs / mine:.0f} "
        f"times as fast (medians of {rounds}); largest difference {largest:.1e} of {pairs:,} pairs"
    )


def _device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else f"torch's {device}"


def search(queries: Images, references: Images) -> None:
    started = time.perf_counter()
    found = nearest_by_ssim(queries, references)
    seconds = time.perf_counter() - started
    print(
        f"nearest of {len(references):,} for {len(queries):,} images: {seconds:.0f} s, "
        f"{100 * found.work:.0f} % of all windows computed"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", nargs="?", help="a dataset.h5; without it, drawn faces")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=2000, help="of scikit-image's loop")
    parser.add_argument("--nearest", type=int, default=0, metavar="N", help="also search for N images")
    parser.add_argument("--images", type=int, default=1000, help="of each set, for all pairs")
    parser.add_argument("--device", help="such as cuda: all pairs by torch instead of the CPU's engine")
    arguments = parser.parse_args()
    if arguments.dataset:
        faces = feraug.open_dataset(arguments.dataset)
        train, others = (faces.select(split=split).images for split in ("train", "validation"))
    else:
        train, others = draw(0, range(3000)), draw(1, range(1000))
    print(f"{len(train):,} training images, {available_cores()} cores")
    for variant in OPTIONS:
        compare(train, variant, arguments)
    if arguments.nearest:
        chosen = np.resize(np.arange(len(others)), arguments.nearest)
        search(others[chosen], train)


if __name__ == "__main__":
    main()
