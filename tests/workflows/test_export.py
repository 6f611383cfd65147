"""PNG folders as ImageFolder reads them, and CSVs that ``prepare`` reads back."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from feraug.config import DEFAULTS, PrepareConfig, to_json
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, ConfigConflictError, StorageError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.lock import exclusive
from feraug.store.model import write_model
from feraug.store.synthetic import writing_synthetic
from feraug.workflows.export import export_artifact
from feraug.workflows.export_place import MARK, check_place, csv_mark
from feraug.workflows.prepare import prepare


def synthetic(path: Path, labels: list[int]) -> np.ndarray:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    count = len(labels)
    with writing_synthetic(path, count, Provenance({}, "test", 0), {"sources": []}) as writer:
        writer.append(
            images,
            np.array(labels, np.uint8),
            rows=np.full(count, -1, np.int64),
            source=0,
            rounds=np.zeros(count, np.uint16),
        )
    return images


def test_dataset_as_folders_for_image_folder(drawn_dataset: Path, tmp_path: Path) -> None:
    export_artifact(drawn_dataset, tmp_path / "faces")
    dataset = read_dataset(drawn_dataset)
    for split in ("train", "validation", "test"):
        folder = ImageFolder(str(tmp_path / "faces" / split))
        assert folder.classes == sorted(EMOTIONS)
        assert len(folder) == len(dataset.rows(split=split))
    row = int(dataset.rows(split="test", emotion="fear")[0])
    with Image.open(tmp_path / "faces" / "test" / "fear" / f"{row:05d}.png") as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), dataset.images[row])


def test_folders_go_back_into_prepare(drawn_dataset: Path, tmp_path: Path) -> None:
    export_artifact(drawn_dataset, tmp_path / "faces")
    prepare(str(tmp_path / "faces"), PrepareConfig(near_copies=False), tmp_path / "again.h5")
    before, after = read_dataset(drawn_dataset), read_dataset(tmp_path / "again.h5")
    for split in ("train", "validation", "test"):
        for emotion in EMOTIONS:
            first = before.images[before.rows(split=split, emotion=emotion)]
            assert np.array_equal(first, after.images[after.rows(split=split, emotion=emotion)])


def test_pictures_called_as_feraug_calls_its_own_are_never_replaced(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    """CelebA's are called 000001.png; only what the export itself wrote may go."""
    folder = tmp_path / "faces"
    export_artifact(drawn_dataset, folder)
    first = next(iter(sorted(folder.rglob("*.png"))))
    whole = first.read_bytes()
    (folder / ".DS_Store").touch()  # of a file manager that looked in
    export_artifact(drawn_dataset, folder, overwrite=True)
    mark = (folder / ".feraug-export").read_text()
    (folder / ".feraug-export").write_text("feraug 0.1.0 exported it")
    with pytest.raises(ConfigConflictError, match="of an earlier version, which did not note what it wrote"):
        export_artifact(drawn_dataset, folder, overwrite=True)
    (folder / ".feraug-export").write_text(mark)
    mine = folder / "train" / "sad" / "202599.png"
    changes = {
        "added": mine.touch,
        "changed": lambda: first.write_bytes(whole + b"!"),
        "removed": first.unlink,
    }
    for change in changes.values():
        change()
        with pytest.raises(
            ConfigConflictError, match="is not as feraug left it: pictures were added, changed"
        ):
            export_artifact(drawn_dataset, folder, overwrite=True)
        first.write_bytes(whole)
        mine.unlink(missing_ok=True)
    export_artifact(drawn_dataset, folder, overwrite=True)


@pytest.mark.parametrize("name", ["faces.csv", "faces.csv.gz"])
def test_csv_goes_back_into_prepare(name: str, drawn_dataset: Path, tmp_path: Path) -> None:
    export_artifact(drawn_dataset, tmp_path / name)
    prepare(str(tmp_path / name), PrepareConfig(near_copies=False), tmp_path / "again.h5")
    before, after = read_dataset(drawn_dataset), read_dataset(tmp_path / "again.h5")
    assert np.array_equal(before.images, after.images)
    assert np.array_equal(before.labels, after.labels) and np.array_equal(before.split, after.split)


