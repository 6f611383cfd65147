"""SSIM of all pairs beside a loop over scikit-image, and the search for nearest images, in one run.

    python benchmarks/ssim.py                          # drawn faces
    python benchmarks/ssim.py artifacts/dataset.h5     # real ones
    python benchmarks/ssim.py artifacts/dataset.h5 --nearest 5000
    python benchmarks/ssim.py --device cuda            # the same by torch; its numbers beside the CPU's

OMP_NUM_THREADS=1 lets feraug have one thread as well.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rounds import Row, Setting, Taken, Target, in_turns, speed_ratios, taken
from skimage.metrics import structural_similarity
from tables import show

import feraug
from feraug.cores import available_cores
from feraug.metrics.nearest import nearest_by_ssim
from feraug.metrics.similarity import all_pairs_ssim, paired_ssim
from feraug.sources.drawn import draw

OPTIONS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "gaussian": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
}
Images = npt.NDArray[np.uint8]


def contestants(
    images: Images,
    variant: str,
    pairs: int,
    *,
    side: int = 1000,
    threads: int | None = None,
    device: str | None = None,
) -> dict[str, Callable[[], Taken]]:
    """All ``side`` x ``side`` pairs by feraug; ``pairs`` random ones in a loop over scikit-image."""
    random = np.random.default_rng(0)
    a, b = images[random.permutation(len(images))[:side]], images[random.permutation(len(images))[:side]]
    left, right = (images[random.integers(0, len(images), pairs)] for _ in range(2))

    def own() -> None:  # the result is fetched, so a device has finished
        all_pairs_ssim(a, b, variant, device=device, threads=threads)

    return {
        "feraug": lambda: taken(own, len(a) * len(b)),
        "scikit-image": lambda: taken(lambda: loop(left, right, variant), pairs),
    }


def loop(left: Images, right: Images, variant: str) -> list[float]:
    """scikit-image's SSIM of pairs, one after the other."""
    return [
        structural_similarity(x, y, data_range=255, **OPTIONS[variant])
        for x, y in zip(left, right, strict=True)
    ]


def rows(setting: Setting, images: Images | None = None, device: str | None = None) -> list[Row]:
    """A figure for each variant; scikit-image's loop has one thread, feraug all cores (with one, one)."""
    images = draw(0, range(1000)) if images is None else images
    threads = wanted_threads()
    where = f"{threads or available_cores()} threads" if device is None else device_name(device)
    found = []
    for variant in OPTIONS:
        pairs, side = setting.choose((2000, 1000), (200, 200))
        some = images[:100]
        largest = np.abs(paired_ssim(some[:-1], some[1:], variant) - loop(some[:-1], some[1:], variant)).max()
        if device is not None:
            on_device = all_pairs_ssim(some, some, variant, device=device)
            largest = max(largest, np.abs(on_device - all_pairs_ssim(some, some, variant)).max())
        runs = in_turns(
            contestants(images, variant, pairs, side=side, threads=threads, device=device), setting.rounds
        )
        mine, theirs = (statistics.median(1e6 / run.speed(setting.clock) for run in runs[name])
                        for name in ("feraug", "scikit-image"))  # fmt: skip
        found.append(
            Row(
                "ssim" if variant == "uniform" else f"ssim-{variant}", "SSIM of all pairs, pairs/s",
                "a loop over scikit-image", speed_ratios(runs, "feraug", "scikit-image", setting.clock),
                target=Target(60.0), taken=runs,
                note=f"{variant}: {mine:.3g} microseconds a pair, scikit-image {theirs:.0f}; "
                f"{where}; largest difference {largest:.1e}",
            )
        )  # fmt: skip
    return found


def device_name(device: str) -> str:
    """As torch calls it."""
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else f"torch's {device}"


def wanted_threads() -> int | None:
    """As many threads as everything else gets, by the variable that numpy's and torch's libraries mind."""
    return int(os.environ.get("OMP_NUM_THREADS", "0")) or None


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
    parser.add_argument("--device", help="what torch calls it: cuda, cpu; without, feraug's engine")
    parser.add_argument("--nearest", type=int, default=0, metavar="N", help="also search for N images")
    arguments = parser.parse_args()
    if arguments.dataset:
        faces = feraug.open_dataset(arguments.dataset)
        train, others = (faces.select(split=split).images for split in ("train", "validation"))
    else:
        train, others = draw(0, range(3000)), draw(1, range(1000))
    show(lambda setting: rows(setting, train, arguments.device), rounds=arguments.rounds)
    if arguments.nearest:
        chosen = np.resize(np.arange(len(others)), arguments.nearest)
        search(others[chosen], train)


if __name__ == "__main__":
    main()
