"""Bad input at the command line: one line that says what, where and what to do; no file, no traceback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.emotions import EMOTIONS, SPLITS
from feraug.sources.drawn import row_emotions, row_split_codes
from feraug.store.header import Provenance
from feraug.store.model import write_model
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]


def everything(folder: Path) -> list[str]:
    """All files below, but for locks, which stay."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def test_what_is_missing_is_named_with_the_command_that_makes_it(
    feraug: Feraug, workspace: Workspace
) -> None:
    nowhere = workspace.root / "nowhere"
    ran = feraug("train", "cyclegan", "-w", nowhere)
    assert ran.code == 1
    assert f"{nowhere}/dataset.h5: no dataset yet; make it with 'feraug prepare" in ran.error
    ran = feraug("synth", "--pair", "fear:sad", "--train", "never", "-w", workspace.root)
    assert ran.code == 1
    assert "no trained model for fear:sad" in ran.error
    assert f"train one with 'feraug train cyclegan --pair fear:sad -w {workspace.root}'" in ran.error
    ran = feraug("train", "cyclegan", "--resume", "-w", workspace.root)
    assert ran.code == 1
    assert "nothing to resume; train without --resume" in ran.error


@pytest.mark.parametrize("share", ["--test-share", "--validation-share"])
def test_a_share_of_0_is_no_way_to_have_no_such_split(feraug: Feraug, tmp_path: Path, share: str) -> None:
    ran = feraug("prepare", "drawn:50", share, "0", "-w", tmp_path)
    assert ran.code == 2 and f"{share} 0: leave it out; without splits in the source a tenth" in ran.error
    assert everything(tmp_path) == []


def test_synth_needs_the_dataset_too(feraug: Feraug, trained: Workspace) -> None:
    trained.dataset().unlink()
    ran = feraug("synth", "-w", trained.root)
    assert "no dataset yet; make it with 'feraug prepare" in ran.error


def test_datasets_of_other_names_are_told(feraug: Feraug, workspace: Workspace) -> None:
    workspace.dataset().rename(workspace.root / "tenth.h5")
    ran = feraug("train", "simple", "-w", workspace.root)
    assert "dataset.h5: no dataset yet (there is tenth: --dataset NAME takes it); make it with" in ran.error
    ran = feraug("train", "simple", "--dataset", "tent", "-w", workspace.root)
    assert "tent: no such file (did you mean 'tenth'?); check --dataset" in ran.error


def test_several_models_for_a_pair_are_listed(feraug: Feraug, trained: Workspace) -> None:
    shutil.copy(trained.model("cyclegan-neutral-happy"), trained.model("another"))
    ran = feraug("synth", "--pair", "happy:neutral", "-w", trained.root)
    assert ran.code == 2
    assert "(another, cyclegan-neutral-happy); choose one with --model NAME" in ran.error


def test_a_model_of_another_pair(feraug: Feraug, trained: Workspace) -> None:
    ran = feraug("synth", "--pair", "happy:sad", "--model", "cyclegan-neutral-happy", "-w", trained.root)
    assert ran.code == 2
    assert "translates neutral:happy and happy:neutral, not happy:sad" in ran.error


@pytest.mark.parametrize("model", ["nope", "nope.h5", ".", "artifacts/dataset.h5", "bad name", "../x"])
def test_a_model_that_is_none(feraug: Feraug, trained: Workspace, model: str) -> None:
    ran = feraug("synth", "--model", model, "-w", trained.root)
    assert ran.error
    assert "Errno" not in ran.error
    assert everything(trained.root / "synthetic") == []


@pytest.mark.parametrize("given", [".", "nope.h5", "models/cyclegan-neutral-happy.h5"])
@pytest.mark.parametrize("command", ["train", "synth"])
def test_a_dataset_that_is_none(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...], command: str, given: str
) -> None:
    arguments = ("train", "cyclegan", *tiny) if command == "train" else ("synth",)
    ran = feraug(*arguments, "--dataset", trained.root / given, "--name", "new", "-w", trained.root)
    assert ran.code == 1
    assert str(trained.root / given) in ran.error
    assert "Errno" not in ran.error


