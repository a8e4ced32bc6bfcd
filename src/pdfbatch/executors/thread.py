"""Run tasks in threads of this process: for hosts that allow no child processes, and for work that mostly waits.

pdfium is used under one lock and tesseract runs in processes of its own. So threads overlap OCR and network access, but not
the reading of text layers. A thread cannot be killed: see ``ThreadExecutor`` for what that means.
"""

import threading
import time
import weakref
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pdfbatch.errors import PoolStartError
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_future import TaskFuture
from pdfbatch.executors.task_results import (
    cancel,
    make_cancelled_result,
    make_exception_result,
    run_isolated,
)
from pdfbatch.ports import Pool, Shared, TaskProgress, Work
from pdfbatch.tasks import Task, TaskResult

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ThreadExecutor:
    """Run tasks in ``workers`` threads; by default one for each core that this process may use.

    A thread cannot be killed. When the pool is terminated, a task stops at its next page. If it does not reach one within a
    second, its future ends (``cancelled``), but its daemon thread runs on until the task returns or the interpreter exits,
    which does not wait for it. For the same reason time limits are checked between pages only.

    Raises ``UsageError`` when ``workers`` is below 1.
    """

    workers: int | None = None

    name = "thread"
    kills = False
    starts_in_any_thread = True
    shares = Shared.MEMORY

    def __post_init__(self) -> None:
        check_workers(self)

    def start(self, work: Work) -> Pool:
        """Return a pool with its threads started, or as many of them as the system allows.

        Raises ``PoolStartError`` when the system allows none.
        """
        pool = _ThreadPool(work)
        pool.start_threads(self.workers or available_cpus())
        return pool


class _QueuedTask(NamedTuple):
    task: Task
    future: Future[TaskResult]


class _StopTask(BaseException):
    """Stops a task at a page. Not an ``Exception``, because the work turns those into results."""


class _StopFlag:
    """Whether the tasks of a pool are to stop."""

    def __init__(self) -> None:
        self.is_set = False


class _TaskWatch:
    """The ``Watch`` of one task: once the pool's flag or its own is set, it stops the task at its next page.

    It counts pages, too.
    """

    __slots__ = ("_counts", "_page", "_page_started", "_started", "_stop_flag", "is_unwanted", "task")

    def __init__(self, task: Task, stop_flag: _StopFlag) -> None:
        self.task = task
        self.is_unwanted = False
        self._stop_flag = stop_flag
        self._page, self._counts = 0, (0, 0, 0, 0)
        self._started = self._page_started = time.monotonic()

    def page(self, number: int) -> None:
        if self._stop_flag.is_set or self.is_unwanted:
            raise _StopTask(number)
        self._page, self._page_started = number, time.monotonic()

    def count(self, *, total: int, text_pages: int, ocr_pages: int, pending_pages: int) -> None:
        self._counts = total, text_pages, ocr_pages, pending_pages

    def progress(self) -> TaskProgress:
        now, (total, text, ocr, pending) = time.monotonic(), self._counts
        return TaskProgress(
            task=self.task,
            seconds=now - self._started,
            page=self._page,
            page_seconds=now - self._page_started if self._page else 0.0,
            total_pages=total,
            text_pages=text,
            ocr_pages=ocr,
            pending_pages=pending,
        )


