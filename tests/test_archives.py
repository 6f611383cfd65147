"""Files of every version of the format that was ever in use can still be read, and gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feraug
from feraug.config import BenchConfig, TranslatorConfig, classifier_config, from_json
from feraug.config.values import fields
from feraug.store.bench import read_bench, read_predictions
from feraug.store.compare import read_compare
from feraug.store.dataset import read_dataset
from feraug.store.model import read_model
from feraug.store.ssim import read_ssim
from feraug.store.workspace import Workspace
from feraug.workflows.bench import bench
from feraug.workflows.info import describe
from feraug.workflows.train import train_translator

ARCHIVES = Path(__file__).parent / "data" / "archives"
VERSIONS = sorted(path.stem for path in ARCHIVES.glob("*.json"))


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def expected(version: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((ARCHIVES / f"{version}.json").read_text())
    return facts


def test_there_is_an_archive_of_the_first_version() -> None:
    assert "v1" in VERSIONS


def test_datasets_read_as_they_were_written(version: str) -> None:
    dataset, facts = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5"), expected(version)
    assert int(dataset.images.sum()) == facts["image_sum"]
    assert dataset.labels.tolist() == facts["labels"] and dataset.split.tolist() == facts["split"]


def test_synthetic_sets_read_as_they_were_written(version: str) -> None:
    synthetic, facts = feraug.open_synthetic(ARCHIVES / f"{version}-synthetic.h5"), expected(version)
    assert int(synthetic.images.sum()) == facts["synthetic_sum"]
    assert synthetic.origin_row.tolist() == facts["origin_row"]


def test_similarities_read_as_they_were_written(version: str) -> None:
    found = read_ssim(ARCHIVES / f"{version}-ssim.h5")
    dataset = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5")
    synthetic = feraug.open_synthetic(ARCHIVES / f"{version}-synthetic.h5")
    (one,) = found.sets
    rows = one.nearest.rows
    again = feraug.all_pairs_ssim(synthetic.images[rows[:, 0]], dataset.images[rows[:, 1]]).diagonal()
    assert len(rows) and np.abs(again - one.nearest.ssim).max() < 1e-5


def test_comparisons_read_as_they_were_written(version: str) -> None:
    found = read_compare(ARCHIVES / f"{version}-compare.h5")
    dataset = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5")
    (model,) = found.table["models"]
    made = found.sets[2]
    assert set(dataset.labels[made.rows]) == {6} and set(dataset.split[made.rows]) == {1}
    assert model["share"]["mean"] == pytest.approx((made.probabilities.argmax(1) == 3).mean(), abs=1e-6)
    assert model["identity"]["mean"] == pytest.approx(float(made.ssim.mean()), abs=1e-5)


def test_translators_still_translate_the_same(version: str) -> None:
    dataset = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5")
    translated = feraug.load_translator(ARCHIVES / f"{version}-cyclegan.h5").translate(dataset.images[:4])
    # Other processors and versions of torch round differently: a level for some pixels.
    assert abs(int(translated.sum()) - expected(version)["translated_sum"]) < translated.size * 0.1


def test_other_generators_still_make_the_same(version: str) -> None:
    faces = feraug.open_dataset(ARCHIVES / f"{version}-dataset.h5").images[:4]
    stargan = feraug.load_translator(ARCHIVES / f"{version}-stargan.h5").translate(faces, "neutral:happy")
    made, labels = feraug.load_generator(ARCHIVES / f"{version}-dcgan.h5").generate(4)
    weights = feraug.load_translator(ARCHIVES / f"{version}-weights.h5").translate(faces)
    assert labels.tolist() == [6] * 4
    for images, name in ((stargan, "stargan"), (made, "dcgan"), (weights, "translated")):  # float16, the last
        assert abs(int(images.sum()) - expected(version)[f"{name}_sum"]) < images.size * 0.1, name


def test_training_goes_on_from_an_old_checkpoint(version: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    old = read_model(ARCHIVES / f"{version}-cyclegan.h5", ("networks",))
    shutil.copy(ARCHIVES / f"{version}-dataset.h5", tmp_path / "dataset.h5")
    target = workspace.model(old.header.provenance.config["model"] + "-neutral-happy")
    target.parent.mkdir(parents=True)
    shutil.copy(ARCHIVES / f"{version}-cyclegan.h5", target)
    config = from_json(TranslatorConfig, old.header.provenance.config)
    result = train_translator(config, workspace)
    assert not result.already_done and old.step < result.step == config.steps
    history = read_model(target, ("history",)).arrays
    assert all(len(values) == config.steps and np.isfinite(values).all() for values in history.values())


def test_classifiers_still_see_the_same(version: str) -> None:
    dataset = read_dataset(ARCHIVES / f"{version}-dataset.h5")
    seen = feraug.load_classifier(ARCHIVES / f"{version}-simple.h5")
    found = seen.probabilities(dataset.images[dataset.rows(split="test")])
    kept = read_predictions(ARCHIVES / f"{version}-real-0.h5")
    np.testing.assert_allclose(found, kept.probabilities, atol=1e-3)


def test_a_benchmark_goes_on_with_old_repeats(version: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    shutil.copy(ARCHIVES / f"{version}-dataset.h5", tmp_path / "dataset.h5")
    whole, repeats = workspace.bench("simple"), workspace.bench("simple").with_suffix("")
    repeats.mkdir(parents=True)
    shutil.copy(ARCHIVES / f"{version}-bench.h5", whole)
    shutil.copy(ARCHIVES / f"{version}-simple.h5", repeats / "classifier.h5")
    for name in ("real-0", "oversampled-0"):
        shutil.copy(ARCHIVES / f"{version}-{name}.h5", repeats / f"{name}.h5")
    old = read_bench(whole)
    given = old.header.provenance.config
    classifier = {name: value for name, value in given.items() if name not in fields(BenchConfig)}
    config = BenchConfig(classifier_config(classifier), tuple(given["arms"]), repeats=2)
    kept = {path: path.read_bytes() for path in repeats.iterdir()}
    result = bench(config, workspace)
    assert all(path.read_bytes() == before for path, before in kept.items())
    first = old.header.extra["table"]["arms"]
    for arm, facts in result.table["arms"].items():
        assert len(facts["accuracy"]) == 2 and facts["accuracy"][:1] == first[arm]["accuracy"]


@pytest.mark.parametrize(
    "kind",
    [
        *("dataset", "cyclegan", "stargan", "dcgan", "weights", "simple"),
        *("synthetic", "ssim", "compare", "bench", "real-0"),
    ],
)
def test_info_describes_them(version: str, kind: str) -> None:
    assert describe(ARCHIVES / f"{version}-{kind}.h5")
