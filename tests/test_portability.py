"""What Windows and macOS do otherwise, as far as Linux can tell."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from importlib.machinery import ModuleSpec
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import feraug
from feraug.errors import InUseError, StorageError, UsageError
from feraug.store import atomic
from feraug.store.atomic import abandoned_below, atomic_folder, atomic_path, remove

SOURCE = Path(feraug.__file__).parent


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


class Recorder(nn.Module):
    def to(self, *_: Any, **settings: Any) -> Recorder:
        self.settings = settings
        return self


@pytest.mark.parametrize(
    ("device", "last"), [("cpu", True), ("cuda", True), ("mps", False), ("mps:0", False)]
)
def test_apples_gpu_gets_no_channels_last(device: str, last: bool) -> None:
    """Batch norm's gradient is wrong there in that layout (pytorch issue 175189)."""
    from feraug.transfer import placed

    network = Recorder()
    assert placed(network, device) is network
    assert (network.settings.get("memory_format") is torch.channels_last) == last


def test_layouts_are_chosen_in_one_place() -> None:
    files = [path.name for path in SOURCE.rglob("*.py") if "channels_last" in path.read_text("utf-8")]
    assert files == ["transfer.py"]


def test_one_process_on_apples_gpu_computes_in_its_own_precision() -> None:
    from feraug.training import new_fabric

    assert new_fabric(torch.device("mps")).autocast is nullcontext
    fabric = new_fabric(torch.device("mps"), precision="bf16-mixed")
    assert fabric.device.type == "mps" and fabric.autocast.args == ("mps", torch.bfloat16)  # type: ignore[attr-defined]


@pytest.mark.parametrize("several", [{"devices": 2}, {"nodes": 2}])
def test_several_processes_on_apples_gpu_are_refused(
    monkeypatch: pytest.MonkeyPatch, several: dict[str, int]
) -> None:
    from feraug.workflows import devices

    monkeypatch.setattr(devices, "choose_device", lambda name: torch.device("mps"))
    monkeypatch.setenv("NODE_RANK", "0")
    with pytest.raises(UsageError, match="for several say --device cpu"), devices.launched("auto", **several):
        pass


def on_windows(monkeypatch: pytest.MonkeyPatch, *, refusals: int) -> list[int]:
    """Files that are refused so many times to be replaced; how often that was tried."""
    tried: list[int] = []
    replace = os.replace

    def refusing(source: Any, target: Any) -> None:
        tried.append(1)
        if len(tried) <= refusals:
            raise PermissionError(errno.EACCES, "[WinError 5] Access is denied", str(target))
        replace(source, target)

    monkeypatch.setattr(atomic, "_WINDOWS", True)
    monkeypatch.setattr(atomic, "_PAUSES", (0.001,) * 4)
    monkeypatch.setattr(atomic, "_runs_on_windows", lambda pid: False)
    monkeypatch.setattr(os, "replace", refusing)
    return tried


def test_a_file_that_a_scanner_has_open_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("old")
    on_windows(monkeypatch, refusals=3)
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "x").read_text() == "new"


