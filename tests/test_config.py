"""Configs: round trips, every limit, and what differs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from feraug.config import PrepareConfig, SynthConfig, TranslatorConfig, differences, from_json, to_json
from feraug.errors import UsageError

KINDS = (PrepareConfig, TranslatorConfig, SynthConfig)


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_survives_json(kind: type[Any]) -> None:
    config = kind(seed=2**63 - 1)
    assert from_json(kind, json.loads(json.dumps(to_json(config)))) == config
    assert from_json(kind, {}) == kind()


def test_every_setting_survives_json_with_another_value() -> None:
    changed = TranslatorConfig(
        pair="fear:sad",
        base_channels=3,
        residual_blocks=0,
        output="direct",
        upsampling="transposed",
        discriminator_channels=5,
        cycle_weight=7.5,
        identity_weight=0.25,
        epochs=0.5,
        steps=11,
        batch_size=2,
        generator_rate=1e-3,
        discriminator_rate=1e-5,
        beta1=0.0,
        beta2=0.9,
        decay_from=1.0,
        ema_decay=0.5,
        image_history=0,
        flip=False,
        seed=9,
    )
    default = to_json(TranslatorConfig())
    assert [name for name, value in to_json(changed).items() if value == default[name]] == ["model"]
    assert from_json(TranslatorConfig, json.loads(json.dumps(to_json(changed)))) == changed


@pytest.mark.parametrize("kind", KINDS)
def test_configs_are_frozen(kind: type[Any]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().seed = 3


LIMITS: list[tuple[type[Any], str, Any, Any, list[Any]]] = [
    # kind, setting, lowest, highest, what is beyond
    (PrepareConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (SynthConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (SynthConfig, "count", 1, 100_000_000, [0, -5, 100_000_001]),
    (SynthConfig, "batch_size", 1, 65_536, [0, 65_537]),
    (TranslatorConfig, "base_channels", 1, 512, [0, 513]),
    (TranslatorConfig, "residual_blocks", 0, 64, [-1, 65]),
    (TranslatorConfig, "discriminator_channels", 1, 512, [0, 513]),
    (TranslatorConfig, "cycle_weight", 0.0, 1e6, [-0.1, 1e7, float("nan"), float("inf")]),
    (TranslatorConfig, "identity_weight", 0.0, 1e6, [-0.1, 1e7, float("nan")]),
    (TranslatorConfig, "epochs", 0.001, 1e6, [0.0, -1.0, 1e7, float("nan")]),
    (TranslatorConfig, "steps", 1, 10**9, [0, 10**9 + 1]),
    (TranslatorConfig, "batch_size", 1, 65_536, [0, 65_537]),
    (TranslatorConfig, "generator_rate", 0.0, 10.0, [-1e-9, 11.0, float("inf")]),
    (TranslatorConfig, "discriminator_rate", 0.0, 10.0, [-1e-9, 11.0, float("nan")]),
    (TranslatorConfig, "beta1", 0.0, 0.999999, [-0.1, 1.0]),
    (TranslatorConfig, "beta2", 0.0, 0.999999, [-0.1, 1.0]),
    (TranslatorConfig, "decay_from", 0.0, 1.0, [-0.1, 1.1]),
    (TranslatorConfig, "ema_decay", 0.0, 0.999999, [-0.1, 1.0]),
    (TranslatorConfig, "image_history", 0, 100_000, [-1, 100_001]),
    (TranslatorConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
]


@pytest.mark.parametrize(("kind", "name", "low", "high", "beyond"), LIMITS)
def test_limits(kind: type[Any], name: str, low: Any, high: Any, beyond: list[Any]) -> None:
    for value in (low, high):
        assert getattr(kind(**{name: value}), name) == value
    option = "-n" if name == "count" else "--" + name.replace("_", "-")
    for value in beyond:
        with pytest.raises(UsageError, match=rf"^{option}: .* is not a (whole )?number from "):
            kind(**{name: value})


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (
            PrepareConfig,
            {"labels": "fer"},
            "--labels: unknown 'fer' (did you mean 'ferplus'?); known: fer2013",
        ),
        (TranslatorConfig, {"model": "cyclegann"}, "--model: unknown 'cyclegann' (did you mean 'cyclegan'?)"),
        (TranslatorConfig, {"output": "x"}, "--output: unknown 'x'; known: residual, direct"),
        (TranslatorConfig, {"upsampling": "x"}, "--upsampling: unknown 'x'; known: resize, transposed"),
        (TranslatorConfig, {"pair": "happy"}, "two emotions with a colon"),
        (TranslatorConfig, {"pair": "happy:joy"}, "names happy twice"),
        (SynthConfig, {"pair": "hapy:sad"}, "did you mean 'happy'?"),
    ],
)
def test_names(kind: type[Any], settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        kind(**settings)
    assert words in str(caught.value)


def test_every_number_has_limits() -> None:
    """A new setting needs a line in LIMITS."""
    numbers = {
        (kind, field.name)
        for kind in KINDS
        for field in dataclasses.fields(kind)
        if field.type in ("int", "float", "int | None")
    }
    assert numbers == {(kind, name) for kind, name, *_ in LIMITS}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lambda": 1}, "unknown setting 'lambda' for a TranslatorConfig"),
        ({"steps": "5"}, "steps: '5' is not of type int | None"),
        ({"steps": 5.0}, "steps: 5.0 is not of type int | None"),
        ({"base_channels": True}, "base_channels: True is not of type int"),
        ({"base_channels": None}, "base_channels: None is not of type int"),
        ({"epochs": "1"}, "epochs: '1' is not of type float"),
        ({"epochs": True}, "epochs: True is not of type float"),
        ({"flip": 1}, "flip: 1 is not of type bool"),
        ({"pair": ["neutral", "happy"]}, "pair: ['neutral', 'happy'] is not of type str"),
        ({"base_channels": 10**30}, "--base-channels: "),
        ({"epochs": 10**400}, "epochs: 1000"),
    ],
)
def test_json_of_the_wrong_kind(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_json(TranslatorConfig, values)
    assert str(caught.value).startswith(words)


def test_whole_numbers_are_numbers() -> None:
    config = from_json(TranslatorConfig, {"cycle_weight": 2, "steps": None})
    assert config.cycle_weight == 2.0
    assert isinstance(config.cycle_weight, float)
    assert config == TranslatorConfig(cycle_weight=2.0)


def test_differences() -> None:
    default = to_json(TranslatorConfig())
    assert differences(default, default) == []
    assert differences(default, default | {"cycle_weight": 5.0, "flip": False}) == [
        "cycle_weight: 1.0 there, 5.0 asked for",
        "flip: True there, False asked for",
    ]
    assert differences({"old": 1}, {"new": None}) == [
        "old: 1 there, (absent) asked for",
        "new: (absent) there, None asked for",
    ]


def test_names_of_files() -> None:
    assert TranslatorConfig().name == "cyclegan-neutral-happy"
    assert TranslatorConfig(pair="FEAR:sadness").name == "cyclegan-fear-sad"
