"""Near copies: recall on planted copies and seconds on FER2013, beside perceptual hashes.

    python benchmarks/near_copies.py fer2013.csv [--copies 200] [--pool 5000]

Needs the package ImageHash besides feraug; pHash of 64 bits, mirrored hashes included, searched by
counting bits of XORed 64-bit numbers.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

import imagehash
import numpy as np
import numpy.typing as npt
from csv_files import image_arrays
from PIL import Image
from rounds import Row, Setting, Target, in_turns, speed_ratios, taken
from tables import show

from feraug.metrics.near_copies import find_near_copies, match_near_copies

Images = npt.NDArray[np.uint8]
Pairs = set[tuple[int, int]]
Alteration = Callable[[Images, np.random.Generator], Images]

HASH_DISTANCES: Final = (4, 8, 12)
"""Hamming distances up to which hashes count as equal; 8 of 64 bits is a usual choice."""


def mirror(image: Images, _: np.random.Generator) -> Images:
    return np.ascontiguousarray(image[:, ::-1])


def shift(image: Images, rng: np.random.Generator, *, mode: str = "edge") -> Images:
    """1 or 2 pixels along one or both axes; the border repeats the edge or wraps around."""
    down, right = 0, 0
    while (down, right) == (0, 0):
        down, right = rng.integers(-2, 3, 2)
    padded = np.pad(image, 2, mode="edge" if mode == "edge" else "wrap")
    return padded[2 - down : 50 - down, 2 - right : 50 - right]


def brightness(image: Images, rng: np.random.Generator, *, by: float) -> Images:
    """Every pixel up or down by a share of 255, clipped."""
    return _as_pixels(image + rng.choice([-1, 1]) * by * 255)


def contrast(image: Images, rng: np.random.Generator, *, by: float) -> Images:
    """Deviations from the mean up or down by a share, clipped."""
    return _as_pixels(image.mean() + (image - image.mean()) * (1 + rng.choice([-1, 1]) * by))


def jpeg(image: Images, _: np.random.Generator) -> Images:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=90)
    return np.array(Image.open(stream))


def recrop(image: Images, rng: np.random.Generator) -> Images:
    """A window of 44 x 44 from anywhere, enlarged to 48 x 48."""
    top, left = rng.integers(0, 5, 2)
    window = Image.fromarray(image[top : top + 44, left : left + 44])
    return np.array(window.resize((48, 48), Image.Resampling.BICUBIC))


def everything(image: Images, rng: np.random.Generator) -> Images:
    """Mirrored, shifted, brighter, flatter and compressed at once."""
    altered = brightness(shift(mirror(image, rng), rng), rng, by=0.1)
    return jpeg(contrast(altered, rng, by=0.1), rng)


ALTERATIONS: Final[dict[str, Alteration]] = {
    "mirrored": mirror,
    "shifted 1-2 px, edge repeated": shift,
    "shifted 1-2 px, wrapped": lambda image, rng: shift(image, rng, mode="wrap"),
    "brightness +-10 %": lambda image, rng: brightness(image, rng, by=0.1),
    "brightness +-20 %": lambda image, rng: brightness(image, rng, by=0.2),
    "contrast +-10 %": lambda image, rng: contrast(image, rng, by=0.1),
    "contrast +-20 %": lambda image, rng: contrast(image, rng, by=0.2),
    "JPEG quality 90": jpeg,
    "mirrored + shifted": lambda image, rng: shift(mirror(image, rng), rng),
    "all of these": everything,
    "44 x 44 window enlarged": recrop,
}


def planted_copies(images: Images, copies: int, pool: int) -> tuple[Images, Images, list[tuple[int, int]]]:
    """Altered copies, kind by kind; the images they hide among; and the pairs (copy, original)."""
    rng = np.random.default_rng(20_130_701)
    varied = images[images.std(axis=(1, 2)) >= 1]  # a blank image has no near copies
    references = varied[rng.choice(len(varied), pool, replace=False)]
    sources = {kind: rng.choice(pool, copies, replace=False) for kind in ALTERATIONS}
    planted = np.stack(
        [alter(references[row], rng) for kind, alter in ALTERATIONS.items() for row in sources[kind]]
    )
    truth = [(row, int(source)) for row, source in enumerate(np.concatenate(list(sources.values())))]
    return planted, references, truth


def found_pairs(planted: Images, references: Images) -> dict[str, Pairs]:
    """The pairs that each finds."""
    pairs = match_near_copies(planted, references)
    found = {"feraug": set(zip(pairs.query.tolist(), pairs.reference.tolist(), strict=True))}
    distances = hash_distances(planted, references)
    for most in HASH_DISTANCES:
        query, reference = np.nonzero(distances <= most)
        found[f"pHash <= {most}"] = set(zip(query.tolist(), reference.tolist(), strict=True))
    return found


def planted_table(images: Images, copies: int, pool: int) -> dict[str, float]:
    """Print the recall of each kind of planted copy, and how many other pairs were found; recalls in all."""
    planted, references, truth = planted_copies(images, copies, pool)
    found = found_pairs(planted, references)
    print(f"{copies} planted copies of each kind among {pool} images; recall in %")
    print(f"{'':32}" + "".join(f"{name:>12}" for name in found))
    for number, kind in enumerate(ALTERATIONS):
        wanted = set(truth[number * copies : (number + 1) * copies])
        print(f"{kind:32}" + "".join(f"{100 * len(wanted & hits) / copies:12.1f}" for hits in found.values()))
    print(f"{'other pairs found':32}" + "".join(f"{len(hits - set(truth)):12}" for hits in found.values()))
    return {name: 100 * len(hits & set(truth)) / len(truth) for name, hits in found.items()}


def audit(images: Images, split: npt.NDArray[np.uint8]) -> int:
    """Feraug's search for copies of training images; the pairs found."""
    return len(find_near_copies(images, split).pairs)


