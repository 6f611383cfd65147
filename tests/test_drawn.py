"""Drawn faces: reproducible row by row, FER2013's proportions, and truth about the expression."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.emotions import EMOTIONS, SPLITS
from feraug.errors import UsageError
from feraug.sources.drawn import (
    AGE_GROUPS,
    BLOCK,
    CELLS,
    DEFAULT_COUNT,
    GENDERS,
    GROUPS,
    MINIMUM_COUNT,
    SKIN_TONES,
    DrawnSource,
    action_units_of,
    draw,
    group_columns,
    identity_of,
    row_emotions,
    row_split_codes,
)
from feraug.sources.drawn import source as drawn_source

FER2013_TRAIN = {"angry": 3995, "disgust": 436, "fear": 4097, "happy": 7215, "sad": 4830, "surprise": 3171,
                 "neutral": 4965}  # fmt: skip
FACE_MODEL = os.environ.get("FERAUG_FACE_MODEL")


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    """The first 800 faces of seed 0, as the source yields them."""
    return np.concatenate([batch.images for batch in DrawnSource(800, seed=0).batches()])


def enlarged(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As detectors want a face: half its size added around it, and five times as large."""
    padded = Image.fromarray(np.pad(face, 24, mode="edge"))
    return np.asarray(padded.resize((256, 256), Image.Resampling.BICUBIC))


def test_faces_are_uint8_48x48_with_contrast(faces: NDArray[np.uint8]) -> None:
    assert faces.shape == (800, 48, 48)
    assert faces.dtype == np.uint8
    assert 90 < faces.mean() < 150
    contrast = faces.std(axis=(1, 2))
    assert contrast.min() > 10
    assert 35 < np.median(contrast) < 75


def test_a_face_depends_on_seed_and_row_only(faces: NDArray[np.uint8]) -> None:
    some = [731, 5, 5, 0, 511, 512]
    np.testing.assert_array_equal(draw(0, some), faces[some])
    np.testing.assert_array_equal(draw(0, np.array([799])), faces[[799]])
    assert not np.array_equal(draw(1, [5]), faces[[5]])
    assert len({face.tobytes() for face in faces}) == len(faces)


def test_no_rows_no_faces() -> None:
    assert draw(0, []).shape == (0, 48, 48)
    assert draw(0, [], "happy").shape == (0, 48, 48)


def test_the_data_set_s_own_emotion_is_the_default(faces: NDArray[np.uint8]) -> None:
    rows = np.arange(20)
    names = [EMOTIONS[code] for code in row_emotions(0, rows)]
    np.testing.assert_array_equal(draw(0, rows, names), faces[:20])
    own = np.array([identity_of(0, int(row)).expressiveness for row in rows])
    np.testing.assert_array_equal(draw(0, rows, names, strength=own), faces[:20])


def test_another_take_is_the_same_person_showing_the_emotion_another_time() -> None:
    rows = range(40)
    for emotion in ("angry", "happy"):
        first, second, third = (draw(0, rows, emotion, take=take) for take in range(3))
        np.testing.assert_array_equal(first, draw(0, rows, emotion))
        assert all(not np.array_equal(*pair) for pair in ((first, second), (second, third), (first, third)))
        neutral = draw(0, rows, "neutral")
        apart = np.abs(first.astype(int) - second).mean()
        assert 0 < apart < np.abs(first.astype(int) - neutral).mean(), (
            "nearer to each other than to the face at rest"
        )
    np.testing.assert_array_equal(draw(0, rows, "neutral", take=5), draw(0, rows, "neutral"))
    np.testing.assert_array_equal(draw(0, rows, "sad", strength=0.0, take=1), draw(0, rows, "neutral"))
    with pytest.raises(UsageError, match="takes of drawn faces"):
        draw(0, rows, take=-1)


def test_strength_zero_is_the_neutral_face() -> None:
    rows = range(6)
    neutral = draw(3, rows, "neutral")
    np.testing.assert_array_equal(draw(3, rows, "neutral", strength=1.0), neutral)
    for emotion in EMOTIONS:
        np.testing.assert_array_equal(draw(3, rows, emotion, strength=0.0), neutral)


def test_a_stronger_expression_is_farther_from_neutral() -> None:
    rows = range(10)
    neutral = draw(0, rows, "neutral").astype(float)
    for emotion in EMOTIONS[:6]:
        change = [np.abs(draw(0, rows, emotion, strength=much) - neutral).mean() for much in (0.2, 0.6, 1.0)]
        assert change == sorted(change), emotion
        assert change[-1] > 2.0, emotion


