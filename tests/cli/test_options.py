"""Options that several commands share."""

from __future__ import annotations

import pytest

from feraug.cli.options import seconds
from feraug.errors import UsageError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("90", 90.0), ("10s", 10.0), (" 5 m ", 300.0), ("1.5h", 5400.0), ("0.5", 0.5), ("1h30m", 5400.0),
     ("9m20s", 560.0), ("2h 5s", 7205.0), ("1h2m3s", 3723.0)],
)  # fmt: skip
def test_times(text: str, wanted: float) -> None:
    assert seconds(text, "--budget") == wanted


@pytest.mark.parametrize(
    "text", ["", " ", "5x", "m", "-5m", "5m1h", "1.5h30m", "1e3", "5 5", "h5", f"{10**99}h1m"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a time; write 10s, 5m, 1\.5h or 1h30m"):
        seconds(text, "--budget")
