"""The report on data sets: how many faces of what, what the audit found, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from feraug.emotions import EMOTIONS, SPLITS
from feraug.plots.page import distribution_plot
from feraug.report import Beside, Block, Cell, Facts, Figures, Section, Strips, Table, Text
from feraug.store.dataset import DatasetArrays, known_copies, read_dataset
from feraug.store.header import DATASET
from feraug.words import plural
from feraug.workflows.audit import copies_within, drop_sentences, dropped_after_audit, empty_notes
from feraug.workflows.people import people, people_note
from feraug.workflows.report_desk import Desk
from feraug.workflows.report_files import Artifact
from feraug.workflows.report_pictures import Room, some
from feraug.workflows.report_words import cut, number

_SETS: Final = 3
_ROOM: Final = 500_000


def dataset_section(desk: Desk) -> list[Section]:
    """The section on data sets, if there are any."""
    found = desk.inventory.of(DATASET)
    if not found:
        desk.lack("No data set", "feraug prepare fer2013.csv")
        return []
    room = desk.room(_ROOM)
    blocks = desk.groups(found, "data", _SETS, lambda one: _dataset(desk, room, one))
    return [Section("data", "The data", tuple(blocks))]


def _dataset(desk: Desk, room: Room, artifact: Artifact) -> Iterator[Block]:
    facts = artifact.facts
    splits: Mapping[str, Mapping[str, int]] = facts["splits"]
    yield Facts(
        (
            ("images", f"{facts['images']:,}, 48 x 48 grey"),
            ("source", cut(facts["config"].get("source", "?"))),
            ("labels", _labels(facts)),
        )
    )
    alt = "Images by emotion and split: " + "; ".join(
        f"{emotion} {sum(splits[split][emotion] for split in SPLITS):,}" for emotion in EMOTIONS
    )
    plots = tuple(room.plot(distribution_plot(splits, desk.ids.new("p", artifact.name)), alt))
    table = _split_table(splits)
    yield Beside((Figures(plots), table)) if plots else table
    for note in empty_notes(splits):
        yield Text(f"{note}.", "warning")
    yield _audit(facts)
    for sentence in drop_sentences(facts):
        yield Text(f"{sentence}.")
    dataset = read_dataset(artifact.path)
    yield from _leak_warning(dataset)
    if known := people_note(facts["audit"]):
        yield Text(f"{known}.", "warning")
    yield from _examples(desk, room, artifact, dataset)


def _labels(facts: Mapping[str, Any]) -> str:
    whose = "as the source has them" if facts["labels"] == "fer2013" else cut(facts["labels"])
    return whose + (", with FER+ votes beside them" if facts["ferplus"] else "")


def _split_table(splits: Mapping[str, Mapping[str, int]]) -> Table:
    rows = []
    for emotion in EMOTIONS:
        counts = [splits[split][emotion] for split in SPLITS]
        rows.append((Cell(emotion), *map(number, [*counts, sum(counts)])))
    sums = [sum(splits[split].values()) for split in SPLITS]
    total = ", ".join(f"{split} {count:,}" for split, count in zip(SPLITS, sums, strict=True))
    return Table("Images by emotion and split", ("emotion", *SPLITS, "all"), tuple(rows), f"In all {total}.")


def _audit(facts: Mapping[str, Any]) -> Facts:
    audit = facts["audit"]
    when = " (before dropping)" if dropped_after_audit(facts) else ""
    near, within = audit["near_copies"], copies_within(facts)
    nearly = "not looked for" if near is None else _in_splits(near)
    known = people(audit)
    of_people = [("images of people in train", _in_splits(known["in_train"]))] if known else []
    one_another = [("copies and near copies of one another", _in_splits(within))] if within else []
    return Facts(
        (
            (f"blank images{when}", f"{audit['blank']:,}"),
            (
                f"identical images{when}",
                f"{plural(audit['duplicate_groups'], 'group')}, {audit['redundant']:,} redundant, "
                f"{plural(audit['conflicting_groups'], 'group')} with conflicting labels",
            ),
            (f"copies of training images{when}", _in_splits(audit["leaks"])),
            (f"near copies of them{when}", nearly),
            *one_another,
            *of_people,
        )
    )


def _in_splits(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[split]:,} in {split}" for split in ("validation", "test"))


def _leak_warning(dataset: DatasetArrays) -> Iterator[Block]:
    """What a benchmark on this test set should not forget."""
    test = dataset.rows(split="test")
    leaked = int(known_copies(dataset.columns)[test].sum())
    if leaked:
        yield Text(
            f"Exact or near copies of training images: {leaked:,} of {plural(len(test), 'test image')} "
            f"({leaked / len(test):.1%}). Accuracy on all is optimistic; `feraug bench` also reports it "
            "without them.",
            "warning",
        )


def _examples(desk: Desk, room: Room, artifact: Artifact, dataset: DatasetArrays) -> Iterator[Block]:
    if not desk.may_show(artifact):
        yield desk.withheld("this data set")
        return
    split = "train" if len(dataset.rows(split="train")) else None
    strips = []
    for emotion in EMOTIONS:
        rows = some(dataset.rows(split=split, emotion=emotion))
        alt = f"{plural(len(rows), 'face')} of {artifact.name} labelled {emotion}"
        strips += [(emotion, picture) for picture in room.strip(dataset.images[rows], alt)]
    if strips:
        of = "training faces" if split else "faces"
        yield Strips(
            tuple(strips),
            f"Examples: {of} of each label, uncurated (evenly spaced over the file).",
        )
