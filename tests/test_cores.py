"""How many cores there are to work with, in containers too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feraug import cores
from feraug.cores import available_cores


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1),
        ("6400000 100000", 8), ("", 8), ("x y", 8), ("1 0", 8), (None, 8),
    ],
)  # fmt: skip
def test_a_container_s_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "_CGROUP", tmp_path / "cpu.max")
    if limit is not None:
        (tmp_path / "cpu.max").write_text(limit + "\n")
    assert available_cores() == expected
