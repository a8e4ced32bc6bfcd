"""Base class of pools: what the end of a ``with`` block does to them.

At a normal end the pool is shut down, which waits for the submitted tasks. After an exception, or when Ctrl-C interrupts the
waiting, it is terminated. In a process that was forked while the pool was open nothing is done: it belongs to the other one.
"""

import os
from abc import ABC, abstractmethod
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.executors.task_results import cancel, make_foreign_future
from pdfbatch.tasks import TaskResult


class PoolContext(ABC):
    """The context manager of a pool. It can be left twice if ``_shutdown`` and ``_terminate`` can be called twice.

    ``_shutdown`` and ``_terminate`` are called in any thread, by the garbage collector also in one of the pool's own.
    """

    kills = False

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._is_closed = False

    @property
    def is_foreign(self) -> bool:
        """Whether this process was forked from the one that started the pool: its threads and workers are not here."""
        return os.getpid() != self._owner

    def refuse(self) -> Future[TaskResult] | None:
        """Return the future of a task that comes too late, or in a forked process; ``None`` while the pool takes tasks."""
        if self.is_foreign:
            return make_foreign_future()
        if not self._is_closed:
            return None
        future = TaskFuture()
        cancel(future)
        return future

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Shut the pool down, or terminate it after an exception."""
        if self.is_foreign:
            return
        if kind is not None:
            self._terminate()
            return
        try:
            self._shutdown()
        except BaseException:  # Ctrl-C while waiting
            self._terminate()
            raise

    @abstractmethod
    def _shutdown(self) -> None:
        """Wait for the submitted tasks, then release everything."""

    @abstractmethod
    def _terminate(self) -> None:
        """Cancel tasks that have not started, stop running ones where that is possible, then release everything."""
