"""Foreign data that is wrong: one line with file, row and what was expected, and never another exception."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feraug.emotions import parse_split
from feraug.errors import FeraugError, SourceError, UsageError
from feraug.sources import csv_text, open_source
from feraug.sources.drawn import DEFAULT_COUNT
from feraug.sources.fer2013 import Fer2013Csv
from feraug.sources.records import NO_SPLIT

RNG = np.random.default_rng(5)
PIXELS = [" ".join(map(str, RNG.integers(0, 256, 2304))) for _ in range(3)]
USAGES = ("Training", "PublicTest", "PrivateTest")
ROWS = [f"{label},{pixels},{usage}" for label, pixels, usage in zip((0, 3, 6), PIXELS, USAGES, strict=True)]
GOOD = "\n".join(["emotion,pixels,Usage", *ROWS]) + "\n"


def complaint(path: Path, content: bytes | str, *, skip_bad_rows: bool = False) -> str:
    """What the error says that reading ``content`` raises; it must be one line that names the file."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SourceError) as caught:
        for _ in open_source(str(path), skip_bad_rows=skip_bad_rows).batches():
            pass
    message = str(caught.value)
    assert "\n" not in message and message.isprintable() and len(message) < 600
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def skipped(path: Path, content: bytes | str) -> tuple[int, dict[str, int], list[str]]:
    """Rows read, and what was skipped, with ``skip_bad_rows``."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = Fer2013Csv(path, skip_bad_rows=True)
    rows = sum(len(batch) for batch in source.batches())
    return rows, source.skipped.causes, source.skipped.examples


def with_row(row: str, number: int = 3) -> str:
    """The good CSV with another row in the file's line ``number``."""
    lines = GOOD.splitlines()
    lines[number - 1] = row
    return "\n".join(lines) + "\n"


# Design section 9, CSV: cause and message of each bad row, raised and counted.

P = PIXELS[0]
CUT = P.rsplit(" ", 4)[0]
BAD_ROWS = [
    (f"3,{CUT},Training", "wrong number of pixels", "expected 2304 pixels, found 2300"),
    (f"3,{P} 7,Training", "wrong number of pixels", "expected 2304 pixels, found 2305"),
    ("3,,Training", "wrong number of pixels", "expected 2304 pixels, found 0"),
    (f"3,{CUT} 256 1 1 1,Training", "bad pixel value", "expected whole numbers 0-255 as pixels, found '256'"),
    (f"3,{CUT} 1 1 -5 1,Training", "bad pixel value", "expected whole numbers 0-255 as pixels, found '-5'"),
    (f"3,{CUT} 1 1 1 7.5,Training", "bad pixel value", "expected whole numbers 0-255 as pixels, found '7.5'"),
    (f"3,{CUT} 1 1 nan 1,Training", "bad pixel value", "expected whole numbers 0-255 as pixels, found 'nan'"),
    (f"3,{CUT} 1_0 1 1 1,Training", "bad pixel value", "found '1_0'"),
    (f"3,{CUT} 1 1 1 \x00,Training", "bad pixel value", "found '\\x00'"),
    (f"3,{CUT} 1 1 1 {'9' * 5000},Training", "bad pixel value", "found '9999999999"),
    (f"-1,{P},Training", "bad label", "expected a label 0-6 as emotion, found '-1'"),
    (f"3.0,{P},Training", "bad label", "expected a label 0-6 as emotion, found '3.0'"),
    (f",{P},Training", "bad label", "expected a label 0-6 as emotion, found ''"),
    (f"\x00,{P},Training", "bad label", "expected a label 0-6 as emotion, found '\\x00'"),
    (
        f"3,{P},Trainig",
        "unknown Usage",
        "unknown Usage 'Trainig' (did you mean 'Training'?); expected one of",
    ),
    (f"3,{P},", "unknown Usage", "unknown Usage ''; expected one of Training, PublicTest, PrivateTest"),
    (f"3,{P}", "wrong number of columns", "expected 3 columns, found 2"),
    (f"3,{P},Training,", "wrong number of columns", "expected 3 columns, found 4"),
    ("nonsense", "wrong number of columns", "expected 3 columns, found 1"),
    (f'3,"{P},Training', "broken quotes", "the quotes do not match"),
    (f"3,{P}{' ' * 70_000},Training", "row too long", "the line is longer than 65,536 bytes"),
]