def test_a_file_that_stays_open_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("old")
    tried = on_windows(monkeypatch, refusals=99)
    with (
        pytest.raises(StorageError, match="another program has it open"),
        atomic_path(tmp_path / "x") as place,
    ):
        place.write_text("new")
    assert len(tried) == 5 and [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_a_killed_process_left_goes_on_windows_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_windows(monkeypatch, refusals=0)
    left = tmp_path / f".x.h5.{dead_pid()}@{atomic._host()}.partial"
    left.write_bytes(b"0")
    assert abandoned_below(tmp_path) == [left]
    with atomic_path(tmp_path / "x.h5") as temporary:
        temporary.write_bytes(b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]
    folder = tmp_path / f".out.{dead_pid()}@{atomic._host()}.partial"
    for name in ("old", "new"):
        (folder / name).mkdir(parents=True)
    with pytest.raises(StorageError), atomic_folder(tmp_path / "out"):
        assert not folder.exists() and (tmp_path / "out").is_dir()
        raise OSError


def test_a_file_that_is_no_longer_needed_is_waited_for_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_windows(monkeypatch, refusals=0)
    unlink, tried = Path.unlink, []

    def refusing(place: Path, missing_ok: bool = False) -> None:
        tried.append(place)
        if len(tried) <= 3:
            raise PermissionError(errno.EACCES, "[WinError 32] in use", str(place))
        unlink(place, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    (tmp_path / "x").write_text("read by a viewer")
    remove([tmp_path / "x", tmp_path / "never there"])
    assert not list(tmp_path.iterdir())
    (tmp_path / "x").write_text("for good")
    tried.clear()
    monkeypatch.setattr(atomic, "_PAUSES", ())
    with pytest.raises(InUseError):
        remove([tmp_path / "x"])


@pytest.mark.parametrize("kind", ["cyclegan", "simple"])
def test_a_checkpoint_that_is_refused_does_not_end_a_training(
    kind: str, drawn_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feraug.config import model_config
    from feraug.store.workspace import Workspace
    from feraug.workflows.events import Event, Note
    from feraug.workflows.train import train
    from feraug.workflows.train_options import TrainOptions

    small: dict[str, Any] = (
        {"width": 0.02} if kind == "simple" else {"base_channels": 2, "residual_blocks": 1}
    )
    config = model_config({"model": kind, "steps": 3, "batch_size": 4, **small})
    workspace, told = Workspace(tmp_path), list[Event]()
    shutil.copy(drawn_dataset, workspace.dataset())
    train(config, workspace, name="x")
    whole = workspace.model("x").read_bytes()
    tried = on_windows(monkeypatch, refusals=5)
    options = TrainOptions(checkpoint_seconds=0.0, overwrite=True)
    train(config, workspace, name="x", options=options, notify=told.append)
    notes = [event.text for event in told if isinstance(event, Note) and "goes on" in event.text]
    assert len(notes) == 1 and notes[0].endswith("tries again at the next checkpoint") and len(tried) >= 6
    assert workspace.model("x").read_bytes() != whole, "the last one is written"
    on_windows(monkeypatch, refusals=99)
    monkeypatch.setattr(atomic, "_PAUSES", ())
    with pytest.raises(StorageError, match="another program has it open"):
        train(config, workspace, name="x", options=TrainOptions(overwrite=True))


def test_a_checkpoint_that_stays_open_does_not_end_a_benchmark(
    drawn_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished repeat needs it no more; what reads it, such as ``feraug doctor``, lets nobody delete it."""
    from feraug.config import BenchConfig, ClassifierConfig
    from feraug.store.workspace import Workspace
    from feraug.workflows.bench import bench
    from feraug.workflows.train_options import TrainOptions

    unlink, refused = Path.unlink, []

    def refusing(place: Path, missing_ok: bool = False) -> None:
        if place.name.endswith(".checkpoint.h5") and place.exists():
            refused.append(place.name)
            raise PermissionError(errno.EACCES, "[WinError 32] in use", str(place))
        unlink(place, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    workspace = Workspace(tmp_path)
    shutil.copy(drawn_dataset, workspace.dataset())
    config = BenchConfig(ClassifierConfig(width=0.02, steps=2, batch_size=8), ("real",), repeats=2)
    result = bench(config, workspace, options=TrainOptions(checkpoint_seconds=0.0))
    assert result.path.is_file() and set(refused) == {"real-0.checkpoint.h5", "real-1.checkpoint.h5"}


def test_bars_are_for_a_console_of_its_own_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """rich moves the cursor of stdout there, so in a file's place every refresh is a new line."""
    from feraug.cli import console

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for platform, terminal, bars in (
        ("win32", False, False), ("win32", True, True), ("linux", False, True)
    ):  # fmt: skip
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(sys.stdout, "isatty", lambda terminal=terminal: terminal)
        with console.notifier(quiet=False) as shown:
            assert isinstance(shown, console._Bars) == bars, (platform, terminal)


def test_bars_outlive_a_console_that_refuses() -> None:
    from rich.console import Console

    from feraug.cli.bars import TaskBars

    class Refusing(io.StringIO):
        refuses = False

        def write(self, text: str) -> int:
            if self.refuses:
                raise OSError("not a console")
            return super().write(text)

    stream = Refusing()
    bars = TaskBars(console=Console(file=stream, force_terminal=True, width=80))
    bars.live.auto_refresh = False
    with bars:
        stream.refuses = True
        bars.add_task("faces", total=10, count="", figures={})
        bars.live.refresh()
        stream.refuses = False
        bars.live.refresh()
    assert "faces" in stream.getvalue()


def test_nobody_sits_at_nul(monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.cli.console import can_ask

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with Path(os.devnull).open() as nul:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=nul.buffer, isatty=lambda: True))
        assert not can_ask()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert can_ask()


class FakeMsvcrt:
    """Windows' locks: one holder of a file, by its inode."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        file = os.fstat(descriptor).st_ino
        if self.held.setdefault(file, descriptor) != descriptor:
            raise PermissionError(errno.EACCES, "Permission denied")


def test_a_file_has_one_writer_on_windows_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.store import lock
    from feraug.store.lock import HeldError, exclusive

    fake, path = FakeMsvcrt(), tmp_path / "models" / "a.h5"
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(lock, "_WINDOWS", True)
    unlink = Path.unlink

    def unlinked(place: Path, missing_ok: bool = False) -> None:
        if any(os.path.samestat(place.stat(), os.fstat(descriptor)) for descriptor in opened):
            raise PermissionError(errno.EACCES, "[WinError 32] in use")
        unlink(place, missing_ok=missing_ok)

    opened: list[int] = []
    opening, closing = os.open, os.close

    def open_and_note(*arguments: Any) -> int:
        opened.append(opening(*arguments))
        return opened[-1]

    def close_and_forget(descriptor: int) -> None:
        opened.remove(descriptor)
        fake.held = {file: holder for file, holder in fake.held.items() if holder != descriptor}
        closing(descriptor)

    monkeypatch.setattr(os, "open", open_and_note)
    monkeypatch.setattr(os, "close", close_and_forget)
    monkeypatch.setattr(Path, "unlink", unlinked)
    told = "another feraug process is writing it"
    with exclusive(path), pytest.raises(HeldError, match=told), exclusive(path):
        pass
    with exclusive(path, leave=False):
        with pytest.raises(HeldError), exclusive(path, leave=False):
            pass
        assert len(list(path.parent.iterdir())) == 1, "the lock that is held stays"
    assert list(path.parent.iterdir()) == [] and opened == []


def test_mediapipe_gets_the_model_and_not_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows it looks for a path below its own folder (mediapipe issue 5343)."""
    tasks = pytest.importorskip("mediapipe.tasks.python")
    from feraug.faces.mediapipe import CannotLoadError, MediapipeDetector

    given: dict[str, Any] = {}

    def options(**settings: Any) -> None:
        given.update(settings)
        raise ValueError("enough")

    monkeypatch.setattr(tasks, "BaseOptions", options)
    (tmp_path / "model").write_bytes(b"model")
    with pytest.raises(CannotLoadError), MediapipeDetector(tmp_path / "model").opened(photos=False):
        pass
    assert given == {"model_asset_buffer": b"model"}


ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_processes_that_say_nothing_say_any_letter() -> None:
    """Where the locale has few letters, as on Windows."""
    code = (
        "import feraug.cli.main as m, sys\n"
        "m._ready_streams(); sys.stdout.write('\\u2192\\u2026\\u65e5'); sys.stdout.flush()"
    )
    environment = {**os.environ, **ASCII, "RANK": "1", "WORLD_SIZE": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_command_out_of_a_zip_file_can_be_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' ``feraug.exe`` is one."""
    from feraug.workflows.devices import _let_be_started_again

    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", ModuleSpec("__main__", None), raising=False)
    _let_be_started_again()
    assert main.__spec__ is not None and main.__spec__.name == "feraug.__main__"


def test_several_processes_are_started_so_that_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.workflows import devices

    class Enough(Exception):
        pass

    class Several:
        world_size = 2

        def launch(self) -> None:
            assert sys.modules["__main__"].__spec__.name == "feraug.__main__"  # type: ignore[union-attr]
            raise Enough

    monkeypatch.setattr(devices, "new_fabric", lambda *_, **__: Several())
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", ModuleSpec("__main__", None), raising=False)
    with pytest.raises(Enough), devices.launched("cpu", devices=2):
        pass


def test_nobody_is_asked_without_a_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.cli.console import can_ask

    monkeypatch.setattr(sys, "stdin", None)
    assert not can_ask()


def test_a_reader_that_has_gone_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    from feraug.cli.main import _reader_has_gone

    gone = OSError(errno.EINVAL, "Invalid argument")
    assert not _reader_has_gone(gone) and _reader_has_gone(BrokenPipeError())
    monkeypatch.setattr(sys, "platform", "win32")
    assert _reader_has_gone(gone) and not _reader_has_gone(OSError(errno.EINVAL, "no", "a*b"))


def test_a_report_names_no_folders_of_the_user_on_windows() -> None:
    from feraug.workflows.report_files import Inventory

    root = PureWindowsPath(r"C:\Users\Anna Meier\artifacts")
    inventory = Inventory(root, False)  # type: ignore[arg-type]
    inventory.problem("models/a.h5", f"{root / 'models' / 'a.h5'}: truncated")
    assert inventory.problems[0].why == "truncated"


def test_words_are_quoted_as_cmd_takes_them() -> None:
    from feraug.quoting import as_here, command_line, quoted

    words = (r"artifacts\dataset.h5", r"D:\my runs", "")
    assert [quoted(word, windows=True) for word in words] == [words[0], r'"D:\my runs"', '""']
    assert quoted("D:\\my runs\\", windows=True) == '"D:\\my runs\\\\"'
    assert [quoted(word, windows=True) for word in ("1=sad,2=fear", "@a", "%A%")] == [
        '"1=sad,2=fear"', '"@a"', '"%A%"',
    ]  # fmt: skip
    assert command_line(["feraug", "-w", "my runs"], windows=False) == "feraug -w 'my runs'"
    kept = "feraug prepare 'C:\\my data\\fer2013.csv'"
    assert as_here(kept, windows=True) == 'feraug prepare "C:\\my data\\fer2013.csv"'
    assert as_here(kept, windows=False) == kept
    assert as_here("feraug info 'x'", windows=False) == "feraug info 'x'", "as it was typed"
    for other in ("feraug.prepare", "it's no command", "python x.py 'a b'"):
        assert as_here(other, windows=True) == other


def test_an_operation_that_apples_gpu_lacks_names_the_way_out() -> None:
    from feraug.cli.main import _words

    said = "The operator 'aten::grid_sampler_2d_backward' is not currently implemented for the MPS device."
    assert "--device cpu" in _words(NotImplementedError(said))
    assert "a bug in feraug" in _words(NotImplementedError("other"))


def test_what_macos_leaves_beside_files_of_an_export_is_no_strangers(tmp_path: Path) -> None:
    from feraug.workflows.export_place import is_litter, listing_digest

    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "00000.png").write_bytes(b"x")
    before = listing_digest(tmp_path)
    (tmp_path / "happy" / "._00000.png").write_bytes(b"y")
    assert is_litter("._00000.png") and listing_digest(tmp_path) == before
