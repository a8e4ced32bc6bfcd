"""What is left of tasks, in threads."""

import threading
from functools import partial
from pathlib import Path

import pytest

from pdfbatch.executors.process.write_behind import AHEAD, WriteBehind


def finisher_of(on: list[int]) -> tuple[WriteBehind, threading.Semaphore]:
    ended = threading.Semaphore(0)
    return WriteBehind(on.append, ended.release), ended


def held(go: threading.Event) -> None:
    assert go.wait(60)


def broken(go: threading.Event) -> None:
    held(go)
    raise IndexError


def test_what_has_not_ended_is_waiting_the_oldest_first() -> None:
    go = threading.Event()
    finisher, ended = finisher_of([])
    for number in (3, 1, 2):
        finisher.put(number, partial(held, go))
    assert finisher.waiting() == [3, 1, 2]
    go.set()
    assert all(ended.acquire(timeout=60) for _ in range(3))
    assert finisher.waiting() == []


def test_one_too_many_waits_for_the_oldest_and_says_so() -> None:
    heard: list[int] = []
    go = threading.Event()
    finisher, _ = finisher_of(heard)
    finisher.put(0, partial(held, go))
    for number in range(1, AHEAD):
        finisher.put(number, partial(held, go))
    assert heard == []
    threading.Timer(0.05, go.set).start()
    finisher.put(AHEAD, lambda: None)
    assert heard == [0]


def test_what_one_raised_is_raised_by_the_next_look() -> None:
    finisher, ended = finisher_of([])
    go = threading.Event()
    finisher.put(1, partial(broken, go))
    go.set()
    assert ended.acquire(timeout=60)
    with pytest.raises(IndexError):
        finisher.waiting()


def test_draining_gives_up_in_time() -> None:
    go = threading.Event()
    finisher, ended = finisher_of([])
    finisher.put(1, partial(held, go))
    finisher.drain(0.01)
    assert finisher.waiting() == [1]
    go.set()
    assert ended.acquire(timeout=60)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_its_threads_reserve_little_memory() -> None:
    go = threading.Event()
    finisher, _ = finisher_of([])
    before = reserved_bytes()
    for number in range(AHEAD):
        finisher.put(number, partial(held, go))
    grown = reserved_bytes() - before
    go.set()
    assert grown < AHEAD * (4 << 20)


def reserved_bytes() -> int:
    lines = Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
