"""``feraug doctor``: what it finds, from a bare folder to a damaged one, without the network."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

import feraug
from feraug.config import BenchConfig, ClassifierConfig
from feraug.errors import ArtifactError
from feraug.faces import model_file
from feraug.store.header import MODEL
from feraug.store.workspace import Workspace
from feraug.workflows import doctor_faces, doctor_machine, doctor_workspace
from feraug.workflows.bench import bench
from feraug.workflows.doctor import Examination, examine
from feraug.workflows.doctor_findings import BROKEN, NOTE, OK, Finding
from feraug.workflows.events import ignore
from feraug.workflows.export import export_artifact


def of_workspace(workspace: Workspace) -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor_workspace.workspace_health(workspace, ignore)}


def test_a_folder_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    found = of_workspace(Workspace(tmp_path / "new" / "folder"))
    assert found["folder"].state == OK
    assert "'feraug prepare' makes it" in found["folder"].value
    assert not (tmp_path / "new").exists()


def test_a_whole_workspace(workspace: Workspace) -> None:
    found = of_workspace(workspace)
    assert {finding.state for finding in found.values()} == {OK}
    assert found["artifacts"].value.startswith("1, all readable")


def test_damaged_and_newer_files_are_broken(workspace: Workspace) -> None:
    (workspace.root / "synthetic").mkdir()
    workspace.synthetic("cut").write_bytes(workspace.dataset().read_bytes()[:5000])
    shutil.copy(workspace.dataset(), workspace.synthetic("newer"))
    with h5py.File(workspace.synthetic("newer"), "r+") as file:
        file.attrs["encoding-version"] = 99
    found = of_workspace(workspace)
    cut, newer = found["synthetic/cut.h5"], found["synthetic/newer.h5"]
    assert (cut.state, newer.state) == (BROKEN, BROKEN)
    assert "truncated" in cut.value
    assert "pip install -U feraug" in newer.advice and "newer feraug" in newer.value
    assert found["artifacts"].value.startswith("3, 1 readable")


def test_models_of_no_use_are_broken(workspace: Workspace) -> None:
    """What ``synth`` and ``filter`` would refuse; a file can be read without error and be none."""
    tiny = {
        "base_channels": 1,
        "residual_blocks": 0,
        "discriminator_channels": 1,
        "batch_size": 2,
        "steps": 1,
    }
    for name in ("good", "odd", "lacking", "unknown"):
        feraug.train("cyclegan", workspace=workspace.root, name=name, **tiny)
    for name in ("simple", "unchosen"):
        feraug.train("simple", workspace=workspace.root, name=name, width=0.05, steps=1, batch_size=16)
    with h5py.File(workspace.model("odd"), "r+") as file:
        file["ema/a_to_b/stem.0.weight"][0] = np.nan
    with h5py.File(workspace.model("lacking"), "r+") as file:
        del file["ema/a_to_b"]
    with h5py.File(workspace.model("unknown"), "r+") as file:
        config = {**json.loads(file.attrs["config"]), "model": "evil"}
        file.attrs["config"] = np.bytes_(json.dumps(config))
    with h5py.File(workspace.model("unchosen"), "r+") as file:
        del file["chosen"]
    found = of_workspace(workspace)
    broken = {name: found[f"models/{name}.h5"].value for name in ("odd", "lacking", "unknown", "unchosen")}
    assert {found[f"models/{name}.h5"].state for name in broken} == {BROKEN}
    assert "not finite" in broken["odd"] and "is missing" in broken["lacking"]
    assert "not a model that this version knows" in broken["unknown"] and "missing" in broken["unchosen"]
    assert "models/good.h5" not in found and "models/simple.h5" not in found
    assert found["artifacts"].value.startswith("7, 3 readable")


def test_files_that_are_not_feraug_s_are_to_be_moved(workspace: Workspace) -> None:
    workspace.model("notes").parent.mkdir()
    workspace.model("notes").write_text("none of feraug's")
    with h5py.File(workspace.model("theirs"), "w") as file:
        file["x"] = 1
    found = of_workspace(workspace)
    for name in ("notes", "theirs"):
        assert found[f"models/{name}.h5"].state == BROKEN
        assert found[f"models/{name}.h5"].advice == "move it out of the workspace"


def test_what_no_reader_foresaw_of_one_file_is_said_of_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.root / "synthetic").mkdir()
    archives = Path(__file__).parents[1] / "data" / "archives"
    shutil.copy(archives / "v1-synthetic.h5", workspace.synthetic("odd"))
    real = doctor_workspace.describe

    def describe(path: Path) -> dict[str, Any]:
        if path.stem == "odd":
            raise KeyError("steps")
        return real(path)

    monkeypatch.setattr(doctor_workspace, "describe", describe)
    found = of_workspace(workspace)
    assert found["synthetic/odd.h5"].state == BROKEN
    assert found["synthetic/odd.h5"].value == "damaged (KeyError: 'steps')"
    assert found["artifacts"].value.startswith("2, 1 readable")


def test_a_folder_that_was_killed_between_its_renames(workspace: Workspace) -> None:
    from feraug.store.atomic import temporary_path

    place = temporary_path(workspace.root / "faces")
    dead = place.with_name(place.name.replace(f".{os.getpid()}@", ".999999999@"))
    (dead / "new").mkdir(parents=True)
    assert "can be deleted" in of_workspace(workspace)[dead.name].advice
    (dead / "old").mkdir()
    assert "which the same command puts there" in of_workspace(workspace)[dead.name].advice


def test_dot_files_are_no_trainings_of_a_benchmark(workspace: Workspace) -> None:
    folder = workspace.root / "bench" / "x"
    folder.mkdir(parents=True)
    (folder / "._real-0.h5").touch()
    assert "bench/x" not in of_workspace(workspace)
    (folder / "real-0.h5").touch()
    assert of_workspace(workspace)["bench/x"].value == "no figures on test yet: 1 repeat done"


def test_a_benchmark_of_another_name_before_the_dot_is_not_this_one(workspace: Workspace) -> None:
    (workspace.root / "bench" / "v1.2").mkdir(parents=True)
    (workspace.root / "bench" / "v1.2" / "real-0.h5").touch()
    (workspace.root / "bench" / "v1.h5").touch()
    from feraug.workflows.doctor_workspace import _unfinished_benches

    assert [found.name for found in _unfinished_benches(workspace)] == ["bench/v1.2"]


def test_a_benchmark_that_leaves_test_out(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feraug.workflows.bench.time_steps", lambda *_: (0.01, 0.01))
    tiny = ClassifierConfig(model="simple", width=0.05, steps=2, batch_size=16)
    bench(BenchConfig(classifier=tiny, arms=("real",), repeats=1), workspace, name="candidate", test=False)
    found = of_workspace(workspace)["bench/candidate"]
    assert found.value == "no figures on test yet: 1 repeat done"
    assert "fine after --no-test" in found.advice


def test_an_unfinished_training_names_the_command_that_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feraug.config import TranslatorConfig
    from feraug.workflows.train import train
    from feraug.workflows.train_options import TrainOptions

    monkeypatch.setattr("feraug.workflows.training_run.any_of", lambda fabric, asked: True)
    tiny = TranslatorConfig(
        base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=3
    )
    words = "feraug train cyclegan --overwrite -w 'my runs' --steps 3 -q --workspace=elsewhere"
    train(tiny, workspace, options=TrainOptions(command=words))
    model = workspace.model("cyclegan-neutral-happy")
    found = of_workspace(workspace)["models/cyclegan-neutral-happy.h5"]
    assert (found.state, found.value) == (NOTE, "not finished: step 1 of 3")
    # Without --overwrite, which would throw away what is there.
    assert found.advice == f"to go on: feraug train cyclegan --steps 3 -w {shlex.quote(str(workspace.root))}"
    with h5py.File(model, "r+") as file:
        text = "feraug train cyclegan --name don't"
        file.attrs.create("command", np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    assert of_workspace(workspace)["models/cyclegan-neutral-happy.h5"].advice == f"to go on: {text}"
    with h5py.File(model, "r+") as file:
        file.attrs["command"] = np.bytes_("feraug.train")
    assert of_workspace(workspace)["models/cyclegan-neutral-happy.h5"].advice == "to go on: feraug.train"
    export_artifact(model, workspace.model("small"))
    found = of_workspace(workspace)["models/small.h5"]
    assert (found.state, found.value) == (NOTE, "weights of a training that was not finished: step 1 of 3")
    assert found.advice == "export them again when it is"
    with pytest.raises(ArtifactError, match="exported weights of an unfinished training"):
        train(tiny, workspace, name="small")


@pytest.mark.parametrize(
    ("begun", "goes_on"),
    [
        ("feraug synth -n 5 -w a", "feraug synth -n 5 --train 1200s -w b"),
        ("feraug synth -n 5 --train 20m -w a", "feraug synth -n 5 --train 20m -w b"),
        ("feraug train cyclegan -w a", "feraug train cyclegan -w b"),
    ],
)
def test_what_goes_on_with_a_training_that_synth_began(begun: str, goes_on: str) -> None:
    facts = {"encoding-type": MODEL, "finished": False, "step": 1, "steps": 2, "weights_only": False}
    facts |= {"command": begun, "config": {"budget": 1200.0}}
    (found,) = doctor_workspace._unfinished(Path("b"), Path("b/models/x.h5"), facts)
    assert found.advice == f"to go on: {goes_on}"


def test_what_was_made_from_a_file_that_is_gone(workspace: Workspace) -> None:
    (workspace.root / "synthetic").mkdir()
    archives = Path(__file__).parents[1] / "data" / "archives"
    shutil.copy(archives / "v1-synthetic.h5", workspace.synthetic("orphan"))
    found = of_workspace(workspace)["synthetic/orphan.h5"]
    assert found.state == NOTE
    assert re.match(r"made from \S+\.h5.*, not in this workspace as it was then", found.value)


def test_a_benchmark_made_from_a_file_that_is_gone_is_named_once(workspace: Workspace) -> None:
    archives = Path(__file__).parents[1] / "data" / "archives"
    folder = workspace.bench("simple").with_suffix("")
    folder.mkdir(parents=True)
    for name in ("real-0.h5", "real-1.h5", "oversampled-0.h5"):
        shutil.copy(archives / "v1-synthetic.h5", folder / name)
    found = [
        one
        for one in doctor_workspace.workspace_health(workspace, ignore)
        if "not in this workspace" in one.value
    ]
    assert [(one.name, one.value.split(",")[0]) for one in found] == [("bench/simple", "3 files")]
    assert "--overwrite" not in found[0].advice, "it would forget every repeat"


def test_what_a_killed_process_left(workspace: Workspace) -> None:
    from feraug.store.atomic import temporary_path

    place = temporary_path(workspace.dataset())
    dead = place.with_name(place.name.replace(f".{os.getpid()}@", ".999999999@"))
    dead.write_bytes(b"half")
    alive = place.with_name(place.name.replace(f".{os.getpid()}@", f".{os.getppid()}@"))
    alive.write_bytes(b"half")
    found = [finding.name for finding in of_workspace(workspace).values() if finding.state == NOTE]
    assert found == [dead.name]
    assert dead.exists()


def test_little_room_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(workspace.root)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    found = of_workspace(workspace)["free disk"]
    assert (found.state, found.value) == (NOTE, "0.1 GB")


def test_it_knows_every_package_that_feraug_needs() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    named = {re.split(r"[<>=!~ ]", line)[0].lower() for line in project["project"]["dependencies"]}
    assert set(doctor_machine.NEEDED) == named


def test_packages_that_are_missing_or_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "numba":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    def load(name: str) -> Any:
        if name in ("torchvision", "mediapipe"):
            raise RuntimeError("operator torchvision::nms does not exist\nand more")

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(importlib, "import_module", load)
    found = {finding.name: finding for finding in doctor_machine.versions()}
    assert (found["numba"].state, found["numba"].advice) == (BROKEN, "pip install numba")
    assert found["torchvision"].state == BROKEN
    assert found["torchvision"].value.endswith("(operator torchvision::nms does not exist)")
    assert found["mediapipe"].state == NOTE  # the cascade stands in for it
    assert found["h5py"].state == OK


def test_what_is_too_broken_to_be_looked_at_hides_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ModuleNotFoundError("No module named 'torch'")

    monkeypatch.setattr(doctor_machine, "devices", broken)
    found = {finding.name: finding for finding in examine(workspace).findings}
    assert found["devices"].state == BROKEN
    assert found["devices"].value == "cannot be looked at (ModuleNotFoundError: No module named 'torch')"
    assert found["artifacts"].value.startswith("1, all readable") and "feraug" in found
    monkeypatch.setitem(sys.modules, "feraug.workflows.doctor_faces", None)  # as if an import of its failed
    found = {finding.name: finding for finding in examine(workspace).findings}
    assert {found[part].state for part in ("faces", "system libraries")} == {BROKEN}


def test_devices_and_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    found = {finding.name: finding.value for finding in doctor_machine.devices()}
    assert found["auto takes"] == "cpu"
    assert found["16-mixed"].startswith("not here")
    assert re.match(r"\d+ cores?, ", found["CPU"])


def test_a_card_that_torch_has_no_code_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    card = SimpleNamespace(name="Tesla V100", total_memory=2**34, major=7, minor=0)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: card)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("feraug.workflows.devices.can_compute", lambda _: False)
    found = {finding.name: finding for finding in doctor_machine.devices()}
    assert (found["cuda:0"].state, found["cuda:0"].value) == (NOTE, "Tesla V100, 16 GiB, 7.0")
    assert "this torch has no code for it" in found["cuda:0"].advice
    assert found["auto takes"].value == "cpu" and found["16-mixed"].value.startswith("not here")


def test_fast_paths_work_here_and_a_broken_compiler_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [finding.state for finding in doctor_machine.fast_paths()] == [OK] * 4

    def fails(*arguments: Any) -> Any:
        raise RuntimeError("no LLVM")

    monkeypatch.setattr("feraug.metrics.similarity.all_pairs_ssim", fails)
    found = next(doctor_machine.fast_paths())
    assert (found.state, found.value) == (BROKEN, "does not compile (no LLVM)")


@pytest.fixture
def no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No face model anywhere; the file that the cache would hold."""
    monkeypatch.delenv(model_file.VARIABLE, raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("asked the network"))
    return tmp_path / "cache" / "feraug" / model_file.MODEL_NAME


