"""Run tasks on any ``concurrent.futures`` executor: a ``ProcessPoolExecutor``, loky's, Dask's, MPI's, one of the caller's own.

Such executors have no common hook that runs once in each worker. So the work is pickled once, which gives a few hundred
bytes, and sent with each task; a worker unpickles it when it first sees these bytes, and keeps it.
"""

import pickle
import threading
from collections.abc import Collection
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from queue import SimpleQueue
from typing import NamedTuple, cast

from pdfbatch.errors import PoolBrokenError, PoolStartError, describe_error
from pdfbatch.executors.cpus import available_cpus, check_workers
from pdfbatch.executors.pool import PoolContext
from pdfbatch.executors.task_future import TaskFuture, wait_until
from pdfbatch.executors.task_results import (
    cancel,
    make_cancelled_result,
    make_exception_result,
    run_isolated,
    set_exception,
    set_result,
)
from pdfbatch.ports import Pool, Shared, Work
from pdfbatch.tasks import Task, TaskResult

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FuturesExecutor:
    """Run tasks on ``executor``, which remains the caller's: it is never shut down here, and others may use it too.

    ``workers`` is how many tasks it runs at one time, which PEP 3148 has no way to ask for; by default one for each core.
    A task that the executor has accepted counts as started, and none can be stopped; many executors accept a few more tasks
    than they have workers. When a worker of a ``ProcessPoolExecutor`` dies, its pool breaks, and all unfinished futures raise
    ``PoolBrokenError``.

    Raises ``UsageError`` when ``workers`` is below 1.
    """

    executor: Executor
    workers: int | None = None

    name = "futures"
    kills = False

    def __post_init__(self) -> None:
        check_workers(self)

    @property
    def shares(self) -> Shared:
        """What its workers share with this process: known for the standard library's executors, else assumed nothing."""
        match self.executor:
            case ThreadPoolExecutor():
                return Shared.MEMORY
            case ProcessPoolExecutor():
                return Shared.FILES
            case _:
                return Shared.NOTHING

    def start(self, work: Work) -> Pool:
        """Return a pool on the executor.

        Raises ``PoolStartError`` when the work cannot be pickled, or the executor accepts no task (it is shut down, broken,
        or not allowed to start processes here).
        """
        try:
            pickled = pickle.dumps(work)
        except Exception as error:
            raise PoolStartError(f"{work!r} cannot be pickled: {describe_error(error)}") from error
        try:
            self.executor.submit(_preload_work, pickled)
        except Exception as error:
            raise PoolStartError(f"{self.executor!r} takes no tasks: {describe_error(error)}") from error
        return _FuturesPool(self.executor, pickled, self.workers or available_cpus())


class _SubmittedTask(NamedTuple):
    task: Task
    future: TaskFuture


