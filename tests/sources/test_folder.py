"""Folders of pictures: layouts, order, conversion of every kind of picture, bad ones skipped."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from feraug.emotions import parse_meanings
from feraug.errors import SourceError, UsageError
from feraug.images import BACKDROP, SIDE, full_scale, to_face, to_photo
from feraug.sources import open_source
from feraug.sources.folder import PIXEL_LIMIT, PictureFolder
from feraug.sources.photos import photo_groups
from feraug.sources.pictures import EXTENSIONS, OTHER_FORMATS, UnreadablePicture, read_picture
from feraug.sources.records import NO_SPLIT, FaceRecords

FACE: np.ndarray = np.add.outer(np.arange(48) * 3, np.arange(48) * 2).astype(
    np.uint8
)  # 0-235, different in every direction


def save(path: Path, image: Image.Image | np.ndarray | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = FACE if image is None else image
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(path, **options)
    return path


def read(root: Path, meanings: Mapping[str, str | None] | None = None) -> FaceRecords:
    batches = list(open_source(str(root), meanings=meanings).batches())
    return FaceRecords(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
        np.concatenate([batch.split for batch in batches]),
    )


def refusal(root: Path) -> str:
    with pytest.raises(SourceError) as caught:
        for _ in open_source(str(root)).batches():
            pass
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600
    return str(caught.value)


# Layouts.


def test_splits_and_emotions_in_any_spelling(tmp_path: Path) -> None:
    folders = "train/happy Training/Anger validation/sadness val/Surprised PublicTest/FEAR test/Neutral"
    for number, folder in enumerate([*folders.split(), "PrivateTest/disgusted"]):
        save(tmp_path / folder / "a.png", np.full((48, 48), number, np.uint8))
    records = read(tmp_path)
    found = {
        int(image[0, 0]): (int(label), int(split))
        for image, label, split in zip(records.images, records.labels, records.split, strict=True)
    }
    assert found == {0: (3, 0), 1: (0, 0), 2: (4, 1), 3: (5, 1), 4: (2, 1), 5: (6, 2), 6: (1, 2)}


def test_emotions_without_splits(tmp_path: Path) -> None:
    for number, name in enumerate(["surprise", "angry", "happiness"]):
        save(tmp_path / name / "a.jpg", np.full((60, 60), number * 100, np.uint8))
    records = read(tmp_path)
    assert records.labels.tolist() == [0, 3, 5]  # by folder name
    assert (records.split == NO_SPLIT).all()
    assert records.images[:, 20, 20].tolist() == [100, 200, 0]
    assert open_source(str(tmp_path)).kind == "folder"


def test_sorted_by_name_and_in_bounded_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feraug.sources.folder.BATCH_PICTURES", 4)
    for number in (7, 3, 9, 1, 0, 8, 2, 5, 4, 6):
        save(tmp_path / "sad" / f"{number}.png", np.full((48, 48), number, np.uint8))
    batches = list(PictureFolder(tmp_path).batches())
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert np.concatenate([batch.images[:, 0, 0] for batch in batches]).tolist() == list(range(10))


def test_deeper_folders_count_and_link_loops_do_not_hang(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "subject-1" / "a.png")
    (tmp_path / "happy" / "subject-1" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "happy" / "self").symlink_to(tmp_path / "happy", target_is_directory=True)
    (tmp_path / "happy" / "loop.png").symlink_to(tmp_path / "happy" / "loop.png")
    (tmp_path / "happy" / "gone.png").symlink_to(tmp_path / "nothing.png")
    (tmp_path / "happy" / "linked.png").symlink_to(tmp_path / "happy" / "subject-1" / "a.png")
    source = PictureFolder(tmp_path)
    assert sum(len(batch) for batch in source.batches()) == 2
    assert source.skipped.causes == {"unreadable file": 2}


def test_an_emotion_folder_may_be_a_link(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "set" / "train").mkdir(parents=True)
    (tmp_path / "set" / "train" / "fear").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert read(tmp_path / "set").labels.tolist() == [2]


def test_litter_is_ignored_and_other_files_are_counted(tmp_path: Path) -> None:
    save(tmp_path / "train" / "happy" / "a.png")
    for name in ["happy/Thumbs.db", "happy/.DS_Store", "happy/._a.png", "happy/desktop.ini", ".hidden/x.png"]:
        (tmp_path / "train" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "train" / name).write_bytes(b"x")
    save(tmp_path / "train" / "happy" / ".ipynb_checkpoints" / "a-checkpoint.png")
    save(tmp_path / "__MACOSX" / "x.png")
    source = PictureFolder(tmp_path)
    assert [len(batch) for batch in source.batches()] == [1]
    assert source.skipped.total == 0
    for name in ["train/happy/notes.txt", "train/happy/photo.heic", "train/loose.png", "README.md"]:
        (tmp_path / name).write_bytes(b"x")
    assert [len(batch) for batch in source.batches()] == [1]
    assert source.skipped.causes == {
        "not a picture": 1,
        "format that is not read": 1,
        "not in an emotion folder": 2,
    }
    assert (
        "train/happy/photo.heic: .heic is not read; convert it to JPEG or PNG first"
        in source.skipped.examples
    )
    assert not OTHER_FORMATS & set(EXTENSIONS)


# Wrong folders.


def test_folders_of_the_wrong_shape(tmp_path: Path) -> None:
    assert "has no emotion folders (it is empty); expected train/happy/*.png or happy/*.png" in refusal(
        tmp_path
    )
    for name in ("images", "labels"):
        (tmp_path / "a" / name).mkdir(parents=True)
    assert "a has no emotion folders (it holds images, labels); expected" in refusal(tmp_path / "a")
    save(tmp_path / "b" / "x.png")
    assert "b has no emotion folders (it holds x.png); expected" in refusal(tmp_path / "b")
    save(tmp_path / "c" / "happy" / "x.png")
    (tmp_path / "c" / "suprise").mkdir()
    assert refusal(tmp_path / "c").endswith(
        "suprise: no emotion is called 'suprise' (did you mean 'surprise'?); rename it, or say what it is: "
        '--emotions "suprise=EMOTION" (none leaves it out)'
    )
    (tmp_path / "d" / "hapy").mkdir(parents=True)
    assert "no emotion is called 'hapy' (did you mean 'happy'?)" in refusal(tmp_path / "d")
    save(tmp_path / "e" / "train" / "happy" / "x.png")
    (tmp_path / "e" / "tset").mkdir()
    assert "no split is called 'tset' (did you mean 'test'?)" in refusal(tmp_path / "e")
    save(tmp_path / "f" / "train" / "x.png", FACE)
    (tmp_path / "f" / "train" / "faces").mkdir()
    assert "train has no emotion folders (it holds faces)" in refusal(tmp_path / "f")
    (tmp_path / "g" / "happy").mkdir(parents=True)
    assert "g holds no pictures; expected" in refusal(tmp_path / "g")
    (tmp_path / "h" / "happy\nsad").mkdir(parents=True)
    assert "happy\\nsad" in refusal(tmp_path / "h")


def test_numbers_mean_nothing_until_somebody_says_what(tmp_path: Path) -> None:
    """RAF-DB's 1 is surprise, FER2013's disgust, AffectNet's happy."""
    for number in range(1, 8):
        save(tmp_path / "train" / str(number) / "x.png", np.full((48, 48), number, np.uint8))
    told = refusal(tmp_path)
    assert "folders named by numbers (1, 2, 3, 4, 5, 6, 7) do not say which emotions they are" in told
    assert '--emotions "0=angry,1=disgust,2=fear,3=happy,4=sad,5=surprise,6=neutral")' in told
    meanings = parse_meanings("1=surprise,2=fear,3=disgust,4=happiness,5=sad,6=anger,7=neutral")
    records = read(tmp_path, meanings)
    assert dict(zip(records.images[:, 0, 0].tolist(), records.labels.tolist(), strict=True)) == {
        1: 5, 2: 2, 3: 1, 4: 3, 5: 4, 6: 0, 7: 6,
    }  # fmt: skip
    meanings.pop("6")
    with pytest.raises(SourceError, match=r"folders named by numbers \(6\)"):
        read(tmp_path, meanings)


