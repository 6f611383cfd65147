"""Conversion, batches by number, and the differing views of a face used again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from feraug.data import (
    ClassBatches,
    EmotionBatches,
    FaceTensors,
    PairBatches,
    Sampling,
    ShuffledRows,
    noise,
    on_device,
    to_float,
    to_uint8,
    vary,
)
from feraug.data import batches as data_batches
from feraug.data.batches import BalancedRows
from feraug.data.views import draw_views

CPU = torch.device("cpu")


def faces(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def test_conversion_there_and_back_is_exact_for_all_values() -> None:
    every = np.arange(48 * 48, dtype=np.uint8).reshape(1, 48, 48)
    tensor = to_float(on_device(every, "cpu"))
    assert tensor.shape == (1, 1, 48, 48)
    assert tensor.min() == -1 and tensor.max() == 1
    assert np.array_equal(to_uint8(tensor).numpy(), every)


@pytest.mark.filterwarnings("error")
def test_images_that_must_not_be_written_become_tensors_without_a_word() -> None:
    kept = faces(2)
    kept.flags.writeable = False
    assert np.array_equal(on_device(kept, "cpu").numpy(), kept)


def test_to_uint8_clips() -> None:
    assert to_uint8(torch.full((1, 1, 2, 2), 1.7)).max() == 255
    assert to_uint8(torch.full((1, 1, 2, 2), -3.0)).max() == 0


def test_every_pass_shows_every_row_once_whatever_the_batch_size() -> None:
    rows = ShuffledRows(10, seed=3, stream=1)
    drawn = np.concatenate([rows.rows(index, 4) for index in range(10)])
    for start in range(0, 40, 10):
        assert sorted(drawn[start : start + 10]) == list(range(10))
    assert list(drawn[:10]) != list(drawn[10:20])


def test_rows_depend_on_the_number_of_the_batch_alone() -> None:
    first = ShuffledRows(10, seed=3, stream=1)
    for index in range(20):
        first.rows(index, 4)
    assert np.array_equal(first.rows(2, 4), ShuffledRows(10, seed=3, stream=1).rows(2, 4))


def test_a_domain_smaller_than_the_batch_is_repeated() -> None:
    assert sorted(ShuffledRows(3, seed=0, stream=0).rows(0, 6)) == [0, 0, 1, 1, 2, 2]


def test_batches_hold_images_of_their_domain_flipped_or_not() -> None:
    a, b = faces(6, 1), faces(9, 2)
    batch = PairBatches(a, b, Sampling(6, 0, CPU)).batch(0)
    flipped = 0
    for domain, shown in ((a, batch.real_a), (b, batch.real_b)):
        for face in to_uint8(shown).numpy():
            plain = any(np.array_equal(face, real) for real in domain)
            mirrored = any(np.array_equal(face[:, ::-1], real) for real in domain)
            assert plain != mirrored
            flipped += mirrored
    assert 0 < flipped < 12
    plain_batch = PairBatches(a, b, Sampling(6, 0, CPU, flip=False)).batch(0)
    assert sorted(map(bytes, to_uint8(plain_batch.real_a).numpy())) == sorted(map(bytes, a))


def parts(build: Any, processes: int, **settings: Any) -> list[Any]:
    """Batch 3 as one process sees it, or each of several."""
    return [
        build(Sampling(6, 5, CPU, rank=rank, processes=processes, **settings)).batch(3)
        for rank in range(processes)
    ]


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("kind", ["pairs", "classes", "emotions"])
def test_several_processes_share_the_batch_of_one(kind: str, augment: bool) -> None:
    images, classes = faces(9), np.array([0, 0, 1, 1, 2, 0, 0, 0, 0])

    def build(sampling: Sampling) -> Any:
        if kind == "pairs":
            return PairBatches(images[:4], images[4:], sampling)
        if kind == "emotions":
            return EmotionBatches(images, classes, sampling, balanced=True)
        return ClassBatches(images, classes, sampling, latent_size=4, balanced=True)

    (whole,) = parts(build, 1, augment=augment)
    shared = parts(build, 3, augment=augment)
    for name in vars(whole):
        assert len(getattr(shared[0], name)) == 2
        torch.testing.assert_close(
            torch.cat([getattr(part, name) for part in shared]), getattr(whole, name), rtol=0, atol=1e-6
        )


def test_augmented_faces_differ_a_little_from_the_real_ones() -> None:
    smooth = np.tile(np.linspace(0, 255, 48, dtype=np.uint8), (4, 48, 1))
    batch = PairBatches(smooth, smooth, Sampling(8, 0, CPU, flip=False, augment=True)).batch(0)
    moved = (batch.real_a - to_float(on_device(smooth[:1], "cpu"))).abs().mean((1, 2, 3))
    assert moved.min() > 0 and moved.max() < 0.2
    assert len({round(float(value), 6) for value in moved}) == 8


def classes_drawn(balanced: bool) -> list[int]:
    classes = np.array([0] * 30 + [1] * 3 + [2])
    batches = ClassBatches(
        faces(34), classes, Sampling(6, 0, CPU, flip=False), latent_size=3, balanced=balanced
    )
    return [int(number) for index in range(17) for number in batches.batch(index).classes]


def test_balanced_batches_show_every_class_equally_often() -> None:
    assert np.bincount(classes_drawn(balanced=True)).tolist() == [34, 34, 34]
    assert np.bincount(classes_drawn(balanced=False)).tolist() == [90, 9, 3]


def test_without_balance_the_rows_are_those_of_a_single_group() -> None:
    """As checkpoints of earlier versions count on, which drew them so, at a generator of numbers a face."""
    images = np.arange(34, dtype=np.uint8)[:, None, None].repeat(48, 1).repeat(48, 2)
    sampling = Sampling(6, 5, CPU, flip=False)
    batches = ClassBatches(images, np.zeros(34, np.int64), sampling, latent_size=3, balanced=False)
    group = BalancedRows(
        [np.arange(34)],
        seed=5,
        turns_stream=data_batches._ORDER_STREAM,
        rows_stream=data_batches._CLASS_STREAM,
    )
    for index in (0, 1, 5, 40):
        shown = (batches.batch(index).real[:, 0, 0, 0] + 1) * 127.5
        assert shown.round().int().tolist() == group.rows(index, 6).tolist()


def test_faces_come_with_their_own_class() -> None:
    images, classes = faces(6), np.array([0, 1, 2, 0, 1, 2])
    for balanced in (True, False):
        sampling = Sampling(6, 1, CPU, flip=False)
        batch = ClassBatches(images, classes, sampling, latent_size=3, balanced=balanced).batch(2)
        for face, number in zip(to_uint8(batch.real).numpy(), batch.classes, strict=True):
            (row,) = [row for row in range(6) if np.array_equal(images[row], face)]
            assert classes[row] == number


def test_other_classes_are_never_the_own_one_and_all_others_occur() -> None:
    images, classes = faces(6), np.array([0, 1, 2, 0, 1, 2])
    batches = ClassBatches(images, classes, Sampling(6, 1, CPU), latent_size=3, balanced=True)
    seen = set()
    for index in range(20):
        batch = batches.batch(index)
        assert batch.other_classes is not None
        pairs = list(zip(batch.classes.tolist(), batch.other_classes.tolist(), strict=True))
        assert all(own != other for own, other in pairs)
        seen |= set(pairs)
    assert len(seen) == 6
    alone = ClassBatches(images, np.zeros(6, np.int64), Sampling(6, 1, CPU), latent_size=3, balanced=True)
    assert alone.batch(0).other_classes is None


def test_noise_is_normal_and_depends_on_seed_and_number_alone() -> None:
    drawn = noise(3, 5, 200, 100)
    assert drawn.dtype == np.float32 and abs(drawn.mean()) < 0.03 and abs(drawn.std() - 1) < 0.03
    assert np.array_equal(drawn, noise(3, 5, 200, 100))
    assert not np.array_equal(drawn, noise(3, 6, 200, 100))
    assert not np.array_equal(drawn, noise(4, 5, 200, 100))


class TestVary:
    images = to_float(on_device(faces(3), "cpu"))
    rows = np.array([10, 11, 12])

    def test_round_0_leaves_the_face_and_round_1_mirrors_it(self) -> None:
        varied = vary(self.images, np.array([0, 1, 2]), self.rows, seed=0)
        assert torch.equal(varied[0], self.images[0])
        assert torch.equal(varied[1], self.images[1].flip(2))
        assert not torch.equal(varied[2], self.images[2])

    def test_a_view_depends_on_seed_row_and_round_alone(self) -> None:
        together = vary(self.images, np.array([2, 3, 4]), self.rows, seed=0)
        alone = vary(self.images[1:2], np.array([3]), self.rows[1:2], seed=0)
        assert torch.equal(together[1:2], alone)
        assert not torch.equal(alone, vary(self.images[1:2], np.array([5]), self.rows[1:2], seed=0))
        assert not torch.equal(alone, vary(self.images[1:2], np.array([3]), self.rows[1:2], seed=1))

    def test_later_views_are_small_movements(self) -> None:
        smooth = to_float(on_device(np.tile(np.linspace(0, 255, 48, dtype=np.uint8), (1, 48, 1)), "cpu"))
        moved = vary(smooth, np.array([2]), np.array([0]), seed=0)
        assert 0 < (moved - smooth).abs().mean() < 0.2
        mirrored = vary(smooth, np.array([3]), np.array([0]), seed=0)
        assert (mirrored - smooth.flip(3)).abs().mean() < 0.2


def test_face_tensors_work_in_a_data_loader() -> None:
    dataset = FaceTensors(faces(5), np.array([0, 1, 2, 3, 6], np.uint8))
    loader = torch.utils.data.DataLoader(dataset, batch_size=5)
    images, labels = next(iter(loader))
    assert images.shape == (5, 1, 48, 48) and images.dtype == torch.float32
    assert labels.tolist() == [0, 1, 2, 3, 6]


def test_faces_of_a_class_are_translated_as_many_times_as_often_as_is_asked_and_all_of_them() -> None:
    images, classes = faces(10), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    sampling = Sampling(6, 3, CPU, flip=False)
    batches = [
        EmotionBatches(images, classes, sampling, balanced=True, times=[1, 1, 4]).batch(index)
        for index in range(5)
    ]
    drawn = np.concatenate([to_uint8(batch.sources).numpy() for batch in batches])
    rows = [int(np.flatnonzero((images == face).all((1, 2)))[0]) for face in drawn]
    assert classes[rows].tolist() == torch.cat([batch.source_classes for batch in batches]).tolist()
    assert np.bincount(classes[rows]).tolist() == [5, 5, 20]
    assert all(
        np.bincount(classes[rows[start : start + 6]]).tolist() == [1, 1, 4] for start in range(0, 30, 6)
    )
    for turns in range(1, 6):  # no face again before all have come
        counts = np.bincount(rows[: 6 * turns], minlength=10)[5:]
        assert counts.sum() == 4 * turns and np.ptp(counts) <= 1
    for batch in batches:
        assert (batch.source_classes != batch.targets).all() and (batch.classes != batch.others).all()


def test_faces_that_are_shown_as_real_do_not_depend_on_which_are_translated() -> None:
    images, classes = faces(10), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    plain, often = (
        EmotionBatches(images, classes, Sampling(6, 3, CPU), balanced=True, times=times).batch(3)
        for times in (None, [1, 1, 4])
    )
    for name in ("real", "classes", "others", "mix"):
        assert torch.equal(getattr(plain, name), getattr(often, name)), name
    assert plain.sources is plain.real and plain.source_classes is plain.classes
    assert plain.targets is plain.others


def test_a_second_sequence_of_faces_has_draws_of_its_own() -> None:
    images, classes = np.resize(faces(1), (24, 48, 48)), np.arange(24) % 3  # one face: draws alone differ
    for augment in (False, True):
        sampling = Sampling(24, 0, CPU, augment=augment)
        batch = EmotionBatches(images, classes, sampling, balanced=True, times=[1, 1, 1]).batch(0)
        assert not torch.equal(batch.real, batch.sources)
        assert not torch.equal(batch.classes, batch.source_classes)
        assert not torch.equal((batch.others - batch.classes) % 3, (batch.targets - batch.source_classes) % 3)
    images = faces(24)
    same = EmotionBatches(
        images, np.arange(24) % 3, Sampling(24, 0, CPU, flip=False), balanced=True, times=[1, 1, 1]
    )
    batch = same.batch(0)
    assert not torch.equal(batch.real, batch.sources)


def test_every_face_is_to_become_another_emotion_and_all_others_occur() -> None:
    images, classes = faces(6), np.array([0, 1, 2, 0, 1, 2])
    batches = EmotionBatches(images, classes, Sampling(6, 1, CPU, flip=False), balanced=True)
    seen = set()
    for index in range(20):
        batch = batches.batch(index)
        pairs = list(zip(batch.classes.tolist(), batch.targets.tolist(), strict=True))
        assert all(own != target for own, target in pairs)
        seen |= set(pairs)
        for face, number in zip(to_uint8(batch.real).numpy(), batch.classes, strict=True):
            (row,) = [row for row in range(6) if np.array_equal(images[row], face)]
            assert classes[row] == number
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("count", "settings"),
    [(12, {"flip": False}), (1, {"flip": True}), (1, {"flip": False, "augment": True})],
    ids=["order", "mirrors", "views"],
)
def test_two_domains_of_the_same_faces_are_drawn_each_on_its_own(count: int, settings: Any) -> None:
    """Else a face would meet the same one of the other domain in every pass, mirrored and moved alike."""
    images = np.resize(faces(count), (12, 48, 48))
    batch = PairBatches(images, images, Sampling(12, 0, CPU, **settings)).batch(0)
    assert not torch.equal(batch.real_a, batch.real_b)


@pytest.mark.parametrize(("seed", "index"), [(0, 1), (1, 0)], ids=["another batch", "another seed"])
@pytest.mark.parametrize("augment", [False, True])
def test_every_draw_is_another(seed: int, index: int, augment: bool) -> None:
    images, classes = np.resize(faces(1), (24, 48, 48)), np.arange(24) % 3  # one face: draws alone differ

    def drawn(seed: int, index: int) -> dict[str, torch.Tensor]:
        sampling = Sampling(24, seed, CPU, augment=augment)
        batch = EmotionBatches(images, classes, sampling, balanced=True).batch(index)
        ahead = (batch.targets - batch.classes) % 3
        return {"faces": batch.real, "mix": batch.mix, "classes": batch.classes, "targets": ahead}

    first, other = drawn(0, 0), drawn(seed, index)
    for name, values in first.items():
        assert not torch.equal(values, other[name]), name


def test_views_are_turned_scaled_and_shifted_as_far_as_is_said_and_never_sheared() -> None:
    mirrored = np.arange(4000) % 2 == 1
    matrices = draw_views(np.random.default_rng(0), 4000, mirrored)
    turned = matrices[:, :, :2] * np.where(mirrored[:, None], [-1, 1], [1, 1])[:, None]
    np.testing.assert_allclose(turned[:, 0, 0], turned[:, 1, 1], atol=1e-6)
    np.testing.assert_allclose(turned[:, 0, 1], -turned[:, 1, 0], atol=1e-6)
    for values, most in (
        (np.rad2deg(np.arctan2(turned[:, 1, 0], turned[:, 0, 0])), 8.0),
        (np.hypot(turned[:, 1, 0], turned[:, 0, 0]) - 1.0, 0.06),
        (matrices[:, :, 2] * 24.0, 2.0),  # pixels: 1 is half of the side
    ):
        assert -1.001 * most <= values.min() < -0.95 * most and 0.95 * most < values.max() <= 1.001 * most


def test_views_of_one_round_differ_from_face_to_face() -> None:
    image = to_float(on_device(faces(1), "cpu")).repeat(2, 1, 1, 1)
    views = vary(image, np.array([2, 2]), np.array([10, 11]), seed=0)
    assert not torch.equal(views[0], views[1])
