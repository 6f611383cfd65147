"""Configs: round trips, every limit, and what differs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from feraug.config import (
    DEFAULTS,
    MODELS,
    PRESETS,
    BenchConfig,
    ClassifierConfig,
    CompareConfig,
    NoiseConfig,
    NoiseSynthConfig,
    PhotosConfig,
    PrepareConfig,
    StarGANConfig,
    SynthConfig,
    TranslatorConfig,
    differences,
    from_json,
    model_config,
    to_json,
    uses,
)
from feraug.config.demo import departures
from feraug.config.values import option
from feraug.emotions import EMOTIONS
from feraug.errors import UsageError

KINDS = (
    PrepareConfig,
    TranslatorConfig,
    StarGANConfig,
    NoiseConfig,
    ClassifierConfig,
    SynthConfig,
    NoiseSynthConfig,
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_survives_json(kind: type[Any]) -> None:
    config = kind(seed=2**63 - 1)
    assert from_json(kind, json.loads(json.dumps(to_json(config)))) == config
    assert from_json(kind, {}) == kind()


CHANGED: dict[str, Any] = {
    "pair": "fear:sad", "emotions": ["fear", "sad"], "latent_size": 7, "balanced": False, "class_weight": 0.5,
    "base_channels": 3, "residual_blocks": 0, "output": "direct", "skips": False,
    "discriminator_channels": 5, "discriminator_norm": "instance", "cycle_weight": 7.5,
    "cycle_weight_end": 0.5, "identity_weight": 0.25, "change_weight": 0.125, "gamma_end": 0.75,
    "change_weight_end": 0.0,
    "weighted_cycle": True, "real_target": 0.8, "critic_steps": 2, "penalty_weight": 3.0,
    "epochs": 0.5, "steps": 11, "batch_size": 2, "generator_rate": 1e-3,
    "discriminator_rate": 1e-5, "beta1": 0.25, "beta2": 0.95, "decay_from": 1.0, "clip_norm": 1.5,
    "ema_decay": 0.5, "precision": "bf16-mixed", "head_start": 0.25, "image_history": 3,
    "flip": False, "augment": True,
    "diff_augment": "cutout,brightness", "seed": 9, "source_share": 0.5, "width": 0.25, "dropout": 0.125,
    "label_smoothing": 0.2, "class_weights": True, "optimizer": "adamw", "rate": 0.3, "momentum": 0.25,
    "weight_decay": 0.75, "schedule": "step", "warmup": 0.5, "rotation": 3.0, "shift": 1.0, "zoom": 0.5,
    "scores": "shared", "adversarial": "wasserstein", "mismatch_weight": 0.0625,
    "neutral_times": 3,
    "erasing": 0.5, "mixup": 0.3, "randaugment": 3, "randaugment_magnitude": 5, "crop": 40,
}  # fmt: skip
"""A value for every setting that no model has by default."""


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_of_every_model_survives_json_with_another_value(model: str) -> None:
    default = to_json(DEFAULTS[model])
    changed = {name: value for name, value in CHANGED.items() if name in default and uses(model, name)}
    if model == "weighted":
        changed["augment"] = False
    if model == "stargan":
        # see test_a_wrong_emotion_wants_a_score_map_of_its_own, test_neutral_faces_more_often_want_some
        del changed["scores"], changed["balanced"]
        changed["emotions"] = ["fear", "neutral"]
    if changed.get("balanced") is not None and changed["balanced"] == default["balanced"]:
        changed["balanced"] = True
    if changed.get("discriminator_norm") == default.get("discriminator_norm", ""):
        changed["discriminator_norm"] = "none"
    if "upsampling" in default:
        changed["upsampling"] = "transposed" if default["upsampling"] == "resize" else "resize"
    config = model_config({"model": model, **changed})
    same = (
        {name for name, value in to_json(config).items() if value == default[name]}
        - {"scores"}
        - ({"balanced"} - {*changed})
    )
    assert same == {"model", "budget"} & set(default) | {name for name in default if not uses(model, name)}
    assert model_config(json.loads(json.dumps(to_json(config)))) == config


def test_a_wrong_emotion_wants_a_score_map_of_its_own() -> None:
    shared = model_config({"model": "stargan", "scores": "shared"})
    assert model_config(json.loads(json.dumps(to_json(shared)))) == shared != DEFAULTS["stargan"]
    with pytest.raises(UsageError, match=r"^--mismatch-weight: needs a score map for each emotion; beside"):
        model_config({"model": "stargan", "scores": "shared", "mismatch_weight": 1.0})


@pytest.mark.parametrize("settings", [{"balanced": False}, {"emotions": ["happy", "sad"]}])
def test_neutral_faces_more_often_want_some(settings: dict[str, Any]) -> None:
    model_config({"model": "stargan", **settings})
    with pytest.raises(UsageError, match=r"^--neutral-times: needs neutral faces, and --balanced$"):
        model_config({"model": "stargan", **settings, "neutral_times": 4})


@pytest.mark.parametrize("model", MODELS)
def test_a_setting_of_no_use_to_a_model_is_refused(model: str) -> None:
    for name, value in CHANGED.items():
        if name in to_json(DEFAULTS[model]) and not uses(model, name):
            with pytest.raises(UsageError, match=f"^{option(name)}: {model} has no use for it"):
                model_config({"model": model, name: value})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_configs(preset: str, model: str) -> None:
    config = model_config({"model": model, **PRESETS[preset][model]})
    assert all(getattr(config, name) == value for name, value in PRESETS[preset][model].items())


def test_the_slides_and_the_design_in_numbers() -> None:
    weighted = DEFAULTS["weighted"]
    assert (weighted.generator_rate, weighted.discriminator_rate) == (2e-4, 1e-4)
    assert (weighted.real_target, weighted.augment, weighted.decay_from) == (0.9, True, 0.0)
    slides = model_config({"model": "weighted", **PRESETS["slides"]["weighted"]})
    assert isinstance(slides, TranslatorConfig)
    assert (slides.output, slides.gamma_end, slides.cycle_weight) == ("direct", 1.0, 5.0)
    assert (DEFAULTS["wasserstein"].penalty_weight, DEFAULTS["wgan-gp"].penalty_weight) == (10.0, 10.0)
    assert (DEFAULTS["wgan-gp"].critic_steps, DEFAULTS["wasserstein"].discriminator_norm) == (5, "none")


def test_several_ways_to_say_how_long_are_too_many() -> None:
    with pytest.raises(UsageError, match="--steps, --budget: give one of them"):
        TranslatorConfig(steps=3, budget=60.0)


def test_emotions_of_noise_generators() -> None:
    assert NoiseConfig().emotions == EMOTIONS
    config = model_config({"model": "wgan-gp", "emotions": ["neutral", "ANGER"]})
    assert isinstance(config, NoiseConfig)
    assert (config.emotions, config.name) == (("angry", "neutral"), "wgan-gp-angry-neutral")
    assert NoiseConfig(emotions=EMOTIONS[::-1]).name == "dcgan-all"
    with pytest.raises(UsageError, match="'happy' is named twice"):
        NoiseConfig(emotions=("happy", "joy"))


@pytest.mark.parametrize("kind", [TranslatorConfig, SynthConfig, PhotosConfig, CompareConfig])
def test_a_pair_has_one_spelling(kind: type[Any]) -> None:
    assert kind(pair=" Neutral:happiness") == kind(pair="neutral:happy")


@pytest.mark.parametrize(
    ("config", "base", "typed"),
    [
        (TranslatorConfig(), TranslatorConfig(), ""),
        (TranslatorConfig(change_weight=1.5, steps=30), TranslatorConfig(), "--steps 30 --change-weight 1.5"),
        (TranslatorConfig(flip=False, epochs=2.0), TranslatorConfig(), "--epochs 2 --no-flip"),
        (SynthConfig(count=600), SynthConfig(), "-n 600"),
    ],
)
def test_departures_are_what_would_be_typed(config: Any, base: Any, typed: str) -> None:
    assert departures(config, base) == typed.split()


@pytest.mark.parametrize("kind", KINDS)
def test_configs_are_frozen(kind: type[Any]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().seed = 3


Limit = tuple[type[Any], str, Any, Any, list[Any]]
_NAN, _INFINITE = float("nan"), float("inf")


def _both(name: str, low: Any, high: Any, beyond: list[Any]) -> list[Limit]:
    return [(TranslatorConfig, name, low, high, beyond), (NoiseConfig, name, low, high, beyond)]


LIMITS: list[Limit] = [
    # kind, setting, lowest, highest, what is beyond
    (PrepareConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (PrepareConfig, "validation_share", 0.0, 0.5, [-0.1, 0.51, _NAN]),
    (PrepareConfig, "test_share", 0.0, 0.9, [-0.1, 0.91, _NAN]),
    (PrepareConfig, "train_share", 0.001, 1.0, [0.0, 1.01, _NAN]),
    (SynthConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (SynthConfig, "count", 1, 100_000_000, [0, -5, 100_000_001]),
    (SynthConfig, "batch_size", 1, 65_536, [0, 65_537]),
    (SynthConfig, "source_share", 0.0, 1.0, [-0.1, 1.1, _NAN]),
    (NoiseSynthConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (NoiseSynthConfig, "count", 1, 100_000_000, [0, -5, 100_000_001]),
    (NoiseSynthConfig, "batch_size", 1, 65_536, [0, 65_537]),
    *_both("base_channels", 1, 512, [0, 513]),
    *_both("discriminator_channels", 1, 512, [0, 513]),
    *_both("real_target", 0.0, 1.0, [-0.1, 1.1, _NAN]),
    *_both("epochs", 0.001, 1e6, [0.0, -1.0, 1e7, _NAN]),
    *_both("steps", 1, 10**9, [0, 10**9 + 1]),
    *_both("budget", 1.0, 1e8, [0.0, 0.5, 1e9, _NAN]),
    *_both("batch_size", 1, 65_536, [0, 65_537]),
    *_both("generator_rate", 0.0, 10.0, [-1e-9, 11.0, _INFINITE]),
    *_both("discriminator_rate", 0.0, 10.0, [-1e-9, 11.0, _NAN]),
    *_both("beta1", 0.0, 0.999999, [-0.1, 1.0]),
    *_both("beta2", 0.0, 0.999999, [-0.1, 1.0]),
    *_both("decay_from", 0.0, 1.0, [-0.1, 1.1]),
    *_both("clip_norm", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    *_both("ema_decay", 0.0, 0.999999, [-0.1, 1.0]),
    *_both("seed", 0, 2**63 - 1, [-1, 2**63]),
    (TranslatorConfig, "residual_blocks", 0, 64, [-1, 65]),
    (TranslatorConfig, "cycle_weight", 0.0, 1e6, [-0.1, 1e7, _NAN, _INFINITE]),
    (TranslatorConfig, "head_start", 0.0, 0.9, [-0.1, 0.91, _NAN]),
    (TranslatorConfig, "cycle_weight_end", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (TranslatorConfig, "identity_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (TranslatorConfig, "change_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (TranslatorConfig, "change_weight_end", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (TranslatorConfig, "penalty_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (TranslatorConfig, "source_share", 0.0, 1.0, [-0.1, 1.1, _NAN]),
    (TranslatorConfig, "mismatch_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (StarGANConfig, "neutral_times", 1, 100, [0, 101]),
    (TranslatorConfig, "image_history", 0, 100_000, [-1, 100_001]),
    (NoiseConfig, "latent_size", 1, 4096, [0, 4097]),
    (NoiseConfig, "class_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
    (ClassifierConfig, "width", 0.01, 8.0, [0.0, 8.1, _NAN]),
    (ClassifierConfig, "dropout", 0.0, 0.99, [-0.1, 1.0]),
    (ClassifierConfig, "label_smoothing", 0.0, 0.99, [-0.1, 1.0]),
    (ClassifierConfig, "epochs", 0.001, 1e6, [0.0, 1e7, _NAN]),
    (ClassifierConfig, "steps", 1, 10**9, [0, 10**9 + 1]),
    (ClassifierConfig, "batch_size", 2, 65_536, [1, 65_537]),
    (ClassifierConfig, "rate", 0.0, 10.0, [-0.1, 11.0, _NAN]),
    (ClassifierConfig, "momentum", 0.0, 0.999999, [-0.1, 1.0]),
    (ClassifierConfig, "weight_decay", 0.0, 10.0, [-0.1, 11.0]),
    (ClassifierConfig, "warmup", 0.0, 0.99, [-0.1, 1.0]),
    (ClassifierConfig, "clip_norm", 0.0, 1e6, [-0.1, 1e7]),
    (ClassifierConfig, "ema_decay", 0.0, 0.999999, [-0.1, 1.0]),
    (ClassifierConfig, "rotation", 0.0, 180.0, [-0.1, 181.0]),
    (ClassifierConfig, "shift", 0.0, 24.0, [-0.1, 25.0]),
    (ClassifierConfig, "zoom", 0.0, 0.9, [-0.1, 1.0]),
    (ClassifierConfig, "erasing", 0.0, 1.0, [-0.1, 1.1]),
    (ClassifierConfig, "mixup", 0.0, 100.0, [-0.1, 101.0]),
    (ClassifierConfig, "randaugment", 0, 16, [-1, 17]),
    (ClassifierConfig, "randaugment_magnitude", 0, 30, [-1, 31]),
    (ClassifierConfig, "seed", 0, 2**63 - 1, [-1, 2**63]),
    (SynthConfig, "strength", 0.0, 2.0, [-0.1, 2.1, _NAN]),
    (StarGANConfig, "class_weight", 0.0, 1e6, [-0.1, 1e7, _NAN]),
]
_STAR = {field.name for field in dataclasses.fields(StarGANConfig)}
LIMITS += [
    (StarGANConfig, name, *limits)
    for kind, name, *limits in LIMITS
    if kind is TranslatorConfig and name in _STAR
]
ELSEWHERE = {
    ("gamma_end", "weighted", 1.0, 1.5),
    ("critic_steps", "wasserstein", 100, 101),
    ("crop", "vgg19", 48, 49),
}
"""Settings that the default model of their config has no use for: name, model, highest, beyond."""


@pytest.mark.parametrize(("name", "model", "high", "beyond"), sorted(ELSEWHERE))
def test_limits_of_settings_of_some_models(name: str, model: str, high: float, beyond: float) -> None:
    assert getattr(model_config({"model": model, name: high}), name) == high
    with pytest.raises(UsageError, match=f"^{option(name)}: {beyond} is not a"):
        model_config({"model": model, name: beyond})


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
        (TranslatorConfig, {"output": "x"}, "--output: unknown 'x'; known: residual, warped, direct"),
        (TranslatorConfig, {"upsampling": "x"}, "--upsampling: unknown 'x'; known: resize, transposed"),
        (TranslatorConfig, {"model": "dcgan"}, "--model: unknown 'dcgan'"),
        (TranslatorConfig, {"discriminator_norm": "batch"}, "--discriminator-norm: translators train on few"),
        (TranslatorConfig, {"diff_augment": "cutout,blur"}, "--diff-augment: unknown 'blur'; known: transl"),
        (
            TranslatorConfig,
            {"precision": "16-mix"},
            "unknown '16-mix' (did you mean '16-mixed'?)",
        ),
        (TranslatorConfig, {"batch_size": 2.5}, "--batch-size: 2.5 is not of type int"),
        (BenchConfig, {"arms": None}, "--arm: None is not of type list of names"),
        (BenchConfig, {"arms": "real"}, "--arm: 'real' is not of type list of names"),
        (SynthConfig, {"pair": f"{'1' * 5000}:happy"}, "unknown emotion '111"),
        (NoiseConfig, {"model": "wgan-gp"}, "--discriminator-norm: wgan-gp's penalty is for each image"),
        (NoiseConfig, {"emotions": ("hapy",)}, "did you mean 'happy'?"),
        (NoiseSynthConfig, {"emotions": ("hapy",)}, "did you mean 'happy'?"),
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
        if field.type in ("int", "float", "int | None", "float | None")
        and field.name not in {name for name, *_ in ELSEWHERE}
    }
    # R1 is for translators alone; the same declaration serves noise generators.
    assert numbers - {(NoiseConfig, "penalty_weight")} == {(kind, name) for kind, name, *_ in LIMITS}


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
        "flip: True in the file, False asked for",
        "cycle_weight: 1.0 in the file, 5.0 asked for",
    ]
    assert differences({"old": 1}, {"new": None}) == [
        "old: 1 in the file, (absent) asked for",
        "new: (absent) in the file, (not set) asked for",
    ]
    assert differences({"person": "x" * 3000}, {"person": ""}) == [
        f"person: {'x' * 200}… in the file, (not set) asked for"
    ]


def test_names_of_files() -> None:
    assert TranslatorConfig().name == "cyclegan-neutral-happy"
    assert TranslatorConfig(pair="FEAR:sadness").name == "cyclegan-fear-sad"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TranslatorConfig, {"pair": None}),
        (TranslatorConfig, {"model": ["cyclegan"]}),
        (ClassifierConfig, {"model": []}),
    ],
)
def test_values_of_another_kind_are_refused(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        kind(**values)
