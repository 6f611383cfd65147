"""``prepare`` from each kind of source: what stands in the file, what the audit counts, what is dropped."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from feraug.config import PrepareConfig
from feraug.emotions import EMOTIONS, SPLITS
from feraug.errors import ConfigConflictError, SourceError, UsageError
from feraug.sources.drawn import MINIMUM_COUNT
from feraug.store.dataset import read_dataset
from feraug.workflows.audit import copies_within, drop_sentences, dropped_after_audit
from feraug.workflows.events import Event, Note
from feraug.workflows.prepare import PrepareResult, prepare

USAGES = ("Training", "PublicTest", "PrivateTest")
FAST = PrepareConfig(near_copies=False)


def prepared(source: str, config: PrepareConfig, path: Path) -> tuple[PrepareResult, list[str]]:
    """What ``prepare`` makes, and the notes that it gives."""
    notes: list[str] = []
    result = prepare(
        source,
        config,
        path,
        notify=lambda event: notes.append(event.text) if isinstance(event, Note) else None,
    )
    return result, notes


def write_csv(path: Path, images: NDArray[np.uint8], labels: list[int], usages: list[int]) -> Path:
    rows = [
        f"{label},{' '.join(map(str, image.ravel()))},{USAGES[usage]}"
        for image, label, usage in zip(images, labels, usages, strict=True)
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    return path


@pytest.fixture
def planted(tmp_path: Path) -> tuple[Path, NDArray[np.uint8]]:
    """Twelve images: 0-5 train, 6-8 validation, 9-11 test; copies, a conflict and a blank among them."""
    images = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    images[2] = images[1]  # identical in train, same label
    images[4] = images[3]  # identical in train, other label
    images[6] = images[0]  # validation copy of a training image
    images[10] = images[3]  # test copy of a training image
    images[11] = images[9]  # identical within test
    images[5] = 0  # blank
    labels = [0, 1, 1, 2, 3, 4, 0, 5, 6, 1, 2, 1]
    usages = [0] * 6 + [1] * 3 + [2] * 3
    return write_csv(tmp_path / "planted.csv", images, labels, usages), images


def test_images_labels_and_splits_are_the_csv(
    planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path
) -> None:
    csv, images = planted
    result = prepare(str(csv), FAST, tmp_path / "dataset.h5")
    dataset = read_dataset(tmp_path / "dataset.h5")
    assert np.array_equal(dataset.images, images)
    assert dataset.labels.tolist() == [0, 1, 1, 2, 3, 4, 0, 5, 6, 1, 2, 1]
    assert dataset.split.tolist() == [0] * 6 + [1] * 3 + [2] * 3
    assert dataset.columns["source_row"].tolist() == list(range(12))
    assert result.images == 12
    assert result.splits["train"]["disgust"] == 2 and result.splits["test"]["fear"] == 1
    assert list(result.splits) == list(SPLITS) and list(result.splits["train"]) == list(EMOTIONS)


def test_the_audit_counts_and_flags_what_was_planted(
    planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path
) -> None:
    result = prepare(str(planted[0]), FAST, tmp_path / "dataset.h5")
    assert result.as_json()["audit"] == {
        "blank": 1,
        "duplicate_groups": 4,
        "redundant": 5,
        "conflicting_groups": 1,
        "leaks": {"validation": 1, "test": 1},
        "near_copies": None,
    }
    columns = read_dataset(tmp_path / "dataset.h5").columns
    assert np.flatnonzero(columns["copy_in_train"]).tolist() == [6, 10]
    assert np.flatnonzero(columns["blank"]).tolist() == [5]
    group = columns["duplicate_group"]
    assert group[0] == group[6] and group[3] == group[4] == group[10] and group[7] == -1
    assert "near_copy_in_train" not in columns


def test_drops_are_told_and_leave_the_rest_in_order(
    planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path
) -> None:
    csv, images = planted
    config = PrepareConfig(near_copies=False, drop_blank=True, drop_duplicates=True, drop_leaks=True)
    result = prepare(str(csv), config, tmp_path / "dataset.h5")
    kept = [1, 6, 7, 8, 9, 10]  # 0 and 3 leak, 2 4 11 repeat, 5 is blank
    dataset = read_dataset(tmp_path / "dataset.h5")
    assert dataset.columns["source_row"].tolist() == kept
    assert np.array_equal(dataset.images, images[kept])
    assert not dataset.columns["copy_in_train"].any()
    assert (dataset.columns["duplicate_group"] == -1).all()
    assert result.facts["dropped"] == {"blank": 1, "duplicates": 3, "leaks": 2, "ferplus": {}}
    assert drop_sentences(result.facts) == [
        "dropped by --drop-blank: 1 image with all pixels equal",
        "dropped by --drop-duplicates: 3 images identical to an earlier one of the same split",
        "dropped by --drop-leaks: 2 images of train with a copy in validation or test",
    ]
    assert result.facts["audit"]["leaks"] == {"validation": 1, "test": 1}, "the audit is of the data as read"


def test_nothing_is_said_of_what_was_not_dropped(
    planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path
) -> None:
    result = prepare(str(planted[0]), FAST, tmp_path / "dataset.h5")
    assert drop_sentences(result.facts) == []
    config = PrepareConfig(near_copies=False, drop_blank=True)
    again = prepare("drawn:140", config, tmp_path / "drawn.h5")
    assert again.facts["dropped"]["blank"] == 0
    assert drop_sentences(again.facts) == []
    strange = {"audit": {"near_copies": None}, "dropped": {"blank": "many", "leaks": -1, "ferplus": [3]}}
    assert drop_sentences(strange) == [], "a file that a stranger made"
    assert [dropped_after_audit(facts) for facts in (again.facts, strange)] == [False, False]
    for held in ({}, {"copies_within": 3}, {"copies_within": {"validation": "many", "test": 1}}):
        assert copies_within({"audit": held}) is None


def test_drawn_faces_are_different_people_and_not_searched_for_near_copies(tmp_path: Path) -> None:
    result, notes = prepared("drawn:100", PrepareConfig(), tmp_path / "dataset.h5")
    assert notes == ["near copies are not looked for: every drawn face is another person"]
    assert result.facts["audit"]["near_copies"] is None
    assert prepare("drawn:100", FAST, tmp_path / "dataset.h5").already_done
    # Nothing to say of a search where nothing is done or everything is refused.
    for config in (PrepareConfig(), PrepareConfig(seed=1)):
        with suppress(ConfigConflictError):
            prepare("drawn:100", config, tmp_path / "dataset.h5", notify=notes.append)
    assert len(notes) == 1


def test_near_copies_are_flagged_and_their_originals_dropped_on_request(tmp_path: Path) -> None:
    from feraug.sources.drawn import draw

    images = draw(0, range(30))
    labels = np.arange(30) % 7
    images[20] = images[0, :, ::-1]  # a mirrored test copy of a training image
    images[24] = images[29, :, ::-1]  # and one of another test image
    usages = [0] * 15 + [1] * 5 + [2] * 10
    csv = write_csv(tmp_path / "near.csv", images, labels.tolist(), usages)
    result = prepare(str(csv), PrepareConfig(), tmp_path / "dataset.h5")
    assert result.facts["audit"]["near_copies"] == {"validation": 0, "test": 1}
    columns = read_dataset(tmp_path / "dataset.h5").columns
    assert np.flatnonzero(columns["near_copy_in_train"]).tolist() == [20]
    assert columns["near_copy_row"][20] == 0
    assert columns["near_copy_group"].tolist() == [-1] * 24 + [0, -1, -1, -1, -1, 0]
    assert copies_within(result.facts) == {"validation": 0, "test": 2}
    prepare(str(csv), PrepareConfig(drop_leaks=True), tmp_path / "clean.h5")
    clean = read_dataset(tmp_path / "clean.h5")
    assert clean.columns["source_row"].tolist() == list(range(1, 30))
    assert not clean.columns["near_copy_in_train"].any()
    assert np.flatnonzero(clean.columns["near_copy_group"] == 0).tolist() == [23, 28], "a row has gone"
    assert drop_sentences(clean.header.extra) == [
        "dropped by --drop-leaks: 1 image of train with a copy in validation or test"
    ]


def test_no_original_stays_of_an_image_with_more_than_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit lists so many partners of an image and no more; all of them go."""
    from feraug.metrics import shortlist
    from feraug.sources.drawn import draw

    monkeypatch.setattr(shortlist, "MOST_PARTNERS", 3)
    images = draw(0, range(20))
    noise = np.random.default_rng(0).integers(-3, 4, (8, 48, 48))
    images[:8] = np.clip(images[15].astype(int) + noise, 0, 255)  # variants of a test image, in train
    csv = write_csv(tmp_path / "near.csv", images, [0] * 20, [0] * 15 + [2] * 5)
    result = prepare(str(csv), PrepareConfig(drop_leaks=True), tmp_path / "clean.h5")
    assert read_dataset(tmp_path / "clean.h5").columns["source_row"].tolist() == list(range(8, 20))
    assert result.facts["dropped"]["leaks"] == 8


