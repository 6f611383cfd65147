"""Counts in words."""

from __future__ import annotations

import pytest

from feraug.words import plural


@pytest.mark.parametrize(
    ("count", "things", "told"),
    [
        (0, ("image",), "0 images"),
        (1, ("image",), "1 image"),
        (1234, ("image",), "1,234 images"),
        (1, ("near copy", "near copies"), "1 near copy"),
        (2, ("image was", "images were"), "2 images were"),
    ],
)
def test_one_is_one(count: int, things: tuple[str, ...], told: str) -> None:
    assert plural(count, *things) == told
