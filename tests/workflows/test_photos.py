"""``synth --photos``: groups, crops, pictures, odd photos; with the portrait that scikit-image ships."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.config import DEFAULTS, PhotosConfig, TranslatorConfig
from feraug.data.degradations import degrade
from feraug.errors import (
    ArtifactError,
    ConfigConflictError,
    MissingArtifactError,
    SourceError,
    UsageError,
)
from feraug.faces import find_faces
from feraug.images import to_photo
from feraug.sources.photos import photo_groups, photos_digest, read_photo
from feraug.sources.pictures import EXTENSIONS, UnreadablePicture
from feraug.store.workspace import Workspace
from feraug.workflows.events import Event, Note
from feraug.workflows.photos import RECORD, translate_photos
from feraug.workflows.train import train, train_translator
from feraug.workflows.translators import load_translator

Pixels = NDArray[np.uint8]
CASCADE = PhotosConfig(detector="cascade")


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("photos"))
    shutil.copy(drawn_dataset, workspace.dataset())
    config = TranslatorConfig(
        base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=1, image_history=2
    )
    return train_translator(config, workspace).path


@pytest.fixture
def place(tmp_path: Path, translator: Path) -> Workspace:
    """A workspace with a translator and nothing else."""
    workspace = Workspace(tmp_path / "artifacts")
    (workspace.root / "models").mkdir(parents=True)
    shutil.copy(translator, workspace.root / "models")
    return workspace


@pytest.fixture
def folder(tmp_path: Path, photos_once: Path) -> Path:
    """Photos in two groups and beside them, of which one has two faces and one none."""
    return shutil.copytree(photos_once, tmp_path / "photos")


@pytest.fixture(scope="session")
def photos_once(tmp_path_factory: pytest.TempPathFactory, astronaut: Pixels) -> Path:
    """What ``folder`` is a copy of: PNG takes its time."""
    root = tmp_path_factory.mktemp("photos") / "photos"
    for name in ("women", "nobody/deeper"):
        (root / name).mkdir(parents=True)
    portrait = Image.fromarray(astronaut)
    portrait.save(root / "women" / "one.png")
    Image.fromarray(np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)).save(root / "women" / "two.jpg")
    Image.fromarray(np.full((300, 200, 3), 120, np.uint8)).save(root / "nobody" / "deeper" / "wall.png")
    portrait.convert("L").save(root / "grey.png")
    (root / "notes.txt").write_text("not a photo")
    return root


def picture(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)[::2, ::2]


@pytest.mark.parametrize("detector", ["cascade", "mediapipe"])
def test_groups_of_photos(
    detector: str, place: Workspace, folder: Path, request: pytest.FixtureRequest
) -> None:
    if detector == "mediapipe":
        request.getfixturevalue("face_model")
    events: list[Event] = []
    config = PhotosConfig(detector=detector)
    result = translate_photos(config, folder, place, notify=events.append)
    assert result.detector == detector and result.reason == ""
    groups = {group.name: group for group in result.groups}
    assert {name: (group.photos, group.faces) for name, group in groups.items()} == {
        "photos": (1, 1), "nobody": (1, 0), "women": (2, 3),
    }  # fmt: skip
    assert groups["nobody"].without_face == ("nobody/deeper/wall.png",)
    assert Note("nobody/deeper/wall.png: no face found") in events
    assert groups["nobody"].change is None and (groups["women"].change or 0) >= 0
    files = sorted(path.relative_to(result.path).as_posix() for path in result.path.rglob("*.*"))
    assert files == ["photos.json", "photos.png", "photos/grey.png.png", "women.png", "women/one.png.png",
                     "women/two.jpg.png"]  # fmt: skip
    one = picture(result.path / "women" / "one.png.png")
    assert one.shape == (48, 144)
    real, translated, recovered = (one[:, start : start + 48] for start in (0, 48, 96))
    model = load_translator(result.model)
    assert abs(model.translate(real[None])[0].astype(int) - translated).max() <= 1
    back = model.translate(translated[None], "happy:neutral")[0]
    assert abs(back.astype(int) - recovered).max() <= 2
    sheet = picture(result.path / "women.png")
    assert sheet.shape == (144, 144)
    np.testing.assert_array_equal(sheet[:48, :48], real)
    np.testing.assert_array_equal(sheet[48:96, :48], translated)
    assert picture(result.path / "women" / "two.jpg.png").shape == (96, 144)
    again = translate_photos(config, folder, place)
    assert again.already_done and again.groups == result.groups


def test_a_group_of_many_faces_has_blocks_of_three_rows(
    place: Workspace, tmp_path: Path, astronaut: Pixels
) -> None:
    small = np.asarray(Image.fromarray(astronaut[:256, 100:356]).resize((128, 128)))
    (tmp_path / "many").mkdir()
    for number in range(13):
        Image.fromarray(small).save(tmp_path / "many" / f"{number:02}.png")
    result = translate_photos(CASCADE, tmp_path / "many", place)
    assert result.faces == 13
    sheet = picture(result.path / "many.png")
    assert sheet.shape == (6 * 48, 12 * 48)
    assert (sheet[144:, 48:] == 255).all() and not (sheet[144:192, :48] == 255).all()


def test_photos_whose_names_come_to_the_same_have_a_picture_each(place: Workspace, folder: Path) -> None:
    (folder / "women" / "a").mkdir()
    shutil.copy(folder / "women" / "one.png", folder / "women" / "a" / "b.png")
    shutil.copy(folder / "women" / "one.png", folder / "women" / "a-b.png")
    result = translate_photos(CASCADE, folder, place, name="alike")
    files = json.loads((result.path / "photos.json").read_text())["files"]
    assert len(files) == len(set(files)) and {"women/a-b.png.png", "women/a-b.png-2.png"} <= set(files)
    assert all((result.path / name).is_file() for name in files)


def test_names_that_differ_in_capitals_have_a_picture_each_everywhere(place: Workspace, folder: Path) -> None:
    """On Windows and macOS the second of two such files would replace the first."""
    for name in ("Women/one.png", "women/One.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / "women" / "one.png", folder / name)
    result = translate_photos(CASCADE, folder, place, name="capitals")
    files = json.loads((result.path / "photos.json").read_text())["files"]
    assert len({name.casefold() for name in files}) == len(files)
    assert {"Women.png", "women-2.png", "women-2/one.png-2.png"} <= set(files)


def test_names_that_no_picture_could_have(place: Workspace, folder: Path) -> None:
    """A group like another's picture, one like the record, and names too long for a file system."""
    for name in ("anna", "anna.png", "photos.json", "x" * 230, "/".join("abc"[n] * 100 for n in range(3))):
        (folder / name).mkdir(parents=True)
        shutil.copy(folder / "women" / "one.png", folder / name / f"{'y' * 240}.png")
    result = translate_photos(CASCADE, folder, place, name="odd")
    files = json.loads((result.path / "photos.json").read_text())["files"]
    assert len(files) == len(set(files)) and all((result.path / name).is_file() for name in files)
    assert {group.name for group in result.groups} >= {"anna", "anna.png", "photos.json", "x" * 230}
    # A group's sheet would lie where the other's folder is, and a folder where the record is.
    assert {"anna.png.png", "anna-2.png", "photos.json-2.png"} <= set(files)
    assert all(len(part.encode()) <= 255 for name in files for part in name.split("/"))
    assert translate_photos(CASCADE, folder, place, name="odd").already_done


