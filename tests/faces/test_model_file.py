"""Fetching the face model: really, by pooch, from a server on this machine."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feraug.faces import model_file
from feraug.faces.model_file import NoModelFileError

pytest.importorskip("pooch")

CONTENT = bytes(range(256)) * 900


class Server(ThreadingHTTPServer):
    """Gives ``content``; each of the first answers is as ``failures`` says, and all requests are counted.

    A failure is a number of bytes after which the connection breaks off, or an error's code as text.
    """

    daemon_threads = True
    content: bytes
    failures: list[int | str]
    requests: int = 0


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        failure = self.server.failures.pop(0) if self.server.failures else len(self.server.content)
        if isinstance(failure, str):
            self.send_error(int(failure))
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[:failure])
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        del format, arguments


@contextmanager
def serving(content: bytes, *failures: int | str) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), _Handler)
    server.content, server.failures = content, list(failures)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user, in which the model is a file of ours."""
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(model_file, "MODEL_SHA256", hashlib.sha256(CONTENT).hexdigest())
    return tmp_path / "cache" / "feraug"


def at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "MODEL_URL", f"http://127.0.0.1:{server.server_port}/model.tflite")


def only_the_model(cache: Path) -> bool:
    return [path.name for path in cache.iterdir()] == [model_file.MODEL_NAME]


def test_it_is_fetched_once_and_checked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(CONTENT) as server:
        at(server, monkeypatch)
        path = model_file.model_file()
        assert path == cache / model_file.MODEL_NAME and path.read_bytes() == CONTENT
        assert model_file.model_file() == path and server.requests == 1
    assert model_file.model_file() == path  # without the server, too
    assert only_the_model(cache)


@pytest.mark.parametrize("failure", [0, 1000, "503", "404"])
def test_after_a_failure_the_next_time_gets_it(
    failure: int | str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(CONTENT, failure) as server:
        at(server, monkeypatch)
        with pytest.raises(NoModelFileError, match=r"could not be fetched \(\w+: http://|is not its model"):
            model_file.model_file()
        assert not cache.exists() or not list(cache.iterdir()), "half a file stayed"
        assert model_file.model_file().read_bytes() == CONTENT
        assert server.requests == 2 and only_the_model(cache)


def test_another_file_is_refused_and_does_not_stay(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(CONTENT[:-1] + b"?") as server:
        at(server, monkeypatch)
        with pytest.raises(NoModelFileError, match=r"what http://127.* gave is not its model"):
            model_file.model_file()
        assert not list(cache.iterdir())
        server.content = CONTENT
        assert model_file.model_file().read_bytes() == CONTENT


@pytest.mark.parametrize("rotten", [CONTENT[:5000], b"", CONTENT[:-1] + b"?"])
def test_a_damaged_file_in_the_cache_is_fetched_again(
    rotten: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / model_file.MODEL_NAME).write_bytes(rotten)
    with serving(CONTENT, "503") as server:
        at(server, monkeypatch)
        with pytest.raises(NoModelFileError, match="could not be fetched"):
            model_file.model_file()  # the damaged one does not serve in its place
        assert model_file.model_file().read_bytes() == CONTENT and server.requests == 2


def test_no_network_and_no_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(CONTENT) as server:
        at(server, monkeypatch)
    with pytest.raises(NoModelFileError, match="could not be fetched"):
        model_file.model_file()  # nobody listens any more
    with serving(CONTENT) as server:
        at(server, monkeypatch)
        (cache.parent).mkdir(parents=True, exist_ok=True)
        if cache.exists():
            cache.rmdir()
        cache.write_text("a file where the folder belongs")
        with pytest.raises(NoModelFileError, match=rf"its model could not be kept in {cache} \("):
            model_file.model_file()


def test_a_cache_that_cannot_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every folder can be written, so what the system would say is said in its place."""

    def refuse(*arguments: object, **settings: object) -> None:
        raise PermissionError(13, "Permission denied", str(cache))

    monkeypatch.setattr("pooch.core.make_local_storage", refuse)
    with serving(CONTENT) as server:
        at(server, monkeypatch)
        with pytest.raises(NoModelFileError, match=rf"could not be kept in {cache} \(Permission denied"):
            model_file.model_file()


def test_processes_that_fetch_at_once_all_get_it(cache: Path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    code = (
        "import sys, pathlib, pooch\n"
        "from feraug.faces import model_file as m\n"
        f"pooch.os_cache = lambda project: pathlib.Path({str(cache)!r})\n"
        f"m.MODEL_URL, m.MODEL_SHA256 = sys.argv[1], {digest!r}\n"
        "sys.stdin.readline()\n"
        "print(m.model_file().read_bytes() == bytes(range(256)) * 900)\n"
    )
    with serving(CONTENT) as server:
        url = f"http://127.0.0.1:{server.server_port}/model.tflite"
        started = [
            subprocess.Popen(
                [sys.executable, "-c", code, url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        threads = []
        answers: list[tuple[str, str]] = []
        for one in started:
            thread = threading.Thread(target=lambda one=one: answers.append(one.communicate("go\n")))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
    assert answers == [("True\n", "")] * 3
    assert only_the_model(cache) and 1 <= server.requests <= 3
