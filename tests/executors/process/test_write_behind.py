"""The last step of tasks, in threads."""

import threading
from functools import partial
from pathlib import Path

import pytest

from pdfbatch.executors.process.write_behind import MAX_PENDING, WriteBehind


def create_write_behind(waits: list[int]) -> tuple[WriteBehind, threading.Semaphore]:
    done = threading.Semaphore(0)
    return WriteBehind(waits.append, done.release), done


def wait_for_event(go: threading.Event) -> None:
    assert go.wait(60)


def wait_and_raise(go: threading.Event) -> None:
    wait_for_event(go)
    raise IndexError


def test_steps_that_have_not_ended_are_pending_the_oldest_first() -> None:
    go = threading.Event()
    writes, done = create_write_behind([])
    for number in (3, 1, 2):
        writes.put(number, partial(wait_for_event, go))
    assert writes.list_pending() == [3, 1, 2]
    go.set()
    assert all(done.acquire(timeout=60) for _ in range(3))
    assert writes.list_pending() == []


def test_one_step_too_many_waits_for_the_oldest_and_says_so() -> None:
    waits: list[int] = []
    go = threading.Event()
    writes, _ = create_write_behind(waits)
    writes.put(0, partial(wait_for_event, go))
    for number in range(1, MAX_PENDING):
        writes.put(number, partial(wait_for_event, go))
    assert waits == []
    threading.Timer(0.05, go.set).start()
    writes.put(MAX_PENDING, lambda: None)
    assert waits == [0]


def test_what_a_step_raised_is_raised_by_the_next_call() -> None:
    writes, done = create_write_behind([])
    go = threading.Event()
    writes.put(1, partial(wait_and_raise, go))
    go.set()
    assert done.acquire(timeout=60)
    with pytest.raises(IndexError):
        writes.list_pending()


def test_draining_stops_in_time() -> None:
    go = threading.Event()
    writes, done = create_write_behind([])
    writes.put(1, partial(wait_for_event, go))
    writes.drain(0.01)
    assert writes.list_pending() == [1]
    go.set()
    assert done.acquire(timeout=60)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_its_threads_reserve_little_memory() -> None:
    go = threading.Event()
    writes, _ = create_write_behind([])
    before = read_reserved_bytes()
    for number in range(MAX_PENDING):
        writes.put(number, partial(wait_for_event, go))
    grown = read_reserved_bytes() - before
    go.set()
    assert grown < MAX_PENDING * (4 << 20)


def read_reserved_bytes() -> int:
    lines = Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