def hash_audit(images: Images, split: npt.NDArray[np.uint8], most: int = 8) -> int:
    """The same by perceptual hashes: mirrored or not, at most so many of 64 bits apart."""
    queries, references = images[split != 0], images[split == 0]
    theirs = _hashes(references)
    both = [_hashes(queries), _hashes(queries[:, :, ::-1])]
    close = 0
    for start in range(0, len(queries), 256):  # the distances of a block stay in the cache
        block = [np.bitwise_count(one[start : start + 256, None] ^ theirs) for one in both]
        close += int(np.count_nonzero(np.minimum(*block) <= most))
    return close


def rows(setting: Setting, copies: int | None = None, pool: int | None = None) -> list[Row]:
    """The audit's time, and recall on planted copies."""
    images, _, split = image_arrays(setting, setting.choose(None, 1500))
    runs = in_turns(
        {
            "feraug": lambda: taken(lambda: audit(images, split), len(images)),
            "pHash": lambda: taken(lambda: hash_audit(images, split), len(images)),
        },
        setting.rounds,
        warm_up=False,
    )
    copies, pool = copies or setting.choose(200, 20), pool or setting.choose(5000, 500)
    recall = planted_table(images[split == 0], copies, pool)
    best = max(recall[f"pHash <= {most}"] for most in HASH_DISTANCES)
    named = f"near-copy audit of {len(images):,} images"
    return [
        Row("near-copies", f"{named}, images/s", "ImageHash's pHash + Hamming search",
            speed_ratios(runs, "feraug", "pHash", setting.clock), target=Target(1.0), taken=runs),
        Row("near-copies-recall", f"recall on {len(ALTERATIONS) * copies:,} planted copies",
            f"pHash up to {HASH_DISTANCES[-1]} bits apart ({best:.1f} %)", [recall["feraug"]], unit="%",
            target=Target(best)),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("csv", type=Path, nargs="?", help="fer2013.csv; without it, drawn faces")
    parser.add_argument("--copies", type=int, default=200, help="planted copies of each kind (default 200)")
    parser.add_argument("--pool", type=int, default=5000, help="images that they hide among (default 5000)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    show(lambda setting: rows(setting, args.copies, args.pool), rounds=args.rounds, csv=args.csv)


def hash_distances(queries: Images, references: Images) -> npt.NDArray[np.uint8]:
    """Hamming distances (m, n) of 64-bit pHashes, the smaller of the plain and the mirrored one."""
    theirs = _hashes(references)
    plain = np.bitwise_count(_hashes(queries)[:, None] ^ theirs)
    mirrored = np.bitwise_count(_hashes(queries[:, :, ::-1])[:, None] ^ theirs)
    smaller: npt.NDArray[np.uint8] = np.minimum(plain, mirrored)
    return smaller


def _hashes(images: Images) -> npt.NDArray[np.uint64]:
    bits = np.stack([imagehash.phash(Image.fromarray(image)).hash.reshape(64) for image in images])
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0]


def _as_pixels(values: npt.NDArray[np.float64]) -> Images:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