def test_names_of_other_data_sets_are_explained_or_left_out(tmp_path: Path) -> None:
    for name in ("happy", "AN", "DI", "contempt"):
        save(tmp_path / name / "x.png", FACE)
    told = refusal(tmp_path)
    assert "no emotions are called 'AN', 'DI', 'contempt'; say what they are (none leaves one out)" in told
    assert told.endswith('--emotions "AN=EMOTION,DI=EMOTION,contempt=EMOTION"')
    source = PictureFolder(tmp_path, meanings=parse_meanings("an=angry,di=disgust,Contempt=NONE"))
    (records,) = source.batches()
    assert records.labels.tolist() == [0, 1, 3]
    assert source.skipped.causes == {"left out by --emotions": 1}
    assert source.skipped.examples == ["contempt/x.png: left out by --emotions"]
    with pytest.raises(
        SourceError, match='contempt is none of the seven emotions; --emotions "contempt=none"'
    ):
        read(tmp_path, parse_meanings("an=angry,di=disgust"))
    with pytest.raises(
        UsageError, match=r"--emotions: no folder is called 'ann' \(did you mean 'an'\?\); leave"
    ):
        read(tmp_path, parse_meanings("ann=angry,di=disgust,contempt=none"))
    for name in ("AN", "DI", "contempt"):
        shutil.rmtree(tmp_path / name)
        save(tmp_path / "codes" / name.lower() / "x.png", FACE)
    told = refusal(tmp_path / "codes")
    assert "codes has no emotion folders (it holds an, contempt, di)" in told
    assert told.endswith('or names that --emotions explains ("an=EMOTION,contempt=EMOTION,di=EMOTION")')
    assert read(tmp_path / "codes", parse_meanings("an=angry,di=disgust,contempt=none")).labels.tolist() == [
        0,
        1,
    ]


