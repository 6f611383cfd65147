"""Work on many items in several threads, for numpy and compiled code, which let others run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from feraug.config.values import whole
from feraug.cores import available_cores

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def in_threads(
    work: Callable[[ItemT], ResultT], items: Iterable[ItemT], threads: int | None = None
) -> Iterator[ResultT]:
    """The results of ``work`` on each item as they come, from several threads (None: one a core).

    Items are taken as they are needed.  When the caller stops, by Ctrl-C or an error, what has not
    begun never will.
    """
    count = available_cores() if threads is None else whole("threads", threads, 1)
    if count == 1:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(count)
    running: set[Future[ResultT]] = set()
    try:
        for item in items:
            running.add(pool.submit(work, item))
            if len(running) >= 2 * count:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(cancel_futures=True)
