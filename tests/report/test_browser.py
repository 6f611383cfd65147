"""The page in a real browser: no error, no request, tables that sort; skipped where there is no Chromium."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom",
)  # fmt: skip

READER = """<!doctype html><link rel="icon" href="data:,"><pre></pre>
<iframe src="/report.html" style="width:390px;height:800px"></iframe>
<script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument;
  const table = page.querySelector("#models table.sortable");
  const column = (place) => [...table.tBodies[0].rows].map((row) => row.cells[place].textContent.trim());
  const click = (place) => table.tHead.rows[0].cells[place].querySelector("button").click();
  const told = {before: column(3), heads: table.tHead.rows[0].cells.length};
  click(3); told.figures = column(3);
  click(3); told.again = column(3);
  click(0); told.words = column(0);
  told.sorted = [...table.tHead.rows[0].cells].map((cell) => cell.getAttribute("aria-sort"));
  told.wider = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  told.blank = [...page.images].filter((image) => !image.naturalWidth).length;
  told.pictures = page.images.length;
  document.querySelector("pre").textContent = JSON.stringify(told);
};
</script>"""


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; of the whole session, so that it is looked for before the page is made."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium here; apt-get install chromium")
    return found


class Site:
    """Two pages on a server of this machine, and every path that was asked for."""

    def __init__(self, page: bytes) -> None:
        asked = self.asked = []  # type: list[str]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = {"/": READER.encode(), "/report.html": page}.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site(whole: Path) -> Iterator[Site]:
    """The report of a workspace with everything, served."""
    found = Site(whole.read_bytes())
    yield found
    found.close()


def test_a_browser_shows_it(chromium: str, site: Site, tmp_path: Path) -> None:
    done = subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", site.address],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "<pre>" not in done.stdout:
        pytest.skip(f"chromium does not run here: {done.stderr[-200:]}")
    # The console is told of errors of the script, and of breaches of the page's own policy.
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert site.asked == ["/", "/report.html"]
    told = json.loads(html.unescape(re.search(r"<pre>(.*?)</pre>", done.stdout)[1]))  # type: ignore[index]
    steps = sorted((int(step.replace(",", "")) for step in told["before"]), reverse=True)
    assert told["figures"] == [str(step) for step in steps] and told["again"] == told["figures"][::-1]
    assert told["before"] != told["figures"]
    assert told["words"] == sorted(told["words"])
    assert told["sorted"] == ["ascending", *[None] * (told["heads"] - 1)]
    assert told["wider"] <= 0  # nothing sticks out of a phone
    assert told["pictures"] > 20 and told["blank"] == 0