@pytest.mark.parametrize("emotion", EMOTIONS[:6])
def test_only_the_expression_changes(emotion: str) -> None:
    rows = range(16)
    change = np.abs(draw(0, rows, emotion, strength=1.0).astype(int) - draw(0, rows, "neutral").astype(int))
    # brows to mouth change; background, hair and noise stay exactly the same
    inner = change[:, 10:44, 8:40]
    corners = np.concatenate([change[:, :8, :6].ravel(), change[:, :8, -6:].ravel()])
    assert inner.mean() > 3.0
    assert corners.mean() < 0.01 * inner.mean()
    assert (change == 0).mean() > 0.2


def test_each_emotion_moves_its_own_action_units() -> None:
    def mean_units(emotion: str, unit: str) -> float:
        return float(np.mean([getattr(action_units_of(0, row, emotion, 1.0), unit) for row in range(30)]))

    neutral = {"brow_lowerer": 0.3, "lip_corner_puller": 0.3, "jaw_drop": 0.1, "nose_wrinkler": 0.1}
    for unit, most in neutral.items():
        assert mean_units("neutral", unit) < most
    assert mean_units("happy", "lip_corner_puller") > 0.8
    assert mean_units("sad", "lip_corner_depressor") > 0.8
    assert mean_units("angry", "brow_lowerer") > 0.8
    assert mean_units("disgust", "nose_wrinkler") > 0.8
    assert mean_units("surprise", "jaw_drop") > mean_units("fear", "jaw_drop") + 0.3
    assert mean_units("fear", "lip_stretcher") > 0.8


def test_cells_are_fer2013_s_proportions() -> None:
    assert sum(map(sum, CELLS.values())) == BLOCK
    total = sum(FER2013_TRAIN.values())
    for emotion, count in FER2013_TRAIN.items():
        assert abs(sum(CELLS[emotion]) - BLOCK * count / total) < 0.5, emotion
    assert [sum(cell[split] for cell in CELLS.values()) for split in range(3)] == [400, 50, 50]


@pytest.mark.parametrize("seed", [0, 7])
def test_whole_blocks_have_exact_proportions(seed: int) -> None:
    rows = np.arange(DEFAULT_COUNT)
    labels, splits = row_emotions(seed, rows), row_split_codes(seed, rows)
    for code, emotion in enumerate(EMOTIONS):
        for split in range(len(SPLITS)):
            expected = CELLS[emotion][split] * DEFAULT_COUNT // BLOCK
            assert ((labels == code) & (splits == split)).sum() == expected
    assert not np.array_equal(labels[:BLOCK], labels[BLOCK : 2 * BLOCK])


def test_the_smallest_set_has_every_emotion_in_every_split() -> None:
    for seed in range(200):
        rows = np.arange(MINIMUM_COUNT)
        assert len(set(zip(row_emotions(seed, rows), row_split_codes(seed, rows), strict=True))) == 21


def test_labels_do_not_depend_on_what_else_is_asked() -> None:
    rows = np.array([4999, 0, 777])
    np.testing.assert_array_equal(row_emotions(2, rows), row_emotions(2, np.arange(5000))[rows])
    np.testing.assert_array_equal(row_split_codes(2, rows), row_split_codes(2, np.arange(5000))[rows])


def test_groups_vary_and_occur_often_enough_to_compare() -> None:
    people = [identity_of(0, row) for row in range(400)]
    for names, attribute in ((AGE_GROUPS, "age_group"), (GENDERS, "gender"), (SKIN_TONES, "skin_tone")):
        counts = [sum(getattr(person, attribute) == name for person in people) for name in names]
        assert sum(counts) == len(people)
        assert min(counts) > 25, attribute
    assert 20 < sum(person.glasses for person in people) < 150
    assert 20 < sum(person.beard != "none" for person in people) < 200
    assert all(person.beard == "none" for person in people if person.gender == "feminine")


def test_the_source_yields_all_rows_in_order_with_labels_and_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_source, "draw", lambda seed, rows: np.zeros((len(rows), 48, 48), np.uint8))
    source = DrawnSource(600, seed=0)
    batches = list(source.batches())
    assert source.kind == "drawn"
    assert source.digests() == {}
    assert source.skipped.total == 0
    assert [len(batch) for batch in batches] == [512, 88]
    assert [batch.images.shape for batch in batches] == [(512, 48, 48), (88, 48, 48)]
    labels, splits = (np.concatenate([getattr(b, name) for b in batches]) for name in ("labels", "split"))
    np.testing.assert_array_equal(labels, row_emotions(0, range(600)))
    np.testing.assert_array_equal(splits, row_split_codes(0, range(600)))
    assert labels.dtype == splits.dtype == np.uint8


