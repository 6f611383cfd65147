"""A file is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feraug.errors import SourceError, StorageError
from feraug.store.atomic import abandoned_below, atomic_folder, atomic_path, moved_away, temporary_path
from feraug.store.dataset import writing_dataset
from feraug.store.model import read_model
from feraug.store.writing import _PatientStream

Make = Callable[..., Path]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_new_contents_replace_the_old(tmp_path: Path) -> None:
    path = tmp_path / "faces.h5"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["faces.h5"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "models" / "deep" / "x.h5"
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("problem", [ValueError, SourceError, KeyboardInterrupt, SystemExit, MemoryError])
def test_an_error_in_the_middle_leaves_the_old_file_and_no_other(
    tmp_path: Path, problem: type[BaseException]
) -> None:
    path = tmp_path / "faces.h5"
    path.write_text("old")
    with pytest.raises(problem), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise problem("in the middle")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["faces.h5"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EFBIG, "the disk is full"),
        (errno.EACCES, "no permission to write here"),
        (errno.EROFS, "no permission to write here"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_failing_disk_is_named(tmp_path: Path, code: int, words: str) -> None:
    path = tmp_path / "faces.h5"
    path.write_text("old")
    with pytest.raises(StorageError) as caught, atomic_path(path) as temporary:
        temporary.write_text("half")
        raise OSError(code, os.strerror(code))
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["faces.h5"]


def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom no mode stops.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(StorageError, match="no permission to write here"), atomic_path(tmp_path / "x" / "y"):
        pytest.fail("nothing may be written")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file")
    with (
        pytest.raises(StorageError, match="a file stands where a folder is needed"),
        atomic_path(tmp_path / "artifacts" / "x.h5"),
    ):
        pytest.fail("nothing may be written")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.h5").mkdir()
    with pytest.raises(StorageError, match="or the reverse"), atomic_path(tmp_path / "x.h5") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["x.h5"]


def test_file_and_folder_are_synced_and_the_file_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.h5"
    seen: list[tuple[str, bool]] = []

    def watch(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append((target.name, path.exists()))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    monkeypatch.setattr("os.fsync", watch)
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert seen == [(temporary_path(path).name, False), (tmp_path.name, True)]


def left_over(path: Path, pid: int | str) -> str:
    """The name of what process ``pid`` of this machine left of ``path``."""
    return temporary_path(path).name.replace(f".{os.getpid()}@", f".{pid}@")


@pytest.mark.parametrize("folder", [False, True])
def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path: Path, folder: bool) -> None:
    dead, living = dead_pid(), os.getppid()
    path = tmp_path / "x[1].h5"
    gone = [left_over(path, dead), left_over(path, os.getpid())]
    kept = [
        left_over(path, living),
        left_over(tmp_path / "other.h5", dead),
        left_over(tmp_path / "x[1].h5.more", dead),
        left_over(path, "99999999999999999999"),
        left_over(path, "word"),
        left_over(path, dead)[1:],
    ]
    for name in gone + kept:
        if folder:
            (tmp_path / name / "new").mkdir(parents=True)
            (tmp_path / name / "new" / "0.png").write_text("left over")
        else:
            (tmp_path / name).write_text("left over")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == sorted(["x[1].h5", *kept])


@pytest.mark.parametrize("host", ["@another-machine", ""])
def test_a_process_of_another_machine_is_dead_only_after_a_day(tmp_path: Path, host: str) -> None:
    dead, living = dead_pid(), os.getppid()
    paths = {name: tmp_path / f".faces.{pid}{host}.partial" for name, pid in (("a", dead), ("b", living))}
    for path in paths.values():
        (path / "new").mkdir(parents=True)
        (path / "new" / "0.png").touch()
    yesterday = time.time() - 25 * 3600

    def again() -> list[str]:
        with atomic_folder(tmp_path / "faces"):
            pass
        return [name for name, path in paths.items() if path.exists()]

    assert again() == ["a", "b"]
    os.utime(paths["a"], (yesterday, yesterday))
    os.utime(paths["a"] / "new", (yesterday, yesterday))
    assert again() == ["a", "b"]  # a picture has been written since
    os.utime(paths["a"] / "new" / "0.png", (yesterday, yesterday))
    assert again() == ["b"]


@pytest.mark.parametrize("host", ["", "a b/c.example.org", "工" * 99])
def test_any_name_of_a_machine_makes_a_file_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("platform.node", lambda: host)
    path, dead = tmp_path / "x.h5", dead_pid()
    (tmp_path / left_over(path, dead)).touch()
    with atomic_path(path) as temporary:
        assert temporary.parent == tmp_path
        assert len(temporary.name) < 70
        temporary.touch()
    assert names(tmp_path) == ["x.h5"]


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path: Path, make_model: Make) -> None:
    path = make_model(tmp_path / "m.h5")
    before = path.read_bytes()
    script = f"""
        import numpy as np, sys, time
        from pathlib import Path
        from feraug.store.writing import new_artifact
        with new_artifact(Path({str(path)!r})) as artifact:
            artifact.file["half"] = np.ones(100_000)
            artifact.file.flush()
            print("half", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert path.read_bytes() == before
    left = [name for name in names(tmp_path) if name != "m.h5"]
    assert left == [left_over(path, process.pid)]
    make_model(path)
    assert names(tmp_path) == ["m.h5"]


def test_a_folder_replaces_another_or_nothing(tmp_path: Path) -> None:
    for number in range(2):
        with atomic_folder(tmp_path / "deep" / "faces") as folder:
            (folder / str(number)).touch()
        assert names(tmp_path / "deep" / "faces") == [str(number)]
        assert names(tmp_path / "deep") == ["faces"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("late", [False, True])
def test_an_error_leaves_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: type[BaseException], late: bool
) -> None:
    path = tmp_path / "faces"
    path.mkdir()
    (path / "old").touch()
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if late and self.name == "new":  # the old one has been moved away by then
            raise problem("in the middle")
        return replace(self, target)

    monkeypatch.setattr("pathlib.Path.replace", failing)
    with pytest.raises(StorageError if problem is OSError else problem), atomic_folder(path) as folder:
        (folder / "half").touch()
        if not late:
            raise problem("in the middle")
    assert names(path) == ["old"]
    assert names(tmp_path) == ["faces"]


def test_what_another_machine_left_is_forgotten_though_its_process_number_runs_here(tmp_path: Path) -> None:
    """In containers every first process is number 1."""
    left = tmp_path / f".m.h5.{os.getppid()}@elsewhere.partial"
    left.touch()
    assert abandoned_below(tmp_path) == []  # it may still be written
    days_ago = time.time() - 2 * 86_400
    os.utime(left, (days_ago, days_ago))
    assert abandoned_below(tmp_path) == [left]


def test_a_folder_killed_between_its_renames_is_put_in_its_place_by_the_next_attempt(tmp_path: Path) -> None:
    path = tmp_path / "faces"
    for where in ("before", "after"):
        left = temporary_path(path)
        left = left.with_name(left.name.replace(f".{os.getpid()}@", ".999999999@"))
        for part in ("old", "new"):
            (left / part).mkdir(parents=True)
            (left / part / part).touch()
        if where == "after":  # both renames are over: what lies in its place is newer than what is left
            path.mkdir(exist_ok=True)
            (path / "newest").touch()
        assert moved_away(left) and abandoned_below(tmp_path) == [left]
        with pytest.raises(KeyboardInterrupt), atomic_folder(path):
            raise KeyboardInterrupt
        assert names(tmp_path) == ["faces"]
        assert names(path) == (["new"] if where == "before" else ["newest"])
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let every write beyond ``size`` bytes of a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    earlier = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, earlier)


