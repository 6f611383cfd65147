"""Signals during training: which become a request to stop, which stay as they were."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from feraug.workflows.interrupts import stop_on_signal

NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # no SIGHUP on Windows


@contextmanager
def handled_by(number: signal.Signals, handler: Any) -> Iterator[None]:
    earlier = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, earlier)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_a_request_inside_and_what_it_was_outside(number: signal.Signals) -> None:
    came: list[int] = []
    with handled_by(number, lambda number, _: came.append(number)):
        with stop_on_signal() as stop:
            assert not stop
            signal.raise_signal(number)
            assert stop
        assert came == []
        signal.raise_signal(number)
    assert came == [number]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    with handled_by(number, signal.SIG_IGN):
        with stop_on_signal() as stop:
            signal.raise_signal(number)
            assert not stop
        assert signal.getsignal(number) is signal.SIG_IGN


def test_the_second_ctrl_c_interrupts_at_once() -> None:
    with handled_by(signal.SIGINT, signal.default_int_handler), stop_on_signal() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