def write_without_split(csv: Path, images: NDArray[np.uint8]) -> Path:
    """A CSV that names no split, all emotions in turn."""
    rows = [f"{row % 7},{' '.join(map(str, image.ravel()))}" for row, image in enumerate(images)]
    csv.write_text("\n".join(["emotion,pixels", *rows]))
    return csv


def test_a_source_without_splits_gets_a_stratified_one(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)
    csv = write_without_split(tmp_path / "train.csv", images)
    first = prepare(str(csv), FAST, tmp_path / "first.h5")
    assert {name: sum(counts.values()) for name, counts in first.splits.items()} == {
        "train": 56,
        "validation": 7,
        "test": 7,
    }
    prepare(str(csv), PrepareConfig(near_copies=False, seed=1), tmp_path / "other.h5")
    splits = [read_dataset(tmp_path / f"{name}.h5").split for name in ("first", "other")]
    assert not np.array_equal(*splits)


def test_a_drawn_split_keeps_identical_images_together_and_says_what_it_cannot_see(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)
    images[33:66] = images[:33]  # of other emotions, mostly
    csv = write_without_split(tmp_path / "train.csv", images)
    told: list[Event] = []
    result = prepare(str(csv), FAST, tmp_path / "together.h5", notify=told.append)
    split = read_dataset(tmp_path / "together.h5").split
    assert set(split[:33]) == {0, 1, 2}, "else they would be together anyhow"
    np.testing.assert_array_equal(split[33:66], split[:33])
    assert result.facts["audit"]["leaks"] == {"validation": 0, "test": 0}
    images[33:66] = 0  # blank ones teach nothing, and would take a split with them
    blank = write_without_split(tmp_path / "blank.csv", images)
    prepare(str(blank), FAST, tmp_path / "blank.h5")
    assert set(read_dataset(tmp_path / "blank.h5").split[33:66]) == {0, 1, 2}
    (note,) = (one.text for one in told if isinstance(one, Note))
    assert note.startswith("the source has no split: 80/10/10 at random, picture by picture (identical")
    for source in ("drawn:100", write_csv(tmp_path / "split.csv", images[:3], [0, 1, 2], [0, 1, 2])):
        told.clear()
        prepare(str(source), FAST, tmp_path / f"{Path(source).stem}.h5", notify=told.append)
        assert not any(isinstance(one, Note) and "no split" in one.text for one in told), source