def test_one_face_is_a_source_and_none_is_not() -> None:
    (batch,) = DrawnSource(1, seed=3).batches()
    np.testing.assert_array_equal(batch.images, draw(3, [0]))
    with pytest.raises(UsageError, match="drawn:0 has no face; use drawn:1 or more"):
        DrawnSource(0)


def test_bad_requests_are_refused() -> None:
    with pytest.raises(UsageError, match="negative"):
        draw(0, [-1])
    with pytest.raises(UsageError, match="negative"):
        draw(-1, [0])
    with pytest.raises(UsageError, match="whole numbers"):
        draw(0, np.array([0.5]))
    with pytest.raises(UsageError, match="did you mean 'happy'"):
        draw(0, [0], "hapy")
    with pytest.raises(UsageError, match="2 emotions for 1 row of"):
        draw(0, [0], ["happy", "sad"])
    for strength in (1.5, -0.1, float("nan"), [0.5, 0.5]):
        with pytest.raises(UsageError, match="strength"):
            draw(0, [0], "happy", strength=strength)


def test_a_linear_classifier_is_not_enough(faces: NDArray[np.uint8]) -> None:
    pixels = faces.reshape(len(faces), -1).astype(np.float64)
    pixels = (pixels - pixels.mean(axis=1, keepdims=True)) / pixels.std(axis=1, keepdims=True)
    labels = row_emotions(0, range(len(faces)))
    targets = np.eye(len(EMOTIONS))[labels]
    train, test = slice(0, 600), slice(600, None)
    kernel = pixels @ pixels[train].T
    accuracy = []
    for penalty in (1e2, 1e3, 1e4, 1e5):
        weights = np.linalg.solve(kernel[train] + penalty * np.eye(600), targets[train])
        accuracy.append(float(np.mean((kernel[test] @ weights).argmax(axis=1) == labels[test])))
    assert max(accuracy) < 0.70
    assert max(accuracy) > 0.28  # more than the share of happy faces: the labels mean something


def test_the_lbp_cascade_finds_drawn_faces(faces: NDArray[np.uint8]) -> None:
    data = pytest.importorskip("skimage.data")
    feature = pytest.importorskip("skimage.feature")
    cascade = feature.Cascade(data.lbp_frontal_face_cascade_filename())
    found = [
        bool(cascade.detect_multi_scale(enlarged(face), 1.2, 1, (64, 64), (256, 256))) for face in faces[:24]
    ]
    assert np.mean(found) >= 0.5


@pytest.mark.skipif(
    not FACE_MODEL or not Path(FACE_MODEL).is_file(), reason="FERAUG_FACE_MODEL names no file"
)
def test_blazeface_finds_drawn_faces(faces: NDArray[np.uint8]) -> None:
    try:
        import mediapipe as mp
        from mediapipe.tasks.python import BaseOptions, vision
    except (ImportError, OSError) as error:
        pytest.skip(f"mediapipe cannot be imported: {error}")
    options = vision.FaceDetectorOptions(
        BaseOptions(model_asset_path=FACE_MODEL), min_detection_confidence=0.5
    )
    with vision.FaceDetector.create_from_options(options) as detector:
        found = [
            bool(detector.detect(mp.Image(mp.ImageFormat.SRGB, np.dstack([enlarged(face)] * 3))).detections)
            for face in faces[:100]
        ]
    assert np.mean(found) >= 0.95


def test_groups_are_those_of_the_identities() -> None:
    columns = group_columns(7, range(40))
    assert list(columns) == list(GROUPS)
    for row in range(40):
        who = identity_of(7, row)
        groups = {name: GROUPS[name][columns[name][row]] for name in GROUPS}
        assert groups["age"] == who.age_group and groups["hair"] == who.hair_style
        assert groups["gender"] == who.gender and groups["skin"] == who.skin_tone
        assert groups["beard"] == who.beard and (groups["glasses"] == "with") == who.glasses
    assert {len(codes) for codes in columns.values()} == {40}
    assert group_columns(7, [39])["age"][0] == columns["age"][39]
    with pytest.raises(UsageError, match="negative"):
        group_columns(7, [-1])