def test_a_folder_around_the_emotions_is_no_emotion(tmp_path: Path) -> None:
    """Downloads have one; to call it an emotion would make the whole data set one."""
    for number in "12":
        save(tmp_path / "raf" / "DATASET" / "train" / number / "x.png", FACE)
    way = f"but DATASET in it has some, or splits: 'feraug prepare {tmp_path}/raf/DATASET'"
    assert refusal(tmp_path / "raf").endswith(way)
    for meanings in ("DATASET=happy", "1=surprise,2=fear"):
        with pytest.raises(SourceError, match=re.escape(way)):
            read(tmp_path / "raf", parse_meanings(meanings))
    save(tmp_path / "sfew" / "Train" / "Aligned" / "Angry" / "x.png", FACE)
    told = refusal(tmp_path / "sfew")
    assert told.endswith(
        "has no emotion folders, but Aligned in it has some, or splits: move what it holds up into Train"
    )
    for name in ("train_set", "val_set"):
        save(tmp_path / "affect" / name / "3" / "x.png", FACE)
    assert (
        "affect: train_set, val_set are no emotions, and hold folders of emotions or splits; if they are"
        in (refusal(tmp_path / "affect"))
    )
    save(tmp_path / "sfew" / "Train" / "Happy" / "x.png", FACE)
    assert refusal(tmp_path / "sfew").endswith(
        "Aligned is no emotion: it holds folders of emotions or splits; move it away"
    )
    save(tmp_path / "people" / "wut" / "001" / "x.png", FACE)
    assert read(tmp_path / "people", parse_meanings("wut=angry")).labels.tolist() == [0], "numbers of people"
    for person in range(21):
        (tmp_path / "kdef" / f"AF{person:02}").mkdir(parents=True)
    assert refusal(tmp_path / "kdef").endswith(": sort the pictures into such folders first")
    save(tmp_path / "flat" / "KA.AN1.39.png", FACE)
    assert refusal(tmp_path / "flat").endswith(": sort the pictures into such folders first")


