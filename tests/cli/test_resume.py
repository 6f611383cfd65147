"""``--resume`` where nothing names the run: the only unfinished one of its kind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import h5py
import numpy as np
import pytest

from feraug.store.model import read_model
from feraug.store.workspace import Workspace
from feraug.training import fit, fit_classifier

Feraug = Callable[..., Any]


@pytest.mark.parametrize(
    ("model", "domains"),
    [
        ("weighted", ("--pair", "neutral:sad")),
        ("stargan", ("--emotion", "neutral", "--emotion", "happy")),
        ("dcgan", ("--emotion", "sad")),
        ("simple", ("--name", "mine")),
    ],
)
def test_resume_alone_takes_the_only_unfinished_run_of_its_kind(
    feraug: Feraug,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    domains: tuple[str, ...],
) -> None:
    def cut_short(run: Any, *arguments: Any, **settings: Any) -> Any:
        yield next(run(*arguments, **settings))
        raise KeyboardInterrupt

    small = ("--width", "0.05") if model == "simple" else ("--base-channels", "2")
    small = (*small, "--batch-size", "4", "--steps", "3", "--checkpoint-every", "0s")
    again, root = ("train", model, "--resume", "-w", workspace.root), ("-w", workspace.root)
    (usual,) = re.findall(rf"{re.escape(str(workspace.root))}/models/\S+\.h5", feraug(*again).error)
    of_gan, of_classifier = (
        "feraug.workflows.training_run.fit",
        "feraug.workflows.classifier_run.fit_classifier",
    )
    with monkeypatch.context() as patch:
        patch.setattr(of_gan, partial(cut_short, fit))
        patch.setattr(of_classifier, partial(cut_short, fit_classifier))
        assert feraug("train", model, *domains, *small, "--seed", "5", *root).code == 130
        assert feraug("train", model, *domains, *small, "--name", "other", *root).code == 130
    (name,) = [path.stem for path in workspace.models() if path.stem != "other"]
    both = ", ".join(sorted((name, "other")))
    assert f"several runs of {model} are unfinished ({both}); name one with --name" in feraug(*again).error
    workspace.model("other").unlink()
    ran = feraug(*again)
    assert ran.code == 0
    assert f"--resume: {name} is the only unfinished run of {model}" in ran.err
    assert "going on from step 1 of 3" in ran.err
    assert f"{name}.h5 (step 3 of 3)" in ran.out
    assert read_model(workspace.model(name)).header.provenance.config["seed"] == 5
    assert f"{usual}: nothing to resume (finished: {name}); train without --resume" in feraug(*again).error
    shutil.move(workspace.model(name), usual)
    assert "already done" in feraug(*again).out, "as that of the defaults is"


def test_resume_goes_on_with_what_a_training_can_go_on_with(
    feraug: Feraug, trained: Workspace, tiny: tuple[str, ...]
) -> None:
    usual = trained.model("cyclegan-neutral-happy")
    again = ("train", "cyclegan", "--resume", "-w", trained.root)
    trained.model("broken").write_bytes(b"not one of feraug's")
    for name, facts in {"weights": {"weights_only": True}, "begun": {}}.items():
        shutil.copy(usual, trained.model(name))
        with h5py.File(trained.model(name), "r+") as file:
            kept = {**json.loads(file.attrs["facts"]), "finished": False, **facts}
            file.attrs["facts"] = np.bytes_(json.dumps(kept))
        if name == "weights":
            assert "already done" in feraug(*again).out, "from weights alone no training goes on"
    assert "begun is the only unfinished run" in feraug(*again).err, "and the usual one is finished"
    shutil.copy(trained.model("begun"), usual)
    assert "begun" not in feraug(*again).err, "the usual one comes first where it is not"