def copies_in_threes(count: int) -> NDArray[np.uint8]:
    """Images of which three each are near copies of one another, in turn: a, b, …, a', b', …, a'', b'', …"""
    from tests.metrics.planted import faces, shifted

    once = faces(3, count)
    return np.concatenate([once, once[:, :, ::-1], np.stack([shifted(image, 1, 0) for image in once])])


def test_a_drawn_split_keeps_near_copies_together_where_they_are_looked_for(tmp_path: Path) -> None:
    images = copies_in_threes(70)
    images[3] = images[0]  # joins two groups
    csv = write_without_split(tmp_path / "train.csv", images)
    result, notes = prepared(str(csv), PrepareConfig(), tmp_path / "near.h5")
    split = read_dataset(tmp_path / "near.h5").split
    assert (split.reshape(3, 70) == split[:70]).all() and split[3] == split[0]
    assert set(split) == {0, 1, 2}
    assert result.facts["audit"]["near_copies"] == {"validation": 0, "test": 0}
    assert {name: sum(counts.values()) // 3 for name, counts in result.splits.items()} == {
        "train": 56, "validation": 7, "test": 7,
    }  # fmt: skip
    assert "picture by picture (copies and near copies together)" in notes[0]
    apart = prepare(str(csv), FAST, tmp_path / "apart.h5")
    assert apart.facts["audit"]["leaks"] == {"validation": 0, "test": 0}
    split = read_dataset(tmp_path / "apart.h5").split
    assert not (split.reshape(3, 70) == split[:70]).all()


