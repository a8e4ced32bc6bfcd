"""Tasks and commands that other threads hand to the supervisor: all state that they share with it."""

import os
import threading
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from pdfbatch.errors import PoolBrokenError
from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.executors.task_results import cancel, set_exception
from pdfbatch.tasks import Task, TaskResult


@dataclass(slots=True, eq=False)
class WorkItem:
    """A submitted task and its future.

    ``is_started``: it was sent to a worker once, so its future can no longer be cancelled. ``is_suspect``: it was first in
    line when a worker was lost without saying on which task. ``return_count`` is how often a worker gave it back.
    ``is_unwanted``: its holder wants it stopped.
    """

    number: int
    task: Task
    future: TaskFuture = field(default_factory=TaskFuture)
    is_started: bool = False
    is_suspect: bool = False
    return_count: int = 0
    is_unwanted: bool = False


class Command(Enum):
    """What the pool's holder wants of the supervisor."""

    RUN = 1
    SHUTDOWN = 2
    TERMINATE = 3


class CommandQueue:
    """The submitted tasks that the supervisor has not taken yet, and the current command.

    Wakes the supervisor through a pipe: for every command, and for a task if ``set_notify`` asked for that. A supervisor
    whose workers are all busy need not be woken for each task; it finds them when it next runs for another reason.
    ``is_lost`` says that the host has closed the pipe, ``unwanted`` which tasks were to be stopped at the last ``take_all``.
    """

    def __init__(self) -> None:
        # Reentrant: the garbage collector may end a forgotten pool in any thread, also in the supervisor's while it is here.
        self._lock = threading.RLock()
        self._items = deque[WorkItem]()
        self._unwanted: set[Future[TaskResult]] = set()
        self.unwanted: Collection[Future[TaskResult]] = ()
        self._count = 0
        self._command = Command.RUN
        self._is_closed = False
        self._error = ""
        self._notifies = True
        self._is_woken = False
        self.is_lost: bool = False
        self._reader, self._writer = os.pipe()
        self._identity = os.fstat(self._writer).st_ino
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    # --- for any thread -------------------------------------------------------------------------------------------

    def put(self, task: Task) -> TaskFuture:
        """Add a task and return its future. That has ended already if the pool was left or is broken."""
        with self._lock:
            self._count += 1
            item = WorkItem(self._count, task)
            if self._notifies and not self._is_closed:
                self._check_pipe()
            is_refused = self._is_closed or self._command is not Command.RUN
            if not is_refused:
                self._items.append(item)
                if self._notifies:
                    self._wake()
        # Outside the lock, because ending a future runs its callbacks, which may submit again.
        if is_refused and self._error:
            set_exception(item.future, PoolBrokenError(self._error))
        elif is_refused:
            cancel(item.future)
        return item.future

    def request(self, command: Command) -> None:
        """Set the current command and wake the supervisor. ``TERMINATE`` cannot be taken back.

        Said again, it wakes once more: a signal may have come between the two steps of the first time.
        """
        with self._lock:
            if not self._is_closed:
                if self._command is not Command.TERMINATE:
                    self._command = command
                self._check_pipe()
                self._wake()

    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        """Ask for the end of the tasks with these futures, and wake the supervisor."""
        with self._lock:
            if not self._is_closed:
                self._unwanted.update(futures)
                self._check_pipe()
                self._wake()

    def _check_pipe(self) -> None:
        """Accept no more tasks when the pipe is no longer ours: a host may close all descriptors, and open its own."""
        try:
            self.is_lost = os.fstat(self._writer).st_ino != self._identity
        except OSError:
            self.is_lost = True
        if self.is_lost:
            self._is_closed = True
            self._error = "the program has closed the descriptors of the pool"

    def _wake(self) -> None:
        if not self._is_woken:
            # A signal may come between the two: then it is woken twice, which is better than never.
            if not self.is_lost:
                os.write(self._writer, b"\0")
            self._is_woken = True

    # --- for the supervisor ---------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the supervisor is woken."""
        return self._reader

    @property
    def command(self) -> Command:
        """The current command."""
        return self._command

    def take_all(self) -> deque[WorkItem]:
        """Remove and return the tasks that were added since the last call, and note in ``unwanted`` which are to be stopped."""
        # Without the lock, as this is called at every turn: a task added after this look is found by set_notify.
        if not (self._items or self._is_woken):
            return _NO_ITEMS
        with self._lock:
            self._is_woken = False
            with suppress(OSError):  # nothing is there
                os.read(self._reader, _WAKES)
            self.unwanted, self._unwanted = self._unwanted, set()
            items, self._items = self._items, deque[WorkItem]()
            return items

    def set_notify(self, notifies: bool) -> None:
        """Choose whether the next task wakes the supervisor. If so, and tasks are there already, wake it at once."""
        with self._lock:
            self._notifies = notifies
            if notifies and self._items:
                self._wake()

    def close(self, error: str) -> deque[WorkItem]:
        """Accept no more tasks. Return those that were not taken.

        ``error`` says why the pool broke, and is empty when its holder left it.
        """
        with self._lock:
            self._is_closed = True
            self._error = error
            items, self._items = self._items, _NO_ITEMS
            for descriptor in (self._reader, self._writer):
                with suppress(OSError):
                    if os.fstat(descriptor).st_ino == self._identity:  # both ends of a pipe have one
                        os.close(descriptor)
            return items


_WAKES = 4096
_NO_ITEMS = deque[WorkItem](maxlen=0)
