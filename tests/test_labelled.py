"""Labelled batches by number: rows, phases, views, erasing, mixup and RandAugment; the views of tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.transforms import v2

from feraug.config import ClassifierConfig, classifier_config
from feraug.data import (
    LabelledBatches,
    LabelledFaces,
    Phase,
    Sampling,
    evaluation_views,
    on_device,
    to_float,
    to_uint8,
)
from feraug.data.labelled import _training_views, erased
from feraug.data.randaugment import OPERATIONS, randaugment
from feraug.data.views import sampling_grid
from feraug.objectives.classification import LabelledBatch

CPU = torch.device("cpu")
PLAIN: dict[str, object] = {"rotation": 0.0, "zoom": 0.0, "shift": 0.0, "flip": False}
EVERYTHING: dict[str, object] = {
    "rotation": 10.0, "zoom": 0.1, "shift": 2.0, "flip": True, "crop": 44, "mixup": 0.5, "randaugment": 2,
    "erasing": 0.5,
}  # fmt: skip


def images(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def smooth(count: int) -> NDArray[np.uint8]:
    """Faces-like images: soft spots, whose values stay a little away from 0 and 255."""
    y, x = np.mgrid[:48, :48]
    centres = np.random.default_rng(7).uniform(10, 38, (count, 2))
    distances = np.hypot(y - centres[:, 0, None, None], x - centres[:, 1, None, None])
    return (250 - 5 * distances).clip(20, 230).astype(np.uint8)


def labelled(faces: NDArray[np.uint8]) -> LabelledFaces:
    """Row n has label n modulo 7 and weight n + 1."""
    rows = np.arange(len(faces))
    return LabelledFaces(faces, (rows % 7).astype(np.uint8), (rows + 1).astype(np.float32))


def config(**settings: object) -> ClassifierConfig:
    return classifier_config({"model": "vgg19", "crop": 48, **PLAIN, **settings})


def batches(
    faces: LabelledFaces, chosen: ClassifierConfig, size: int, *phases: Phase, seed: int = 3, **sampling: int
) -> LabelledBatches:
    return LabelledBatches(faces, chosen, Sampling(size, seed, CPU, **sampling), phases)


def rows_of(batch: LabelledBatch) -> list[int]:
    return [int(weight) - 1 for weight in batch.weights]


def assert_same(first: LabelledBatch, second: LabelledBatch) -> None:
    for name in vars(first):
        ours, theirs = getattr(first, name), getattr(second, name)
        assert (ours is None and theirs is None) or torch.equal(ours, theirs), name


class TestRows:
    def test_faces_labels_and_weights_stay_together(self) -> None:
        faces = labelled(images(10))
        batch = batches(faces, config(), 20).batch(2)
        rows = rows_of(batch)
        assert len(set(rows)) == 10
        assert np.array_equal(to_uint8(batch.faces).numpy(), faces.images[rows])
        assert batch.labels.tolist() == [row % 7 for row in rows]
        assert batch.labels.dtype == torch.int64 and batch.weights.dtype == torch.float32
        assert batch.mix is None and batch.other_labels is None and batch.other_weights is None

    def test_every_pass_shows_every_face_once(self) -> None:
        chosen = batches(labelled(images(10)), config(), 5)
        assert sorted(rows_of(chosen.batch(4)) + rows_of(chosen.batch(5))) == list(range(10))

    def test_balanced_shows_every_class_equally_often_and_all_of_its_faces(self) -> None:
        codes = np.repeat([0, 3, 6], [30, 5, 1]).astype(np.uint8)
        faces = LabelledFaces(images(36), codes, np.arange(1, 37, dtype=np.float32))
        chosen = batches(faces, config(balanced=True), 30)
        drawn = [chosen.batch(index) for index in range(3)]
        for batch in drawn:
            assert Counter(batch.labels.tolist()) == {0: 10, 3: 10, 6: 10}
            assert np.array_equal(codes[rows_of(batch)], batch.labels.numpy())
        often = Counter(row for batch in drawn for row in rows_of(batch))
        assert {often[row] for row in range(30)} == {1}
        assert {often[row] for row in range(30, 35)} == {6}
        assert often[35] == 30

    def test_phases_show_their_rows_from_their_batch_on(self) -> None:
        all_rows = np.arange(21)
        phases = (Phase(0, all_rows[:7]), Phase(3, all_rows[7:]), Phase(5, all_rows[:15], balanced=True))
        chosen = batches(labelled(images(21)), config(), 7, *phases)
        for index in (0, 1, 2):
            assert sorted(rows_of(chosen.batch(index))) == list(range(7))
        assert sorted(rows_of(chosen.batch(3)) + rows_of(chosen.batch(4))) == list(range(7, 21))
        for index in (5, 9):
            assert sorted(chosen.batch(index).labels.tolist()) == list(range(7))
            assert max(rows_of(chosen.batch(index))) < 15

    def test_a_single_phase_of_all_rows_is_the_same_as_none(self) -> None:
        faces = labelled(images(9))
        assert_same(
            batches(faces, config(), 6, Phase(0, np.arange(9))).batch(4), batches(faces, config(), 6).batch(4)
        )


class TestDraws:
    faces = labelled(images(9))

    def test_a_batch_is_a_function_of_its_number(self) -> None:
        used = batches(self.faces, config(**EVERYTHING, balanced=True), 6)
        for index in (0, 5, 1):
            used.batch(index)
        fresh = batches(self.faces, config(**EVERYTHING, balanced=True), 6)
        torch.manual_seed(7)
        assert_same(used.batch(3), fresh.batch(3))
        assert not torch.equal(fresh.batch(3).faces, fresh.batch(4).faces)

    def test_another_seed_gives_other_batches(self) -> None:
        first, second = (batches(self.faces, config(**EVERYTHING), 6, seed=seed).batch(0) for seed in (3, 4))
        assert not torch.equal(first.faces, second.faces)

    @pytest.mark.parametrize("processes", [2, 3, 6])
    @pytest.mark.parametrize("settings", [{}, {**EVERYTHING, "balanced": True}], ids=["plain", "everything"])
    def test_several_processes_share_the_batch_of_one(
        self, settings: dict[str, object], processes: int
    ) -> None:
        whole = batches(self.faces, config(**settings), 6).batch(2)
        parts = [
            batches(self.faces, config(**settings), 6, rank=rank, processes=processes).batch(2)
            for rank in range(processes)
        ]
        for name in vars(whole):
            if getattr(whole, name) is None:
                assert all(getattr(part, name) is None for part in parts)
                continue
            torch.testing.assert_close(
                torch.cat([getattr(part, name) for part in parts]), getattr(whole, name), rtol=0, atol=1e-5
            )


class TestViews:
    def places(self, faces: NDArray[np.uint8], batch: LabelledBatch) -> Counter[tuple[int, int]]:
        """Where in their originals the crops of a batch lie."""
        found: Counter[tuple[int, int]] = Counter()
        for row, crop in zip(rows_of(batch), to_uint8(batch.faces).numpy(), strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(faces[row], crop.shape)
            ((top, left),) = np.argwhere((windows == crop).all((2, 3)))
            found[int(top), int(left)] += 1
        return found

    def test_crops_are_copies_of_pixels_at_every_offset(self) -> None:
        faces = images(20)
        batch = batches(labelled(faces), config(crop=44), 400).batch(0)
        assert batch.faces.shape == (400, 1, 44, 44)
        found = self.places(faces, batch)
        assert set(found) == {(top, left) for top in range(5) for left in range(5)}
        assert max(found.values()) < 40, "each of 25 comes about 16 times"

    def test_flips_mirror_about_half_and_do_nothing_else(self) -> None:
        faces = images(20)
        batch = batches(labelled(faces), config(flip=True), 100).batch(0)
        mirrored = 0
        for row, face in zip(rows_of(batch), to_uint8(batch.faces).numpy(), strict=True):
            plain = np.array_equal(face, faces[row])
            assert plain != np.array_equal(face[:, ::-1], faces[row])
            mirrored += not plain
        assert 30 < mirrored < 70

    def test_mirrored_crops_are_mirrored_copies(self) -> None:
        faces = images(20)
        batch = batches(labelled(faces), config(flip=True, crop=44), 60).batch(0)
        both = [np.lib.stride_tricks.sliding_window_view(faces, (1, 44, 44)).reshape(20, 25, 44, 44)]
        both.append(both[0][..., ::-1])
        kinds = {
            tuple((side[row] == face).all((1, 2)).any() for side in both)
            for row, face in zip(rows_of(batch), to_uint8(batch.faces).numpy(), strict=True)
        }
        assert kinds == {(True, False), (False, True)}

    @pytest.mark.parametrize("setting", [{"rotation": 10.0}, {"zoom": 0.1}, {"shift": 4.0}])
    def test_each_setting_alone_moves_faces_a_little_and_each_differently(
        self, setting: dict[str, object]
    ) -> None:
        faces = np.repeat(smooth(1), 12, axis=0)
        shown = batches(labelled(faces), config(**setting), 12).batch(0).faces
        moved = (shown - to_float(on_device(faces, CPU))).abs().mean((1, 2, 3))
        assert 0 < moved.max() < 0.3
        assert len({round(float(value), 6) for value in moved}) == 12

    def test_shifts_go_up_to_their_limit_both_ways(self) -> None:
        faces = np.zeros((300, 48, 48), np.uint8)
        faces[:, 24, 24] = 255
        shown = (batches(labelled(faces), config(shift=4.0), 300).batch(0).faces[:, 0] + 1.0) / 2.0
        for axis in (1, 2):
            at = (shown.sum(axis) * torch.arange(48.0)).sum(1) / shown.sum((1, 2)) - 24.0
            assert -4.001 <= at.min() < -3.5 and 3.5 < at.max() <= 4.001

    @pytest.mark.parametrize(("height", "width"), [(48, 48), (44, 44), (5, 8)])
    def test_the_grid_of_places_is_torch_s(self, height: int, width: int) -> None:
        matrices = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32))
        expected = nn.functional.affine_grid(matrices, [6, 1, height, width], align_corners=False)
        found = sampling_grid(matrices, height, width)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)

    def test_tests_see_the_whole_face_once(self) -> None:
        shown = to_float(on_device(images(2), CPU))
        (only,) = evaluation_views(shown, 48)
        assert torch.equal(only, shown)

    def test_tests_see_four_corners_the_middle_and_their_mirrors(self) -> None:
        shown = to_float(on_device(images(2), CPU))
        views = evaluation_views(shown, 44)
        offsets = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
        assert len(views) == 10
        for (top, left), view, mirrored in zip(offsets, views[:5], views[5:], strict=True):
            assert torch.equal(view, shown[:, :, top : top + 44, left : left + 44])
            assert torch.equal(mirrored, view.flip(3))


class TestErased:
    draws = torch.from_numpy(np.random.default_rng(0).random((2000, 6), np.float32))
    plain = torch.full((2000, 1, 48, 48), 5.0)

    def test_rectangles_of_one_grey_within_the_paper_s_limits(self) -> None:
        shown = erased(self.plain, self.draws, 1.0)[:, 0]
        changed = shown != 5.0
        heights, widths = changed.any(2).sum(1), changed.any(1).sum(1)
        area = changed.sum((1, 2))
        assert torch.equal(area, heights * widths), "a rectangle"
        shares = area / 48**2
        assert 0.018 < shares.min() < 0.03 and 0.37 < shares.max() < 0.41
        ratios = heights / widths
        assert 1 / 4 < ratios.min() < 1 / 2.9 and 2.9 < ratios.max() < 4  # 1 / 3.3 to 3.3, rounded to pixels
        greys = torch.where(changed, shown, torch.nan)
        spread = greys.nan_to_num(-9.0).amax((1, 2)) - greys.nan_to_num(9.0).amin((1, 2))
        assert spread.max() == 0
        levels = shown.amin((1, 2))
        assert -1 <= levels.min() < -0.95 and 0.95 < levels.max() < 1
        everywhere = changed.any(0)
        assert everywhere.all(), "every place can be erased"

    @pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
    def test_as_many_as_asked_for(self, share: float) -> None:
        shown = erased(self.plain, self.draws, share)
        hit = (shown != self.plain).any(3).any(2).any(1).float().mean().item()
        assert hit == pytest.approx(share, abs=0.0 if share in (0.0, 1.0) else 0.03)

    def test_reach_the_batches(self) -> None:
        faces = labelled(images(40))
        batch = batches(faces, config(erasing=0.5), 40).batch(0)
        same = (to_uint8(batch.faces).numpy() == faces.images[rows_of(batch)]).mean((1, 2))
        assert 8 < (same < 1).sum() < 32
        assert same.min() > 0.55


class TestMixup:
    def test_faces_are_shares_of_two_whose_labels_and_weights_come_along(self) -> None:
        faces = labelled(images(12))
        batch = batches(faces, config(mixup=0.4), 12).batch(1)
        assert batch.mix is not None and batch.other_weights is not None and batch.other_labels is not None
        others = [int(weight) - 1 for weight in batch.other_weights]
        assert sorted(others) == sorted(rows_of(batch)) and others != rows_of(batch)
        assert batch.other_labels.tolist() == [row % 7 for row in others]
        shown = to_float(on_device(faces.images, CPU))
        share = batch.mix[:, None, None, None]
        torch.testing.assert_close(batch.faces, share * shown[rows_of(batch)] + (1 - share) * shown[others])

    def test_every_face_is_mixed_with_another(self) -> None:
        batch = batches(labelled(images(12)), config(mixup=1.0), 12).batch(0)
        assert not (batch.weights == batch.other_weights).any()

    @pytest.mark.parametrize("balanced", [False, True])
    def test_partners_are_of_every_class_alike(self, balanced: bool) -> None:
        """Balanced batches come in turns of all classes, where no face stands beside one of its own."""
        faces = replace(labelled(images(70)), labels=np.arange(70, dtype=np.uint8) % 7)
        shown = batches(faces, config(mixup=1.0, balanced=balanced), 70)
        same = [(one.labels == one.other_labels).float().mean() for one in map(shown.batch, range(60))]
        assert float(torch.stack(same).mean()) == pytest.approx(1 / 7, abs=0.03)

    @pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
    def test_shares_are_of_the_beta_distribution(self, alpha: float) -> None:
        mix = batches(labelled(images(4)), config(mixup=alpha), 4000).batch(0).mix
        assert mix is not None
        assert mix.mean().item() == pytest.approx(0.5, abs=0.03)
        assert mix.var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


TORCHVISION = {
    "identity": "Identity", "autocontrast": "AutoContrast", "equalize": "Equalize", "rotate": "Rotate",
    "solarize": "Solarize", "posterize": "Posterize", "contrast": "Contrast", "brightness": "Brightness",
    "sharpness": "Sharpness", "shear-x": "ShearX", "shear-y": "ShearY", "translate-x": "TranslateX",
    "translate-y": "TranslateY",
}  # fmt: skip


def expected(name: str, face: Tensor, magnitude: int, sign: int) -> Tensor:
    """What torchvision's own RandAugment makes of a face uint8 (1, 48, 48)."""
    known = v2.RandAugment(interpolation=v2.InterpolationMode.BILINEAR)
    place = TORCHVISION[name]
    strengths, signed = known._AUGMENTATION_SPACE[place]
    found = strengths(31, 48, 48)
    strength = 0.0 if found is None else float(found[magnitude]) * (sign if signed else 1)
    shown: Tensor = known._apply_image_or_video_transform(
        face, place, strength, interpolation=v2.InterpolationMode.BILINEAR, fill={}
    )
    return shown


