"""The upper half of a face: forehead, brows, eyes.  Left and right are drawn at once, over |u|."""

from __future__ import annotations

import numpy as np

from feraug.sources.drawn.canvas import Canvas, Plane, blend, bump, inside
from feraug.sources.drawn.expression import ActionUnits
from feraug.sources.drawn.identity import FaceShape, Surface


def draw_upper_face(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    """Draw what the action units 1 to 7 and 9 move onto depth, albedo and shadow."""
    _sockets(canvas, units)
    _forehead(canvas, surface, units)
    _eyes(canvas, surface, units)
    _brows(canvas, surface, units)


def _sockets(canvas: Canvas, units: ActionUnits) -> None:
    shape = canvas.shape
    frown = units.brow_lowerer
    canvas.raise_depth(canvas.pair(shape.eye_distance, -0.02, 0.36, 0.27), -0.13)
    canvas.raise_depth(canvas.pair(0.45, -shape.brow_height - 0.03, 0.45, 0.22), 0.06 + 0.03 * frown)
    canvas.darken(canvas.pair(shape.eye_distance - 0.16, -0.05, 0.34, 0.24), 0.26 + 0.12 * frown)


def _lid_edges(
    shape: FaceShape, units: ActionUnits, x: Plane, arch: Plane, v: Plane
) -> tuple[Plane, Plane, float]:
    """Distances below the upper lid's edge and above the lower lid's, and how far down the lower lid is."""
    squeeze = 0.45 * units.cheek_raiser + 0.4 * units.lid_tightener + 0.4 * units.nose_wrinkler
    upper = (
        0.105 * shape.eye_opening + 0.065 * units.upper_lid_raiser - 0.045 * squeeze - 0.05 * units.lid_droop
    )
    upper = max(upper - 0.012 * units.brow_lowerer, 0.024)
    lower = max(0.066 * shape.eye_opening + 0.014 * units.upper_lid_raiser - 0.045 * squeeze, 0.01)
    # sadness and fear pull the inner corner up: the lid slants down outward
    slant = 0.35 * units.lid_droop + 0.25 * max(units.inner_brow_raiser - units.outer_brow_raiser, 0.0)
    lift = (upper * (0.6 * np.sqrt(arch) + 0.4 * arch)) * (1.0 - slant * np.maximum(x, 0.0))
    return v + lift, lower * arch - v, lower


def _eyes(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    shape = canvas.shape
    half = shape.eye_size
    at = canvas.window(shape.eye_distance + 0.3, -0.3, 0.24)
    side = np.sign(canvas.u[at])
    u = canvas.aside[at] - shape.eye_distance  # grows outward
    x = u * (1.0 / half)
    v = canvas.v[at] + shape.eye_tilt * x
    arch = np.maximum(1.0 - x * x, 0.0)
    above, below, lower = _lid_edges(shape, units, x, arch, v)
    opening = inside(np.minimum(np.minimum(above, below), 0.35 * arch - 0.018), 0.035)
    # the white is darker toward the corners and under the upper lid
    eyeball = (0.38 + 0.42 * surface.skin) * (0.7 + 0.3 * arch) * (0.7 + 0.3 * inside(above - 0.06, 0.09))
    iris_u = u + 0.012 - units.gaze_u * side
    iris_v = v + (0.012 - units.gaze_v)
    squared = iris_u * iris_u + iris_v * iris_v
    iris = inside(0.0092 - squared, 0.0065)
    eyeball += ((0.09 if surface.hair < 0.3 else 0.2) - eyeball) * iris
    eyeball *= 1.0 - 0.85 * bump(squared * (1.0 / 0.0036))
    eyeball += 0.5 * bump(((iris_u + 0.03 * side) ** 2 + (iris_v + 0.035) ** 2) * (1.0 / 0.0014))
    blend(canvas.albedo, at, eyeball, opening)
    shadow = canvas.shadow[at]
    shadow += (1.0 - shadow) * opening * 0.7
    # lashes along the upper lid, the fold above it, the rim below, bags
    ends = inside(1.25 - np.abs(x), 0.35)
    canvas.albedo[at] *= 1.0 - 0.78 * bump((above * (1.0 / 0.045)) ** 2) * ends
    fold = 0.28 * bump(((above + (0.08 - 0.02 * units.upper_lid_raiser)) * (1.0 / 0.04)) ** 2)
    rim = 0.28 * bump((below * (1.0 / 0.035)) ** 2)
    squeeze = max(units.cheek_raiser, units.lid_tightener)
    bags = min(0.06 + 0.2 * surface.wrinkles + 0.16 * squeeze, 0.4)
    bag = bags * bump(((v - (lower + 0.1) + 0.04 * x * x) * (1.0 / 0.055)) ** 2)
    shadow *= 1.0 - (fold + rim + bag) * ends
    crows_feet = surface.wrinkles * units.cheek_raiser
    if crows_feet > 0.05:
        for v_line in (-0.07, 0.02, 0.11):
            canvas.darken(
                canvas.pair(shape.eye_distance + half + 0.13, v_line, 0.1, 0.035), 0.45 * crows_feet
            )


def _brows(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    shape, frown, sneer = canvas.shape, units.brow_lowerer, units.nose_wrinkler
    inner_v = -shape.brow_height + 0.02 - 0.15 * units.inner_brow_raiser + 0.135 * frown + 0.09 * sneer
    outer_v = -shape.brow_height + 0.03 - 0.14 * units.outer_brow_raiser + 0.02 * frown
    middle_v = 0.5 * (inner_v + outer_v) - shape.brow_arch - 0.03 * units.outer_brow_raiser
    middle_v += 0.02 * frown + 0.03 * sneer
    inner_u, outer_u = 0.17 - 0.055 * frown, shape.eye_distance + 0.27
    at = canvas.window(outer_u + 0.08, min(inner_v, middle_v, outer_v) - 0.12, max(inner_v, outer_v) + 0.12)
    u = canvas.u[at]
    t = (canvas.aside[at] - inner_u) * (1.0 / (outer_u - inner_u))
    # the parabola through the inner end, the middle and the outer end
    curve = (2.0 * (inner_v + outer_v - 2.0 * middle_v)) * t + (4.0 * middle_v - 3.0 * inner_v - outer_v)
    curve *= t
    across = canvas.v[at] - inner_v - curve + (0.15 * units.asymmetry) * u
    slimness = 1.0 / (shape.brow_thickness * (1.15 - 0.65 * np.minimum(np.maximum(t, 0.0), 1.0)))
    opacity = bump((across * slimness) ** 2 * 0.5) * inside(t, 0.16) * inside(1.0 - t, 0.2)
    tone = min(0.85 * surface.hair + 0.02, 0.7 * surface.skin)
    blend(canvas.albedo, at, tone, np.minimum(opacity * 1.3, 1.0) * surface.brows)


def _forehead(canvas: Canvas, surface: Surface, units: ActionUnits) -> None:
    raised = max(units.inner_brow_raiser, units.outer_brow_raiser)
    lines = min(raised * (0.2 + 0.5 * surface.wrinkles) + 0.15 * surface.wrinkles, 1.0)
    if lines > 0.05:
        at = canvas.window(0.6, -0.9, -0.5)
        u, v = canvas.u[at], canvas.v[at]
        # three level lines: a wave across v, faded out above, below and at the temples
        phase = (v + 0.7) * (1.0 / 0.17)
        wave = bump((u * (1.0 / 0.62)) ** 2 + (phase * 0.75) ** 2) * bump(
            ((phase - np.rint(phase)) * 3.6) ** 2
        )
        canvas.shadow[at] *= 1.0 - 0.3 * lines * wave
    frown = max(units.brow_lowerer, 0.5 * units.nose_wrinkler)
    if frown > 0.05:  # two upright lines between the brows
        canvas.darken(canvas.pair(0.07, -0.2, 0.045, 0.18), min(0.5 * frown, 0.6))
