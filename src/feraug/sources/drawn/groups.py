"""Which groups drawn people belong to, as columns: tables by group need no photographs to be tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.sources.drawn.identity import AGE_GROUPS, BEARDS, GENDERS, HAIR_STYLES, SKIN_TONES
from feraug.sources.drawn.source import checked_rows, identity_of

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "age": AGE_GROUPS,
    "gender": GENDERS,
    "skin": SKIN_TONES,
    "hair": HAIR_STYLES,
    "beard": BEARDS,
    "glasses": ("without", "with"),
}
"""The attributes that drawn people differ in, and the groups of each; positions are the codes."""


def group_columns(seed: int, rows: Sequence[int] | NDArray[np.integer[Any]]) -> dict[str, NDArray[np.uint8]]:
    """The group of each row's person in every attribute of :data:`GROUPS`: codes uint8 (n,).

    The same whatever the emotion: they are of the identity.  Raises
    :class:`~feraug.errors.UsageError` for negative rows and seeds.
    """
    wanted = checked_rows(seed, rows)
    columns = {name: np.zeros(len(wanted), np.uint8) for name in GROUPS}
    for place, row in enumerate(wanted.tolist()):
        who = identity_of(seed, row)
        glasses = GROUPS["glasses"][int(who.glasses)]
        mine = (who.age_group, who.gender, who.skin_tone, who.hair_style, who.beard, glasses)
        for (name, groups), group in zip(GROUPS.items(), mine, strict=True):
            columns[name][place] = groups.index(group)
    return columns
