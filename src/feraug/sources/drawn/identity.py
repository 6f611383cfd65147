"""Who is in a picture and how it was taken: everything about a drawn face but its expression."""

from __future__ import annotations

from dataclasses import dataclass
from math import sin, sqrt
from typing import Final

import numpy as np

from feraug.sources.drawn.expression import ActionUnits, resting_face, usual_strength

AGE_GROUPS: Final = ("child", "teenager", "adult", "old")
GENDERS: Final = ("feminine", "masculine")
SKIN_TONES: Final = ("light", "medium", "dark")
HAIR_STYLES: Final = ("bald", "short", "fringe", "pulled-back", "long", "long-fringe")
BEARDS: Final = ("none", "stubble", "moustache", "full")


@dataclass(frozen=True)
class FaceShape:
    """Proportions in face units: half the width of the face is 1.

    u grows to the right from the middle, v downward from the line of the eyes.
    """

    chin: float  # v of the chin
    jaw: float  # width of the jaw relative to the cheeks
    forehead: float  # v of the top of the skull (negative)
    hairline: float  # v of the hairline in the middle (negative)
    eye_distance: float  # u of the eyes' centres
    eye_size: float  # half the width of an eye
    eye_opening: float  # factor on the opening of the lids
    eye_tilt: float  # outer corners higher (positive) or lower
    brow_height: float  # distance of the brows above the eyes
    brow_thickness: float
    brow_arch: float
    nose_length: float  # v of the nose's base
    nose_width: float
    nose_height: float  # how far it stands out
    mouth_height: float  # v of the lips' line
    mouth_width: float  # half its width
    lip_thickness: float


@dataclass(frozen=True)
class Surface:
    """Reflectances in [0, 1] and how marked lines and textures are."""

    skin: float
    hair: float
    lips: float  # relative to the skin
    brows: float  # opacity
    wrinkles: float  # 0 (child) to 1 (old)
    texture: float  # unevenness of the skin
    beard: float  # opacity
    gloss: float  # strength of highlights on the skin


@dataclass(frozen=True)
class Light:
    """A main light from direction (x right, y down, z to the camera), and ambient light."""

    direction: tuple[float, float, float]
    strength: float
    ambient: float
    side: float  # difference of the ambient light between left and right


@dataclass(frozen=True)
class Pose:
    """Where the head stands in the picture; angles in radians, lengths in pixels of 48."""

    yaw: float
    pitch: float
    roll: float
    scale: float  # pixels per face unit
    centre_x: float
    eye_line: float  # y of the eyes' line


@dataclass(frozen=True)
class Camera:
    """Background and the picture's quality."""

    background: float  # grey level in [0, 1]
    background_slope: tuple[float, float]
    background_clutter: float
    exposure: float
    gamma: float
    contrast: float
    blur: float  # weight of the neighbours, 0 to 0.25
    noise: float  # standard deviation in grey levels of 255


@dataclass(frozen=True)
class Identity:
    """Everything that stays the same when the expression changes.

    ``age_group`` one of :data:`AGE_GROUPS`, ``gender`` (presentation) of :data:`GENDERS`,
    ``skin_tone`` of :data:`SKIN_TONES`, ``hair_style`` of :data:`HAIR_STYLES`, ``beard`` of
    :data:`BEARDS`.  ``expressiveness`` in [0.5, 1] is how strongly the face shows an emotion when
    nobody asks for a strength.
    """

    age_group: str
    gender: str
    skin_tone: str
    hair_style: str
    beard: str
    glasses: bool
    shape: FaceShape
    surface: Surface
    light: Light
    pose: Pose
    camera: Camera
    resting: ActionUnits
    expressiveness: float


def make_identity(random: np.random.Generator) -> Identity:
    """Draw a person, a light, a pose and a camera."""
    age = _choice(random, AGE_GROUPS, (0.14, 0.14, 0.54, 0.18))
    gender = _choice(random, GENDERS, (0.5, 0.5))
    tone = _choice(random, SKIN_TONES, (0.55, 0.27, 0.18))
    hair_style = _hair_style(random, age, gender)
    beard = _beard(random, age, gender)
    glasses = bool(random.random() < {"child": 0.05, "teenager": 0.1, "adult": 0.17, "old": 0.35}[age])
    return Identity(
        age_group=age,
        gender=gender,
        skin_tone=tone,
        hair_style=hair_style,
        beard=beard,
        glasses=glasses,
        shape=_shape(random, age, gender, hair_style),
        surface=_surface(random, age, gender, tone, beard),
        light=_light(random),
        pose=_pose(random),
        camera=_camera(random),
        resting=resting_face(random),
        expressiveness=usual_strength(random),
    )


def _choice(random: np.random.Generator, names: tuple[str, ...], weights: tuple[float, ...]) -> str:
    left = random.random() * sum(weights)
    for name, weight in zip(names, weights, strict=True):
        left -= weight
        if left < 0.0:
            return name
    return names[-1]


def _around(random: np.random.Generator, centre: float, spread: float) -> float:
    """A normal variate, cut off at two standard deviations so that no face is a monster."""
    return centre + spread * min(max(random.normal(), -2.0), 2.0)