def test_too_few_images_in_a_domain(feraug: Feraug, workspace: Workspace, tiny: tuple[str, ...]) -> None:
    ran = feraug("train", "cyclegan", "--pair", "disgust:happy", *tiny, "-w", workspace.root)
    assert ran.code == 1
    there, more = f"feraug info {workspace.dataset()}", f"--overwrite -w {workspace.root}"
    assert ran.error == (
        "the dataset has 4 training images of 'disgust', a domain needs 8 or more; "
        f"'{there}' lists what is there, 'feraug prepare drawn:1000 {more}' has 12"
    )
    workspace.dataset().rename(workspace.dataset("mine"))
    ran = feraug("train", "cyclegan", "--pair", "disgust:happy", "--dataset", "mine", "-w", workspace.root)
    assert f"'feraug prepare drawn:1000 --overwrite --name mine -w {workspace.root}' has 12" in ran.error
    with h5py.File(workspace.dataset("mine"), "r+") as file:
        file.attrs["config"] = np.bytes_('{"source": "csv"}')
    ran = feraug("train", "cyclegan", "--pair", "disgust:happy", "--dataset", "mine", "-w", workspace.root)
    assert ran.error.endswith("lists what is there"), "nobody draws more photographs"


def test_what_has_so_many_is_what_is_drawn() -> None:
    rows = np.arange(1000)
    splits, emotions = row_split_codes(3, rows), row_emotions(3, rows)
    assert ((splits == SPLITS.index("train")) & (emotions == EMOTIONS.index("disgust"))).sum() == 12


def test_a_model_that_this_version_does_not_know(feraug: Feraug, workspace: Workspace) -> None:
    facts = {"step": 3, "steps": 3, "steps_per_epoch": 2, "finished": True}
    write_model(workspace.model("new"), {}, Provenance({"model": "biggan"}, "test", 0), facts)
    error = feraug("synth", "--pair", "neutral:happy", "--model", "new", "-w", workspace.root).error
    assert f"{workspace.model('new')}: not a model that this version knows (unknown model 'biggan'" in error
    assert error.endswith("; upgrade with 'pip install -U feraug', or train it again")


def test_an_emotion_that_the_dataset_lacks(feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]) -> None:
    with h5py.File(trained.dataset(), "r+") as file:
        labels = file["labels"][()]
        labels[labels == 6] = 0
        file["labels"][...] = labels
    ran = feraug("train", "cyclegan", *tiny, "--name", "new", "-w", trained.root)
    assert "0 training images of 'neutral'" in ran.error
    ran = feraug("synth", "-w", trained.root)
    assert "no 'neutral' images in its train split" in ran.error


def test_a_batch_larger_than_the_domain_and_a_single_step(
    feraug: Feraug, workspace: Workspace, tiny: tuple[str, ...]
) -> None:
    ran = feraug("train", "cyclegan", *tiny, "--batch-size", "100", "--steps", "1", "-w", workspace.root)
    assert ran.code == 0, ran


@pytest.mark.parametrize("device", ["", "meta", "gpu", "cuda:99", "cpu:x"])
def test_a_device_that_is_not_there(
    feraug: Feraug, workspace: Workspace, tiny: tuple[str, ...], device: str
) -> None:
    ran = feraug("train", "cyclegan", *tiny, "--device", device, "-w", workspace.root)
    assert ran.code == 2
    assert f"--device '{device}': not available here" in ran.error