def test_a_chain_of_many_images_does_not_take_a_split_with_it(tmp_path: Path) -> None:
    images = np.concatenate([copies_in_threes(60), np.zeros((24, 48, 48), np.uint8)])
    for row in range(180, 204):  # each is a near copy of the next, and the last two are identical
        images[row] = np.roll(images[0], min(row, 202) - 192, axis=0)
    csv = write_without_split(tmp_path / "train.csv", images)
    _, notes = prepared(str(csv), PrepareConfig(), tmp_path / "chain.h5")
    told = "images are near copies of one another by a chain, too many for one split: of these only identical"
    assert any(told in note for note in notes)
    split = read_dataset(tmp_path / "chain.h5").split
    assert set(split[180:]) == {0, 1, 2} and split[202] == split[203]
    beside = split[:180].reshape(3, 60)[:, 1:]  # but for the one that is of the chain
    assert (beside == beside[0]).all()


def test_many_identical_images_are_no_chain(tmp_path: Path) -> None:
    images = copies_in_threes(20)
    images[40:] = np.random.default_rng(0).integers(0, 256, (48, 48))
    csv = write_without_split(tmp_path / "train.csv", images)
    _, notes = prepared(str(csv), PrepareConfig(), tmp_path / "same.h5")
    assert not any("by a chain" in note for note in notes)
    assert len(set(read_dataset(tmp_path / "same.h5").split[40:])) == 1


@pytest.mark.parametrize("near", [True, False])
def test_a_share_of_train_becomes_validation(tmp_path: Path, near: bool) -> None:
    images = copies_in_threes(70)
    images[1] = images[0]
    csv = write_csv(tmp_path / "two.csv", images, [row % 7 for row in range(210)], [0] * 200 + [2] * 10)
    config = PrepareConfig(validation_share=0.2, near_copies=near)
    result = prepare(str(csv), config, tmp_path / "d.h5")
    dataset = read_dataset(tmp_path / "d.h5")
    assert (dataset.split[200:] == 2).all() and not (dataset.split[:200] == 2).any()
    validation = sum(result.splits["validation"].values())
    assert 30 <= validation <= 50 and min(result.splits["validation"].values()) > 0
    assert dataset.split[1] == dataset.split[0], "identical ones together"
    assert np.array_equal(dataset.split[2:60], dataset.split[72:130]) == near
    untested = write_csv(tmp_path / "val.csv", images, [row % 7 for row in range(210)], [0] * 200 + [1] * 10)
    told = "has 10 validation images and no test image; call those 'test', or leave it out"
    with pytest.raises(UsageError, match=told):
        prepare(str(untested), config, tmp_path / "e.h5")
    with pytest.raises(UsageError, match=r"--validation-share: the source has 1 validation image; leave it"):
        prepare(
            str(write_csv(tmp_path / "v.csv", images[:3], [0, 1, 2], [0, 1, 2])), config, tmp_path / "v.h5"
        )


def test_shares_of_a_split_that_is_drawn(tmp_path: Path) -> None:
    images = copies_in_threes(70)
    bare = write_without_split(tmp_path / "n.csv", images)

    def split(source: Path, **shares: float) -> tuple[list[int], list[str]]:
        found, told = prepared(str(source), replace(FAST, **shares), tmp_path / f"{source.stem}{shares}.h5")
        return [sum(found.splits[name].values()) for name in SPLITS], told

    assert split(bare)[0] == split(bare, validation_share=0.1, test_share=0.1)[0]
    counts, told = split(bare, test_share=0.4)
    assert abs(counts[2] - 84) <= 7 and abs(counts[1] - 21) <= 7
    assert told[0].startswith("the source has no split: 50/10/40 at random")
    counts, told = split(bare, validation_share=0.25, test_share=0.25)
    assert all(abs(count - expected) <= 7 for count, expected in zip(counts, (105, 52, 53), strict=True))
    with pytest.raises(UsageError, match=r"--validation-share, --test-share: 0\.5 and 0\.5 leave nothing to"):
        split(bare, validation_share=0.5, test_share=0.5)
    labels = [row % 7 for row in range(210)]
    alone = write_csv(tmp_path / "train.csv", images, labels, [0] * 210)
    counts, told = split(alone, test_share=0.2)
    assert (
        counts[1] == 0 and abs(counts[2] - 42) <= 7 and told[0].startswith("test is drawn from train picture")
    )
    counts, told = split(alone, test_share=0.2, validation_share=0.1)
    assert counts[1] > 0 and told[0].startswith(
        "validation and test are drawn from train picture by picture; "
    )
    whole = write_csv(tmp_path / "two.csv", images, labels, [0] * 200 + [2] * 10)
    with pytest.raises(UsageError, match=r"--test-share: the source has 10 test images; leave it out"):
        split(whole, test_share=0.2)


