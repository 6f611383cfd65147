"""What ``feraug ssim`` measures: nearest images, sources, and pairs within and across emotions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import SsimConfig
from feraug.errors import ArtifactError
from feraug.metrics.nearest import Progress, nearest_by_ssim
from feraug.metrics.similarity import paired_ssim
from feraug.store.dataset import DatasetArrays, known_copies
from feraug.store.ssim import Pairs, SetSimilarity
from feraug.store.synthetic import SyntheticArrays
from feraug.words import plural
from feraug.workflows.synthetic_sets import SyntheticSet

Rows = NDArray[np.int64]

_STREAM: Final = 60  # of random draws; see docs/contributing.md
NEAR_QUANTILE: Final = 0.99
"""Of new real images, 1 in 100 is as near to a training image as a *near copy*."""
_PAIRS_AT_ONCE: Final = 20_000
"""Pairs whose images are gathered at a time, 92 MB; those of all of FER2013's would be 330 GB."""
LEAST_FOR_THRESHOLD: Final = 500
LEAST_NEW: Final = 20
"""With fewer new validation images, the training images themselves have to serve."""


@dataclass(frozen=True)
class RealFaces:
    """The dataset, ready to be searched: its training images, and which of all images are identical."""

    arrays: DatasetArrays
    digest: str
    train: Rows = field(init=False)
    identity: Rows = field(init=False)
    """(N,) a number that identical images share."""

    def __post_init__(self) -> None:
        train = self.arrays.rows(split="train")
        if len(train) < 2:
            raise ArtifactError(
                f"the dataset has {plural(len(train), 'training image')}; "
                "similarity needs two or more; 'feraug info' on the dataset lists what is there"
            )
        group = self.arrays.columns["duplicate_group"].astype(np.int64)
        alone = group.max(initial=-1) + 1 + np.arange(len(group))
        object.__setattr__(self, "train", train)
        object.__setattr__(self, "identity", np.where(group >= 0, group, alone))

    def new_validation_rows(self) -> Rows:
        """Validation images of which ``train`` has no copy, and no near copy that the audit knows of."""
        rows = self.arrays.rows(split="validation")
        return np.asarray(rows[~known_copies(self.arrays.columns)[rows]])

    def nearest(
        self,
        images: NDArray[np.uint8],
        identity: Rows,
        config: SsimConfig,
        device: str | None,
        tell: Progress,
    ) -> tuple[Rows, NDArray[np.float32]]:
        """Dataset row (n,) and SSIM of the nearest training image, other than those of an ``identity``.

        Of an image or its mirror image, whichever is nearer: generators are trained on mirrored faces, too.
        """
        found = nearest_by_ssim(
            images,
            self.arrays.images[self.train],
            config.variant,
            groups=identity,
            reference_groups=self.identity[self.train],
            mirrored=True,
            device=device,
            progress=tell,
        )
        return np.where(found.row >= 0, self.train[found.row], -1), found.ssim


def real_train(real: RealFaces, config: SsimConfig, device: str | None, tell: Progress) -> Pairs:
    """Training images and their nearest other training image, identical ones left out."""
    rows = _sample(real.train, config, "train")
    near, ssim = real.nearest(real.arrays.images[rows], real.identity[rows], config, device, tell)
    return _found(rows, near, ssim)


def real_validation(real: RealFaces, config: SsimConfig, device: str | None, tell: Progress) -> Pairs:
    """Validation images that are new (no known copies) and their nearest training image.

    At least 500 where there are as many, whatever ``queries``: a 99 % quantile of fewer is hardly known.
    """
    enough = replace(config, queries=max(config.queries, LEAST_FOR_THRESHOLD) if config.queries else 0)
    rows = _sample(real.new_validation_rows(), enough, "validation")
    near, ssim = real.nearest(real.arrays.images[rows], np.full(len(rows), -1), config, device, tell)
    return _found(rows, near, ssim)


def real_pairs(real: RealFaces, config: SsimConfig) -> tuple[Pairs, Pairs]:
    """Random pairs of training images of one emotion, and of two."""
    labels = real.arrays.labels[real.train].astype(np.int64)
    random = _random(config, "pairs")
    kinds = [same_label(labels, config.pairs, random), different_labels(labels, config.pairs, random)]
    within, across = (_paired(real.arrays.images, real.train[rows], config) for rows in kinds)
    return within, across


