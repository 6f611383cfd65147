"""A noise generator's kind finds the set that it made, wherever a set is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feraug.errors import UsageError
from feraug.store.header import Provenance
from feraug.store.synthetic import writing_synthetic
from feraug.store.workspace import Workspace
from feraug.workflows.filter_inputs import synthetic_file
from feraug.workflows.synthetic_sets import synthetic_sets

Feraug = Callable[..., Any]


def made(workspace: Workspace, *names: str) -> None:
    """Sets of three black faces from noise."""
    for name in names:
        provenance = Provenance({}, "test", 0)
        with writing_synthetic(workspace.synthetic(name), 3, provenance, {"sources": []}) as writer:
            images, rows = np.zeros((3, 48, 48), np.uint8), np.full(3, -1)
            writer.append(images, np.full(3, 3, np.uint8), rows=rows, source=0, rounds=np.zeros(3, np.uint16))


def test_a_kind_finds_its_set(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    made(workspace, "wgan-gp-neutral", "dcgan-sad", "dcgan-fear", "mine-all")
    assert workspace.synthetic_set("wgan-gp") == workspace.synthetic("wgan-gp-neutral"), "the only one"
    assert workspace.synthetic_set("wgan-gp.h5") == workspace.synthetic("wgan-gp-neutral")
    made(workspace, "wgan-gp-sad", "wgan-gp-all")
    assert workspace.synthetic_set("wgan-gp") == workspace.synthetic("wgan-gp-all"), "that of all emotions"
    for name in ("r3gan", "mine", "wgan"):
        assert workspace.synthetic_set(name) == workspace.synthetic(name), "no kind, or no set of it"
    made(workspace, "wgan-gp")
    assert workspace.synthetic_set("wgan-gp") == workspace.synthetic("wgan-gp"), "its own name comes first"
    with pytest.raises(UsageError, match=r"called dcgan \(dcgan-fear, dcgan-sad\); name one of them"):
        workspace.synthetic_set("dcgan")


def test_wherever_a_set_is_named(workspace: Workspace) -> None:
    made(workspace, "wgan-gp-neutral", "dcgan-sad", "dcgan-fear")
    found = workspace.synthetic("wgan-gp-neutral")
    assert synthetic_file("wgan-gp", workspace) == found
    assert workspace.source_file(Path("wgan-gp")) == found
    assert workspace.artifact("synthetic/wgan-gp") == workspace.artifact("wgan-gp") == found
    assert [one.path for one in synthetic_sets(workspace, ["wgan-gp"])] == [found]
    assert workspace.dataset_file(Path("wgan-gp")) == Path("wgan-gp"), "a dataset is none"
    assert workspace.artifact("models/wgan-gp") == Path("models/wgan-gp"), "nor is a model"
    shutil.copy(found, workspace.root / "wgan-gp.h5")
    assert workspace.source_file(Path("wgan-gp")) == workspace.root / "wgan-gp.h5", "a file of that name is"
    for named in (
        lambda: synthetic_file("dcgan", workspace),
        lambda: workspace.source_file(Path("dcgan")),
        lambda: workspace.artifact("synthetic/dcgan"),
        lambda: workspace.artifact("dcgan"),
        lambda: synthetic_sets(workspace, ["dcgan"]),
    ):
        with pytest.raises(UsageError, match="dcgan-fear, dcgan-sad"):
            named()


def test_a_model_and_a_set_of_a_kind_are_told_apart(workspace: Workspace) -> None:
    made(workspace, "dcgan-all")
    workspace.model("dcgan-all").parent.mkdir()
    workspace.model("dcgan-all").touch()
    with pytest.raises(UsageError, match=r"dcgan: name one of .*models/dcgan-all\.h5, .*tic/dcgan-all\.h5"):
        workspace.artifact("dcgan")
    assert workspace.artifact("synthetic/dcgan") == workspace.synthetic("dcgan-all")


def test_on_the_command_line(feraug: Feraug, workspace: Workspace, tmp_path: Path) -> None:
    made(workspace, "wgan-gp-all", "wgan-gp-sad")
    root = ("-w", workspace.root)
    assert "3 images made from noise" in feraug("info", "synthetic/wgan-gp", *root).out
    assert feraug("export", "synthetic/wgan-gp", "faces", *root).code == 0
    assert len(list((tmp_path / "faces" / "happy").glob("*.png"))) == 3
    error = feraug("filter", "wgan-gp", "--emotion", "neutral", *root).error
    assert f"{workspace.synthetic('wgan-gp-all')}: nothing in it was made as 'neutral'" in error
