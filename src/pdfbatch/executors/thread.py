"""Tasks in threads of this process: for hosts that allow no child processes, and for work that mostly waits.

pdfium stands behind one lock and tesseract runs in processes of its own, so that threads overlap OCR and the network, but
not the reading of text layers. A thread cannot be killed: see ``ThreadExecutor`` for what that means.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pdfbatch.errors import PoolStartError
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_results import abandoned, cancel, isolated, raised
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ThreadExecutor:
    """Does tasks in ``workers`` threads; one for each core that this process may use when not given.

    A thread cannot be killed. When the pool is left by an exception, a task stops at its next page; one that does not get
    there within a second is given up: its future ends (``cancelled``) and its thread, a daemon, goes on by itself
    until it returns or the interpreter exits, which does not wait for it. Limits hold between pages only.

    Raises ``UsageError`` when ``workers`` is below 1.
    """

    workers: int | None = None

    name = "thread"
    kills = False
    starts_in_any_thread = True
    shares = Shared.MEMORY

    def __post_init__(self) -> None:
        check_workers(self, self.workers)

    def start(self, work: Work) -> Pool:
        """A pool whose threads have started, as many as the system gives.

        Raises ``PoolStartError`` when it gives none.
        """
        pool = _ThreadPool(work)
        pool.grow(self.workers or available_cpus())
        return pool


class _WorkItem(NamedTuple):
    task: Task
    future: Future[TaskResult]


class _Stopped(BaseException):
    """Ends a task at a page. Not an ``Exception``: the isolation of errors inside the work must let it through."""


class _Brake:
    """The watch of all tasks of a pool: a page is where a task can be stopped."""

    def __init__(self) -> None:
        self.pulled = False

    def page(self, number: int) -> None:
        if self.pulled:
            raise _Stopped(number)


class _ThreadPool(PoolContext):
    name = "thread"

    def __init__(self, work: Work) -> None:
        self._work = work
        self._queue = SimpleQueue[_WorkItem | None]()
        self._threads: list[threading.Thread] = []
        self._under_way: dict[Future[TaskResult], Task] = {}
        self._lock = threading.Lock()
        self._left = False
        self._brake = _Brake()

    def grow(self, workers: int) -> None:
        for _ in range(workers):
            thread = threading.Thread(target=self._serve, name="pdfbatch-worker", daemon=True)
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

    def submit(self, task: Task) -> Future[TaskResult]:
        future = Future[TaskResult]()
        if self._left:
            cancel(future)
        else:
            self._queue.put(_WorkItem(task, future))
        return future

    def _finish(self) -> None:
        self._left = True
        self._join(None)

    def _join(self, seconds: float | None) -> None:
        """Tell each thread to end once the queue is empty, and wait for them."""
        deadline = None if seconds is None else time.monotonic() + seconds
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def _stop(self) -> None:
        self._left = True
        with self._lock:
            self._brake.pulled = True
        self._cancel_waiting()
        self._join(_GRACE_SECONDS)
        for future, task in tuple(self._under_way.items()):
            self._end(future, abandoned(task))

    def _cancel_waiting(self) -> None:
        while True:
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is not None:
                cancel(job.future)

    # --- in the threads -------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._begin(job):
                self._end(job.future, self._do(job.task))
            del job  # or an idle thread would keep its last document in memory

    def _begin(self, job: _WorkItem) -> bool:
        with self._lock:
            if self._brake.pulled:
                job.future.cancel()
            begun = job.future.set_running_or_notify_cancel()
            if begun:
                self._under_way[job.future] = job.task
            return begun

    def _do(self, task: Task) -> TaskResult:
        try:
            return isolated(self._work, task, self._brake)
        except _Stopped:
            return abandoned(task)
        except BaseException as error:  # noqa: BLE001 (a SystemExit here is the document's doing: signals go elsewhere)
            return raised(task, error)

    def _end(self, future: Future[TaskResult], result: TaskResult) -> None:
        if self._under_way.pop(future, None) is not None:
            future.set_result(result)
