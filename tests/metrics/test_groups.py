"""Groups of rows: links, chains, and several groupings in one."""

from __future__ import annotations

import numpy as np

from feraug.metrics.groups import joined, linked, twins


def test_chains_are_one_group_and_numbers_go_by_the_first_rows() -> None:
    found = linked(7, np.array([6, 4, 1]), np.array([4, 2, 0]))
    assert found.tolist() == [0, 0, 1, 2, 1, 3, 1]
    none = np.zeros(0, np.int64)
    assert linked(3, none, none).tolist() == [0, 1, 2]
    assert linked(0, none, none).tolist() == []


def test_links_of_a_group_lead_to_its_first_row() -> None:
    one, other = twins(np.array([5, -1, 2, 5, 2, 5]))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(0, 0), (2, 2), (3, 0), (4, 2), (5, 0)]


def test_groupings_are_joined() -> None:
    copies = np.array([-1, 0, -1, 0, 1, 1, -1])
    people = np.array([8, 8, 3, 9, 4, 5, -1])
    assert joined(copies, people).tolist() == [0, 0, 1, 0, 2, 2, 3]
    assert joined(copies).tolist() == [0, 1, 2, 1, 3, 3, 4]