def _hair_style(random: np.random.Generator, age: str, gender: str) -> str:
    weights = {
        ("masculine", False): (0.06, 0.6, 0.26, 0.0, 0.04, 0.04),
        ("masculine", True): (0.38, 0.52, 0.06, 0.0, 0.04, 0.0),
        ("feminine", False): (0.01, 0.1, 0.07, 0.22, 0.38, 0.22),
        ("feminine", True): (0.01, 0.4, 0.17, 0.22, 0.12, 0.08),
    }[gender, age == "old"]
    if age == "child" and random.random() < 0.3:
        return "fringe"
    return _choice(random, HAIR_STYLES, weights)


def _beard(random: np.random.Generator, age: str, gender: str) -> str:
    if gender == "feminine" or age == "child":
        return "none"
    if age == "teenager":
        return _choice(random, BEARDS, (0.9, 0.08, 0.02, 0.0))
    return _choice(random, BEARDS, (0.56, 0.18, 0.1, 0.16))


def _shape(random: np.random.Generator, age: str, gender: str, hair_style: str) -> FaceShape:
    child, old, masculine = age == "child", age == "old", gender == "masculine"
    length = _around(random, 1.4 if child else 1.52, 0.05) + (0.04 if masculine and not child else 0.0)
    fringe = hair_style in ("fringe", "long-fringe")
    hairline = _around(random, -0.5, 0.05) if fringe else _around(random, -0.92, 0.08)
    if old and masculine and not fringe:
        hairline -= 0.15
    return FaceShape(
        chin=length,
        jaw=_around(random, 0.89 if masculine else 0.81, 0.06) + (0.03 if child else 0.0),
        forehead=_around(random, -1.36, 0.06),
        hairline=hairline,
        eye_distance=_around(random, 0.465, 0.018),
        eye_size=_around(random, 0.222 if child else 0.212, 0.011),
        eye_opening=_around(random, 1.12 if child else 0.9 if old else 1.0, 0.12),
        eye_tilt=_around(random, 0.0, 0.015),
        brow_height=_around(random, 0.295 if masculine else 0.325, 0.025),
        brow_thickness=_around(random, 0.075 if masculine else 0.052, 0.012) * (0.75 if child else 1.0),
        brow_arch=_around(random, 0.03 if masculine else 0.055, 0.018),
        nose_length=length * _around(random, 0.405 if child else 0.43, 0.012),
        nose_width=_around(random, 0.215 if masculine else 0.195, 0.025),
        nose_height=_around(random, 0.17 if child else 0.25, 0.035),
        mouth_height=length * _around(random, 0.635, 0.014),
        mouth_width=_around(random, 0.33 if child else 0.37, 0.028),
        lip_thickness=_around(random, 0.088 if masculine else 0.108, 0.018) * (0.8 if old else 1.0),
    )


def _surface(random: np.random.Generator, age: str, gender: str, tone: str, beard: str) -> Surface:
    skin = {
        "light": random.uniform(0.64, 0.82),
        "medium": random.uniform(0.46, 0.64),
        "dark": random.uniform(0.27, 0.44),
    }[tone]
    fair = tone == "light" and random.random() < 0.35
    hair = random.uniform(0.3, 0.62) if fair else random.uniform(0.04, 0.2)
    if age == "old" and random.random() < 0.8:
        hair = random.uniform(0.4, 0.7)
    made_up = gender == "feminine" and age in ("teenager", "adult") and random.random() < 0.5
    return Surface(
        skin=float(skin),
        hair=float(hair),
        lips=float(random.uniform(0.4, 0.56) if made_up else random.uniform(0.54, 0.72)),
        brows=float(random.uniform(0.6, 0.95) * (0.65 if age in ("child", "old") else 1.0)),
        wrinkles=float(
            {"child": 0.0, "teenager": 0.1, "adult": 0.35, "old": 0.9}[age] * random.uniform(0.7, 1.2)
        ),
        texture=random.uniform(0.015, 0.05),
        beard={"none": 0.0, "stubble": 0.35, "moustache": 0.75, "full": 0.8}[beard],
        gloss=random.uniform(0.04, 0.2) + (0.06 if tone == "dark" else 0.0),
    )


def _light(random: np.random.Generator) -> Light:
    around = min(max(random.normal(0.0, 0.65), -1.2), 1.2)
    above = min(max(random.normal(0.5, 0.35), -0.4), 1.1)
    x, y, z = sin(around), -sin(above), 0.75
    norm = sqrt(x * x + y * y + z * z)
    ambient = random.uniform(0.15, 0.45)
    return Light(
        direction=(x / norm, y / norm, z / norm),
        strength=1.15 - ambient,
        ambient=ambient,
        side=_around(random, 0.0, 0.15),
    )


def _pose(random: np.random.Generator) -> Pose:
    return Pose(
        yaw=_around(random, 0.0, 0.2),
        pitch=_around(random, 0.0, 0.09),
        roll=_around(random, 0.0, 0.1),
        scale=_around(random, 19.6, 1.1),
        centre_x=_around(random, 24.0, 1.2),
        eye_line=_around(random, 20.0, 1.3),
    )


def _camera(random: np.random.Generator) -> Camera:
    return Camera(
        background=random.beta(0.8, 1.1),
        background_slope=(_around(random, 0.0, 0.12), _around(random, 0.0, 0.12)),
        background_clutter=float(0.4 * random.random() ** 2),
        exposure=_around(random, 1.06, 0.16),
        gamma=_around(random, 0.8, 0.1),
        contrast=_around(random, 1.06, 0.14),
        blur=random.uniform(0.0, 0.17),
        noise=random.uniform(0.5, 5.0),
    )
