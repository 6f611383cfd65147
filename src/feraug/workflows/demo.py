"""``feraug demo``: the whole chain on drawn faces, each step a command that can be typed as well."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from feraug.config import DemoConfig, FilterConfig, PrepareConfig, SsimConfig, SynthConfig
from feraug.config.demo import PRESET, departures, preset_config
from feraug.errors import ConfigConflictError
from feraug.quoting import command_line
from feraug.store.workspace import Workspace
from feraug.workflows.events import Notify, ignore


class StepResult(Protocol):
    """What every workflow gives."""

    @property
    def path(self) -> Path:
        """What was written."""
        ...

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        ...


@dataclass(frozen=True)
class DemoStep:
    """A command of the demo: its name, what it is for, its arguments, and the workflow that it calls."""

    name: str
    purpose: str
    arguments: tuple[str, ...]
    work: Callable[[str, Notify], StepResult]
    """Takes the command line for the provenance of what it makes."""

    @property
    def command(self) -> str:
        """The command line that does the same, as artifacts keep it."""
        return shlex.join(["feraug", *self.arguments])

    @property
    def typed(self) -> str:
        """The command line as it can be typed here."""
        return command_line(["feraug", *self.arguments])

    def run(self, notify: Notify = ignore) -> StepResult:
        """Do it, or what is left of it.

        Raises as the command does; :class:`ConfigConflictError` says that another folder is needed,
        for the demo overwrites nothing.
        """
        try:
            return self.work(self.command, notify)
        except ConfigConflictError as problem:
            another = "the demo overwrites nothing: give it another folder with --workspace DIR"
            raise ConfigConflictError(problem.what, another) from problem


def demo_steps(config: DemoConfig, workspace: Workspace) -> list[DemoStep]:
    """The steps in their order; nothing is done before one is run."""
    chain = _Chain(config, workspace)
    return [
        chain.prepare(), chain.train(), chain.synth(), chain.classifier(), chain.filter(), chain.ssim(),
        chain.bench(), chain.report(),
    ]  # fmt: skip


class _Chain:
    def __init__(self, config: DemoConfig, workspace: Workspace) -> None:
        self._config, self._workspace = config, workspace
        self._pair = config.translator.domains
        self._set = config.translator.name
        self._kept = self._pair.b
        """The name of the filtered set: ``happy``."""

    def _step(
        self, name: str, purpose: str, arguments: list[str], work: Callable[[str, Notify], StepResult]
    ) -> DemoStep:
        place = ["-w", str(self._workspace.root)]
        return DemoStep(name, purpose, (*arguments, *place), work)

    def prepare(self) -> DemoStep:
        """Draw the faces."""
        config, source = self._config.prepare, f"drawn:{self._config.faces}"

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.prepare import prepare

            return prepare(source, config, self._workspace.dataset(), command=command, notify=notify)

        typed = ["prepare", source, *departures(config, PrepareConfig())]
        purpose = f"{self._config.faces:,} drawn faces, in place of a data set such as FER2013."
        return self._step("prepare", purpose, typed, work)

    def train(self) -> DemoStep:
        """Train the translator."""
        config = self._config.translator

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.train import train_translator
            from feraug.workflows.train_options import TrainOptions

            return train_translator(
                config, self._workspace, options=TrainOptions(command=command), notify=notify
            )

        settings = departures(config, preset_config(config.model))
        typed = ["train", config.model, "--pair", config.pair, "--preset", PRESET, *settings]
        a, b = self._pair.a, self._pair.b
        purpose = f"A CycleGAN learns to make {a} faces {b}, and {b} ones {a}."
        return self._step("train", purpose, typed, work)

    def synth(self) -> DemoStep:
        """Translate training faces."""
        config = self._config.synth

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.synth import SynthOptions, synthesise

            return synthesise(
                config, self._workspace, model=self._set, options=SynthOptions(command=command), notify=notify
            )

        typed = ["synth", "--pair", config.pair, "--model", self._set]
        typed += departures(config, SynthConfig(pair=config.pair))
        purpose = f"It translates {self._pair.a} training faces: new {self._pair.b} faces, with their labels."
        return self._step("synth", purpose, typed, work)

    def classifier(self) -> DemoStep:
        """Train the classifier that the filter asks."""
        config = self._config.classifier

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.train_classifier import train_classifier
            from feraug.workflows.train_options import TrainOptions

            return train_classifier(
                config, self._workspace, options=TrainOptions(command=command), notify=notify
            )

        typed = ["train", config.model, "--preset", PRESET, *departures(config, preset_config(config.model))]
        purpose = "A classifier of real faces: the next step asks it."
        return self._step("classifier", purpose, typed, work)

    def filter(self) -> DemoStep:
        """Keep what passes."""
        config = self._config.filter

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.filtering import FilterOptions, filter_synthetic

            return filter_synthetic(
                config, self._set, self._workspace, name=self._kept, options=FilterOptions(command=command),
                notify=notify,
            )  # fmt: skip

        typed = ["filter", self._set, *departures(config, FilterConfig()), "--name", self._kept]
        purpose = f"What shows no face, or no {self._pair.b} one, or copies a training face, goes."
        return self._step("filter", purpose, typed, work)

    def ssim(self) -> DemoStep:
        """Look for copies, and measure variety."""
        config = self._config.ssim

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.ssim import SsimOptions, ssim

            return ssim(
                config, self._workspace, synthetic=[self._kept], options=SsimOptions(command=command),
                notify=notify,
            )  # fmt: skip

        typed = ["ssim", "--synthetic", self._kept, *departures(config, SsimConfig())]
        purpose = "How similar made faces are to real ones and to each other."
        return self._step("ssim", purpose, typed, work)

    def bench(self) -> DemoStep:
        """Does the classifier gain?"""
        config = self._config.bench

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.bench import bench
            from feraug.workflows.train_options import TrainOptions

            return bench(
                config, self._workspace, synthetic=[self._kept], options=TrainOptions(command=command),
                notify=notify,
            )  # fmt: skip

        classifier = config.classifier
        typed = ["bench", "--classifier", classifier.model, "--synthetic", self._kept]
        typed += ["--repeats", str(config.repeats), "--preset", PRESET]
        typed += departures(classifier, preset_config(classifier.model))
        purpose = "The classifier trained with and without the made faces, on the test split."
        return self._step("bench", purpose, typed, work)

    def report(self) -> DemoStep:
        """All of it on one page."""

        def work(command: str, notify: Notify) -> StepResult:
            from feraug.workflows.report import report

            return report(self._workspace, notify=notify)

        purpose = "All of that on one page, with the pictures."
        return self._step("report", purpose, ["report"], work)
