"""Whose faces the pictures are, as far as their files' names tell: ``feraug prepare --person PATTERN``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.sources.csv_text import printable
from feraug.store.reading import FactsShape, is_shaped
from feraug.words import plural
from feraug.workflows.audit import RowFacts, held_out_counts

FEWEST: Final = 3
"""People of whom each split can have one."""

_SHAPE: Final[FactsShape] = {"total": int, "in_train": {"validation": int, "test": int}}


def person_pattern(text: str) -> re.Pattern[str]:
    """The compiled ``--person``; raises :class:`UsageError` for what is no regular expression."""
    try:
        pattern = re.compile(text)
    except re.error as problem:
        raise UsageError(
            f"--person: '{printable(text)}' is no regular expression ({problem}); for S052_004.png, whose "
            r'person is S052: --person "S\d+"'
        ) from None
    if pattern.groups > 1:
        raise UsageError(
            f"--person: '{printable(text)}' has {pattern.groups} groups in brackets, and one of them names "
            "the person; write the others as (?:…)"
        )
    return pattern


def people_of(names: Iterable[str], text: str) -> NDArray[np.int32]:
    """The number of the person of each of ``names`` (N): int32 (N,), counted in the people's order.

    A person is what the pattern ``text`` finds first in the name, its group in brackets if it has one.
    Raises :class:`UsageError` for a name in which it finds nothing, and for fewer than three people.
    """
    pattern = person_pattern(text)
    found, without = list[str](), list[str]()
    for name in names:
        match = pattern.search(name)
        person = match[pattern.groups] if match else None  # group 0 is the whole
        if person:
            found.append(person)
        else:
            without.append(name)
    if without:
        raise UsageError(
            f"--person: '{printable(text)}' finds no person in {plural(len(without), 'name')} of "
            f"{len(without) + len(found):,}, first {printable(without[0], 200)}"
        )
    people, number = np.unique(np.array(found), return_inverse=True)
    if len(people) < FEWEST:
        listed = " and ".join(printable(str(person)) for person in people)
        raise UsageError(
            f"--person: '{printable(text)}' finds {plural(len(people), 'person', 'people')} alone ({listed}) "
            f"in {plural(len(found), 'name')}, the last {printable(name, 200)}; three splits need three"
        )
    return number.astype(np.int32)


def people_facts(rows: RowFacts) -> dict[str, Any]:
    """How many people ``rows`` are of, and how many held-out images are of people in ``train``."""
    person = np.zeros(0, np.int32) if rows.person is None else rows.person
    return {"total": len(np.unique(person)), "in_train": held_out_counts(rows.person_in_train(), rows.split)}


def people(audit: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """:func:`people_facts` as the ``audit`` of a dataset has them; None where nobody told people apart."""
    found = audit.get("people")
    return found if is_shaped(found, _SHAPE) else None


def people_note(audit: Mapping[str, Any]) -> str:
    """What it means that a source's own splits share people; empty where they do not."""
    found = people(audit)
    if not found or not any(found["in_train"].values()):
        return ""
    counts = " and ".join(f"{count:,} {name}" for name, count in found["in_train"].items() if count)
    return (
        f"{counts} images are of people in train, whom classifiers know by then; out of emotion folders "
        "without splits, --person draws splits that share nobody"
    )
