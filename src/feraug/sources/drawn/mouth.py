"""The lower half of a face: nose, cheeks, folds, mouth, chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feraug.sources.drawn.canvas import Canvas, Plane, Window, blend, bump, inside
from feraug.sources.drawn.expression import ActionUnits
from feraug.sources.drawn.identity import FaceShape, Surface


def chin_of(chin: float, units: ActionUnits) -> float:
    """Height (v) of the chin when the jaw drops."""
    return chin + 0.16 * units.jaw_drop - 0.02 * units.chin_raiser


def draw_lower_face(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    """Draw what the action units 6 and 9 to 27 move onto depth, albedo and shadow."""
    _nose(canvas, units)
    _cheeks(canvas, units)
    _nasolabial_folds(canvas, surface, units)
    _chin(canvas, units)
    _mouth(canvas, surface, units)


def _cheeks(canvas: Canvas, units: ActionUnits) -> None:
    smile = max(units.lip_corner_puller, units.cheek_raiser)
    canvas.raise_depth(canvas.pair(0.56, 0.48 - 0.06 * smile, 0.42, 0.38), 0.06 + 0.09 * smile)
    if smile > 0.05:  # the cheek pushes up a fold under the eye
        canvas.darken(canvas.pair(canvas.shape.eye_distance + 0.02, 0.17, 0.26, 0.07), 0.2 * smile)


def _nasolabial_folds(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    shape, smile = canvas.shape, units.lip_corner_puller
    sneer = max(units.nose_wrinkler, units.upper_lip_raiser)
    strength = 0.08 + 0.2 * surface.wrinkles + 0.42 * smile + 0.42 * sneer
    strength += 0.12 * units.lip_corner_depressor + 0.15 * units.lip_stretcher
    top, bottom = shape.nose_length - 0.14 - 0.05 * sneer, shape.mouth_height + 0.02 - 0.08 * smile
    start = shape.nose_width + 0.05
    end = shape.mouth_width + 0.11 + 0.1 * smile - 0.04 * sneer
    at = canvas.window(end + 0.18, top - 0.1, bottom + 0.12)
    along = (canvas.v[at] - top) * (1.0 / (bottom - top))
    across = canvas.aside[at] - start - along * ((1.35 - 0.35 * along) * (end - start))
    ends = bump((along - 0.5) ** 2 * (1.0 / 0.49))
    canvas.shadow[at] *= 1.0 - min(0.55 * strength, 0.5) * bump((across * (1.0 / 0.075)) ** 2) * ends
    canvas.depth[at] += (0.05 * strength) * bump(((across - 0.11) * (1.0 / 0.17)) ** 2) * ends


def _nose(canvas: Canvas, units: ActionUnits) -> None:
    shape = canvas.shape
    sneer = min(max(units.nose_wrinkler, 0.5 * units.upper_lip_raiser), 1.2)
    base = shape.nose_length - 0.06 * sneer
    width = shape.nose_width * (1.0 + 0.15 * sneer + 0.12 * units.lip_corner_puller)
    at = canvas.window(width + 0.25, -0.3, base + 0.12)
    v = canvas.v[at]
    down = np.minimum(np.maximum((v + 0.28) * (1.0 / (base + 0.23)), 0.0), 1.0)
    down2 = down * down
    profile = canvas.u[at] / (0.17 + (width - 0.07) * down2)
    canvas.depth[at] += (
        shape.nose_height
        * (0.35 * down + 0.65 * down2)
        * bump(profile * profile * 0.55)
        * inside(base + 0.02 - v, 0.26)
    )
    canvas.raise_depth(canvas.spot(0.0, base - 0.1, 0.2, 0.22), 0.06)
    canvas.raise_depth(canvas.pair(width * 0.85, base - 0.08, 0.14, 0.14), 0.045)
    canvas.darken(canvas.pair(width * 0.52, base + 0.005, 0.075, 0.05), 0.5)
    canvas.darken(canvas.pair(width + 0.05, base - 0.06, 0.08, 0.14), 0.14 + 0.12 * sneer)
    canvas.darken(canvas.spot(0.0, base + 0.05, 0.3, 0.12), 0.16)
    if sneer > 0.05:  # wrinkles across the bridge and beside it
        for v_line, strength in ((-0.06, 0.35), (0.06, 0.45), (0.17, 0.35)):
            canvas.darken(canvas.spot(0.0, v_line, 0.2, 0.05), strength * sneer)
        canvas.darken(canvas.pair(0.2, 0.16, 0.1, 0.13), 0.3 * sneer)


def _chin(canvas: Canvas, units: ActionUnits) -> None:
    chin = chin_of(canvas.shape.chin, units)
    canvas.raise_depth(canvas.spot(0.0, chin - 0.2, 0.34, 0.24), 0.08 + 0.04 * units.chin_raiser)
    if units.chin_raiser > 0.05:
        canvas.darken(canvas.spot(0.0, chin - 0.24, 0.2, 0.07), 0.2 * units.chin_raiser)


@dataclass(frozen=True)
class _Lips:
    """Where the lips are, in face units."""

    half: float  # half the width of the mouth
    centre: float  # v of its middle
    corner: float  # how much higher the corners are
    part: float  # how open, 0 closed
    upper_open: float  # from the middle up to the upper lip's edge
    lower_open: float  # from the middle down to the lower lip's edge
    upper: float  # thickness of the upper lip
    lower: float


def _lips(shape: FaceShape, units: ActionUnits) -> _Lips:
    smile, jaw, sneer, stretch = (
        units.lip_corner_puller,
        units.jaw_drop,
        units.upper_lip_raiser,
        units.lip_stretcher,
    )
    half = shape.mouth_width * (1.0 + 0.3 * smile + 0.28 * stretch - 0.1 * units.lip_tightener)
    part = max(units.lips_part, 0.6 * jaw)
    thin = 1.0 - 0.5 * min(units.lip_tightener, 1.2) * (1.0 - 0.5 * min(part, 1.0)) - 0.25 * smile
    return _Lips(
        half=half * (1.0 - 0.34 * jaw * (1.0 - min(smile + stretch, 1.0))),
        centre=shape.mouth_height - 0.035 * units.chin_raiser - 0.02 * sneer - 0.01 * jaw,
        corner=0.012 + 0.16 * smile - 0.125 * units.lip_corner_depressor - 0.05 * stretch - 0.03 * sneer,
        part=part,
        upper_open=0.03 * part + 0.05 * sneer * part + 0.03 * smile * part + 0.05 * jaw,
        lower_open=0.075 * part + 0.24 * jaw + 0.06 * stretch * part,
        upper=max(shape.lip_thickness * (thin - 0.1 * stretch) * 0.95, 0.01),
        lower=max(shape.lip_thickness * (thin + 0.2 * units.lip_corner_depressor) * 1.2, 0.02),
    )


def _mouth(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    lips = _lips(canvas.shape, units)
    smile, jaw = units.lip_corner_puller, units.jaw_drop
    at = canvas.window(lips.half + 0.16, lips.centre - 0.32, lips.centre + lips.lower_open + 0.3)
    u, v = canvas.u[at], canvas.v[at]
    x = u * (1.0 / lips.half)
    x2 = np.minimum(x * x, 1.6)
    arch = np.maximum(1.0 - x2, 0.0)
    round_arch = np.sqrt(arch)
    skew = 0.06 * units.asymmetry * (0.3 + smile + units.lip_corner_depressor)
    middle = lips.centre - lips.corner * x2 - skew * x
    sneer = 0.07 * max(units.upper_lip_raiser, 0.6 * units.nose_wrinkler)
    top_edge = middle - lips.upper_open * round_arch - sneer * arch * np.minimum(x2 * 3.0, 1.0)
    roundness = 0.5 + 0.3 * min(jaw, 1.0)
    bottom_edge = middle + lips.lower_open * (roundness * round_arch + (1.0 - roundness) * arch)
    bow = 1.0 - 0.35 * bump(x2 * (1.0 / 0.06))
    lip_top = top_edge - (1.15 * lips.upper) * arch * bow
    lip_bottom = bottom_edge + lips.lower * round_arch
    # the swelling of the lips, the dent below them, the corners
    canvas.raise_depth(canvas.spot(0.0, lips.centre, lips.half * 1.3, 0.3), 0.06)
    canvas.darken(
        canvas.spot(0.0, lips.centre + lips.lower_open + lips.lower + 0.07, lips.half * 0.7, 0.09), 0.3
    )
    corner = canvas.pair(lips.half + 0.03, lips.centre - lips.corner, 0.11, 0.1)
    canvas.darken(corner, 0.22 + 0.18 * abs(smile - units.lip_corner_depressor))
    red = inside(np.minimum(v - lip_top, lip_bottom - v), 0.06) * inside(arch - 0.06, 0.12)
    albedo, shadow = canvas.albedo[at], canvas.shadow[at]
    albedo += (surface.skin * surface.lips - albedo) * red * 0.9
    shadow *= 1.0 - 0.28 * red * inside(middle - v, 0.05)
    gleam = (v - bottom_edge - 0.45 * lips.lower) * (1.0 / max(lips.lower * 0.8, 0.03))
    albedo *= 1.0 + 0.22 * bump(gleam * gleam) * arch
    if lips.part > 0.05:
        _cavity(canvas, at, top_edge, bottom_edge, units, lips)
    seam = np.maximum(top_edge - v, v - bottom_edge) * (1.0 / 0.045)
    line = bump(seam * seam) * inside(1.0 - x2, 0.2)
    shadow *= 1.0 - (0.7 if lips.part < 0.1 else 0.4) * line


def _cavity(
    canvas: Canvas, at: Window, top_edge: Plane, bottom_edge: Plane, units: ActionUnits, lips: _Lips
) -> None:
    """The inside of an open mouth: dark, upper teeth, sometimes the lower ones, a tongue."""
    aside, v = canvas.aside[at], canvas.v[at]
    # the gap closes to nothing at the corners: without the half width no line would remain there
    opening = inside(np.minimum(v - top_edge, bottom_edge - v) - 0.01, 0.035) * min(4.0 * lips.part, 1.0)
    teeth = 0.85 * inside(lips.half * 0.85 - aside, 0.25)
    inner = 0.05 + (0.16 * min(units.jaw_drop, 1.0)) * inside(v - bottom_edge + 0.1, 0.1)
    length = 0.12 - 0.08 * min(units.jaw_drop, 1.0) * (1.0 - min(units.lip_corner_puller, 1.0))
    inner += (teeth - inner) * inside(top_edge + length - v, 0.04) * 0.95
    lower = 0.8 * min(units.lip_stretcher + units.upper_lip_raiser * 0.6, 1.0)
    if lower > 0.1:
        inner += (teeth * 0.85 - inner) * inside(v - bottom_edge + 0.06, 0.03) * lower
    blend(canvas.albedo, at, inner, opening)
    shadow = canvas.shadow[at]
    shadow += (1.0 - shadow) * opening