def threshold(real: Mapping[str, Pairs]) -> tuple[float | None, str]:
    """From which SSIM on an image is a near copy of a training image, and whose quantile that is.

    The 99 % quantile of the SSIM of new validation images to their nearest training image.  Not of training
    images to each other: FER2013 has so many near copies within ``train`` that this quantile is
    theirs (0.95 instead of 0.60).  Only where there are fewer than 20 new validation images the
    training images serve.
    """
    name = "validation" if len(real["validation"]) >= LEAST_NEW else "train"
    if not len(real[name]):
        return None, name
    return float(np.quantile(real[name].ssim, NEAR_QUANTILE)), name


def set_similarity(
    one: SyntheticSet,
    real: RealFaces,
    sources: Mapping[str, NDArray[np.uint8]],
    behind: Mapping[str, SyntheticArrays],
    config: SsimConfig,
    device: str | None,
    tell: Progress,
) -> SetSimilarity:
    """All that is measured of one synthetic set.

    ``sources`` has images by the digest of their file, ``behind`` the sets that it was made from, and those
    that they were made from in turn.
    """
    arrays = one.arrays
    drawn_by = _of_content(arrays)
    rows = _sample(np.arange(len(arrays.images)), config, drawn_by)
    identity = np.full(len(arrays.images), -1)
    origins = dataset_rows(arrays, real.digest, behind)
    own = np.flatnonzero((origins >= 0) & (origins < len(real.identity)))
    identity[own] = real.identity[origins[own]]
    near, ssim = real.nearest(arrays.images[rows], identity[rows], config, device, tell)
    within = same_label(arrays.labels.astype(np.int64), config.pairs, _random(config, drawn_by))
    return SetSimilarity(
        one.name,
        one.digest,
        len(arrays.images),
        _found(rows, near, ssim),
        _source_pairs(one, sources, config),
        _paired(arrays.images, within, config),
    )


def _of_content(arrays: SyntheticArrays) -> str:
    """What the draws from a set hang on: the file's own digest changes with the seconds its model took."""
    digest = hashlib.sha256(np.ascontiguousarray(arrays.images).data)
    digest.update(np.ascontiguousarray(arrays.labels).data)
    return digest.hexdigest()


