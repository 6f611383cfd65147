"""Expressions as facial action units (FACS), and how strongly each face shows them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np


@dataclass(frozen=True)
class ActionUnits:
    """Activations of FACS action units; 0 is at rest, 1 is full.

    ``gaze_u`` and ``gaze_v`` move the irises (face units), ``lid_droop`` lowers the upper lids
    (AU 43 in part), ``asymmetry`` in [-1, 1] strengthens one side of the face.
    """

    inner_brow_raiser: float = 0.0  # AU 1
    outer_brow_raiser: float = 0.0  # AU 2
    brow_lowerer: float = 0.0  # AU 4
    upper_lid_raiser: float = 0.0  # AU 5
    cheek_raiser: float = 0.0  # AU 6
    lid_tightener: float = 0.0  # AU 7
    nose_wrinkler: float = 0.0  # AU 9
    upper_lip_raiser: float = 0.0  # AU 10
    lip_corner_puller: float = 0.0  # AU 12
    lip_corner_depressor: float = 0.0  # AU 15
    chin_raiser: float = 0.0  # AU 17
    lip_stretcher: float = 0.0  # AU 20
    lip_tightener: float = 0.0  # AU 23
    lips_part: float = 0.0  # AU 25
    jaw_drop: float = 0.0  # AU 26 and 27
    lid_droop: float = 0.0
    gaze_u: float = 0.0
    gaze_v: float = 0.0
    asymmetry: float = 0.0

    def plus(self, other: ActionUnits, strength: float) -> ActionUnits:
        """These activations with ``strength`` times the other's added."""
        return ActionUnits(**{name: getattr(self, name) + strength * getattr(other, name) for name in _UNITS})


_UNITS: Final = tuple(field.name for field in fields(ActionUnits))

_VARIANTS: Final[dict[str, tuple[ActionUnits, ...]]] = {
    # Several ways to show an emotion; a face picks one: angry with lips pressed, or with teeth bared.
    "angry": (
        ActionUnits(brow_lowerer=1.0, upper_lid_raiser=0.5, lid_tightener=0.8, lip_tightener=1.0,
                    chin_raiser=0.4),
        ActionUnits(brow_lowerer=1.0, upper_lid_raiser=0.5, lid_tightener=0.8, lip_tightener=0.9,
                    lip_corner_depressor=0.3, chin_raiser=0.5),
        ActionUnits(brow_lowerer=1.0, upper_lid_raiser=0.5, lid_tightener=0.6, upper_lip_raiser=0.4,
                    lips_part=1.0, jaw_drop=0.35, lip_stretcher=0.3),
    ),
    "disgust": (
        ActionUnits(nose_wrinkler=1.0, upper_lip_raiser=0.9, brow_lowerer=0.4, lid_tightener=0.6,
                    lip_corner_depressor=0.6, chin_raiser=0.4),
        ActionUnits(nose_wrinkler=1.0, upper_lip_raiser=1.0, brow_lowerer=0.4, lid_tightener=0.7,
                    lip_corner_depressor=0.4, lips_part=0.7),
    ),
    "fear": (
        ActionUnits(inner_brow_raiser=1.0, outer_brow_raiser=0.45, brow_lowerer=0.5, upper_lid_raiser=1.0,
                    lip_stretcher=1.0, lips_part=0.8, lid_tightener=0.15),
        ActionUnits(inner_brow_raiser=1.0, outer_brow_raiser=0.4, brow_lowerer=0.5, upper_lid_raiser=1.0,
                    lip_stretcher=1.0, lips_part=0.8, jaw_drop=0.3),
    ),
    "happy": (
        ActionUnits(cheek_raiser=0.8, lip_corner_puller=1.0, lips_part=0.9),
        ActionUnits(cheek_raiser=1.0, lip_corner_puller=1.0, lips_part=1.0, jaw_drop=0.35),
        ActionUnits(cheek_raiser=0.8, lip_corner_puller=1.0),
    ),
    "sad": (
        ActionUnits(inner_brow_raiser=1.0, brow_lowerer=0.4, lip_corner_depressor=1.0, chin_raiser=0.6,
                    lid_droop=0.4, gaze_v=0.02),
        ActionUnits(inner_brow_raiser=0.9, brow_lowerer=0.5, lip_corner_depressor=1.0, chin_raiser=0.3,
                    lid_droop=0.6, gaze_v=0.035),
    ),
    "surprise": (
        ActionUnits(inner_brow_raiser=1.0, outer_brow_raiser=1.0, upper_lid_raiser=0.8, lips_part=0.6,
                    jaw_drop=1.0),
        ActionUnits(inner_brow_raiser=1.0, outer_brow_raiser=1.0, upper_lid_raiser=0.8, lips_part=0.6,
                    jaw_drop=0.8),
    ),
    "neutral": (ActionUnits(),),
}  # fmt: skip

_NOT_VARIED: Final = ("gaze_u", "gaze_v", "asymmetry")


def resting_face(random: np.random.Generator) -> ActionUnits:
    """How a face looks when it shows nothing: a few units slightly active, the gaze not quite ahead."""
    mild = [much**3 for much in random.random(7).tolist()]
    gaze_u, gaze_v = random.normal(0.0, 0.02), random.normal(0.0, 0.008)
    return ActionUnits(
        brow_lowerer=0.25 * mild[0],
        inner_brow_raiser=0.2 * mild[1],
        outer_brow_raiser=0.2 * mild[2],
        lip_corner_puller=0.2 * mild[3],
        lip_corner_depressor=0.2 * mild[4],
        lid_droop=0.3 * mild[5],
        lips_part=0.25 * mild[6] if mild[6] > 0.4 else 0.0,
        gaze_u=min(max(gaze_u, -0.045), 0.045),
        gaze_v=min(max(gaze_v, -0.015), 0.02),
        asymmetry=random.uniform(-0.25, 0.25),
    )


def usual_strength(random: np.random.Generator) -> float:
    """How strongly a face shows its emotion when nobody asks for a strength, in [0.5, 1]."""
    return 0.5 + 0.5 * random.beta(2.0, 1.5)


def shown(emotion: str, random: np.random.Generator) -> ActionUnits:
    """The activations of an emotion at full strength: one of its variants, each unit varied a little."""
    variants = _VARIANTS[emotion]
    chosen = variants[int(random.integers(len(variants)))]
    factors = random.uniform(0.75, 1.15, len(_UNITS)).tolist()
    varied = {
        name: getattr(chosen, name) * (1.0 if name in _NOT_VARIED else factor)
        for name, factor in zip(_UNITS, factors, strict=True)
    }
    return ActionUnits(**varied)