def test_a_single_photo_and_the_other_direction(place: Workspace, folder: Path) -> None:
    result = translate_photos(
        replace(CASCADE, pair="happy:neutral"), folder / "women" / "one.png", place, name="own"
    )
    assert result.path.name == "own" and result.groups[0].name == "one" and result.faces == 1


class _Called:
    """A classifier that finds every second face happy."""

    path, digest, caution = Path("simple.h5"), "0" * 64, None

    def emotions(self, images: Pixels) -> NDArray[np.uint8]:
        return self.probabilities(images).argmax(1).astype(np.uint8)

    def probabilities(self, images: Pixels) -> NDArray[np.float32]:
        chances = np.zeros((len(images), 7), np.float32)
        chances[::2, 3] = 1.0
        chances[1::2, 6] = 1.0
        return chances


def test_a_classifier_says_what_it_calls_them(
    place: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.photos.load_classifier", lambda path, device: _Called())
    place.model("simple").touch()  # that it stands for
    result = translate_photos(CASCADE, folder / "women", place, classifier=Path("simple.h5"))
    assert result.groups[0].called_before == result.groups[0].called_after == pytest.approx(2 / 3, abs=1e-4)
    record = json.loads((result.path / RECORD).read_text())
    assert record["inputs"]["simple.h5"] == "0" * 64
    assert (result.classifier, result.classifier_digest) == ("simple", "0" * 64)
    again = translate_photos(CASCADE, folder / "women", place, classifier=Path("simple.h5"))
    assert again.already_done and again.as_json()["classifier_digest"] == "0" * 64


def test_a_folder_made_otherwise_is_kept(place: Workspace, folder: Path) -> None:
    path = translate_photos(CASCADE, folder, place).path
    with pytest.raises(ConfigConflictError, match=r"min_face: 0\.7 in the file, 0\.8 asked for"):
        translate_photos(replace(CASCADE, min_face=0.8), folder, place)
    (folder / "women" / "one.png").unlink()
    with pytest.raises(ConfigConflictError, match="made from other photos or by another model"):
        translate_photos(CASCADE, folder, place)
    assert not translate_photos(CASCADE, folder, place, overwrite=True).already_done
    (path / "mine.txt").write_text("keep me")
    with pytest.raises(ArtifactError, match=r"holds 'mine\.txt', which feraug did not write; --name NAME"):
        translate_photos(replace(CASCADE, min_face=0.8), folder, place, overwrite=True)
    (path / "women" / "two.jpg.png").rename(path / "women" / "best.png")
    for other in (r"mine\.txt", "women/best.png"):  # without --overwrite, too: a picture is missing
        with pytest.raises(ArtifactError, match=f"holds '{other}', which feraug did not write"):
            translate_photos(CASCADE, folder, place)
        assert (path / "women" / "best.png").exists()
        (path / "mine.txt").unlink(missing_ok=True)
    (path / "women" / "best.png").unlink()
    (path / "women" / ".DS_Store").write_bytes(b"a file manager looked here")
    assert not translate_photos(CASCADE, folder, place).already_done, "a picture was missing"


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"groups": [{}], "files": [], "config": {}}', "[" * 9999]
)
def test_a_foreign_folder_is_left_alone(text: str | None, place: Workspace, folder: Path) -> None:
    own = place.root / "photos" / "mine"
    own.mkdir(parents=True)
    if text is not None:
        (own / RECORD).write_text(text)
    for overwrite in (False, True):
        with pytest.raises(ArtifactError, match="not a folder of feraug's photos alone"):
            translate_photos(CASCADE, folder, place, name="mine", overwrite=overwrite)
    assert own.is_dir()