def same_label(labels: Rows, count: int, random: np.random.Generator) -> Rows:
    """Random pairs of different rows with one label, (count, 2); every such pair, where there are fewer."""
    by_label = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if sum(len(rows) * (len(rows) - 1) // 2 for rows in by_label) <= count:
        pairs = [np.stack(np.triu_indices(len(rows), 1), 1) for rows in by_label]
        return np.concatenate(
            [np.empty((0, 2), np.int64), *(rows[pair] for rows, pair in zip(by_label, pairs, strict=True))]
        )
    weights = np.array([len(rows) if len(rows) > 1 else 0 for rows in by_label])
    found = []
    for rows, share in zip(by_label, random.multinomial(count, weights / weights.sum()), strict=True):
        first = random.integers(0, len(rows), share)
        step = random.integers(1, max(2, len(rows)), share)  # never back to the first
        found.append(np.stack([rows[first], rows[(first + step) % len(rows)]], 1))
    return np.concatenate(found)


def different_labels(labels: Rows, count: int, random: np.random.Generator) -> Rows:
    """Random pairs of rows with different labels, (P, 2); a pair may come more than once.

    ``count`` of them, or as many as there are if that is less.
    """
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if len(sizes) < 2:
        return np.empty((0, 2), np.int64)
    count = min(count, (len(labels) ** 2 - int((sizes**2).sum())) // 2)
    first = random.integers(0, len(labels), count)
    label = np.searchsorted(starts, first, side="right") - 1
    # Somewhere behind the last of this label, going round to the first of it.
    step = (random.random(count) * (len(labels) - sizes[label])).astype(np.int64)
    second = (starts[label] + sizes[label] + step) % len(labels)
    return np.stack([order[first], order[second]], 1)


def _source_pairs(one: SyntheticSet, sources: Mapping[str, NDArray[np.uint8]], config: SsimConfig) -> Pairs:
    """Translations with what they were made from, as it went in: plain or, in the second round, mirrored."""
    arrays = one.arrays
    rows, origins, ssim = [_NONE], [_NONE], [np.empty(0, np.float32)]
    for digest in one.arrays.sources:
        if digest not in sources:
            continue
        known = from_source(one, digest, len(sources[digest]))
        known = known[arrays.origin_round[known] <= 1]
        origin = arrays.origin_row[known]
        originals = sources[digest][origin]
        mirrored = arrays.origin_round[known] == 1
        originals[mirrored] = originals[mirrored, :, ::-1]
        rows.append(known)
        origins.append(origin)
        ssim.append(paired_ssim(arrays.images[known], originals, config.variant))
    return Pairs(np.stack([np.concatenate(rows), np.concatenate(origins)], 1), np.concatenate(ssim))


def dataset_rows(arrays: SyntheticArrays, digest: str, behind: Mapping[str, SyntheticArrays]) -> Rows:
    """The row of the dataset with this digest that each image (N,) was made from, -1 where that is unknown.

    Directly, or by way of the sets ``behind``, by their digests.
    """
    found = np.full(len(arrays.images), -1)
    for number, source in enumerate(arrays.sources):
        here = np.flatnonzero((arrays.origin_source == number) & (arrays.origin_row >= 0))
        if source == digest:
            found[here] = arrays.origin_row[here]
        elif source in behind:
            of_source = dataset_rows(behind[source], digest, behind)
            here = here[arrays.origin_row[here] < len(of_source)]
            found[here] = of_source[arrays.origin_row[here]]
    return found


def lost_behind(arrays: SyntheticArrays, digest: str, behind: Mapping[str, SyntheticArrays]) -> set[str]:
    """Digests of what a set goes back to that is neither this dataset nor one of ``behind``."""
    lost: set[str] = set()
    for number in np.unique(arrays.origin_source[arrays.origin_row >= 0]):
        source = arrays.sources[int(number)]
        if source in behind:
            lost |= lost_behind(behind[source], digest, behind)
        elif source != digest:
            lost.add(source)
    return lost


def from_source(one: SyntheticSet, digest: str, count: int) -> Rows:
    """Rows of the set that were made from the file of this digest, which has ``count`` images."""
    arrays = one.arrays
    if digest not in arrays.sources:
        return _NONE
    rows = np.flatnonzero((arrays.origin_row >= 0) & (arrays.origin_source == arrays.sources.index(digest)))
    if len(rows) and arrays.origin_row[rows].max() >= count:
        raise ArtifactError(
            f"{one.path}: damaged (an image comes from row {arrays.origin_row[rows].max()}, and its source "
            f"has {count})",
            "make it again with 'feraug synth --overwrite'",
        )
    return rows


def _paired(images: NDArray[np.uint8], rows: Rows, config: SsimConfig) -> Pairs:
    ssim = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        one, other = rows[start : start + _PAIRS_AT_ONCE].T
        ssim[start : start + len(one)] = paired_ssim(images[one], images[other], config.variant)
    return Pairs(rows, ssim)


def _found(rows: Rows, near: Rows, ssim: NDArray[np.float32]) -> Pairs:
    """Pairs of rows with their nearest, without those that have none."""
    there = near >= 0
    return Pairs(np.stack([rows[there], near[there]], 1), ssim[there])


def _sample(rows: Rows, config: SsimConfig, of_what: str) -> Rows:
    """Up to ``config.queries`` of the rows, in order; all for 0."""
    if not config.queries or len(rows) <= config.queries:
        return rows
    return np.sort(_random(config, f"sample {of_what}").choice(rows, config.queries, replace=False))


def sample_of(images: NDArray[np.uint8], most: int, config: SsimConfig, what: str) -> NDArray[np.uint8]:
    """Up to ``most`` of the images (N, 48, 48), at random, in their order."""
    if len(images) <= most:
        return images
    return images[np.sort(_random(config, what).choice(len(images), most, replace=False))]


def _random(config: SsimConfig, what: str) -> np.random.Generator:
    """Draws of their own for each purpose, so that one set's do not depend on which others there are."""
    words: Any = np.frombuffer(what.encode().ljust(72)[:72], np.uint32)
    return np.random.default_rng((config.seed, _STREAM, *words.tolist()))


_NONE: Final = np.empty(0, np.int64)
