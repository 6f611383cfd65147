"""One writer at a time; names of files that are safe everywhere."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from feraug.errors import MissingArtifactError, StorageError, UsageError
from feraug.store import digests
from feraug.store.digests import inputs_by_name, sha256_file
from feraug.store.lock import exclusive
from feraug.store.workspace import Workspace, at_home, checked_name, name_after, same_place
from feraug.workflows.by_digest import artifacts_by_digest

fcntl = pytest.importorskip("fcntl")


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Another process that holds ``path``."""
    script = f"""
        import time
        from pathlib import Path
        from feraug.store.lock import exclusive
        with exclusive(Path({str(path)!r})):
            print("held", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_writer_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with holder(path) as process:
        try:
            with pytest.raises(StorageError, match="another feraug process is writing it"), exclusive(path):
                pytest.fail("two hold it")
            with exclusive(tmp_path / "other.h5"):
                pass
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    with exclusive(path):
        pass
    with exclusive(path):
        pass


def test_the_lock_file_is_the_one_that_the_format_names(tmp_path: Path) -> None:
    with exclusive(tmp_path / "m.h5"):
        pass
    (lock,) = tmp_path.iterdir()
    assert (lock.name, lock.stat().st_size) == (".m.h5.lock", 0)
    page = Path(__file__).parents[2] / "docs" / "file-format.md"
    assert "`.NAME.h5.lock`" in page.read_text("utf-8")
    lock.unlink()  # as that page allows where no feraug runs
    with exclusive(tmp_path / "m.h5"):
        pass


def test_a_lock_that_is_removed_holds_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path, lock = tmp_path / "m.h5", tmp_path / ".m.h5.lock"
    real, calls = fcntl.flock, list[int]()

    def removed_meanwhile(descriptor: int, operation: int) -> None:
        real(descriptor, operation)
        calls.append(descriptor)
        if len(calls) == 1:  # between opening and locking, another process has ended and removed it
            lock.unlink()

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", removed_meanwhile)
        with exclusive(path, leave=False):
            assert len(calls) == 2 and lock.exists()
            with pytest.raises(StorageError, match="another feraug process"), exclusive(path, leave=False):
                pass
            assert lock.exists(), "it is not theirs"
    assert not lock.exists()


def test_the_lock_ends_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), exclusive(tmp_path / "m.h5"):
        raise ValueError("x")
    with exclusive(tmp_path / "m.h5"):
        pass


def test_a_file_system_without_locks_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with exclusive(tmp_path / "m.h5"):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    path = tmp_path / "models" / "m.h5"
    with pytest.raises(StorageError, match="a file stands where a folder is needed"), exclusive(path):
        pytest.fail("nothing to hold")


@pytest.mark.parametrize(
    "name", ["faces", "faces.v1.2", "FÉR+工-1_2", "9", "a" * 100, "with.h5.inside", "happy.h5"]
)
def test_names_that_are_taken(name: str) -> None:
    assert checked_name(name) == name.removesuffix(".h5")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".h5",
        "..",
        ".x",
        "-x",
        "a/b",
        "../x",
        "a\\b",
        "a b",
        "a\nb",
        "a:b",
        "a\0b",
        "~",
        "$HOME",
        "a" * 101,
        "工" * 34,  # 102 bytes
        "con",
        "NUL",
        "com1.h5",
        "Aux.mine",
        "name.",
    ],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a file's name"):
        checked_name(name)


def test_places(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "nothing yet")
    assert workspace.dataset() == workspace.root / "dataset.h5"
    assert workspace.dataset("other.h5") == workspace.root / "other.h5"
    assert workspace.model("x") == workspace.root / "models" / "x.h5"
    assert workspace.samples("x") == workspace.root / "models" / "x"
    assert workspace.synthetic("x") == workspace.root / "synthetic" / "x.h5"
    assert workspace.models() == []
    assert not workspace.root.exists()
    (workspace.root / "models").mkdir(parents=True)
    for name in ("b.h5", "a.h5", ".a.h5.lock", ".c.h5.7.partial", "notes.txt"):
        (workspace.root / "models" / name).touch()
    assert [path.name for path in workspace.models()] == ["a.h5", "b.h5"]


def test_the_digest_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_file(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(OSError, match="No such file"):
        sha256_file(tmp_path / "y")


def test_every_kind_of_artifact_is_found(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    kinds = (workspace.model, workspace.synthetic, workspace.ssim, workspace.compare, workspace.bench)
    places = [workspace.dataset(), *(kind("x") for kind in kinds), tmp_path / "bench" / "x" / "real-0.h5"]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    assert workspace.artifacts() == places


def test_no_input_is_lost_among_others_of_its_name() -> None:
    files = [(Path(f"/{root}/x/made.h5"), root) for root in "abcd"]
    assert list(inputs_by_name(*files).values()) == list("abcd")


def test_dot_files_are_no_artifacts(tmp_path: Path) -> None:
    """As macOS leaves them on others' disks."""
    workspace = Workspace(tmp_path)
    for place in (workspace.dataset(), workspace.synthetic("x"), workspace.model("x")):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(str(place).encode())
        place.with_name(f"._{place.name}").write_bytes(b"resource fork")
    assert (workspace.synthetics(), workspace.models()) == (
        [workspace.synthetic("x")],
        [workspace.model("x")],
    )
    assert len(workspace.artifacts()) == 3
    assert set(artifacts_by_digest(workspace).values()) == set(workspace.artifacts())


