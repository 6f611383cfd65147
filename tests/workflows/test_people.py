"""``prepare --person``: whose faces the names of pictures say they are, one person in one split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import feraug
from feraug.cli.console import audit_text
from feraug.config import PrepareConfig
from feraug.emotions import EMOTIONS
from feraug.errors import UsageError
from feraug.sources.records import NO_SPLIT
from feraug.store.dataset import DatasetArrays, read_dataset, read_source_names
from feraug.store.workspace import Workspace
from feraug.workflows.audit import RowFacts
from feraug.workflows.events import Event, Note
from feraug.workflows.info import describe
from feraug.workflows.people import people, people_note, tell_people
from feraug.workflows.prepare import PrepareResult, prepare
from feraug.workflows.report import report
from feraug.workflows.trace import trace

PERSON = r"S\d+"


NAMES = ["happy/S11_1.png", "happy/S10_2.png", "sad/S11_2.png", "sad/1/S12_3.png"]


def rows_of(names: list[str], split: int = NO_SPLIT) -> RowFacts:
    """Rows of pictures in folders ``happy`` and ``sad``."""
    count = len(names)
    labels = np.array([3 if "happy/" in name else 4 for name in names], np.uint8)
    rows = np.arange(count)
    digests = np.zeros((count, 16), np.uint8)
    splits = np.full(count, split, np.uint8)
    return RowFacts(labels, labels, splits, rows, digests, rows < 0, None, np.array(names, object))


@pytest.mark.parametrize(
    ("pattern", "expected", "told"),
    [
        (r"S\d+", [1, 0, 1, 2], "3 people (S10, S11, S12)"),
        (r"S(\d+)_", [1, 0, 1, 2], "3 people (10, 11, 12)"),
        (r"S(?:\d+)_(\d)", [0, 1, 1, 2], "3 people (1, 2, 3)"),
        (r"\w+", [2, 1, 3, 0], "4 people (1, S10_2, S11_1, …); no one has two pictures"),
        (r"[a-z1]+", [1, 0, 1, 0], "2 people (1, 11)"),
    ],
)
def test_a_person_is_what_the_pattern_finds_below_the_emotion(
    pattern: str, expected: list[int], told: str
) -> None:
    rows = rows_of(NAMES)
    assert tell_people(rows, pattern) == told
    assert rows.person is not None and (rows.person.tolist(), rows.person.dtype) == (expected, np.int32)
    inside = rows_of([f"training/{name}" for name in NAMES], split=0)
    assert tell_people(inside, pattern) == told, "and below the split"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (
            r"S(\d",
            r"'S(\d' is no regular expression (missing ), unterminated subpattern at position 1); for S052_0",
        ),
        (r"a{99999999999999999999}", "is no regular expression"),
        ("(?:" * 5000, "is no regular expression"),
        (
            r"(S)(\d)",
            r"'(S)(\d)' has 2 groups in brackets, and one of them names the person; write the others",
        ),
        (r"T\d", r"'T\d' finds no person in 4 names of 4, first happy/S11_1.png"),
        (r"S11|S10", "'S11|S10' finds no person in 1 name of 4, first sad/1/S12_3.png"),
        (r"S1\d(_9)?", "finds no person in 4 names of 4"),
        (r"x*", "finds no person in 4 names of 4"),
        (r"^(?:1/)?S1(?=1_1|0)|^", "finds no person in 2 names of 4"),
    ],
)
def test_patterns_that_find_nobody(pattern: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        tell_people(rows_of(NAMES), pattern)
    assert words in str(refused.value) and str(refused.value).startswith("--person: ")


def test_one_person_for_each_emotion_is_a_word_for_it() -> None:
    names = ["happy/001_smiling.png", "happy/002_smiling.png", "sad/001_crying.png"]
    words = (
        r"'\[a-z\]\+' finds one person in each emotion \(crying, smiling\), the first in happy/001_smiling"
    )
    with pytest.raises(UsageError, match=words):
        tell_people(rows_of(names), "[a-z]+")
    assert tell_people(rows_of(names), r"\d+") == "2 people (001, 002)"


def test_a_pattern_that_python_warns_of_says_nothing_else(recwarn: pytest.WarningsRecorder) -> None:
    assert tell_people(rows_of(NAMES), r"[[S]\d+") == "3 people (S10, S11, S12)"
    assert not recwarn.list


def write_faces(root: Path, split: str = "", people: int = 12, each: int = 10, seed: int = 0) -> Path:
    """Noise, all different: ``each`` pictures of ``people``, their emotions in turn."""
    random = np.random.default_rng(seed)
    for person in range(people):
        for number in range(each):
            folder = root / split / EMOTIONS[(person + number) % 7]
            folder.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"S{person:02d}_{number}.png")
    return root


def prepared(source: Path, path: Path, **settings: Any) -> tuple[PrepareResult, DatasetArrays, list[str]]:
    """The result, what stands in the file, and the notes."""
    notes: list[str] = []
    config = PrepareConfig(person=PERSON, near_copies=False, **settings)
    result = prepare(
        str(source),
        config,
        path,
        notify=lambda event: notes.append(event.text) if isinstance(event, Note) else None,
    )
    return result, read_dataset(path), notes


def named(path: Path) -> list[str]:
    names = read_source_names(path)
    assert names is not None
    return names


def test_a_drawn_split_keeps_people_together(tmp_path: Path) -> None:
    faces = write_faces(tmp_path / "faces")
    result, dataset, notes = prepared(faces, tmp_path / "d.h5")
    person = dataset.columns["person"]
    assert [int(name.partition("S")[2][:2]) for name in named(tmp_path / "d.h5")] == person.tolist()
    homes = [set(dataset.split[person == one].tolist()) for one in range(12)]
    assert all(len(home) == 1 for home in homes)
    assert np.bincount([home.pop() for home in homes]).tolist() == [10, 1, 1]
    assert notes == [
        "12 people (S00, S01, S02, …)",
        "the source has no split: 80/10/10 of each emotion, person by person, as nearly as placing large "
        "ones first gets",
    ]
    assert result.facts["audit"]["people"] == {"total": 12, "in_train": {"validation": 0, "test": 0}}
    assert not dataset.columns["person_in_train"].any()
    other = prepared(faces, tmp_path / "other.h5", seed=1)[1]
    assert not np.array_equal(other.split, dataset.split)
    events: list[Event] = []
    alone = prepare(str(faces), PrepareConfig(near_copies=False), tmp_path / "alone.h5", notify=events.append)
    (told,) = [event.text for event in events if isinstance(event, Note) and "no split" in event.text]
    assert told.endswith("those drawn show people in train unless --person PATTERN keeps those together")
    assert "people" not in alone.facts["audit"] and people(alone.facts["audit"]) is None
    split = read_dataset(tmp_path / "alone.h5").split
    assert any(len(set(split[person == one].tolist())) > 1 for one in range(12))


def test_few_people_can_be_enough_in_test(tmp_path: Path) -> None:
    """Of a tenth of 12 people one would be tested, and no benchmark could show anything of fewer than six."""
    faces = write_faces(tmp_path / "faces")
    _, dataset, notes = prepared(faces, tmp_path / "d.h5", test_share=0.5)
    person = dataset.columns["person"]
    homes = [dataset.split[person == one][0] for one in range(12)]
    assert np.bincount(homes).tolist() == [5, 1, 6]
    assert notes[1].startswith("the source has no split: 40/10/50 of each emotion, person by person")


def test_identical_pictures_of_two_people_are_in_one_split(tmp_path: Path) -> None:
    faces = write_faces(tmp_path / "faces")
    for person in range(1, 12):
        same = next(faces.glob(f"*/S{person:02d}_0.png"))
        if person % 2:  # S00 is S01, S02 is S03
            same.write_bytes(next(faces.glob(f"*/S{person - 1:02d}_0.png")).read_bytes())
    dataset = prepared(faces, tmp_path / "d.h5")[1]
    home = [int(dataset.split[dataset.columns["person"] == one][0]) for one in range(12)]
    assert home[::2] == home[1::2] and set(home) == {0, 1, 2}


@pytest.mark.parametrize(("sharing", "apart"), [(range(12), True), (range(8), True), (range(3), False)])
def test_a_picture_that_many_people_have_does_not_put_them_together(
    sharing: range, apart: bool, tmp_path: Path
) -> None:
    faces = write_faces(tmp_path / "faces")
    title = next(faces.glob("*/S00_0.png")).read_bytes()
    for person in sharing:
        next(faces.glob(f"*/S{person:02d}_0.png")).write_bytes(title)
    _, dataset, notes = prepared(faces, tmp_path / "d.h5")
    home = [int(dataset.split[dataset.columns["person"] == one][0]) for one in range(12)]
    assert np.bincount(home).tolist() == [10, 1, 1]
    assert apart or len({home[one] for one in sharing}) == 1
    assert sum("have identical images in common, too many for one split" in note for note in notes) == apart


def test_fewer_people_than_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--person: 2 people for 3 splits; each takes one or more"):
        prepared(write_faces(tmp_path / "two", people=2), tmp_path / "d.h5")
    write_faces(tmp_path / "own", "train", people=1)
    write_faces(tmp_path / "own", "test", people=1, seed=1)
    assert prepared(tmp_path / "own", tmp_path / "d.h5")[0].facts["audit"]["people"]["total"] == 1
    with pytest.raises(UsageError, match="--person: 1 person for 2 splits; each takes one or more"):
        prepared(tmp_path / "own", tmp_path / "e.h5", validation_share=0.2)


@pytest.mark.figures  # of the report
def test_people_in_two_splits_of_the_source_are_told(tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    write_faces(faces, "train", people=4, seed=1)
    write_faces(faces, "test", people=6, each=3, seed=2)
    result, dataset, notes = prepared(faces, tmp_path / "d.h5", drop_duplicates=True)
    assert result.facts["audit"]["people"] == {"total": 6, "in_train": {"validation": 0, "test": 12}}
    known = dataset.columns["person_in_train"]
    np.testing.assert_array_equal(known, (dataset.split == 2) & (dataset.columns["person"] < 4))
    assert notes[1] == people_note(result.facts["audit"])
    assert notes[1].startswith("images of people in train, whom classifiers know by then: 12 in test; with")
    described = describe(tmp_path / "d.h5")
    assert described["flags"]["person_in_train"] == {"train": 0, "validation": 0, "test": 12}
    line = "6 people; images of people in train: 0 in validation, 12 in test"
    assert line in audit_text(result.facts).splitlines()
    fewer = prepared(faces, tmp_path / "blank.h5", drop_blank=True)[0].facts
    fewer["dropped"]["blank"] = 1  # as if there had been one
    assert f"after dropping, {line}" in audit_text(fewer).splitlines()
    page = report(Workspace(tmp_path), out=tmp_path / "page.html").path.read_text("utf-8")
    assert "images of people in train" in page and "0 in validation, 12 in test" in page
    assert f"{people_note(result.facts['audit'])}." in page
    share = prepared(faces, tmp_path / "share.h5", validation_share=0.3)[1]
    homes = [
        set(share.split[(share.columns["person"] == one) & (share.split != 2)].tolist()) for one in range(4)
    ]
    assert sorted(homes, key=min) == [{0}, {0}, {0}, {1}]


def test_names_stay_with_their_images(tmp_path: Path) -> None:
    faces = write_faces(tmp_path / "faces", people=4)
    first, last = sorted(str(path.relative_to(faces).as_posix()) for path in faces.glob("*/*.png"))[
        :: 4 * 10 - 1
    ]
    (faces / last).write_bytes((faces / first).read_bytes())
    Image.new("L", (48, 48)).save(faces / "happy" / "S00_blank.png")
    prepared(faces, tmp_path / "d.h5", drop_blank=True)
    data = feraug.open_dataset(tmp_path / "d.h5")
    assert data.columns["source_name"].tolist() == named(tmp_path / "d.h5")
    copies = data.columns["source_name"][data.columns["duplicate_group"] == 0]
    assert copies.tolist() == [first, last], "which pictures are copies"
    for row in (0, 20, len(data) - 1):
        name = str(data.columns["source_name"][row])
        np.testing.assert_array_equal(np.asarray(Image.open(faces / name)), data.images[row])
        assert trace(tmp_path / "d.h5", row)[0].what.endswith(f", {name}")
    happy = data.select(emotion="happy").columns["source_name"]
    assert len(happy) and all(name.startswith("happy/") for name in happy)


def test_only_pictures_have_names(tmp_path: Path) -> None:
    csv = tmp_path / "faces.csv"
    csv.write_text("emotion,pixels\n0," + " ".join(["7"] * 2304) + "\n", "ascii")
    for source, kind in ((str(csv), "a CSV"), ("drawn:100", "drawn")):
        with pytest.raises(
            UsageError, match=f"--person: is for folders, whose pictures have names; .* is {kind}"
        ):
            prepare(source, PrepareConfig(person="S"), tmp_path / "d.h5")
    assert not (tmp_path / "d.h5").exists()
    prepare("drawn:100", PrepareConfig(), tmp_path / "d.h5")
    assert read_source_names(tmp_path / "d.h5") is None
    assert "source_name" not in feraug.open_dataset(tmp_path / "d.h5").columns