def test_synthetic_csv_is_training_and_unlabelled_faces_are_refused(tmp_path: Path) -> None:
    synthetic(tmp_path / "a.h5", [3, 3])
    export_artifact(tmp_path / "a.h5", tmp_path / "a.csv.gz")
    lines = gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "emotion,pixels,Usage"
    assert all(line.startswith("3,") and line.endswith(",Training") for line in lines[1:])
    synthetic(tmp_path / "b.h5", [3, 255])
    with pytest.raises(UsageError, match=r"^1 image has no label"):
        export_artifact(tmp_path / "b.h5", tmp_path / "b.csv")
    export_artifact(tmp_path / "b.h5", tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "b").glob("[!.]*")) == ["happy", "unlabelled"]


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_an_earlier_export_is_replaced_when_asked(tmp_path: Path) -> None:
    synthetic(tmp_path / "a.h5", [3])
    synthetic(tmp_path / "b.h5", [4, 255])
    for name in ("faces", "faces.csv", "faces.csv.gz"):
        export_artifact(tmp_path / "a.h5", tmp_path / name)
        with pytest.raises(ConfigConflictError, match="--overwrite replaces it"):
            export_artifact(tmp_path / "b.h5", tmp_path / name)
        assert not export_artifact(tmp_path / "a.h5", tmp_path / name, overwrite=True).already_done
    (tmp_path / "faces" / ".DS_Store").touch()  # what a file manager leaves is no reason
    export_artifact(tmp_path / "b.h5", tmp_path / "faces", overwrite=True)
    assert below(tmp_path / "faces") == [
        *(".feraug-export", "sad", "sad/00000.png", "unlabelled", "unlabelled/00001.png")
    ]
    assert "b.h5" in (tmp_path / "faces" / ".feraug-export").read_text()
    (tmp_path / "empty").mkdir()
    export_artifact(tmp_path / "a.h5", tmp_path / "empty")
    assert not list(tmp_path.glob(".*partial"))


@pytest.mark.parametrize("name", ["faces", "faces.csv", "faces.csv.gz"])
def test_the_same_export_again_is_already_done(tmp_path: Path, name: str) -> None:
    source, there = tmp_path / "a.h5", tmp_path / name
    synthetic(source, [3, 4])
    first = export_artifact(source, there)
    before = {path: path.stat().st_mtime_ns for path in (there, *there.rglob("*"))}
    assert export_artifact(source, there) == replace(first, already_done=True)
    assert {path: path.stat().st_mtime_ns for path in (there, *there.rglob("*"))} == before
    source.rename(tmp_path / "renamed.h5")
    assert export_artifact(tmp_path / "renamed.h5", there).already_done, "it is the bytes that count"
    synthetic(source, [3, 3])
    with pytest.raises(ConfigConflictError, match="exists already; --overwrite replaces it"):
        export_artifact(source, there)
    assert not export_artifact(source, there, overwrite=True).already_done
    assert export_artifact(source, there).already_done
    changed = there if there.is_file() else there / "happy" / "00000.png"
    changed.write_bytes(changed.read_bytes() + b"!")
    with pytest.raises(ConfigConflictError, match=r"was changed since|is not as feraug left it"):
        export_artifact(source, there)


@pytest.mark.parametrize("name", ["faces", "faces.csv"])
def test_an_export_that_does_not_say_of_what_is_never_already_done(tmp_path: Path, name: str) -> None:
    """Earlier versions noted what they wrote, not what it was made from."""
    synthetic(tmp_path / "a.h5", [3])
    export_artifact(tmp_path / "a.h5", tmp_path / name)
    mark = tmp_path / name / MARK if name == "faces" else csv_mark(tmp_path / name)
    written, source, words = mark.read_text().split(" ", 2)
    assert source == sha256_file(tmp_path / "a.h5")
    mark.write_text(f"{written} {words}")
    with pytest.raises(ConfigConflictError, match="--overwrite replaces it"):
        export_artifact(tmp_path / "a.h5", tmp_path / name)
    export_artifact(tmp_path / "a.h5", tmp_path / name, overwrite=True)
    assert export_artifact(tmp_path / "a.h5", tmp_path / name).already_done


