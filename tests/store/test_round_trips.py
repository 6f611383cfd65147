"""What is written is what is read, to the bit; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from feraug.config import PrepareConfig, SynthConfig, TranslatorConfig, to_json
from feraug.errors import MissingArtifactError
from feraug.store.dataset import COLUMNS, REQUIRED_COLUMNS, read_dataset, read_source_names, writing_dataset
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance, read_header, write_header
from feraug.store.model import read_model, write_model
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic, writing_synthetic

Make = Callable[..., Path]


def test_a_dataset_comes_back_as_it_went_in(tmp_path: Path, make_dataset: Make) -> None:
    faces = read_dataset(make_dataset(tmp_path / "d.h5", 5))
    assert np.array_equal(faces.images, np.random.default_rng(5).integers(0, 256, (5, 48, 48), np.uint8))
    assert faces.images.dtype == np.uint8
    assert set(faces.columns) == set(COLUMNS)
    for name, values in faces.columns.items():
        dtype, row = COLUMNS[name]
        assert (values.dtype, values.shape) == (np.dtype(dtype), (5, *row))
    assert faces.labels.tolist() == [0, 1, 2, 3, 4]
    assert faces.split.tolist() == [0, 1, 2, 0, 1]
    assert faces.columns["copy_in_train"].tolist() == [False, True, False, True, False]
    assert faces.columns["near_copy_row"].tolist() == [-1] * 5
    header = faces.header
    assert (header.encoding_type, header.encoding_version) == ("feraug-dataset", 1)
    assert header.provenance == Provenance(
        to_json(PrepareConfig()), "feraug prepare x.csv", 7, {"x.csv": "ab" * 32}
    )
    assert header.extra["audit"]["near_copies"] is None


def test_rows_of_a_split_and_an_emotion(tmp_path: Path, make_dataset: Make) -> None:
    faces = read_dataset(make_dataset(tmp_path / "d.h5", 21))
    assert faces.rows(split="test", emotion="happy").tolist() == [17]
    assert faces.rows(emotion="angry").tolist() == [0, 7, 14]
    assert len(faces.rows(split="train")) == 7
    assert len(faces.rows()) == 21


def test_optional_columns_may_be_absent(tmp_path: Path, make_dataset: Make) -> None:
    path = make_dataset(tmp_path / "d.h5")
    with h5py.File(path, "r+") as file:
        for name in COLUMNS.keys() - set(REQUIRED_COLUMNS):
            del file[name]
        file["a stranger"] = 1  # what the format does not list is ignored
    assert set(read_dataset(path).columns) == {
        "labels",
        "split",
        "source_row",
        "blank",
        "duplicate_group",
        "copy_in_train",
    }


def test_names_of_pictures_come_back_whatever_is_in_them(tmp_path: Path, make_dataset: Make) -> None:
    names = [
        "happy/a b.png",
        "Glück/\n'x'.png",
        "sad/\udcff\ud800.png",
    ]  # bytes that are no UTF-8, half a pair
    assert read_source_names(make_dataset(tmp_path / "named.h5", names=names)) == names
    assert read_source_names(make_dataset(tmp_path / "csv.h5")) is None


def test_images_are_appended_and_dropped_in_order(tmp_path: Path) -> None:
    images = np.arange(300, dtype=np.uint16).astype(np.uint8)[:, None, None] * np.ones((48, 48), np.uint8)
    mask = np.arange(300) % 3 != 0
    with writing_dataset(tmp_path / "d.h5") as writer:
        for start in range(0, 300, 70):
            writer.append(images[start : start + 70])
        assert len(writer) == 300
        assert np.array_equal(writer.images(), images)
        writer.keep(mask)
        assert np.array_equal(writer.images(), images[mask])
        writer.finish({"labels": np.zeros(200)}, Provenance({}, "x", 0), {})


def test_columns_of_the_wrong_length_are_a_bug(tmp_path: Path, make_dataset: Make) -> None:
    with pytest.raises(ValueError, match="column labels"):
        make_dataset(tmp_path / "d.h5", 3, labels=np.zeros(4))
    assert not list(tmp_path.iterdir())


def test_a_synthetic_set_comes_back_as_it_went_in(tmp_path: Path, make_synthetic: Make) -> None:
    faces = read_synthetic(
        make_synthetic(
            tmp_path / "s.h5",
            3,
            labels=np.array([3, 6, 255], np.uint8),
            rows=np.array([5, 2**40, -1], np.int64),
            rounds=np.array([0, 65535, 0], np.uint16),
        )
    )
    assert np.array_equal(faces.images, np.random.default_rng(3).integers(0, 256, (3, 48, 48), np.uint8))
    assert [faces.labels.dtype, faces.origin_row.dtype] == [np.uint8, np.int64]
    assert [faces.origin_source.dtype, faces.origin_round.dtype] == [np.uint8, np.uint16]
    assert faces.labels.tolist() == [3, 6, 255]
    assert faces.origin_row.tolist() == [5, 2**40, -1]
    assert faces.origin_round.tolist() == [0, 65535, 0]
    assert faces.sources == ["ab" * 32]
    assert faces.header.provenance.config == to_json(SynthConfig())


def test_a_synthetic_set_that_is_not_full_is_a_bug_and_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="0 of 3"),
        writing_synthetic(tmp_path / "s.h5", 3, Provenance({}, "x", 0), {}),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_model_comes_back_as_it_went_in(tmp_path: Path, make_model: Make) -> None:
    path = make_model(tmp_path / "m.h5", networks__b_to_a__half=np.ones(3, np.float16))
    model = read_model(path)
    assert (model.step, model.steps, model.finished) == (3, 9, False)
    assert model.header.provenance.config == to_json(TranslatorConfig())
    assert model.arrays["networks/a_to_b/stem.0.weight"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert model.arrays["networks/b_to_a/half"].dtype == np.float16
    assert model.arrays["random/step"].shape == ()
    assert model.arrays["timing/seconds"] == 1.5
    assert len(model.arrays) == 8
    assert set(read_model(path, ("ema",)).arrays) == {"ema/a_to_b/stem.0.weight"}
    assert read_model(path, ()).arrays == {}


def test_an_array_outside_the_groups_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no group for 'other/x'"):
        write_model(tmp_path / "m.h5", {"other/x": np.zeros(1)}, Provenance({}, "x", 0), {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["dataset", "model", "synthetic"])
def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    make: Make = request.getfixturevalue(f"make_{kind}")
    one, other = make(tmp_path / "one.h5"), make(tmp_path / "deeper" / "other.h5")
    assert one.read_bytes() == other.read_bytes()
    assert sha256_file(one) == sha256_file(other)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("", ""),
        ("feraug prepare 'räume 工/x.csv'", "feraug prepare 'räume 工/x.csv'"),
        ("feraug prepare caf\udce9.csv", "feraug prepare caf\\udce9.csv"),
        ("x" * 100_000, "x" * 65_000),
        ("工" * 30_000, "工" * 21_666),
        ("yy" + "工" * 30_000, "yy" + "工" * 21_666),  # no half of a character
    ],
)
def test_any_command_line_can_be_kept(tmp_path: Path, command: str, expected: str) -> None:
    provenance = Provenance({"a": [1, 2.5, None, "é\udce9\n"]}, command, 2**63 - 1, {"caf\udce9": "ab"})
    with h5py.File(tmp_path / "x.h5", "w") as file:
        write_header(file, "feraug-model", provenance, {"x": {"y": True}})
        header = read_header(file, "x.h5")
    assert header.provenance == Provenance(provenance.config, expected, 2**63 - 1, {"caf\udce9": "ab"})
    assert header.extra == {"x": {"y": True}}


def test_texts_are_of_fixed_length_and_utf8(tmp_path: Path, make_model: Make) -> None:
    # Texts of variable length lie in HDF5's global heap, where one damaged byte can hang libhdf5.
    with h5py.File(make_model(tmp_path / "m.h5")) as file:
        for name in ("encoding-type", "feraug-version", "config", "command", "inputs", "facts"):
            kind = h5py.check_string_dtype(file.attrs.get_id(name).dtype)
            assert kind.encoding == "utf-8"
            assert kind.length


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_a_bug(tmp_path: Path, number: float) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file, pytest.raises(ValueError, match="JSON"):
        write_header(file, "feraug-model", Provenance({"x": number}, "x", 0), {})


def test_facts_too_long_for_the_file_are_a_bug(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file, pytest.raises(ValueError, match="'facts'"):
        write_header(file, "feraug-model", Provenance({}, "x", 0), {"x": "y" * 65_000})


def test_headers_of_every_kind_can_be_read_alone(
    tmp_path: Path, make_dataset: Make, make_model: Make, make_synthetic: Make
) -> None:
    for make in (make_dataset, make_model, make_synthetic):
        assert read_artifact_header(make(tmp_path / "x.h5")).provenance.seed == 7
    with pytest.raises(MissingArtifactError, match=r"nothing\.h5: no such file"):
        read_artifact_header(tmp_path / "nothing.h5")


def test_images_are_dropped_from_sets_larger_than_a_piece(tmp_path: Path) -> None:
    images = np.broadcast_to((np.arange(5000) % 251).astype(np.uint8)[:, None, None], (5000, 48, 48))
    mask = np.arange(5000) % 3 > 0
    with pytest.raises(KeyboardInterrupt), writing_dataset(tmp_path / "d.h5") as writer:
        writer.append(images)
        writer.keep(mask)
        np.testing.assert_array_equal(writer.images()[:, 0, 0], images[mask, 0, 0])
        raise KeyboardInterrupt


def test_near_copies_are_known_where_they_were_looked_for_and_of_drawn_faces(
    tmp_path: Path, make_dataset: Make
) -> None:
    path = make_dataset(tmp_path / "d.h5")
    assert read_dataset(path).near_copies_known
    with h5py.File(path, "r+") as file:
        del file["near_copy_in_train"]
    assert not read_dataset(path).near_copies_known
    with h5py.File(path, "r+") as file:
        file.attrs["config"] = np.bytes_(json.dumps({"source": "drawn:5"}))
    assert read_dataset(path).near_copies_known