def test_names_with_accents_and_commas(tmp_path: Path) -> None:
    apart, composed = "A\u0308rger", "\u00c4rger"  # as macOS names a file, as somebody types it
    save(tmp_path / apart / "x.png", FACE)
    assert read(tmp_path, parse_meanings(f"{composed}=angry")).labels.tolist() == [0]
    save(tmp_path / "sad, a bit" / "x.png", FACE)
    with pytest.raises(SourceError, match="'sad, a bit', and --emotions takes no commas in names; rename"):
        read(tmp_path, parse_meanings(f"{composed}=angry"))


def test_what_was_done_to_pictures_is_counted(tmp_path: Path) -> None:
    for name, size in (("a", (48, 48)), ("b", (96, 96)), ("c", (96, 64)), ("d", (30, 30))):
        save(tmp_path / "happy" / f"{name}.png", np.zeros((*size, 3), np.uint8))
    source = PictureFolder(tmp_path)
    for _ in range(2):  # counted anew each time
        list(source.batches())
        assert (source.scaled, source.cropped) == (3, 1)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "a.png").write_bytes(b"")
    (tmp_path / "sad" / "b.txt").write_bytes(b"text")
    assert "none of its 2 files can be used; first, sad/" in refusal(tmp_path)


def test_one_file_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "a.png").write_bytes(b"")
    assert "none of its 1 file can be used; first, sad/" in refusal(tmp_path)


# Bad pictures are named and skipped.


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever is in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def test_bad_pictures_are_named_and_skipped(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    good = save(tmp_path / "happy" / "good.png").read_bytes()
    jpeg = save(
        tmp_path / "x.jpg", np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8)
    ).read_bytes()
    bad = {
        "empty.png": (b"", "empty file"),
        "cut.png": (good[: len(good) // 2], "broken picture"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "broken picture"),
        "flipped.png": (good[:60] + b"\xff\xff\xff" + good[63:], "broken picture"),
        "text.jpg": (b"this is no picture", "not a picture"),
        "script.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        "bomb.png": (png(100_000, 100_000), "picture too large"),
        "bomb2.png": (png(7072, 7072), "picture too large"),
        "thin-bomb.png": (png(2**31 - 1, 1), "picture too large"),
        "warned-bomb.png": (png(10_000, 10_000), "picture too large"),  # Pillow warns from 89 million on
    }
    for name, (content, _) in bad.items():
        (tmp_path / "happy" / name).write_bytes(content)
    (tmp_path / "x.jpg").unlink()
    source = PictureFolder(tmp_path)
    records = list(source.batches())
    assert [len(batch) for batch in records] == [1]
    np.testing.assert_array_equal(records[0].images[0], FACE)
    assert source.skipped.total == len(bad)
    for name, (_, cause) in bad.items():
        assert any(example.startswith(f"happy/{name}: ") for example in source.skipped.examples), name
        assert cause in source.skipped.causes
    assert all(example.isprintable() for example in source.skipped.examples)
    assert len(recwarn) == 0


def test_a_picture_at_the_limit_is_read(tmp_path: Path) -> None:
    side = 2000
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "large.png").write_bytes(png(side, side, bytes((side + 1) * side)))
    assert read(tmp_path).images.max() == 0
    assert side * side < PIXEL_LIMIT == 50_000_000


def test_pipes_do_not_hang(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "a.png")
    os.mkfifo(tmp_path / "happy" / "pipe.png")
    source = PictureFolder(tmp_path)
    thread = threading.Thread(target=lambda: (source.digests(), list(source.batches())), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert source.skipped.causes == {"unreadable file": 1}


def test_a_picture_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "happy" / "a.png")
    secret = save(tmp_path / "happy" / "b.png")
    real = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    source = PictureFolder(tmp_path)
    assert sum(len(batch) for batch in source.batches()) == 1
    assert source.skipped.examples == ["happy/b.png: Permission denied"]


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    """One small file of each format."""
    import io

    colour = Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 24, 3), dtype=np.uint8))
    files = {}
    for kind in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "JPEG2000"):
        stream = io.BytesIO()
        colour.save(stream, kind)
        files[kind] = stream.getvalue()
    return files


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_pictures_never_escape(
    tmp_path_factory: pytest.TempPathFactory, pictures: dict[str, bytes], data: st.DataObject
) -> None:
    content = bytearray(pictures[data.draw(st.sampled_from(sorted(pictures)))])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    root = tmp_path_factory.getbasetemp() / "damaged"
    (root / "happy").mkdir(parents=True, exist_ok=True)
    (root / "happy" / "a.png").write_bytes(content)
    source = PictureFolder(root)
    try:
        assert sum(len(batch) for batch in source.batches()) == 1
    except SourceError as error:
        assert str(root) in str(error) and str(error).isprintable()
        assert source.skipped.total == 1


