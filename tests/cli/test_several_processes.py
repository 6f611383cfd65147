"""Several processes, on gloo: torchrun and --devices; the first alone writes and speaks."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lightning_fabric.strategies.launchers import subprocess_script
from tests.forked import start, start_two
from tests.training import ranks

from feraug.cli.main import main
from feraug.store.model import read_model
from feraug.store.synthetic import read_synthetic
from feraug.store.workspace import Workspace

Feraug = Callable[..., Any]
ROOT = Path(__file__).parents[2]
SETTINGS = (
    *("--base-channels", "2", "--residual-blocks", "1", "--discriminator-channels", "2"),
    *("--batch-size", "4", "--steps", "6", "--image-history", "3", "--augment"),
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # torchrun of this Python
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "PATH": path}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, env=environment, check=False
    )


def as_module() -> None:
    """``python -m feraug`` in a process that has been forked: Fabric starts the others in the same way."""
    sys.modules["__main__"].__spec__ = importlib.util.find_spec("feraug.__main__")
    main()


def histories(path: Path) -> dict[str, np.ndarray]:
    return {name: values for name, values in read_model(path).arrays.items() if name.startswith("history/")}


def assert_same_training(first: Path, second: Path) -> None:
    """The same loss curve: 1e-4 beside losses around 1, where rounding gives about 1e-6."""
    one, two = histories(first), histories(second)
    assert one.keys() == two.keys() and one
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=0, atol=1e-4, err_msg=name)
    whole, shared = read_model(first), read_model(second)
    for name, values in whole.arrays.items():
        if name.startswith(("networks/", "ema/", "image_history/")):
            np.testing.assert_allclose(values, shared.arrays[name], rtol=0, atol=1e-4, err_msg=name)
    assert whole.header.provenance.config == shared.header.provenance.config


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_two_processes_of_the_example_with_half_the_batch_train_as_one(
    workspace: Workspace, feraug: Feraug
) -> None:
    settings = (*SETTINGS, "-w", workspace.root, "--json")
    assert feraug("train", "weighted", *settings, "--name", "one").code == 0
    two = run("sh", ROOT / "examples" / "torchrun.sh", *settings, "--name", "two")
    assert two.returncode == 0, two.stderr
    assert json.loads(two.stdout)["path"] == str(workspace.model("two")), "one JSON object, from the first"
    assert two.stderr.count("saved checkpoint") == 1
    assert "deprecated" not in two.stderr
    assert_same_training(workspace.model("one"), workspace.model("two"))


def test_the_images_that_two_processes_make_are_those_of_one(trained: Workspace, feraug: Feraug) -> None:
    synth = ("synth", "--pair", "neutral:happy", "-n", "45", "--batch-size", "8", "-w", trained.root)
    assert feraug(*synth, "--name", "alone").code == 0
    processes = start_two(*synth, "--name", "shared")
    (out, err), (other_out, other_err) = (process.communicate() for process in processes)
    assert [process.returncode for process in processes] == [0, 0], err + other_err
    assert (out + other_out).count("wrote: ") == 1
    assert "deprecated" not in err + other_err
    first, second = (read_synthetic(trained.synthetic(name)) for name in ("alone", "shared"))
    assert abs(first.images.astype(int) - second.images.astype(int)).max() <= 1
    assert np.array_equal(first.origin_row, second.origin_row)
    assert np.array_equal(first.origin_round, second.origin_round)


def test_devices_starts_the_other_processes_itself(workspace: Workspace, feraug: Feraug) -> None:
    train = ("train", "wasserstein", *SETTINGS[:-3], "-w", workspace.root)
    assert feraug(*train, "--name", "one").code == 0
    two = start(*train, "--name", "two", "--devices", "2", command=as_module)
    out, err = two.communicate()
    assert two.returncode == 0, err
    assert out.count("wrote: ") == 1
    assert_same_training(workspace.model("one"), workspace.model("two"))


def test_a_classifier_tells_in_how_many_processes_it_was_trained(workspace: Workspace) -> None:
    """Each had batch norm and dropout of its own, so it is no repeat of a benchmark."""
    train = ("train", "simple", "--steps", "2", "--width", "0.1", "-w", str(workspace.root))
    processes = start_two(*train)
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "".join(told)
    assert read_model(workspace.model("simple"), ()).header.extra["processes"] == 2


def test_weights_are_identical_in_both_processes_with_batch_statistics_too() -> None:
    first, second = start_two("dcgan", "wgan-gp", "r3gan", command=ranks.main)
    (out, err), (other_out, other_err) = first.communicate(), second.communicate()
    assert (first.returncode, second.returncode) == (0, 0), out + err + other_out + other_err
    assert [line.split(":")[0] for line in out.splitlines()] == ["dcgan", "wgan-gp", "r3gan"]
    assert not other_out


def test_a_failure_is_told_once_and_nobody_waits(workspace: Workspace) -> None:
    workspace.dataset().write_bytes(b"no artifact")
    processes = start_two("train", "cyclegan", "-w", str(workspace.root))
    told = "".join(process.communicate()[1] for process in processes)
    assert [process.returncode for process in processes] == [1, 1]
    assert "dataset.h5: not an HDF5 file" in told
    assert told.count("error: ") == 1
    assert not workspace.models()


def test_a_signal_stops_both_processes_once_the_first_has_saved(workspace: Workspace) -> None:
    settings = (*SETTINGS[:-5], "--batch-size", "4", "--steps", "100000", "--checkpoint-every", "0s")
    processes = start_two("train", "cyclegan", *settings, "-w", str(workspace.root))
    path = workspace.model("cyclegan-neutral-happy")
    until = time.monotonic() + 120
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    for process in processes:
        process.send_signal(signal.SIGINT)
    told = [process.communicate()[1] for process in processes]
    # Where --devices started the second, Fabric kills the first as soon as the second ends with a code.
    assert [process.returncode for process in processes] == [130, 0], "".join(told)
    assert "".join(told).count("interrupted; saved. The same command goes on from here") == 1
    assert not read_model(path, ()).finished and not list(path.parent.glob("*.partial"))


def test_a_stopped_benchmark_leaves_no_process_to_train_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("bench", "--classifier", "simple", "--arm", "real", "--arm", "mixup", "--repeats", "2")
    small = ("--width", "0.05", "--steps", "20000", "--batch-size", "16", "--checkpoint-every", "0s")
    reader, writer = os.pipe()

    def told_in_a_pipe() -> None:
        os.dup2(writer, 2)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        as_module()

    # The other is forked as well, for it would import torch for seconds: that Fabric starts a real one is
    # seen above.
    def fork(words: list[str], env: dict[str, str], cwd: None) -> object:
        assert words[:3] == [sys.executable, "-m", "feraug.__main__"]
        return start(*words[3:], environment=env, command=told_in_a_pipe)

    forking = SimpleNamespace(**{**vars(subprocess), "Popen": fork})
    monkeypatch.setattr(subprocess_script, "subprocess", forking)
    process = start(*command, *small, "--devices", "2", "-w", workspace.root, command=told_in_a_pipe)
    os.close(writer)
    folder = workspace.root / "bench" / "simple"
    until = time.monotonic() + 120
    while len(list(folder.glob("[!.]*.checkpoint.h5"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)  # to the first alone, as a scheduler may
    assert process.wait() == 130
    err, until = b"", time.monotonic() + 120
    with os.fdopen(reader, "rb", buffering=0) as stream:
        while (left := until - time.monotonic()) > 0 and select.select([stream], [], [], left)[0]:
            if not (more := stream.read(65536)):
                break
            err += more
    assert time.monotonic() < until, "the other has not closed its stderr: it trains on"
    assert "interrupted; saved" in err.decode()
    assert len(list(folder.glob("[!.]*.checkpoint.h5"))) == 2