def test_a_loss_that_is_not_finite(
    feraug: Feraug, workspace: Workspace, tiny: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from feraug.store.model import read_model
    from feraug.training import gan

    whole_step = gan._train_step

    def broken(state: Any, *rest: Any) -> dict[str, Any]:
        terms = whole_step(state, *rest)
        return terms | ({"cycle_a": torch.tensor(float("nan"))} if state.step == 3 else {})

    monkeypatch.setattr(gan, "_train_step", broken)
    ran = feraug(
        *("train", "cyclegan", *tiny, "--steps", "6", "--quiet"),
        *("--checkpoint-every", "0s", "-w", workspace.root),
    )
    assert ran.code == 1
    assert "the loss cycle_a is nan at step 3" in ran.error
    assert read_model(workspace.model("cyclegan-neutral-happy")).step == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "x.csv"),
        ("name,age\n1,2\n", "x.csv, row 1: expected the header"),
        ("emotion,pixels,Usage\n9," + " ".join(["0"] * 2304) + ",Training\n", "x.csv, row 2"),
        ("emotion,pixels,Usage\n3,1 2 3,Training\n", "x.csv, row 2"),
    ],
)
def test_a_bad_csv_names_file_and_row_and_leaves_nothing(
    feraug: Feraug, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "x.csv").write_text(text)
    ran = feraug("prepare", "x.csv")
    assert ran.code == 1
    assert words in ran.error
    assert everything(tmp_path) == ["x.csv"]


def test_names_that_a_csv_does_not_have_are_told(feraug: Feraug, tmp_path: Path) -> None:
    """A class may be absent, so it is no error; a misspelt name would otherwise pass unnoticed."""
    pixels = " ".join(["7"] * 2304)
    faces = [f"{label},{pixels}" for label in ("joy", "contempt") for _ in range(9)]
    (tmp_path / "x.csv").write_text("\n".join(["emotion,pixels", *faces]))
    given = ("--emotions", "joy=happy,contempt=none,contemt=none")
    ran = feraug("prepare", "x.csv", *given, "--no-near-copies")
    assert ran.code == 0 and "--emotions: no row has contemt\n" in ran.err.replace("note: ", "")


@pytest.mark.parametrize("source", ["nothing.csv", "caf\udce9.csv", "two\nlines.csv", "\x1b[31m", "x" * 300])
def test_a_source_that_is_not_there(feraug: Feraug, source: str) -> None:
    ran = feraug("prepare", source)
    assert ran.code == 1
    assert ran.error.isprintable()


