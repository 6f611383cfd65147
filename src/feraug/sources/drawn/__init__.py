"""Drawn faces: 48x48 grey faces from parameters, any number of them, from a seed.

No download and no licence: they serve the demo and the tests.  And they know the truth: the same
person can be drawn with any expression at any strength.
"""

from feraug.sources.drawn.expression import ActionUnits
from feraug.sources.drawn.groups import GROUPS, group_columns
from feraug.sources.drawn.identity import AGE_GROUPS, BEARDS, GENDERS, HAIR_STYLES, SKIN_TONES, Identity
from feraug.sources.drawn.schedule import BLOCK, CELLS, MINIMUM_COUNT
from feraug.sources.drawn.source import (
    DEFAULT_COUNT,
    MAXIMUM_COUNT,
    DrawnSource,
    action_units_of,
    draw,
    identity_of,
    row_emotions,
    row_split_codes,
)

__all__ = [
    "AGE_GROUPS",
    "BEARDS",
    "BLOCK",
    "CELLS",
    "DEFAULT_COUNT",
    "GENDERS",
    "GROUPS",
    "HAIR_STYLES",
    "MAXIMUM_COUNT",
    "MINIMUM_COUNT",
    "SKIN_TONES",
    "ActionUnits",
    "DrawnSource",
    "Identity",
    "action_units_of",
    "draw",
    "group_columns",
    "identity_of",
    "row_emotions",
    "row_split_codes",
]
