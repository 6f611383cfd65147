"""The detectors on drawn faces, noise, a photograph; and what happens where mediapipe cannot be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.errors import ArtifactError, UsageError
from feraug.faces import FaceDetector, crop_face, face_detector, face_scores, find_faces, workers
from feraug.faces.boxes import Box, Framing, overlap, without_doubles
from feraug.faces.cascade import CascadeDetector
from feraug.faces.detector import boxes_in_images, tiles
from feraug.faces.mediapipe import MediapipeDetector
from feraug.faces.workers import scores_by_all_cores

Pixels = NDArray[np.uint8]


@pytest.fixture(params=["mediapipe", "cascade"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    if request.param == "mediapipe":
        request.getfixturevalue("face_model")
    return face_detector(request.param)


def noise(count: int, *shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def test_drawn_faces_are_faces_and_noise_is_none(detector: FaceDetector, drawn: Pixels) -> None:
    found = face_scores(drawn, detector)
    assert found.dtype == np.float32 and found.shape == (60,)
    assert (found >= 0.5).mean() >= 0.93
    assert (face_scores(noise(60, 48, 48), detector) >= 0.5).mean() <= 0.05
    assert not face_scores(np.zeros((1, 48, 48), np.uint8), detector).any()
    assert face_scores(drawn[:0], detector).shape == (0,)


def test_boxes_lie_where_the_framing_says(detector: FaceDetector, drawn: Pixels) -> None:
    boxes = [box for box in boxes_in_images(detector, drawn) if box is not None]
    centres = np.median([box.centre for box in boxes], axis=0) / 48
    width = np.median([box.width for box in boxes]) / 48
    framing = detector.framing
    assert np.abs([*centres - (framing.x, framing.y), width - framing.width]).max() < 0.08


def test_scores_do_not_depend_on_the_number_of_processes(detector: FaceDetector, drawn: Pixels) -> None:
    one = scores_by_all_cores(detector, drawn[:9], processes=1)
    np.testing.assert_array_equal(scores_by_all_cores(detector, drawn[:9], processes=2), one)
    np.testing.assert_array_equal(face_scores(drawn[4:5], detector), one[4:5])


def test_the_other_processes_import_nothing_of_the_current_folder(
    drawn: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "signal.py").write_text("open('run', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    scores_by_all_cores(CascadeDetector(), drawn[:4], processes=2)
    assert not (tmp_path / "run").exists()


def test_a_process_that_cannot_start_leaves_its_work_to_this_one(
    drawn: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = CascadeDetector()
    monkeypatch.setattr(CascadeDetector, "worker_arguments", lambda self: ["mediapipe", "nowhere"])
    parts = scores_by_all_cores(detector, drawn[:6], processes=3)
    np.testing.assert_array_equal(parts, face_scores(drawn[:6], detector))


def test_where_no_process_can_be_started_this_one_does_the_work(
    drawn: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, started = CascadeDetector(), []

    def start(*arguments: object) -> object:
        if started:
            raise OSError(28, "No space left on device")
        started.append(real(*arguments))
        return started[0]

    real = workers._start
    monkeypatch.setattr(workers, "_start", start)
    monkeypatch.setattr(CascadeDetector, "worker_arguments", lambda self: ["mediapipe", "nowhere"])
    parts = scores_by_all_cores(detector, drawn[:6], processes=3)
    np.testing.assert_array_equal(parts, face_scores(drawn[:6], detector))
    assert started[0].poll() is not None  # nothing is left running


def test_the_astronaut_is_found_and_framed(detector: FaceDetector, astronaut: Pixels) -> None:
    boxes = find_faces(astronaut, detector)
    assert len(boxes) == 1
    assert np.abs(np.array(boxes[0].centre) - (226, 118)).max() < 12
    face = crop_face(astronaut, boxes[0], detector.framing)
    assert face.shape == (48, 48) and face.dtype == np.uint8
    assert face_scores(face[None], detector)[0] >= 0.5
    grey = np.asarray(Image.fromarray(astronaut).convert("L"))
    assert len(find_faces(grey, detector)) == 1
    several = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    assert len(find_faces(several, detector)) == 2


def test_a_small_face_in_a_large_photo(face_model: Path, astronaut: Pixels) -> None:
    photo = np.full((1200, 1800, 3), 90, np.uint8)
    photo[600:856, 1300:1556] = np.asarray(Image.fromarray(astronaut).resize((256, 256)))
    (box,) = find_faces(photo, MediapipeDetector(face_model))
    assert np.abs(np.array(box.centre) - (1413, 659)).max() < 12


def test_no_face_and_odd_shapes(detector: FaceDetector) -> None:
    for shape in ((1, 1, 3), (3, 900, 3), (60, 40, 3)):
        assert find_faces(np.zeros(shape, np.uint8), detector) == []
    assert find_faces(noise(200, 300, 3), detector) == []


@pytest.mark.parametrize("images", [np.zeros((2, 48, 47), np.uint8), np.zeros((48, 48), np.uint8)])
def test_images_of_another_shape_are_refused(images: Pixels) -> None:
    with pytest.raises(UsageError, match=r"uint8 \(N, 48, 48\)"):
        face_scores(images, CascadeDetector())


def test_a_detector_goes_by_name_as_well(astronaut: NDArray[np.uint8]) -> None:
    assert find_faces(astronaut, "cascade") == find_faces(astronaut, CascadeDetector())
    images = np.zeros((2, 48, 48), np.uint8)
    assert face_scores(images, "cascade").tolist() == [0.0, 0.0]
    with pytest.raises(UsageError, match="unknown face detector 'cascad'"):
        face_scores(images, "cascad")
    for least in (float("nan"), 2.0, -0.1):
        with pytest.raises(UsageError, match=r"least: .* is not a number from 0 to 1"):
            find_faces(astronaut, "cascade", least=least)


def test_photos_of_another_shape_are_refused() -> None:
    for photo in (np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(UsageError, match="a photo must"):
            find_faces(photo, CascadeDetector())


def test_crops_repeat_the_rim_where_the_square_leaves_the_photo() -> None:
    photo = np.full((40, 40), 7, np.uint8)
    assert (crop_face(photo, Box(-30, -30, 20, 20, 1), Framing(0.5, 0.5, 0.5)) == 7).all()
    photo[:, 20:] = 200
    face = crop_face(photo, Box(10, 10, 20, 20, 1), Framing(0.5, 0.5, 1.0))
    assert face[:, 0].max() == 7 and face[:, -1].min() == 200
    shifted = crop_face(photo, Box(10, 10, 20, 20, 1), Framing(0.9, 0.5, 1.0))
    assert (shifted == 7).mean() > (face == 7).mean()


@pytest.mark.parametrize(
    "photo",
    [np.zeros((9, 9)), np.zeros((9, 9), np.int64), np.zeros((9, 9, 4), np.uint8), np.zeros(9, np.uint8),
     np.zeros((0, 0), np.uint8)],
)  # fmt: skip
def test_crops_of_anything_but_a_photo_are_refused(photo: NDArray[np.uint8]) -> None:
    """A float photo would come out black."""
    with pytest.raises(UsageError, match="a photo must"):
        crop_face(photo, Box(1, 1, 5, 5, 1), Framing(0.5, 0.5, 1.0))


def test_doubles_go_and_the_better_one_stays() -> None:
    good, worse, apart = Box(0, 0, 10, 10, 0.9), Box(1, 1, 4, 4, 0.8), Box(50, 0, 5, 5, 0.7)
    assert without_doubles([worse, apart, good]) == [good, apart]
    assert overlap(good, worse) == 1.0 and overlap(good, apart) == 0.0


def test_tiles_cover_a_photo() -> None:
    assert list(tiles(300, 50, (1, 2))) == [(0, 0, 300, 50)]  # too small for a second look
    seen = np.zeros((400, 700), bool)
    parts = list(tiles(700, 400, (1, 2)))
    assert parts[0] == (0, 0, 700, 400)
    for left, top, right, bottom in parts[1:]:
        assert (right - left, bottom - top) == (200, 200)
        seen[top:bottom, left:right] = True
    assert seen.all() and len(parts) == 1 + 6 * 3


def test_without_a_model_the_cascade_serves_and_says_so(offline: None) -> None:
    found = face_detector()
    assert found.name == "cascade" and "pooch, which fetches its model, is not installed" in found.reason
    with pytest.raises(ArtifactError, match="mediapipe's detector cannot be had"):
        face_detector("mediapipe")
    assert face_detector("cascade").reason == ""
    with pytest.raises(UsageError, match="unknown face detector 'dlib'"):
        face_detector("dlib")


def test_without_mediapipe_the_cascade_serves_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.faces.choice.model_file", lambda: tmp_path / "model.tflite")
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    assert "mediapipe's detector cannot be had: import of mediapipe halted" in face_detector().reason


def test_a_broken_mediapipe_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feraug.faces.choice.model_file", lambda: tmp_path / "model.tflite")

    def broken(model: Path) -> None:
        from feraug.faces.mediapipe import CannotLoadError

        raise CannotLoadError("libGLESv2.so.2: cannot open shared object file")

    monkeypatch.setattr("feraug.faces.mediapipe._created", broken)
    assert face_detector().reason.endswith("libGLESv2.so.2: cannot open shared object file")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (OSError(101, "Network is unreachable"), "could not be fetched (Network is unreachable: https://"),
        (ValueError("SHA256 hash of downloaded file does not match"), "is not its model"),
    ],
)
def test_a_model_that_cannot_be_fetched(
    failure: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooch = pytest.importorskip("pooch")
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)

    def retrieve(*arguments: object, **settings: object) -> str:
        raise failure

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert words in face_detector().reason


def test_pooch_is_asked_for_the_model_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.faces import model_file

    pooch = pytest.importorskip("pooch")
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    asked: dict[str, object] = {}

    def retrieve(url: str, **settings: object) -> str:
        asked.update(settings, url=url)
        return str(tmp_path / "model")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert model_file.model_file() == tmp_path / "model"
    assert asked["known_hash"] == f"sha256:{model_file.MODEL_SHA256}" and asked["url"] == model_file.MODEL_URL


def test_a_named_file_that_is_not_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERAUG_FACE_MODEL", str(tmp_path / "none"))
    with pytest.raises(ArtifactError, match=r"\$FERAUG_FACE_MODEL: no file .*get it from https://"):
        face_detector()
    (tmp_path / "other").write_bytes(b"x" * 229_746)
    monkeypatch.setenv("FERAUG_FACE_MODEL", str(tmp_path / "other"))
    with pytest.raises(ArtifactError, match="is not the face model"):
        face_detector()


def test_nothing_is_written_to_stderr_and_mediapipe_comes_late(face_model: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from feraug.faces import face_scores, face_detector\n"
        "assert 'mediapipe' not in sys.modules and 'skimage' not in sys.modules\n"
        "assert face_detector().name == 'mediapipe'\n"
        "face_scores(np.zeros((3, 48, 48), np.uint8))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