def test_a_file_name_that_is_not_utf8_is_kept_and_printed(feraug: Feraug, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    pixels = " ".join(str(number % 256) for number in range(2304))
    row = f"3,{pixels},Training"
    try:
        (tmp_path / name).write_text(f"emotion,pixels,Usage\n{row}\n")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    ran = feraug("prepare", name, "--no-near-copies", "-q")
    assert ran.code == 0, ran
    ran = feraug("info", "artifacts/dataset.h5")
    assert ran.code == 0, ran
    assert "caf\\udce9.csv" in ran.out


def test_a_workspace_that_is_a_file(feraug: Feraug, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for arguments in (("prepare", "drawn:280"), ("train", "cyclegan"), ("synth",)):
        ran = feraug(*arguments, "-w", "file")
        assert ran.code == 2
        assert "'file'" in ran.error


@pytest.mark.parametrize("given", ["", " ", "loop"])
@pytest.mark.parametrize("command", ["prepare", "train", "synth"])
def test_a_workspace_that_is_nothing(feraug: Feraug, tmp_path: Path, command: str, given: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    arguments = {"prepare": ("prepare", "drawn:280"), "train": ("train", "cyclegan"), "synth": ("synth",)}
    ran = feraug(*arguments[command], "-w", given)
    assert ran.code == 2
    assert "name is empty" in ran.error or "'loop' is a symbolic link that leads nowhere" in ran.error
    assert everything(tmp_path) == []


def test_a_link_that_leads_nowhere(feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]) -> None:
    Path("loop").symlink_to("loop")
    Path("faces.csv").write_text("emotion,pixels,Usage\n")
    for arguments in (
        ("info", "loop"),
        ("export", "loop", "out"),
        ("prepare", "loop"),
        ("prepare", "faces.csv", "--ferplus", "loop"),
        ("prepare", "drawn:280", "-w", "loop/deeper", "-q"),
        ("train", "cyclegan", *tiny, "--dataset", "loop"),
        ("synth", "--dataset", "loop", "-w", trained.root),
    ):
        ran = feraug(*arguments)
        assert ran.error.startswith("loop") and "Errno 2]" not in ran.error
    assert "a symbolic link that leads nowhere" in feraug("info", "loop").error


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_a_folder_where_the_dataset_belongs(
    feraug: Feraug, tmp_path: Path, overwrite: tuple[str, ...]
) -> None:
    mine = tmp_path / "artifacts" / "dataset.h5" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.touch()
    ran = feraug("prepare", "drawn:280", "-q", *overwrite)
    assert ran.code == 1
    assert "dataset.h5: a folder has the name of the file; choose another with --name NAME" in ran.error
    for arguments in (("train", "cyclegan"), ("info", mine.parent), ("export", mine.parent, "out")):
        assert "dataset.h5: a folder, not an artifact" in feraug(*arguments).error
    assert everything(tmp_path) == ["artifacts/dataset.h5/mine.txt"]


def test_a_full_disk(feraug: Feraug, trained: Workspace) -> None:
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    earlier = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = everything(trained.root)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        for arguments in (
            ("prepare", "drawn:280", "--no-near-copies", "--overwrite", "-w", trained.root),
            ("synth", "-n", "100", "-w", trained.root),
            ("export", trained.dataset(), trained.root / "x.csv"),
        ):
            ran = feraug(*arguments, "--quiet")
            assert ran.code == 1
            assert "the disk is full; nothing was changed" in ran.error
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, earlier)
    assert everything(trained.root) == before
    assert feraug("info", trained.dataset()).code == 0


def test_a_read_only_folder(feraug: Feraug, trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("feraug.store.writing._PatientStream.__init__", refuse)
    ran = feraug("synth", "-n", "1", "-q", "-w", trained.root)
    assert ran.code == 1
    assert "no permission to write here; choose another folder" in ran.error


@pytest.mark.parametrize("command", ["info", "export"])
@pytest.mark.parametrize("given", ["nothing.h5", ".", "text.h5", "empty.h5", "newer.h5", "huge.h5"])
def test_a_file_that_is_no_artifact(feraug: Feraug, trained: Workspace, command: str, given: str) -> None:
    folder = trained.root
    (folder / "text.h5").write_text("hello")
    (folder / "empty.h5").touch()
    shutil.copy(trained.dataset(), folder / "newer.h5")
    shutil.copy(trained.dataset(), folder / "huge.h5")
    with h5py.File(folder / "newer.h5", "r+") as file:
        file.attrs["encoding-version"] = 99
    with h5py.File(folder / "huge.h5", "r+") as file:
        del file["images"]
        file.create_dataset("images", (10**12, 48, 48), "u1", chunks=(128, 48, 48))
    extra = ["out"] if command == "export" else []
    ran = feraug(command, folder / given, *extra)
    assert ran.code == 1
    assert ran.error.startswith(str(folder / given))
    assert not Path("out").exists()


@pytest.mark.parametrize("place", [".", "..", "", "../artifacts", "../artifacts/dataset.h5", "mine", "file"])
def test_export_never_deletes_what_is_not_an_export(
    feraug: Feraug, trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    here = tmp_path / "here"  # so that every place, '..' too, lies below tmp_path
    (here / "mine").mkdir(parents=True)
    (here / "mine" / "notes.txt").write_text("mine")
    (here / "file").write_text("mine")
    monkeypatch.chdir(here)
    assert Path(os.path.abspath(place)).is_relative_to(tmp_path)  # noqa: PTH100  (resolve() fails on loops)
    before = everything(tmp_path)
    ran = feraug("export", trained.dataset(), place, "--overwrite", "-q")
    assert ran.code == (1 if place == "mine" else 2)
    told = place if place.strip(".") else str(Path(place).resolve()) if place else "'' is no file or folder"
    assert ran.error.startswith(told)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("command", [("prepare", "drawn:100"), ("doctor",), ("--version",)])
def test_a_folder_that_is_gone(
    feraug: Feraug, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """torch would end the process there, with words of its own and the code of a bad command line."""

    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    with monkeypatch.context() as patch:
        patch.setattr("os.getcwd", gone)
        ran = feraug(*command)
    assert (ran.code, ran.error) == (1, "the current folder is gone; cd to another one")


def test_a_bug_is_one_line_too(feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr("feraug.workflows.info.describe", broken)
    ran = feraug("info", workspace.dataset())
    assert ran.error.startswith("a bug in feraug: ZeroDivisionError: one two; set FERAUG_TRACEBACK=1")


def test_a_package_that_is_missing_is_no_bug(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
    own = ImportError("cannot import name 'x'", name="feraug.plots")
    for problem, words in (
        (missing, "a package cannot be imported (No module named 'matplotlib'); 'feraug doctor' says which"),
        (own, "a bug in feraug: ImportError: "),
    ):

        def broken(*_: object, problem: Exception = problem, **__: object) -> None:
            raise problem

        monkeypatch.setattr("feraug.workflows.info.describe", broken)
        ran = feraug("info", workspace.dataset())
        assert ran.code == 1 and ran.error.startswith(words)


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("[enforce] can't allocate memory: x")])
def test_too_little_memory_says_what_helps(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr("feraug.workflows.info.describe", greedy)
    assert (
        "out of memory; close other programs, or give a smaller --batch-size"
        in feraug("info", workspace.dataset()).error
    )


def test_a_model_that_its_config_does_not_fit_is_refused(feraug: Feraug, trained: Workspace) -> None:
    path = trained.model("cyclegan-neutral-happy")
    with h5py.File(path, "r+") as file:
        name = next(iter(file["ema/a_to_b"]))
        shape = file[f"ema/a_to_b/{name}"].shape
        del file[f"ema/a_to_b/{name}"]
        file[f"ema/a_to_b/{name}"] = np.zeros((*shape, 2), np.float32)
    ran = feraug("synth", "-n", "1", "-w", trained.root)
    assert ran.code == 1
    assert f"{path}: damaged ('ema/a_to_b/{name}' has shape" in ran.error


@pytest.mark.parametrize(
    ("given", "next_step"),
    [
        ("nothing.h5", "check the name ('feraug --help' lists the commands that make files)"),
        (".", "name a file in it, such as dataset.h5"),
        ("text.h5", "give an .h5 file that feraug wrote"),
        ("cut.h5", "copy it again, or repeat the command that made it with --overwrite"),
        ("x" * 300, "check the name"),
    ],
)
def test_what_to_do_about_a_file_that_is_no_artifact(
    feraug: Feraug, workspace: Workspace, given: str, next_step: str
) -> None:
    (workspace.root / "text.h5").write_text("hello")
    (workspace.root / "cut.h5").write_bytes(workspace.dataset().read_bytes()[:5000])
    assert feraug("info", workspace.root / given).error.endswith(f"; {next_step}")


def test_a_file_of_another_kind_names_the_command(feraug: Feraug, trained: Workspace) -> None:
    model = trained.model("cyclegan-neutral-happy")
    ran = feraug("synth", "--dataset", model, "-w", trained.root)
    assert ran.error == f"{model}: holds a model, not a dataset; give one that 'feraug prepare' wrote"


def test_what_the_system_refuses_names_the_path(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "faces.csv")

    monkeypatch.setattr("feraug.workflows.info.describe", refused)
    ran = feraug("info", workspace.dataset())
    assert ran.error == "faces.csv: Permission denied; check the path and who may use it"
