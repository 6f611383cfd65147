"""Cross-validation: ``prepare --fold`` draws the folds, ``bench --pool`` puts their benchmarks together."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import feraug
from feraug.config import BenchConfig, ClassifierConfig, PrepareConfig
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, ConfigConflictError, FeraugError, MissingArtifactError, UsageError
from feraug.store.bench import TEST_COLUMNS, read_bench, write_bench
from feraug.store.dataset import DatasetArrays, read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.workspace import Workspace
from feraug.workflows import bench_pool
from feraug.workflows.bench import bench
from feraug.workflows.bench_conclusions import is_caution
from feraug.workflows.bench_folds import fold_facts
from feraug.workflows.bench_pool import pool
from feraug.workflows.bench_table import table
from feraug.workflows.events import Note
from feraug.workflows.prepare import prepare

PERSON = r"S\d+"
PEOPLE, EACH, FOLDS = 12, 7, 4
TINY = BenchConfig(
    classifier=ClassifierConfig(model="simple", width=0.05, steps=2, batch_size=16),
    arms=("real", "oversampled"),
    repeats=2,
)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, all different but for one picture that two people have: a picture of each emotion of each."""
    root, random = tmp_path_factory.mktemp("folds") / "faces", np.random.default_rng(0)
    for emotion in EMOTIONS:
        (root / emotion).mkdir(parents=True)
        for person in range(PEOPLE):
            pixels = random.integers(0, 256, (48, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(root / emotion / f"S{person:02d}.png")
    shutil.copy(root / "happy" / "S03.png", root / "happy" / "S04.png")
    return root


@pytest.fixture(scope="module")
def folds(faces: Path) -> list[DatasetArrays]:
    """The dataset of each fold, in a workspace of its own."""
    return [fold(faces, number) for number in range(1, FOLDS + 1)]


def fold(faces: Path, number: int, **settings: Any) -> DatasetArrays:
    path = Workspace(faces.parent / f"fold-{number}").dataset()
    config = PrepareConfig(**{"fold": f"{number}/{FOLDS}", "person": PERSON, "near_copies": True, **settings})
    return read_dataset(prepare(str(faces), config, path, overwrite=bool(settings)).path)


def test_every_image_and_person_is_tested_once_and_validates_once(folds: list[DatasetArrays]) -> None:
    for split in ("validation", "test"):
        rows = np.concatenate([one.rows(split=split) for one in folds])
        assert sorted(rows) == list(range(PEOPLE * EACH))
    for one, following in zip(folds, [*folds[1:], folds[0]], strict=True):
        np.testing.assert_array_equal(one.rows(split="validation"), following.rows(split="test"))
        person = one.columns["person"]
        assert all(len(set(one.split[person == each].tolist())) == 1 for each in range(PEOPLE))
        assert not one.columns["person_in_train"].any()
        assert one.split[person == 3][0] == one.split[person == 4][0], "they have a picture in common"
        counts = np.bincount(one.split, minlength=3)
        assert counts[2] >= 2 * EACH and counts[1] >= 2 * EACH and counts[0] >= 4 * EACH


def test_pictures_are_drawn_by_emotion_where_nobody_tells_people_apart(faces: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    tested = []
    for number in (1, 2, 3):
        config = PrepareConfig(fold=f"{number}/3", near_copies=False)
        made = prepare(
            str(faces), config, tmp_path / f"{number}.h5",
            notify=lambda event: notes.append(event.text) if isinstance(event, Note) else None,
        )  # fmt: skip
        dataset = read_dataset(made.path)
        tested.append(dataset.rows(split="test"))
        for code in range(7):
            counts = np.bincount(dataset.split[dataset.labels == code], minlength=3)
            assert counts.tolist() in (
                [4, 4, 4],
                [5, 4, 3],
                [5, 3, 4],
                [4, 5, 3],
                [3, 5, 4],
                [4, 3, 5],
                [3, 4, 5],
            )
        group = dataset.columns["duplicate_group"]
        assert (
            len(set(dataset.split[group == group.max()].tolist())) == 1 and (group == group.max()).sum() == 2
        )
    assert sorted(np.concatenate(tested)) == list(range(PEOPLE * EACH))
    assert notes[0].startswith(
        "fold 1 of 3 is test, fold 2 validation; drawn by emotion at random, picture by picture (identical "
        "ones together); where a person or a video has several pictures"
    )
    assert notes[2].startswith("fold 3 of 3 is test, fold 1 validation; ")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fold": "0/5"}, r"^--fold: '0/5' is no K/N, such as 1/5"),
        ({"fold": "6/5"}, "'6/5' is no K/N"),
        ({"fold": "1/2"}, r"N from 3 \(train, validation and test\) to 100"),
        ({"fold": "1/101"}, "'1/101' is no K/N"),
        ({"fold": "1"}, "'1' is no K/N"),
        ({"fold": "1/٥"}, "is no K/N"),
        ({"fold": "1/5", "test_share": 0.2}, "--fold: not with --test-share; a fold of N is one N-th"),
        (
            {"fold": "1/5", "validation_share": 0.2},
            "--validation-share; the next fold is validation",
        ),
        ({"fold": "1/5", "train_share": 0.2}, "not with --train-share; it would leave other images in each"),
        ({"fold": "1/5", "drop_leaks": True}, "not with --drop-leaks; it would leave other images in each"),
        ({"fold": "1/5", "drop_duplicates": True}, "not with --drop-duplicates; it would leave other images"),
    ],
)
def test_folds_that_make_no_sense(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PrepareConfig(**settings)


def test_one_fold_has_one_name() -> None:
    assert PrepareConfig(fold=" 02 /10").fold == "2/10"


def test_folds_need_a_source_without_splits_and_enough_people(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--fold: the source has splits of its own; give pictures in"):
        prepare("drawn:300", PrepareConfig(fold="1/5"), tmp_path / "d.h5")
    shutil.copytree(faces, tmp_path / "own" / "train")
    with pytest.raises(UsageError, match=r"^--fold: the source has splits of its own"):
        prepare(str(tmp_path / "own"), PrepareConfig(fold="1/5"), tmp_path / "d.h5")
    with pytest.raises(UsageError, match="12 people for 13 folds; each takes one or more"):
        prepare(str(faces), PrepareConfig(fold="1/13", person=PERSON), tmp_path / "d.h5")


def test_a_benchmark_keeps_which_fold_it_is_of(folds: list[DatasetArrays], faces: Path) -> None:
    root = Workspace(faces.parent / "fold-2")
    made = bench(TINY, root)
    kept = read_bench(made.path).header.extra["fold"]
    assert kept == fold_facts(folds[1])["fold"] and (kept["number"], kept["of"], kept["images"]) == (2, 4, 84)
    assert fold_facts(read_dataset(prepare("drawn:100", PrepareConfig(), root.dataset("drawn")).path)) == {}
    assert made.folds == 0 and "folds" not in made.as_json()


Answers = Mapping[str, NDArray[np.int64]]


def write_fold(
    dataset: DatasetArrays, answers: Answers, path: Path, config: BenchConfig = TINY, **facts: Any
) -> Path:
    """The benchmark of a fold: ``answers`` (R, N) by arm, for all images of all folds."""
    rows = dataset.rows(split="test")
    columns = {**dataset.columns, "labels": dataset.labels, "row": np.arange(len(dataset.labels))}
    test = {name: columns[name][rows] for name in TEST_COLUMNS if name in columns}
    found = {arm: np.eye(7, dtype=np.float32)[codes[:, rows]] for arm, codes in answers.items()}
    figures = table(found, test)
    for values in figures["arms"].values():
        values["validation_accuracy"] = [0.25, 0.5]
    figures["conclusions"] = ["made.h5: 3 images are in two sets.", "no difference shown."]
    known = {
        "arms": list(found), "steps": 2, "reduced": True, "reductions": ["repeats 2"], "table": figures,
        **fold_facts(dataset),
    }  # fmt: skip
    write_bench(path, found, test, Provenance(config.json(), "test", 0, {}), {**known, **facts})
    return path


@pytest.fixture(scope="module")
def answers(folds: list[DatasetArrays]) -> dict[str, NDArray[np.int64]]:
    """Of two trainings of each arm: more of ``oversampled`` are right."""
    random, labels = np.random.default_rng(1), folds[0].labels.astype(np.int64)
    return {
        arm: np.where(random.random((2, len(labels))) < share, labels, (labels + 1) % 7)
        for arm, share in (("real", 0.4), ("oversampled", 0.8))
    }


@pytest.fixture
def benches(folds: list[DatasetArrays], answers: Answers, tmp_path: Path) -> list[Path]:
    return [
        write_fold(one, answers, tmp_path / f"{number}" / "bench" / "simple.h5")
        for number, one in enumerate(folds, 1)
    ]


def test_all_folds_are_one_test_set(
    benches: list[Path], folds: list[DatasetArrays], answers: Answers, faces: Path, tmp_path: Path
) -> None:
    root = Workspace(tmp_path / "together")
    made = pool([benches[2], benches[0], benches[3], benches[1]], root)
    assert made.path == root.bench("simple-folds").resolve() and made.folds == FOLDS and made.repeats == 2
    assert made.reduced and made.reductions == ["repeats 2"] and made.steps == 2
    assert all(path.exists() for path in made.plots) and len(made.plots) == 2
    # the same answers to the same images as one test split, by another way
    whole = tmp_path / "whole" / "test"
    shutil.copytree(faces, whole)
    for emotion in EMOTIONS:  # a source needs other splits, too
        shutil.copytree(faces / emotion, whole.parent / "train" / emotion)
    one = prepare(
        str(whole.parent), PrepareConfig(person=PERSON, near_copies=False), tmp_path / "w" / "dataset.h5"
    )
    labels = read_dataset(one.path)
    assert labels.labels[labels.rows(split="test")].tolist() == folds[0].labels.tolist()
    expected = feraug.bench_predictions(answers, workspace=tmp_path / "w").table
    for arm, values in expected["arms"].items():
        for name in ("accuracy", "macro_f1", "balanced_accuracy", "per_class", "confusion"):
            assert made.table["arms"][arm][name] == values[name]
    assert made.table["arms"]["real"]["validation_accuracy"] == [0.25, 0.5]
    (found,), (other,) = made.table["differences"].values(), expected["differences"].values()
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert found[name]["mean"] == other[name]["mean"]
        assert found[name]["low"] == pytest.approx(other[name]["low"], abs=0.02), "in another order"
    assert made.table["people"] == {"total": PEOPLE, "in_train": 0}
    saved = read_bench(made.path)
    assert sorted(saved.test["row"]) == list(range(PEOPLE * EACH))
    assert (
        saved.test["row"][: len(folds[0].rows(split="test"))].tolist() == folds[0].rows(split="test").tolist()
    )
    assert list(saved.header.provenance.inputs.items()) == [
        (f"simple.h5 of fold {number}", sha256_file(path)) for number, path in enumerate(benches, 1)
    ]
    near = saved.test["near_copy_group"]
    assert (near >= 0).sum() == 2 and len(set(near[near >= 0])) == 1, "one picture is there twice"
    cautions = [sentence for sentence in made.conclusions if is_caution(sentence)]
    assert "fold 3, made.h5: 3 images are in two sets." in cautions
    assert any(sentence.startswith("4 folds: each image is tested once") for sentence in cautions)
    assert any(sentence.startswith("people on the test images: 12; ") for sentence in cautions)
    again = feraug.pool_folds(benches, workspace=root.root)
    assert again.already_done and again.table == made.table and again.folds == FOLDS
    assert made.as_json()["folds"] == FOLDS
    with pytest.raises(ConfigConflictError, match=r"simple-folds.h5 holds the folds of a cross-val"):
        bench(TINY, root, name="simple-folds")


def test_copies_within_two_folds_are_two_groups(
    folds: list[DatasetArrays], answers: Answers, tmp_path: Path
) -> None:
    """Numbers of near copies are each fold's own."""
    benches = []
    for number, one in enumerate(folds, 1):
        near = np.full(len(one.labels), -1, np.int32)
        near[one.rows(split="test")[:2]] = 0
        changed = DatasetArrays(**{**vars(one), "columns": {**one.columns, "near_copy_group": near}})
        benches.append(write_fold(changed, answers, tmp_path / f"{number}.h5"))
    near = read_bench(pool(benches, Workspace(tmp_path)).path).test["near_copy_group"]
    assert sorted(np.unique(near, return_counts=True)[1][1:]) == [2] * 4 + [2]


def test_names_in_the_workspace(folds: list[DatasetArrays], answers: Answers, tmp_path: Path) -> None:
    root = Workspace(tmp_path)
    for number, one in enumerate(folds, 1):
        write_fold(one, answers, root.bench(f"fold-{number}"))
    made = feraug.pool_folds([f"fold-{number}" for number in range(1, 5)], workspace=tmp_path, name="all")
    assert made.path == root.bench("all").resolve()
    traced = feraug.trace(made.path, workspace=tmp_path)
    assert [step.path for step in traced if step.depth == 1] == [root.bench(f"fold-{k}") for k in range(1, 5)]
    with pytest.raises(MissingArtifactError, match=r"--pool fold-l: no such .*did you mean 'fold-\d'"):
        pool([Path("fold-l")], root)
    with pytest.raises(ConfigConflictError, match=r"all\.h5 was made with other settings"):
        write_fold(folds[0], {arm: codes[:, ::-1] for arm, codes in answers.items()}, root.bench("fold-1"))
        pool([Path(f"fold-{number}") for number in range(1, 5)], root, name="all")


def refused(files: list[Path], words: str, kind: type[FeraugError] = ArtifactError) -> None:
    with pytest.raises(kind, match=words):
        pool(files, Workspace(files[0].parent / "nowhere"))
    assert not (files[0].parent / "nowhere").exists()


def test_what_are_not_all_folds_of_one_dataset_is_refused(
    benches: list[Path], folds: list[DatasetArrays], answers: Answers, faces: Path, tmp_path: Path
) -> None:
    refused(benches[:1], "^--pool: of 4 folds 3 benchmarks are missing, of fold 2, 3, 4; give that")
    refused(benches[1:], "of 4 folds 1 benchmark is missing, of fold 1;")
    refused([*benches, benches[1]], r"2/bench/simple.h5: is of fold 2, as .*2/bench/simple.h5 is")
    other = tmp_path / "other.h5"
    config = BenchConfig(**{**vars(TINY), "repeats": 3})
    write_fold(folds[3], answers, other, config)
    refused(
        [*benches[:3], other],
        r"other.h5: has other settings than .*1/bench/simple.h5 \(repeats: 3",
    )
    write_fold(folds[3], answers, other, fold={**fold_facts(folds[3])["fold"], "of": 5})
    refused([*benches[:3], other], r"other.h5: is one of 5 folds, .*1/bench/simple.h5 of 4")
    write_fold(folds[3], answers, other, fold={**fold_facts(folds[3])["fold"], "faces": "0" * 64})
    refused([*benches[:3], other], r"other.h5: is of other images or labels than .*1/bench/simple.h5; ")
    write_fold(folds[3], answers, other, fold={"number": "4"})
    refused([*benches[:3], other], r"other.h5: is of no fold; --pool takes the benchmarks of 'feraug prepare")
    columns = {**folds[3].columns, "split": np.roll(folds[3].split, 1)}
    moved = DatasetArrays(**{**vars(folds[3]), "columns": columns})
    write_fold(moved, answers, other)
    refused([*benches[:3], other], "^--pool: the folds were not drawn together, as some images are in two")
    refused([tmp_path / "none.h5"], "none.h5: no such benchmark; it takes files", MissingArtifactError)
    refused([faces.parent / "fold-1" / "dataset.h5"], "holds a dataset, not a benchmark")


def test_the_order_of_arms_is_no_setting(
    benches: list[Path], folds: list[DatasetArrays], answers: Answers, tmp_path: Path
) -> None:
    other = write_fold(folds[1], answers, tmp_path / "o.h5", replace(TINY, arms=("oversampled", "real")))
    made = pool([benches[0], other, *benches[2:]], Workspace(tmp_path))
    assert list(made.table["arms"]) == ["real", "oversampled"]


def test_a_fold_s_own_benchmark_is_not_replaced(
    folds: list[DatasetArrays], answers: Answers, tmp_path: Path
) -> None:
    root = Workspace(tmp_path)
    files = [write_fold(one, answers, root.bench(f"fold-{number}")) for number, one in enumerate(folds, 1)]
    before = files[1].read_bytes()
    with pytest.raises(UsageError, match=r"^--name: fold-2 is one of the folds; choose another name$"):
        pool(files, root, name="fold-2", overwrite=True)
    assert files[1].read_bytes() == before


@pytest.mark.parametrize(
    ("count", "words"),
    [(3, r"did not see it\.$"), (5, "two folds learned partly from"), (10, "two folds learned mostly from")],
)
def test_what_folds_have_in_common(count: int, words: str) -> None:
    """Each is trained on N - 2 of N parts: three share none, ten three quarters or more."""
    assert re.search(words, bench_pool._of_folds(count))


def test_folds_of_two_seeds_are_told(
    faces: Path, folds: list[DatasetArrays], answers: Answers, tmp_path: Path
) -> None:
    config = PrepareConfig(fold="4/4", person=PERSON, seed=1)
    other = read_dataset(prepare(str(faces), config, tmp_path / "d.h5").path)
    chosen = enumerate([*folds[:3], other])
    files = [write_fold(one, answers, tmp_path / f"{number}.h5") for number, one in chosen]
    refused(files, "not drawn together")