def one_operation(faces: Tensor, name: str, magnitude: int, sign: int = 1) -> Tensor:
    operations = np.full((len(faces), 1), OPERATIONS.index(name))
    return randaugment(faces, operations, np.full((len(faces), 1), sign > 0), magnitude)


class TestRandAugment:
    faces = torch.from_numpy(smooth(4))

    @pytest.mark.parametrize("sign", [1, -1])
    @pytest.mark.parametrize("magnitude", [9, 30])
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_operation_is_torchvision_s_on_each_face(self, name: str, magnitude: int, sign: int) -> None:
        shown = one_operation(self.faces, name, magnitude, sign)
        assert shown.shape == self.faces.shape and shown.dtype == torch.uint8
        for face, one in zip(self.faces, shown, strict=True):
            assert torch.equal(one, expected(name, face[None], magnitude, sign)[0])
        assert torch.equal(shown, self.faces) == (name == "identity")

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_magnitude_0_leaves_faces_but_for_two_that_have_no_magnitude(self, name: str) -> None:
        same = torch.equal(one_operation(self.faces, name, 0), self.faces)
        assert same == (name not in ("autocontrast", "equalize"))

    def test_every_face_gets_its_own_operations_in_its_own_order(self) -> None:
        random = np.random.default_rng(0)
        faces = torch.from_numpy(smooth(60))
        operations = random.integers(0, len(OPERATIONS), (60, 2))
        signs = random.random((60, 2)) < 0.5
        before = faces.clone()
        together = randaugment(faces, operations, signs, 12)
        assert torch.equal(faces, before), "the faces that lie on the device stay as they are"
        for row in range(60):
            alone = faces[row : row + 1]
            for turn in range(2):
                name = OPERATIONS[operations[row, turn]]
                alone = expected(name, alone, 12, 1 if signs[row, turn] else -1)
            assert torch.equal(together[row], alone[0])

    def test_reaches_the_batches_with_all_operations(self) -> None:
        faces = labelled(np.repeat(images(1) // 2 + 60, 200, axis=0))
        shown = to_uint8(batches(faces, config(randaugment=1), 200).batch(0).faces)
        assert len({bytes(face.numpy()) for face in shown}) == 21, "13, of which 8 go two ways"
        plain = [np.array_equal(face.numpy(), faces.images[0]) for face in shown]
        assert 2 < sum(plain) < 40


def test_views_go_as_far_as_is_said_both_ways_and_never_shear() -> None:
    chosen = config(rotation=10.0, zoom=0.2, shift=3.0, flip=True)
    matrices = _training_views(np.random.default_rng(0), 4000, chosen)
    assert matrices is not None
    mirrored = np.linalg.det(matrices[:, :, :2]) < 0
    turned = matrices[:, :, :2] * np.where(mirrored[:, None], [-1, 1], [1, 1])[:, None]
    np.testing.assert_allclose(turned[:, 0, 0], turned[:, 1, 1], atol=1e-6)
    np.testing.assert_allclose(turned[:, 0, 1], -turned[:, 1, 0], atol=1e-6)
    found = {
        "rotation": np.rad2deg(np.arctan2(turned[:, 1, 0], turned[:, 0, 0])),
        "zoom": np.hypot(turned[:, 1, 0], turned[:, 0, 0]) - 1.0,
        "shift": matrices[:, 0, 2] * 24.0,
        "shift ": matrices[:, 1, 2] * 24.0,
    }
    for name, values in found.items():
        most = getattr(chosen, name.strip())
        assert -1.001 * most <= values.min() < -0.95 * most, name
        assert 0.95 * most < values.max() <= 1.001 * most, name
    alike = np.corrcoef([*found.values(), mirrored.astype(float)]) - np.eye(5)
    assert np.abs(alike).max() < 0.1, "each is drawn on its own"


def test_phases_of_the_same_rows_have_orders_of_their_own() -> None:
    rows = np.arange(21)
    chosen = batches(labelled(images(21)), config(), 21, Phase(0, rows), Phase(1, rows))
    assert rows_of(chosen.batch(0)) != rows_of(chosen.batch(1))