# Digests.


def test_one_digest_for_the_tree(tmp_path: Path) -> None:
    root = tmp_path / "set"
    names = ["happy/b.png", "happy/a.png", "angry/a.png"]
    for number, name in enumerate(names):
        save(root / name, np.full((48, 48), number, np.uint8))
    listing = "".join(
        f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)
    )
    expected = {"set": hashlib.sha256(listing.encode()).hexdigest()}
    assert open_source(str(root)).digests() == expected
    (root / "happy" / "notes.txt").write_text("not read, so not part of it")
    assert open_source(str(root)).digests() == expected
    save(root / "happy" / "a.png", np.full((48, 48), 9, np.uint8))
    assert open_source(str(root)).digests() != expected


# Conversion: what to_face makes of each kind of picture.


def test_grey_48x48_keeps_every_byte() -> None:
    face = to_face(Image.fromarray(FACE))
    assert face.dtype == np.uint8 and face.shape == (SIDE, SIDE) and face.flags.writeable
    np.testing.assert_array_equal(face, FACE)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "RGBX", "I", "F", "HSV"])
def test_grey_in_other_modes_is_the_same(mode: str) -> None:
    image = Image.fromarray(FACE)
    image = image.convert("RGB").convert(mode) if mode in ("RGBX", "HSV") else image.convert(mode)
    np.testing.assert_array_equal(to_face(image), FACE)


def test_a_grey_palette_is_exact(tmp_path: Path) -> None:
    with Image.open(save(tmp_path / "a.gif", Image.fromarray(FACE))) as image:
        np.testing.assert_array_equal(to_face(image), FACE)


def test_one_bit_and_cmyk() -> None:
    checks = np.indices((48, 48)).sum(axis=0) % 2 == 0
    np.testing.assert_array_equal(to_face(Image.fromarray(checks)), checks * np.uint8(255))
    ink = Image.fromarray(FACE).convert("RGB").convert("CMYK")
    assert np.abs(to_face(ink).astype(int) - FACE).max() <= 1


def test_colour_becomes_luma() -> None:
    for colour, grey in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        assert (to_face(Image.new("RGB", (60, 60), colour)) == grey).all()


def test_transparency_is_laid_over_mid_grey() -> None:
    assert (to_face(Image.new("RGBA", (50, 70), (255, 0, 0, 0))) == BACKDROP).all()
    half = to_face(Image.new("LA", (48, 48), (255, 128)))
    assert np.abs(half.astype(int) - 192).max() <= 1
    keyed = Image.fromarray(FACE).convert("P")
    keyed.info["transparency"] = keyed.getpixel((0, 0))
    assert to_face(keyed)[0, 0] == BACKDROP


