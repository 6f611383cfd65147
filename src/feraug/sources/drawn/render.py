"""From an identity and its action units to a picture: surroundings, head, light, hair, camera."""

from __future__ import annotations

from math import sin
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import SIDE
from feraug.sources.drawn.canvas import OVERSAMPLING, Canvas, Plane, averaged, inside, noise, thinned
from feraug.sources.drawn.expression import ActionUnits
from feraug.sources.drawn.eyes import draw_upper_face
from feraug.sources.drawn.hair import draw_beard, draw_glasses, draw_hair
from feraug.sources.drawn.identity import Camera, Identity, Light
from feraug.sources.drawn.mouth import chin_of, draw_lower_face

_ACROSS: Final = np.linspace(-1.0, 1.0, SIDE, dtype=np.float32)


def render(identity: Identity, units: ActionUnits, random: np.random.Generator) -> NDArray[np.uint8]:
    """One face, uint8 (48, 48).

    ``random`` feeds textures and sensor noise only, always in the same order: the same stream
    gives the same skin, hair and noise under any expression.
    """
    surface = identity.surface
    canvas = Canvas(identity.shape, identity.pose, chin_of(identity.shape.chin, units))
    canvas.albedo += surface.skin + (surface.skin * surface.texture) * (
        0.6 * noise(random, 7) + noise(random, 26)
    )
    draw_beard(canvas, identity, random)
    draw_lower_face(canvas, surface, units)
    draw_upper_face(canvas, surface, units)
    head = _shade(canvas, identity.light, surface.gloss)
    if identity.glasses:
        draw_glasses(canvas, head, identity, random)
    outline = inside(1.0 - np.sqrt(canvas.r), 0.06)
    # what is behind the face, and the hair, need no finer grid than the picture's
    picture = _surroundings(canvas, identity, random)
    picture += averaged(head * outline) - picture * averaged(outline)
    draw_hair(canvas, picture, identity, random)
    return _photograph(picture, identity.camera, random)


def _shade(canvas: Canvas, light: Light, gloss: float) -> Plane:
    """Brightness of the head: light from one direction, ambient light, highlights, folds."""
    x, y, z = light.direction
    base = canvas.shape.nose_length
    # the nose's shadow falls on the side away from the light, and below when it comes from above
    canvas.darken(canvas.spot(-0.4 * x, base - 0.2 - 0.1 * y, 0.26, 0.3), 0.4 * light.strength * abs(x))
    per_unit = 0.5 * OVERSAMPLING * canvas.pose.scale
    depth = canvas.depth
    slope_x, slope_y = np.zeros_like(depth), np.zeros_like(depth)
    np.subtract(depth[:, 2:], depth[:, :-2], out=slope_x[:, 1:-1])
    np.subtract(depth[2:], depth[:-2], out=slope_y[1:-1])
    slope_x *= per_unit
    slope_y *= per_unit
    length = 1.0 / np.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
    toward = x * slope_x + y * slope_y
    diffuse = np.maximum((z - toward) * length + 0.25, 0.0) * (light.strength / 1.25)
    ambient = light.ambient * (0.75 + (0.25 - light.side * slope_x) * length)
    shine = np.maximum((0.5 * (z + 1.0) - 0.5 * toward) * length, 0.0)
    shine *= shine
    shine *= shine
    shine *= shine
    shine *= shine
    lit: Plane = (canvas.albedo * (ambient + diffuse) + gloss * shine) * canvas.shadow
    return lit


def _surroundings(canvas: Canvas, identity: Identity, random: np.random.Generator) -> Plane:
    """Background, clothes, neck and ears: all that lies behind the face, float32 (48, 48)."""
    camera, surface, light = identity.camera, identity.surface, identity.light
    slope_x, slope_y = camera.background_slope
    picture: Plane = camera.background + (slope_x * _ACROSS[None, :] + slope_y * _ACROSS[:, None])
    picture += camera.background_clutter * noise(random, 4, SIDE)
    x, y = thinned(canvas.x), thinned(canvas.y)
    turn = sin(identity.pose.yaw)
    skin = surface.skin * (light.ambient + 0.45 * light.strength)
    clothes = inside(y - 1.75 - 0.25 * x * x + 0.15 * np.abs(x), 0.06)
    picture += (random.random() * 0.8 - picture) * clothes
    neck = inside(0.62 - np.abs(x - 0.2 * turn), 0.12) * inside(y - 0.6, 0.2)
    under = 0.5 + 0.3 * inside(y - (identity.shape.chin + 0.3), 0.5)
    picture += (skin * under - picture) * neck
    if identity.hair_style not in ("long", "long-fringe"):
        ear_u, ear_v = (np.abs(x + 0.3 * turn) - 0.97) * (1.0 / 0.12), (y - 0.12) * (1.0 / 0.28)
        squared = ear_u * ear_u + ear_v * ear_v
        picture += (skin * (0.7 + 0.25 * np.minimum(squared, 1.0)) - picture) * inside(1.0 - squared, 0.5)
    return picture


def _photograph(picture: Plane, camera: Camera, random: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, expose, add noise and round."""
    side, middle = camera.blur, 1.0 - 2.0 * camera.blur
    wide = np.empty((SIDE + 2, SIDE + 2), np.float32)
    wide[1:-1, 1:-1] = picture
    wide[0, 1:-1], wide[-1, 1:-1] = picture[0], picture[-1]
    wide[:, 0], wide[:, -1] = wide[:, 1], wide[:, -2]
    wide = middle * wide[1:-1] + side * (wide[:-2] + wide[2:])
    small = middle * wide[:, 1:-1] + side * (wide[:, :-2] + wide[:, 2:])
    small = np.maximum(small * camera.exposure, 0.0) ** camera.gamma
    small = (small - 0.5) * (255.0 * camera.contrast) + 127.5
    small += random.standard_normal((SIDE, SIDE), dtype=np.float32) * camera.noise
    levels: NDArray[np.uint8] = np.rint(np.minimum(np.maximum(small, 0.0), 255.0)).astype(np.uint8)
    return levels
