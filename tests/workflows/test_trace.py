"""``feraug info --trace``: the history of an image or a file by digests, and what is missing from it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feraug.config import NoiseSynthConfig, SynthConfig, TranslatorConfig, model_config
from feraug.errors import ArtifactError, UsageError
from feraug.store.compare import read_compare, write_compare
from feraug.store.compare_parts import CompareParts, PhotoSets
from feraug.store.digests import sha256_file
from feraug.store.header import Provenance
from feraug.store.synthetic import read_synthetic, writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.by_digest import artifacts_by_digest, find_by_digest
from feraug.workflows.synth import synthesise
from feraug.workflows.trace import Link, trace
from feraug.workflows.train import train, train_translator

ARCHIVES = Path(__file__).parents[1] / "data" / "archives"
NOISE_ROWS = np.full(30, -1)


@pytest.fixture(scope="session")
def chain_once(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    """Dataset, noise generator, noise faces, their filtered ones, a translator of them, translations."""
    workspace = Workspace(tmp_path_factory.mktemp("trace"))
    shutil.copy(drawn_dataset, workspace.dataset())
    tiny: dict[str, Any] = {"base_channels": 1, "discriminator_channels": 1, "batch_size": 2, "steps": 1}
    train(model_config({"model": "wgan-gp", "emotions": ["neutral"], **tiny}), workspace)
    synthesise(NoiseSynthConfig(count=30), workspace, model="wgan-gp")
    _filter(workspace, np.arange(3, 30, 2))
    filtered = workspace.synthetic("wgan-gp-neutral-filtered")
    config = TranslatorConfig(residual_blocks=0, image_history=0, source_share=1.0, **tiny)
    train_translator(config, workspace, source=filtered)
    synthesise(SynthConfig(count=40), workspace, source=filtered, name="smiles")
    return workspace.root


def _filter(workspace: Workspace, kept: np.ndarray[Any, Any]) -> None:
    path = workspace.synthetic("wgan-gp-neutral")
    faces, digest = read_synthetic(path), sha256_file(path)
    stages = np.ones(30, np.uint8)
    stages[kept] = 0
    facts = {
        "sources": [], "model": faces.header.extra["model"], "parent": digest,
        "filter": {"stages": [], "real_images": 1, "detector": "cascade", "classifier": "c" * 64},
    }  # fmt: skip
    provenance = Provenance({}, "test", 0, {path.name: digest})
    with writing_synthetic(
        workspace.synthetic("wgan-gp-neutral-filtered"), len(kept), provenance, facts
    ) as writer:
        none = np.zeros(len(kept), np.uint16)
        writer.append(
            faces.images[kept], faces.labels[kept], rows=np.full(len(kept), -1), source=0, rounds=none
        )
        scores = {"face": np.ones(30), "probabilities": np.ones((30, 7)), "dropped_at": stages}
        writer.filtered(kept, scores)


@pytest.fixture
def chain(chain_once: Path, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(chain_once, tmp_path / "artifacts")))


def told(links: list[Link]) -> list[tuple[int, str, str, int | None]]:
    return [(link.depth, link.role, link.name, link.row) for link in links]


def test_from_a_smile_back_to_the_dataset(chain: Workspace) -> None:
    smiles = read_synthetic(chain.synthetic("smiles"))
    links = trace(chain.synthetic("smiles"), 17)
    kept = int(smiles.origin_row[17])
    parent = 3 + 2 * kept
    filtered, noise = "wgan-gp-neutral-filtered.h5", "wgan-gp-neutral.h5"
    tail = [("made by", noise, None), ("trained on", "dataset.h5", None)]
    assert told(links) == [
        (0, "image", "smiles.h5", 17),
        (1, "made by", "cyclegan-neutral-happy.h5", None),
        (2, "trained on", "dataset.h5", None),
        (2, "trained on", filtered, None),
        (3, "made from", noise, None),
        (4, "made from", *tail[0][1:]),
        (5, *tail[1]),
        (1, "translated from", filtered, kept),
        (2, "kept from", noise, parent),
        (3, *tail[0]),
        (4, *tail[1]),
    ]
    assert not any(link.missing for link in links)
    assert all(link.path is not None and sha256_file(link.path) == link.digest for link in links)
    assert links[8].what == f"'neutral', made from noise (seed 0, place {parent})"
    assert links[1].what == "cyclegan neutral:happy, 1 of 1 step"
    one = chain.synthetic("smiles")
    np.testing.assert_array_equal(
        read_synthetic(chain.synthetic("wgan-gp-neutral-filtered")).images[kept],
        read_synthetic(chain.synthetic("wgan-gp-neutral")).images[parent],
    )
    assert trace(one, 39)[0].what.startswith("'happy', translated from")


def test_an_image_of_a_dataset(chain: Workspace) -> None:
    (link,) = trace(chain.dataset(), 5)
    assert link.what.startswith("a real '") and link.what.endswith(", row 5 of drawn:280")


def test_the_model_of_a_face_detector_is_not_looked_for(chain: Workspace) -> None:
    path = chain.synthetic("seen")
    inputs = {"blaze_face_short_range.tflite": "b" * 64, "cyclegan.h5": "c" * 64}
    facts = {"sources": ["c" * 64], "model": "b" * 64}
    with writing_synthetic(path, 1, Provenance({}, "test", 0, inputs), facts) as writer:
        one = np.zeros(1, np.uint16)
        image, label = np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.uint8)
        writer.append(image, label, rows=np.zeros(1, np.int64), source=0, rounds=one)
    assert [(link.name, link.missing) for link in trace(path, 0)[1:]] == [
        ("blaze_face_short_range.tflite", False), ("cyclegan.h5", True),
    ]  # fmt: skip


def test_what_is_missing_is_named_and_the_rest_is_told(chain: Workspace, tmp_path: Path) -> None:
    chain.dataset().unlink()
    chain.model("wgan-gp-neutral").unlink()
    links = trace(chain.synthetic("smiles"), 0)
    missing = {link.name for link in links if link.missing}
    assert missing == {"dataset.h5", "wgan-gp-neutral.h5"}
    assert all(link.digest for link in links)
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.root.mkdir()
    lone = elsewhere.root / "lone.h5"
    shutil.copy(chain.synthetic("smiles"), lone)
    assert sum(link.missing for link in trace(lone, 0)) == 2
    assert not any(link.depth == 1 and link.missing for link in trace(lone, 0, (chain,)))


def test_a_classifier_that_a_benchmark_left_is_found(chain: Workspace) -> None:
    filtered = chain.synthetic("wgan-gp-neutral-filtered")
    there = chain.root / "bench" / "simple" / "classifier.h5"
    there.parent.mkdir(parents=True)
    shutil.copy(chain.model("wgan-gp-neutral"), there)  # any model does: only the digest counts
    digest = sha256_file(there)
    assert find_by_digest(digest, chain, likely="classifier.h5") == there
    chain.model("wgan-gp-neutral").unlink()
    assert artifacts_by_digest(chain)[digest] == there
    links = trace(filtered, 0)
    assert not any(link.missing for link in links if link.digest == digest)


def test_a_damaged_file_in_the_chain_ends_its_branch(chain: Workspace) -> None:
    noise, filtered = chain.synthetic("wgan-gp-neutral"), chain.synthetic("wgan-gp-neutral-filtered")
    faces = read_synthetic(noise)
    junk = chain.synthetic("junk")
    junk.write_bytes(b"junk")
    facts = {**read_synthetic(filtered).header.extra, "parent": sha256_file(junk)}
    with writing_synthetic(filtered, 1, Provenance({}, "test", 0, {}), facts) as writer:
        one = np.zeros(1, np.uint16)
        writer.append(faces.images[:1], faces.labels[:1], rows=np.full(1, -1), source=0, rounds=one)
        scores = {"face": np.ones(1), "probabilities": np.ones((1, 7)), "dropped_at": np.zeros(1, np.uint8)}
        writer.filtered(np.zeros(1, np.int64), scores)
    links = trace(filtered, 0)
    assert (links[1].role, links[1].path) == ("kept from", junk.resolve())
    assert "not an HDF5 file" in links[1].what and len(links) == 2


def test_a_filtered_set_and_a_model_back_to_the_dataset(chain: Workspace) -> None:
    filtered, noise = "wgan-gp-neutral-filtered.h5", "wgan-gp-neutral.h5"
    (first, *rest) = trace(chain.synthetic("wgan-gp-neutral-filtered"))
    assert (first.path, first.row) == (chain.synthetic("wgan-gp-neutral-filtered").resolve(), None)
    tail = [("made from", noise), ("made from", noise), ("trained on", "dataset.h5")]
    assert told([first, *rest]) == [
        (depth, *named, None) for depth, named in enumerate([("file", filtered), *tail])
    ]
    assert told(trace(chain.model("cyclegan-neutral-happy"))) == [
        (0, "file", "cyclegan-neutral-happy.h5", None),
        (1, "trained on", "dataset.h5", None),
        (1, "trained on", filtered, None),
        *((depth, *named, None) for depth, named in enumerate(tail, 2)),
    ]
    assert [link.name for link in trace(chain.dataset())] == ["dataset.h5"]


@pytest.fixture
def analyses(tmp_path: Path) -> Workspace:
    """The archives where a workspace has such files, a comparison but for its judge."""
    workspace = Workspace(tmp_path / "analyses")
    translator = "cyclegan-neutral-happy"
    places = {
        "dataset": workspace.dataset(), "cyclegan": workspace.model(translator),
        "synthetic": workspace.synthetic(translator), "ssim": workspace.ssim("all"),
        "compare": workspace.compare("neutral-happy"),
        "bench": workspace.bench("simple"), "real-0": workspace.root / "bench" / "simple" / "real-0.h5",
        "simple": workspace.root / "bench" / "simple" / "classifier.h5",
    }  # fmt: skip
    for name, place in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ARCHIVES / f"v1-{name}.h5", place)
    return workspace


def test_what_an_analysis_was_made_from(analyses: Workspace) -> None:
    dataset, translator = "dataset.h5", "cyclegan-neutral-happy.h5"
    chains: dict[str, list[tuple[int, str, str, None]]] = {
        "bench/simple.h5": [(1, "made from", dataset, None)],
        "bench/simple/real-0.h5": [(1, "made from", dataset, None)],
        "bench/simple/classifier.h5": [(1, "trained on", dataset, None)],
        "ssim/all.h5": [
            (1, "made from", dataset, None), (1, "made from", translator, None),
            (2, "made from", dataset, None), (2, "made from", translator, None),
            (3, "trained on", dataset, None),
        ],
        "compare/neutral-happy.h5": [
            (1, "made from", dataset, None), (1, "made from", "vgg19.h5", None),
            (1, "made from", translator, None), (2, "trained on", dataset, None),
        ],
    }  # fmt: skip
    for name, chain in chains.items():
        path = analyses.root / name
        links = trace(path)
        assert told(links) == [(0, "file", path.name, None), *chain], name
        assert {link.name for link in links if link.missing} <= {"vgg19.h5"}, name
        assert links[0].digest == sha256_file(path)
        with pytest.raises(UsageError, match=r"--trace 0: .* has no images; '--trace file' tells") as caught:
            trace(path, 0)
        assert str(path) in str(caught.value)
    assert trace(analyses.compare("neutral-happy"))[2].missing


def test_photos_of_a_comparison_are_not_looked_for(analyses: Workspace) -> None:
    path = analyses.compare("neutral-happy")
    found = read_compare(path)
    made, none = found.header.provenance, np.zeros(0, np.float32)
    inputs = {**made.inputs, "holiday": "f" * 64}
    sets = len(found.sets) - 1
    photos = PhotoSets(
        "cascade", ({"name": "all", "photos": 1},), np.zeros(0, np.uint8),
        (np.zeros((0, 7), np.float32),) * sets, (none,) * sets,
    )  # fmt: skip
    provenance = Provenance(made.config, made.command, made.seed, inputs)
    write_compare(path, found.sets, found.table, provenance, CompareParts(photos=photos))
    last = trace(path)[-1]
    assert (last.role, last.name, last.what) == ("read from", "holiday", "not one of feraug's files")
    assert not last.missing


@pytest.mark.parametrize(("name", "row"), [("smiles", 40), ("smiles", -1), ("wgan-gp-neutral", 30)])
def test_rows_that_are_not_there(chain: Workspace, name: str, row: int) -> None:
    with pytest.raises(UsageError, match=rf"--trace {row}: .* has rows 0 to "):
        trace(chain.synthetic(name), row)


def test_models_and_damaged_files(chain: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no images; '--trace file' tells how the file itself came"):
        trace(chain.model("wgan-gp-neutral"), 0)
    (tmp_path / "x.h5").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="not an HDF5 file"):
        trace(tmp_path / "x.h5", 0)
    with pytest.raises(ArtifactError, match="not an HDF5 file"):
        trace(tmp_path / "x.h5")


def test_the_source_of_a_dataset_is_not_looked_for(tmp_path: Path) -> None:
    from feraug.config import PrepareConfig
    from feraug.sources.drawn import draw
    from feraug.workflows.prepare import prepare

    rows = ["emotion,pixels,Usage"]
    usages = ["Training", "PublicTest", "PrivateTest"]
    rows += [
        f"{number % 7},{' '.join(map(str, image.ravel()))},{usages[number % 3]}"
        for number, image in enumerate(draw(0, range(21)))
    ]
    (tmp_path / "fer2013.csv").write_text("\n".join(rows) + "\n")
    prepare(str(tmp_path / "fer2013.csv"), PrepareConfig(near_copies=False), tmp_path / "dataset.h5")
    image, source = trace(tmp_path / "dataset.h5", 4)
    assert (source.name, source.row, source.missing) == ("fer2013.csv", 4, False)
    assert image.what == "a real 'sad' image of validation"
    assert source.digest == sha256_file(tmp_path / "fer2013.csv")
    assert json.dumps(source.as_json())