class _FuturesPool(PoolContext):
    """Hands tasks to the executor in a thread of its own.

    A signal may come in the caller's thread while the executor's own code holds a lock, and leave that locked for ever. In
    another thread no signal comes.
    """

    name = "futures"

    def __init__(self, executor: Executor, work: bytes, capacity: int) -> None:
        super().__init__()
        self._executor = executor
        self._work = work
        self._capacity = capacity
        self._inbox = SimpleQueue[_SubmittedTask | None]()
        # Whoever removes an entry ends our future.
        self._unfinished: dict[TaskFuture, Task] = {}
        self._accepted: dict[TaskFuture, Future[TaskResult]] = {}
        self._unwanted: set[Future[TaskResult]] = set()
        self._is_terminated = False
        self._is_broken = False
        self._thread = threading.Thread(target=self._run, name="pdfbatch-futures", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise PoolStartError(f"No thread can be started here: {error}") from error

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def is_broken(self) -> bool:
        return self._is_broken

    def stop(self, futures: Collection[Future[TaskResult]]) -> None:
        for future in futures:
            if isinstance(future, TaskFuture) and future in self._unfinished:
                # First marked, then looked up: a task that is being handed over meanwhile is cancelled by who does that.
                self._unwanted.add(future)
                if (inner := self._accepted.get(future)) is not None:
                    inner.cancel()

    def submit(self, task: Task) -> Future[TaskResult]:
        if (refused := self.refuse()) is not None:
            return refused
        future = TaskFuture()
        self._unfinished[future] = task
        self._inbox.put(_SubmittedTask(task, future))
        return future

    def _shutdown(self) -> None:
        self._is_closed = True
        self._wait(None)
        self._inbox.put(None)

    def _terminate(self) -> None:
        self._is_closed = self._is_terminated = True
        self._inbox.put(None)
        self._wait(_GRACE_SECONDS)
        for future in tuple(self._unfinished):
            if (task := self._unfinished.pop(future, None)) is not None:
                set_result(future, make_cancelled_result(task))

    def _wait(self, seconds: float | None) -> None:
        if threading.current_thread() is not self._thread:
            wait_until(lambda: not self._unfinished, seconds)

    # --- in the thread that hands over ----------------------------------------------------------------------------

    def _run(self) -> None:
        while (submitted := self._inbox.get()) is not None:
            self._hand_over(*submitted)
            del submitted  # the idle thread would keep the last document in memory
        for inner in tuple(self._accepted.values()):
            inner.cancel()

    def _hand_over(self, task: Task, future: TaskFuture) -> None:
        if self._is_terminated or self._is_unwanted(future):
            self._unwanted.discard(future)
            if self._unfinished.pop(future, None) is not None:
                cancel(future)
            return
        try:
            inner = self._executor.submit(_run_task, self._work, task)
        except Exception as error:  # noqa: BLE001 (each executor has its own errors for "shut down" and "broken")
            self._is_broken = True
            if self._unfinished.pop(future, None) is not None:
                set_exception(future, _make_broken_error(error))
            return
        self._accepted[future] = inner
        inner.add_done_callback(lambda inner: self._on_done(future, inner))
        if self._is_unwanted(future):  # since a moment ago
            inner.cancel()

    def _is_unwanted(self, future: TaskFuture) -> bool:
        return future in self._unwanted or future.cancelled()

    def _on_done(self, future: TaskFuture, inner: Future[TaskResult]) -> None:
        """End our future as the executor's own ended. Runs in whatever thread the executor calls back from."""
        self._accepted.pop(future, None)
        task = self._unfinished.pop(future, None)
        if task is None:
            return
        is_unwanted = future in self._unwanted
        self._unwanted.discard(future)
        if inner.cancelled():
            if self._is_closed or is_unwanted:
                cancel(future)
            else:
                set_exception(future, PoolBrokenError("The executor's owner cancelled the task"))
            return
        error = inner.exception()
        if error is None:
            set_result(future, inner.result())
        elif isinstance(error, (BrokenExecutor, PoolBrokenError)):
            self._is_broken = True
            set_exception(future, _make_broken_error(error))
        else:
            set_result(future, make_exception_result(task, error))


def _make_broken_error(error: BaseException) -> PoolBrokenError:
    broken = PoolBrokenError(f"The executor broke: {describe_error(error)}")
    broken.__cause__ = error
    return broken


# --- in the worker ----------------------------------------------------------------------------------------------------


def _preload_work(pickled: bytes) -> None:
    """Unpickle the work before the first task comes. Return nothing, so that the work is not sent back."""
    _load_work(pickled)


def _run_task(pickled: bytes, task: Task) -> TaskResult:
    try:
        work = _load_work(pickled)
    except Exception as error:
        raise PoolBrokenError(f"The work cannot be loaded in a worker: {describe_error(error)}") from error
    return run_isolated(work, task)


@lru_cache(maxsize=2)
def _load_work(pickled: bytes) -> Work:
    return cast("Work", pickle.loads(pickled))  # noqa: S301 (our own bytes)
