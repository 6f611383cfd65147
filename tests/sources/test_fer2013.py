"""FER2013's CSV: the layouts that exist, exact pixels, and the fast parser against the exact one."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feraug.emotions import parse_meanings
from feraug.errors import SourceError
from feraug.sources import open_source
from feraug.sources.csv_text import BadRow, Line
from feraug.sources.fer2013 import BATCH_ROWS, Fer2013Csv, Layout, parse_block, parse_row
from feraug.sources.pixel_text import decode_cells, parse_pixels
from feraug.sources.records import NO_SPLIT, FaceRecords

USAGES = ("Training", "PublicTest", "PrivateTest")


def make_images(count: int, seed: int = 0) -> np.ndarray:
    images = np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)
    images[0] = 0  # the shortest row there is
    images[-1] = 255  # the longest
    return images


def pixel_text(image: np.ndarray, blank: str = " ") -> str:
    return blank.join(str(value) for value in image.ravel())


def read(path: Path, **options: bool) -> FaceRecords:
    batches = list(Fer2013Csv(path, **options).batches())
    return FaceRecords(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
        np.concatenate([batch.split for batch in batches]),
    )


def write_csv(path: Path, images: np.ndarray, header: str, row: str, newline: str = "\n") -> Path:
    lines = [header]
    for number, image in enumerate(images):
        lines.append(row.format(emotion=number % 7, usage=USAGES[number % 3], pixels=pixel_text(image)))
    path.write_bytes((newline.join(lines) + newline).encode())
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion,pixels,Usage", "{emotion},{pixels},{usage}"),
        ("emotion, Usage, pixels", "{emotion},{usage},{pixels}"),
        ("Usage,pixels,emotion", "{usage},{pixels},{emotion}"),
        ("EMOTION,Pixels,usage", '{emotion},"{pixels}",{usage}'),
        ('"emotion","pixels","Usage"', '"{emotion}","{pixels}","{usage}"'),
        ("emotion,pixels,Usage", ' {emotion} , "{pixels}" , {usage} '),
        (",emotion,pixels,Usage", "17,{emotion},{pixels},{usage}"),
    ],
)
def test_columns_are_found_by_name(tmp_path: Path, header: str, row: str) -> None:
    images = make_images(20)
    records = read(write_csv(tmp_path / "a.csv", images, header, row))
    np.testing.assert_array_equal(records.images, images)
    np.testing.assert_array_equal(records.labels, np.arange(20) % 7)
    np.testing.assert_array_equal(records.split, np.arange(20) % 3)
    assert records.images.dtype == records.labels.dtype == records.split.dtype == np.uint8


def test_train_csv_has_no_split(tmp_path: Path) -> None:
    records = read(write_csv(tmp_path / "train.csv", make_images(9), "emotion,pixels", "{emotion},{pixels}"))
    assert (records.split == NO_SPLIT).all()
    np.testing.assert_array_equal(records.images, make_images(9))


@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\n\n  \n", "\r"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, newline: str, last: str) -> None:
    path = write_csv(
        tmp_path / "a.csv", make_images(3), "emotion,pixels,Usage", "{emotion},{pixels},{usage}", newline
    )
    path.write_bytes(path.read_bytes().rstrip() + last.encode())
    np.testing.assert_array_equal(read(path).images, make_images(3))


def test_bom_and_gzip_by_content(tmp_path: Path) -> None:
    plain = write_csv(
        tmp_path / "a.csv", make_images(3), "emotion,pixels,Usage", "{emotion},{pixels},{usage}"
    )
    text = b"\xef\xbb\xbf" + plain.read_bytes()
    plain.write_bytes(text)
    zipped = tmp_path / "without-the-extension.csv"
    zipped.write_bytes(gzip.compress(text))
    lying = tmp_path / "plain.csv.gz"
    lying.write_bytes(text)
    members = tmp_path / "members.gz"
    members.write_bytes(gzip.compress(text[:5000]) + gzip.compress(text[5000:]))
    for path in (plain, zipped, lying, members):
        np.testing.assert_array_equal(read(path).images, make_images(3), err_msg=path.name)


def test_usage_in_other_spellings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    pixels = pixel_text(make_images(1)[0])
    names = ["train", "TRAINING", "val", "publictest", "Validation", "test", "privateTest"]
    path.write_text("emotion,pixels,Usage\n" + "".join(f"0,{pixels},{name}\n" for name in names))
    assert read(path).split.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_blanks_between_numbers_and_leading_zeros(tmp_path: Path) -> None:
    image = make_images(2)[1]
    odd = ["  " + pixel_text(image, "   ") + "  ", pixel_text(image, "\t"), "0000" + pixel_text(image)]
    path = tmp_path / "a.csv"
    path.write_text("emotion,pixels\n" + "".join(f"3,{text}\n" for text in odd))
    assert (read(path).images == image).all()


def test_labels_may_be_words_or_what_is_said_of_them(tmp_path: Path) -> None:
    images = make_images(4)
    labels = ["Happiness", " sad", "2", "contempt"]
    rows = [f"{label},{pixel_text(image)}" for label, image in zip(labels, images, strict=True)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["emotion,pixels", *rows]))
    with pytest.raises(SourceError, match="row 5: expected a label 0-6 as emotion, found 'contempt'"):
        read(path)
    source = Fer2013Csv(path, meanings=parse_meanings("contempt=none"))
    assert [batch.labels.tolist() for batch in source.batches()] == [[3, 4, 2]]
    assert source.skipped.causes == {"left out by --emotions": 1}
    assert source.skipped.examples == ["row 5: 'contempt' is left out by --emotions"]
    path.write_text(
        "\n".join(["emotion,pixels", f"\u00c4RGER,{pixel_text(images[0])}", ""]), encoding="utf-8"
    )
    (batch,) = Fer2013Csv(path, meanings=parse_meanings("\u00e4rger=angry")).batches()
    assert batch.labels.tolist() == [0]
    with pytest.raises(SourceError, match=r"and --emotions says what others mean \(none leaves them out\)$"):
        read(path)
    path.write_text("\n".join(["emotion,pixels", *rows]))
    # Where one number means something else, FER2013's mean nothing.
    told = "row 4: expected as emotion a word for it or one of --emotions (8, contempt), found '2', and"
    with pytest.raises(SourceError, match=re.escape(told)):
        list(Fer2013Csv(path, meanings=parse_meanings("8=happy,contempt=none")).batches())
    source = Fer2013Csv(path, meanings=parse_meanings("2=surprise,contempt=angry"))
    assert [batch.labels.tolist() for batch in source.batches()] == [[3, 4, 5, 0]]


def test_batches_are_bounded_and_in_order(tmp_path: Path) -> None:
    count = 2 * BATCH_ROWS + 7
    images = np.zeros((count, 48, 48), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(count) % 251, np.arange(count) // 251
    path = write_csv(tmp_path / "a.csv", images, "emotion,pixels,Usage", "{emotion},{pixels},{usage}")
    source = Fer2013Csv(path)
    tracemalloc.start()
    sizes, seen = [], []
    for batch in source.batches():
        sizes.append(len(batch))
        seen.append(batch.images[:, 0, :2].copy())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(sizes) <= BATCH_ROWS and sum(sizes) == count
    np.testing.assert_array_equal(np.concatenate(seen), images[:, 0, :2])
    assert peak < 5 * BATCH_ROWS * 48 * 48  # two batches and their parts, however long the file
    assert source.skipped.total == 0


def test_a_source_can_be_read_twice(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", make_images(3), "emotion,pixels", "{emotion},{pixels}")
    path.write_text(path.read_text() + "9,1 2 3\n")
    source = Fer2013Csv(path, skip_bad_rows=True)
    for _ in range(2):
        assert sum(len(batch) for batch in source.batches()) == 3
        assert source.skipped.causes == {"bad label": 1}


def test_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"emotion,pixels\n"))
    assert Fer2013Csv(path).digests() == {"a.csv.gz": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert Fer2013Csv(path).kind == "csv"


# The fast parser against the exact one.

GOOD = [str(value).encode() for value in make_images(3)[1].ravel()]
words = st.one_of(
    st.integers(0, 255).map(lambda value: b"%d" % value),
    st.sampled_from(
        [b"256", b"299", b"300", b"999", b"1000", b"007", b"0255", b"00", b"", b" ", b"\t", b"\r"]
    ),
    st.sampled_from(
        [b"-1", b"+1", b"1.0", b"1e2", b"1_0", b"x", b"\x00", b"\xff", b"\xd9\xa3", b"12 13", b"/", b":"]
    ),
    st.binary(max_size=4),
)
cells = st.builds(
    lambda edits, cut, blank: blank.join(_edited(edits, cut)),
    st.lists(st.tuples(st.integers(0, 2303), words), max_size=3),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
    st.sampled_from([b" ", b" ", b" ", b"  ", b"\t"]),
)


def _edited(edits: list[tuple[int, bytes]], cut: int) -> list[bytes]:
    numbers = list(GOOD)
    for place, word in edits:
        numbers[place] = word
    return numbers[:-1] if cut < 0 else numbers + [b"7"] * cut


def reference(cell: bytes) -> np.ndarray | None:
    """The definition, number by number: digits 0-9 only, at most 255, 2,304 of them."""
    numbers = [word for word in cell.replace(b"\t", b" ").split(b" ") if word]
    if len(numbers) != 2304 or not all(set(word) <= set(b"0123456789") for word in numbers):
        return None
    values = [int(word) for word in numbers]
    return np.array(values, np.uint8).reshape(48, 48) if max(values) <= 255 else None


@settings(max_examples=300, deadline=None)
@given(st.lists(cells, min_size=1, max_size=4))
def test_fast_and_exact_parser_agree_with_the_definition(given_cells: list[bytes]) -> None:
    expected = [reference(cell) for cell in given_cells]
    for cell, image in zip(given_cells, expected, strict=True):
        if image is None:
            with pytest.raises(BadRow):
                parse_pixels(cell)
        else:
            np.testing.assert_array_equal(parse_pixels(cell), image)
    fast = decode_cells(given_cells)
    if fast is not None:
        assert all(image is not None for image in expected)
        np.testing.assert_array_equal(fast, np.stack(expected))


@given(st.integers(0, 2**32), st.integers(0, 255), st.integers(0, 255), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_usual_text_takes_the_fast_way(seed: int, low: int, high: int, blanks: int) -> None:
    values = np.random.default_rng(seed).integers(min(low, high), max(low, high) + 1, 2304)
    cell = (b" " * blanks).join(b"%d" % value for value in values.tolist())
    fast = decode_cells([cell, b" " + cell + b" "])
    assert fast is not None
    assert (fast.reshape(2, -1) == values).all()


def test_every_value_at_every_neighbourhood() -> None:
    """All pairs of neighbouring values."""
    pairs = [(a, b) for a in range(256) for b in range(256)]
    values = np.array(pairs, np.uint8).ravel()[: 2304 * (len(pairs) * 2 // 2304)].reshape(-1, 48, 48)
    for start in range(0, len(values), 6):
        block = values[start : start + 6]
        decoded = decode_cells([pixel_text(image).encode() for image in block])
        np.testing.assert_array_equal(decoded, block)


def test_no_number_above_255_passes_the_fast_way() -> None:
    for number in range(256, 1000):
        numbers = list(GOOD)
        numbers[number % 2304] = b"%d" % number
        assert decode_cells([b" ".join(numbers)]) is None, number


def test_rows_of_wrong_length_do_not_make_up_for_each_other() -> None:
    short, long = b" ".join(GOOD[:-1]), b" ".join([*GOOD, b"1"])
    assert decode_cells([b" ".join(GOOD)] * 2) is not None
    assert decode_cells([short, long]) is None
    assert decode_cells([long, short]) is None
    assert decode_cells([b"", b" ".join(GOOD + GOOD)]) is None


def test_block_and_row_parser_give_the_same_records() -> None:
    layout = Layout(3, 0, 1, 2)
    text = b"4," + b" ".join(GOOD) + b",PrivateTest\r\n"
    block, row = parse_block([Line(2, text)], layout), parse_row(text, layout)
    assert block is not None
    for name in ("images", "labels", "split"):
        np.testing.assert_array_equal(getattr(block, name), getattr(row, name))


# The real data, where it lies.

DATA = Path(os.environ.get("FERAUG_TEST_DATA", "/nonexistent"))


@pytest.mark.skipif(not (DATA / "fer2013.csv").is_file(), reason="FERAUG_TEST_DATA has no fer2013.csv")
def test_the_real_csv() -> None:
    pixels, labels, splits = hashlib.sha256(), np.zeros(7, int), np.zeros(3, int)
    for batch in open_source(str(DATA / "fer2013.csv")).batches():
        pixels.update(batch.images)
        labels += np.bincount(batch.labels, minlength=7)
        splits += np.bincount(batch.split, minlength=3)
    assert pixels.hexdigest() == "b1e0669f3e34347a47c00b78cf7eac6b1e3f916cf2c74b0d3996186bdcc31827"
    assert labels.tolist() == [4953, 547, 5121, 8989, 6077, 4002, 6198]
    assert splits.tolist() == [28709, 3589, 3589]


@pytest.mark.skipif(
    (DATA / "fer2013.csv").is_file() or not (DATA / "unpack_fer2013.py").is_file(),
    reason="FERAUG_TEST_DATA has no fer2013.xz with unpack_fer2013.py, or has the CSV itself",
)
def test_the_real_pixels_packed(tmp_path: Path) -> None:
    """The first thousand rows, written as the CSV has them: unpacking all takes 10 s, writing all 20 s."""
    spec = importlib.util.spec_from_file_location("unpack_fer2013", DATA / "unpack_fer2013.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    images, emotion, usage = (array[:1000] for array in module.load())
    path = tmp_path / "fer2013.csv"
    with path.open("w") as stream:
        stream.write("emotion,pixels,Usage\n")
        for image, label, part in zip(images, emotion, usage, strict=True):
            stream.write(f"{label},{pixel_text(image)},{USAGES[part]}\n")
    records = read(path)
    np.testing.assert_array_equal(records.images, images)
    np.testing.assert_array_equal(records.labels, emotion)
    np.testing.assert_array_equal(records.split, usage)