def test_16_bit_is_scaled_not_clipped(tmp_path: Path) -> None:
    deep = FACE.astype(np.uint16) * 257
    with Image.open(save(tmp_path / "a.png", deep)) as image:
        assert image.mode.startswith("I")
        np.testing.assert_array_equal(to_face(image), FACE)
    with Image.open(save(tmp_path / "a.tif", deep)) as image:
        np.testing.assert_array_equal(to_face(image), FACE)
    big_endian = Image.frombytes("I;16B", (48, 48), deep.astype(">u2").tobytes())
    np.testing.assert_array_equal(to_face(big_endian), FACE)
    dark = Image.fromarray(np.full((48, 48), 200, np.uint16))
    assert (to_face(dark) == 1).all()  # 200 of 65,535, not 200 of 255


def test_32_bit_and_float_ranges() -> None:
    for array in (FACE.astype(np.float32) / 255, FACE.astype(np.float32), FACE.astype(np.float32) * 257):
        array.flat[0], array.flat[-1] = 0, array.max() / FACE.max() * 255
        expected = FACE.copy()
        expected.flat[-1] = 255
        np.testing.assert_array_equal(to_face(Image.fromarray(array)), expected)
    np.testing.assert_array_equal(to_face(Image.fromarray(FACE.astype(np.int32) * 257 + 0)), FACE)
    stretched = to_face(Image.fromarray(FACE.astype(np.float32) * 1e6 - 5e5))
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert (to_face(Image.fromarray(np.full((48, 48), -3.0, np.float32))) == 0).all()
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="not finite"):
            to_face(Image.fromarray(np.where(FACE == 10, value, FACE).astype(np.float32)))


def test_full_scale() -> None:
    assert full_scale("I;16", 0, 10) == (0, 65535)
    assert full_scale("I", 0, 255) == (0, 255)
    assert full_scale("I", 0, 256) == (0, 65535)
    assert full_scale("I", -1, 70_000) == (-1, 70_000)
    assert full_scale("F", 0, 0.5) == (0, 1)


def test_what_is_not_square_is_cropped_not_squeezed() -> None:
    wide = np.zeros((96, 300), np.uint8)
    wide[:, 102:198] = 200  # exactly the central square
    for picture in (wide, np.ascontiguousarray(wide.T)):
        face = to_face(Image.fromarray(picture)).astype(int)
        assert face.min() > 180  # no bars; at the edge the filter sees a little of what was cut away
        assert np.abs(face[2:-2, 2:-2] - 200).max() <= 2


def test_shrinking_is_antialiased_and_growing_works() -> None:
    stripes = np.zeros((480, 480), np.uint8)
    stripes[:, ::2] = 200  # picking single pixels would give 0 or 200
    assert np.abs(to_face(Image.fromarray(stripes)).astype(int)[2:-2, 2:-2] - 100).max() <= 2
    assert (to_face(Image.new("L", (1, 1), 77)) == 77).all()
    assert (to_face(Image.new("L", (1, 5000), 77)) == 77).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(48, 48), (96, 160)])
@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_exif_orientation(tmp_path: Path, orientation: int, size: tuple[int, int], ending: str) -> None:
    """Whether Pillow turns the picture itself as it loads it, as a TIFF, or leaves that to its users."""
    height, width = size
    upright = np.add.outer(np.arange(height), np.arange(width) // 2).astype(np.uint8)
    undone = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = Image.fromarray(upright)
    if undone is not None:
        stored = stored.transpose(Image.Transpose(undone))
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"lossless": True} if ending == "webp" else {}
    path = save(tmp_path / f"a.{ending}", np.asarray(stored), exif=exif, **how)
    difference = read_picture(path).astype(int) - to_face(Image.fromarray(upright))
    assert np.abs(difference).max() <= 1
    np.testing.assert_array_equal(read_picture(path, to_photo)[..., 0], upright)