def test_a_share_of_train_is_kept_by_emotion(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (210, 48, 48), dtype=np.uint8)
    labels = [row % 7 if row % 3 else 3 for row in range(210)]
    images[150:] = images[:60]  # copies of training images in validation and test
    csv = write_csv(tmp_path / "all.csv", images, labels, [0] * 150 + [1] * 30 + [2] * 30)
    kept: dict[float, set[int]] = {}
    for share in (1.0, 0.5, 0.2):
        path = tmp_path / f"{share}.h5"
        result, _ = prepared(str(csv), replace(FAST, train_share=share), path)
        data = read_dataset(path)
        train = data.columns["source_row"][data.rows(split="train")]
        kept[share] = set(train.tolist())
        assert [*data.columns["source_row"][len(train) :]] == list(range(150, 210)), "the others are whole"
        np.testing.assert_array_equal(data.images, images[data.columns["source_row"]])
        counts = np.bincount(data.labels[: len(train)], minlength=7)
        of_all = np.bincount(labels[:150], minlength=7)
        assert np.abs(counts - share * of_all).max() < 1
        told = drop_sentences(result.facts)
        gone = 150 - len(train)
        assert told == ([f"left out by --train-share: {gone} training images"] if gone else [])
        leaks = sum(int(row in kept[share]) for row in range(60))
        assert sum(result.facts["audit"]["leaks"].values()) == leaks, "audited as it is now"
        assert not dropped_after_audit(result.facts)
    assert kept[0.2] < kept[0.5] < kept[1.0], "a smaller share lies within a larger one"
    prepare(str(csv), replace(FAST, train_share=0.2, seed=1), tmp_path / "other.h5")
    other = read_dataset(tmp_path / "other.h5")
    assert set(other.columns["source_row"][other.rows(split="train")].tolist()) != kept[0.2]


def test_what_is_odd_about_pictures_is_told(tmp_path: Path) -> None:
    root = folder_of_pictures(tmp_path / "faces", *(f"{split}/happy" for split in SPLITS))
    wide = np.random.default_rng(0).integers(0, 256, (60, 90), dtype=np.uint8)
    Image.fromarray(wide).save(root / "train" / "happy" / "wide.png")
    dark = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint16)  # 8 bits in 16
    Image.fromarray(dark).save(root / "test" / "happy" / "dark.png")
    Image.new("L", (48, 48)).save(root / "test" / "happy" / "blank.png")  # which the audit counts
    (root / "test" / "happy" / "notes.txt").write_text("x")
    result, notes = prepared(str(root), FAST, tmp_path / "d.h5")
    scaled, weak = notes[1:3]
    assert scaled.startswith(
        "scaled to 48x48: 1 of 9 pictures, 1 of them cropped to their central square first; each should be a"
    )
    assert weak.startswith("fewer than 16 grey levels from darkest to brightest: 1 of 9 pictures; 16-bit pic")
    assert result.facts["skipped"] == {
        "total": 1, "causes": {"not a picture": 1},
        "examples": ["test/happy/notes.txt: not a picture's file name"],
    }  # fmt: skip
    for number in range(93):
        shutil.copy(root / "train" / "happy" / "0.png", root / "train" / "happy" / f"again-{number}.png")
    _, notes = prepared(str(root), FAST, tmp_path / "many.h5")
    assert not any("grey levels" in note for note in notes), "one in 102 is no pattern"
    csv = write_csv(tmp_path / "x.csv", np.full((2, 48, 48), 3, np.uint8), [0, 1], [0, 1])
    _, notes = prepared(str(csv), FAST, tmp_path / "x.h5")
    assert not any("pictures" in note for note in notes)


def test_what_a_source_calls_the_emotions_is_a_setting(tmp_path: Path) -> None:
    root = folder_of_pictures(tmp_path / "faces", *(f"{split}/{name}" for split in SPLITS for name in "12"))
    with pytest.raises(SourceError, match=r"folders named by numbers \(1, 2\)"):
        prepare(str(root), FAST, tmp_path / "d.h5")
    config = PrepareConfig(near_copies=False, emotions=" 2=Fear, 1=surprised")
    assert config.emotions == "1=surprise,2=fear"
    result = prepare(str(root), config, tmp_path / "d.h5")
    assert result.splits["test"] == {**dict.fromkeys(EMOTIONS, 0), "surprise": 2, "fear": 2}
    assert prepare(str(root), config, tmp_path / "d.h5").already_done
    with pytest.raises(
        ConfigConflictError, match="emotions: 1=surprise,2=fear in the file, 1=fear,2=surprise"
    ):
        prepare(str(root), PrepareConfig(near_copies=False, emotions="2=surprise,1=fear"), tmp_path / "d.h5")
    with pytest.raises(UsageError, match="--emotions: drawn faces have feraug's own emotions"):
        prepare("drawn:100", config, tmp_path / "e.h5")