@pytest.mark.parametrize(
    ("row", "cause", "message"), BAD_ROWS, ids=[f"{r[:12]!a}-{c}" for r, c, _ in BAD_ROWS]
)
def test_a_bad_row(tmp_path: Path, row: str, cause: str, message: str) -> None:
    told = complaint(tmp_path / "a.csv", with_row(row))
    assert told.startswith(", row 3: ") and message in told
    assert told.endswith("; --skip-bad-rows counts such rows instead")
    rows, causes, examples = skipped(tmp_path / "a.csv", with_row(row))
    assert (rows, causes) == (2, {cause: 1})
    assert examples[0].startswith("row 3: ") and message in examples[0]


@pytest.mark.parametrize("number", ["7", "8", "11"])
def test_a_number_that_is_no_label_is_not_to_be_skipped_lightly(tmp_path: Path, number: str) -> None:
    """Whoever skips the sevens of labels 1-7 loses an emotion, and has the others wrong."""
    told = complaint(tmp_path / "a.csv", with_row(f"{number},{P},Training"))
    assert told == (
        f", row 3: expected a label 0-6 as emotion, found '{number}'; FER2013's are 0 angry, 1 disgust, "
        "2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral, and --emotions says what others mean"
    )
    rows, causes, _ = skipped(tmp_path / "a.csv", with_row(f"{number},{P},Training"))
    assert (rows, causes) == (2, {"label 7" if number == "7" else "bad label": 1}), "there is a 0 as well"


def test_labels_from_one_to_seven_are_not_fer2013s(tmp_path: Path) -> None:
    content = "\n".join(["emotion,pixels", *(f"{label},{P}" for label in (1, 7, 3, 7)), ""])
    told = complaint(tmp_path / "a.csv", content, skip_bad_rows=True)
    assert told == (
        ": 2 rows have the label 7 and none has 0, so its numbers are not FER2013's; say what they mean, as "
        'in --emotions "1=angry,2=disgust,3=fear,4=happy,5=sad,6=surprise,7=neutral"'
    )


def test_the_first_of_several_bad_rows_is_named(tmp_path: Path) -> None:
    content = "\r\n".join(["emotion,pixels,Usage", "", ROWS[0], "8,1,Training", "9,1,x", *ROWS, ""])
    assert complaint(tmp_path / "a.csv", content).startswith(
        ", row 4: expected a label 0-6 as emotion, found '8'"
    )
    rows, causes, examples = skipped(tmp_path / "a.csv", content)
    assert (rows, causes) == (4, {"bad label": 2})
    assert [example[:6] for example in examples] == ["row 4:", "row 5:"]


def test_only_the_first_ten_skipped_rows_are_kept_by_name(tmp_path: Path) -> None:
    rows, causes, examples = skipped(tmp_path / "a.csv", GOOD + "8,1,Training\n" * 50)
    assert (rows, causes, len(examples)) == (3, {"bad label": 50}, 10)


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 13, 400, 9000])
def test_a_truncated_last_row(tmp_path: Path, cut: int) -> None:
    content = GOOD.rstrip("\n")[:-cut]
    if content.endswith("\n") or len(content.splitlines()) < 4:
        content = content.rstrip("\n")[:-5]
    told = complaint(tmp_path / "a.csv", content)
    number = len(content.splitlines())
    assert told.startswith(f", row {number}: ")
    assert "the last row has no line end: the file seems cut off" in told
    rows, causes, _ = skipped(tmp_path / "a.csv", content)
    assert (rows, causes) == (number - 2, {"truncated last row": 1})


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,b,c", "row 1: expected the header 'emotion,pixels,Usage' (Usage may be missing), found 'a,b,c'"),
        (ROWS[0], "row 1: expected the header 'emotion,pixels,Usage' (Usage may be missing), found '0,"),
        ("emotion,Usage", "row 1: the column 'pixels' is missing"),
        ("pixels,Usage", "row 1: the column 'emotion' is missing"),
        ("emotion,pixel,Usage", "row 1: unknown column 'pixel' (did you mean 'pixels'?)"),
        ("emotion,pixels,Usages", "row 1: unknown column 'usages' (did you mean 'usage'?)"),
        ("emotion,pixels,Usage,pixels", "row 1: the column 'pixels' stands there twice"),
        ("emotion;pixels;Usage", "row 1: the columns are separated by semicolons; save the file with commas"),
        ('"emotion";"pixels";"Usage"', "row 1: the columns are separated by semicolons; save the file with"),
        ("pixels;emotion", "row 1: the columns are separated by semicolons; save the file with commas"),
        ("emotion\tpixels\tUsage", "row 1: the columns are separated by tabs; save the file with commas"),
        ('"emotion,pixels,Usage', "row 1: the quotes do not match"),
        ("\x00\x01\x02", "row 1: expected the header"),
        ("x" * 100_000, "row 1: the line is longer than 65,536 bytes"),
    ],
    ids=lambda text: repr(text[:24]),
)
@pytest.mark.parametrize("skip", [False, True])
def test_a_wrong_header_is_refused_either_way(tmp_path: Path, header: str, message: str, skip: bool) -> None:
    told = complaint(tmp_path / "a.csv", "\n".join([header, *ROWS]), skip_bad_rows=skip)
    assert told.startswith(", " + message)
    assert "--skip-bad-rows" not in told


