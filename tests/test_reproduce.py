"""``examples/reproduce_fer2013.py`` runs, goes on where it was stopped, and makes its page."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.forked import start

from feraug.config import PrepareConfig
from feraug.emotions import EMOTIONS
from feraug.store.bench import write_predictions
from feraug.store.dataset import read_dataset
from feraug.store.header import Provenance
from feraug.store.workspace import Workspace
from feraug.workflows.prepare import prepare

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes what ``reproduce_fer2013.py`` is built of importable."""
    monkeypatch.syspath_prepend(str(EXAMPLES))


def _reproduce(folder: Path, *more: str) -> list[str]:
    options = ["-w", str(folder / "ws"), "--results", str(folder / "results"), *more]
    return [sys.executable, str(EXAMPLES / "reproduce_fer2013.py"), *options]


def test_reproduce_fer2013(
    protocol: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two steps on drawn faces, stopped in the second and called again; then the page."""
    shorter = ("--source", "drawn:100", "--scale", "reduced", "--steps", "3", "--repeats", "1")
    audit = _reproduce(tmp_path, *shorter, "--only", "audit")
    script = subprocess.run(audit, capture_output=True, text=True, timeout=300, check=False)
    assert script.returncode == 0 and script.stdout.endswith("1 done\n"), script
    assert (tmp_path / "ws" / "dataset.h5").exists()

    from fer2013 import engine
    from reproduce_fer2013 import main

    # From here on the script and feraug are forked: that they start as real processes has been seen, and
    # those that train import torch for seconds.
    # (In the engine's module alone: torch's import starts processes of its own.)
    forking = {**vars(subprocess), "Popen": lambda words, **_: start(*words[3:])}
    monkeypatch.setattr(engine, "subprocess", SimpleNamespace(**forking))
    command = _reproduce(tmp_path, *shorter, "--only", "audit", "--only", "bench-simple-controls")
    first = tmp_path / "ws" / "bench" / "simple-controls" / "class-weighted-0.h5"
    forked = start(command=lambda: sys.exit(main(command[2:])))
    while forked.poll() is None and not first.exists():
        time.sleep(0.01)
    forked.send_signal(signal.SIGINT)
    out, err = forked.communicate(timeout=300)
    assert forked.returncode == 130, out + err
    assert "stopped; the same command goes on" in err
    kept = {path.name: path.read_bytes() for path in (tmp_path / "results").glob("bench-*.json")}
    assert 1 <= len(kept) < 3
    made = first.read_bytes()

    assert main(command[2:]) == 0
    done = capsys.readouterr().out
    assert "audit:" not in done and done.endswith("2 done\n")  # the audit was skipped
    assert first.read_bytes() == made
    records = {
        path.name: json.loads(path.read_text()) for path in (tmp_path / "results").glob("bench-*.json")
    }
    assert sorted(one["arm"] for one in records.values()) == ["class-weighted", "mixup", "randaugment"]
    assert all((tmp_path / "results" / name).read_bytes() == text for name, text in kept.items())
    test = len(read_dataset(tmp_path / "ws" / "dataset.h5").rows(split="test"))
    for one in records.values():
        assert (one["scale"], one["steps"], one["seed"]) == ("trial", 3, 0)
        assert sum(each["total"] for each in one["per_class"].values()) == test
        right = sum(each["correct"] for each in one["per_class"].values())
        assert right == round(one["accuracy"] * test) == bin(int(one["right"], 16)).count("1")

    assert main(command[2:]) == 0 and capsys.readouterr().out == "2 done\n"
    assert main(_reproduce(tmp_path, "--report")[2:]) == 0
    page = (tmp_path / "results.md").read_text()
    assert "feraug prepare drawn:100" in page and "| mixup | 1 | " in page and "Trial" in page
    assert "--only 3` (or `--scale reduced`)" in page  # a section without results says how to make them


def test_reproduce_fer2013_s_steps_come_after_what_they_need(protocol: None) -> None:
    from fer2013.steps import SCALES, TARGETS, steps

    for scale in SCALES.values():
        seen: set[str] = set()
        for step in steps(scale):
            assert set(step.before) <= seen, step.name
            assert step.name not in seen
            seen.add(step.name)
        assert {f"compare-stargan-neutral-{emotion}" for emotion in TARGETS} <= seen
        without = {step.name for step in steps(scale, ferplus=False)}
        assert {name for name in seen if "ferplus" in name} == seen - without


def test_reproduce_fer2013_asks_again_when_something_has_changed(protocol: None, tmp_path: Path) -> None:
    from fer2013.engine import Run, Stamp, missing, settled, sha256
    from fer2013.steps import SCALES, steps

    run = Run(tmp_path, Path("fer2013.csv"), None, "full")
    every = {step.name: step for step in steps(SCALES["full"])}
    audit, simple, bench = every["audit"], every["simple"], every["bench-simple-rare"]
    run.artifact(audit).write_bytes(b"faces")
    stamps = {"audit": Stamp(run.line(audit), {}, sha256(run.artifact(audit)))}
    assert settled(audit, run, stamps) and not settled(simple, run, stamps)
    run.artifact(simple).parent.mkdir()
    run.artifact(simple).write_bytes(b"weights")
    inputs = {"audit": stamps["audit"].sha256}
    stamps["simple"] = Stamp(run.line(simple), inputs, sha256(run.artifact(simple)))
    assert settled(simple, run, stamps)
    assert not settled(simple, Run(tmp_path, Path("fer2013.csv"), None, "full", steps=3), stamps)
    stamps["audit"] = Stamp(run.line(audit), {}, "another")
    assert not settled(audit, run, stamps) and not settled(simple, run, stamps)
    assert missing(bench, stamps) == ["stargan-all-disgust", "stargan-all-fear"]
    stamps["stargan-all-disgust"] = Stamp("", {}, "", "no image passed")
    stamps["stargan-all-fear"] = Stamp("", {}, "")
    assert missing(bench, stamps) == ["stargan-all-disgust", "stargan-all-fear"]
    stamps["stargan-all-fear"] = Stamp("", {}, "made")
    assert missing(bench, stamps) == []
    assert run.line(bench, stamps).endswith("--name simple-rare --synthetic stargan-all-fear")


def _record(
    arm: str, seed: int, device: str, right: NDArray[np.bool_], bench: str = "simple"
) -> dict[str, Any]:
    """A repeat on 14 test images, two of each emotion."""
    counts = dict(zip(EMOTIONS, right.reshape(7, 2).sum(1).tolist(), strict=True))
    return {
        "kind": "bench", "bench": bench, "faces": "f", "scale": "full", "arm": arm, "seed": seed,
        "command": f"feraug bench --name {bench}", "device": device, "versions": {"torch": "2"},
        "settings": {"model": "simple", "epochs": 60, "seed": seed, "arm": arm},
        "validation_accuracy": 0.5 + 0.1 * (bench == "simple-fill"), "macro_f1": 0.5,
        "accuracy": float(right.mean()), "balanced_accuracy": float(right.mean()),
        "right": np.packbits(right).tobytes().hex(),
        "per_class": {emotion: {"correct": count, "total": 2} for emotion, count in counts.items()},
        "inputs": {"dataset.h5": "d", "made.h5": "old" if bench == "simple-cap" else "new"},
    }  # fmt: skip


def test_reproduce_fer2013_pools_machines_and_says_what_its_intervals_are(
    protocol: None, tmp_path: Path
) -> None:
    from fer2013.experiments import difference
    from fer2013.report import write_page

    random = np.random.default_rng(0)
    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": [[0, 5]], "copy_in_train": "8000"}
    records = [test]
    pairs = []
    for device, seed in (("one", 0), ("one", 1), ("another", 0)):
        real, more, fill = (random.random(14) < share for share in (0.4, 0.9, 0.6))
        pairs.append(tuple(_record(arm, seed, device, right) for arm, right in
                           (("real+synthetic", more), ("real", real))))  # fmt: skip
        records += [*pairs[-1], _record("real+synthetic", seed, device, fill, "simple-fill")]
        records += [_record("real+synthetic", seed, device, fill, "simple-cap")]
    change = np.array([[a["accuracy"] - b["accuracy"]] for a, b in pairs])
    found, over = difference(pairs, test)
    assert over == "test images and repeats"
    assert found.mean == pytest.approx(change.mean()) and found.low < found.mean < found.high
    angry, _ = difference(pairs, test, "angry")
    by_hand = [
        (a["per_class"]["angry"]["correct"] - b["per_class"]["angry"]["correct"]) / 2 for a, b in pairs
    ]
    assert angry.mean == pytest.approx(np.mean(by_hand))
    assert difference(pairs[:1], test)[1] == "test images alone"

    translators = {
        "kind": "translators", "scale": "reduced", "model": "stargan", "commands": ["feraug train stargan"],
        "judge": {"name": "simple", "validation_accuracy": 0.55}, "device": "one", "versions": {"torch": "2"},
        "seed": 0,
        "rows": [{"pair": "neutral:sad", "faces": 9, "share": 0.5, "untouched": 0.25, "ssim": 0.9}],
    }  # fmt: skip
    for number, record in enumerate([*records, translators]):
        (tmp_path / "r").mkdir(exist_ok=True)
        (tmp_path / "r" / f"{number:02}.json").write_text(json.dumps(record))
    page = write_page(tmp_path / "r").read_text()
    assert "| neutral:sad | 9 | 50.0 | 25.0 | 0.900 |" in page
    assert "| real+synthetic | 3 | 50.0 | " in page and "over test images and repeats" in page
    ways = page[page.index("## 5.") : page.index("## 6.")]
    assert "Chosen on validation: `--use fill`" in ways and "(simple-fill)" in ways
    assert "It is the best of 3, " in ways
    assert ways.index("| `--use fill`: up to the") < ways.index("| mixed in from the start")
    assert '"`--per-class-cap 1000`, unfiltered": translations by another training' in ways
    assert re.search(
        r"\| translations: mixed in from the start, unfiltered \(\*simple\*\) \| 3 \| \*\*\+", page
    )
    assert (
        "| translations: `--use fill`: up to the largest class, unfiltered (*simple-fill*), chosen on" in page
    )


def test_reproduce_fer2013_calls_no_arm_better_that_many_arms_make_look_so(
    protocol: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fer2013 import summary

    from feraug.metrics.significance import Difference

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": []}
    right = np.ones(14, bool)
    records = [test, *(_record("real", seed, "one", right) for seed in (0, 1))]
    for arm in ("oversampled", "mixup", "randaugment"):
        records += [_record(arm, seed, "one", right) for seed in (0, 1)]
    p = {"all": 0.02}
    monkeypatch.setattr(
        summary, "difference", lambda *_, **__: (Difference(0.02, 0.001, 0.039, p["all"]), "")
    )
    row = "| nothing; real faces are mixed in pairs (`mixup`) | 2 | {0} |  | {0} |  |"
    assert row.format("+2.0 (+0.1 to +3.9), 0.060") in summary.chosen_way(records)
    assert "One repeat: nothing" not in summary.chosen_way(records)
    records += [_record("class-weighted", 0, "one", right)]  # of one repeat, which takes no part
    alone = "| nothing; the loss of rare emotions weighs more (`class-weighted`) | 1 | {0} |  | {0} |  |"
    alone = alone.format("+2.0 (+0.1 to +3.9)")
    assert alone in summary.chosen_way(records) and "One repeat: nothing" in summary.chosen_way(records)
    assert row.format("+2.0 (+0.1 to +3.9), 0.060") in summary.chosen_way(records)
    p["all"] = 0.01
    assert row.format("**+2.0** (+0.1 to +3.9), 0.030") in summary.chosen_way(records)


def test_reproduce_fer2013_compares_a_wider_classifier_with_its_own_real_arm(protocol: None) -> None:
    from fer2013.summary import between, chosen_way
    from fer2013.trainings import side_by_side

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": [], "copy_in_train": "0000"}
    none, some, every = np.zeros(14, bool), np.arange(14) < 7, np.ones(14, bool)
    records = [test]
    for bench, epochs, real in (("simple", 8, none), ("simple-wider", 20, some)):
        for seed in (0, 1):
            for arm, right in (("real", real), ("oversampled", every)):
                one = _record(arm, seed, "one", right, bench)
                records.append({**one, "settings": {**one["settings"], "epochs": epochs}})
        records.append({"kind": "reverse", "bench": bench, "scale": "full",
                        "per_class": {"happy": {"correct": epochs, "total": 100}}})  # fmt: skip
    section = "\n".join(side_by_side(records, ("simple-wider",)))
    rows = [line.split(" | ") for line in section.splitlines() if "(simple-wider) | 2 |" in line]
    assert [row[0] for row in rows] == ["| real (simple-wider)", "| oversampled (simple-wider)"]
    assert rows[0][3] == "50.0" and rows[1][6].startswith("+50.0 (")
    assert "happy 20.0 % of 100" in section and "happy 8.0" not in section
    page = chosen_way(records)
    rows = [line.partition(" (")[0] for line in page.splitlines() if line.startswith("| nothing; rare")]
    assert rows == ["| nothing; rare emotions are shown more often"] * 2
    wider = page[page.index("20 epochs: real faces alone** | 2 | 50.0 |") :]
    assert "(`oversampled`) | 2 | **+50.0**" in wider
    assert "(`oversampled`) | 2 | **+100.0**" in page[: -len(wider)]
    (row,) = between(records)[1].splitlines()[2:]  # of real+synthetic there is nothing
    start = "| Full. oversampled: `simple`, width 1, 8 epochs to `simple`, width 1, 20 epochs | 2 | "
    assert row.replace("**", "").startswith(f"{start}-50.0 (")
    assert between([one for one in records if one.get("seed") != 1]) == [], "of one repeat nothing is said"

    def others(bench: str, **values: Any) -> list[dict[str, Any]]:
        return [{**one, **values} if one.get("bench") == bench else one for one in records]

    assert between(others("simple-wider", scale="reduced")) == []
    other = {**test, "faces": "g", "totals": [1, 3, *[2] * 5]}
    assert between([other, *others("simple-wider", faces="g")]) == [], "of other test images"
    made = [{**one, "inputs": {**one["inputs"], "more.h5": one["bench"]}}
            if one.get("arm") == "oversampled" else one for one in records]  # fmt: skip
    assert between(made) == [], "of other synthetic sets: not the same addition"


def test_reproduce_fer2013_takes_each_repeat_from_another_run_of_the_translator(
    protocol: None, tmp_path: Path
) -> None:
    from fer2013.comparisons import of_other_runs
    from fer2013.experiments import experiments
    from fer2013.report import write_page
    from fer2013.summary import chosen_way

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": [], "copy_in_train": "0000"}
    records = [test, *(_record("real", seed, "one", np.zeros(14, bool)) for seed in range(3))]
    for run, bench in enumerate(("simple-long", "simple-again", "simple-again-2")):
        for seed in range(3):
            right = np.arange(14) < 4 * run + seed
            records.append(_record("real+synthetic", seed, "one", right, bench))
    for bench, arm, correct in (("vgg19", "real", 2), ("vgg19-again", "real+synthetic", 9)):
        for seed in (0, 1):
            other = _record(arm, seed, "one", np.arange(14) < correct + seed, bench)
            records.append({**other, "settings": {**other["settings"], "model": "vgg19"}})
    one, vgg19 = experiments(records)
    assert vgg19.classifier == "vgg19"
    runs = one.arms[("simple-runs", "real+synthetic")]
    assert [(each["bench"], each["seed"]) for each in runs] == [
        ("simple-long", 0), ("simple-again", 1), ("simple-again-2", 2)
    ]  # fmt: skip
    row = next(line for line in chosen_way(records).splitlines() if "(*simple-runs*)" in line)
    assert "| 3 | +35.7 (" in row.replace("**", ""), "0, 5 and 10 of 14"
    assert not re.search(r"-again", chosen_way(records)), "a run by itself is no other addition"
    _, beside_real = of_other_runs(records)
    rows = [line.replace("**", "").split(" | ") for line in beside_real.splitlines()[2:]]
    assert [(row[0].rpartition(" ")[2], row[1], row[2][:7]) for row in rows] == [
        ("(*simple-again*)", "3", "+35.7 ("),
        ("(*simple-again-2*)", "3", "+64.3 ("),
        ("(*vgg19-again*)", "2", "+50.0 ("),
    ], "5, 9 and 7 of 14 more"
    (tmp_path / "r").mkdir()
    for number, record in enumerate(records):
        (tmp_path / "r" / f"{number:02}.json").write_text(json.dumps(record), encoding="utf-8")
    section = write_page(tmp_path / "r").read_text(encoding="utf-8").partition("\n## 9. ")[2]
    assert (
        "| real+synthetic (simple-runs) | 3 |" in section
        and "In *simple-runs* the first repeat has" in section
    )
    assert "| simple-again-2 | 3 | +57.1 (" in section, "8 of 14 more than by the first run"
    assert beside_real in section and "| real+synthetic (vgg19-again) | 2 |" in section
    fewer = [record for record in records if record.get("bench") != "simple-again-2" or record["seed"] != 2]
    assert not any(("simple-runs", "real+synthetic") in each.arms for each in experiments(fewer))


def test_reproduce_fer2013_says_what_translations_add_to_oversampling(protocol: None, tmp_path: Path) -> None:
    from fer2013.comparisons import in_its_place, together
    from fer2013.report import write_page
    from fer2013.steps import SCALES, steps
    from fer2013.summary import chosen_way

    test = {
        "kind": "test", "faces": "f", "totals": [2] * 7, "alike": [], "copy_in_train": "0000",
        "near_copy_in_train": "c000",
    }  # fmt: skip
    records = [test]
    for machine in ("one", "two"):  # that of "one" has no oversampling
        for seed in (0, 1):
            records += [
                _record("real", seed, machine, np.zeros(14, bool)),
                _record("oversampled+synthetic", seed, machine, np.arange(14) < 7, "simple-both-again"),
            ]
    assert together(records) == [], "nothing to compare with"
    records += [_record("oversampled", seed, "two", np.arange(14) < 3 + seed) for seed in (0, 1)]
    about, overall, by_emotion = together(records)
    cells = [cell.strip().replace("**", "") for cell in overall.splitlines()[2].split("|")]
    assert "(*simple-both-again*)" in cells[1] and cells[2] == "2", "repeats of the same machine"
    assert cells[3].startswith("+25.0 ("), "7 of 14, less 3 and 4 of them"
    assert cells[4].startswith("+29.2 ("), "5 of 12 without a copy, less 1 and 2"
    recalls = [cell.strip() for cell in by_emotion.splitlines()[2].split("|")]
    assert [cell.partition(" ")[0] for cell in recalls[2:-1]] == [
        "+0.0", "+25.0", "+100.0", "+50.0", "+0.0", "+0.0", "+0.0"
    ]  # fmt: skip
    assert in_its_place(records) == []
    records += [_record("real+synthetic", 0, "two", np.arange(14) < 1, "simple-long")]
    _, beside = in_its_place(records)
    assert "(*simple-long*) | 1 | -14.3 (" in beside, "1 of 14 and 3 of them, of one repeat: no p"
    added = "translations: those of *simple-again*; rare emotions are shown more often (*simple-both-again*)"
    assert f"| {added} | 4 |" in chosen_way(records), "and beside real faces alone, on either machine"
    (tmp_path / "r").mkdir()
    for number, record in enumerate(records):
        (tmp_path / "r" / f"{number:02}.json").write_text(json.dumps(record), encoding="utf-8")
    section = write_page(tmp_path / "r").read_text(encoding="utf-8").partition("\n## 10. ")[2]
    assert overall in section and about in section
    made = {step.name: step for step in steps(SCALES["reduced"])}["bench-vgg19-both-again-2"]
    assert made.line.startswith("bench --classifier vgg19 ") and "again-2-neutral-sad-filtered" in made.sets


def test_reproduce_fer2013_shows_controls_without_a_gan(protocol: None) -> None:
    from fer2013.comparisons import controls
    from fer2013.steps import SCALES, steps
    from fer2013.summary import chosen_way

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": [], "copy_in_train": "0000"}
    records = [test, *(_record("real", seed, "two", np.zeros(14, bool)) for seed in (0, 1))]
    records += [_record("real+synthetic", seed, "two", np.arange(14) < 5, "simple-again") for seed in (0, 1)]
    assert controls(records) == [], "nothing to compare with"
    for arm, right, bench in (
        ("real+resampled", 7, "simple-resampled-again"),
        ("logit-adjusted", 9, "simple"),
    ):
        records += [
            _record(arm, seed, "two", np.arange(14) < right, bench) | {"validation_accuracy": None}
            for seed in (0, 1)
        ]
    _, gained, recalls, _, beyond, more_recalls = controls(records)

    def first_cells(text: str) -> list[tuple[str, str]]:
        rows = [line.replace("**", "").split(" | ") for line in text.splitlines()[2:]]
        return [(row[0].rpartition(", ")[2], row[2].partition(" ")[0]) for row in rows]

    assert first_cells(gained) == [("`real+resampled`", "+50.0"), ("`logit-adjusted`", "+64.3")]
    assert first_cells(beyond) == [("less `real+resampled`", "-14.3"), ("less `logit-adjusted`", "-28.6")]
    assert "+50.0 (" in recalls.splitlines()[2] and "-50.0 (" in more_recalls.splitlines()[2]
    page = chosen_way(records)
    assert "resampled" not in page and "adjusted" not in page, "they have a section of their own"
    made = {step.name: step for step in steps(SCALES["reduced"])}
    assert "--arm logit-adjusted" in made["bench-vgg19"].line
    assert made["bench-vgg19-resampled-again"].sets == made["bench-vgg19-again"].sets


def test_reproduce_fer2013_records_answers_by_another_rule(protocol: None, drawn_dataset: Path) -> None:
    from fer2013.record import adjusted

    data = read_dataset(drawn_dataset)
    labels = {name: data.labels[data.rows(split=name)] for name in ("train", "validation", "test")}
    shares = np.bincount(labels["train"], minlength=7) / len(labels["train"])
    sure = {name: np.eye(7, dtype=np.float32)[values] for name, values in labels.items()}
    # Hardly more than the shares, which tell nothing, and smoothed: plainly divided, the rarest always wins.
    known = {name: 0.5 * (0.02 * sure[name] + 0.98 * shares) + 0.5 / 7 for name in sure}
    config = SimpleNamespace(provenance=SimpleNamespace(config={"label_smoothing": 0.5}))
    found = SimpleNamespace(
        header=config, probabilities=known["test"], validation_probabilities=known["validation"]
    )
    record = adjusted(found, data)
    assert record["arm"] == "logit-adjusted"
    assert record["accuracy"] == record["balanced_accuracy"] == record["validation_accuracy"] == 1.0
    found.validation_probabilities = None
    assert adjusted(found, data)["validation_accuracy"] is None


def test_reproduce_fer2013_records_the_other_rule_of_real_repeats_that_it_knows(
    protocol: None, drawn_dataset: Path, tmp_path: Path
) -> None:
    from fer2013.engine import Run
    from fer2013.record import Recorder
    from fer2013.steps import SCALES, steps

    workspace, data = Workspace(tmp_path / "ws"), read_dataset(drawn_dataset)
    workspace.root.mkdir()
    shutil.copy(drawn_dataset, workspace.dataset())
    answers = [np.full((len(data.rows(split=name)), 7), 1 / 7, np.float32) for name in ("test", "validation")]
    config = {"label_smoothing": 0.05, "model": "simple", "arm": "real"}
    part = workspace.root / "bench" / "simple" / "real-0.h5"
    facts = {"arm": "real", "repeat": 0, "chosen_epoch": 1, "steps": 1, "seconds": 1.0}
    accuracy = np.full(1, 0.5, np.float32)
    write_predictions(part, answers[0], accuracy, answers[1], Provenance(config, "", 0), facts)
    step = next(one for one in steps(SCALES["reduced"]) if one.name == "bench-simple")
    results = tmp_path / "results"
    recorder = Recorder(Run(workspace.root, tmp_path, None, "reduced"), results)
    for line, count in (("bench --arm real", 1), ("bench --arm real --arm logit-adjusted", 2)):
        recorder._bench(step, line, None)
        assert len(list(results.glob("bench-*"))) == count
    (adjusted,) = results.glob("bench-simple-reduced-logit-adjusted-seed0-*")
    assert json.loads(adjusted.read_text())["arm"] == "logit-adjusted"


def test_reproduce_fer2013_tells_machines_apart_that_look_alike(protocol: None, tmp_path: Path) -> None:
    from fer2013.engine import Run
    from fer2013.record import Recorder
    from fer2013.steps import SCALES, steps

    step = next(one for one in steps(SCALES["reduced"]) if one.name == "audit")
    prepared = prepare("drawn:100", PrepareConfig(near_copies=False), tmp_path / "dataset.h5").as_json()
    for number, machine in enumerate(("", "second machine")):
        run = Run(tmp_path, tmp_path / "none.csv", None, "reduced", machine=machine)
        Recorder(run, tmp_path / str(number)).keep(step, "prepare drawn:100", prepared)
    found = [json.loads(next((tmp_path / each).glob("*.json")).read_text("utf-8"))["device"] for each in "01"]
    assert found[1] == f"{found[0]}, second machine"


def test_reproduce_fer2013_compares_gains_of_two_classifiers(protocol: None) -> None:
    from fer2013.experiments import difference, gain_over
    from fer2013.record import bits

    totals = [3, 1, 4, 2, 5, 0, 3]
    labels = np.repeat(np.arange(7), totals)
    random = np.random.default_rng(0)

    def repeats(count: int) -> tuple[list[tuple[dict[str, str], dict[str, str]]], NDArray[np.bool_]]:
        right = random.random((count, 2, 18)) < 0.6
        return [({"right": bits(mine)}, {"right": bits(base)}) for mine, base in right], right[:2]

    (pairs, first), (others, second) = repeats(2), repeats(3)
    test = {"totals": totals, "alike": [[0, 1]]}

    def gain(right: NDArray[np.bool_], *, balanced: bool) -> float:
        recalls = [right[:, :, labels == code].mean(2) for code in (np.unique(labels) if balanced else [])]
        found = np.mean(recalls, 0) if balanced else right.mean(2)
        return float((found[:, 0] - found[:, 1]).mean())

    for balanced in (False, True):
        found = gain_over(pairs, others, test, balanced=balanced)
        expected = gain(first, balanced=balanced) - gain(second, balanced=balanced)
        assert found.mean == pytest.approx(expected) and found.low < expected < found.high
        back = gain_over(others, pairs, test, balanced=balanced)
        assert back.mean == pytest.approx(-expected)

    # Beside a classifier that gains nothing it is the plain difference, with its interval: also where one
    # emotion gains far more than others, as disgust does by oversampling, and where images are alike.
    totals = [150, 30, 200, 100, 250, 0, 150]
    wide = {"totals": totals, "alike": [[place, place + 1, place + 2] for place in range(0, 600, 3)]}
    right = np.repeat(random.random((3, 294)) < 0.6, 3, axis=1)[:, :880]
    better = right | (random.random((3, 880)) < 0.1)
    better[:, 150:180] = True
    gains = [({"right": bits(mine)}, {"right": bits(base)}) for mine, base in zip(better, right, strict=True)]
    none = [(base, base) for _, base in gains]
    for balanced in (False, True):
        over = gain_over(gains, none, wide, balanced=balanced)
        plain, _ = difference(gains, wide, balanced=balanced)
        assert over.mean == pytest.approx(plain.mean)
        assert over.high - over.low == pytest.approx(plain.high - plain.low, rel=0.1)


def test_reproduce_fer2013_keeps_fewer_faces_apart(protocol: None, tmp_path: Path) -> None:
    from fer2013.aims import aims
    from fer2013.engine import Run
    from fer2013.record import Recorder, test_images
    from fer2013.report import write_page
    from fer2013.summary import chosen_way

    source = Run(tmp_path, tmp_path / "none.csv", None, "reduced")
    for name, share in (("dataset", 1.0), ("tenth", 0.1)):
        prepared = prepare("drawn:1000", PrepareConfig(train_share=share), tmp_path / f"{name}.h5")
        kept = Recorder(source, tmp_path)._prepared(prepared.as_json())
        assert kept["kind"] == ("audit" if share == 1 else "fewer")
        known = test_images(read_dataset(tmp_path / f"{name}.h5"))
        assert known.get("train") == (None if share == 1 else sum(kept["splits"]["train"].values()))
    recorder = Recorder(source, tmp_path)
    digests = [recorder._dataset(f"bench {more}")[1] for more in ("", "--dataset artifacts/tenth.h5 --x")]
    assert len(set(digests)) == 2

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": [], "copy_in_train": "0000"}
    records = [_record(arm, seed, "one", np.ones(14, bool), "simple-tenth")
               for arm in ("real", "oversampled") for seed in (0, 1)]  # fmt: skip
    assert "(`oversampled`)" in chosen_way([test, *records]) and aims([test, *records])
    fewer = {**test, "train": 2873}
    assert "(`oversampled`)" not in chosen_way([fewer, *records]) and not aims([fewer, *records])
    (tmp_path / "r").mkdir()
    for number, record in enumerate([fewer, *records]):
        (tmp_path / "r" / f"{number}.json").write_text(json.dumps(record), encoding="utf-8")
    page = write_page(tmp_path / "r").read_text(encoding="utf-8")
    section = page[page.index("## 8. With a tenth of the real faces") :]
    assert "`simple`, 2,873 training faces." in section and "| oversampled (simple-tenth) | 2 |" in section


def test_reproduce_fer2013_shows_distributions_emotion_by_emotion(protocol: None, tmp_path: Path) -> None:
    from fer2013.report import write_page
    from fer2013.tables import distributions, similar

    def figures(distance: float) -> dict[str, Any]:
        mean = {"mean": distance, "low": distance - 1, "high": distance + 1}
        found = {"images": 1200, "share": {"mean": 0.125}, "frechet": mean, "histogram": 3.14}
        cover = {"mean": 0.5, "low": 0.4, "high": 0.6}
        return found | {"floor": {"frechet": {"mean": 2.0}}, "coverage": cover}

    pairs = {"mean": 0.5}
    near = {"images": 3, "of": 100, "share": 0.03}
    real = {"train": pairs, "validation": pairs, "within": pairs, "train_near_copies": near,
            "distribution": {"happy": figures(3), "sad": figures(4)}}  # fmt: skip
    made = [
        {"name": f"long-{kind}", "source": pairs, "nearest": pairs, "within": pairs, "near_copies": near,
         "distribution": {"happy": figures(distance)}}
        for kind, distance in (("plain", 20), ("kept", 40))
    ]  # fmt: skip
    record = {
        "kind": "ssim", "scale": "reduced", "command": "feraug ssim --name long-neutral --synthetic x",
        "device": "one", "versions": {"torch": "2"}, "seed": 0, "real": real, "sets": made,
        "judge": {"name": "j", "validation_accuracy": 0.5, "sha256": "ab" * 32},
    }  # fmt: skip
    assert distributions([record], "noise") == [] == similar([record], "stargan-neutral")
    said, _, table = distributions([record], "long-neutral")
    assert said.startswith("**Reduced.** Judge: `j`, right on 50.0 % of validation")
    ends = "2.0 | 0.50 (0.40 to 0.60) | 3.1 |"
    assert table.splitlines()[2:] == [
        f"| happy | {name} | 1,200 | 12.5 | {distance}.0 ({distance - 1}.0 to {distance + 1}.0) | {ends}"
        for name, distance in (("real faces of `validation`, new", 3), ("long-plain", 20), ("long-kept", 40))
    ]
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "0.json").write_text(json.dumps(record))
    page = write_page(tmp_path / "r").read_text()
    assert page.index("## 5.") < page.index("long-kept") < page.index("## 6.")


def test_reproduce_fer2013_says_which_aims_were_reached(protocol: None) -> None:
    from fer2013.aims import aims

    test = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": []}
    lacking, worse = np.arange(14) < 10, np.arange(14) > 2  # 71.4 %; all but angry and one disgusted face
    records: list[dict[str, Any]] = [test]
    for seed in (0, 1):
        for arm, right in (("real", lacking), ("real+synthetic", worse), ("oversampled", lacking)):
            records.append(_record(arm, seed, "one", right))
    vgg19 = {"model": "vgg19", "epochs": 100, "width": 0.5}
    records += [{**_record("real", 0, "one", lacking, "vgg19"), "settings": vgg19}]
    happy = {"correct": 84, "total": 100}
    records.append({"kind": "reverse", "bench": "vgg19", "scale": "full", "per_class": {"happy": happy}})
    similar = {"name": "stargan-neutral-happy", "source": {"mean": 0.9}, "within": {"mean": 0.1}}
    records.append({"kind": "ssim", "scale": "reduced", "sets": [similar]})
    rows = [tuple(line.strip("| ").split(" | ")) for line in aims(records)[1].splitlines()[2:]]
    simple, synthetic = "**Full.** `simple`, width 1, 60 epochs: ", "with synthetic faces "
    found = {aim: (figure, reached) for aim, figure, reached in rows}
    assert found[f"{simple}real faces: 66.0 % right"] == ("71.4 %", "yes")
    figure, reached = found[f"{simple}{synthetic}1.2 points more, interval above zero"]
    assert figure.startswith("+7.1 (-") and reached == "no"
    figure, reached = found[f"{simple}{synthetic}more than oversampled"]
    assert figure.startswith("+7.1 (-") and reached == "not shown"
    figure, reached = found[f"{simple}{synthetic}no emotion loses more than 2 points"]
    assert figure.startswith("angry -100.0 (") and reached == "no"
    assert found["**Full.** `vgg19`, width 0.5, 100 epochs: real faces: 72.6 % right"] == ("71.4 %", "no")
    assert found["**Full.** filtered neutral:happy translations: 85 % called happy"] == (
        "84.0 % of 100 (`vgg19`; a filter chose them)", "no",
    )  # fmt: skip
    assert rows[-1][1:] == ("0.900; pairs: 0.100", "yes")
    assert aims([test]) == []


def test_reproduce_fer2013_looks_at_unseen_images_too(protocol: None) -> None:
    from fer2013.experiments import difference
    from fer2013.record import bits
    from fer2013.summary import chosen_way
    from fer2013.trainings import side_by_side

    exact, near = np.zeros(14, bool), np.zeros(14, bool)
    exact[:3] = near[6] = near[8:11] = True
    real = np.array([1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1], bool)
    more = real | exact | near  # it has learned the copies by heart, and nothing else
    test: dict[str, Any] = {"kind": "test", "faces": "f", "totals": [2] * 7, "alike": []}
    test |= {"copy_in_train": bits(exact), "near_copy_in_train": bits(near)}
    records = [test]
    for seed in (0, 1):
        records += [_record(arm, seed, "one", right) for arm, right in (("real", real), ("mixup", more))]
    pairs = [(records[2], records[1]), (records[4], records[3])]
    assert difference(pairs, test)[0].mean == pytest.approx(5 / 14)
    assert difference(pairs, test, without_copies=True)[0].mean == 0.0
    assert difference(pairs, test, balanced=True, without_copies=True)[0].mean == 0.0
    page = "\n".join(side_by_side(records, ("simple", "simple-controls")))
    clean = int(real[~(exact | near)].sum())
    assert f"| mixup | {100 * clean / 7:.1f} | +0.0 (" in page
    alone, row = chosen_way(records).splitlines()[-2:]
    assert "`mixup`" in row
    seen, by_emotion = real[~(exact | near)], np.repeat(np.arange(7), 2)[~(exact | near)]
    recall = np.mean([seen[by_emotion == code].mean() for code in np.unique(by_emotion)])
    whole, balanced = f"{100 * real.mean():.1f}", f"{100 * recall:.1f}"
    figures = f"{whole} | {100 * seen.mean():.1f} | {whole} | {balanced}"
    assert alone == f"| **Full.** **`simple`, width 1, 60 epochs: real faces alone** | 2 | {figures} |"
    assert [cell.split(" ")[0] for cell in row.split(" | ")[2:]] == ["+35.7", "+0.0", "+35.7", "+0.0"]


def test_reproduce_fer2013_leaves_the_user_s_paths_as_they_are(protocol: None, tmp_path: Path) -> None:
    from fer2013.engine import Run
    from fer2013.steps import SCALES, steps

    first, *_ = steps(SCALES["reduced"])
    run = Run(tmp_path, Path("/data/artifacts/fer2013.csv"), None, "reduced")
    assert run.arguments(run.line(first)) == ["prepare", "/data/artifacts/fer2013.csv", "-w", str(tmp_path)]
    assert run.arguments("train x --dataset artifacts/ferplus.h5")[3] == f"{tmp_path}/ferplus.h5"
    assert run.arguments("x --source old/artifacts/y.h5")[2] == "old/artifacts/y.h5"
    other = replace(run, source="artifacts/my pictures")  # of the user's, not of the workspace
    assert other.arguments(other.line(first))[:2] == ["prepare", "artifacts/my pictures"]


def test_reproduce_fer2013_says_what_does_not_fit(
    protocol: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fer2013 import engine
    from fer2013.steps import SCALES, steps

    run = engine.Run(tmp_path, Path("x.csv"), None, "reduced")
    answers = iter([(engine.INTERRUPTED, "", "")])  # a second attempt would come to no other end
    monkeypatch.setattr(engine, "command", lambda *_: next(answers))
    first, *_ = steps(SCALES["reduced"])
    ended = engine.run_step(first, run, {}, time.monotonic() + 540.0, lambda *_: None)
    assert ended == "failed" and "--piece and --minutes give it more" in capsys.readouterr().err


def test_reproduce_fer2013_counts_every_emotion_alike(protocol: None) -> None:
    from fer2013.experiments import difference

    totals = [6, 2, 0, 6, 0, 0, 0]
    real, more = np.array([1] * 6 + [0] * 2 + [1, 1, 1, 0, 0, 0]), np.array([0] * 2 + [1] * 12)
    test = {"kind": "test", "faces": "f", "totals": totals, "alike": []}
    pair = tuple(_record(arm, 0, "one", right.astype(bool)) for arm, right in (("a", more), ("real", real)))
    found, _ = difference([pair], test, balanced=True)  # type: ignore[list-item]
    assert found.mean == pytest.approx(((4 / 6 - 1) + (1 - 0) + (1 - 3 / 6)) / 3)
    assert found.low < found.mean < found.high
    assert difference([pair], test)[0].mean == pytest.approx((12 - 9) / 14)  # type: ignore[list-item]


def test_reproduce_fer2013_keeps_sets_of_several_trainings_apart(protocol: None) -> None:
    from fer2013.tables import of_other_translators

    def record(digit: str, kept: int) -> dict[str, Any]:
        return {
            "kind": "filter", "scale": "reduced", "emotion": "sad", "device": "one", "seed": 0,
            "command": "feraug filter mismatch-neutral-sad --emotion sad", "versions": {"torch": "2"},
            "sha256": digit * 64, "stages": [{"left": 10, "real_left": 8}, {"left": kept, "real_left": 4}],
        }  # fmt: skip

    page = "\n".join(of_other_translators([record("1", 5), record("2", 7)]))
    assert "| sad | 11111111 | 10 | 5 | 50.0 | 50.0 |\n| sad | 22222222 | 10 | 7 | 70.0 | 50.0 |" in page
    assert "Several rows of an emotion are of several trainings." in page
    assert "Several rows" not in "\n".join(of_other_translators([record("1", 5)] * 2))


def test_the_page_in_the_docs_is_what_its_records_make(protocol: None, tmp_path: Path) -> None:
    from fer2013.report import write_page

    docs = EXAMPLES.parent / "docs" / "results"
    shutil.copytree(docs / "fer2013", tmp_path / "fer2013")
    assert write_page(tmp_path / "fer2013").read_text() == (docs / "fer2013.md").read_text()
    compared = next(line for line in (docs / "fer2013.md").read_text().splitlines() if "`cyclegan` |" in line)
    assert compared.endswith(" | 8,487 | 20 |"), "the steps and minutes of its training"