def test_odd_photos_work_or_are_named(place: Workspace, tmp_path: Path, astronaut: Pixels) -> None:
    root = tmp_path / "odd"
    root.mkdir()
    portrait = Image.fromarray(astronaut)
    portrait.convert("CMYK").save(root / "cmyk.jpg")
    portrait.convert("P").save(root / "palette.gif", save_all=True, append_images=[portrait.convert("P")])
    portrait.convert("RGBA").save(root / "alpha.png")
    deep = np.asarray(portrait.convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(root / "deep.png")
    turned = portrait.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to stand upright
    turned.save(root / "phone.jpg", exif=exif)
    Image.new("L", (8000, 8000)).save(root / "huge.png")
    (root / "empty.png").touch()
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (root / "text.png").write_text("not a picture")
    for name in ("IMG_1.HEIC", "IMG_2.heic", "b.avif", "notes.txt"):
        (root / name).touch()
    notes: list[str] = []
    result = translate_photos(
        CASCADE, root, place, notify=lambda event: notes.append(getattr(event, "text", ""))
    )
    (group,) = result.groups
    assert (group.photos, group.faces, group.without_face) == (9, 5, ())
    assert set(group.skipped) == {"huge.png", "empty.png", "broken.jpg", "text.png"}
    assert group.skipped["huge.png"] == "8000x8000 is more than 50 million pixels"
    assert "empty.png: skipped, the file has no bytes" in notes
    unread = "pictures of formats that are not read: 1 .avif, 2 .heic; convert them to JPEG or PNG first"
    assert notes.count(unread) == 1
    for path in root.iterdir():
        if path.suffix.lower() in EXTENSIONS:
            path.unlink()
    with pytest.raises(SourceError, match=re.escape(unread)):
        translate_photos(CASCADE, root, place)


def test_a_photo_of_another_format_and_a_very_long_one_are_passed_over(tmp_path: Path) -> None:
    """mediapipe would end the process at sides of 32,767 pixels."""
    for name, words in (
        ("IMG_1.HEIC", r"^\.HEIC is not read; convert it to JPEG or PNG first$"),
        ("a.png", "no known"),
    ):
        (tmp_path / name).write_bytes(b"ftypheic of some kind")
        with pytest.raises(UnreadablePicture, match=words):
            read_photo(tmp_path / name)
    for size in ((32767, 2), (2, 40000)):
        Image.new("L", size).save(tmp_path / "long.png")
        with pytest.raises(
            UnreadablePicture, match=rf"^{size[0]}x{size[1]}: a side of more than 32,766 pixels$"
        ):
            read_photo(tmp_path / "long.png")
        with pytest.raises(UsageError, match=r"a photo's sides must have 32,766 pixels or fewer, not \("):
            find_faces(np.zeros(size, np.uint8), "cascade")
    Image.new("L", (32766, 2)).save(tmp_path / "long.png")
    assert read_photo(tmp_path / "long.png").shape == (2, 32766, 3)


def test_photos_are_read_whole_and_upright(tmp_path: Path, astronaut: Pixels) -> None:
    portrait = Image.fromarray(astronaut[:, :400])
    exif = Image.Exif()
    exif[0x0112] = 6
    portrait.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "phone.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "phone.png"), astronaut[:, :400])
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    assert (to_photo(Image.fromarray(grey)) == grey[:, :, None]).all()
    clear = Image.new("RGBA", (3, 2), (255, 0, 0, 0))
    assert (to_photo(clear) == 128).all() and to_photo(clear).shape == (2, 3, 3)
    assert (to_photo(Image.new("LAB", (3, 2), (77, 9, 9))) == 77).all()
    with pytest.raises(UnreadablePicture):
        read_photo(tmp_path / "nowhere.png")


def test_pictures_of_ours_are_no_photos(place: Workspace, folder: Path) -> None:
    inside = Workspace(folder / "artifacts")
    shutil.copytree(place.root, inside.root)
    samples = inside.root / "models" / "cyclegan-neutral-happy"
    samples.mkdir()
    shutil.copy(folder / "grey.png", samples / "step-000001.png")
    first = translate_photos(CASCADE, folder, inside)
    assert {group.name: group.photos for group in first.groups} == {"photos": 1, "nobody": 1, "women": 2}
    assert translate_photos(CASCADE, folder, inside).already_done
    made = translate_photos(CASCADE, folder, place, name="another")
    assert {group.name for group in made.groups} == {"photos", "nobody", "women", "artifacts"}
    assert next(group.photos for group in made.groups if group.name == "artifacts") == 1, "the sample alone"


def test_an_unfinished_model_and_a_classifier_s_name(
    place: Workspace, folder: Path, drawn_dataset: Path
) -> None:
    shutil.copy(drawn_dataset, place.dataset())
    train(replace(DEFAULTS["simple"], steps=1, width=0.1), place)
    with h5py.File(place.model("cyclegan-neutral-happy"), "r+") as file:
        facts = json.loads(file.attrs["facts"]) | {"finished": False}
        file.attrs["facts"] = np.bytes_(json.dumps(facts))
    events: list[Event] = []
    result = translate_photos(CASCADE, folder, place, classifier=Path("simple"), notify=events.append)
    assert Note("cyclegan-neutral-happy.h5 is not finished: its training was interrupted") in events
    assert all(group.called_before is not None for group in result.groups if group.faces)


def test_nobody_nothing_and_nowhere(place: Workspace, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactError, match="no face found in 1 photo; check the photos, or lower --min-face"
    ):
        translate_photos(CASCADE, folder / "nobody", place)
    assert not (place.root / "photos").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no photos"):
        translate_photos(CASCADE, tmp_path / "empty", place)
    with pytest.raises(MissingArtifactError, match="no such folder"):
        translate_photos(CASCADE, tmp_path / "nowhere", place)
    with pytest.raises(MissingArtifactError, match="feraug train cyclegan --pair neutral:sad"):
        translate_photos(replace(CASCADE, pair="neutral:sad"), folder, place)
    with pytest.raises(UsageError, match="not neutral:sad"):
        translate_photos(replace(CASCADE, pair="neutral:sad"), folder, place, model="cyclegan-neutral-happy")


def test_names_of_groups_and_the_digest_of_photos(folder: Path, tmp_path: Path) -> None:
    assert [group.name for group in photo_groups(folder)] == ["photos", "nobody", "women"]
    (folder / "photos").mkdir()
    shutil.copy(folder / "grey.png", folder / "photos" / ".hidden.png")
    shutil.copy(folder / "grey.png", folder / "photos" / "a.png")
    groups = photo_groups(folder)
    assert [group.name for group in groups] == ["photos-others", "nobody", "photos", "women"]
    before = photos_digest(folder, groups)
    assert photos_digest(folder, groups[::-1]) == before
    (folder / "photos" / "a.png").write_bytes(b"other")
    assert photos_digest(folder, groups) != before


class _Dark(_Called):
    """A classifier that calls dark faces happy."""

    def probabilities(self, images: Pixels) -> NDArray[np.float32]:
        chances = np.zeros((len(images), 7), np.float32)
        chances[np.arange(len(images)), np.where(images.mean((1, 2)) < 100, 3, 6)] = 1.0
        return chances


@pytest.mark.figures
def test_degraded_faces_have_a_sheet_and_a_table(
    place: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feraug.workflows.photos.load_classifier", lambda path, device: _Dark())
    place.model("simple").touch()  # that it stands for
    config = replace(CASCADE, degrade=("watermark,flip",), seed=5)
    result = translate_photos(config, folder, place, classifier=Path("simple.h5"))
    rows = result.degradations
    assert [(row.name, row.amount) for row in rows] == [
        ("clean", ""), ("watermark", "20%"), ("watermark", "40%"), ("watermark", "60%"), ("flip", "mirrored"),
    ]  # fmt: skip
    assert result.faces == 4
    # By hand, from the pictures of all four: what is degraded, then translated, and the other way round.
    whole = [picture(result.path / name) for name in ("photos.png", "women.png")]
    clean, translated = (
        np.concatenate([one[row : row + 48].reshape(48, -1, 48).swapaxes(0, 1) for one in whole])
        for row in (0, 48)
    )
    marked = degrade(clean, "watermark", 1.0, seed=5)
    made = load_translator(result.model).translate(marked)
    after = degrade(translated, "watermark", 1.0, seed=5)
    assert rows[3].change == pytest.approx(np.abs(made.astype(int) - marked).mean(), abs=0.01)
    for share, images in zip(
        (rows[3].degraded, rows[3].translated, rows[3].translated_first), (marked, made, after), strict=True
    ):
        assert share is not None and share["mean"] == (_Dark().emotions(images) == 3).mean()
    sheet = np.asarray(Image.open(result.path / "degraded" / "sheet.png"))
    assert sheet.shape[0] > 5 * 48
    assert rows[0].degraded == rows[4].degraded and rows[0].translated == rows[4].translated
    assert rows[0].translated == rows[0].translated_first, "of clean faces there is nothing to degrade"
    with (result.path / "degraded" / "table.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [line["degradation"] for line in table] == [row.name for row in rows]
    for line, row in zip(table, rows, strict=True):
        assert line["faces"] == "4" and float(line["change"]) == row.change
        for name in ("degraded", "translated", "translated_first"):
            assert float(line[f"{name}_mean"]) == getattr(row, name)["mean"]
    again = translate_photos(config, folder, place, classifier=Path("simple.h5"))
    assert again.already_done and again.degradations == rows
    with pytest.raises(ConfigConflictError, match="seed: 5 in the file, 0 asked for"):
        translate_photos(replace(config, seed=0), folder, place, classifier=Path("simple.h5"))
    with pytest.raises(ConfigConflictError, match="degrade: "):
        translate_photos(replace(config, degrade=()), folder, place, classifier=Path("simple.h5"))


def test_degraded_without_a_classifier_and_after_an_earlier_version(place: Workspace, folder: Path) -> None:
    plain = translate_photos(CASCADE, folder / "women", place)
    record = json.loads((plain.path / RECORD).read_text())
    del record["degradations"], record["config"]["degrade"], record["config"]["seed"]
    (plain.path / RECORD).write_text(json.dumps(record))
    assert translate_photos(CASCADE, folder / "women", place).already_done
    degraded = replace(CASCADE, degrade=("flip",))
    result = translate_photos(degraded, folder / "women", place, overwrite=True)
    assert [row.translated for row in result.degradations] == [None, None]
    assert (result.path / "degraded" / "table.csv").read_text().splitlines()[1].endswith(",,,,,,,,,")
    assert translate_photos(degraded, folder / "women", place).already_done


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": {"a": 1, "b": "c"}},
        {"groups": [{"name": "x", "photos": "many"}]},
        {"degradations": [{"name": "noise"}]},
        {"degradations": 3},
        {"files": [[]]},
        {"more": float("nan")},
    ],
)
def test_a_record_that_is_damaged_is_told(changes: dict[str, object], place: Workspace, folder: Path) -> None:
    path = translate_photos(CASCADE, folder / "women", place).path
    record = json.loads((path / RECORD).read_text())
    (path / RECORD).write_text(json.dumps(record | changes))
    with pytest.raises(ArtifactError, match="not a folder of feraug's photos alone"):
        translate_photos(CASCADE, folder / "women", place)