def test_a_drawn_split_goes_by_the_labels_of_the_votes(tmp_path: Path) -> None:
    """FER+ knows the source's own splits, or none; what is drawn has each of its emotions in every split."""
    images = np.random.default_rng(0).integers(0, 256, (90, 48, 48), dtype=np.uint8)
    csv = write_without_split(tmp_path / "train.csv", images)
    columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rare = dict.fromkeys(range(0, 90, 30), 5)  # three disgusted ones, of emotions 0, 2 and 4 in the source
    votes = [[10 * (place == rare.get(row, 1)) for place in range(10)] for row in range(90)]
    lines = [f"Training,fer{row:07}.png,{','.join(map(str, one))}" for row, one in enumerate(votes)]
    (tmp_path / "fer2013new.csv").write_text("\n".join([f"Usage,Image name,{columns}", *lines, ""]))
    config = PrepareConfig(near_copies=False, labels="ferplus")
    result = prepare(str(csv), config, tmp_path / "d.h5", ferplus=tmp_path / "fer2013new.csv")
    assert [counts["disgust"] for counts in result.splits.values()] == [1, 1, 1]
    assert [counts["happy"] for counts in result.splits.values()] == [69, 9, 9]


def test_ferplus_votes_are_stored_by_position_and_relabel(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
    csv = write_csv(tmp_path / "fer2013.csv", images, [0, 1, 2, 3], [0, 0, 1, 2])
    columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes = [[9, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0] * 9 + [10], [0, 5, 5] + [0] * 7, [0, 0, 0, 6, 4] + [0] * 5]
    lines = [
        f"{USAGES[usage]},fer00000{77 + row}.png,{','.join(map(str, counts))}"  # the names are off
        for row, (usage, counts) in enumerate(zip([0, 0, 1, 2], votes, strict=True))
    ]
    ferplus = tmp_path / "fer2013new.csv"
    ferplus.write_text("\n".join([f"Usage,Image name,{columns}", *lines, ""]))

    prepare(str(csv), FAST, tmp_path / "votes.h5", ferplus=ferplus)
    stored = read_dataset(tmp_path / "votes.h5")
    assert stored.labels.tolist() == [0, 1, 2, 3]
    assert stored.columns["ferplus"].tolist() == votes

    config = PrepareConfig(near_copies=False, labels="ferplus-majority")
    result = prepare(str(csv), config, tmp_path / "majority.h5", ferplus=ferplus)
    assert read_dataset(tmp_path / "majority.h5").labels.tolist() == [6, 4]
    assert drop_sentences(result.facts)[0].startswith("dropped by --labels ferplus-majority: 2 images")
    config = PrepareConfig(near_copies=False, labels="ferplus")
    result = prepare(str(csv), config, tmp_path / "relabelled.h5", ferplus=ferplus)
    relabelled = read_dataset(tmp_path / "relabelled.h5")
    assert [EMOTIONS[label] for label in relabelled.labels] == ["neutral", "sad"]
    assert relabelled.columns["source_labels"].tolist() == [0, 3]
    assert relabelled.columns["source_row"].tolist() == [0, 3]
    dropped = {cause: count for cause, count in result.facts["dropped"]["ferplus"].items() if count}
    assert dropped == {"not-a-face": 1, "tie": 1}
    assert drop_sentences(result.facts) == [
        "dropped by --labels ferplus: 2 images without one of the seven emotions (1 not-a-face, 1 tie)"
    ]

    with pytest.raises(UsageError, match="--ferplus"):
        prepare(str(csv), config, tmp_path / "none.h5")


def folder_of_pictures(root: Path, *places: str) -> Path:
    """Two pictures, different everywhere, at each of ``split/emotion``."""
    noise = np.random.default_rng(0)
    for place in places:
        (root / place).mkdir(parents=True)
        for number in range(2):
            pixels = noise.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(root / place / f"{number}.png")
    return root


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (
            [f"{split}/{emotion}" for split in ("train", "test") for emotion in EMOTIONS],
            [
                "no validation images: classifiers, filter, compare and bench need some; "
                "to take them out of train, prepare again with --validation-share 0.1 --overwrite added"
            ],
        ),
        (
            [f"{split}/{emotion}" for split in SPLITS for emotion in ("happy", "sad", "fear", "angry")],
            ["no training images of disgust, surprise, neutral: no --pair can have such an emotion"],
        ),
        (
            ["train/sad", "train/happy", "train/fear", "validation/sad", "test/happy"],
            [
                "no training images of angry, disgust, surprise, neutral: no --pair can have such an emotion",
                "no test images of fear, sad: that recall is not measured, and balanced accuracy is the mean "
                "of the others",
            ],
        ),
        (
            ["validation/happy"],
            [
                "no training images: nothing can be trained or made from this dataset",
                "no test images: no result can be measured on faces that training has not seen",
            ],
        ),
    ],
)
def test_what_is_empty_is_told_with_what_it_means(
    tmp_path: Path, places: list[str], expected: list[str]
) -> None:
    source = str(folder_of_pictures(tmp_path / "faces", *places))
    notes: list[str] = []

    def keep(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    assert not prepare(source, FAST, tmp_path / "dataset.h5", notify=keep).already_done
    assert notes == expected
    assert prepare(source, FAST, tmp_path / "dataset.h5", notify=keep).already_done
    assert notes == [*expected, *expected]


def test_run_again(planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path) -> None:
    path = tmp_path / "dataset.h5"
    csv = planted[0]
    assert not prepare(str(csv), FAST, path).already_done
    before = path.read_bytes()
    again = prepare(str(csv), FAST, path)
    assert again.already_done and path.read_bytes() == before
    assert prepare(str(csv.rename(tmp_path / "moved.csv")), FAST, path).already_done, "told apart by content"
    with h5py.File(path, "r+") as file:  # as builds wrote it that had fewer settings
        config = json.loads(file.attrs["config"])
        first = {"source", "labels", "near_copies", "drop_blank", "drop_duplicates", "drop_leaks"}
        config = {name: config[name] for name in {*first, "skip_bad_rows", "seed"}}
        file.attrs["config"] = np.bytes_(json.dumps(config))
    assert prepare(str(tmp_path / "moved.csv"), FAST, path).already_done
    with pytest.raises(ConfigConflictError, match="drop_blank: False in the file, True asked for"):
        prepare(str(tmp_path / "moved.csv"), PrepareConfig(near_copies=False, drop_blank=True), path)
    with pytest.raises(
        ConfigConflictError, match=r"holds the faces of a CSV, not drawn:280; --workspace DIR or"
    ):
        prepare("drawn:280", FAST, path)
    prepare("drawn:280", FAST, path, overwrite=True)
    with pytest.raises(ConfigConflictError, match=r"holds drawn:280, not .*moved\.csv; "):
        prepare(str(tmp_path / "moved.csv"), FAST, path)
    assert len(read_dataset(path).images) == 280


def test_two_inputs_of_one_name_are_two(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 48, 48), dtype=np.uint8)
    csvs = []
    for number, pixels in enumerate(images):
        (tmp_path / str(number)).mkdir()
        csvs.append(write_csv(tmp_path / str(number) / "data.csv", pixels, [0, 1, 2, 3], [0, 0, 1, 2]))
    votes = tmp_path / "votes" / "data.csv"
    votes.parent.mkdir()
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows = [f"{USAGES[usage]},fer{row}.png,10,0,0,0,0,0,0,0,0,0" for row, usage in enumerate([0, 0, 1, 2])]
    votes.write_text("\n".join([header, *rows, ""]))
    prepare(str(csvs[0]), FAST, tmp_path / "d.h5", ferplus=votes)
    assert len(read_dataset(tmp_path / "d.h5").header.provenance.inputs) == 2
    with pytest.raises(ConfigConflictError, match="made from"):
        prepare(str(csvs[1]), FAST, tmp_path / "d.h5", ferplus=votes)


