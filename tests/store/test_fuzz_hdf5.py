"""Damaged bytes: each mutated artifact either reads or is refused in one line that names the file.

h5py's own texts of variable length made libhdf5 2.0 loop for ever on one file in fifty of these, until
feraug wrote texts of fixed length: hence the process of its own and the time limit.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.forked import Forked, start
from tests.store import read_files

SECONDS = 120
"""Longer than any honest reading takes on a busy machine."""

Mutation = tuple[str, float, bytes, int]

mutations = st.lists(
    st.tuples(
        st.sampled_from(["flip", "overwrite", "insert", "remove", "zero", "copy", "truncate"]),
        st.floats(0, 1, exclude_max=True),  # where: a share of the interesting bytes
        st.binary(min_size=1, max_size=16),
        st.sampled_from([1, 2, 4, 8, 40, 512]),
    ),
    min_size=1,
    max_size=5,
)


class Reader:
    """The process that reads; started anew after it has died."""

    def __init__(self) -> None:
        self._process: Forked | None = None

    def __call__(self, path: Path) -> list[tuple[str, str, str]]:
        if self._process is None:
            self._start()
        self._questions.write(json.dumps(str(path)) + "\n")
        self._questions.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            in_time = selector.select(SECONDS)
        answer = self._answers.readline() if in_time else ""
        if not answer:
            self.close()
            pytest.fail(f"reading {'crashed' if in_time else 'hangs'}: {path.read_bytes()!r}"[:2000])
        found: list[tuple[str, str, str]] = json.loads(answer)
        return found

    def close(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._questions.close()
            self._answers.close()
            self._process = None

    def _start(self) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()

        def answer() -> None:
            os.dup2(theirs_in, 0)
            os.dup2(theirs_out, 1)
            for end in (theirs_in, theirs_out, ours_in, ours_out):
                os.close(end)
            sys.stdin = os.fdopen(0, closefd=False)
            read_files.main()

        self._process = start(command=answer)
        os.close(theirs_in)
        os.close(theirs_out)
        self._questions, self._answers = os.fdopen(ours_out, "w"), os.fdopen(ours_in)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reading = Reader()
    yield reading
    reading.close()


@pytest.fixture(scope="module")
def whole_files(
    tmp_path_factory: pytest.TempPathFactory,
    make_dataset: Callable[..., Path],
    make_synthetic: Callable[..., Path],
    tiny_translator: Path,
) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return {
        "dataset": make_dataset(folder / "d.h5", 2).read_bytes(),
        "synthetic": make_synthetic(folder / "s.h5", 2).read_bytes(),
        "model": tiny_translator.read_bytes(),
    }


def mutated(data: bytes, changes: list[Mutation]) -> bytes:
    """Mostly bytes that say something are changed: long runs of zeros are left alone."""
    telling = np.flatnonzero(np.frombuffer(data, np.uint8))
    # The images of a dataset are many and harmless: half of the changes go into the first bytes.
    head = telling[telling < 8192]
    changed = bytearray(data)
    for kind, share, raw, length in changes:
        places = head if length % 3 else telling
        place = min(int(places[int(share * len(places))]), len(changed))
        end = place + length
        match kind:
            case "flip":
                changed[place:end] = bytes(byte ^ raw[0] for byte in changed[place:end])
            case "overwrite":
                changed[place : place + len(raw)] = raw
            case "insert":
                changed[place:place] = raw * length
            case "remove":
                del changed[place:end]
            case "zero":
                changed[place:end] = bytes(length)
            case "copy":
                changed[place:end] = data[int(share * len(data)) :][:length]
            case "truncate":
                del changed[place:]
    return bytes(changed)


def check(outcomes: list[tuple[str, str, str]], path: Path) -> None:
    for reader, outcome, text in outcomes:
        assert outcome in ("read", "refused"), f"{reader}: {text}"
        if outcome == "refused":
            assert text.startswith(f"{path}"), f"{reader}: {text}"
            assert text.isprintable(), f"{reader}: {text}"


@pytest.mark.parametrize(("kind", "files"), [("dataset", 60), ("synthetic", 60), ("model", 30)])
def test_mutated_bytes_are_read_or_refused(
    kind: str, files: int, whole_files: dict[str, bytes], reader: Reader, tmp_path: Path
) -> None:
    path = tmp_path / f"{kind}.h5"
    refused = 0

    @settings(
        max_examples=files,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutations)
    def attack(changes: list[Mutation]) -> None:
        nonlocal refused
        path.write_bytes(mutated(whole_files[kind], changes))
        outcomes = reader(path)
        check(outcomes, path)
        refused += {name: outcome for name, outcome, _ in outcomes}[f"read_{kind}"] == "refused"

    attack()
    assert refused > files // 4  # the mutations do damage


def test_whole_files_are_read(whole_files: dict[str, bytes], reader: Reader, tmp_path: Path) -> None:
    fitting = {
        "dataset": {"read_dataset"},
        "synthetic": {"read_synthetic"},
        "model": {"read_model", "load_translator"},
    }
    for kind, data in whole_files.items():
        path = tmp_path / f"{kind}.h5"
        path.write_bytes(data)
        read = {name for name, outcome, _ in reader(path) if outcome == "read"}
        assert read == fitting[kind] | {"read_artifact_header", "describe"}


values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda raw: np.bytes_(raw.rstrip(b"\0") or b"x")),
    st.lists(st.integers(0, 9), max_size=3).map(lambda numbers: np.array(numbers, np.int64)),
)
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", ["dataset", "synthetic", "model"])
def test_replaced_attributes_are_read_or_refused(
    kind: str, whole_files: dict[str, bytes], reader: Reader, tmp_path: Path
) -> None:
    path = tmp_path / f"{kind}.h5"
    path.write_bytes(whole_files[kind])
    with h5py.File(path) as file:
        texts = {name: json.loads(bytes(file.attrs[name])) for name in ("config", "inputs", "facts")}

    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(st.sampled_from(["encoding-type", "encoding-version", "command", "seed", *texts]), values)
    def replace(key: str, value: Any) -> None:
        path.write_bytes(whole_files[kind])
        with h5py.File(path, "r+") as file:
            try:
                file.attrs[key] = value
            except (ValueError, UnicodeError):  # a text with NUL or with half a character
                return
        check(reader(path), path)

    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(st.data(), json_values)
    def replace_within(data: st.DataObject, value: Any) -> None:
        key = data.draw(st.sampled_from([key for key, known in texts.items() if known]))
        inner = data.draw(st.sampled_from(sorted(texts[key])))
        text = json.dumps(texts[key] | {inner: value}).encode()
        path.write_bytes(whole_files[kind])
        with h5py.File(path, "r+") as file:
            file.attrs.create(key, np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
        check(reader(path), path)

    replace()
    replace_within()