def test_weights_are_already_exported_while_all_is_the_same(tmp_path: Path) -> None:
    model, there = tmp_path / "m.h5", tmp_path / "weights.h5"
    facts = {"step": 1, "steps": 1, "steps_per_epoch": 1, "finished": True}

    def train(weight: float, seed: int = 0) -> None:
        arrays = {f"{group}/a/w": np.full(3, weight, np.float32) for group in ("ema", "networks")}
        write_model(model, arrays, Provenance(to_json(DEFAULTS["cyclegan"]), "test", seed), facts)

    train(1)
    first = export_artifact(model, there)
    before = there.read_bytes()
    assert not first.already_done
    assert export_artifact(model, there) == replace(first, already_done=True)
    for other in (lambda: train(2), lambda: train(1, seed=1)):
        other()
        with pytest.raises(ConfigConflictError, match="--overwrite replaces an earlier export of weights"):
            export_artifact(model, there)
    train(1)
    with pytest.raises(ConfigConflictError, match="--overwrite replaces"):  # equal values, in another type
        export_artifact(model, there, weights="float32")
    assert there.read_bytes() == before and export_artifact(model, there).already_done
    there.write_bytes(before[:-1])
    with pytest.raises(ConfigConflictError, match="--overwrite replaces"):
        export_artifact(model, there)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.txt", "holds 'mine.txt', which feraug did not write"),
        ("happy/mine.png", "holds 'happy/mine.png'"),
        ("happy/deep/00000.png", "holds 'happy/deep'"),
        ("photos/happy/00000.png", "holds 'photos'"),
    ],
)
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_that_holds_anything_else_is_never_replaced(
    tmp_path: Path, name: str, words: str, overwrite: bool
) -> None:
    synthetic(tmp_path / "a.h5", [3])
    export_artifact(tmp_path / "a.h5", tmp_path / "faces")
    mine = tmp_path / "faces" / name
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    before = below(tmp_path)
    with pytest.raises(ConfigConflictError, match=words):
        export_artifact(tmp_path / "a.h5", tmp_path / "faces", overwrite=overwrite)
    mark = tmp_path / "faces" / ".feraug-export"
    mark.unlink()
    with pytest.raises(ConfigConflictError, match="is no earlier export"):
        export_artifact(tmp_path / "a.h5", tmp_path / "faces", overwrite=overwrite)
    mark.touch()
    assert below(tmp_path) == before and mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
@pytest.mark.parametrize(
    "content", [b"", b"name,age\n", b"\x1f\x8bbroken", gzip.compress(b"name,age\n", mtime=0)]
)
def test_a_foreign_csv_is_never_replaced(tmp_path: Path, name: str, content: bytes) -> None:
    synthetic(tmp_path / "a.h5", [3])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigConflictError, match="is no earlier export"):
        export_artifact(tmp_path / "a.h5", tmp_path / name, overwrite=True)
    assert (tmp_path / name).read_bytes() == content


def test_a_csv_that_begins_as_an_export_is_not_taken_for_one(tmp_path: Path, drawn_dataset: Path) -> None:
    """FER2013 itself has the same header, and a synthetic set does not name it among its inputs."""
    synthetic(tmp_path / "a.h5", [3])
    export_artifact(drawn_dataset, tmp_path / "made.csv")
    content = (tmp_path / "made.csv").read_bytes()
    (tmp_path / "fer2013.csv").write_bytes(content)
    with pytest.raises(ConfigConflictError, match=r"there is no \.fer2013\.csv\.feraug-export beside it"):
        export_artifact(tmp_path / "a.h5", tmp_path / "fer2013.csv", overwrite=True)
    (tmp_path / "made.csv").write_bytes(content + content.splitlines(keepends=True)[-1])  # the user's own row
    with pytest.raises(ConfigConflictError, match="or was changed since"):
        export_artifact(tmp_path / "a.h5", tmp_path / "made.csv", overwrite=True)
    assert (tmp_path / "fer2013.csv").read_bytes() == content


def test_the_csv_that_the_data_came_from_is_never_replaced(tmp_path: Path, drawn_dataset: Path) -> None:
    export_artifact(drawn_dataset, tmp_path / "fer2013.csv")
    before = (tmp_path / "fer2013.csv").read_bytes()
    prepare(str(tmp_path / "fer2013.csv"), PrepareConfig(near_copies=False), tmp_path / "a.h5")
    with pytest.raises(ConfigConflictError, match="the file that the data were made from"):
        export_artifact(tmp_path / "a.h5", tmp_path / "fer2013.csv", overwrite=True)
    assert (tmp_path / "fer2013.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (".", "the current folder or one above it"),
        ("..", "the current folder or one above it"),
        ("none/..", "the current folder or one above it"),
        ("../..", "the current folder or one above it"),
        ("../../artifacts", "a folder above the file to export"),
        ("../../artifacts/a.h5", "the file to export"),
        ("../../artifacts/same.csv", "the file to export"),
        ("link", "is a symbolic link"),
        ("dangling", "is a symbolic link"),
        ("loop", "is a symbolic link"),
        ("link.csv", "is a symbolic link"),
        ("file", "is a file; name a folder"),
        ("folder.csv", "is a folder; name a file"),
    ],
)
@pytest.mark.parametrize("overwrite", [True, False])
def test_places_where_an_export_would_destroy_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, words: str, overwrite: bool
) -> None:
    # Every place lies below tmp_path: were the check to fail, nothing else could be lost.
    here, artifacts = tmp_path / "deep" / "here", tmp_path / "artifacts"
    here.mkdir(parents=True)
    artifacts.mkdir()
    synthetic(artifacts / "a.h5", [3])
    (artifacts / "same.csv").hardlink_to(artifacts / "a.h5")
    for folder in (here, artifacts, tmp_path):
        (folder / ".feraug-export").touch()  # even with the mark of an earlier export
    (here / "file").write_text("mine")
    (here / "folder.csv").mkdir()
    export_artifact(artifacts / "a.h5", tmp_path / "faces")
    export_artifact(artifacts / "a.h5", tmp_path / "faces.csv")
    links = {"link": "../../faces", "dangling": "nowhere", "loop": "loop", "link.csv": "../../faces.csv"}
    for name, target in links.items():
        (here / name).symlink_to(target)
    before = below(tmp_path)
    monkeypatch.chdir(here)
    assert Path(os.path.abspath(place)).is_relative_to(tmp_path)  # noqa: PTH100  (resolve() fails on loops)
    with pytest.raises(UsageError, match=words):
        export_artifact(artifacts / "a.h5", Path(place), overwrite=overwrite)
    assert below(tmp_path) == before


