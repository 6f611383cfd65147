"""Reads the files named on stdin, one a line, in every way feraug can; forked by ``test_fuzz_hdf5.py``.

A process of its own, because libhdf5 might crash or never return.  Answers each line with a JSON
list of [reader, outcome, text]; the outcome is ``read``, ``refused`` or ``broken``.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from feraug.errors import FeraugError
from feraug.store.dataset import read_dataset
from feraug.store.model import read_model
from feraug.store.reading import read_artifact_header
from feraug.store.synthetic import read_synthetic
from feraug.workflows.info import describe
from feraug.workflows.translators import load_translator

READERS: tuple[Callable[[Path], object], ...] = (
    read_artifact_header,
    read_dataset,
    read_synthetic,
    read_model,
    describe,
    load_translator,
)


def outcome(read: Callable[[Path], object], path: Path) -> tuple[str, str, str]:
    try:
        json.dumps(read(path), default=str, allow_nan=False)
    except FeraugError as problem:
        return read.__name__, "refused", str(problem)
    except BaseException as problem:
        return read.__name__, "broken", f"{type(problem).__name__}: {problem}"
    return read.__name__, "read", ""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (8 * 2**30, 8 * 2**30))  # of what it has and asks for
    warnings.simplefilter("error")
    np.set_printoptions(threshold=1, edgeitems=1)  # to write whole arrays took half of the time
    for line in sys.stdin:
        path = Path(json.loads(line))
        print(json.dumps([outcome(read, path) for read in READERS]), flush=True)
