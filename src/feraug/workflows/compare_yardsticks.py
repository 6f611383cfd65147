"""What ``feraug compare`` measures all sets of faces against: real faces, and the limits taken from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feraug.config import CompareConfig, SsimConfig
from feraug.emotions import DomainPair
from feraug.errors import ArtifactError
from feraug.metrics.similarity import paired_ssim
from feraug.store.compare import SetFaces
from feraug.workflows.classifiers import BATCH, Classifier
from feraug.workflows.distances import subsample
from feraug.workflows.drawn_truth import truth_of
from feraug.workflows.events import Note, Notify, Progress
from feraug.workflows.ssim_measures import LEAST_NEW, RealFaces, real_train, real_validation, threshold

Images = NDArray[np.uint8]
Rows = NDArray[np.int64]
Tell = Callable[[int, int], None]

_STREAM = 61  # of random draws; see docs/contributing.md


@dataclass(frozen=True)
class Yardsticks:
    """What all sets are measured against."""

    real: RealFaces
    judge: Classifier
    target: str
    """The emotion that the judge should see."""
    sources: SetFaces
    """The validation faces that are translated, as they are."""
    truth: Images | None
    """The right answers, uint8 (n, 48, 48); None where nobody knows them."""
    held_out: SetFaces
    """Real validation faces of the target."""
    target_images: Images
    """All real training faces of the target, uint8 (n, 48, 48)."""
    learned: NDArray[np.float32]
    """Features of these, which a model may have copied."""
    references: NDArray[np.float32]
    """Features of those of them that distances are measured to."""
    size: int
    """Images in a subsample, the same for all sets."""
    threshold: float | None
    """From which SSIM on an image is a near copy."""
    threshold_from: str
    """Whose quantile that is: ``validation``, or ``train``."""
    threshold_images: int
    """Of how many images."""
    queries: SsimConfig
    device: str | None
    """Where SSIM is computed; None: on the CPU."""
    seed: int

    @property
    def source_images(self) -> Images:
        """The faces that are translated, uint8 (n, 48, 48)."""
        return self.real.arrays.images[self.sources.rows]

    @property
    def held_out_images(self) -> Images:
        """Real validation faces of the target, uint8 (n, 48, 48)."""
        return self.real.arrays.images[self.held_out.rows]


def yardsticks_of(
    config: CompareConfig, real: RealFaces, judge: Classifier, device: str, notify: Notify
) -> Yardsticks:
    """Choose the real faces, ask the judge about them, and take the limits from them.

    Raises :class:`ArtifactError` where validation has no face of either emotion that is new.
    """
    pair, arrays = DomainPair.parse(config.pair), real.arrays
    source_rows = _validation_rows(real, pair.a, config, notify)
    real_rows = _validation_rows(real, pair.b, config, notify)
    train_rows = arrays.rows(split="train", emotion=pair.b)
    target_images = arrays.images[train_rows]
    learned = _features(judge, target_images, telling("judge: real faces", notify))
    references = learned[np.isin(train_rows, _chosen(train_rows, config.references, config.seed))]
    truth = truth_of(arrays, source_rows, pair.b)
    queries = SsimConfig(queries=config.queries, seed=config.seed)
    on_gpu = device if device.startswith("cuda") else None
    validation = real_validation(real, queries, on_gpu, telling("near copies: real faces", notify))
    nearest = {"validation": validation}
    if len(validation) < LEAST_NEW:
        nearest["train"] = real_train(real, queries, on_gpu, telling("near copies: training faces", notify))
    limit, limit_from = threshold(nearest)
    return Yardsticks(
        real=real,
        judge=judge,
        target=pair.b,
        sources=judged(judge, source_rows, arrays.images[source_rows], None, truth),
        truth=truth,
        held_out=judged(judge, real_rows, arrays.images[real_rows], None),
        target_images=target_images,
        learned=learned,
        references=references,
        size=subsample(len(references), len(source_rows), len(real_rows)),
        threshold=limit,
        threshold_from=limit_from,
        threshold_images=len(nearest[limit_from]),
        queries=queries,
        device=on_gpu,
        seed=config.seed,
    )


def judged(
    judge: Classifier, rows: Rows, images: Images, sources: Images | None, truth: Images | None = None
) -> SetFaces:
    """What the judge says of images that are, or were made from, these rows of the dataset.

    ``sources`` None: the images are their own; ``truth`` None: nobody knows the right answers.
    """
    ssim = np.ones(len(images), np.float32) if sources is None else paired_ssim(images, sources)
    error = None
    if truth is not None:
        error = np.abs(images.astype(np.float32) - truth).mean((1, 2), dtype=np.float64).astype(np.float32)
    return SetFaces(rows, judge.probabilities(images), judge.features(images), ssim, error)


def telling(task: str, notify: Notify) -> Tell:
    """Progress of a task, as its number of faces or of pairs grows."""
    unit = "faces" if task.startswith("judge") else "pairs"
    return lambda done, total: notify(Progress(task, done, total, unit))


def _validation_rows(real: RealFaces, emotion: str, config: CompareConfig, notify: Notify) -> Rows:
    """Validation faces of an emotion of which ``train`` has no known copy: a model may have seen those."""
    rows = real.arrays.rows(split="validation", emotion=emotion)
    new = np.intersect1d(rows, real.new_validation_rows())
    if not len(new):
        raise ArtifactError(
            f"the dataset has no {emotion} face in 'validation' that is no copy of a training image",
            "'feraug info' on the dataset lists what is there",
        )
    if len(new) < len(rows):
        notify(
            Note(
                f"left out as copies or near copies of training images: {len(rows) - len(new):,} of "
                f"{len(rows):,} {emotion} validation faces"
            )
        )
    return _chosen(new, config.images, config.seed)


def _chosen(rows: Rows, most: int, seed: int) -> Rows:
    """Up to ``most`` of the rows, in order; all for 0."""
    if not most or len(rows) <= most:
        return rows
    random = np.random.default_rng((seed, _STREAM, len(rows)))
    return np.sort(random.choice(rows, most, replace=False))


def _features(judge: Classifier, images: Images, tell: Tell) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(images), BATCH):
        parts.append(judge.features(images[start : start + BATCH]))
        tell(min(start + BATCH, len(images)), len(images))
    return np.concatenate(parts) if parts else judge.features(images)