def tar_gz() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("fer2013/fer2013.csv")
        entry.size = len(GOOD)
        archive.addfile(entry, io.BytesIO(GOOD.encode()))
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("fer2013.csv", GOOD)
    return buffer.getvalue()


GZIP = gzip.compress((GOOD + "\n".join(ROWS * 19)).encode(), mtime=0)
WHOLE_FILE = [
    (b"", " is empty; copy or download the file again"),
    (b"\n \r\n\n", " is empty"),
    (b"\xef\xbb\xbf", " is empty"),
    (gzip.compress(b"", mtime=0), " is empty; copy or download the file again"),
    (b"emotion,pixels,Usage\n", " has a header but no rows"),
    (b"emotion,pixels,Usage", " has a header but no rows"),
    (GZIP[: len(GZIP) // 2], ": the gzip data is cut off"),
    (GZIP[:-4], ": the gzip data is cut off"),
    (GZIP[:5], ": the gzip data is cut off"),
    (GZIP[:30] + b"\xff\xff\xff\xff" + GZIP[34:], ": the gzip data is damaged"),
    (GZIP + b"garbage behind the end", ": the gzip data is damaged"),
    (GZIP[:-6] + b"\x00\x00" + GZIP[-4:], ": the gzip data is damaged"),
    (tar_gz(), " is a tar archive; unpack it first"),
    (zipped(), " is a zip archive (unpack it first), or a table of Excel (save it as CSV, UTF-8)"),
    (GOOD.encode("utf-16"), " is UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff" + GOOD.encode("utf-16-be"), " is UTF-16 text; save it as UTF-8"),
    (b"PK\x05\x06" + bytes(18), " is an empty zip archive"),
    (b"\xfd7zXZ\x00" + bytes(9), " is an xz archive; unpack it first"),
    (b"BZh91AY", " is a bzip2 archive; unpack it first"),
    (b"%PDF-1.7", " is a PDF, not a CSV"),
    (b"\x89PNG\r\n\x1a\n", " is a picture; give the folder that holds the pictures"),
    (b"\xff\xd8\xff\xe0", " is a picture; give the folder that holds the pictures"),
    (b"\x89HDF\r\n\x1a\n" + bytes(100), " is an HDF5 file, not a CSV"),
    (bytes(range(256)) * 40, ", row 1: expected the header"),
    (bytes(5_000_000), ", row 1: the line is longer than 65,536 bytes"),
]


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(
    ("content", "message"), WHOLE_FILE, ids=[f"{n}{m[:20]}" for n, (_, m) in enumerate(WHOLE_FILE)]
)
def test_what_concerns_the_whole_file(tmp_path: Path, content: bytes, message: str, skip: bool) -> None:
    assert message in complaint(tmp_path / "a.csv", content, skip_bad_rows=skip)


@pytest.mark.parametrize(("rows", "told"), [("7,1\n8,1\n", "2 rows"), ("7,1\n", "1 row")])
def test_nothing_left_after_skipping(tmp_path: Path, rows: str, told: str) -> None:
    found = complaint(tmp_path / "a.csv", f"emotion,pixels\n{rows}", skip_bad_rows=True)
    assert found.startswith(f": none of its {told} can be used; first, row 2: expected a label 0-6")


def test_an_endless_line_takes_bounded_memory(tmp_path: Path) -> None:
    """300 MB without a line end in row 3: named at once, or passed over while reading on."""
    path = tmp_path / "a.csv"
    head, tail = GOOD[: GOOD.index("\n", 30) + 1].encode(), b"\n" + GOOD.splitlines()[2].encode() + b"\n"
    with path.open("wb") as stream:
        stream.write(head)
        stream.seek(300_000_000, os.SEEK_CUR)
        stream.write(tail)
    import tracemalloc

    tracemalloc.start()
    source = Fer2013Csv(path, skip_bad_rows=True)
    assert sum(len(batch) for batch in source.batches()) == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.skipped.causes == {"row too long": 1}
    assert peak < 8_000_000
    with pytest.raises(SourceError, match="row 3: the line is longer than 65,536 bytes"):
        list(Fer2013Csv(path).batches())


# Paths.


def test_paths_that_are_no_csv(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"there is no '/nowhere/a\.csv'; give a FER2013 CSV, a folder of pictures"
    ):
        open_source("/nowhere/a.csv")
    for text in ("", "a\x00b", "x" * 5000, "~nobody-of-that-name/x", "new\nline"):
        with pytest.raises(SourceError) as caught:
            open_source(text)
        assert str(caught.value).isprintable()
    with pytest.raises(SourceError, match=r"is a folder; expected a CSV file"):
        list(Fer2013Csv(tmp_path).batches())
    for method in (Fer2013Csv.digests, lambda source: list(source.batches())):
        with pytest.raises(SourceError, match=r"missing\.csv does not exist"):
            method(Fer2013Csv(tmp_path / "missing.csv"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError):
        open_source(str(tmp_path / "file" / "below.csv"))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(str(tmp_path / "loop"))


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    source = open_source(str(tmp_path / "pipe"))
    told: list[str] = []

    def read() -> None:
        for method in (source.digests, lambda: list(source.batches())):
            try:
                method()
            except FeraugError as error:
                told.append(str(error))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert len(told) == 2 and all("is not a regular file" in message for message in told)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.csv").write_text(GOOD)
    monkeypatch.setattr(Path, "open", refuse)  # not by chmod: the tests may run as root
    for method in (Fer2013Csv.digests, lambda source: list(source.batches())):
        with pytest.raises(SourceError, match=r"a\.csv cannot be read: Permission denied"):
            method(Fer2013Csv(tmp_path / "a.csv"))


def test_a_disk_that_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.RawIOBase):
        given = False

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if self.given:
                raise OSError(5, "Input/output error")
            self.given = True
            text = GOOD.encode()[:15_000]
            buffer[: len(text)] = text
            return len(text)

    monkeypatch.setattr(csv_text, "open_regular", lambda path: Failing())
    with pytest.raises(SourceError, match=r"cannot be read after row 2: Input/output error"):
        list(Fer2013Csv(tmp_path / "a.csv").batches())


@pytest.mark.parametrize(
    "text", ["drawn:abc", "drawn:0", "drawn:", "drawn:-5", "drawn:1.5", "drawn:000", "drawn:٣٠٠"]
)
def test_drawn_with_a_bad_number(text: str) -> None:
    with pytest.raises(UsageError, match=r"drawn:N needs a whole number of faces, as in drawn:5000"):
        open_source(text)


@pytest.mark.parametrize("number", ["1000001", "999999999999", "9" * 5000])
def test_more_drawn_faces_than_anybody_can_hold(number: str) -> None:
    with pytest.raises(UsageError, match=r"is too many; 1,000,000 faces \(2.3 GB\) is the limit"):
        open_source(f"drawn:{number}")
    assert open_source("drawn:" + "0" * 5000 + "1000000").kind == "drawn"


# Mutations of a good file: either the slow definition reads the same, or one line that names the file.


def reference(content: bytes) -> list[tuple[int, int, list[int]]] | None:
    """What a CSV without quotes and gzip means, by definition; None where anything in it is wrong."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines = [line for line in lines if line.strip()]
    if not lines or any(len(line) >= 65_536 for line in lines):
        return None
    names = [cell.strip().lower() for cell in lines[0].split(b",")]
    named = [name for name in names if name]
    if sorted(named) not in ([b"emotion", b"pixels"], [b"emotion", b"pixels", b"usage"]):
        return None
    rows = []
    for line in lines[1:]:
        cells = dict(zip(names, line.rstrip(b"\r").split(b","), strict=False))
        if len(line.split(b",")) != len(names):
            return None
        pixels = [word for word in cells[b"pixels"].replace(b"\t", b" ").split(b" ") if word]
        label = cells[b"emotion"].strip()
        if len(pixels) != 2304 or label not in [b"%d" % code for code in range(7)]:
            return None
        if set(b"".join(pixels)) - set(b"0123456789") or any(int(word) > 255 for word in pixels):
            return None
        split = NO_SPLIT
        if b"usage" in cells:
            try:
                name = parse_split(cells[b"usage"].decode("utf-8"))
            except (UsageError, UnicodeDecodeError):
                return None
            split = ("train", "validation", "test").index(name)
        rows.append((int(label), split, [int(word) for word in pixels]))
    return rows or None


def mutate(data: st.DataObject, content: bytes) -> bytes:
    """One or two random changes to the file."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 2))):
        kind = data.draw(
            st.sampled_from(["flip", "insert", "delete", "truncate", "value", "swap", "edge", "repeat"])
        )
        # Half of all places near a comma or line end: that is where the structure is.
        marks = [found.start() for found in re.finditer(rb"[,\n]", changed)] or [0]
        near = st.sampled_from(marks).flatmap(lambda mark: st.integers(max(mark - 3, 0), mark + 3))
        place = min(
            data.draw(st.one_of(st.integers(0, max(len(changed) - 1, 0)), near)), max(len(changed) - 1, 0)
        )
        piece = data.draw(
            st.one_of(
                st.binary(min_size=1, max_size=3),
                st.sampled_from([b",", b"\n", b"\r", b" ", b"9", b"\x00", b"\t"]),
            )
        ).replace(b'"', b"'")  # quotes have tests of their own
        if kind == "flip" and changed:
            changed[place] = piece[0]
        elif kind == "insert":
            changed[place:place] = piece
        elif kind == "delete":
            del changed[place : place + data.draw(st.integers(1, 12))]
        elif kind == "truncate":
            del changed[place:]
        elif kind == "value":
            words = bytes(changed).split(b" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(
                st.integers(-300, 1300).map(lambda number: b"%d" % number)
            )
            changed = bytearray(b" ".join(words))
        elif kind == "swap":
            rows = [line.split(b",") for line in bytes(changed).split(b"\n")]
            order = data.draw(st.permutations(range(3)))
            whole = data.draw(st.booleans())  # every row, or one alone
            chosen = range(len(rows)) if whole else [data.draw(st.integers(0, len(rows) - 1))]
            for number in chosen:
                if len(rows[number]) == 3:
                    rows[number] = [rows[number][column] for column in order]
            changed = bytearray(b"\n".join(b",".join(row) for row in rows))
        elif kind == "edge":
            changed[:0] = piece
        else:
            changed += changed[place:]
    return bytes(changed)


OUTCOMES = {"read": 0, "refused": 0}


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_mutated_files_read_exactly_or_are_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = mutate(data, GOOD.encode())
    expected = None if b'"' in content or content[:2] in (b"\x1f\x8b", b"\xff\xfe") else reference(content)
    path = tmp_path_factory.getbasetemp() / "mutated.csv"
    path.write_bytes(content)
    try:
        batches = list(open_source(str(path)).batches())
    except SourceError as error:
        message = str(error)
        assert expected is None, message
        assert str(path) in message and message.isprintable() and len(message) < 600
        OUTCOMES["refused"] += 1
    else:
        found = [
            (int(label), int(split), image.ravel().tolist())
            for batch in batches
            for label, split, image in zip(batch.labels, batch.split, batch.images, strict=True)
        ]
        # The definition above knows no line ends of a lone CR; that they are read is tested elsewhere.
        assert found == expected or re.search(rb"\r(?!\n)", content)
        OUTCOMES["read"] += 1
    try:  # with skipping: nothing but SourceError either, and what is read is among what a row means
        for batch in open_source(str(path), skip_bad_rows=True).batches():
            assert batch.images.shape == (len(batch), 48, 48)
    except SourceError:
        pass


def test_the_mutations_were_of_both_kinds() -> None:
    """Runs after the test above (file order): neither branch of it was idle."""
    if not any(OUTCOMES.values()):
        pytest.skip("the mutations did not run in this process")
    assert min(OUTCOMES.values()) >= 20, OUTCOMES


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
@example(None)
def test_damaged_gzip_never_escapes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject | None
) -> None:
    content = bytearray(GZIP)
    if data is not None:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(2, len(content) - 1))] = data.draw(st.integers(0, 255))
        del content[data.draw(st.integers(3, len(content))) :]
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    path.write_bytes(content)
    for skip in (False, True):
        try:
            rows = sum(len(batch) for batch in open_source(str(path), skip_bad_rows=skip).batches())
        except SourceError as error:
            assert str(path) in str(error) and str(error).isprintable()
        else:
            assert rows <= 60


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300))
def test_binary_junk(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        list(open_source(str(path), skip_bad_rows=True).batches())


def test_drawn_faces_are_of_the_seed_with_a_number_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feraug.sources.drawn.source._BATCH", 50)  # enough to see whose faces they are
    plain, numbered, other = (
        next(iter(open_source(text, seed=seed).batches())).images
        for text, seed in (("drawn", 5), (f"drawn:{DEFAULT_COUNT}", 5), ("drawn", 6))
    )
    np.testing.assert_array_equal(plain, numbered)
    assert not np.array_equal(plain, other)