def test_votes_belong_to_the_rows_of_a_csv(tmp_path: Path) -> None:
    """A folder is read emotion by emotion: votes by position would be other pictures'."""
    (tmp_path / "faces" / "happy").mkdir(parents=True)
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "faces" / "happy" / "1.png")
    (tmp_path / "votes.csv").touch()
    for source in (str(tmp_path / "faces"), "drawn:100"):
        with pytest.raises(UsageError, match=r"--ferplus: is for fer2013\.csv, row by row"):
            prepare(source, FAST, tmp_path / "d.h5", ferplus=tmp_path / "votes.csv")


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("emotion,pixels,Usage\n3,1 2 3,Training\n")
    with pytest.raises(SourceError):
        prepare(str(bad), FAST, tmp_path / "out" / "dataset.h5")
    assert list((tmp_path / "out").iterdir()) == []


def test_real_fer2013(test_data: Path, tmp_path: Path) -> None:
    csv = test_data / "fer2013.csv"
    if not csv.exists():
        pytest.skip("no fer2013.csv there")
    result = prepare(str(csv), FAST, tmp_path / "dataset.h5", ferplus=test_data / "ferplus_fer2013new.csv")
    assert result.images == 35_887
    assert list(result.splits["train"].values()) == [3995, 436, 4097, 7215, 4830, 3171, 4965]
    assert list(result.splits["validation"].values()) == [467, 56, 496, 895, 653, 415, 607]
    assert list(result.splits["test"].values()) == [491, 55, 528, 879, 594, 416, 626]
    audit = result.facts["audit"]
    assert (audit["blank"], audit["duplicate_groups"], audit["redundant"]) == (12, 1516, 1853)
    assert (audit["conflicting_groups"], audit["leaks"]) == (57, {"validation": 280, "test": 288})


