"""What other threads ask of the supervisor: all that they share with it."""

import os
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum

from pdfbatch.errors import PoolBrokenError
from pdfbatch.executors.task_results import cancel, fail
from pdfbatch.tasks import Task, TaskResult


@dataclass(slots=True, eq=False)
class WorkItem:
    """A task and its future, on their way.

    ``begun``: the future can no longer be cancelled. ``suspected``: it was next when a worker was lost on no known task.
    """

    number: int
    task: Task
    future: Future[TaskResult] = field(default_factory=Future[TaskResult])
    begun: bool = False
    suspected: bool = False


class Command(Enum):
    """What the pool's holder wants of it."""

    GO_ON = 1
    FINISH = 2
    STOP = 3


class CommandQueue:
    """Tasks that were submitted and not yet seen, and whether to finish or stop.

    Wakes the supervisor through a pipe: for a wish, and for a task when tasks are wanted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs = deque[WorkItem]()
        self._count = 0
        self._wish = Command.GO_ON
        self._closed = False
        self._broken = ""
        self._wanted = True
        self._awake = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    # --- for any thread -------------------------------------------------------------------------------------------

    def put(self, task: Task) -> Future[TaskResult]:
        """Hand a task in. The future has ended already when nobody will do the task any more."""
        with self._lock:
            self._count += 1
            job = WorkItem(self._count, task)
            refused = self._closed or self._wish is not Command.GO_ON
            if not refused:
                self._jobs.append(job)
                if self._wanted:
                    self._wake()
        if refused:
            self._refuse(job)
        return job.future

    def _refuse(self, job: WorkItem) -> None:
        if self._broken:
            fail(job.future, PoolBrokenError(self._broken))
        else:
            cancel(job.future)

    def ask(self, wish: Command) -> None:
        """Ask to finish or to stop; a wish to stop is not taken back."""
        with self._lock:
            if not self._closed and self._wish is not Command.STOP:
                self._wish = wish
                self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            os.write(self._writer, b"\0")

    # --- for the supervisor ---------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """What to wait on."""
        return self._reader

    @property
    def wish(self) -> Command:
        """What is wanted now."""
        return self._wish

    def take(self) -> deque[WorkItem]:
        """All that has come in since the last time."""
        if not (self._jobs or self._awake):
            return _NOTHING
        with self._lock:
            if self._awake:
                os.read(self._reader, 1)
                self._awake = False
            jobs, self._jobs = self._jobs, deque[WorkItem]()
            return jobs

    def want(self, wanted: bool) -> None:
        """Whether the next task is to wake the supervisor; else it is seen at the next turn, whatever that is for."""
        with self._lock:
            self._wanted = wanted
            if wanted and self._jobs:
                self._wake()

    def close(self, broken: str) -> deque[WorkItem]:
        """Take no more, because the pool was left or is broken (``broken`` says why); what nobody has taken."""
        with self._lock:
            self._closed = True
            self._broken = broken
            os.close(self._reader)
            os.close(self._writer)
            jobs, self._jobs = self._jobs, _NOTHING
            return jobs


_NOTHING = deque[WorkItem](maxlen=0)