def test_a_face_model_that_is_not_there_is_told_and_not_fetched(no_model: Path) -> None:
    model, detector = doctor_faces.faces()
    assert (model.state, detector.state) == (OK, OK)
    assert str(no_model) in model.value
    assert "not there yet" in model.value
    assert "without network the cascade" in detector.value


def test_a_wrong_file_in_the_cache(no_model: Path) -> None:
    no_model.parent.mkdir(parents=True)
    no_model.write_bytes(b"x" * model_file.MODEL_BYTES)
    model, _ = doctor_faces.faces()
    assert "wrong SHA-256" in model.value


@pytest.mark.parametrize("there", [True, False])
def test_the_variable_that_names_a_wrong_file_is_broken(
    there: bool, no_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "model.tflite"
    if there:
        named.write_bytes(b"no model")
    monkeypatch.setenv(model_file.VARIABLE, str(named))
    model, detector = doctor_faces.faces()
    assert model.state == BROKEN
    assert ("wrong SHA-256" if there else "is no file") in model.value
    assert model_file.MODEL_URL in model.advice
    assert "--detector cascade" in detector.value


def test_the_right_model_serves(face_model: Path) -> None:
    model, detector = doctor_faces.faces()
    assert model.value.endswith("SHA-256 as expected")
    assert detector.value == "mediapipe" or detector.state == NOTE


def test_missing_system_libraries_name_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> Any:
        if name in ("libGLESv2.so.2", "libgthread-2.0.so.0"):
            raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr("sys.platform", "linux")
    (found,) = doctor_faces.system_libraries()
    assert found.state == NOTE
    assert "apt-get install libgles2 libglib2.0-0 " in found.advice


def test_the_verdict_says_what_to_do() -> None:
    good, note = Finding("a", "b", "c"), Finding("a", "b", "c", NOTE)
    bad = Finding("versions", "numba", "not installed", BROKEN, "pip install numba")

    def verdict(*findings: Finding) -> tuple[bool, str]:
        found = Examination(Path("x"), findings)
        return found.usable, found.verdict

    assert verdict(good) == (True, "all is well; 'feraug demo' tries it all")
    assert verdict(good, note) == (True, "usable, with a note above; 'feraug demo' tries it all")
    assert verdict(bad) == (False, "broken: numba: not installed; pip install numba")
    assert verdict(note, bad, bad)[1].endswith("(and 1 more, above)")


@pytest.mark.parametrize("driver", [True, False])
def test_a_driver_whose_card_this_torch_cannot_use_is_told(
    driver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPI's torch for Windows is the CPU's: all trains there, slowly, and nothing says why."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.version.cuda", None)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/nvidia-smi" if driver else None)
    found = {finding.name: finding for finding in doctor_machine.devices()}["CUDA"]
    assert (found.state == NOTE, "docs/platforms.md" in found.advice) == (driver, driver)
