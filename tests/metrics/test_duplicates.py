"""The exact audit against brute force, and against what is known of FER2013."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from feraug.metrics.duplicates import ExactAudit, blank_images, find_duplicates, image_digests
from feraug.sources import open_source

TRAIN, VALIDATION, TEST = 0, 1, 2
SHA256_OF_PIXELS = "b1e0669f3e34347a47c00b78cf7eac6b1e3f916cf2c74b0d3996186bdcc31827"
Bytes = npt.NDArray[np.uint8]


@pytest.fixture
def fer2013(test_data: Path) -> tuple[Bytes, Bytes, Bytes]:
    """Pixels, emotion and usage of the real FER2013."""
    if not (test_data / "fer2013.csv").is_file():
        return unpacked(test_data / "unpack_fer2013.py")
    batches = list(open_source(str(test_data / "fer2013.csv")).batches())
    pixels = np.concatenate([batch.images for batch in batches])
    # Whoever reads them, in a third of the time that unpacking takes: these are the pixels.
    assert hashlib.sha256(pixels).hexdigest() == SHA256_OF_PIXELS
    emotion, usage = (
        np.concatenate([getattr(batch, name) for batch in batches]) for name in ("labels", "split")
    )
    return pixels, emotion, usage


def unpacked(script: Path) -> tuple[Bytes, Bytes, Bytes]:
    """The same from ``fer2013.xz``, which lies beside the script that unpacks it."""
    spec = importlib.util.spec_from_file_location("unpack_fer2013", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pixels, emotion, usage = module.load()
    return pixels, emotion, usage


def random_set(seed: int, count: int = 60) -> tuple[Bytes, Bytes, Bytes]:
    """Images of 2 x 2 pixels with few values, so that many are identical; labels; split."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 3, (count, 2, 2), dtype=np.uint8)
    labels = rng.choice(np.array([0, 1, 2, 255], np.uint8), count)
    return images, labels, rng.integers(0, 3, count, dtype=np.uint8)


def audit(images: Bytes, labels: Bytes, split: Bytes) -> ExactAudit:
    return find_duplicates(image_digests(images), labels, split, blank_images(images))


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_brute_force(seed: int) -> None:
    images, labels, split = random_set(seed)
    found = audit(images, labels, split)
    keys = [image.tobytes() for image in images]
    repeated = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]

    assert found.group.dtype == np.int32
    assert found.group.tolist() == [repeated.index(key) if key in repeated else -1 for key in keys]
    assert found.duplicate_groups == len(repeated)
    assert found.redundant == sum(keys.count(key) for key in repeated) - len(repeated)
    labels_of = {
        key: {int(label) for k, label in zip(keys, labels, strict=True) if k == key} - {255}
        for key in repeated
    }
    conflicting = [number for number, key in enumerate(repeated) if len(labels_of[key]) > 1]
    assert found.conflicting.tolist() == conflicting
    assert found.conflicting_groups == len(conflicting)
    in_train = {key for key, part in zip(keys, split, strict=True) if part == TRAIN}
    copies = [key in in_train and part != TRAIN for key, part in zip(keys, split, strict=True)]
    assert found.copy_in_train.tolist() == copies
    for name, code in (("validation", VALIDATION), ("test", TEST)):
        assert found.leaks[name] == sum(
            copy for copy, part in zip(copies, split, strict=True) if part == code
        )
    assert found.blank.tolist() == [len(set(key)) == 1 for key in keys]
    assert found.blank_count == found.blank.sum()


def test_digests_do_not_depend_on_batches_or_memory_layout() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48), dtype=np.uint8)
    whole = image_digests(images)
    assert whole.shape == (20, 16)
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(
        whole, np.concatenate([image_digests(images[:7]), image_digests(images[7:])])
    )
    np.testing.assert_array_equal(whole[::2], image_digests(images[::2]))
    np.testing.assert_array_equal(whole, image_digests(np.asfortranarray(images)))


def test_one_pixel_tells_images_apart() -> None:
    images = np.full((48 * 48, 48, 48), 7, np.uint8)
    images.reshape(len(images), -1)[np.arange(len(images)), np.arange(len(images))] = 8
    nothing = np.zeros(len(images), np.uint8)
    found = audit(images, nothing, nothing)
    assert found.duplicate_groups == 0
    assert found.blank_count == 0


def test_digests_that_end_in_zeros_stay_apart() -> None:
    digests = np.zeros((3, 16), np.uint8)
    digests[1, 15] = 1
    zeros = np.zeros(3, np.uint8)
    found = find_duplicates(digests, zeros, zeros, zeros.astype(bool))
    assert found.group.tolist() == [0, -1, 0]


def test_an_unlabelled_copy_is_no_conflict() -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    split = np.array([TRAIN, TEST], np.uint8)
    assert audit(images, np.array([3, 255], np.uint8), split).conflicting_groups == 0
    assert audit(images, np.array([3, 4], np.uint8), split).conflicting_groups == 1


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_sets(count: int) -> None:
    found = audit(np.zeros((count, 48, 48), np.uint8), np.zeros(count, np.uint8), np.zeros(count, np.uint8))
    assert found.group.tolist() == [-1] * count
    assert found.blank_count == count
    assert found.redundant == found.conflicting_groups == 0
    assert found.leaks == {"validation": 0, "test": 0}


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="images must be uint8"):
        image_digests(np.zeros((2, 48, 48), np.float32))
    with pytest.raises(ValueError, match="images must be uint8"):
        blank_images(np.zeros((48, 48), np.uint8))
    digests, column = np.zeros((3, 16), np.uint8), np.zeros(3, np.uint8)
    for short in range(3):
        columns = [column[:2] if number == short else column for number in range(3)]
        with pytest.raises(ValueError, match=r"must be \(N"):
            find_duplicates(digests, columns[0], columns[1], columns[2].astype(bool))


def test_fer2013(fer2013: tuple[Bytes, Bytes, Bytes]) -> None:
    pixels, emotion, usage = fer2013
    found = audit(pixels, emotion, usage)
    assert found.blank_count == 12
    assert not pixels[found.blank].any()  # all black; no other constant image exists
    assert found.duplicate_groups == 1516
    assert found.redundant == 1853
    assert found.conflicting_groups == 57
    assert found.leaks == {"validation": 280, "test": 288}
    assert np.count_nonzero((usage == TEST) & ~found.copy_in_train) == 3301
    assert len(set(itertools.compress(found.group.tolist(), found.blank))) == 1
