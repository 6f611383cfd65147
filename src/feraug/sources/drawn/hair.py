"""Hair, beards and glasses: what covers parts of a face."""

from __future__ import annotations

from typing import Final

import numpy as np

from feraug.images import SIDE
from feraug.sources.drawn.canvas import Canvas, Plane, blend, bump, inside, noise, thinned
from feraug.sources.drawn.identity import Identity

_STRANDS: Final = 256
_WHOLE: Final = (slice(None), slice(None))


def draw_beard(canvas: Canvas, identity: Identity, random: np.random.Generator) -> None:
    """Darken (or grey) the skin where the beard grows."""
    if identity.beard == "none":
        return
    grain = noise(random, 26)
    shape, surface = identity.shape, identity.surface
    u, v = canvas.aside, canvas.v
    lip = shape.mouth_height
    area = inside(v - (shape.nose_length + 0.07), 0.1) * inside((lip + 0.05) - v, 0.1)
    area *= inside((shape.mouth_width + 0.12) - u, 0.15)
    if identity.beard != "moustache":
        upper_edge = (lip - 0.02) - 0.75 * u * u * u
        area = np.maximum(area, inside(v - upper_edge, 0.22) * inside(u + 1.3 * (v - lip), 0.25))
    around_lips = (
        (u * (1.0 / (shape.mouth_width + 0.08))) ** 2 + ((v - lip - 0.03) * (1.0 / 0.16)) ** 2
    ) * 0.8
    area = area * (1.0 - 0.75 * bump(around_lips))
    tone = min(surface.hair, 0.8 * surface.skin)
    opacity = area * np.minimum(np.maximum(surface.beard * (1.0 + 0.3 * grain), 0.0), 1.0)
    blend(canvas.albedo, _WHOLE, tone, opacity)


def draw_hair(canvas: Canvas, picture: Plane, identity: Identity, random: np.random.Generator) -> None:
    """On the picture's own grid: hair over the head, beside the face and across the forehead."""
    if identity.hair_style == "bald":
        return
    knots = random.standard_normal(_STRANDS // 4, dtype=np.float32)
    unruly = noise(random, 12, SIDE)
    part, volume = random.uniform(-0.35, 0.35), random.uniform(0.0, 1.0)
    u, v, r, shape = thinned(canvas.u), thinned(canvas.v), thinned(canvas.r), identity.shape
    long = identity.hair_style in ("long", "long-fringe")
    close = identity.hair_style == "pulled-back"
    width = 1.04 if close else 1.1 + 0.1 * volume + (0.08 if long else 0.0)
    height = 1.16 if close else 1.22 + 0.2 * volume
    a, b = u * (1.0 / width), (v + 0.2) * (1.0 / height)
    cap_radius = a * a + b * b
    cap = inside(1.0 - cap_radius + 0.05 * unruly, 0.12)
    u2 = (u - 0.3 * part) ** 2
    line = shape.hairline + (0.5 if shape.hairline > -0.65 else 0.75) * u2 * u2 + (part * 0.25) * u
    mask = cap * np.maximum(
        inside(line + 0.05 * unruly - v, 0.12), inside(r - 1.0, 0.1) * inside(0.15 - v, 0.3)
    )
    if long:
        beside = np.abs(u) - 0.86 - 0.05 * unruly
        outer = (width + 0.14 + 0.15 * volume) + 0.05 * unruly - np.abs(u)
        mask = np.maximum(mask, inside(beside, 0.12) * inside(outer, 0.15) * inside(v + 0.55, 0.3))
    tone = _hair_tone(identity, u, v, cap_radius, knots, part) * (1.0 + 0.12 * unruly)
    # the hair throws a soft shadow on the skin next to it
    picture *= 1.0 - 0.22 * inside(line + 0.12 - v, 0.3) * cap
    picture += (tone - picture) * mask


def _hair_tone(identity: Identity, u: Plane, v: Plane, cap_radius: Plane, knots: Plane, part: float) -> Plane:
    """Brightness of hair: strands along the head, brighter toward the light, a band of shine."""
    light, hair = identity.light, identity.surface.hair
    strands = np.repeat(knots, 4)
    strands = (strands + 2.0 * np.roll(strands, 2) + np.roll(strands, 4)) * 0.25
    index = (u * (1.0 - 0.2 * part) - 0.2 * v * u + 4.0) * 50.0
    strand = strands[index.astype(np.int32) & (_STRANDS - 1)]
    facing = 0.9 + (0.8 * light.direction[0]) * u + (0.3 * light.direction[1]) * v
    lit = light.ambient + (0.5 * light.strength) * np.minimum(np.maximum(facing, 0.2), 1.5)
    shine = 1.0 + 0.5 * inside(0.06 - (cap_radius - 0.72) ** 2, 0.12)
    tone: Plane = hair * lit * shine * (1.0 + 0.26 * strand)
    return tone


def draw_glasses(canvas: Canvas, head: Plane, identity: Identity, random: np.random.Generator) -> None:
    """On the finer grid: a frame around each eye, a bridge, side pieces, and a faint reflection."""
    distance = identity.shape.eye_distance
    heavy, square, reflection, paint = random.random(4).tolist()
    thick = 0.022 + 0.03 * heavy
    at = canvas.window(1.1, -0.4, 0.45)
    u, v = canvas.aside[at], canvas.v[at] - 0.03
    x, y = (u - distance) * (1.0 / 0.34), v * (1.0 / (0.24 + 0.06 * square))
    x2, y2 = x * x, y * y
    lens = np.sqrt(np.sqrt(x2 * x2 + y2 * y2) if square > 0.4 else x2 + y2)
    frame = inside(thick / 0.3 - np.abs(lens - 1.0), 0.14)
    np.maximum(frame, inside(0.13 - u, 0.06) * inside(thick - np.abs(v + 0.05), 0.04), out=frame)
    temple = (
        inside(u - (distance + 0.33), 0.06) * inside(thick - np.abs(v + 0.08), 0.05) * inside(1.02 - u, 0.08)
    )
    np.maximum(frame, temple, out=frame)
    part = head[at]
    part += 0.12 * reflection * inside(0.9 - lens, 0.2) * inside(x * 0.8 - y - 0.5, 0.8)
    part += (0.06 + 0.3 * (1.0 - heavy) * paint - part) * (frame * (0.6 + 0.35 * heavy))