@pytest.mark.parametrize("exif", [b"Exif\x00\x00junk", b"Exif\x00\x00MM\x00*\x00\x00\x00\xff", b"\xff" * 40])
def test_broken_exif_does_not_matter(tmp_path: Path, exif: bytes) -> None:
    save(tmp_path / "happy" / "a.jpg", np.full((48, 48), 90, np.uint8), exif=exif)
    assert np.abs(read(tmp_path).images.astype(int) - 90).max() <= 1


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("L", (48, 48), grey) for grey in (40, 120, 200)]
    for name in ("a.gif", "b.webp", "c.tif", "d.png"):
        save(tmp_path / "happy" / name, frames[0], save_all=True, append_images=frames[1:])
    assert np.abs(read(tmp_path).images.astype(int) - 40).max() <= 3


def test_to_face_leaves_the_picture_alone() -> None:
    image = Image.fromarray(np.full((60, 80, 4), 90, np.uint8))
    to_face(image)
    assert (image.mode, image.size) == ("RGBA", (80, 60))


def test_a_folder_with_a_csv_names_the_command_that_reads_it(tmp_path: Path) -> None:
    """As FER2013's own archive unpacks: README, fer2013.bib, fer2013.csv."""
    for name in ("README", "fer2013.bib"):
        (tmp_path / name).touch()
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    told = refusal(tmp_path)
    assert told.endswith(f"; for the CSV in it: 'feraug prepare {tmp_path / 'fer2013.csv'}'")
    (tmp_path / "models").mkdir()
    assert refusal(tmp_path).endswith(f"; for the CSV in it: 'feraug prepare {tmp_path / 'fer2013.csv'}'")
    (tmp_path / "fer2013.csv").write_text("path,label\na.png,3\n")
    assert refusal(tmp_path).endswith('that --emotions explains ("models=EMOTION")'), "it lists the pictures"
    save(tmp_path / "happy" / "a.png")
    assert "no emotion is called 'models'" in refusal(tmp_path), "these folders are emotions"


def test_what_a_folder_holds_is_told_in_part(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"cat{number}").mkdir()
    with pytest.raises(SourceError, match=r"\(it holds cat0, cat1, cat2, cat3 and 2 more\)"):
        list(PictureFolder(tmp_path).batches())


def test_the_folder_itself_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "faces" / "happy" / "a.png")
    monkeypatch.chdir(tmp_path / "faces")
    assert list(PictureFolder(".").digests()) == ["faces"]
    save(tmp_path / "faces" / "a.png")
    assert [group.name for group in photo_groups(Path())] == ["faces", "happy"]


@pytest.mark.parametrize(
    "ending", ["jpg", "JPEG", "jpe", "jfif", "tif", "tiff", "pgm", "ppm", "bmp", "gif", "webp"]
)
def test_every_usual_ending_counts_as_a_picture(tmp_path: Path, ending: str) -> None:
    save(tmp_path / "sad" / "a.png")
    (tmp_path / "sad" / "a.png").rename(tmp_path / "sad" / f"a.{ending}")
    assert len(read(tmp_path)) == 1


def test_a_picture_that_claims_an_absurd_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save(path)
    data = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", 40_000, 40_000) + data[24:29]
    path.write_bytes(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:])
    with pytest.raises(UnreadablePicture) as caught:
        read_picture(path)
    assert caught.value.cause == "picture too large"


def test_photos_are_no_litter_and_not_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/one.png", "a/.thumbnails/one.png", "__MACOSX/a/one.png", ".two.png"):
        save(tmp_path / name)
    assert [group.photos for group in photo_groups(tmp_path)] == [("a/one.png",)]
    monkeypatch.setattr("feraug.sources.photos.MAX_PHOTOS", 1)
    assert len(photo_groups(tmp_path)) == 1
    save(tmp_path / "a" / "two.png")
    with pytest.raises(SourceError, match="holds 2 photos; 1 is the limit"):
        photo_groups(tmp_path)
