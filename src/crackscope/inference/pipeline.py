"""Work on an endless stream of items with several threads: results in order, memory bounded."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Batches per thread that are finished or under way before the caller has taken the first of them: enough
#: for a thread to go on while the batch before it, with larger photos in it, still runs.
_AHEAD_PER_THREAD = 2


def growing_batches(items: Iterable[Item], *, threads: int, batch_size: int) -> Iterator[list[Item]]:
    """Cut a stream into batches: first single items, then twice as many a round, up to ``batch_size``.

    A round is one batch for each thread. So a few items already keep every thread busy, the first results
    come early, and a long stream runs in full batches.
    """
    stream = iter(items)
    size = 1
    for number in itertools.count(1):
        batch = list(itertools.islice(stream, min(size, batch_size)))
        if not batch:
            return
        yield batch
        if number % threads == 0:
            size = min(2 * size, batch_size)


def map_in_order(
    function: Callable[[Item, Event], Result], items: Iterable[Item], *, threads: int
) -> Generator[Result]:
    """``function(item, stop)`` of every item, in the order of the items, computed by threads a little ahead.

    Items are taken only as results are. An exception of ``function`` or of ``items`` is raised in its place.
    Closing the iterator sets ``stop``, drops what has not begun and waits for the rest.
    """
    stop = Event()
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="crackscope")
    try:
        for item in items:
            pending.append(pool.submit(function, item, stop))
            if len(pending) >= _AHEAD_PER_THREAD * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class SharedWorkers:
    """Threads for pieces of several items in work at once; they start with the first piece."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tiles")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of every item, in their order; at most two items per thread ahead of the caller."""
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(self._pool.submit(function, item))
                if len(pending) > _AHEAD_PER_THREAD * self._threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