class _ThreadPool(PoolContext):
    """A pool whose threads know its ``_Tasks`` only, so that they end when nobody has the pool any more."""

    name = "thread"

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._tasks = _Tasks(work)
        self._threads: list[threading.Thread] = []
        # For a pool that nobody has left, or whose end was cut short by a second Ctrl-C.
        weakref.finalize(self, _end_forgotten, self._tasks, self._threads)

    def start_threads(self, count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._tasks.run, name="pdfbatch-worker", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                if not self._threads:
                    raise PoolStartError(f"No thread can be started here: {error}") from error
                return
            self._threads.append(thread)

    @property
    def capacity(self) -> int:
        return len(self._threads)

    def list_progress(self) -> Sequence[TaskProgress]:
        return self._tasks.list_progress()

    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        self._tasks.stop_some(futures)

    def submit(self, task: Task) -> Future[TaskResult]:
        if (refused := self.refuse()) is not None:
            return refused
        future = TaskFuture()
        self._tasks.put(task, future)
        return future

    def _shutdown(self) -> None:
        self._is_closed = True
        self._join_threads(None)

    def _terminate(self) -> None:
        self._is_closed = True
        self._tasks.stop()
        self._join_threads(_GRACE_SECONDS)
        self._tasks.give_up()

    def _join_threads(self, seconds: float | None) -> None:
        """Tell each thread to exit once the queue is empty, and wait for all of them, at most so many seconds."""
        deadline = None if seconds is None else time.monotonic() + seconds
        self._tasks.end(len(self._threads))
        for thread in self._threads:
            if thread is threading.current_thread():
                continue  # a callback leaves the pool, or the garbage collector does
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))


def _end_forgotten(tasks: "_Tasks", threads: Sequence[threading.Thread]) -> None:
    """Tell the threads of a pool that nobody has any more to end, without waiting for them. Called in any thread."""
    tasks.stop()
    tasks.end(len(threads))


class _Tasks:
    """The tasks of a pool, and what its threads do to them."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._queue = SimpleQueue[_QueuedTask | None]()
        # Whoever removes an entry, the thread or give_up, sets the future's result.
        self._running: dict[Future[TaskResult], _TaskWatch] = {}
        # Reentrant, as the garbage collector may end a forgotten pool in any thread.
        self._lock = threading.RLock()
        self._stop_flag = _StopFlag()

    def put(self, task: Task, future: Future[TaskResult]) -> None:
        self._queue.put(_QueuedTask(task, future))

    def stop(self) -> None:
        """Cancel what waits, and stop what runs at its next page."""
        with self._lock:
            self._stop_flag.is_set = True
        while True:
            try:
                queued = self._queue.get_nowait()
            except Empty:
                return
            if queued is not None:
                cancel(queued.future)

    def stop_some(self, futures: Collection[Future[TaskResult]]) -> None:
        """Cancel those of these tasks that wait, and stop those that run at their next page."""
        with self._lock:
            for future in futures:
                watch = self._running.get(future)
                if watch is None:
                    future.cancel()  # its thread notices when it comes to it
                else:
                    watch.is_unwanted = True

    def end(self, count: int) -> None:
        """Tell so many threads to exit when they come to it."""
        for _ in range(count):
            self._queue.put(None)

    def give_up(self) -> None:
        """End the futures of tasks that still run."""
        for future, watch in tuple(self._running.items()):
            self._finish(future, make_cancelled_result(watch.task))

    def list_progress(self) -> Sequence[TaskProgress]:
        """Return how far the running tasks are."""
        return [watch.progress() for watch in tuple(self._running.values())]

    # --- in the threads -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run tasks until told to exit."""
        while (queued := self._queue.get()) is not None:
            watch = _TaskWatch(queued.task, self._stop_flag)
            if self._mark_running(queued, watch):
                self._finish(queued.future, self._run_task(queued.task, watch))
            del queued, watch  # an idle thread would keep its last document in memory

    def _mark_running(self, queued: _QueuedTask, watch: _TaskWatch) -> bool:
        """Return whether the task is to be run: not when its holder or the end of the pool cancelled it."""
        # The lock makes each task either cancelled here or visible in _running, for give_up to end.
        with self._lock:
            if self._stop_flag.is_set:
                queued.future.cancel()
            is_running = queued.future.set_running_or_notify_cancel()
            if is_running:
                self._running[queued.future] = watch
            return is_running

    def _run_task(self, task: Task, watch: _TaskWatch) -> TaskResult:
        try:
            return run_isolated(self._work, task, watch)
        except _StopTask:
            return make_cancelled_result(task)
        except BaseException as error:  # noqa: BLE001 (the document caused it: Ctrl-C is raised in the main thread only)
            return make_exception_result(task, error)

    def _finish(self, future: Future[TaskResult], result: TaskResult) -> None:
        if self._running.pop(future, None) is not None:
            future.set_result(result)
