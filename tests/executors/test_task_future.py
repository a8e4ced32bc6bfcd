"""Futures that a signal cannot leave locked: an interrupt at each step at which Python looks for signals."""

import gc
import itertools
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType

import pytest

from pdfbatch.executors.task_future import Latch, TaskFuture, wait_until
from pdfbatch.tasks import TaskResult

RESULT = TaskResult()


def interrupt_at(step: int, action: Callable[[], object]) -> bool:
    """Raise ``KeyboardInterrupt`` at the so manieth step of an action, and return whether there was one.

    Steps are the starts of Python functions and the ends of C functions, where Python runs the handlers of signals. No
    garbage is collected meanwhile: the finalisers of what other tests left would be steps, too.
    """
    left = step

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event in {"call", "c_return"}:
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    gc.disable()
    sys.setprofile(profile)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(None)
        gc.enable()
    return False


def can_be_ended(future: Future[TaskResult]) -> bool:
    """Return whether another thread can end a future."""
    thread = threading.Thread(target=future.set_result, args=(RESULT,), daemon=True)
    thread.start()
    thread.join(0.5)
    return not thread.is_alive()


def count_stuck(make: Callable[[], Future[TaskResult]]) -> tuple[int, int]:
    """Return the number of steps of adding a callback, and after how many of them a future could no longer be ended."""
    stuck = 0
    for step in itertools.count(1):
        future = make()
        was_interrupted = interrupt_at(step, lambda future=future: future.add_done_callback(lambda _: None))  # type: ignore[misc]
        stuck += not can_be_ended(future)
        if not was_interrupted:
            return step, stuck
    raise AssertionError


def test_an_interrupt_at_no_step_keeps_a_future_from_its_end() -> None:
    steps, stuck = count_stuck(TaskFuture)
    assert steps > 2
    assert stuck == 0


def test_it_does_with_the_futures_of_the_standard_library() -> None:
    assert count_stuck(Future)[1] > 0


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_latch_wakes_all_who_wait(seconds: float | None) -> None:
    latch, woken = Latch(), list[bool]()
    threads = [threading.Thread(target=lambda: woken.append(latch.wait(seconds))) for _ in range(3)]
    for thread in threads:
        thread.start()
    latch.set()
    for thread in threads:
        thread.join(30)
    assert woken == [True] * 3
    assert latch.wait(0)


def test_waiting_ends_in_time() -> None:
    assert not Latch().wait(0.01)
    assert not wait_until(lambda: False, 0.01)