def test_names_after_files_of_any_name(tmp_path: Path) -> None:
    assert name_after("my faces (2)", "-filtered") == "my-faces--2--filtered"
    assert name_after("..", "-x") == "set-x" and name_after("plain") == "plain"
    for stem in ("foo.", "con", "com1.x", "x" * 95 + "....y", "NUL"):
        for ending in ("", "-filtered"):
            assert checked_name(name_after(stem, ending)).endswith(ending)
    for stem in ("工" * 60, "a" * 200):
        name = name_after(stem, "-neutral-happy")
        assert checked_name(name) == name and name.endswith("-neutral-happy") and len(name.encode()) > 95


def test_a_file_that_stays_as_it_is_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    whole = digests._digest
    monkeypatch.setattr(digests, "_digest", lambda place: read.append(place) or whole(place))
    path = tmp_path / "x"
    path.write_bytes(b"a")
    first = sha256_file(path)
    assert (sha256_file(path), len(read)) == (first, 2), "just written: another change may not show"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert [sha256_file(path) for _ in range(3)] == [first] * 3 and len(read) == 3
    path.write_bytes(b"b")
    os.utime(path, (1_000_000_001, 1_000_000_001))
    assert sha256_file(path) != first and len(read) == 4
    other = tmp_path / "y"
    other.write_bytes(b"c")
    os.utime(other, (1_000_000_001, 1_000_000_001))
    other.replace(path)  # as long, as old, and another file
    assert sha256_file(path) not in (first, "") and len(read) == 5


def test_artifacts_are_found_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path / "artifacts")
    model, part = workspace.model("only"), workspace.bench("only").with_suffix("") / "only.h5"
    both = [workspace.model("both"), workspace.synthetic("both")]
    for path in (workspace.dataset(), model, part, *both):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    assert workspace.artifact("dataset") == workspace.artifact("dataset.h5") == workspace.dataset()
    assert workspace.artifact(Path("only")) == model  # not a benchmark's part
    with pytest.raises(UsageError) as several:
        workspace.artifact("both")
    assert all(str(path) in str(several.value) for path in both)
    with pytest.raises(MissingArtifactError, match=r"onyl: no such file.*did you mean 'only'"):
        workspace.artifact("onyl")
    with pytest.raises(MissingArtifactError, match="xxx: no such file"):
        workspace.artifact("x" * 300)
    for path in (Path("elsewhere/only.h5"), both[0]):  # a place, not a name
        assert workspace.artifact(path) == path
    Path("only").mkdir()  # as the folder of a model's samples is, seen from models/
    assert workspace.artifact("only") == model
    Path("elsewhere").mkdir()
    assert workspace.artifact("elsewhere") == Path("elsewhere")  # whose reader says that it is a folder
    Path("both.h5").touch()
    assert workspace.artifact("both.h5") == Path("both.h5")  # a file comes first


def test_one_place_by_several_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.h5").touch()
    Path("b.h5").symlink_to("a.h5")
    Path("c.h5").hardlink_to("a.h5")
    for name in ("a.h5", "b.h5", "c.h5", "./a.h5"):
        assert same_place(Path(name), tmp_path / "a.h5"), name
    assert same_place(Path("new.h5"), tmp_path / "new.h5") and not same_place(Path("new.h5"), Path("a.h5"))


def test_a_user_without_a_home_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nowhere)
    assert at_home("artifacts") == Path("artifacts")
    with pytest.raises(UsageError, match=r"^~/faces: this user has no home folder; give the whole path"):
        at_home("~/faces")
