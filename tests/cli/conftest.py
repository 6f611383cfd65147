"""The command line, run in this process, and a workspace with a tiny trained model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from feraug.cli.main import main
from feraug.config import TranslatorConfig
from feraug.store.workspace import Workspace

TINY = (
    *("--base-channels", "1", "--residual-blocks", "0", "--discriminator-channels", "1"),
    *("--batch-size", "2", "--steps", "2", "--image-history", "2"),
)
"""Options of a training that takes no time."""


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of a failure, without ``error: ``; nothing else may have been printed."""
        assert self.code in (1, 2), self
        assert self.err.startswith("error: "), self
        assert self.err.endswith("\n"), self
        assert self.err.count("\n") == 1, self
        assert self.out == "", self
        return self.err.removeprefix("error: ").removesuffix("\n")


Feraug = Callable[..., Ran]


@pytest.fixture
def feraug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Feraug:
    """Run ``feraug ARGUMENTS`` in ``tmp_path``, where ``artifacts`` is the workspace."""
    monkeypatch.chdir(tmp_path)
    for name in ("FERAUG_WORKSPACE", "FERAUG_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr("sys.argv", ["feraug", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Ran(caught.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Options of a training that takes no time."""
    return TINY


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory, drawn_dataset: Path) -> Path:
    from feraug.workflows.train import train_translator

    workspace = Workspace(tmp_path_factory.mktemp("trained"))
    shutil.copy(drawn_dataset, workspace.dataset())
    config = TranslatorConfig(
        base_channels=1, residual_blocks=0, discriminator_channels=1, batch_size=2, steps=2, image_history=2
    )
    train_translator(config, workspace)
    return workspace.root


@pytest.fixture
def trained(workspace: Workspace, trained_once: Path) -> Workspace:
    """A fresh workspace that holds the drawn dataset and a trained cyclegan-neutral-happy."""
    shutil.copytree(trained_once / "models", workspace.root / "models")
    return workspace
