"""The stream keeps its order and its bounds, whatever the threads do."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from crackscope.inference.pipeline import growing_batches, map_in_order
from tests.helpers.waiting import PATIENCE_S


def _double(item: int, stop: Event) -> int:
    time.sleep((item * 7 % 5) / 2000)  # later items often finish first
    return 2 * item


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    assert list(map_in_order(_double, range(60), threads=threads)) == [2 * item for item in range(60)]


def test_an_empty_stream_gives_nothing() -> None:
    assert list(map_in_order(_double, [], threads=2)) == []


def test_items_are_taken_only_a_little_ahead_of_the_results() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in itertools.count():
            taken += 1
            yield item

    with closing(map_in_order(_double, items(), threads=3)) as results:
        for _ in range(100):
            next(results)
    assert taken <= 100 + 2 * 3


def test_an_exception_of_the_work_is_raised_in_its_place() -> None:
    def fragile(item: int, stop: Event) -> int:
        if item == 5:
            raise ZeroDivisionError("five")
        return item

    results = map_in_order(fragile, range(100), threads=2)
    assert list(itertools.islice(results, 5)) == [0, 1, 2, 3, 4]
    with pytest.raises(ZeroDivisionError, match="five"):
        next(results)


def test_an_exception_of_the_items_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the list broke off")

    with pytest.raises(OSError, match="broke off"):
        list(map_in_order(_double, items(), threads=2))


def test_closing_early_stops_the_threads() -> None:
    before = threading.active_count()
    started = []
    stopped = Event()

    def slow(item: int, stop: Event) -> int:
        started.append(item)
        if item > 0:
            assert stop.wait(timeout=PATIENCE_S)
            stopped.set()
        return item

    results = map_in_order(slow, range(1000), threads=2)
    assert next(results) == 0
    results.close()
    assert stopped.is_set()
    assert len(started) <= 4
    assert threading.active_count() <= before


def test_batches_grow_so_that_few_items_busy_every_thread() -> None:
    sizes = [len(batch) for batch in growing_batches(range(100), threads=3, batch_size=8)]
    assert sizes[:9] == [1, 1, 1, 2, 2, 2, 4, 4, 4]
    assert set(sizes[9:-1]) == {8}
    assert sum(sizes) == 100


@pytest.mark.parametrize("batch_size", [1, 2, 5, 32])
@pytest.mark.parametrize("count", [0, 1, 7, 64])
def test_batches_hold_every_item_once_in_order(count: int, batch_size: int) -> None:
    batches = list(growing_batches(range(count), threads=2, batch_size=batch_size))
    assert [item for batch in batches for item in batch] == list(range(count))
    assert all(1 <= len(batch) <= batch_size for batch in batches)
