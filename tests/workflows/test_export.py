"""PNG folders as ImageFolder reads them, and CSVs that ``prepare`` reads back."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from feraug.config import PrepareConfig
from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, ConfigConflictError, UsageError
from feraug.store.dataset import read_dataset
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.synthetic import writing_synthetic
from feraug.workflows.export import export_artifact
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
    with pytest.raises(UsageError, match="no label"):
        export_artifact(tmp_path / "b.h5", tmp_path / "b.csv")
    export_artifact(tmp_path / "b.h5", tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["happy", "unlabelled"]


def test_what_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    synthetic(tmp_path / "a.h5", [3])
    kept = tmp_path / "faces" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(ConfigConflictError, match="--overwrite"):
        export_artifact(tmp_path / "a.h5", tmp_path / "faces")
    assert kept.read_text() == "mine"
    export_artifact(tmp_path / "a.h5", tmp_path / "faces", overwrite=True)
    assert [path.name for path in (tmp_path / "faces").iterdir()] == ["happy"]
    assert not list(tmp_path.glob(".*partial"))


def test_a_model_has_no_images_to_export(tmp_path: Path) -> None:
    write_model(tmp_path / "m.h5", {}, Provenance({}, "test", 0), {})
    with pytest.raises(ArtifactError, match="feraug synth"):
        export_artifact(tmp_path / "m.h5", tmp_path / "out")
