"""Whose faces the pictures are, as far as their files' names tell: ``feraug prepare --person PATTERN``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.errors import UsageError
from feraug.sources.csv_text import printable
from feraug.sources.records import NO_SPLIT
from feraug.store.reading import FactsShape, is_shaped
from feraug.words import plural
from feraug.workflows.audit import RowFacts, held_out_counts

_SHOWN: Final = 3
"""People that are named: enough to see whether they are people."""

_SHAPE: Final[FactsShape] = {"total": int, "in_train": {"validation": int, "test": int}}


def person_pattern(text: str) -> re.Pattern[str]:
    """The compiled ``--person``; raises :class:`UsageError` for what is no regular expression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what a later Python reads in another way
            pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as problem:
        raise UsageError(
            f"--person: {_quoted(text)} is no regular expression ({problem}); for S052_004.png, whose "
            r'person is S052: --person "S\d+"'
        ) from None
    if pattern.groups > 1:
        raise UsageError(
            f"--person: {_quoted(text)} has {pattern.groups} groups in brackets, and one of them names the "
            "person; write the others as (?:…)"
        )
    return pattern


def tell_people(rows: RowFacts, text: str) -> str:
    """Number the people of ``rows``, whose pictures have names; how many there are, and as whom, in words.

    A person is what the pattern ``text`` finds first in the name of a picture below its emotion's folder: its
    group in brackets, if it has one.  Numbers are in the order of what was found.  Raises
    :class:`UsageError` where it finds nothing, and where each emotion would be one person.
    """
    pattern = person_pattern(text)
    names: list[str] = [] if rows.names is None else rows.names.tolist()
    depth = np.where(rows.split == NO_SPLIT, 1, 2)  # emotion/…, or split/emotion/…
    matches = [
        pattern.search(name.split("/", folders)[-1]) for name, folders in zip(names, depth, strict=True)
    ]
    found = [match[pattern.groups] if match else None for match in matches]  # group 0 is the whole
    if without := [name for name, person in zip(names, found, strict=True) if not person]:
        raise UsageError(
            f"--person: {_quoted(text)} finds no person in {plural(len(without), 'name')} of {len(names):,}, "
            f"first {printable(without[0], 200)}"
        )
    known, number = np.unique(np.array(found), return_inverse=True)
    pairs = np.unique(np.stack((rows.labels, number)), axis=1)
    if len(known) > 1 and len(np.unique(rows.labels)) == len(known) == pairs.shape[1]:
        raise UsageError(
            f"--person: {_quoted(text)} finds one person in each emotion ({_listed(known)}), the first in "
            f"{printable(names[0], 200)}; people have pictures of several emotions"
        )
    rows.person = number.astype(np.int32)
    alone = "; no one has two pictures" if len(known) == len(names) else ""
    return f"{plural(len(known), 'person', 'people')} ({_listed(known)}){alone}"


def _listed(people: NDArray[np.str_]) -> str:
    more = ", …" if len(people) > _SHOWN else ""
    return ", ".join(printable(str(person)) for person in people[:_SHOWN]) + more


def _quoted(text: str) -> str:
    return f"'{printable(text)}'"


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
    counts = " and ".join(f"{count:,} in {name}" for name, count in found["in_train"].items() if count)
    return (
        f"images of people in train, whom classifiers know by then: {counts}; with the pictures in emotion "
        "folders alone, without train and test, --person draws splits that share nobody"
    )
