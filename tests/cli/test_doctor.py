"""``feraug doctor`` as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from feraug.store.workspace import Workspace
from feraug.workflows.doctor import Examination
from feraug.workflows.doctor_findings import BROKEN, Finding

Feraug = Callable[..., Any]


def test_doctor_of_this_machine_without_network(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("asked the network"))
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: pytest.fail("asked the network"))
    monkeypatch.delenv("FERAUG_FACE_MODEL", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: workspace.root / "cache")
    ran = feraug("doctor", "-w", workspace.root, "--quiet")
    assert (ran.code, ran.err) == (0, ""), ran
    assert all(len(line) <= 80 for line in ran.out.splitlines()[:-1])
    assert "\x1b" not in ran.out
    for section in ("versions", "devices", "fast paths", "faces", "system libraries", "workspace"):
        assert f"\n {section}\n" in ran.out
    assert ran.out.splitlines()[-1].startswith(("all is well", "usable, with "))


@pytest.mark.parametrize("state", ["ok", "note", "broken"])
def test_exit_code_and_json(
    feraug: Feraug, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    finding = Finding("versions", "numba", "not\ninstalled [red]", state, "pip install numba")
    found = Examination(workspace.root, (finding,))
    monkeypatch.setattr("feraug.workflows.doctor.examine", lambda *_, **__: found)
    ran = feraug("doctor", "--json")
    assert ran.code == (1 if state == BROKEN else 0)
    told = json.loads(ran.out)
    assert told["path"] == str(workspace.root)
    assert told["usable"] is (state != BROKEN)
    assert told["findings"] == [finding.as_json()]
    plain = feraug("doctor")
    assert plain.code == ran.code
    assert "not\\ninstalled [red]" in plain.out  # what files say commands neither layout nor colours
