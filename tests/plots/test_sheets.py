"""Sheets of faces, and what stands beside their rows."""

from __future__ import annotations

import numpy as np

from feraug.plots import sheet, with_row_labels


def test_faces_stand_in_rows_and_what_is_left_over_is_white() -> None:
    faces = np.arange(5, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(3, 2)
    picture = sheet(faces, 3, enlarge=2)
    assert picture.shape == (2 * 2 * 2, 3 * 3 * 2)
    assert picture[::4, ::6].tolist() == [[0, 1, 2], [3, 4, 255]]


def test_each_row_has_its_label_to_the_right() -> None:
    picture = np.full((3 * 96, 200), 128, np.uint8)
    labelled = with_row_labels(picture, ["neutral", "", "back to surprise"])
    np.testing.assert_array_equal(labelled[:, :200], picture)
    margin = labelled[:, 200:]
    first, second, third = (row < 128 for row in np.split(margin, 3))
    assert first.any() and not second.any()
    assert third.any(axis=0).sum() > first.any(axis=0).sum()  # a longer text
    ink = np.flatnonzero((margin < 255).any(axis=0))
    assert ink[0] >= 5 and ink[-1] < margin.shape[1] - 5  # none is cut
    assert 30 < np.flatnonzero(first.any(axis=1)).mean() < 66  # at the middle of its row
