"""Ctrl-C and its like during training: finish the step, save, and then stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Ctrl-C, an end by the system or its scheduler, a terminal that closes (unknown on Windows), and Ctrl-Break
# (known there alone).
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class StopRequest:
    """Becomes true when the user asks to stop."""

    def __init__(self) -> None:
        self.requested = False

    def __bool__(self) -> bool:
        return self.requested


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a request; the second SIGINT interrupts at once.

    A step that is cut in the middle could not be continued exactly.  A signal that is ignored
    stays ignored, as under ``nohup``.  Outside the main thread signals are left alone.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if request.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.requested = True

    earlier = {number: signal.getsignal(number) for number in _minded()}
    for number in earlier:
        signal.signal(number, ask)
    try:
        yield request
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _minded() -> list[signal.Signals]:
    """The signals that stop a training here; not those ignored, nor those a handler in C takes (None)."""
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) not in (signal.SIG_IGN, None)]
