"""Files that are damaged, foreign or hostile are refused in one line, before anything is allocated."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.emotions import EMOTIONS
from feraug.errors import ArtifactError, MissingArtifactError
from feraug.store.bench import read_bench, read_predictions, write_bench, write_predictions
from feraug.store.dataset import read_dataset, read_source_names
from feraug.store.header import BENCH, COMPARE, PREDICTIONS, SSIM, Provenance, write_header
from feraug.store.model import read_model
from feraug.store.reading import open_artifact, read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.store.writing import new_artifact

Make = Callable[..., Path]


@pytest.fixture
def dataset(tmp_path: Path, make_dataset: Make) -> Path:
    return make_dataset(tmp_path / "dataset.h5")


@pytest.fixture
def synthetic(tmp_path: Path, make_synthetic: Make) -> Path:
    return make_synthetic(tmp_path / "synthetic.h5")


@pytest.fixture
def model(tmp_path: Path, make_model: Make) -> Path:
    return make_model(tmp_path / "model.h5")


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """The one line with which ``read`` refuses ``path``, without the path and what to do next."""
    with pytest.raises(ArtifactError) as caught:
        read(path)
    what, text = caught.value.what, str(caught.value)
    assert what.startswith(f"{path}: ")
    assert text.isprintable()
    assert text.startswith(f"{what}; ") and len(text) > len(what) + 10, "it says what to do next"
    return what.removeprefix(f"{path}: ")


def replace(path: Path, name: str, **settings: Any) -> None:
    """Put another dataset in the place of ``name``."""
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_dataset(name, **settings)


def put_text(path: Path, key: str, text: bytes) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs.create(key, np.bytes_(text), dtype=h5py.string_dtype("utf-8", max(1, len(text))))


# --- not a file of feraug's at all ---------------------------------------------------------------


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(read_dataset, tmp_path) == "a folder, not an artifact"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match="no such file"):
        read_dataset(tmp_path / "x.h5")


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    assert "the name is too long" in refusal(read_dataset, tmp_path / ("x" * 300))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(read_dataset, tmp_path / "pipe") == "not a regular file"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.h5").touch()
    assert refusal(read_dataset, tmp_path / "x.h5") == "empty (0 bytes)"


@pytest.mark.parametrize("text", [b"x", b"emotion,pixels,Usage\n", b"\x89HDF\r\n\x1a\n", bytes(10_000)])
def test_not_hdf5(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(text)
    words = refusal(read_dataset, tmp_path / "x.h5")
    assert words in (
        "not an HDF5 file",
        "truncated: the end of the file is missing",
        "damaged: the HDF5 library cannot read it",
    )


def test_foreign_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images"] = np.zeros((3, 48, 48), np.uint8)
    assert "an HDF5 file, but not one of feraug's" in refusal(read_dataset, tmp_path / "x.h5")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.99])
def test_truncated(dataset: Path, share: float) -> None:
    data = dataset.read_bytes()
    dataset.write_bytes(data[: int(len(data) * share)])
    assert refusal(read_dataset, dataset) == "truncated: the end of the file is missing"


def test_no_permission(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("h5py.File", refuse)
    assert refusal(read_dataset, dataset) == "no permission to read it"


def test_no_memory(dataset: Path) -> None:
    with pytest.raises(ArtifactError, match="more than this machine's memory"), open_artifact(dataset):
        raise MemoryError


def test_one_kind_in_place_of_another(dataset: Path, model: Path, synthetic: Path) -> None:
    assert refusal(read_dataset, model) == "holds a model, not a dataset"
    assert refusal(read_model, synthetic) == "holds a synthetic set, not a model"
    assert refusal(read_synthetic, dataset) == "holds a dataset, not a synthetic set"


# --- the header ----------------------------------------------------------------------------------


def test_a_newer_version_says_to_upgrade(dataset: Path) -> None:
    with h5py.File(dataset, "r+") as file:
        file.attrs["encoding-version"] = 2
    with pytest.raises(ArtifactError, match=r"newer feraug \(format 2; this one reads up to 1\)") as caught:
        read_artifact_header(dataset)
    assert str(caught.value).endswith("; upgrade with 'pip install -U feraug'")


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_never_was(dataset: Path, version: int) -> None:
    with h5py.File(dataset, "r+") as file:
        file.attrs["encoding-version"] = version
    assert "encoding-version" in refusal(read_artifact_header, dataset)


def test_an_unknown_kind(dataset: Path) -> None:
    put_text(dataset, "encoding-type", b"feraug-\x1b[31mred\n" + b"x" * 99)
    words = refusal(read_artifact_header, dataset)
    assert "not a feraug artifact this version knows (encoding-type 'feraug-\\x1b[31mred\\n" in words
    assert len(words) < 120


KEYS = ["encoding-version", "feraug-version", "config", "command", "seed", "inputs", "facts"]


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_attribute(dataset: Path, key: str) -> None:
    with h5py.File(dataset, "r+") as file:
        del file.attrs[key]
    assert refusal(read_artifact_header, dataset) == f"damaged (attribute '{key}' is missing)"


@pytest.mark.parametrize("key", ["encoding-type", *KEYS])
@pytest.mark.parametrize("value", [1.5, [1, 2], np.zeros((2, 2)), h5py.Empty("f8")])
def test_an_attribute_of_the_wrong_type(dataset: Path, key: str, value: Any) -> None:
    with h5py.File(dataset, "r+") as file:
        file.attrs[key] = value
    assert f"attribute '{key}' is not a" in refusal(read_artifact_header, dataset)


def test_a_number_in_place_of_a_text_and_the_reverse(dataset: Path) -> None:
    with h5py.File(dataset, "r+") as file:
        file.attrs["seed"] = "7"
    assert "'seed' is not a whole number" in refusal(read_artifact_header, dataset)
    with h5py.File(dataset, "r+") as file:
        file.attrs["config"] = 7
    assert "'config' is not a text" in refusal(read_artifact_header, dataset)


def test_a_text_of_variable_length_is_not_read(dataset: Path) -> None:
    with h5py.File(dataset, "r+") as file:
        file.attrs["config"] = "{}"
    assert "'config' is not a text of fixed length" in refusal(read_artifact_header, dataset)


def test_a_text_that_is_not_utf8(dataset: Path) -> None:
    put_text(dataset, "command", b"caf\xe9")
    assert refusal(read_artifact_header, dataset) == "damaged (attribute 'command' is not UTF-8)"


@pytest.mark.parametrize("key", ["config", "inputs", "facts"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 50_000, "is not JSON"),
        (b'{"a":' * 10_000, "is not JSON"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": 1e999}', "is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b'"text"', "is not a JSON object"),
    ],
)
def test_broken_json(dataset: Path, key: str, text: bytes, words: str) -> None:
    put_text(dataset, key, text)
    assert refusal(read_artifact_header, dataset) == f"damaged (attribute '{key}' {words})"


def test_inputs_that_are_no_digests(dataset: Path) -> None:
    put_text(dataset, "inputs", b'{"x.csv": 5}')
    assert "'inputs' holds something other than digests" in refusal(read_artifact_header, dataset)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": 5},
        {"audit": None},
        {"audit": {"blank": 0}},
        {"dropped": 3},
        {"skipped": {"total": -1, "causes": {}}},
        {"skipped": {"total": True, "causes": {}}},
        {"skipped": {"total": "many", "causes": {}}},
    ],
)
def test_facts_of_a_dataset_that_cannot_be_used(dataset: Path, change: dict[str, Any]) -> None:
    facts = dict(read_artifact_header(dataset).extra) | change
    put_text(dataset, "facts", json.dumps(facts).encode())
    assert f"attribute 'facts' has an unusable '{next(iter(change))}'" in refusal(read_dataset, dataset)


@pytest.mark.parametrize("key", ["step", "steps", "steps_per_epoch", "finished"])
def test_facts_of_a_model_that_cannot_be_used(model: Path, key: str) -> None:
    facts = dict(read_artifact_header(model).extra)
    put_text(model, "facts", json.dumps(facts | {key: "three"}).encode())
    assert f"unusable '{key}'" in refusal(read_model, model)
    del facts[key]
    put_text(model, "facts", json.dumps(facts).encode())
    assert f"attribute 'facts' has no '{key}'" in refusal(read_model, model)


@pytest.mark.parametrize("chosen", ["x", -1, True, 1.5])
def test_a_chosen_epoch_that_is_none(model: Path, chosen: Any) -> None:
    facts = dict(read_artifact_header(model).extra)
    put_text(model, "facts", json.dumps(facts | {"chosen_epoch": chosen}).encode())
    assert "unusable 'chosen_epoch'" in refusal(read_model, model)


ARM: dict[str, Any] = {
    **{name: [0.5] for name in ("accuracy", "macro_f1", "balanced_accuracy", "calibration_error")},
    "per_class": {emotion: {"correct": [0], "total": 0} for emotion in EMOTIONS},
    "confusion": [[0]],
}
NO_COUNTS = {emotion: {"correct": [], "total": 0} for emotion in EMOTIONS}
DIFFERENCE: dict[str, Any] = {
    **{name: dict.fromkeys(("mean", "low", "high", "p"), 0.0)
       for name in ("accuracy", "macro_f1", "balanced_accuracy")},
    "accuracy_p_holm": 1.0, "per_class": {}, "mcnemar": [1.0],
}  # fmt: skip
TABLE = {"images": {"accuracy": 3}, "arms": {"real": ARM}, "differences": {}, "conclusions": ["nothing"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": None}, "unusable 'steps'"),
        ({"reduced": 3}, "unusable 'reduced'"),
        ({"table": {"arms": {}}}, "unusable 'table'"),
        ({"table": {**TABLE, "conclusions": 5}}, "unusable conclusions"),
        ({"arms": []}, "no table of its arms"),
        ({"arms": ["real", "mixup"]}, "no table of its arms"),
        ({"table": {**TABLE, "arms": {}}}, "no table of its arms"),
        (
            {"table": {**TABLE, "arms": {"real": {**ARM, "accuracy": []}}}},
            "lacks figures of the repeats of 'real'",
        ),
        ({"table": {**TABLE, "arms": {"real": {**ARM, "macro_f1": [0.5, 0.5]}}}}, "lacks figures"),
        ({"table": {**TABLE, "arms": {"real": {**ARM, "macro_f1": "x"}}}}, "unusable 'table'"),
        ({"table": {**TABLE, "arms": {"real": {**ARM, "per_class": {}}}}}, "unusable 'table'"),
        ({"table": {**TABLE, "differences": {"a - real": {}}}}, "unusable 'table'"),
        ({"table": {**TABLE, "differences": {"a - b": DIFFERENCE}}}, "difference 'a - b' of no two arms"),
        (
            {"table": {**TABLE, "arms": {"real": {**ARM, "per_class": NO_COUNTS}}}},
            "lacks figures of the repeats of 'real'",
        ),
    ],
)
def test_facts_of_a_benchmark_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "bench.h5"
    facts = {"steps": 1, "reduced": True, "arms": ["real"], "table": TABLE}
    provenance = Provenance({}, "test", 0, {})
    alike = np.full((1, 3, 7), 1 / 7, np.float32)
    write_bench(path, {"real": alike}, {"labels": np.zeros(3)}, provenance, facts)
    assert read_bench(path).header.extra == facts
    put_text(path, "facts", json.dumps(facts | change).encode())
    assert words in refusal(read_bench, path)


@pytest.mark.parametrize("sources", [None, {}, [5], "ab"])
def test_sources_of_a_synthetic_set_that_cannot_be_used(synthetic: Path, sources: Any) -> None:
    put_text(synthetic, "facts", json.dumps({"sources": sources}).encode())
    assert "unusable 'sources'" in refusal(read_synthetic, synthetic)


# --- arrays --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["images", "labels", "split", "source_row", "blank", "duplicate_group"])
def test_a_missing_column(dataset: Path, name: str) -> None:
    with h5py.File(dataset, "r+") as file:
        del file[name]
    assert f"'{name}' is missing" in refusal(read_dataset, dataset)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros(3, np.int64), "'labels' is int64, expected uint8"),
        (np.zeros(3, ">i2"), "'labels' is >i2, which no array of feraug is"),
        (np.zeros(3, np.longdouble), "which no array of feraug is"),
        (np.zeros(3, np.complex64), "'labels' holds no numbers"),
        (np.array([b"a", b"b", b"c"]), "'labels' holds no numbers"),
        (h5py.Empty("u1"), "'labels' holds no numbers"),
        (np.zeros(4, np.uint8), "'labels' has shape (4,), expected (3)"),
        (np.zeros((3, 1), np.uint8), "'labels' has shape (3, 1), expected (3)"),
        (np.uint8(0), "'labels' has shape (), expected (3)"),
        (np.array([0, 9, 0], np.uint8), "'labels' has the value 9; 0 to 6 is possible"),
    ],
)
def test_labels_that_are_other_than_declared(dataset: Path, data: Any, words: str) -> None:
    replace(dataset, "labels", data=data)
    assert words in refusal(read_dataset, dataset)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("split", [0, 7, 0], "'split' has the value 7; 0 to 2 is possible"),
        ("source_labels", [0, 9, 0], "'source_labels' has the value 9"),
        ("source_row", [0, -5, 0], "'source_row' has the value -5"),
        ("duplicate_group", [0, 3, 0], "'duplicate_group' has the value 3; -1 to 2"),
        ("duplicate_group", [0, -2, 0], "'duplicate_group' has the value -2"),
        ("near_copy_row", [0, 1, 3], "'near_copy_row' has the value 3; -1 to 2"),
        ("near_copy_group", [0, 1, 3], "'near_copy_group' has the value 3; -1 to 2"),
        ("person", [0, -1, 0], "'person' has the value -1"),
    ],
)
def test_codes_and_rows_that_do_not_exist(dataset: Path, name: str, values: Any, words: str) -> None:
    with h5py.File(dataset, "r+") as file:
        file[name][...] = values
    assert words in refusal(read_dataset, dataset)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a.png\0b.png\0", "'source_names' has 2 names for 3 images"),
        (b"a\0b\0c\0d\0", "'source_names' has 4 names for 3 images"),
        (b"a\0b\0c\0d", "'source_names' has 3 names for 3 images, and more behind"),
        (b"a\0b\0\xff\0", "'source_names' has names that are no UTF-8"),
        (b"a\0\0c\0", "'source_names' has names that are empty"),
    ],
)
def test_names_that_are_not_those_of_the_images(dataset: Path, text: bytes, words: str) -> None:
    with h5py.File(dataset, "r+") as file:
        file["source_names"] = np.frombuffer(text, np.uint8)
    assert words in refusal(read_source_names, dataset)
    assert words in refusal(read_dataset, dataset)


def test_a_flag_that_is_neither_true_nor_false(dataset: Path) -> None:
    with h5py.File(dataset, "r+") as file:
        place = file["blank"].id.get_offset()
    data = bytearray(dataset.read_bytes())
    data[place + 1] = 2
    dataset.write_bytes(data)
    assert "'blank' has values that are neither true nor false" in refusal(read_dataset, dataset)


@pytest.mark.parametrize("shape", [(3, 48), (3, 48, 47), (3, 48, 48, 1), ()])
def test_images_of_another_shape(dataset: Path, shape: tuple[int, ...]) -> None:
    replace(dataset, "images", data=np.zeros(shape, np.uint8))
    assert "expected (N, 48, 48)" in refusal(read_dataset, dataset)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("labels", [7, 3, 3], "neither an emotion nor 255"),
        ("origin/row", [0, -2, 0], "'origin/row' has the value -2"),
        ("origin/source", [0, 1, 0], "'origin/source' has the value 1; 0 to 0"),
    ],
)
def test_origins_that_do_not_exist(synthetic: Path, name: str, values: Any, words: str) -> None:
    with h5py.File(synthetic, "r+") as file:
        file[name][...] = values
    assert words in refusal(read_synthetic, synthetic)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("networks/a_to_b/stem.0.weight", np.zeros(3, ">f4"), "is >f4, which no array of feraug is"),
        ("networks/a_to_b/stem.0.weight", np.zeros(3, np.uint32), "is <u4, which no array of feraug is"),
        ("history/cycle_a", np.float32(1), "'history/cycle_a' has shape (), expected (N)"),
        ("history/cycle_a", np.array([np.nan], np.float32), "values that are not finite"),
        ("timing/seconds", np.zeros(2), "'timing/seconds' has shape (2,), expected ()"),
        ("timing/seconds", np.float64(np.inf), "values that are not finite"),
        ("image_history/fake_a", np.zeros((1, 48, 48), np.float32), "expected (N, 1, 48, 48)"),
        ("random/step", np.int64(4), "'random/step' is 4, attribute 'facts' says 3"),
        ("random/step", np.zeros(2, np.int64), "'random/step' has shape (2,), expected ()"),
    ],
)
def test_arrays_of_a_model_that_cannot_be_used(model: Path, name: str, data: Any, words: str) -> None:
    replace(model, name, data=data)
    assert words in refusal(read_model, model)


def test_an_array_in_place_of_a_group_and_the_reverse(model: Path, dataset: Path) -> None:
    replace(model, "ema", data=np.zeros(3))
    assert "'ema' is not a group" in refusal(read_model, model)
    with h5py.File(dataset, "r+") as file:
        del file["labels"]
        file.create_group("labels")
    assert "'labels' is not an array" in refusal(read_dataset, dataset)


# --- ways out of the file ------------------------------------------------------------------------


def test_an_external_link(dataset: Path, tmp_path: Path) -> None:
    shutil.copy(dataset, tmp_path / "other.h5")
    with h5py.File(dataset, "r+") as file:
        del file["images"]
        file["images"] = h5py.ExternalLink("other.h5", "/images")
    assert "'images' is a link to elsewhere" in refusal(read_dataset, dataset)


def test_a_soft_link(dataset: Path) -> None:
    with h5py.File(dataset, "r+") as file:
        file.move("images", "pictures")
        file["images"] = h5py.SoftLink("/pictures")
    assert "'images' is a link to elsewhere" in refusal(read_dataset, dataset)


def test_a_group_behind_a_link(model: Path, tmp_path: Path) -> None:
    shutil.copy(model, tmp_path / "other.h5")
    with h5py.File(model, "r+") as file:
        del file["ema"]
        file["ema"] = h5py.ExternalLink("other.h5", "/ema")
    assert "'ema' is a link to elsewhere" in refusal(read_model, model)


def test_links_within_a_group_are_not_followed(model: Path, tmp_path: Path) -> None:
    shutil.copy(model, tmp_path / "other.h5")
    with h5py.File(model, "r+") as file:
        file["ema/a_to_b/soft"] = h5py.SoftLink("/networks/a_to_b/stem.0.weight")
        file["ema/a_to_b/external"] = h5py.ExternalLink("other.h5", "/timing/seconds")
        file["ema/round"] = file["ema"]  # a group that holds itself
    assert list(read_model(model, ("ema",)).arrays) == ["ema/a_to_b/stem.0.weight"]


def test_external_storage(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(3 * 2304))
    replace(
        dataset, "images", shape=(3, 48, 48), dtype="u1", external=[(str(tmp_path / "secret"), 0, 3 * 2304)]
    )
    assert "'images' refers to other files" in refusal(read_dataset, dataset)


def test_a_virtual_dataset(dataset: Path, tmp_path: Path) -> None:
    shutil.copy(dataset, tmp_path / "other.h5")
    layout = h5py.VirtualLayout((3, 48, 48), "u1")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "images", (3, 48, 48))
    with h5py.File(dataset, "r+") as file:
        del file["images"]
        file.create_virtual_dataset("images", layout)
    assert "'images' refers to other files" in refusal(read_dataset, dataset)


@pytest.mark.parametrize("settings", [{"compression": "gzip"}, {"shuffle": True}, {"fletcher32": True}])
def test_a_filtered_dataset(dataset: Path, settings: dict[str, Any]) -> None:
    replace(dataset, "images", data=np.zeros((3, 48, 48), np.uint8), **settings)
    assert "'images' is compressed; feraug's arrays are not" in refusal(read_dataset, dataset)


# --- absurd sizes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": (10**12, 48, 48), "chunks": (128, 48, 48)},
        {"shape": (10**12, 48, 48)},
        {"shape": (2**53, 48, 48)},  # times 2304 it passes 2**63
        {"shape": (4, 48, 48), "chunks": (2, 48, 48)},
        {"shape": (4, 48, 48)},
    ],
)
def test_more_declared_than_there(dataset: Path, settings: dict[str, Any]) -> None:
    replace(dataset, "images", dtype="u1", **settings)
    tracemalloc.start()
    try:
        words = refusal(read_dataset, dataset)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "'images' declares" in words
    assert "does not hold them" in words
    assert peak < 2_000_000


def test_a_gigabyte_of_text_is_not_read(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # libhdf5 writes no such attribute; a file made by hand may declare one.
    monkeypatch.setattr("h5py.check_string_dtype", lambda _: h5py.h5t.string_info("utf-8", 2**30))
    assert "is not a text of fixed length" in refusal(read_artifact_header, dataset)


@pytest.mark.parametrize("wrong", [-0.5, np.nan, np.inf, 0.5])
def test_values_that_are_no_probabilities(tmp_path: Path, wrong: float) -> None:
    found, provenance = np.full((3, 7), 1 / 7, np.float32), Provenance({}, "test", 0)
    found[1, 2] = wrong
    if wrong < 0:
        found[1, 3] += 1 / 7 - wrong  # so that the sum does not tell
    facts = {"arm": "real", "repeat": 0, "chosen_epoch": 1, "steps": 1, "seconds": 1.0}
    whole = np.full((3, 7), 1 / 7, np.float32)
    for number, both in enumerate(((found, whole), (whole, found))):
        path = tmp_path / f"p{number}.h5"
        write_predictions(path, both[0], np.zeros(1, np.float32), both[1], provenance, facts)
        assert "values that are no probabilities" in refusal(read_predictions, path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (COMPARE, "comparison of models"),
        (SSIM, "similarity analysis"),
        (BENCH, "benchmark"),
        (PREDICTIONS, "repeat of a benchmark"),
    ],
)
def test_kinds_are_called_by_plain_names(tmp_path: Path, kind: str, words: str) -> None:
    with new_artifact(tmp_path / "x.h5") as artifact:
        write_header(artifact.file, kind, Provenance({}, "test", 0), {})
    assert f"holds a {words}, not a dataset" in refusal(read_dataset, tmp_path / "x.h5")