def test_messages_say_where_and_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.zeros((2, 48, 48), np.uint8)
    csv = str(write_csv(tmp_path / "blank.csv", blank, [3, 3], [0, 1]))
    path = tmp_path / "dataset.h5"
    with pytest.raises(SourceError) as caught:
        prepare(csv, PrepareConfig(drop_blank=True), path)
    assert str(caught.value) == (
        "no image is left (dropped by --drop-blank: 2 images with all pixels equal); "
        "leave out one of these options"
    )

    (tmp_path / "bad.csv").write_text(Path(csv).read_text() + "9,1 2 3,Training\n")
    votes = tmp_path / "fer2013new.csv"
    votes.touch()
    with pytest.raises(SourceError) as caught:
        prepare(str(tmp_path / "bad.csv"), replace(FAST, skip_bad_rows=True), path, ferplus=votes)
    assert "bad.csv: FER+ votes belong to rows by position" in str(caught.value)
    assert "but 1 was (row 4: " in str(caught.value)
    assert str(caught.value).endswith("; mend them, or leave out --ferplus")

    with pytest.raises(SourceError, match=r"none\.csv: cannot be read \(.+\); give the FER\+ file"):
        prepare(csv, FAST, path, ferplus=tmp_path / "none.csv")

    monkeypatch.setattr("feraug.sources.fer2013.Fer2013Csv.batches", lambda _: iter(()))
    with pytest.raises(SourceError, match=r"blank\.csv: no image could be read; give a file or folder"):
        prepare(csv, FAST, path)
    assert not path.exists()


def test_pictures_around_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``feraug prepare .`` makes ``./artifacts``, which is no emotion."""
    monkeypatch.chdir(tmp_path)
    for emotion in ("happy", "neutral"):
        Path(emotion).mkdir()
        for number in range(2):
            Image.fromarray(np.full((48, 48), 50 * number + len(emotion), np.uint8)).save(
                f"{emotion}/{number}.png"
            )
    for _ in range(2):
        assert prepare(".", PrepareConfig(near_copies=False), Path("artifacts/dataset.h5")).images == 4
    with pytest.raises(SourceError, match="no emotion is called 'artifacts'"):
        prepare(".", PrepareConfig(near_copies=False), Path("elsewhere/dataset.h5"))


@pytest.mark.parametrize(("count", "lacks"), [(1, True), (10, True), (60, False), (MINIMUM_COUNT, False)])
def test_so_few_drawn_faces_that_emotions_are_missing_are_told(
    tmp_path: Path, count: int, lacks: bool
) -> None:
    told: list[Event] = []
    result = prepare(f"drawn:{count}", FAST, tmp_path / "d.h5", notify=told.append)
    assert result.images == count == len(read_dataset(tmp_path / "d.h5").images)
    assert lacks == any(not images for split in result.splits.values() for images in split.values())
    words = f"drawn:{count} is so few that some emotions are missing from some splits; drawn:100 has all"
    assert lacks == (words in [one.text for one in told if isinstance(one, Note)])


def test_a_csv_without_an_emotion_is_not_told_to_be_drawn(
    planted: tuple[Path, NDArray[np.uint8]], tmp_path: Path
) -> None:
    told: list[Event] = []
    prepare(str(planted[0]), FAST, tmp_path / "d.h5", notify=told.append)
    assert not any("drawn" in one.text for one in told if isinstance(one, Note))