def test_folders_far_above_are_refused(tmp_path: Path) -> None:
    # The check alone, which deletes nothing: never call an export with a place outside tmp_path.
    (tmp_path / "a.h5").touch()
    for place in (Path("/"), Path.home().parent, *tmp_path.parents):
        with pytest.raises((UsageError, ConfigConflictError)):
            check_place(tmp_path / "a.h5", place, (), overwrite=True)


def test_what_comes_there_while_the_export_runs_is_kept(tmp_path: Path) -> None:
    synthetic(tmp_path / "a.h5", [3])

    for name in ("faces", "faces.csv"):
        other = tmp_path / name / "mine.txt" if name == "faces" else tmp_path / name

        def meanwhile(_: object, other: Path = other) -> None:
            other.parent.mkdir(exist_ok=True)
            other.write_text("mine")

        with pytest.raises(ConfigConflictError, match="no earlier export"):
            export_artifact(tmp_path / "a.h5", tmp_path / name, overwrite=True, notify=meanwhile)
        assert other.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="no flock")
def test_export_advises_what_it_has(tmp_path: Path) -> None:
    facts = {"step": 1, "steps": 1, "steps_per_epoch": 1, "finished": True}
    arrays = {f"{group}/a/w": np.ones(3, np.float32) for group in ("ema", "networks")}
    write_model(tmp_path / "m.h5", arrays, Provenance(to_json(DEFAULTS["cyclegan"]), "test", 0), facts)
    with (
        exclusive(tmp_path / "out.h5"),
        pytest.raises(StorageError, match=r"wait for it or name another file$"),
    ):
        export_artifact(tmp_path / "m.h5", tmp_path / "out.h5")


def test_a_model_has_no_images_to_export(tmp_path: Path) -> None:
    write_model(tmp_path / "m.h5", {}, Provenance(to_json(DEFAULTS["cyclegan"]), "test", 0), {})
    with pytest.raises(ArtifactError, match="feraug synth"):
        export_artifact(tmp_path / "m.h5", tmp_path / "out")
    write_model(tmp_path / "c.h5", {}, Provenance(to_json(DEFAULTS["simple"]), "test", 0), {})
    for out in ("out", "out.h5"):
        with pytest.raises(
            ArtifactError, match=r"c\.h5: a classifier has neither images nor a generator; exp"
        ):
            export_artifact(tmp_path / "c.h5", tmp_path / out)
    write_model(tmp_path / "other.h5", {}, Provenance({"model": "evil"}, "test", 0), {})
    with pytest.raises(ArtifactError, match="not a model that this version knows"):
        export_artifact(tmp_path / "other.h5", tmp_path / "out.h5")


@pytest.mark.filterwarnings("error")
def test_weights_that_the_export_could_not_hold_are_refused(tmp_path: Path) -> None:
    facts = {"step": 1, "steps": 1, "steps_per_epoch": 1, "finished": True}
    provenance = Provenance(to_json(DEFAULTS["cyclegan"]), "test", 0)
    for name, value in (("large", 1e6), ("odd", np.nan)):
        write_model(tmp_path / f"{name}.h5", {"ema/a/w": np.full(3, value, np.float32)}, provenance, facts)
    with pytest.raises(
        ArtifactError, match=r"large\.h5: has weights that float16 cannot hold; say --weights float32"
    ):
        export_artifact(tmp_path / "large.h5", tmp_path / "out.h5")
    assert not export_artifact(tmp_path / "large.h5", tmp_path / "out.h5", weights="float32").already_done
    with pytest.raises(ArtifactError, match=r"odd\.h5: damaged \(its weights are not finite\)"):
        export_artifact(tmp_path / "odd.h5", tmp_path / "odd-out.h5", weights="float32")
    assert not (tmp_path / "odd-out.h5").exists()
