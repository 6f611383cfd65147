"""The benchmarks' contestants do the same work; the table judges its rows rightly.  Nothing is timed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from feraug.config import DEFAULTS, ClassifierConfig, TranslatorConfig
from feraug.sources.drawn import draw

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts import each other by their plain names."""
    monkeypatch.syspath_prepend(str(FOLDER))


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


def tiny(model: str) -> TranslatorConfig:
    config = DEFAULTS[model]
    assert isinstance(config, TranslatorConfig)
    small = {"base_channels": 2, "residual_blocks": 1, "discriminator_channels": 4, "batch_size": 2}
    return replace(config, **small)


def test_help_names_every_benchmark_and_each_has_rows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    from benchmarks.__main__ import BENCHMARKS

    assert all(f"  {name} " in done.stdout for name in BENCHMARKS)
    for module, _ in BENCHMARKS.values():
        assert "def rows(setting: Setting" in (FOLDER / f"{module}.py").read_text()


def test_a_row_is_the_median_of_its_rounds_and_knows_its_target() -> None:
    rounds = script("rounds")
    fast, slow = (rounds.Taken(wall, 2 * wall, 10.0) for wall in (1.0, 4.0))
    runs = rounds.in_turns({"a": lambda: fast, "b": lambda: slow}, 3)
    assert rounds.speed_ratios(runs, "a", "b", "wall") == [4.0] * 3
    row = rounds.Row("n", "w", "against", [3.0, 5.0, 4.0], target=rounds.Target(4.5))
    assert row.median == 4.0 and row.reached is False
    assert rounds.Target(4.5, least=False).reached(row.median)
    assert script("tables").cells(row)[3:] == ("4", "3–5", ">= 4.5", "NO")
    assert json.loads(json.dumps(row.as_json()))["low"] == 3.0


def test_contestants_take_turns_and_the_first_round_is_not_kept() -> None:
    rounds, order = script("rounds"), []

    def run(name: str) -> Any:
        order.append(name)
        return rounds.Taken(float(len(order)), 0.0)

    runs = rounds.in_turns({"a": lambda: run("a"), "b": lambda: run("b")}, 2)
    assert order == ["a", "b"] * 3
    assert [one.wall_s for one in runs["b"]] == [4.0, 6.0]


@pytest.mark.parametrize("model", ["cyclegan", "weighted"])
def test_the_plain_translator_takes_feraug_s_steps(model: str) -> None:
    config = tiny(model)
    faces = draw(0, range(6), "neutral"), draw(0, range(6), "happy")
    training = script("translator_training")
    own = training.Feraug(config, faces)
    plain = script("plain_translator").PlainTranslator(config)
    count = 3  # the image history is still filling: fakes come back as they are
    batches = [own.batches.batch(number) for number in range(count)]
    expected = [
        plain.step(batch.real_a, batch.real_b, number / count) for number, batch in enumerate(batches)
    ]
    own.steps(count)
    history = own.state.history
    generator = [name for name in history if not name.startswith("discriminator")]
    judge = [name for name in history if name.startswith("discriminator")]
    for step, (loss_g, loss_d) in enumerate(expected):
        assert sum(history[name][step] for name in generator) == pytest.approx(loss_g.item(), rel=1e-4)
        assert sum(history[name][step] for name in judge) == pytest.approx(loss_d.item(), rel=1e-4)
    for role, network in own.state.networks.items():
        for mine, theirs in zip(network.parameters(), plain.networks[role].parameters(), strict=True):
            assert torch.allclose(mine, theirs, atol=2e-5), role  # Adam moves 1e-4 or more a step


def test_the_picture_loops_show_the_same_faces(tmp_path: Path) -> None:
    from feraug.data import to_float

    faces = draw(0, range(3))
    paths = script("pil_loop").write_pictures(faces, tmp_path)
    first, _ = script("pil_loop").UnpairedPictures(paths, paths, flip=False)[1]
    assert torch.allclose(first, to_float(torch.from_numpy(faces))[1], atol=1e-6)


def test_the_classifier_s_loops_take_the_same_step() -> None:
    base = DEFAULTS["simple"]
    assert isinstance(base, ClassifierConfig)
    config = replace(base, width=0.05, dropout=0.0, batch_size=4, schedule="constant")
    training = script("classifier_training")
    own, bare = training._state(config), training._state(config)
    faces = training.drawn(12)
    batches = training.LabelledBatches(faces, config, training.Sampling(4, 0, torch.device("cpu")))
    bare.network.train()
    training._plain_steps(bare, iter([(batches.batch(0).faces, batches.batch(0).labels)]))
    [*training.feraug_steps(own, batches, 1)]
    for mine, theirs in zip(own.network.parameters(), bare.network.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_the_bare_network_makes_what_synth_writes(tmp_path: Path) -> None:
    from feraug.data import to_float, to_uint8
    from feraug.store.dataset import read_dataset
    from feraug.store.synthetic import read_synthetic

    synthesis = script("synthesis")
    workspace = synthesis.workspace_with_model(
        tmp_path, 140, base_channels=2, residual_blocks=1, discriminator_channels=2
    )
    synthesis.synth(workspace, 6)
    made = read_synthetic(workspace.synthetic("benchmark"))
    sources = read_dataset(workspace.dataset()).images[made.origin_row]
    translator = synthesis.load_translator(workspace.model("cyclegan-neutral-happy"))
    out = to_uint8(synthesis.bare(translator, to_float(torch.from_numpy(sources)), 6)).numpy()
    assert np.array_equal(made.images, out)


def test_both_readers_see_the_same_pixels(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pip install '.[benchmarks]'")
    from feraug.sources import open_source

    path = script("csv_files").drawn_csv(tmp_path / "drawn.csv", 9, different=4)
    found = np.concatenate([part.images for part in open_source(str(path)).batches()])
    told = script("prepare_csv").read_with_pandas(str(path))
    assert told == {"amount": 9, "pixels": script("hashlib").sha256(found).hexdigest()}
    assert len(np.unique(found, axis=0)) == 9


def test_hashes_and_feraug_find_planted_copies() -> None:
    pytest.importorskip("imagehash", reason="pip install '.[benchmarks]'")
    near_copies = script("near_copies")
    faces = draw(0, range(30))
    found = near_copies.found_pairs(np.ascontiguousarray(faces[:4, :, ::-1]), faces)
    for pairs in found.values():
        assert {(row, row) for row in range(4)} <= pairs


def test_a_child_tells_its_result_and_its_memory() -> None:
    told = script("rounds").in_child("rounds", "peak_mb")
    assert 0 < told.result <= told.peak_mb


def test_counted_work_is_that_of_the_layers() -> None:
    step_work = script("step_work")
    layer = torch.nn.Conv2d(3, 5, 3, bias=False, device="meta")
    x = torch.empty(2, 3, 8, 8, device="meta")
    work = step_work.count(lambda: layer(x))
    assert work.flops == 2 * (2 * 5 * 6 * 6) * (3 * 3 * 3)
    assert work.bytes == 4 * (2 * 3 * 64 + 5 * 27 + 2 * 5 * 36)
    whole = step_work.translator_step(tiny("weighted"))
    half = step_work.translator_step(tiny("weighted"), torch.bfloat16)
    assert whole.flops == half.flops > 0 and whole.operators > 100
