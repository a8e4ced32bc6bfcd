"""Futures and waiting that a signal cannot break, and that any thread may take part in.

A signal's handler may raise (``KeyboardInterrupt``) between any two steps of Python code in the main thread. The locks of the
standard library's ``Condition`` are given back by Python code: one Ctrl-C at that moment, and the other threads wait for ever.
What is here waits in C only, where a lock is given back or was never taken.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from pdfbatch.tasks import TaskResult

_POLL_SECONDS = 0.01


class _Condition(threading.Condition):
    """A condition whose ``with`` block calls the lock itself, not Python code that does."""

    # As slots, both names give what was stored in them, without a call.
    __slots__ = ("__enter__", "__exit__")

    def __init__(self) -> None:
        lock: Any = threading.RLock()
        super().__init__(lock)
        self.__enter__ = lock.__enter__  # type: ignore[method-assign]
        self.__exit__ = lock.__exit__  # type: ignore[method-assign]


class TaskFuture(Future[TaskResult]):
    """A future that one thread may use while a signal comes, and another ends it.

    Do not wait for it in a thread that gets signals: add a callback that puts it into a ``SimpleQueue``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._condition = _Condition()


class Latch:
    """An event that happens once. Any thread may wait for it, the one that gets signals, too."""

    def __init__(self) -> None:
        self._queue = SimpleQueue[None]()
        self.is_set: bool = False

    def set(self) -> None:
        """Wake all who wait."""
        self.is_set = True
        self._queue.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most so many seconds, and return whether it happened."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self.is_set:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            try:
                self._queue.get(timeout=left)
            except Empty:
                continue
        self._queue.put(None)  # for the next one
        return True


def wait_until(condition: Callable[[], bool], seconds: float | None = None) -> bool:
    """Wait for something without any lock, at most so many seconds, and return whether it is true."""
    end = math.inf if seconds is None else time.monotonic() + seconds
    while not (is_true := condition()) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return is_true
