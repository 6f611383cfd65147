"""Trained translators: finding the one for a pair, loading it, translating."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from feraug.config import (
    STARGANS,
    TRANSLATORS,
    AnyGanConfig,
    ClassifierConfig,
    NoiseConfig,
    StarGANConfig,
    TranslatorConfig,
)
from feraug.config.values import whole
from feraug.data import on_device, to_float, to_uint8
from feraug.emotions import DomainPair, PairSet
from feraug.errors import ArtifactError, FeraugError, MissingModelError, UsageError
from feraug.images import checked_faces
from feraug.models import build_generator, build_star_generator
from feraug.store.model import read_model
from feraug.store.workspace import Workspace, at_home
from feraug.workflows.devices import choose_device
from feraug.workflows.model_files import config_in, config_of, load_average, purpose


@dataclass(frozen=True, eq=False)
class Translator:
    """The EMA generators of a trained translator, ready to translate."""

    config: TranslatorConfig | StarGANConfig
    step: int
    finished: bool
    """Whether its training reached its end."""
    device: torch.device
    networks: dict[str, nn.Module]
    """By role: ``a_to_b`` and ``b_to_a``, or the one ``generator`` of all pairs."""

    def __repr__(self) -> str:
        """Without the networks, which have a hundred lines."""
        what = ", ".join(self.config.emotions) if isinstance(self.config, StarGANConfig) else self.config.pair
        return f"Translator({self.config.model}, {what}, step {self.step:,}, on {self.device})"

    @property
    def pair(self) -> DomainPair:
        """The pair it was trained on; :class:`UsageError` for a model of many pairs."""
        if isinstance(self.config, StarGANConfig):
            raise UsageError(f"this model translates between {', '.join(self.config.emotions)}: name a pair")
        return self.config.domains

    def translates(self, pair: DomainPair) -> bool:
        """Whether it has learned this direction."""
        return pair in self.config.pairs

    def generator(self, pair: DomainPair, strength: float = 1.0) -> Callable[[Tensor], Tensor]:
        """What translates faces float (N, 1, 48, 48) from ``pair.a`` to ``pair.b``.

        ``strength`` 0 asks for the faces' own emotion, 1 for the other, between them for some of both.
        Raises :class:`UsageError` for a pair that was not learned, for a strength outside 0 to 2, and for
        one other than 1 where the model was trained on one pair alone.
        """
        if not (isinstance(strength, numbers.Real) and 0.0 <= strength <= 2.0):
            raise UsageError(f"strength: {strength!r} is not a number from 0 to 2")
        if not self.translates(pair):
            raise UsageError(f"this model translates {_in_words(self.config)}, not {pair}")
        if isinstance(self.config, StarGANConfig):
            wanted = torch.zeros(len(self.config.emotions), device=self.device)
            wanted[self.config.emotions.index(pair.a)] = 1.0 - float(strength)
            wanted[self.config.emotions.index(pair.b)] = float(strength)
            network = self.networks["generator"]
            return lambda faces: network(faces, wanted.expand(len(faces), -1))
        if strength != 1.0:
            raise UsageError(
                f"strength: cannot be set for a {self.config.model}; only {', '.join(STARGANS)} has it"
            )
        return self.networks["a_to_b" if pair == self.config.domains else "b_to_a"]

    @torch.no_grad()  # no inference tensors: they could enter no training
    def forward(self, faces: Tensor, pair: DomainPair | str, strength: float = 1.0) -> Tensor:
        """Faces float (N, 1, 48, 48) in [-1, 1] on the translator's device -> the same, translated.

        ``pair`` is the direction, ``"neutral:happy"`` or parsed.
        """
        return self.generator(_parsed(pair), strength)(faces)

    def translate(
        self,
        images: NDArray[np.uint8],
        pair: str | DomainPair | None = None,
        *,
        strength: float = 1.0,
        batch_size: int = 64,
    ) -> NDArray[np.uint8]:
        """Faces uint8 (N, 48, 48) -> the same people with the other expression, uint8 (N, 48, 48).

        ``pair`` is the direction, such as ``"happy:neutral"``; None: the one it was trained for.
        ``strength`` (0 to 2) is for models of all pairs: 0.5 is halfway.  Raises :class:`UsageError` for
        images of another shape or type, a ``batch_size`` below 1, and as :meth:`generator`.
        """
        batch_size = whole("batch_size", batch_size, 1)
        images = checked_faces(images)
        direction = self.pair if pair is None else _parsed(pair)
        self.generator(direction, strength)
        translated = np.empty_like(images)
        for start in range(0, len(images), batch_size):
            here = slice(start, start + batch_size)
            faces = to_float(on_device(images[here], self.device))
            translated[here] = to_uint8(self.forward(faces, direction, strength)).cpu().numpy()
        return translated


def _parsed(pair: DomainPair | str) -> DomainPair:
    if isinstance(pair, str | DomainPair):
        return DomainPair.parse(str(pair))
    raise UsageError(f"pair: {pair!r} is no direction; write 'neutral:happy'")


def load_translator(path: str | Path, *, device: str = "cpu") -> Translator:
    """The translator in a model file.

    Raises :class:`MissingArtifactError` when there is no such file, :class:`ArtifactError` when
    it is damaged or no translator, and :class:`UsageError` for a device that does not exist here.
    """
    path, chosen = at_home(path), choose_device(device)
    saved = read_model(path, ("ema",))
    config = config_in(path, saved.header.provenance.config)
    if not isinstance(config, TranslatorConfig | StarGANConfig):
        raise ArtifactError(
            f"{path}: a {config.model} {purpose(config)} and is no translator",
            "name a translator ('feraug info' lists the models), or train one with 'feraug train cyclegan'",
        )
    build: dict[str, Callable[[], nn.Module]] = (
        {"generator": partial(build_star_generator, config)}
        if isinstance(config, StarGANConfig)
        else dict.fromkeys(("a_to_b", "b_to_a"), partial(build_generator, config))
    )
    networks = {role: load_average(path, saved, role, make, chosen) for role, make in build.items()}
    return Translator(config, saved.step, saved.finished, chosen, networks)


def translator_for(pairs: PairSet, workspace: Workspace) -> Path:
    """The only trained model for all ``pairs``.

    A model of one pair counts for both directions.  Raises :class:`MissingModelError` when there is
    none and :class:`UsageError`, listing them, when there are several.
    """
    fitting = [path for path in workspace.models() if translates(path, pairs.pairs)]
    if len(fitting) > 1:
        names = ", ".join(path.stem for path in fitting)
        raise UsageError(f"several models translate {pairs} ({names}); choose one with --model NAME")
    if not fitting:
        raise missing_translator(pairs, workspace)
    return fitting[0]


def translators_for_pair(pair: DomainPair, workspace: Workspace) -> list[Path]:
    """All trained models for ``pair``, in either direction, by name.

    Raises :class:`MissingModelError`, with the command that trains one, when there is none.
    """
    fitting = [path for path in workspace.models() if translates(path, (pair,))]
    if not fitting:
        raise missing_translator(PairSet(pair.a, pair.b), workspace)
    return fitting


def usual_kind(pairs: PairSet) -> str:
    """The kind of translator that is proposed for ``pairs``: of a pair where they are one, else of all.

    >>> usual_kind(PairSet.parse("neutral:happy")), usual_kind(PairSet.parse("neutral:all"))
    ('cyclegan', 'stargan')
    """
    return next(iter(TRANSLATORS if len(pairs.pairs) == 1 else STARGANS))


_TOLD = 3
"""Most models of which it is told why they are of no use."""


def missing_translator(pairs: PairSet, workspace: Workspace) -> MissingModelError:
    """That no model translates these pairs, and the command that trains one."""
    kind = usual_kind(pairs)
    command = f"{kind} --pair {pairs}" if kind in TRANSLATORS else kind
    told = ""
    if len(pairs.pairs) > 1:
        of_some = {
            path.stem: [str(pair) for pair in pairs.pairs if translates(path, (pair,))]
            for path in workspace.models()
        }
        known = [f"{name} translates {', '.join(some)} alone" for name, some in of_some.items() if some]
        told = f" ({'; '.join(known)}: ask for one with --pair)" if known else ""
    unusable = [problem for path in workspace.models() if (problem := _not_usable(path))]
    return MissingModelError(
        f"no trained model for {pairs} in {workspace.root / 'models'}{told}; "
        f"train one with 'feraug train {command}'{''.join(f'; {problem}' for problem in unusable[:_TOLD])}"
    )


def _not_usable(path: Path) -> str:
    """Why no model can be had of a file among the models; empty where one can."""
    try:
        config_of(path)
    except ArtifactError as problem:
        return f"not usable is {problem.what}"
    except FeraugError as problem:
        return f"not usable is {path}: {problem}"
    return ""


def check_translates(
    path: Path, config: AnyGanConfig | ClassifierConfig, pairs: PairSet
) -> TranslatorConfig | StarGANConfig:
    """The config of the model at ``path``; :class:`UsageError` unless it translates all of these pairs."""
    if not isinstance(config, TranslatorConfig | StarGANConfig):
        instead = "leave --pair out" if isinstance(config, NoiseConfig) else "name a translator with --model"
        raise UsageError(f"{path}: {purpose(config)}; {instead}")
    missing = [pair for pair in pairs.pairs if pair not in config.pairs]
    if missing:
        way = (
            "; 'all' means all seven emotions, so ask for one pair at a time" if len(pairs.pairs) > 1 else ""
        )
        raise UsageError(f"{path.name}: this model translates {_in_words(config)}, not {missing[0]}{way}")
    return config


def _in_words(config: TranslatorConfig | StarGANConfig) -> str:
    if isinstance(config, StarGANConfig):
        return f"between {', '.join(config.emotions)}"
    return f"{config.domains} and {config.domains.reversed}"


def translates(path: Path, pairs: tuple[DomainPair, ...]) -> bool:
    """Whether the file is a translator of all the pairs; damaged files are not."""
    try:
        config = config_of(path)
    except FeraugError:
        return False
    return isinstance(config, TranslatorConfig | StarGANConfig) and set(pairs) <= set(config.pairs)