@pytest.mark.parametrize("kind", ["dataset", "model", "synthetic"])
def test_a_disk_that_fills_up_anywhere_leaves_the_old_artifact(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    make: Make = request.getfixturevalue(f"make_{kind}")
    path = make(tmp_path / "x.h5")
    before = path.read_bytes()
    for share in range(20):
        limit = len(before) * share // 20
        with (
            files_up_to(limit),
            pytest.raises(StorageError, match="the disk is full; nothing was changed"),
        ):
            make(path)
        assert path.read_bytes() == before
        assert names(tmp_path) == ["x.h5"]
    make(path)
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")  # libhdf5 complains on stderr where it is let to


def test_writing_stops_soon_after_the_disk_is_full(tmp_path: Path) -> None:
    appended = 0
    images = np.ones((256, 48, 48), np.uint8)
    with files_up_to(2_000_000), pytest.raises(StorageError), writing_dataset(tmp_path / "x.h5") as writer:
        for _ in range(50):
            writer.append(images)
            appended += 1
    assert appended <= 25  # libhdf5 2.0 holds back 8 MB of chunks


@pytest.mark.skipif(sys.platform != "linux", reason="needs a RAM disk")
def test_a_disk_that_is_really_full_in_a_process_of_its_own(tmp_path: Path, make_model: Make) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("this user cannot mount")
    try:
        path = make_model(disk / "m.h5")
        (disk / "ballast").write_bytes(bytes(64_000 - path.stat().st_size - 4096))
        script = f"""
            import numpy as np
            from pathlib import Path
            from feraug.store.header import Provenance
            from feraug.store.model import write_model
            from feraug.errors import StorageError
            try:
                weights = {{"networks/a/w": np.ones(9999)}}
                write_model(Path({str(path)!r}), weights, Provenance({{}}, "x", 0), {{}})
            except StorageError as problem:
                print(problem)
        """
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert "the disk is full" in done.stdout
        assert read_model(path).step == 3
        assert names(disk) == ["ballast", "m.h5"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_interrupt_inside_a_write_comes_out_and_leaves_the_old_file(
    tmp_path: Path, make_dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_dataset(tmp_path / "x.h5")
    before = path.read_bytes()
    real_write, calls = io.FileIO.write, []

    class Interrupted(io.FileIO):
        def write(self, data: Any) -> int:
            calls.append(len(data))
            if len(calls) == 2:
                signal.raise_signal(signal.SIGINT)
            return real_write(self, data)

    class Stream(_PatientStream, Interrupted):  # its super().write() is the one above
        pass

    monkeypatch.setattr("feraug.store.writing._PatientStream", Stream)
    with pytest.raises(KeyboardInterrupt):
        make_dataset(path)
    assert len(calls) == 2
    assert path.read_bytes() == before
    assert names(tmp_path) == ["x.h5"]


SCRIPT = """
import signal, sys
from pathlib import Path
import h5py
from feraug.cli.main import main

real = getattr(h5py.File, {method!r})

def interrupted(self, *arguments, **settings):
    if {before}:
        signal.raise_signal(signal.SIGINT)
    result = real(self, *arguments, **settings)
    if not {before}:
        signal.raise_signal(signal.SIGINT)
    return result

h5py.File.{method} = interrupted
sys.argv = ["feraug", "prepare", "drawn:100", "--no-near-copies", "--quiet", "-w", {root!r}]
main()
"""


@pytest.mark.parametrize("method", ["__init__", "__enter__", "close", "__exit__"])
@pytest.mark.parametrize("before", [True, False])
def test_an_interrupt_while_a_file_is_opened_or_closed(tmp_path: Path, method: str, before: bool) -> None:
    # A file of h5py's over a Python stream that is left open crashes Python while it goes down.
    script = SCRIPT.format(method=method, before=before, root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 130, done
    assert done.stderr.startswith("error: interrupted; files are whole")
    assert done.stderr.count("\n") == 1
    assert names(tmp_path) == []
