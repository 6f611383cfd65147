"""SSIM of all pairs beside a loop over scikit-image, and the search for nearest images, in one run.

    python benchmarks/ssim.py                          # drawn faces
    python benchmarks/ssim.py artifacts/dataset.h5     # real ones
    python benchmarks/ssim.py artifacts/dataset.h5 --nearest 5000

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


def compare(images: Images, variant: str, rounds: int, pairs: int) -> None:
    random = np.random.default_rng(0)
    a, b = images[random.permutation(len(images))[:1000]], images[random.permutation(len(images))[:1000]]
    left, right = (images[random.integers(0, len(images), pairs)] for _ in range(2))
    found = paired_ssim(left, right, variant)  # compiled here, before anything is timed
    ours: list[float] = []
    loop: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        all_pairs_ssim(a, b, variant)
        ours.append((time.perf_counter() - start) / (len(a) * len(b)) * 1e6)
        start = time.perf_counter()
        expected = [
            structural_similarity(x, y, data_range=255, **OPTIONS[variant])
            for x, y in zip(left, right, strict=True)
        ]
        loop.append((time.perf_counter() - start) / pairs * 1e6)
    mine, theirs = statistics.median(ours), statistics.median(loop)
    largest = np.abs(found - expected).max()
    print(
        f"{variant}: {mine:.2f} microseconds a pair, scikit-image {theirs:.0f}; {theirs / mine:.0f} times as "
        f"fast (medians of {rounds}); largest difference {largest:.1e} of {pairs:,} pairs"
    )


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
    arguments = parser.parse_args()
    if arguments.dataset:
        faces = feraug.open_dataset(arguments.dataset)
        train, others = (faces.select(split=split).images for split in ("train", "validation"))
    else:
        train, others = draw(0, range(3000)), draw(1, range(1000))
    print(f"{len(train):,} training images, {available_cores()} cores")
    for variant in OPTIONS:
        compare(train, variant, arguments.rounds, arguments.pairs)
    if arguments.nearest:
        chosen = np.resize(np.arange(len(others)), arguments.nearest)
        search(others[chosen], train)


if __name__ == "__main__":
    main()
